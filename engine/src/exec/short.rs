//! The short path: a scan that looks a few rows up by key gives them as values, without arrays.

use crate::error::Result;
use crate::exec::lookup::{Lookup, lookup};
use crate::exec::operator::Context;
use crate::exec::scalar::{RowView, each};
use crate::plan::{Access, NodeKind, PlanNode, Scan};
use crate::storage::key::{decode_row_id, encode_row_id};
use crate::storage::row::decode_row;
use crate::types::{SqlType, Value};

/// Most lookups that take the short path.
const LOOKUPS_MAX: usize = 16;

/// Whether `scan` looks at most a few rows up by key.
pub(crate) fn is_short(scan: &Scan) -> bool {
    match &scan.access {
        Access::RowIds(points) => points.len() <= LOOKUPS_MAX,
        Access::Index(access) => {
            let index = &scan.table.indexes[access.index];
            index.is_always_unique()
                && access.equal.len() == index.columns.len()
                && access.equal.iter().map(Vec::len).product::<usize>() <= LOOKUPS_MAX
        }
        Access::Full | Access::RowIdRange { .. } => false,
    }
}

/// The rows of `node` if it is short: a scan by key, with a projection above it or without.
pub(crate) fn rows(context: &Context<'_>, node: &PlanNode) -> Result<Option<Vec<Vec<Value>>>> {
    if context.memo.profile.is_some() {
        return Ok(None); // what is seen are operators
    }
    match &node.kind {
        NodeKind::Scan(scan) if is_short(scan) => scan_rows(context, scan, &node.types).map(Some),
        NodeKind::Project { input, expressions } => match &input.kind {
            NodeKind::Scan(scan) if is_short(scan) => {
                let rows = scan_rows(context, scan, &input.types)?;
                let project = |row: Vec<Value>| {
                    let view = RowView {
                        values: &row,
                        types: &input.types,
                    };
                    each(expressions, |e| context.scalar(e, view))
                };
                rows.into_iter()
                    .map(project)
                    .collect::<Result<_>>()
                    .map(Some)
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
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
