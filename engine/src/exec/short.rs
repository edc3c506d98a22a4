//! The short path: a scan that looks a few rows up by key gives them as values, without arrays.
//!
//! What takes it has the same plan whatever the values in the statement are, so one plan can serve them all.

use crate::error::Result;
use crate::exec::lookup::{Lookup, lookup};
use crate::exec::operator::Context;
use crate::exec::scalar::{RowView, each};
use crate::plan::{Access, Body, ChangeKind, NodeKind, Plan, PlanNode, Scan, is_array};
use crate::sql::bound::Expr;
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::types::{SqlType, Value};

/// Most lookups that take the short path.
const LOOKUPS_MAX: usize = 16;

/// Whether `plan` looks a few rows up by key, changes them, or adds rows of a list.
pub(crate) fn is_short(plan: &Plan) -> bool {
    let of_rows = match &plan.body {
        Body::Query(root) => short_scan(root).is_some(),
        Body::Change(change) => match &change.kind {
            ChangeKind::InsertRows(_) => true,
            ChangeKind::Update(source, _) | ChangeKind::Delete(source, _) => {
                short_scan(source).is_some()
            }
            ChangeKind::InsertQuery(_) | ChangeKind::Merge(..) => false,
        },
        _ => false,
    };
    of_rows && plan.subplans.is_empty()
}

/// A scan that looks at most a few rows up by key.
struct ShortScan<'p> {
    scan: &'p Scan,
    /// The types of its rows.
    types: &'p [SqlType],
    /// What is computed of them, if something is.
    projection: Option<&'p [Expr]>,
}

/// `node` as such a scan, if it is one.
fn short_scan(node: &PlanNode) -> Option<ShortScan<'_>> {
    let (below, projection) = match &node.kind {
        NodeKind::Project { input, expressions } => (&**input, Some(expressions.as_slice())),
        _ => (node, None),
    };
    match &below.kind {
        NodeKind::Scan(scan) if looks_up(scan) => Some(ShortScan {
            scan,
            types: &below.types,
            projection,
        }),
        _ => None,
    }
}

/// Whether `scan` looks at most a few rows up by key.
fn looks_up(scan: &Scan) -> bool {
    match &scan.access {
        Access::RowIds(points) => points.len() <= LOOKUPS_MAX && !points.iter().any(is_array),
        Access::Index(access) => {
            let index = &scan.table.indexes[access.index];
            index.is_always_unique()
                && access.equal.len() == index.columns.len()
                && access.equal.iter().map(Vec::len).product::<usize>() <= LOOKUPS_MAX
                && !access.equal.iter().flatten().any(is_array)
        }
        Access::Full | Access::RowIdRange { .. } => false,
    }
}

/// The rows of `node` if it is short: a scan by key, with a projection above it or without.
pub(crate) fn rows(context: &Context<'_>, node: &PlanNode) -> Result<Option<Vec<Vec<Value>>>> {
    if context.memo.profile.is_some() {
        return Ok(None); // what is seen are operators
    }
    let Some(short) = short_scan(node) else {
        return Ok(None);
    };
    let types = short.types;
    let rows = scan_rows(context, short.scan, types)?;
    let Some(expressions) = short.projection else {
        return Ok(Some(rows));
    };
    let project = |row: Vec<Value>| {
        let view = RowView {
            values: &row,
            types,
        };
        each(expressions, |e| context.scalar(e, view))
    };
    rows.into_iter()
        .map(project)
        .collect::<Result<_>>()
        .map(Some)
}

fn scan_rows(
    context: &Context<'_>,
    scan: &Scan,
    output_types: &[SqlType],
) -> Result<Vec<Vec<Value>>> {
    let found = lookup(scan, &mut |e| context.constant(e))?;
    let mut rows = Vec::with_capacity(1);
    match found {
        Lookup::Rows(ids) => {
            for id in ids {
                push_row(context, scan, output_types, id, &mut rows)?;
            }
        }
        Lookup::Keys(index, keys) => {
            let tree = scan.table.indexes[index].tree;
            for key in keys {
                if let Some(value) = context.txn.get(tree, &key)? {
                    push_row(
                        context,
                        scan,
                        output_types,
                        decode_row_id(&value)?,
                        &mut rows,
                    )?;
                }
            }
        }
        Lookup::Range(_) | Lookup::Ranges(..) => {
            unreachable!("EXEC-4: a short scan has keys, not ranges")
        }
    }
    if scan.backward {
        rows.reverse();
    }
    Ok(rows)
}

fn push_row(
    context: &Context<'_>,
    scan: &Scan,
    output_types: &[SqlType],
    id: i64,
    rows: &mut Vec<Vec<Value>>,
) -> Result<()> {
    let table = &scan.table;
    let key = encode_row_id(id);
    let Some(stored) = context.txn.get(table.tree, &key)? else {
        return Ok(());
    };
    let mut values = decode_row(
        &key,
        &stored,
        &scan.table_types,
        &scan.columns,
        table.row_id_column,
    )?;
    if scan.with_row_id {
        values.push(Value::Int8(id));
    }
    let view = RowView {
        values: &values,
        types: output_types,
    };
    for predicate in &scan.filter {
        if context.scalar(predicate, view)? != Value::Bool(true) {
            return Ok(());
        }
    }
    rows.push(values);
    Ok(())
}
