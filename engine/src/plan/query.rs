//! The plan of one query block: FROM and WHERE, grouping, projection, DISTINCT, order, limit.

use crate::error::Result;
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::{columns_of, has_subquery, literal, split_conjuncts};
use crate::plan::group::Wanted;
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::plan::relation::{Group, Source, references};
use crate::plan::selectivity;
use crate::plan::window::{SortKey, wanted_by_windows};
use crate::sql::bound::{
    Aggregate, AggregateFunction, Distinct, Expr, ExprKind, OrderKey, Query, RowLock, WINDOW_BASE,
    Window,
};
use crate::types::{SqlType, Value};

/// Fraction of rows that a LIMIT of unknown size asks for.
const LIMIT_UNKNOWN: f64 = 0.1;

impl Planner<'_> {
    /// The plan of `query`; its output is the visible columns.
    pub(crate) fn plan_query(&mut self, mut query: Query) -> Result<PlanNode> {
        self.with(std::mem::take(&mut query.with))?;
        query.from.iter_mut().for_each(|from| self.merge_ctes(from));
        let mut block = Block::new(query.from.as_ref());
        block.set_index_keys(|table| self.index_keys(table))?;
        let wanted = wanted(&query);
        let (built, mut ordered) = self.source(&mut query, &block, wanted.as_ref())?;
        let built = match query.aggregate.take() {
            Some(aggregate) => self.aggregate(aggregate, built, &block)?,
            None => built,
        };
        let built = if query.windows.is_empty() {
            built
        } else {
            let order = wanted.filter(|_| ordered).map(|wanted| wanted.order);
            let windows = std::mem::take(&mut query.windows);
            let (built, sorted) = self.windows(windows, built, order.unwrap_or_default())?;
            ordered = query.distinct != Distinct::All && is_sorted(&query, &sorted);
            built
        };
        let visible = query.output.len();
        let mut node = self.project(query.projection, built)?;
        match std::mem::take(&mut query.distinct) {
            Distinct::No => {}
            Distinct::All => node = distinct(node),
            Distinct::On(columns) => {
                if !ordered {
                    node = sort(node, query.order_by.clone(), None, None);
                    ordered = true;
                }
                node = first_of_each(node, columns);
            }
        }
        let with_ties = query.limit.as_ref().is_some_and(|l| l.with_ties);
        let limit = query
            .limit
            .map(|l| self.resolve(l.count, &[]))
            .transpose()?;
        let offset = query.offset.map(|e| self.resolve(e, &[])).transpose()?;
        let ties: Vec<usize> = match with_ties {
            true => query.order_by.iter().map(|key| key.column).collect(),
            false => Vec::new(),
        };
        if !query.locks.is_empty() {
            // Below LIMIT, so that only what is given is locked, and above the sort.
            if !query.order_by.is_empty() && !ordered {
                node = sort(node, query.order_by, None, None);
            }
            node = locked(node, query.locks);
            if limit.is_some() || offset.is_some() {
                node = limited(node, limit, offset, ties);
            }
        } else if !ties.is_empty() {
            if !ordered {
                node = sort(node, query.order_by, None, None);
            }
            node = limited(node, limit, offset, ties);
        } else if !query.order_by.is_empty() && !ordered {
            node = sort(node, query.order_by, limit, offset);
        } else if limit.is_some() || offset.is_some() {
            node = limited(node, limit, offset, ties);
        }
        if node.types.len() > visible {
            let columns = references(&node.types[..visible], 0);
            node = projected(node, columns);
        }
        Ok(node)
    }

    /// FROM and WHERE. True when the rows come in the wanted order.
    fn source(
        &mut self,
        query: &mut Query,
        block: &Block,
        wanted: Option<&Wanted>,
    ) -> Result<(Built, bool)> {
        let mut filter = Vec::new();
        if let Some(condition) = query.filter.take() {
            split_conjuncts(condition, &mut filter);
        }
        let Some(from) = query.from.take() else {
            let fraction = selectivity::all(&filter, block);
            return Ok((self.filtered(one_row(), filter, fraction)?, false));
        };
        let needed = needed(query);
        let group = Group::new(from, filter);
        if let Some(built) = self.extreme(query, &group, &needed, block)? {
            return Ok((built, false));
        }
        self.group(&group, &needed, block, wanted)
    }

    /// `min(column)` or `max(column)` alone over one table: its first row in the order of the column, where an access
    /// path gives that order.
    fn extreme(
        &mut self,
        query: &Query,
        group: &Group,
        needed: &[usize],
        block: &Block,
    ) -> Result<Option<Built>> {
        let Some(Aggregate {
            keys, calls, sets, ..
        }) = &query.aggregate
        else {
            return Ok(None);
        };
        if !sets.is_empty() {
            return Ok(None);
        }
        let ([], [call], [relation]) = (
            keys.as_slice(),
            calls.as_slice(),
            group.relations.as_slice(),
        ) else {
            return Ok(None);
        };
        let descending = match call.function {
            AggregateFunction::Min => false,
            AggregateFunction::Max => true,
            _ => return Ok(None),
        };
        let (ExprKind::Column(c), Source::Table { table, .. }) =
            (&call.arguments[0].kind, &relation.source)
        else {
            return Ok(None);
        };
        if call.filter.is_some() {
            return Ok(None);
        }
        let mut group = group.clone();
        if !table.columns[*c - relation.offset].not_null {
            group.relations[0].conditions.push(Expr {
                kind: ExprKind::IsNull {
                    input: Box::new(call.arguments[0].clone()),
                    negated: true,
                },
                sql_type: SqlType::Bool,
            });
        }
        let wanted = Wanted {
            order: vec![(*c, descending, descending)],
            limit: Some(1.0),
        };
        let before = self.subplans.len();
        let (built, ordered) = self.group(&group, needed, block, Some(&wanted))?;
        if !ordered {
            self.subplans.truncate(before);
            return Ok(None);
        }
        let one = literal(Value::Int8(1), SqlType::Int8);
        Ok(Some(Built {
            node: limited(built.node, Some(one), None, Vec::new()),
            layout: built.layout,
        }))
    }

    fn project(&mut self, projection: Vec<Expr>, built: Built) -> Result<PlanNode> {
        let expressions = self.resolve_all(projection, &built.layout)?;
        Ok(projected(built.node, expressions))
    }
}

/// The columns of FROM that the query wants beside its conditions.
fn needed(query: &Query) -> Vec<usize> {
    let mut needed = Vec::new();
    let mut add = |e: &Expr| needed.extend(columns_of(e));
    match &query.aggregate {
        Some(aggregate) => {
            aggregate.keys.iter().for_each(&mut add);
            for call in &aggregate.calls {
                call.arguments.iter().for_each(&mut add);
                call.filter.iter().for_each(&mut add);
            }
        }
        None => {
            query.projection.iter().for_each(&mut add);
            let windows = query.windows.iter();
            windows.flat_map(Window::expressions).for_each(&mut add);
        }
    }
    needed.retain(|column| *column < WINDOW_BASE);
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// The order that rows of FROM should have so that the query needs no sort.
fn wanted(query: &Query) -> Option<Wanted> {
    if query.aggregate.is_some() {
        return None;
    }
    if !query.windows.is_empty() {
        return wanted_by_windows(&query.windows);
    }
    if query.order_by.is_empty() || query.distinct == Distinct::All {
        return None;
    }
    let order = query
        .order_by
        .iter()
        .map(|key| match query.projection.get(key.column)?.kind {
            ExprKind::Column(c) => Some((c, key.descending, key.nulls_first)),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Wanted {
        order,
        limit: match query.distinct {
            Distinct::No => limit_rows(
                query.limit.as_ref().map(|l| &l.count),
                query.offset.as_ref(),
            ),
            _ => None,
        },
    })
}

/// Whether rows that are `sorted` by columns of the query need no sort for its ORDER BY.
fn is_sorted(query: &Query, sorted: &[SortKey]) -> bool {
    let mut keys = query.order_by.iter().zip(sorted);
    query.order_by.len() <= sorted.len()
        && keys.all(|(key, (column, descending, nulls_first))| {
            query.projection[key.column].kind == ExprKind::Column(*column)
                && (key.descending, key.nulls_first) == (*descending, *nulls_first)
        })
}

fn limit_rows(limit: Option<&Expr>, offset: Option<&Expr>) -> Option<f64> {
    let number = |e: &Expr| match e.kind {
        ExprKind::Literal(Value::Int8(n)) => n.max(0) as f64,
        _ => 10.0,
    };
    Some(number(limit?) + offset.map_or(0.0, number))
}

fn one_row() -> Built {
    Built {
        node: PlanNode {
            kind: NodeKind::OneRow,
            types: Vec::new(),
            rows: 1.0,
            cost: Cost {
                startup: 0.0,
                total: cost::ROW,
            },
        },
        layout: Vec::new(),
    }
}

/// `input` with computed columns; `input` itself where they are its own.
pub(crate) fn projected(input: PlanNode, expressions: Vec<Expr>) -> PlanNode {
    let same = expressions.len() == input.types.len()
        && expressions
            .iter()
            .enumerate()
            .all(|(i, e)| matches!(e.kind, ExprKind::Column(c) if c == i));
    if same {
        return input;
    }
    let subqueries = expressions.iter().filter(|e| has_subquery(e)).count();
    let computed = expressions
        .iter()
        .filter(|e| !matches!(e.kind, ExprKind::Column(_) | ExprKind::Literal(_)))
        .count();
    PlanNode {
        types: expressions.iter().map(|e| e.sql_type).collect(),
        rows: input.rows,
        cost: Cost {
            startup: input.cost.startup,
            total: input.cost.total
                + cost::predicates(input.rows, computed - subqueries, subqueries),
        },
        kind: NodeKind::Project {
            input: Box::new(input),
            expressions,
        },
    }
}

/// The rows of `input` that can be locked.
fn locked(input: PlanNode, locks: Vec<RowLock>) -> PlanNode {
    PlanNode {
        types: input.types.clone(),
        rows: input.rows,
        cost: Cost {
            startup: input.cost.startup,
            total: input.cost.total + input.rows * cost::ROW,
        },
        kind: NodeKind::LockRows {
            input: Box::new(input),
            locks,
        },
    }
}

/// `input` without duplicates.
pub(crate) fn distinct(input: PlanNode) -> PlanNode {
    let rows = (input.rows * 0.5).max(1.0);
    let startup = input.cost.total + input.rows * cost::OPERATOR * input.types.len() as f64;
    PlanNode {
        types: input.types.clone(),
        rows,
        cost: Cost {
            startup: input.cost.startup,
            total: startup,
        },
        kind: NodeKind::Distinct {
            input: Box::new(input),
        },
    }
}

/// The first of the rows of `input` that are equal in `columns`, by which it is sorted.
fn first_of_each(input: PlanNode, columns: Vec<usize>) -> PlanNode {
    let cost = Cost {
        startup: input.cost.startup,
        total: input.cost.total + input.rows * cost::OPERATOR * columns.len() as f64,
    };
    PlanNode {
        types: input.types.clone(),
        rows: (input.rows * 0.5).max(1.0),
        cost,
        kind: NodeKind::Unique {
            input: Box::new(input),
            columns,
        },
    }
}

/// `input` in order.
pub(crate) fn sort(
    input: PlanNode,
    keys: Vec<OrderKey>,
    limit: Option<Expr>,
    offset: Option<Expr>,
) -> PlanNode {
    let keep = limit_rows(limit.as_ref(), offset.as_ref());
    PlanNode {
        types: input.types.clone(),
        rows: keep.map_or(input.rows, |k| k.min(input.rows)),
        cost: cost::sort(input.cost, input.rows, keep),
        kind: NodeKind::Sort {
            input: Box::new(input),
            keys,
            limit,
            offset,
        },
    }
}

/// `input` with LIMIT and OFFSET; the rows that are equal to the last one in `ties` follow it.
fn limited(
    input: PlanNode,
    limit: Option<Expr>,
    offset: Option<Expr>,
    ties: Vec<usize>,
) -> PlanNode {
    let keep = limit_rows(limit.as_ref(), offset.as_ref());
    let known = limit
        .as_ref()
        .is_none_or(|e| matches!(e.kind, ExprKind::Literal(_)));
    let fraction = match keep {
        Some(rows) if known => rows / input.rows.max(1.0),
        Some(_) => LIMIT_UNKNOWN,
        None => 1.0,
    };
    PlanNode {
        types: input.types.clone(),
        rows: keep.map_or(input.rows, |k| k.min(input.rows)),
        cost: Cost {
            startup: input.cost.startup,
            total: cost::fraction(input.cost, fraction),
        },
        kind: NodeKind::Limit {
            input: Box::new(input),
            limit,
            offset,
            ties,
        },
    }
}
