//! `StorageScan` and `IndexScan`: rows of a table, in the order of its row ids or of an index.

use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::entry::entry_row_id;
use crate::exec::filter;
use crate::exec::lookup::{Lookup, lookup};
use crate::exec::operator::{Context, Operator};
use crate::plan::{Scan, columns_of, has_subquery};
use crate::sql::bound::Expr;
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::RowDecoder;
use crate::storage::{EntryBatch, KeyRange, ScanDirection, StorageCursor, StorageTxn};
use crate::types::Value;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, Int64Array, NullArray, UInt32Array};
use std::sync::Arc;

/// Entries of the first step of a scan, or fewer when fewer rows are wanted; each step takes four times as many.
const STEP_FIRST: usize = 64;
/// Entries of the first step at least: the first ones may not fulfil the filter.
const STEP_LEAST: usize = 4;

/// Turns stored rows into batches, for one scan.
pub(crate) struct RowReader<'a> {
    scan: &'a Scan,
    decoder: RowDecoder,
    /// Whether the filter asks for a column, if others can wait until it is known which rows it lets through.
    filtered: Option<Vec<bool>>,
}

impl<'a> RowReader<'a> {
    /// For the rows of `scan`.
    pub(crate) fn new(scan: &'a Scan) -> Self {
        Self {
            decoder: RowDecoder::new(&scan.table_types, &scan.columns, scan.table.row_id_column),
            filtered: filtered(scan),
            scan,
        }
    }

    /// The rows of `entries` (of the table's tree) that the filter lets through. `entries` may keep just these.
    pub(crate) fn read(
        &mut self,
        context: &Context<'_>,
        entries: &mut EntryBatch,
    ) -> Result<Batch> {
        let Some(filtered) = &self.filtered else {
            let batch = self.decode(entries)?;
            return filter::apply(context, &self.scan.filter, batch);
        };
        self.decoder.locate(entries)?;
        let count = entries.len();
        let early = filtered.iter().enumerate().map(|(column, asked)| {
            Ok(match asked {
                true => self.decoder.column(entries, column)?,
                false => Arc::new(NullArray::new(count)) as ArrayRef,
            })
        });
        let mut early = early.collect::<Result<Vec<_>>>()?;
        // Which rows they are tells a column behind them.
        early.push(Arc::new(UInt32Array::from_iter_values(0..count as u32)));
        let mut batch = filter::apply(context, &self.scan.filter, Batch::new(early, count))?;
        let kept = batch.columns.pop();
        if batch.rows == 0 {
            return Ok(batch);
        }
        if let Some(kept) = kept.filter(|_| batch.rows < count) {
            let positions = kept.as_primitive::<UInt32Type>().values();
            self.decoder.keep(entries, positions);
        }
        for (column, _) in filtered.iter().enumerate().filter(|(_, asked)| !**asked) {
            batch.columns[column] = self.decoder.column(entries, column)?;
        }
        self.push_row_ids(entries, &mut batch.columns)?;
        Ok(batch)
    }

    /// The wanted columns of `rows` (entries of the table's tree), before the filter.
    pub(crate) fn decode(&mut self, rows: &EntryBatch) -> Result<Batch> {
        let mut columns = self.decoder.decode(rows)?;
        self.push_row_ids(rows, &mut columns)?;
        Ok(Batch::new(columns, rows.len()))
    }

    fn push_row_ids(&self, rows: &EntryBatch, columns: &mut Vec<ArrayRef>) -> Result<()> {
        if self.scan.with_row_id {
            let ids: Vec<i64> = rows
                .iter()
                .map(|(key, _)| decode_row_id(key))
                .collect::<Result<_>>()?;
            columns.push(Arc::new(Int64Array::from(ids)));
        }
        Ok(())
    }
}

/// Which columns of `scan` its filter asks for; `None` when it asks for all, for none, or for subqueries.
fn filtered(scan: &Scan) -> Option<Vec<bool>> {
    if scan.filter.is_empty() || scan.filter.iter().any(has_subquery) {
        return None;
    }
    let mut asked = vec![false; scan.columns.len()];
    for column in scan.filter.iter().flat_map(columns_of) {
        *asked.get_mut(column)? = true;
    }
    asked.contains(&false).then_some(asked)
}

/// Where a scan is.
enum Position<'a> {
    /// Straight in the table.
    Table(Box<dyn StorageCursor + 'a>),
    /// Row ids still to be looked up, the next at the end.
    Rows(Vec<i64>),
    /// Keys of a unique index still to be looked up, the next at the end.
    Keys(usize, Vec<Vec<u8>>),
    /// Ranges of an index still to be read, the next at the end, and the one being read.
    Ranges(usize, Vec<KeyRange>, Option<Box<dyn StorageCursor + 'a>>),
}

/// The entries of the table's tree that a scan visits, one after the other.
pub(crate) struct Entries<'a> {
    context: Context<'a>,
    scan: &'a Scan,
    position: Position<'a>,
    read: EntryBatch,
}

impl<'a> Entries<'a> {
    /// Opens `scan`, the expressions of its access evaluated by `value`.
    pub(crate) fn open(
        context: Context<'a>,
        scan: &'a Scan,
        value: &mut dyn FnMut(&'a Expr) -> Result<Value>,
    ) -> Result<Self> {
        let position = match lookup(scan, value)? {
            Lookup::Range(range) => {
                Position::Table(context.txn.scan(scan.table.tree, range, direction(scan))?)
            }
            Lookup::Rows(ids) => Position::Rows(in_order(scan, ids)),
            Lookup::Keys(index, keys) => Position::Keys(index, in_order(scan, keys)),
            Lookup::Ranges(index, ranges) => Position::Ranges(index, in_order(scan, ranges), None),
        };
        Ok(Self {
            context,
            scan,
            position,
            read: EntryBatch::default(),
        })
    }

    /// Adds the next entries, about `step` at most, to `rows`; false at the end.
    pub(crate) fn fill(&mut self, rows: &mut EntryBatch, step: usize) -> Result<bool> {
        let before = rows.len();
        let scan = self.scan;
        let txn = self.context.txn;
        match &mut self.position {
            Position::Table(cursor) if before == 0 => return cursor.next_batch(rows, step),
            Position::Table(cursor) => {
                cursor.next_batch(&mut self.read, step)?;
                self.read.iter().for_each(|(k, v)| rows.push(k, v));
            }
            Position::Rows(ids) => {
                while rows.len() - before < step {
                    let Some(id) = ids.pop() else { break };
                    let key = encode_row_id(id);
                    if let Some(row) = txn.get(scan.table.tree, &key)? {
                        rows.push(&key, &row);
                    }
                }
            }
            Position::Keys(index, keys) => {
                let tree = scan.table.indexes[*index].tree;
                while rows.len() - before < step {
                    let Some(key) = keys.pop() else { break };
                    if let Some(value) = txn.get(tree, &key)? {
                        fetch(txn, scan, *index, decode_row_id(&value)?, rows)?;
                    }
                }
            }
            Position::Ranges(index, ranges, current) => {
                let tree = scan.table.indexes[*index].tree;
                while rows.len() == before {
                    let cursor = match current {
                        Some(cursor) => cursor,
                        None => {
                            let Some(range) = ranges.pop() else { break };
                            current.insert(txn.scan(tree, range, direction(scan))?)
                        }
                    };
                    if !cursor.next_batch(&mut self.read, step)? {
                        *current = None;
                        continue;
                    }
                    for (key, value) in self.read.iter() {
                        fetch(txn, scan, *index, entry_row_id(key, value)?, rows)?;
                    }
                }
            }
        }
        Ok(rows.len() > before)
    }
}

/// What is ascending as a stack whose top is visited first.
fn in_order<T>(scan: &Scan, mut list: Vec<T>) -> Vec<T> {
    if !scan.backward {
        list.reverse();
    }
    list
}

/// Reads a table.
pub(crate) struct ScanOperator<'a> {
    context: Context<'a>,
    reader: RowReader<'a>,
    entries: Entries<'a>,
    step: usize,
    rows: EntryBatch,
}

impl<'a> ScanOperator<'a> {
    /// Opens `scan`.
    pub(crate) fn open(context: Context<'a>, scan: &'a Scan) -> Result<Self> {
        Ok(Self {
            context,
            reader: RowReader::new(scan),
            entries: Entries::open(context, scan, &mut |e| context.constant(e))?,
            step: context
                .rows_wanted
                .clamp(STEP_LEAST, STEP_FIRST)
                .min(context.batch_rows),
            rows: EntryBatch::default(),
        })
    }
}

/// Adds the row with that id, of which the index knows.
fn fetch(
    txn: &dyn StorageTxn,
    scan: &Scan,
    index: usize,
    id: i64,
    rows: &mut EntryBatch,
) -> Result<()> {
    let key = encode_row_id(id);
    match txn.get(scan.table.tree, &key)? {
        Some(row) => {
            rows.push(&key, &row);
            Ok(())
        }
        None => Err(Error::corrupt(format!(
            "index \"{}\" has an entry for row {id}, which its table has not",
            scan.table.indexes[index].name
        ))),
    }
}

fn direction(scan: &Scan) -> ScanDirection {
    if scan.backward {
        ScanDirection::Backward
    } else {
        ScanDirection::Forward
    }
}

impl Operator for ScanOperator<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            self.rows.clear();
            if !self.entries.fill(&mut self.rows, self.step)? {
                return Ok(None);
            }
            self.step = (self.step * 4).min(self.context.batch_rows);
            let batch = self.reader.read(&self.context, &mut self.rows)?;
            if batch.rows > 0 {
                return Ok(Some(batch));
            }
        }
    }
}
