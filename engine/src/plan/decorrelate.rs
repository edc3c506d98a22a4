//! Subqueries of conditions that refer to the row outside, as joins with all that they could ever be asked for.
//!
//! ```text
//!   EXISTS (SELECT … FROM r WHERE r.k = o.k AND p(r) AND q(r, o))     o.a < (SELECT avg(r.b) FROM r WHERE r.k = o.k)
//!
//!        Hash Semi Join   o.k = r.k and q                                  Filter   o.a < average
//!         ├─▶ o                                                             └─▶ Hash Left Join   o.k = r.k
//!         └─▶ r where p                                                          ├─▶ o
//!                                                                                └─▶ avg(b) of r for each k
//! ```
//!
//! `NOT EXISTS` is an anti join; `x IN (SELECT y …)` has `x = y` as one more equality, and a row one for each column. It is done where it costs less than
//! running the subquery for each row, which it does not for few rows and an index on `k`.

use crate::error::Result;
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::{
    column, columns_of, conjunction, has_subquery, map_columns, split_conjuncts, visit_columns,
    visit_columns_mut, visit_query,
};
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::plan::query::projected;
use crate::plan::relation::references;
use crate::sql::bound::{
    Aggregate, AggregateFunction, ArithmeticOp, CompareOp, Distinct, Expr, ExprKind, JoinKind,
    OutputColumn, Query,
};
use crate::sql::walk::{any_operand, any_operand_mut};
use crate::types::{SqlType, Value};

/// Nesting up to which both ways of a subquery are planned; each level doubles the work.
const DEPTH_MAX: usize = 4;

/// A condition as a join.
struct Join {
    kind: JoinKind,
    /// What stands at the right.
    right: Query,
    /// Equal pairs, over the columns of the left and over those of `right`'s FROM.
    keys: Vec<(Expr, Expr)>,
    /// More conditions over the columns of the left and, from the first number that the left does not have on, those
    /// that `right` gives.
    residual: Vec<Expr>,
    /// The condition that is left, over the last column of `right`; `None` when the join decides.
    filter: Option<Expr>,
}

impl Planner<'_> {
    /// `built` where `condition` holds, if that can be had as a join and costs less than a subplan that costs `per_row` for
    /// each row.
    fn joined(&mut self, built: &Built, condition: &Expr, per_row: f64) -> Result<Option<Built>> {
        let first = built.layout.iter().max().map_or(0, |c| c + 1);
        let Some(join) = join_of(condition, first) else {
            return Ok(None);
        };
        let inner = Block::new(join.right.from.as_ref());
        let distinct =
            |e: &Expr| -> f64 { columns_of(e).iter().map(|c| inner.distinct(*c)).product() };
        let distinct: f64 = join.keys.iter().map(|(_, r)| distinct(r)).product();
        let width = join.keys.len();
        let right = self.plan_query(join.right)?;
        let (left_rows, right_rows) = (built.node.rows, right.rows);
        let startup = right.cost.total + right_rows * cost::ROW;
        let price = startup + left_rows * cost::OPERATOR * 2.0;
        if price >= left_rows * per_row {
            return Ok(None);
        }
        let hit = (distinct.min(right_rows) / left_rows.max(1.0)).clamp(0.1, 0.9);
        let rows = match join.kind {
            JoinKind::Semi => left_rows * hit,
            JoinKind::Anti => left_rows * (1.0 - hit),
            _ => left_rows,
        };
        let gives_both = join.kind == JoinKind::Left;
        let mut types = built.node.types.clone();
        let mut layout = built.layout.clone();
        layout.extend((0..right.types.len()).map(|i| first + i));
        let residual = conjunction(self.resolve_all(join.residual, &layout)?);
        if gives_both {
            types.extend(&right.types);
        } else {
            layout.truncate(built.layout.len());
        }
        let left_keys = join.keys.iter().map(|(l, _)| l.clone()).collect();
        let right_keys = (0..width).map(|i| column(i, right.types[i])).collect();
        let node = PlanNode {
            types,
            rows: rows.max(1e-3),
            cost: Cost {
                startup,
                total: built.node.cost.total + price + rows * cost::ROW,
            },
            kind: NodeKind::HashJoin {
                left: Box::new(built.node.clone()),
                right: Box::new(right),
                kind: join.kind,
                left_keys: self.resolve_all(left_keys, &built.layout)?,
                right_keys,
                residual,
            },
        };
        let Some(filter) = join.filter else {
            return Ok(Some(Built { node, layout }));
        };
        let whole = self.filtered(Built { node, layout }, vec![filter], 0.3333)?;
        Ok(Some(Built {
            node: projected(whole.node, references(&built.node.types, 0)),
            layout: built.layout.clone(),
        }))
    }

    /// `built` where `condition`, of which [`is_candidate`] says yes, holds.
    pub(crate) fn filtered_by_subquery(
        &mut self,
        built: Built,
        condition: Expr,
        selectivity: f64,
    ) -> Result<Built> {
        let before = (self.subplans.len(), self.ctes.clone());
        let by_row = self.filtered_by_row(built.clone(), vec![condition.clone()], selectivity)?;
        let per_row = self.subplans.last().map_or(0.0, |subplan| {
            let cost = subplan.root.cost;
            match condition.kind {
                ExprKind::Exists { .. } => {
                    cost.startup + (cost.total - cost.startup) / subplan.root.rows.max(1.0)
                }
                _ => cost.total,
            }
        });
        let kept = self.subplans.split_off(before.0);
        let ctes = std::mem::replace(&mut self.ctes, before.1);
        if let Some(joined) = self.joined(&built, &condition, per_row)? {
            return Ok(joined);
        }
        self.subplans.truncate(before.0);
        self.subplans.extend(kept);
        self.ctes = ctes;
        Ok(by_row)
    }

    /// Whether `condition` has a subquery that may be joined instead.
    pub(crate) fn is_candidate(&self, condition: &Expr) -> bool {
        self.depth <= DEPTH_MAX && has_subquery(condition) && join_of(condition, 0).is_some()
    }
}

/// `condition` over a left side that has no column from `first` on.
fn join_of(condition: &Expr, first: usize) -> Option<Join> {
    match &condition.kind {
        ExprKind::Exists { query, negated } => {
            let kind = if *negated {
                JoinKind::Anti
            } else {
                JoinKind::Semi
            };
            semi(query, kind, Vec::new(), first)
        }
        ExprKind::InSubquery {
            inputs,
            query,
            negated: false,
        } if !inputs.iter().any(has_subquery) => {
            let keys = inputs.iter().cloned().zip(query.projection.iter().cloned());
            let keys = keys.collect();
            semi(query, JoinKind::Semi, keys, first)
        }
        _ => aggregate(condition, first),
    }
}

/// Conjuncts of a subquery's WHERE, by what they refer to.
struct Split {
    /// The subquery's own columns alone.
    own: Vec<Expr>,
    /// Equalities: of the row outside (its columns are plain columns here), of the subquery.
    keys: Vec<(Expr, Expr)>,
    /// Other conjuncts that refer to the row outside.
    others: Vec<Expr>,
}

/// `None` when something else than its WHERE refers to the row outside, or nothing does.
fn split(query: &Query) -> Option<Split> {
    let plain = query.with.is_empty()
        && query.windows.is_empty()
        && query.limit.is_none()
        && query.offset.is_none()
        && query.locks.is_empty()
        && !matches!(query.distinct, Distinct::On(_))
        && query.from.is_some();
    if !plain {
        return None;
    }
    let mut conjuncts = Vec::new();
    split_conjuncts(query.filter.clone()?, &mut conjuncts);
    let (outer, own): (Vec<Expr>, Vec<Expr>) = conjuncts.into_iter().partition(refers_outside);
    let mut rest = Query {
        filter: None,
        ..query.clone()
    };
    if query.aggregate.is_none() {
        rest.order_by.clear();
    }
    let mut refers = own.iter().any(refers_outside);
    visit_query(&rest, &mut |e| refers |= refers_outside(e));
    if refers || outer.is_empty() || outer.iter().any(has_subquery) {
        return None;
    }
    let (mut keys, mut others) = (Vec::new(), Vec::new());
    for conjunct in outer {
        match key(&conjunct) {
            Some(pair) => keys.push(pair),
            None => others.push(conjunct),
        }
    }
    Some(Split { own, keys, others })
}

/// Whether `expr` of a subquery refers to the row outside of it.
fn refers_outside(expr: &Expr) -> bool {
    let mut refers = false;
    visit_columns(expr, 1, &mut |_| refers = true);
    refers
}

/// The sides of an equality between the row outside and the subquery.
fn key(conjunct: &Expr) -> Option<(Expr, Expr)> {
    let ExprKind::Compare(CompareOp::Eq, a, b) = &conjunct.kind else {
        return None;
    };
    let only_outside = |e: &Expr| refers_outside(e) && columns_of(e).is_empty();
    let only_inside = |e: &Expr| !refers_outside(e) && !columns_of(e).is_empty();
    let (outside, inside) = if only_outside(a) && only_inside(b) {
        (a, b)
    } else if only_outside(b) && only_inside(a) {
        (b, a)
    } else {
        return None;
    };
    let mut outside = (**outside).clone();
    brought_outside(&mut outside);
    Some((outside, (**inside).clone()))
}

/// Makes references to the row outside plain columns.
fn brought_outside(expr: &mut Expr) {
    visit_columns_mut(expr, 1, &mut |node, c| node.kind = ExprKind::Column(c));
}

fn semi(query: &Query, kind: JoinKind, keys: Vec<(Expr, Expr)>, first: usize) -> Option<Join> {
    if query.aggregate.is_some() {
        return None;
    }
    let mut rest = query.clone();
    if keys.is_empty() {
        // That there is a row decides, not what is in it.
        rest.projection.clear();
    }
    let split = split(&rest)?;
    let mut all = keys;
    all.extend(split.keys);
    if all.is_empty() {
        return None;
    }
    let mut projection: Vec<Expr> = all.iter().map(|(_, inside)| inside.clone()).collect();
    // What the other conditions read follows the keys.
    let mut residual = Vec::new();
    for mut condition in split.others {
        visit_columns_mut(&mut condition, 0, &mut |node, c| {
            let own = column(c, node.sql_type);
            let at = projection.iter().position(|e| *e == own);
            let at = at.unwrap_or_else(|| {
                projection.push(own);
                projection.len() - 1
            });
            node.kind = ExprKind::Column(first + at);
        });
        brought_outside(&mut condition);
        residual.push(condition);
    }
    Some(Join {
        kind,
        right: derived(query, split.own, projection),
        keys: all,
        residual,
        filter: None,
    })
}

/// A condition with an aggregate of a subquery somewhere in it.
fn aggregate(condition: &Expr, first: usize) -> Option<Join> {
    let (query, sql_type) = scalar_subquery(condition)?;
    let aggregate = query.aggregate.as_ref()?;
    // Over no rows it must be NULL, since that is what a row without a partner gets.
    let null_of_nothing = |f: &AggregateFunction| {
        matches!(
            f,
            AggregateFunction::Min
                | AggregateFunction::Max
                | AggregateFunction::Sum
                | AggregateFunction::Avg
        )
    };
    let simple = aggregate.keys.is_empty()
        && aggregate.sets.is_empty()
        && aggregate.having.is_none()
        && aggregate.calls.iter().all(|c| {
            null_of_nothing(&c.function) && c.filter.is_none() && c.arguments.iter().all(is_safe)
        });
    let [value] = query.projection.as_slice() else {
        return None;
    };
    if !simple || query.distinct.is_some() || !is_strict(value) || !is_safe(value) {
        return None;
    }
    let split = split(query)?;
    if split.keys.is_empty() || !split.others.is_empty() {
        return None;
    }
    let width = split.keys.len();
    let inside: Vec<Expr> = split.keys.iter().map(|(_, e)| e.clone()).collect();
    let mut projection: Vec<Expr> = inside
        .iter()
        .enumerate()
        .map(|(i, e)| column(i, e.sql_type))
        .collect();
    let mut value = value.clone();
    map_columns(&mut value, &|c| c + width);
    projection.push(value);
    let mut right = derived(query, split.own, projection);
    right.aggregate = Some(Aggregate {
        keys: inside,
        sets: Vec::new(),
        calls: aggregate.calls.clone(),
        having: None,
    });
    let mut filter = condition.clone();
    replace_scalar(&mut filter, &column(first + width, sql_type));
    Some(Join {
        kind: JoinKind::Left,
        right,
        keys: split.keys,
        residual: Vec::new(),
        filter: Some(filter),
    })
}

/// `query` under its own conditions alone, giving `projection`.
fn derived(query: &Query, own: Vec<Expr>, projection: Vec<Expr>) -> Query {
    Query {
        from: query.from.clone(),
        filter: conjunction(own),
        output: projection
            .iter()
            .map(|e| OutputColumn {
                name: String::new(),
                sql_type: e.sql_type,
            })
            .collect(),
        projection,
        ..Query::default()
    }
}

/// The first scalar subquery in `expr` that is always evaluated with it.
fn scalar_subquery(expr: &Expr) -> Option<(&Query, SqlType)> {
    match &expr.kind {
        ExprKind::ScalarSubquery(query) => Some((query, expr.sql_type)),
        ExprKind::Compare(..)
        | ExprKind::Arithmetic(..)
        | ExprKind::Cast { .. }
        | ExprKind::Negate(_) => {
            let mut found = None;
            any_operand(expr, &mut |operand| {
                found = scalar_subquery(operand);
                found.is_some()
            });
            found
        }
        _ => None,
    }
}

/// Puts `value` where [`scalar_subquery`] finds one.
fn replace_scalar(expr: &mut Expr, value: &Expr) -> bool {
    if matches!(expr.kind, ExprKind::ScalarSubquery(_)) {
        *expr = value.clone();
        return true;
    }
    matches!(
        expr.kind,
        ExprKind::Compare(..)
            | ExprKind::Arithmetic(..)
            | ExprKind::Cast { .. }
            | ExprKind::Negate(_)
    ) && any_operand_mut(expr, &mut |operand| replace_scalar(operand, value))
}

/// Whether evaluating `expr` hardly fails: it is going to be evaluated for rows that nobody asks for.
fn is_safe(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Column(_) | ExprKind::Literal(_) => true,
        ExprKind::Arithmetic(ArithmeticOp::Divide | ArithmeticOp::Modulo, dividend, divisor) => {
            let zero =
                |v: &Value| v.is_null() || v.to_string().bytes().all(|b| b"-0.".contains(&b));
            is_safe(dividend) && matches!(&divisor.kind, ExprKind::Literal(v) if !zero(v))
        }
        ExprKind::Cast { input, .. } => {
            expr.sql_type.is_number() && input.sql_type.is_number() && is_safe(input)
        }
        ExprKind::Arithmetic(..) | ExprKind::Negate(_) => !any_operand(expr, &mut |e| !is_safe(e)),
        _ => false,
    }
}

/// Whether `expr` is NULL when all its columns are, as far as its form shows.
fn is_strict(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Column(_) => true,
        ExprKind::Arithmetic(..) | ExprKind::Cast { .. } | ExprKind::Negate(_) => {
            any_operand(expr, &mut is_strict)
        }
        _ => false,
    }
}
