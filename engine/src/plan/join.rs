//! Joins of two sides: which method, at what cost, and the node for it.

use crate::error::Result;
use crate::plan::access::{self, Candidate, Path};
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::{columns_of, conjunction, has_subquery};
use crate::plan::ordering::ordering;
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::plan::relation::{Relation, Source};
use crate::plan::selectivity;
use crate::sql::bound::{CompareOp, Expr, ExprKind, JoinKind};
use crate::types::SqlType;

/// What the choice of a method needs to know of one side.
pub(crate) struct Side<'a> {
    /// Its rows.
    pub(crate) rows: f64,
    /// Its cost.
    pub(crate) cost: Cost,
    /// Which columns it has.
    pub(crate) has: &'a dyn Fn(usize) -> bool,
    /// The table that it is, if it is one alone.
    pub(crate) table: Option<&'a Relation>,
    /// Whether its rows ascend by a column, as far as merge joins are allowed.
    pub(crate) ascends: &'a dyn Fn(usize) -> bool,
}

/// How two sides are joined.
#[derive(Debug)]
pub(crate) enum Method {
    /// Every pair.
    NestedLoop,
    /// By the equalities at these positions of the conditions.
    Hash(Vec<usize>),
    /// Side by side, by the equality at this position of the conditions.
    Merge(usize),
    /// By this path into the right side; conditions: the relation's own, then the join's.
    Index(Box<Path>),
}

/// A method with what it costs.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) method: Method,
    pub(crate) cost: Cost,
    pub(crate) rows: f64,
}

/// The numbers that the cost of a join without an index comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs {
    /// Rows and cost of the left side.
    pub(crate) left: (f64, Cost),
    /// Rows and cost of the right side.
    pub(crate) right: (f64, Cost),
    /// Rows of the result.
    pub(crate) rows: f64,
    /// Conditions of the join.
    pub(crate) conditions: usize,
    /// Whether one of them is an equality of the two sides.
    pub(crate) has_equality: bool,
}

/// The cost of the cheaper of nested loop and hash join, and whether it is the hash join.
pub(crate) fn price(inputs: &Inputs) -> (Cost, bool) {
    let ((left_rows, left), (right_rows, right)) = (inputs.left, inputs.right);
    let output = inputs.rows * cost::ROW;
    let work = left_rows * right_rows * cost::OPERATOR * inputs.conditions.max(1) as f64;
    let nested = Cost {
        startup: left.startup + right.startup,
        total: left.total + right.total + work + output,
    };
    let startup = right.total + right_rows * cost::ROW;
    let hash = Cost {
        startup,
        total: left.total + startup + left_rows * cost::OPERATOR * 2.0 + output,
    };
    if inputs.has_equality && hash.total < nested.total {
        (hash, true)
    } else {
        (nested, false)
    }
}

/// The cost of reading two inputs side by side that are in the order of their keys.
pub(crate) fn price_merge(inputs: &Inputs) -> Cost {
    let ((left_rows, left), (right_rows, right)) = (inputs.left, inputs.right);
    Cost {
        startup: left.startup + right.startup,
        total: left.total
            + right.total
            + (left_rows + right_rows) * cost::OPERATOR
            + inputs.rows * (cost::ROW + cost::OPERATOR * (inputs.conditions - 1) as f64),
    }
}

/// The columns of an equality of two columns of the same type.
pub(crate) fn equal_columns(left: &Expr, right: &Expr) -> Option<(usize, usize)> {
    match (&left.kind, &right.kind) {
        (ExprKind::Column(l), ExprKind::Column(r)) if left.sql_type == right.sql_type => {
            Some((*l, *r))
        }
        _ => None,
    }
}

/// Which of `conditions` is an equality of columns by which both sides ascend. A left row of an outer join must be known
/// to have no partner when its key is passed: so nothing else may be asked there.
fn merge_key(
    left: &Side<'_>,
    right: &Side<'_>,
    kind: JoinKind,
    conditions: &[Expr],
) -> Option<usize> {
    let is_possible = match kind {
        JoinKind::Inner => true,
        JoinKind::Left => conditions.len() == 1,
        JoinKind::Full | JoinKind::Semi | JoinKind::Anti => false,
    };
    let ascends = |condition: &Expr| {
        let keys = equality(condition, left.has, right.has);
        let columns = keys.and_then(|(l, r)| equal_columns(l, r));
        columns.is_some_and(|(l, r)| (left.ascends)(l) && (right.ascends)(r))
    };
    conditions.iter().position(ascends).filter(|_| is_possible)
}

/// The cost of looking the partners of `left` up by `path`.
pub(crate) fn price_index(left: (f64, Cost), rows: f64, path: &Path) -> Cost {
    Cost {
        startup: left.1.startup,
        total: left.1.total + left.0 * path.cost.total + rows * cost::ROW,
    }
}

/// The cheapest way to join `left` and `right` under `conditions`.
pub(crate) fn choose(
    left: &Side<'_>,
    right: &Side<'_>,
    kind: JoinKind,
    conditions: &[Expr],
    block: &Block,
) -> Choice {
    let mut rows = (left.rows * right.rows * selectivity::all(conditions, block)).max(1e-3);
    if kind != JoinKind::Inner {
        rows = rows.max(left.rows);
    }
    if kind == JoinKind::Full {
        rows = rows.max(right.rows);
    }
    let keys: Vec<usize> = (0..conditions.len())
        .filter(|i| equality(&conditions[*i], left.has, right.has).is_some())
        .collect();
    let inputs = Inputs {
        left: (left.rows, left.cost),
        right: (right.rows, right.cost),
        rows,
        conditions: conditions.len(),
        has_equality: !keys.is_empty(),
    };
    let (cost, hash) = price(&inputs);
    let mut best = Choice {
        method: if hash {
            Method::Hash(keys)
        } else {
            Method::NestedLoop
        },
        cost,
        rows,
    };
    if let Some(key) = merge_key(left, right, kind, conditions) {
        let cost = price_merge(&inputs);
        if cost.total < best.cost.total {
            best.cost = cost;
            best.method = Method::Merge(key);
        }
    }
    if let Some(path) = right
        .table
        .and_then(|t| index_path(left.has, t, conditions, block))
    {
        let cost = price_index((left.rows, left.cost), rows, &path);
        if cost.total < best.cost.total {
            best.cost = cost;
            best.method = Method::Index(Box::new(path));
        }
    }
    best
}

/// The cheapest path into a table that uses one of `conditions`, the columns that `known` names being known.
pub(crate) fn index_path(
    known: &dyn Fn(usize) -> bool,
    relation: &Relation,
    conditions: &[Expr],
    block: &Block,
) -> Option<Path> {
    let Source::Table { table, .. } = &relation.source else {
        return None;
    };
    let own = relation.conditions.len();
    let mut all = relation.conditions.clone();
    all.extend(conditions.iter().filter(|e| !has_subquery(e)).cloned());
    let candidate = Candidate {
        table,
        offset: relation.offset,
        block,
    };
    let paths = access::paths(&candidate, &all, known);
    access::cheapest(
        paths
            .into_iter()
            .filter(|p| p.used.iter().any(|u| *u >= own))
            .collect(),
    )
}

/// The sides of an equality between the two sides of a join: left, right.
pub(crate) fn equality<'e>(
    condition: &'e Expr,
    left: &dyn Fn(usize) -> bool,
    right: &dyn Fn(usize) -> bool,
) -> Option<(&'e Expr, &'e Expr)> {
    let ExprKind::Compare(CompareOp::Eq, a, b) = &condition.kind else {
        return None;
    };
    if has_subquery(condition) {
        return None;
    }
    let (in_a, in_b) = (columns_of(a), columns_of(b));
    if in_a.is_empty() || in_b.is_empty() {
        return None;
    }
    let all = |columns: &[usize], has: &dyn Fn(usize) -> bool| columns.iter().all(|c| has(*c));
    if all(&in_a, left) && all(&in_b, right) {
        Some((a, b))
    } else if all(&in_b, left) && all(&in_a, right) {
        Some((b, a))
    } else {
        None
    }
}

/// The columns of the query by which the rows of `built` ascend first of all.
pub(crate) fn ascending(built: &Built) -> Vec<usize> {
    let first = ordering(&built.node).into_iter().next();
    let columns = first.filter(|key| !key.descending).map(|key| key.columns);
    let columns = columns.into_iter().flatten();
    columns
        .filter_map(|at| built.layout.get(at).copied())
        .collect()
}

/// The columns that a join gives: their types, and which of the query they are.
struct Columns {
    types: Vec<SqlType>,
    layout: Vec<usize>,
}

impl Columns {
    fn of(left: &Built) -> Self {
        Self {
            types: left.node.types.clone(),
            layout: left.layout.clone(),
        }
    }

    /// With those of the right side behind them.
    fn and(mut self, types: impl Iterator<Item = SqlType>, layout: &[usize]) -> Self {
        self.types.extend(types);
        self.layout.extend(layout);
        self
    }

    fn built(self, kind: NodeKind, (cost, rows): (Cost, f64)) -> Built {
        Built {
            node: PlanNode {
                kind,
                types: self.types,
                rows,
                cost,
            },
            layout: self.layout,
        }
    }
}

impl Planner<'_> {
    /// Joins `left` and `right`; `table` is the right side's relation when it is one table alone, of which `needed`
    /// columns are wanted.
    pub(crate) fn join(
        &mut self,
        left: Built,
        right: Built,
        table: Option<&Relation>,
        kind: JoinKind,
        conditions: Vec<Expr>,
        block: &Block,
    ) -> Result<Built> {
        let in_left = |c: usize| left.layout.contains(&c);
        let in_right = |c: usize| match table {
            Some(relation) => relation.has(c),
            None => right.layout.contains(&c),
        };
        let merges = self.options.merge_joins;
        let (left_order, right_order) = (ascending(&left), ascending(&right));
        let choice = choose(
            &Side {
                rows: left.node.rows,
                cost: left.node.cost,
                has: &in_left,
                table: None,
                ascends: &|c| merges && left_order.contains(&c),
            },
            &Side {
                rows: right.node.rows,
                cost: right.node.cost,
                has: &in_right,
                table,
                ascends: &|c| merges && right_order.contains(&c),
            },
            kind,
            &conditions,
            block,
        );
        let parts = (choice.cost, choice.rows);
        match (choice.method, table) {
            (Method::Index(path), Some(relation)) => {
                self.index_join(left, right, relation, kind, *path, conditions, parts)
            }
            (Method::Hash(keys), _) => {
                self.keyed_join(left, right, (kind, false), &keys, conditions, parts)
            }
            (Method::Merge(key), _) => {
                self.keyed_join(left, right, (kind, true), &[key], conditions, parts)
            }
            _ => self.nested_loop(left, right, kind, conditions, parts),
        }
    }

    fn nested_loop(
        &mut self,
        left: Built,
        right: Built,
        kind: JoinKind,
        conditions: Vec<Expr>,
        parts: (Cost, f64),
    ) -> Result<Built> {
        let columns = Columns::of(&left).and(right.node.types.iter().copied(), &right.layout);
        let on = conjunction(self.predicates(conditions, &columns.layout)?);
        let kind = NodeKind::NestedLoop {
            left: Box::new(left.node),
            right: Box::new(right.node),
            kind,
            on,
        };
        Ok(columns.built(kind, parts))
    }

    /// A join by the equalities at the positions `keys`; with `merges` a merge join by the one.
    fn keyed_join(
        &mut self,
        left: Built,
        right: Built,
        (kind, merges): (JoinKind, bool),
        keys: &[usize],
        conditions: Vec<Expr>,
        parts: (Cost, f64),
    ) -> Result<Built> {
        let (mut left_keys, mut right_keys, mut residual) = (Vec::new(), Vec::new(), Vec::new());
        for (i, condition) in conditions.into_iter().enumerate() {
            let in_left = |c: usize| left.layout.contains(&c);
            let in_right = |c: usize| right.layout.contains(&c);
            match equality(&condition, &in_left, &in_right).filter(|_| keys.contains(&i)) {
                Some((l, r)) => {
                    left_keys.push(self.resolve(l.clone(), &left.layout)?);
                    right_keys.push(self.resolve(r.clone(), &right.layout)?);
                }
                None => residual.push(condition),
            }
        }
        let columns = Columns::of(&left).and(right.node.types.iter().copied(), &right.layout);
        let residual = conjunction(self.predicates(residual, &columns.layout)?);
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let kind = match (merges, left_keys.as_slice(), right_keys.as_slice()) {
            (true, [left_key], [right_key]) => NodeKind::MergeJoin {
                left,
                right,
                kind,
                left_key: Box::new(left_key.clone()),
                right_key: Box::new(right_key.clone()),
                residual,
            },
            _ => NodeKind::HashJoin {
                left,
                right,
                kind,
                left_keys,
                right_keys,
                residual,
            },
        };
        Ok(columns.built(kind, parts))
    }

    #[allow(clippy::too_many_arguments)] // the parts of one node
    fn index_join(
        &mut self,
        left: Built,
        right: Built,
        relation: &Relation,
        kind: JoinKind,
        path: Path,
        conditions: Vec<Expr>,
        parts: (Cost, f64),
    ) -> Result<Built> {
        let own = relation.conditions.len();
        let mut simple = 0;
        let mut residual = Vec::new();
        for condition in conditions {
            // Positions in the path count the conditions without subqueries, behind the relation's own.
            let used = !has_subquery(&condition) && {
                simple += 1;
                path.used.contains(&(own + simple - 1))
            };
            if !used {
                residual.push(condition);
            }
        }
        let scan = self.scan(relation, path, &right.layout, &left.layout)?;
        let columns = Columns::of(&left).and(scan.types(), &scan.layout(relation.offset));
        let residual = conjunction(self.predicates(residual, &columns.layout)?);
        let kind = NodeKind::IndexJoin {
            left: Box::new(left.node),
            scan: Box::new(scan),
            kind,
            residual,
        };
        Ok(columns.built(kind, parts))
    }
}
