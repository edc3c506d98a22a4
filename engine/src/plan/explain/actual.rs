//! What an operator was seen to do.

use super::tree::Property;
use crate::storage::Usage;

/// What an operator was seen to do, all times together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actual {
    /// Rows that it gave.
    pub(crate) rows: u64,
    /// How often it was begun.
    pub(crate) loops: u64,
    /// Microseconds until its first row, or its end where there was none.
    pub(crate) startup_micros: u64,
    /// What it took, its inputs included.
    pub(crate) spent: Spent,
}

/// What something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// Microseconds by the database's clock.
    pub(crate) micros: u64,
    /// Pages and log.
    pub(crate) usage: Usage,
    /// Blocks of the temporary file that were read.
    pub(crate) temp_read: u64,
    /// Blocks of it that were written.
    pub(crate) temp_written: u64,
}

impl Spent {
    /// What has come since `earlier`.
    #[must_use]
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            micros: self.micros.saturating_sub(earlier.micros),
            usage: self.usage.since(earlier.usage),
            temp_read: self.temp_read - earlier.temp_read,
            temp_written: self.temp_written - earlier.temp_written,
        }
    }

    /// Both together.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            micros: self.micros + other.micros,
            usage: self.usage.and(other.usage),
            temp_read: self.temp_read + other.temp_read,
            temp_written: self.temp_written + other.temp_written,
        }
    }

    /// As text: what is not zero.
    pub(super) fn buffers_text(&self) -> Option<String> {
        let u = &self.usage;
        let shared = [
            ("hit", u.pages_hit),
            ("read", u.pages_read),
            ("dirtied", u.pages_dirtied),
            ("written", u.pages_written),
        ];
        let temp = [("read", self.temp_read), ("written", self.temp_written)];
        let parts = [counts("shared ", &shared), counts("temp ", &temp)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// As text: what is not zero.
    pub(super) fn wal_text(&self) -> Option<String> {
        let u = &self.usage;
        let all = [
            ("records", u.log_records),
            ("fpi", u.log_images),
            ("bytes", u.log_bytes),
        ];
        counts("", &all)
    }

    /// By PostgreSQL's keys, the blocks of temporary tables among them, of which there are none.
    pub(super) fn buffers(&self) -> [(&'static str, Property); 10] {
        let u = &self.usage;
        [
            ("Shared Hit Blocks", u.pages_hit),
            ("Shared Read Blocks", u.pages_read),
            ("Shared Dirtied Blocks", u.pages_dirtied),
            ("Shared Written Blocks", u.pages_written),
            ("Local Hit Blocks", 0),
            ("Local Read Blocks", 0),
            ("Local Dirtied Blocks", 0),
            ("Local Written Blocks", 0),
            ("Temp Read Blocks", self.temp_read),
            ("Temp Written Blocks", self.temp_written),
        ]
        .map(|(key, count)| (key, Property::number(count)))
    }

    /// By PostgreSQL's keys.
    pub(super) fn wal(&self) -> [(&'static str, Property); 3] {
        let u = &self.usage;
        [
            ("WAL Records", u.log_records),
            ("WAL FPI", u.log_images),
            ("WAL Bytes", u.log_bytes),
        ]
        .map(|(key, count)| (key, Property::number(count)))
    }
}

/// `before`, then each count that is not zero; nothing if all are.
fn counts(before: &str, all: &[(&str, u64)]) -> Option<String> {
    let some = all.iter().filter(|(_, count)| *count > 0);
    let some: Vec<String> = some.map(|(name, n)| format!("{name}={n}")).collect();
    (!some.is_empty()).then(|| format!("{before}{}", some.join(" ")))
}

/// Milliseconds, as PostgreSQL writes them; of one time, on average.
pub(super) fn milliseconds(micros: u64, loops: u64) -> String {
    format!("{:.3}", micros as f64 / 1000.0 / loops.max(1) as f64)
}

impl Actual {
    /// Rows of one time, on average.
    pub(super) fn rows_of_one(&self) -> f64 {
        (self.rows as f64 / self.loops.max(1) as f64).round()
    }

    /// As PostgreSQL writes it behind an operator; `times`: with times.
    pub(super) fn text(&self, times: bool) -> String {
        if self.loops == 0 {
            return "(never executed)".to_owned();
        }
        let time = match times {
            true => format!(
                "time={}..{} ",
                milliseconds(self.startup_micros, self.loops),
                milliseconds(self.spent.micros, self.loops)
            ),
            false => String::new(),
        };
        format!(
            "(actual {time}rows={} loops={})",
            self.rows_of_one(),
            self.loops
        )
    }

    /// By PostgreSQL's keys.
    pub(super) fn properties(&self, times: bool) -> Vec<(&'static str, Property)> {
        let mut all = Vec::new();
        if times {
            let (first, last) = (self.startup_micros, self.spent.micros);
            let raw = |micros| Property::Raw(milliseconds(micros, self.loops));
            all.push(("Actual Startup Time", raw(first)));
            all.push(("Actual Total Time", raw(last)));
        }
        all.push(("Actual Rows", Property::number(self.rows_of_one())));
        all.push(("Actual Loops", Property::number(self.loops)));
        all
    }
}
