//! What a session puts around a statement that runs: its clock, its limits, and what functions may ask of it.

use crate::api::copy::Given;
use crate::api::sequences::Sequences;
use crate::api::session::Session;
use crate::error::Result;
use crate::exec::{self, Clock, CopyIo, Outside, SessionValues};

/// What a statement finds around it.
pub(crate) struct Around<'a> {
    /// What time it is.
    pub(crate) clock: Clock,
    /// What functions ask.
    pub(crate) outside: Outside<'a>,
    /// The sequences.
    pub(crate) sequences: &'a Sequences<'a>,
}

impl Session {
    /// What is around a statement that began at `statement_micros` in a transaction that began at `now_micros`.
    pub(super) fn around<'a>(
        &'a self,
        now_micros: i64,
        statement_micros: i64,
        sequences: &'a Sequences<'a>,
    ) -> Around<'a> {
        let outside = Outside {
            interrupt: &self.interrupt,
            statement_micros,
            random: &self.random,
            sequences,
            session: self,
        };
        Around {
            clock: Clock {
                now_micros,
                zone: self.settings.reading.zone,
            },
            outside,
            sequences,
        }
    }

    /// The limits of a statement, and what it reads and writes.
    pub(super) fn exec_settings<'a>(
        &'a self,
        around: &Around<'a>,
        given: Given<'a>,
    ) -> exec::Settings<'a> {
        exec::Settings {
            outside: around.outside,
            work_mem_bytes: self.settings.work_mem_bytes(),
            batch_rows: self.settings.batch_rows(),
            pool: &self.shared.pool,
            space: &self.shared.space,
            temp_limit_kb: self.settings.temp_limit_kb(),
            interrupt: &self.interrupt,
            clock: around.clock,
            io: CopyIo {
                vfs: self.shared.space.vfs(),
                input: given.input,
                output: given.output,
            },
        }
    }
}

impl SessionValues for Session {
    fn number(&self) -> u64 {
        self.id
    }

    fn setting(&self, name: &str) -> Result<String> {
        self.settings.get(&name.to_ascii_lowercase())
    }
}
