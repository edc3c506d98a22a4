//! In which order the rows of a plan come, as its operators keep it.

use crate::catalog::EXPRESSION_BASE;
use crate::plan::block::Block;
use crate::plan::group::Wanted;
use crate::plan::physical::{Access, NodeKind, PlanNode, Scan, is_array};
use crate::sql::bound::{Expr, ExprKind, JoinKind};

/// One key of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The output columns by which the rows are in order: these are equal in each row.
    pub(crate) columns: Vec<usize>,
    pub(crate) descending: bool,
    /// Where NULLs stand, if there are any.
    nulls_first: bool,
}

/// The order of the rows of `node`, the most significant key first; as far as it is known.
pub(crate) fn ordering(node: &PlanNode) -> Vec<Key> {
    match &node.kind {
        NodeKind::Scan(scan) => of_scan(scan),
        NodeKind::Derived { input, .. }
        | NodeKind::Filter { input, .. }
        | NodeKind::Limit { input, .. }
        | NodeKind::Unique { input, .. }
        | NodeKind::LockRows { input, .. } => ordering(input),
        NodeKind::Project { input, expressions } => projected(ordering(input), expressions),
        NodeKind::Sort { keys, .. } => {
            let keys = keys.iter().map(|key| Key {
                columns: vec![key.column],
                descending: key.descending,
                nulls_first: key.nulls_first,
            });
            keys.collect()
        }
        NodeKind::MergeJoin {
            left,
            kind,
            left_key,
            right_key,
            ..
        } => {
            let pairs = [(&**left_key, &**right_key)];
            with_partners(ordering(left), *kind, left.types.len(), pairs.into_iter())
        }
        NodeKind::HashJoin {
            left,
            kind,
            left_keys,
            right_keys,
            ..
        } if *kind != JoinKind::Full => {
            let pairs = left_keys.iter().zip(right_keys);
            with_partners(ordering(left), *kind, left.types.len(), pairs)
        }
        // Of an outer join they give left rows without a partner batch by batch, behind the others.
        NodeKind::NestedLoop { left, kind, .. }
        | NodeKind::IndexJoin { left, kind, .. }
        | NodeKind::Lateral { left, kind, .. }
            if *kind == JoinKind::Inner =>
        {
            ordering(left)
        }
        _ => Vec::new(),
    }
}

/// Whether rows of `node`, whose columns are those of `layout` of the query, come in the order that is `wanted`.
pub(crate) fn gives(node: &PlanNode, layout: &[usize], wanted: &Wanted, block: &Block) -> bool {
    let have = ordering(node);
    let is_not_null = |column: usize| {
        let origin = block.origin(column);
        origin.is_some_and(|(table, c)| table.columns.get(c).is_some_and(|c| c.not_null))
    };
    let fits = |(key, (column, descending, nulls_first)): (&Key, &(usize, bool, bool))| {
        let is_it = |position: &usize| layout.get(*position) == Some(column);
        key.columns.iter().any(is_it)
            && key.descending == *descending
            && (key.nulls_first == *nulls_first || is_not_null(*column))
    };
    wanted.order.len() <= have.len() && have.iter().zip(&wanted.order).all(fits)
}

fn of_scan(scan: &Scan) -> Vec<Key> {
    let of_table: Vec<(usize, bool)> = match &scan.access {
        Access::Full | Access::RowIds(_) | Access::RowIdRange { .. } => {
            let row_id = scan.table.row_id_column;
            row_id.map(|column| (column, false)).into_iter().collect()
        }
        Access::Index(access) => {
            let is_single =
                |values: &Vec<Expr>| matches!(values.as_slice(), [one] if !is_array(one));
            let index = scan.table.indexes.get(access.index);
            match index.filter(|_| access.equal.iter().all(is_single)) {
                Some(index) => index.columns[access.equal.len()..].to_vec(),
                None => Vec::new(),
            }
        }
    };
    let mut keys = Vec::new();
    for (column, descends) in of_table {
        let position = scan.columns.iter().position(|c| *c == column);
        let Some(position) = position.filter(|_| column < EXPRESSION_BASE) else {
            break;
        };
        // Keys have NULLs behind all values when ascending, and the whole order turned when descending.
        let descending = descends ^ scan.backward;
        keys.push(Key {
            columns: vec![position],
            descending,
            nulls_first: descending,
        });
    }
    keys
}

/// The keys that are still columns of a projection.
fn projected(keys: Vec<Key>, expressions: &[Expr]) -> Vec<Key> {
    let mut left = Vec::new();
    for key in keys {
        let is_of = |e: &Expr| matches!(e.kind, ExprKind::Column(c) if key.columns.contains(&c));
        let all = expressions.iter().enumerate();
        let columns: Vec<usize> = all.filter(|(_, e)| is_of(e)).map(|(i, _)| i).collect();
        if columns.is_empty() {
            break;
        }
        left.push(Key { columns, ..key });
    }
    left
}

/// The order of the left side, in an inner join also by what is equal to its columns on the right.
fn with_partners<'e>(
    mut keys: Vec<Key>,
    kind: JoinKind,
    left_columns: usize,
    pairs: impl Iterator<Item = (&'e Expr, &'e Expr)>,
) -> Vec<Key> {
    if kind != JoinKind::Inner {
        return keys;
    }
    for (left, right) in pairs {
        if let (ExprKind::Column(l), ExprKind::Column(r)) = (&left.kind, &right.kind) {
            let equal = keys.iter_mut().filter(|key| key.columns.contains(l));
            equal.for_each(|key| key.columns.push(left_columns + r));
        }
    }
    keys
}
