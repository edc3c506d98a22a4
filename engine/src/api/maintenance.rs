//! Maintenance between statements, of which one part is here: statistics that follow what the tables become.
//!
//! ```text
//!   commits ──▶ changes of each tree, counted in memory          since it was analysed: > threshold + factor × rows?
//!                                                                    │ yes
//!                     ┌──────────────────────────────────────────────┘
//!                     ▼
//!   a transaction that reads: statistics ──▶ one that stores them, if the table is still what it was and free
//!                                                  │ committed
//!                                                  ▼
//!                              another version of the statistics: schema and plans are taken anew
//! ```
//!
//! Storing statistics is no change of the schema for others: nobody waits for it but one who changes the schema, and no
//! transaction fails because of it whose changes would not make it fail for any other commit. So they have a version of
//! their own.

use crate::api::database::Shared;
use crate::catalog::{self, Table, TableStatistics};
use crate::error::Result;
use crate::exec;
use crate::interrupt::WaitLimits;
use crate::storage::{
    EntryBatch, IsolationLevel, KeyRange, MaintenanceReport, ScanDirection, StorageTxn,
    Synchronous, TreeId, TxnOptions,
};
use crate::sync::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a page for the estimate of what looking at a table takes.
const PAGE_BYTES: u64 = 8192;
/// Bytes of a row of a table that was never analysed.
const ROW_BYTES_UNKNOWN: u64 = 64;

/// Tells apart what a schema said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SchemaVersion {
    /// What was defined.
    pub(crate) definitions: u64,
    /// What was known of the contents.
    pub(crate) statistics: u64,
}

/// What is known of how fresh statistics are, since the database was opened.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    looks: Mutex<Looks>,
    version: AtomicU64,
}

#[derive(Debug, Default)]
struct Looks {
    last: BTreeMap<TreeId, Look>,
    /// Pages that calls have allowed for and that nothing was done with yet.
    credit_pages: u64,
}

/// The last look at a table.
#[derive(Debug)]
struct Look {
    /// How often it had been changed then.
    changes: u64,
    /// What was found; `None`: that it is not worth it yet. Only if that was committed it is what the schema says.
    statistics: Option<TableStatistics>,
}

impl Freshness {
    /// Grows with each commit of statistics by [`maintain`].
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Somebody has looked at a table when it had been changed so often.
    pub(crate) fn note(&self, tree: TreeId, changes: u64, statistics: Option<&TableStatistics>) {
        let look = Look {
            changes,
            statistics: statistics.cloned(),
        };
        self.looks.lock().last.insert(tree, look);
    }

    /// How often `table` had been changed at the last look; `None` when what was found then is not what is known of it.
    fn looked_at(&self, table: &Table) -> Option<u64> {
        let looks = self.looks.lock();
        let look = looks.last.get(&table.tree)?;
        (look.statistics == table.statistics).then_some(look.changes)
    }
}

/// See [`Database::maintain`](crate::api::Database::maintain).
pub(crate) fn maintain(
    shared: &Shared,
    budget_pages: u64,
    limits: &WaitLimits,
) -> Result<MaintenanceReport> {
    let mut report = shared.backend.maintain(budget_pages)?;
    limits.check()?;
    if let Some(threshold) = shared.options.analyze_threshold {
        report.tables_analyzed = analyze_stale(shared, budget_pages, threshold, limits)?;
    }
    Ok(report)
}

/// Analyses the tables of which enough has changed, as far as calls have allowed for their pages; gives how many.
fn analyze_stale(
    shared: &Shared,
    budget_pages: u64,
    threshold: u64,
    limits: &WaitLimits,
) -> Result<u64> {
    let txn = begin_reading(shared, limits)?;
    let schema = shared.schema(&*txn)?;
    let freshness = &shared.freshness;
    let credit = {
        let mut looks = freshness.looks.lock();
        let exists = |tree: &TreeId| schema.tables().any(|table| table.tree == *tree);
        looks.last.retain(|tree, _| exists(tree));
        looks.credit_pages.saturating_add(budget_pages)
    };
    let (mut left, mut waiting, mut analyzed) = (credit, false, 0);
    for table in schema.tables() {
        limits.check()?;
        let changes = txn.changes(table.tree);
        if !is_due(shared, &*txn, table, changes, threshold)? {
            continue;
        }
        let pages = pages(table, changes);
        if pages > left {
            waiting = true;
            continue;
        }
        left -= pages;
        analyzed += u64::from(analyze(shared, table, changes, limits)?);
    }
    // What no table needed is not kept for later.
    freshness.looks.lock().credit_pages = if waiting { left } else { 0 };
    Ok(analyzed)
}

fn begin_reading(shared: &Shared, limits: &WaitLimits) -> Result<Box<dyn StorageTxn>> {
    let mut txn = shared.backend.begin(TxnOptions {
        isolation: IsolationLevel::RepeatableRead,
        read_only: true,
        ..TxnOptions::default()
    })?;
    txn.limit_waits(limits.clone());
    Ok(txn)
}

/// Whether enough of `table` has changed, by PostgreSQL's rule.
fn is_due(
    shared: &Shared,
    txn: &dyn StorageTxn,
    table: &Table,
    changes: u64,
    threshold: u64,
) -> Result<bool> {
    let looked_at = shared.freshness.looked_at(table);
    let since = changes.saturating_sub(looked_at.unwrap_or(0));
    if let Some(statistics) = &table.statistics {
        let part = statistics.rows as f64 * shared.options.analyze_scale_factor;
        return Ok(since as f64 > threshold as f64 + part);
    }
    if since == 0 && looked_at.is_some() {
        return Ok(false);
    }
    // It may have been filled before the database was opened.
    let is_due = changes > threshold || has_more_than(txn, table, threshold)?;
    if !is_due {
        shared.freshness.note(table.tree, changes, None);
    }
    Ok(is_due)
}

fn has_more_than(txn: &dyn StorageTxn, table: &Table, rows: u64) -> Result<bool> {
    let mut cursor = txn.scan(table.tree, KeyRange::ALL, ScanDirection::Forward)?;
    let mut batch = EntryBatch::default();
    let mut found = 0;
    while found <= rows {
        let step = usize::try_from(rows - found + 1).unwrap_or(usize::MAX);
        if !cursor.next_batch(&mut batch, step.min(1024))? {
            return Ok(false);
        }
        found += batch.len() as u64;
    }
    Ok(true)
}

/// About how many pages analysing `table` touches.
fn pages(table: &Table, changes: u64) -> u64 {
    let (rows, bytes) = match &table.statistics {
        Some(statistics) => (statistics.rows, statistics.row_bytes),
        None => (0, ROW_BYTES_UNKNOWN),
    };
    rows.max(changes).saturating_mul(bytes) / PAGE_BYTES + 1
}

/// Analyses a table that had been changed so often before; false when it could not be had. Errors: those of reading and
/// writing, `57014`.
fn analyze(shared: &Shared, table: &Table, changes: u64, limits: &WaitLimits) -> Result<bool> {
    // What it sees has all of these changes, and perhaps some that are counted later.
    let reading = begin_reading(shared, limits)?;
    let statistics = exec::analyze(&*reading, table)?;
    drop(reading);
    match store(shared, table, &statistics, limits) {
        Ok(false) => Ok(false),
        Ok(true) => {
            let freshness = &shared.freshness;
            freshness.note(table.tree, changes, Some(&statistics));
            freshness.version.fetch_add(1, Ordering::AcqRel);
            Ok(true)
        }
        // Another is at it; the next call tries again.
        Err(error) if matches!(error.sqlstate(), "40001" | "40P01" | "55P03") => Ok(false),
        Err(error) => Err(error),
    }
}

/// Stores what was found, if the table is what it was. It waits for nobody: whoever changes the schema comes first. That
/// these statistics are lost by a crash loses nothing, so nothing waits for the disk either.
fn store(
    shared: &Shared,
    table: &Table,
    statistics: &TableStatistics,
    limits: &WaitLimits,
) -> Result<bool> {
    let mut txn = shared.backend.begin(TxnOptions {
        isolation: IsolationLevel::RepeatableRead,
        synchronous: Synchronous::Off,
        ..TxnOptions::default()
    })?;
    txn.limit_waits(WaitLimits {
        lock_timeout_micros: Some(0),
        ..limits.clone()
    });
    let root = shared.backend.root_tree();
    let schema = catalog::load(&*txn, root)?;
    let now = schema.table(&table.name);
    let now = now.filter(|now| now.tree == table.tree && now.columns == table.columns);
    let Some(now) = now else {
        return Ok(false);
    };
    catalog::store_statistics(&mut *txn, root, now, statistics.clone())?;
    txn.commit()?;
    Ok(true)
}
