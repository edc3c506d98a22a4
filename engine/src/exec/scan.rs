//! `StorageScan` and `IndexScan`: rows of a table, in the order of its row ids or of an index.

use crate::error::{Error, Result};
use crate::exec::batch::{Batch, arrow};
use crate::exec::entry::entry_row_id;
use crate::exec::filter;
use crate::exec::lookup::{Lookup, lookup};
use crate::exec::operator::{Context, Operator, Pieces};
use crate::plan::{Access, Scan, columns_of, has_subquery};
use crate::sql::bound::Expr;
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::RowDecoder;
use crate::storage::{
    EntryBatch, KeyRange, ROW_IDS, RowShape, Run, ScanDirection, StorageCursor, StorageTxn,
};
use crate::types::Value;
use arrow_array::{ArrayRef, Int64Array, NullArray, new_null_array};
use arrow_select::filter::FilterBuilder;
use std::sync::Arc;

/// Entries of the first step of a scan, or fewer when fewer rows are wanted; each step takes four times as many.
const STEP_FIRST: usize = 64;
/// Entries of the first step at least: the first ones may not fulfil the filter.
const STEP_LEAST: usize = 4;

/// Turns stored rows into batches, for one scan.
pub(crate) struct RowReader<'a> {
    scan: &'a Scan,
    decoder: RowDecoder,
    shape: Arc<RowShape>,
    /// The names of the columns that are made, for [`Run`]s.
    columns: Vec<usize>,
    /// Whether the filter asks for a column, if others can wait until it is known which rows it lets through.
    filtered: Option<Vec<bool>>,
}

impl<'a> RowReader<'a> {
    /// For the rows of `scan`.
    pub(crate) fn new(scan: &'a Scan) -> Self {
        let row_id_column = scan.table.row_id_column;
        let mut columns = scan.columns.clone();
        columns.extend(scan.with_row_id.then_some(ROW_IDS));
        Self {
            decoder: RowDecoder::new(&scan.table_types, &scan.columns, row_id_column),
            shape: Arc::new(RowShape {
                types: scan.table_types.clone(),
                row_id_column,
            }),
            columns,
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
        let run = Run::new(entries.len());
        self.read_run(context, entries, &run)
    }

    /// The rows of `run` that the filter lets through; what is made of all rows is kept. `entries` are its own, or nothing
    /// where all columns are kept.
    fn read_run(
        &mut self,
        context: &Context<'_>,
        entries: &mut EntryBatch,
        run: &Run,
    ) -> Result<Batch> {
        if !entries.is_empty() {
            self.decoder.locate(entries)?;
        }
        let rows = run.rows();
        let Some(filtered) = &self.filtered else {
            let columns = (0..self.columns.len()).map(|at| self.whole(entries, run, at));
            let batch = Batch::new(columns.collect::<Result<_>>()?, rows);
            return filter::apply(context, &self.scan.filter, batch);
        };
        let mut waiting = Vec::new();
        let mut early = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            early.push(match filtered.get(at) {
                Some(true) => self.whole(entries, run, at)?,
                _ => {
                    waiting.push((at, run.column(*column)));
                    Arc::new(NullArray::new(rows))
                }
            });
        }
        let mut batch = Batch::new(early, rows);
        let keep = filter::kept(context, &self.scan.filter, &batch)?;
        batch.rows = keep.true_count();
        if batch.rows == 0 {
            return Ok(batch.slice(0, 0));
        }
        if run.is_known() {
            for (at, whole) in waiting.iter_mut().filter(|(_, whole)| whole.is_none()) {
                *whole = Some(self.whole(entries, run, *at)?);
            }
        }
        let selection = (batch.rows < rows).then(|| FilterBuilder::new(&keep).optimize().build());
        let selected = |column: ArrayRef| match &selection {
            Some(selection) => selection.filter(&column).map_err(arrow),
            None => Ok(column),
        };
        if selection.is_some() && !entries.is_empty() {
            let positions = keep.values().set_indices_u32().collect::<Vec<_>>();
            self.decoder.keep(entries, &positions);
        }
        let mut waiting = waiting.into_iter().peekable();
        for at in 0..batch.columns.len() {
            let column = &batch.columns[at];
            batch.columns[at] = match waiting.next_if(|(waits, _)| *waits == at) {
                Some((_, None)) => self.column(entries, at)?,
                Some((_, Some(whole))) => selected(whole)?,
                None if selection.is_some()
                    && self.scan.filter_only.contains(&self.columns[at]) =>
                {
                    new_null_array(column.data_type(), batch.rows)
                }
                None => selected(column.clone())?,
            };
        }
        Ok(batch)
    }

    /// The column at place `at` of all rows of `run`, of which `entries` are not changed.
    fn whole(&self, entries: &EntryBatch, run: &Run, at: usize) -> Result<ArrayRef> {
        let column = self.columns[at];
        if let Some(kept) = run.column(column) {
            return Ok(kept);
        }
        let made = self.column(entries, at)?;
        run.keep(column, &made);
        Ok(made)
    }

    /// The column at place `at` of `entries`, which are located.
    fn column(&self, entries: &EntryBatch, at: usize) -> Result<ArrayRef> {
        if self.columns[at] != ROW_IDS {
            return self.decoder.column(entries, at);
        }
        let ids = entries.iter().map(|(key, _)| decode_row_id(key));
        Ok(Arc::new(Int64Array::from(ids.collect::<Result<Vec<_>>>()?)))
    }

    /// The wanted columns of `rows` (entries of the table's tree), before the filter.
    pub(crate) fn decode(&mut self, rows: &EntryBatch) -> Result<Batch> {
        self.decoder.locate(rows)?;
        let columns = (0..self.columns.len()).map(|at| self.column(rows, at));
        Ok(Batch::new(columns.collect::<Result<_>>()?, rows.len()))
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
    source: Source<'a>,
    rows: EntryBatch,
}

/// How a scan comes to its rows.
enum Source<'a> {
    /// All rows of the table, a run after the other, and what is left of the one that was read last.
    Runs(Box<dyn StorageCursor + 'a>, Pieces),
    /// Some rows, in steps.
    Entries(Box<Entries<'a>>, usize),
}

impl<'a> ScanOperator<'a> {
    /// Opens `scan`.
    pub(crate) fn open(context: Context<'a>, scan: &'a Scan) -> Result<Self> {
        let is_whole = matches!(scan.access, Access::Full) && !scan.backward;
        let source = match is_whole && context.rows_wanted == usize::MAX {
            true => {
                scan.may_run()?;
                let (tree, direction) = (scan.table.tree, ScanDirection::Forward);
                let cursor = context.txn.scan(tree, KeyRange::ALL, direction)?;
                Source::Runs(cursor, Pieces::default())
            }
            false => {
                let entries = Entries::open(context, scan, &mut |e| context.constant(e))?;
                let step = context.rows_wanted.clamp(STEP_LEAST, STEP_FIRST);
                Source::Entries(Box::new(entries), step.min(context.batch_rows))
            }
        };
        Ok(Self {
            context,
            reader: RowReader::new(scan),
            source,
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
        let batch_rows = self.context.batch_rows;
        loop {
            match &mut self.source {
                Source::Runs(cursor, pieces) => {
                    if let Some(piece) = pieces.next(batch_rows) {
                        return Ok(Some(piece));
                    }
                    let reader = &mut self.reader;
                    let run = cursor.next_run(&reader.shape, &reader.columns, &mut self.rows)?;
                    let Some(run) = run else { return Ok(None) };
                    let batch = reader.read_run(&self.context, &mut self.rows, &run)?;
                    *pieces = Pieces::new(batch);
                }
                Source::Entries(entries, step) => {
                    self.rows.clear();
                    if !entries.fill(&mut self.rows, *step)? {
                        return Ok(None);
                    }
                    *step = (*step * 4).min(batch_rows);
                    let batch = self.reader.read(&self.context, &mut self.rows)?;
                    if batch.rows > 0 {
                        return Ok(Some(batch));
                    }
                }
            }
        }
    }
}
