//! What the log still says.

use super::super::control::Control;
use super::super::undo::UndoAction;
use super::pages::Pages;
use super::source::Undone;
use crate::btree::add_problem;
use crate::error::{Error, Result};
use crate::recovery::{Running, undo_losers};
use crate::vfs::{OpenMode, Vfs};
use crate::wal::{LogGap, LogGaps, LogGeometry, LogReader, NeededLog};
use std::path::Path;

/// Repeats the log on `pages`, up to its end or to where it is damaged, and gives what was there before the transactions
/// that had not ended, and what the log has lost, also behind the last of its records. What is wrong with it goes to
/// `problems`.
///
/// # Errors
/// `XX001` when it is missing or nothing of it can be made out, `58030` when the disk fails.
pub(super) fn replay(
    vfs: &dyn Vfs,
    path: &Path,
    control: &Control,
    pages: &mut Pages,
    problems: &mut Vec<String>,
) -> Result<(Undone, LogGaps)> {
    let opened = vfs.open(path, OpenMode::Existing);
    let file = opened.map_err(|e| Error::io(format!("cannot open {}", path.display()), e))?;
    let geometry = LogGeometry {
        segment_bytes: control.segment_bytes,
        database: control.database,
    };
    let mut reader = LogReader::open(file, geometry)?;
    let NeededLog { start, redo, .. } = control.needed;
    let begins = reader.begins(&control.needed);
    if !begins {
        let text = format!("the log does not hold position {}", start.0);
        add_problem(problems, text);
    }
    let start = if begins { start } else { redo };
    let mut running = Running::default();
    let mut records_end = start;
    let scanned = reader.scan(start, redo, |lsn, record, end| {
        running.note(lsn, &record);
        records_end = end;
        if lsn >= redo {
            for ops in record.ops.chunk_by(|a, b| a.0 == b.0) {
                pages.repeat(ops[0].0, ops, record.txn.0, end);
            }
        }
        Ok(())
    });
    let mut gaps = control.gaps.clone();
    match scanned {
        Ok(extent) => {
            gaps = gaps.followed_by(extent.gaps.as_slice())?;
            if extent.end < redo {
                let end = extent.end.0;
                let text = format!("the log ends at {end}, before the last checkpoint");
                add_problem(problems, text);
            }
        }
        Err(error) => add_problem(problems, error.to_string()),
    }
    gaps.push(LogGap::behind(records_end))?;
    let mut undone = Undone::new();
    let losers = running.into_losers();
    let mut note = |note: &[u8]| {
        if let UndoAction::Restore { tree, key, before } = UndoAction::decode(note)? {
            // From the newest to the oldest: the first state stays.
            undone.insert((tree, key), before);
        }
        Ok(())
    };
    undo_losers(
        &mut reader,
        &losers,
        start,
        |_, undo, _| note(undo),
        |_| Ok(()),
    )
    .unwrap_or_else(|error| add_problem(problems, error.to_string()));
    Ok((undone, gaps))
}
