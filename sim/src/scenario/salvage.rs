//! What is left of a damaged database at the end of a run.
//!
//! Whatever struck, salvaging fails only where it says so. Where nothing but rot did, every entry must be one that was put
//! there once (SALV-2), and the database is opened once more on a disk that fails nothing: each key that it then still
//! gives must be salvaged with the same value, and none that it says is not there (SALV-3).

use super::damage::{KEYS, Life, key, value, wrong};
use super::storage::open_backend;
use super::world::PATH;
use crate::disk::{CrashKind, FaultKind};
use crate::lockstep::Mismatch;
use quantadb::storage::{DiskOptions, Salvage, StorageBackend, TxnOptions};
use quantadb::{Error, ErrorKind};
use std::collections::BTreeMap;
use std::path::Path;

/// What was found under each key.
type Found = BTreeMap<Vec<u8>, Vec<u8>>;

impl Life {
    /// Salvages what is left, after the process has ended.
    pub(super) fn salvage(&mut self) -> Result<(), Mismatch> {
        self.engine = None;
        self.world.turn_peaceful();
        self.world.disk.restart(CrashKind::Process);
        let answers = self.answers();
        self.world.disk.restart(CrashKind::Process);
        let found = match self.found() {
            Ok(found) => found,
            Err(error) if answers.is_empty() && error.kind() == ErrorKind::Corrupt => return Ok(()),
            Err(error) => {
                return Err(wrong(
                    "salvaging".to_owned(),
                    "what is left",
                    format!("{error:?}"),
                ));
            }
        };
        if self.only_rots() {
            self.expect_known(&found)?;
        }
        for (at, answer) in answers {
            if found.get(&at) != answer.as_ref() {
                let bytes = |value: Option<&Vec<u8>>| match value {
                    Some(value) => format!("{} bytes", value.len()),
                    None => "nothing".to_owned(),
                };
                let doing = format!("salvaging {}", String::from_utf8_lossy(&at));
                let (expected, found) = (bytes(answer.as_ref()), bytes(found.get(&at)));
                return Err(wrong(doing, expected, found));
            }
            self.world.work.damage.salvaged += u64::from(answer.is_some());
        }
        Ok(())
    }

    /// Each entry is one that was put there once.
    fn expect_known(&self, found: &Found) -> Result<(), Mismatch> {
        for (at, stored) in found {
            let numbers = self.put.iter().find(|(number, _)| key(**number) == *at);
            let known = numbers.is_some_and(|(_, all)| all.iter().any(|&n| value(n) == *stored));
            if !known {
                let doing = format!("salvaging {}", String::from_utf8_lossy(at));
                return Err(wrong(doing, "a value that it once had", "another"));
            }
        }
        Ok(())
    }

    /// Whether no write was lost or went astray, and no read gave what was there before.
    fn only_rots(&self) -> bool {
        self.world.disk.counters().of_kind(FaultKind::Rot) == self.betrayals()
    }

    /// What the database itself still says, if bits rotted and nothing else struck.
    fn answers(&self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
        if !self.only_rots() {
            return Vec::new();
        }
        let options = DiskOptions {
            create: false,
            ..self.world.options.engine.clone()
        };
        let Ok(engine) = open_backend(&self.world, options) else {
            return Vec::new();
        };
        let Ok(txn) = engine.begin(TxnOptions::default()) else {
            return Vec::new();
        };
        let keys = (0..KEYS).map(key);
        let answered = keys.map(|key| txn.get(self.tree, &key).map(|found| (key, found)));
        answered.filter_map(Result::ok).collect()
    }

    fn found(&self) -> Result<Found, Error> {
        let salvage = Salvage::open(&self.world.disk, Path::new(PATH))?;
        salvage.entries(self.tree, |_, _| {})
    }
}
