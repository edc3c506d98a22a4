//! Window functions: for each PARTITION BY and ORDER BY a sort, unless the rows come in that order already, and one node
//! for all calls over it.
//!
//! ```text
//!   sum(x) OVER (PARTITION BY a ORDER BY b), count(*) OVER (PARTITION BY a), rank() OVER (ORDER BY f(c))
//!
//!   WindowAgg rank ─ Sort f(c) ─ WindowAgg count ─ WindowAgg sum ─ Sort a, b ─ Project …, f(c)
//! ```

use crate::error::Result;
use crate::plan::cost;
use crate::plan::group::Wanted;
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::plan::query::{projected, sort};
use crate::plan::relation::references;
use crate::sql::bound::{Expr, ExprKind, OrderKey, WINDOW_BASE, Window};

/// A column of the query (or, from the last number down, a computed key) with its direction and whether NULLs come first.
pub(crate) type SortKey = (usize, bool, bool);

/// The order that the first window needs, when an access path could give it.
pub(crate) fn wanted_by_windows(windows: &[Window]) -> Option<Wanted> {
    let order = sort_keys(windows.get(next(windows, &[], &[])?)?, &[]);
    let plain = order.iter().all(|(column, ..)| *column < WINDOW_BASE);
    (plain && !order.is_empty()).then_some(Wanted { order, limit: None })
}

impl Planner<'_> {
    /// `built` with the results of `windows`. Its rows are `sorted`; gives how they are then.
    pub(crate) fn windows(
        &mut self,
        mut windows: Vec<Window>,
        built: Built,
        mut sorted: Vec<SortKey>,
    ) -> Result<(Built, Vec<SortKey>)> {
        let mut computed: Vec<Expr> = Vec::new();
        for key in windows.iter().flat_map(keys) {
            if !matches!(key.kind, ExprKind::Column(_)) && !computed.contains(key) {
                computed.push(key.clone());
            }
        }
        let mut built = self.with_columns(built, &computed)?;
        while let Some(at) = next(&windows, &computed, &sorted) {
            let window = windows.remove(at);
            let order = sort_keys(&window, &computed);
            if !sorted.starts_with(&order) {
                built.node = sort(built.node, order_keys(&order, &built.layout), None, None);
                sorted = order;
            }
            built = self.window(window, &computed, built)?;
        }
        Ok((built, sorted))
    }

    /// `built` with `columns` behind, which are columns of the query from the last number down.
    fn with_columns(&mut self, built: Built, columns: &[Expr]) -> Result<Built> {
        if columns.is_empty() {
            return Ok(built);
        }
        let mut expressions = references(&built.node.types, 0);
        let mut layout = built.layout;
        expressions.extend(self.resolve_all(columns.to_vec(), &layout)?);
        layout.extend((0..columns.len()).map(|i| usize::MAX - i));
        Ok(Built {
            node: projected(built.node, expressions),
            layout,
        })
    }

    fn window(&mut self, mut window: Window, computed: &[Expr], built: Built) -> Result<Built> {
        let Built { node, mut layout } = built;
        let order = window.order_by.iter();
        let order: Vec<SortKey> = order
            .map(|k| (number(&k.expr, computed), k.descending, k.nulls_first))
            .collect();
        let order_by = order_keys(&order, &layout);
        let partition = window.partition_by.iter();
        let partition = partition.filter_map(|e| position(&layout, number(e, computed)));
        let partition_by = partition.collect();
        for call in &mut window.calls {
            for expr in call.expressions_mut() {
                *expr = self.resolve(expr.clone(), &layout)?;
            }
        }
        layout.extend(window.calls.iter().map(|call| call.column));
        let mut types = node.types.clone();
        types.extend(window.calls.iter().map(|call| call.sql_type));
        let work = node.rows * cost::OPERATOR * (window.calls.len() + 1) as f64;
        let node = PlanNode {
            rows: node.rows,
            cost: Cost {
                startup: node.cost.startup,
                total: node.cost.total + work,
            },
            kind: NodeKind::Window {
                input: Box::new(node),
                partition_by,
                order_by,
                calls: window.calls,
            },
            types,
        };
        Ok(Built { node, layout })
    }
}

/// Which of `windows` is computed next: one that needs no sort, or else the one with the longest keys, which others may
/// share. `None` when none has a call.
fn next(windows: &[Window], computed: &[Expr], sorted: &[SortKey]) -> Option<usize> {
    let called = |at: &usize| !windows[*at].calls.is_empty();
    let length = |at: &usize| sort_keys(&windows[*at], computed).len();
    let is_sorted = |at: &usize| sorted.starts_with(&sort_keys(&windows[*at], computed));
    let of_all = || (0..windows.len()).filter(called);
    of_all()
        .find(is_sorted)
        .or_else(|| of_all().rev().max_by_key(length))
}

fn keys(window: &Window) -> impl Iterator<Item = &Expr> {
    let order = window.order_by.iter().map(|key| &key.expr);
    window.partition_by.iter().chain(order)
}

/// The order that `window` needs. A column that is a key already sorts nothing more.
fn sort_keys(window: &Window, computed: &[Expr]) -> Vec<SortKey> {
    let partition = window.partition_by.iter().map(|e| (e, false, false));
    let order = window.order_by.iter();
    let order = order.map(|k| (&k.expr, k.descending, k.nulls_first));
    let mut keys: Vec<SortKey> = Vec::new();
    for (expr, descending, nulls_first) in partition.chain(order) {
        let column = number(expr, computed);
        if keys.iter().all(|(known, ..)| *known != column) {
            keys.push((column, descending, nulls_first));
        }
    }
    keys
}

/// The number of the column that a key is.
fn number(expr: &Expr, computed: &[Expr]) -> usize {
    match expr.kind {
        ExprKind::Column(column) => column,
        _ => usize::MAX - computed.iter().position(|c| c == expr).unwrap_or(0),
    }
}

fn position(layout: &[usize], column: usize) -> Option<usize> {
    layout.iter().position(|known| *known == column)
}

fn order_keys(keys: &[SortKey], layout: &[usize]) -> Vec<OrderKey> {
    keys.iter()
        .filter_map(|(column, descending, nulls_first)| {
            Some(OrderKey {
                column: position(layout, *column)?,
                descending: *descending,
                nulls_first: *nulls_first,
            })
        })
        .collect()
}
