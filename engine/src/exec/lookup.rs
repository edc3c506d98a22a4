//! From the access of a scan, its expressions evaluated, to keys and ranges of keys.

use crate::catalog::Index;
use crate::error::Result;
use crate::plan::{Access, IndexAccess, KeyValue, RangeEnd, Scan, coerce};
use crate::sql::bound::Expr;
use crate::storage::KeyRange;
use crate::storage::key::{append_key, encode_row_id};
use crate::types::{SqlType, Value};
use std::ops::Bound;

/// What a scan visits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lookup {
    /// Rows with these row ids, ascending and distinct.
    Rows(Vec<i64>),
    /// Rows whose keys lie in the range.
    Range(KeyRange),
    /// The rows of the index entries that have exactly these keys (of a unique index), ascending and distinct.
    Keys(usize, Vec<Vec<u8>>),
    /// The rows of the index entries in these ranges, which do not overlap, ascending.
    Ranges(usize, Vec<KeyRange>),
}

/// What `scan` visits, its expressions evaluated by `value`.
pub(crate) fn lookup<'a>(
    scan: &'a Scan,
    value: &mut dyn FnMut(&'a Expr) -> Result<Value>,
) -> Result<Lookup> {
    scan.may_run()?;
    let row_id_type = scan
        .table
        .row_id_column
        .map_or(SqlType::Int8, |c| scan.table.columns[c].sql_type);
    match &scan.access {
        Access::Full => Ok(Lookup::Range(KeyRange::ALL)),
        Access::RowIds(points) => {
            let mut ids = Vec::with_capacity(points.len());
            for point in points {
                for v in keys(value(point)?, row_id_type) {
                    ids.extend(row_id(&v));
                }
            }
            if ids.len() > 1 {
                ids.sort_unstable();
                ids.dedup();
            }
            Ok(Lookup::Rows(ids))
        }
        Access::RowIdRange { low, high } => {
            let mut ends = [Bound::Unbounded, Bound::Unbounded];
            for (bound, end, is_low) in [(0, low, true), (1, high, false)] {
                let Some(end) = end else { continue };
                match end_key(end, row_id_type, is_low, value, &|v| {
                    row_id(v).map(|id| encode_row_id(id).to_vec())
                })? {
                    Some(b) => ends[bound] = b,
                    None => return Ok(Lookup::Rows(Vec::new())),
                }
            }
            let [low, high] = ends;
            Ok(Lookup::Range(KeyRange { low, high }))
        }
        Access::Index(access) => index_lookup(scan, access, value),
    }
}

/// `value`, or the elements of the array that it is, as values of a key of that type; what can be none is left out.
fn keys(value: Value, sql_type: SqlType) -> Vec<Value> {
    let values = match value {
        Value::Array(array) => array.into_values(),
        value => vec![value],
    };
    let fitting = values
        .into_iter()
        .filter_map(|v| match coerce(v, sql_type) {
            KeyValue::Value(v) => Some(v),
            _ => None,
        });
    fitting.collect()
}

/// The row id that a value of an integer type is.
pub(crate) fn row_id(value: &Value) -> Option<i64> {
    match value {
        Value::Int2(v) => Some(i64::from(*v)),
        Value::Int4(v) => Some(i64::from(*v)),
        Value::Int8(v) => Some(*v),
        _ => None,
    }
}

/// One end of a range as a bound on keys; `None` when nothing can lie on this side of it.
fn end_key<'a>(
    end: &'a RangeEnd,
    sql_type: SqlType,
    is_low: bool,
    value: &mut dyn FnMut(&'a Expr) -> Result<Value>,
    key: &dyn Fn(&Value) -> Option<Vec<u8>>,
) -> Result<Option<Bound<Vec<u8>>>> {
    Ok(match coerce(value(&end.value)?, sql_type) {
        KeyValue::Null => None,
        KeyValue::Below => is_low.then_some(Bound::Unbounded),
        KeyValue::Above => (!is_low).then_some(Bound::Unbounded),
        KeyValue::Value(v) => key(&v).map(|k| {
            if end.inclusive {
                Bound::Included(k)
            } else {
                Bound::Excluded(k)
            }
        }),
    })
}

fn index_lookup<'a>(
    scan: &'a Scan,
    access: &'a IndexAccess,
    value: &mut dyn FnMut(&'a Expr) -> Result<Value>,
) -> Result<Lookup> {
    let index = &scan.table.indexes[access.index];
    let column_type = |i: usize| scan.table.key_type(index, index.columns[i].0);
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    for (i, values) in access.equal.iter().enumerate() {
        let mut next = Vec::with_capacity(prefixes.len() * values.len());
        for expr in values {
            for v in keys(value(expr)?, column_type(i)) {
                for prefix in &prefixes {
                    let mut key = prefix.clone();
                    append_key(&mut key, &v, index.columns[i].1);
                    next.push(key);
                }
            }
        }
        prefixes = next;
    }
    if prefixes.len() > 1 {
        prefixes.sort_unstable();
        prefixes.dedup();
    }
    if index.is_always_unique() && access.equal.len() == index.columns.len() {
        return Ok(Lookup::Keys(access.index, prefixes));
    }
    if access.low.is_none() && access.high.is_none() {
        let ranges = prefixes.iter().map(|p| KeyRange::prefix(p)).collect();
        return Ok(Lookup::Ranges(access.index, ranges));
    }
    let position = access.equal.len();
    let ends = column_ends(index, access, column_type(position), value)?;
    let ranges = match ends {
        None => Vec::new(),
        Some((low, high)) => prefixes
            .iter()
            .map(|p| column_range(p, &low, &high, index.columns[position].1))
            .collect(),
    };
    Ok(Lookup::Ranges(access.index, ranges))
}

type Ends = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The encoded ends of the range of the column after the equalities, in the order of the values.
fn column_ends<'a>(
    index: &Index,
    access: &'a IndexAccess,
    sql_type: SqlType,
    value: &mut dyn FnMut(&'a Expr) -> Result<Value>,
) -> Result<Option<Ends>> {
    let descending = index.columns[access.equal.len()].1;
    let encode = |v: &Value| {
        let mut key = Vec::new();
        append_key(&mut key, v, descending);
        Some(key)
    };
    let mut ends = [Bound::Unbounded, Bound::Unbounded];
    for (bound, end, is_low) in [(0, &access.low, true), (1, &access.high, false)] {
        let Some(end) = end else { continue };
        match end_key(end, sql_type, is_low, value, &encode)? {
            Some(b) => ends[bound] = b,
            None => return Ok(None),
        }
    }
    let [low, high] = ends;
    Ok(Some((low, high)))
}

/// The entries that start with `prefix` and whose next column, which is not NULL, lies between `low` and `high`.
fn column_range(
    prefix: &[u8],
    low: &Bound<Vec<u8>>,
    high: &Bound<Vec<u8>>,
    descending: bool,
) -> KeyRange {
    let (first, last) = if descending { (high, low) } else { (low, high) };
    // Everything that is not NULL: the marker of values, which stands before each of them.
    let mut present = prefix.to_vec();
    let mut probe = Vec::new();
    append_key(&mut probe, &Value::Bool(false), descending);
    present.extend_from_slice(&probe[..1]);
    let all = KeyRange::prefix(&present);
    let joined = |end: &[u8]| [prefix, end].concat();
    // The key of an entry continues behind the value: an end that excludes the value excludes all that start with it.
    let low = match first {
        Bound::Unbounded => all.low,
        Bound::Included(end) => Bound::Included(joined(end)),
        Bound::Excluded(end) => match KeyRange::prefix(&joined(end)).high {
            Bound::Excluded(after) => Bound::Included(after),
            other => other,
        },
    };
    let high = match last {
        Bound::Unbounded => all.high,
        Bound::Included(end) => KeyRange::prefix(&joined(end)).high,
        Bound::Excluded(end) => Bound::Excluded(joined(end)),
    };
    KeyRange { low, high }
}
