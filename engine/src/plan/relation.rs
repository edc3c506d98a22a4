//! From a FROM tree to groups of relations that may be joined in any order, each condition as far down as it may go.
//!
//! ```text
//!   (a JOIN b ON p) LEFT JOIN c ON q   WHERE r      ──▶   group { outer { group { a, b; p, r over a and b },
//!                                                                        group { c; q over c alone },
//!                                                                        on: q };
//!                                                                r over c }
//! ```
//!
//! A left or full join is one relation of its group, with a group at either side. It becomes an inner join first where
//! a condition above refuses the NULLs that it would add.

use crate::catalog::Table;
use crate::plan::block::Block;
use crate::plan::expr::{
    column, columns_of, has_subquery, is_volatile, map_columns, rejects_null, split_conjuncts,
    visit_columns_mut,
};
use crate::sql::bound::{
    CteReference, Distinct, Expr, ExprKind, From, Function, JoinKind, Lateral, Query, Recursive,
    SetOperation, SetOperator, SetRows,
};
use std::sync::Arc;

/// Relations that are joined by inner joins, in an order to be chosen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The relations.
    pub(crate) relations: Vec<Relation>,
    /// Conditions over several of them, or over none.
    pub(crate) conditions: Vec<Expr>,
}

/// One relation of a group.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// What it is.
    pub(crate) source: Source,
    /// Number of its first column.
    pub(crate) offset: usize,
    /// How many columns it has.
    pub(crate) width: usize,
    /// Conditions over this relation alone.
    pub(crate) conditions: Vec<Expr>,
}

/// What a relation is.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A table.
    Table { table: Arc<Table>, alias: String },
    /// A derived table.
    Derived { query: Box<Query>, alias: String },
    /// Rows of constants.
    Values { rows: Vec<Vec<Expr>> },
    /// The rows of several queries.
    SetOperation(SetOperation),
    /// A query of WITH that is computed apart.
    Cte(CteReference),
    /// A recursive query of WITH.
    Recursive(Box<Recursive>),
    /// The rows of a function.
    Function(Function),
    /// For each row of a query the rows of functions of it.
    SetRows(SetRows),
    /// For each row of `left` the rows of a query that sees it, as an inner or left join.
    Lateral {
        kind: JoinKind,
        left: Box<Group>,
        query: Lateral,
        on: Vec<Expr>,
    },
    /// A left or a full join.
    Outer {
        kind: JoinKind,
        left: Box<Group>,
        right: Box<Group>,
        on: Vec<Expr>,
    },
}

impl Relation {
    /// Which of its own columns, counted from 0, are among `needed` or in its conditions.
    pub(crate) fn wanted(&self, needed: &[usize]) -> Vec<bool> {
        let mut wanted = vec![false; self.width];
        let conditions = self.conditions.iter().flat_map(columns_of);
        for column in needed.iter().copied().chain(conditions) {
            if self.has(column) {
                wanted[column - self.offset] = true;
            }
        }
        wanted
    }

    /// Whether `column` is one of its columns.
    pub(crate) fn has(&self, column: usize) -> bool {
        (self.offset..self.offset + self.width).contains(&column)
    }
}

impl Group {
    /// The group of `from` under the conditions `filter`.
    pub(crate) fn new(mut from: From, filter: Vec<Expr>) -> Self {
        simplify_outer(&mut from, 0, &filter);
        let mut group = Self {
            relations: Vec::new(),
            conditions: filter,
        };
        group.add(from, 0);
        group.distribute();
        group
    }

    fn add(&mut self, from: From, offset: usize) -> usize {
        let (source, width) = match from {
            From::Join {
                left,
                right,
                kind,
                on,
            } => match (*right, kind) {
                (From::Lateral(query), _) => {
                    let (source, width, conditions) = lateral(*left, query, kind, on, offset);
                    self.conditions.extend(conditions);
                    (source, width)
                }
                (right, JoinKind::Inner) => {
                    let middle = self.add(*left, offset);
                    let end = self.add(right, middle);
                    if let Some(on) = on {
                        split_conjuncts(shifted(on, offset), &mut self.conditions);
                    }
                    return end;
                }
                (right, _) => outer(*left, right, kind, on, offset),
            },
            From::Table {
                table,
                alias,
                row_id,
            } => {
                let width = table.columns.len() + usize::from(row_id);
                (Source::Table { table, alias }, width)
            }
            From::Subquery { query, alias, .. } => {
                let width = query.output.len();
                (Source::Derived { query, alias }, width)
            }
            From::Values { rows, types } => (Source::Values { rows }, types.len()),
            From::SetOperation(operation) => {
                let width = operation.types.len();
                (Source::SetOperation(operation), width)
            }
            From::Cte(reference) => {
                let width = reference.types.len();
                (Source::Cte(reference), width)
            }
            From::Recursive(recursive) => {
                let width = recursive.types.len();
                (Source::Recursive(recursive), width)
            }
            From::Function(function) => {
                let width = function.types.len();
                (Source::Function(function), width)
            }
            From::SetRows(rows) => {
                let width = rows.types.len();
                (Source::SetRows(rows), width)
            }
            From::Lateral(_) => unreachable!("PLAN-4: LATERAL is the right side of a join"),
        };
        self.relations.push(Relation {
            source,
            offset,
            width,
            conditions: Vec::new(),
        });
        offset + width
    }

    /// Gives each condition over one relation to that relation, and on into it.
    fn distribute(&mut self) {
        for condition in std::mem::take(&mut self.conditions) {
            let columns = columns_of(&condition);
            let home = columns.first().and_then(|first| {
                self.relations
                    .iter()
                    .position(|r| r.has(*first) && columns.iter().all(|c| r.has(*c)))
            });
            match home {
                Some(home) => self.relations[home].push_condition(condition),
                None => self.conditions.push(condition),
            }
        }
        for relation in &mut self.relations {
            match &mut relation.source {
                Source::Outer { left, right, .. } => {
                    left.distribute();
                    right.distribute();
                }
                Source::Lateral { left, .. } => left.distribute(),
                _ => {}
            }
        }
    }
}

impl Relation {
    fn push_condition(&mut self, condition: Expr) {
        match &mut self.source {
            Source::Outer {
                kind: JoinKind::Left,
                left,
                ..
            }
            | Source::Lateral { left, .. }
                if columns_of(&condition)
                    .iter()
                    .all(|c| left.relations.iter().any(|r| r.has(*c))) =>
            {
                left.conditions.push(condition);
            }
            Source::Derived { query, .. } => {
                if !into_all(&condition, std::slice::from_mut(&mut **query), self.offset) {
                    self.conditions.push(condition);
                }
            }
            // Of equal rows that differ in what a condition can see (1.0 and 1.00), the other operations keep one that
            // depends on all rows: the condition stays above them.
            Source::SetOperation(SetOperation {
                operator: SetOperator::Union,
                all: true,
                inputs,
                ..
            }) => {
                if !into_all(&condition, inputs, self.offset) {
                    self.conditions.push(condition);
                }
            }
            _ => self.conditions.push(condition),
        }
    }
}

/// A join with LATERAL, its width, and those of its conditions that hold for its whole rows.
fn lateral(
    left: From,
    mut query: Lateral,
    kind: JoinKind,
    on: Option<Expr>,
    offset: usize,
) -> (Source, usize, Vec<Expr>) {
    let mut left_group = Group::default();
    let end = left_group.add(left, offset) + query.types.len();
    query.rows = shifted(query.rows, offset);
    let mut conditions = Vec::new();
    if let Some(on) = on {
        split_conjuncts(shifted(on, offset), &mut conditions);
    }
    let on = match kind {
        JoinKind::Inner => Vec::new(),
        _ => std::mem::take(&mut conditions),
    };
    let source = Source::Lateral {
        kind,
        left: Box::new(left_group),
        query,
        on,
    };
    (source, end - offset, conditions)
}

fn outer(
    left: From,
    right: From,
    kind: JoinKind,
    on: Option<Expr>,
    offset: usize,
) -> (Source, usize) {
    let mut left_group = Group::default();
    let middle = left_group.add(left, offset);
    let mut right_group = Group::default();
    let end = right_group.add(right, middle);
    let mut all = Vec::new();
    if let Some(on) = on {
        split_conjuncts(shifted(on, offset), &mut all);
    }
    // A condition of ON over the right side alone decides which right rows are partners: it can go there, unless those
    // that are none are wanted too.
    let (inner, on): (Vec<Expr>, Vec<Expr>) = all.into_iter().partition(|e| {
        let columns = columns_of(e);
        kind == JoinKind::Left
            && !columns.is_empty()
            && columns.iter().all(|c| (middle..end).contains(c))
    });
    right_group.conditions.extend(inner);
    let source = Source::Outer {
        kind,
        left: Box::new(left_group),
        right: Box::new(right_group),
        on,
    };
    (source, end - offset)
}

/// Turns left joins whose added NULLs `conditions` refuse into inner joins, and full joins into left joins. Returns the
/// column after the last.
fn simplify_outer(from: &mut From, offset: usize, conditions: &[Expr]) -> usize {
    let From::Join {
        left,
        right,
        kind,
        on,
    } = from
    else {
        return offset + Block::new(Some(from)).types.len();
    };
    let middle = offset + Block::new(Some(left)).types.len();
    let end = middle + Block::new(Some(right)).types.len();
    let right_columns = |c: usize| (middle..end).contains(&c);
    let left_columns = |c: usize| (offset..middle).contains(&c);
    if *kind == JoinKind::Full && conditions.iter().any(|e| rejects_null(e, &left_columns)) {
        *kind = JoinKind::Left;
    }
    if *kind == JoinKind::Left && conditions.iter().any(|e| rejects_null(e, &right_columns)) {
        *kind = JoinKind::Inner;
    }
    let mut own = Vec::new();
    if let Some(on) = on {
        split_conjuncts(shifted(on.clone(), offset), &mut own);
    }
    match kind {
        JoinKind::Inner => {
            own.extend(conditions.iter().cloned());
            simplify_outer(left, offset, &own);
            simplify_outer(right, middle, &own);
        }
        JoinKind::Left => {
            simplify_outer(left, offset, conditions);
            simplify_outer(right, middle, &own);
        }
        JoinKind::Full | JoinKind::Semi | JoinKind::Anti => {
            simplify_outer(left, offset, &[]);
            simplify_outer(right, middle, &[]);
        }
    }
    end
}

/// Adds `condition` over the columns that each of `queries` gives to the WHERE of all of them; false, and nothing is
/// done, where that does not mean the same for one.
fn into_all(condition: &Expr, queries: &mut [Query], offset: usize) -> bool {
    let inner: Option<Vec<Expr>> = queries
        .iter()
        .map(|query| into_derived(condition, query, offset))
        .collect();
    let Some(inner) = inner else {
        return false;
    };
    for (query, condition) in queries.iter_mut().zip(inner) {
        query.filter = Some(and(query.filter.take(), condition));
    }
    true
}

/// `condition` over the columns of a derived table, as a condition for its WHERE, where that means the same.
fn into_derived(condition: &Expr, query: &Query, offset: usize) -> Option<Expr> {
    if query.limit.is_some() || query.offset.is_some() || has_subquery(condition) {
        return None;
    }
    // A row that another stands for must not go away alone.
    let mut possible = !matches!(query.distinct, Distinct::On(_));
    let mut inner = condition.clone();
    visit_columns_mut(&mut inner, 0, &mut |node, c| {
        let projected = query.projection.get(c - offset);
        // A row that another of its partition sees must not go away alone.
        let whole = |e: &&Expr| query.windows.iter().all(|w| w.partition_by.contains(e));
        let below = projected.filter(whole);
        let below = below.and_then(|e| match (&query.aggregate, &e.kind) {
            (None, _) => Some(e),
            (Some(aggregate), ExprKind::Column(k)) if aggregate.sets.is_empty() => {
                aggregate.keys.get(*k)
            }
            (Some(_), _) => None,
        });
        match below.filter(|e| !has_subquery(e) && !is_volatile(e)) {
            Some(below) => *node = below.clone(),
            None => possible = false,
        }
    });
    possible.then_some(inner)
}

fn and(existing: Option<Expr>, new: Expr) -> Expr {
    let mut list = Vec::new();
    if let Some(existing) = existing {
        split_conjuncts(existing, &mut list);
    }
    list.push(new);
    Expr {
        kind: ExprKind::And(list),
        sql_type: crate::types::SqlType::Bool,
    }
}

/// Replaces the columns of a derived table that are not `wanted` (see [`Relation::wanted`]) by NULLs, so that what they
/// would read is not read.
pub(crate) fn prune_derived(query: &mut Query, wanted: &[bool]) {
    if query.distinct.is_some() {
        return;
    }
    for (i, expr) in query.projection.iter_mut().enumerate() {
        let ordered = query.order_by.iter().any(|k| k.column == i);
        if !ordered && wanted.get(i) == Some(&false) {
            expr.kind = ExprKind::Literal(crate::types::Value::Null);
        }
    }
}

/// A table with its row ids as a relation whose columns start at 0, under `conditions`.
pub(crate) fn table_relation(table: &Arc<Table>, conditions: Vec<Expr>) -> Relation {
    Relation {
        source: Source::Table {
            table: table.clone(),
            alias: table.name.to_string(),
        },
        offset: 0,
        width: table.columns.len() + 1,
        conditions,
    }
}

/// The ON of a join, which counts from the join's own first column, over the columns of the whole FROM.
fn shifted(mut on: Expr, offset: usize) -> Expr {
    map_columns(&mut on, &|c| c + offset);
    on
}

/// References to all of `types`, from `offset` on.
pub(crate) fn references(types: &[crate::types::SqlType], offset: usize) -> Vec<Expr> {
    types
        .iter()
        .enumerate()
        .map(|(i, t)| column(offset + i, *t))
        .collect()
}
