//! `ANALYZE`: what the planner should know of a table.
//!
//! All rows are counted; values are looked at in a sample of them (reservoir sampling with a fixed sequence, so that
//! the same table always gives the same statistics). Distinct values of the whole are estimated from the sample by Haas
//! and Stokes' estimator, as PostgreSQL does.

use crate::catalog::{ColumnStatistics, Table, TableStatistics};
use crate::error::Result;
use crate::storage::key::append_key;
use crate::storage::row::decode_row;
use crate::storage::{StorageTxn, for_each_entry};
use crate::types::{SqlType, Value};

/// Rows in the sample: 300 for each of 100 buckets of a histogram, as PostgreSQL has it by default.
const SAMPLE_ROWS: usize = 30_000;
/// Buckets of a histogram.
const BUCKETS: usize = 100;
/// Most common values that are kept.
const COMMON_MAX: usize = 100;

/// The statistics of `table`.
pub(crate) fn analyze(txn: &dyn StorageTxn, table: &Table) -> Result<TableStatistics> {
    let mut sample = Sample::default();
    let mut bytes = 0u64;
    for_each_entry(txn, table.tree, |key, row| {
        bytes += (key.len() + row.len()) as u64;
        sample.add(key, row);
        Ok(())
    })?;
    let rows = sample.seen;
    let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
    let all: Vec<usize> = (0..types.len()).collect();
    let mut values: Vec<Vec<Value>> = types.iter().map(|_| Vec::new()).collect();
    for (key, row) in &sample.rows {
        let row = decode_row(key, row, &types, &all, table.row_id_column)?;
        for (column, value) in values.iter_mut().zip(row) {
            column.push(value);
        }
    }
    Ok(TableStatistics {
        rows,
        row_bytes: bytes.checked_div(rows).unwrap_or(0),
        columns: values.iter().map(|v| column(v, rows as f64)).collect(),
    })
}

/// A uniform sample of the rows seen so far.
#[derive(Default)]
struct Sample {
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    seen: u64,
    state: u64,
}

impl Sample {
    fn add(&mut self, key: &[u8], row: &[u8]) {
        self.seen += 1;
        if self.rows.len() < SAMPLE_ROWS {
            self.rows.push((key.to_vec(), row.to_vec()));
            return;
        }
        let place = self.random() % self.seen;
        if let Some(slot) = self.rows.get_mut(place as usize) {
            *slot = (key.to_vec(), row.to_vec());
        }
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The statistics of a column of `rows` rows, of which `sample` is a sample.
fn column(sample: &[Value], rows: f64) -> ColumnStatistics {
    let size = sample.len() as f64;
    if sample.is_empty() {
        return ColumnStatistics::default();
    }
    let mut keys: Vec<Vec<u8>> = sample
        .iter()
        .filter(|v| !v.is_null())
        .map(|v| {
            let mut key = Vec::new();
            append_key(&mut key, v, false);
            key
        })
        .collect();
    keys.sort_unstable();
    let present = keys.len();
    let mut groups: Vec<(Vec<u8>, usize)> = Vec::new();
    for key in keys {
        match groups.last_mut() {
            Some((last, count)) if *last == key => *count += 1,
            _ => groups.push((key, 1)),
        }
    }
    let distinct = distinct(&groups, size, rows, present as f64);
    let common = most_common(&groups, distinct, present);
    let is_common = |key: &Vec<u8>| common.iter().any(|(k, _)| k == key);
    let rest: Vec<&Vec<u8>> = groups
        .iter()
        .filter(|(key, _)| !is_common(key))
        .flat_map(|(key, count)| std::iter::repeat_n(key, *count))
        .collect();
    ColumnStatistics {
        null_fraction: (size - present as f64) / size,
        distinct,
        most_common: common
            .into_iter()
            .map(|(key, count)| (key, count as f64 / size))
            .collect(),
        histogram: histogram(&rest),
    }
}

/// Haas and Stokes: n·d / (n − f1 + f1·n/N), where f1 values occur once in a sample of n out of N rows.
fn distinct(groups: &[(Vec<u8>, usize)], size: f64, rows: f64, present: f64) -> f64 {
    let d = groups.len() as f64;
    let once = groups.iter().filter(|(_, count)| *count == 1).count() as f64;
    if size >= rows || present == 0.0 {
        return d;
    }
    let total = rows * present / size;
    let estimate = present * d / (present - once + once * present / total);
    estimate.clamp(d, total)
}

/// Values that occur clearly more often than the average, the most frequent first.
fn most_common(
    groups: &[(Vec<u8>, usize)],
    distinct: f64,
    present: usize,
) -> Vec<(Vec<u8>, usize)> {
    let mut by_count: Vec<&(Vec<u8>, usize)> = groups.iter().filter(|(_, c)| *c > 1).collect();
    by_count.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let complete = groups.len() <= COMMON_MAX && distinct <= groups.len() as f64;
    let least = if complete {
        1.0
    } else {
        present as f64 / distinct.max(1.0) * 1.25
    };
    by_count
        .into_iter()
        .take(COMMON_MAX)
        .filter(|(_, count)| *count as f64 >= least)
        .cloned()
        .collect()
}

fn histogram(sorted: &[&Vec<u8>]) -> Vec<Vec<u8>> {
    if sorted.len() < 2 {
        return Vec::new();
    }
    let buckets = BUCKETS.min(sorted.len() - 1);
    (0..=buckets)
        .map(|b| sorted[b * (sorted.len() - 1) / buckets].clone())
        .collect()
}
