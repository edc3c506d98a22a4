//! Reading everything on both sides, and saying where they differ.

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BinaryArray};
use quantadb::storage::{
    EntryBatch, KeyRange, RowShape, ScanDirection, StorageCursor, StorageTxn, TreeId,
};
use quantadb::{Error, ErrorKind, Result};
use std::fmt;
use std::sync::Arc;

/// Subject and model differ, or the subject broke a rule of the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was done.
    pub doing: String,
    /// What should have come out.
    pub expected: String,
    /// What came out.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.doing)?;
        writeln!(f, "  expected: {}", self.expected)?;
        write!(f, "  found:    {}", self.found)
    }
}

/// Entries of one tree, in the order of a scan.
pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// How an answer is shown to a person.
pub(super) trait Show {
    fn show(&self) -> String;
}

impl Show for bool {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Show for () {
    fn show(&self) -> String {
        "done".to_owned()
    }
}

impl Show for Vec<u8> {
    fn show(&self) -> String {
        show_bytes(self)
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref()
            .map_or_else(|| "nothing".to_owned(), Show::show)
    }
}

impl Show for Entries {
    fn show(&self) -> String {
        format!("{} entries", self.len())
    }
}

/// Bytes in short: the text if it is one, the number if it is a row's, else length, checksum and first bytes.
pub(super) fn show_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= 24 && text.chars().all(|c| !c.is_control()) => {
            format!("{text:?}")
        }
        _ if row_id(bytes).is_some() => format!("row {}", row_id(bytes).unwrap_or_default()),
        _ => format!(
            "{} bytes {:02x?}… (crc {:08x})",
            bytes.len(),
            &bytes[..bytes.len().min(8)],
            crc32fast::hash(bytes)
        ),
    }
}

/// The row id that a key of eight bytes may be: a small number.
fn row_id(bytes: &[u8]) -> Option<i64> {
    let number = i64::from_be_bytes(bytes.try_into().ok()?) ^ i64::MIN;
    (number.abs() < 1 << 32).then_some(number)
}

/// Whether an error is the disk's doing and not the caller's.
pub(crate) fn is_fault(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Stopped) || error.sqlstate() == "53100"
}

pub(super) fn show_result<T: Show>(result: &Result<T>) -> String {
    match result {
        Ok(value) => value.show(),
        Err(error) => format!("{error:?}"),
    }
}

/// Compares two answers; errors are equal when their SQLSTATEs are.
pub(super) fn compare<T: Show + PartialEq>(
    doing: impl FnOnce() -> String,
    expected: &Result<T>,
    found: &Result<T>,
) -> Result<(), Mismatch> {
    let equal = match (expected, found) {
        (Ok(expected), Ok(found)) => expected == found,
        (Err(expected), Err(found)) => expected.sqlstate() == found.sqlstate(),
        _ => false,
    };
    if equal {
        return Ok(());
    }
    Err(Mismatch {
        doing: doing(),
        expected: show_result(expected),
        found: show_result(found),
    })
}

/// Compares two scans and names the first entry that differs.
pub(super) fn compare_entries(
    doing: impl FnOnce() -> String,
    expected: &Entries,
    found: &Entries,
) -> Result<(), Mismatch> {
    if expected == found {
        return Ok(());
    }
    let at = expected.iter().zip(found).take_while(|(e, f)| e == f);
    let at = at.count();
    let show = |entries: &Entries| match entries.get(at) {
        Some((key, value)) => format!(
            "{} entries, the {at}th {} = {}",
            entries.len(),
            show_bytes(key),
            show_bytes(value)
        ),
        None => format!("{} entries", entries.len()),
    };
    Err(Mismatch {
        doing: doing(),
        expected: show(expected),
        found: show(found),
    })
}

/// Reads what a scan gives, at most `entries_max` entries, in batches of `batch_max`; or in runs, if it is to read all.
pub(super) fn scan(
    txn: &dyn StorageTxn,
    tree: TreeId,
    range: &KeyRange,
    direction: ScanDirection,
    batch_max: usize,
    entries_max: usize,
) -> Result<Entries> {
    let mut cursor = txn.scan(tree, range.clone(), direction)?;
    let (mut batch, mut entries) = (EntryBatch::default(), Entries::new());
    if *range == KeyRange::ALL && direction == ScanDirection::Forward && entries_max >= 4 {
        let keys = runs(&mut *cursor, &[0])?;
        let mut cursor = txn.scan(tree, range.clone(), direction)?;
        let columns = runs(&mut *cursor, &[0, 1])?;
        assert_eq!(keys[0], columns[0], "two scans give the same keys");
        let [keys, values] = columns;
        entries = keys.into_iter().zip(values).collect();
        entries.truncate(entries_max);
        return Ok(entries);
    }
    while entries.len() < entries_max && cursor.next_batch(&mut batch, batch_max)? {
        assert!(
            !batch.is_empty() && batch.len() <= batch_max,
            "a batch that is not the end has between 1 and {batch_max} entries, this one {}",
            batch.len()
        );
        entries.extend(batch.iter().map(|(k, v)| (k.to_vec(), v.to_vec())));
    }
    entries.truncate(entries_max);
    Ok(entries)
}

/// What a cursor gives in runs: of keys (0) and values (1) those that `wanted` says. They are kept as if they were columns
/// of rows, but values not of all runs.
fn runs(cursor: &mut dyn StorageCursor, wanted: &[usize]) -> Result<[Vec<Vec<u8>>; 2]> {
    let shape = Arc::new(RowShape {
        types: Vec::new(),
        row_id_column: None,
    });
    let mut batch = EntryBatch::default();
    let mut all = [Vec::new(), Vec::new()];
    while let Some(run) = cursor.next_run(&shape, wanted, &mut batch)? {
        for &column in wanted {
            let array = run.column(column).unwrap_or_else(|| {
                assert_eq!(
                    batch.len(),
                    run.rows(),
                    "a run has its entries, or all columns"
                );
                let made = batch.iter().map(|(k, v)| [k, v][column]);
                let made: ArrayRef = Arc::new(BinaryArray::from_iter_values(made));
                if column == 0 || run.rows() % 3 > 0 {
                    run.keep(column, &made);
                }
                made
            });
            let values = array.as_binary::<i32>().iter().flatten();
            all[column].extend(values.map(<[u8]>::to_vec));
        }
    }
    let again = cursor.next_run(&shape, wanted, &mut batch)?;
    assert!(again.is_none(), "what has ended stays so");
    Ok(all)
}
