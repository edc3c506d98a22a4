//! Gaps: positions that no record of the log has.
//!
//! ```text
//!   epoch 1 … records │ the last flush, which rotted │       epoch 2 …
//!               ends ─┘                                 └─ begins
//!                     ◀──────────── gap ──────────────▶
//!   page with an LSN there: what it holds was in the log once, for a page is written after its record (BUF-1)
//! ```
//!
//! Where the log's last flush was torn by a crash, no page holds anything of it. Where rot ate a flush that was durable,
//! one may: it would show a part of a commit whose rest is gone. So a page in a gap is refused (WAL-10).

use crate::error::{Error, Result};
use crate::page::Lsn;

/// From where the log ended to where the epoch begins that goes on behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogGap {
    /// The end of the last record before it: the last LSN that a page may have.
    pub after: Lsn,
    /// The start of the first record behind it: the last LSN that none may have, for the LSN of a page is a record's end.
    pub upto: Lsn,
}

impl LogGap {
    /// All behind a position.
    pub fn behind(after: Lsn) -> Self {
        Self {
            after,
            upto: Lsn(u64::MAX),
        }
    }
}

/// The gaps of a log, in their order, no two of which touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogGaps(Vec<LogGap>);

impl LogGaps {
    /// Adds one behind all others. If it goes on where the last of them ends, for the epoch between had no records, the two
    /// are one.
    ///
    /// # Errors
    /// `XX001` when it overlaps the last, or is none.
    pub fn push(&mut self, gap: LogGap) -> Result<()> {
        let last = self.0.last_mut();
        if gap.after > gap.upto || last.as_ref().is_some_and(|last| gap.after < last.upto) {
            return Err(Error::corrupt(format!(
                "the log cannot have a gap from {} to {} (WAL-10)",
                gap.after.0, gap.upto.0
            )));
        }
        match last {
            Some(last) if last.upto == gap.after => last.upto = gap.upto,
            _ => self.0.push(gap),
        }
        Ok(())
    }

    /// These, and `more` behind them.
    ///
    /// # Errors
    /// `XX001` when some overlap.
    pub fn followed_by(&self, more: &[LogGap]) -> Result<Self> {
        let mut all = self.clone();
        more.iter().try_for_each(|&gap| all.push(gap))?;
        Ok(all)
    }

    /// The gap that `lsn` lies in.
    pub fn around(&self, lsn: Lsn) -> Option<LogGap> {
        let at = self.0.partition_point(|gap| gap.upto < lsn);
        self.0.get(at).filter(|gap| gap.after < lsn).copied()
    }

    /// Keeps those of which `holds` is so.
    pub fn retain(&mut self, holds: impl FnMut(&LogGap) -> bool) {
        self.0.retain(holds);
    }

    /// All of them.
    pub fn as_slice(&self) -> &[LogGap] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{LogGap, LogGaps};
    use crate::page::Lsn;

    fn gap(after: u64, upto: u64) -> LogGap {
        LogGap {
            after: Lsn(after),
            upto: Lsn(upto),
        }
    }

    #[test]
    fn an_lsn_is_in_a_gap_when_no_record_ends_there() {
        let first = LogGaps::default().followed_by(&[gap(10, 20), gap(30, 40)]);
        let mut gaps = first.expect("they follow each other");
        gaps.push(gap(40, 50)).expect("it touches the last");
        assert_eq!(gaps.as_slice(), [gap(10, 20), gap(30, 50)]);
        for (lsn, expected) in [
            (0, None),
            (10, None),
            (11, Some(gap(10, 20))),
            (20, Some(gap(10, 20))),
            (21, None),
            (45, Some(gap(30, 50))),
            (51, None),
        ] {
            assert_eq!(gaps.around(Lsn(lsn)), expected, "{lsn}");
        }
        assert!(gaps.followed_by(&[LogGap::behind(Lsn(49))]).is_err());
        assert!(gaps.push(gap(70, 60)).is_err());
    }
}
