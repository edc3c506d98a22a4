//! The bound tree of FROM and WITH.

use super::{Expr, ModifyingQuery, Query, RowLock, SetRows};
use crate::catalog::Table;
use crate::types::SqlType;
use std::sync::Arc;

/// A source of rows in FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// A table: all of its columns in order.
    Table {
        /// The table.
        table: Arc<Table>,
        /// The name it goes by in the statement (for EXPLAIN).
        alias: String,
        /// The row id follows them as a BIGINT.
        row_id: bool,
    },
    /// A derived table.
    Subquery {
        /// The query.
        query: Box<Query>,
        /// Its alias (for EXPLAIN).
        alias: String,
        /// The rows that the query around it may lock, by row ids that are its last columns.
        row_ids: Vec<RowLock>,
    },
    /// Rows of constants: `VALUES`, also the source of `INSERT … VALUES`.
    Values {
        /// Row by row, all of `types.len()` expressions.
        rows: Vec<Vec<Expr>>,
        /// Column types.
        types: Vec<SqlType>,
    },
    /// The rows of several queries.
    SetOperation(SetOperation),
    /// The rows of a query of WITH, or the working table of a recursive one.
    Cte(CteReference),
    /// A recursive query of WITH.
    Recursive(Box<Recursive>),
    /// The rows of a function.
    Function(Function),
    /// For each row of a query the rows of functions of it, that were written in a SELECT list.
    SetRows(SetRows),
    /// Rows made for each row to the left; always the right side of an inner or left join.
    Lateral(Lateral),
    /// A join; its columns are the left's, then the right's.
    Join {
        /// Left input.
        left: Box<From>,
        /// Right input.
        right: Box<From>,
        /// Which rows without a partner are kept.
        kind: JoinKind,
        /// ON, over the columns of both; `None` for CROSS JOIN and the comma.
        on: Option<Expr>,
    },
}

/// A query of WITH.
#[derive(Clone, Debug, PartialEq)]
pub struct WithQuery {
    /// Its number, which no other of the statement has.
    pub id: usize,
    /// Its name (for EXPLAIN).
    pub name: String,
    /// The query; of a change nothing but its result columns.
    pub query: Query,
    /// The change whose RETURNING it is, if it is one.
    pub change: Option<ModifyingQuery>,
    /// How often it is referred to.
    pub references: usize,
    /// Whether some reference is inside a subquery of an expression, which may run many times.
    pub in_subquery: bool,
    /// `MATERIALIZED`, `NOT MATERIALIZED`, or nothing.
    pub materialized: Option<bool>,
}

/// A reference to a query of WITH in FROM.
#[derive(Clone, Debug, PartialEq)]
pub struct CteReference {
    /// The number of the query.
    pub id: usize,
    /// The name it goes by in the statement (for EXPLAIN).
    pub alias: String,
    /// Column types.
    pub types: Vec<SqlType>,
    /// Inside the recursive term: only the rows that the last step gave.
    pub working: bool,
}

/// `seed UNION [ALL] step`: the rows of `seed`, then those that `step` makes of the last ones, until it makes no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Recursive {
    /// The number of the query of WITH, by which `step` refers to its working table.
    pub id: usize,
    /// The term that does not refer to the query.
    pub seed: Query,
    /// The term that does, of the same column types.
    pub step: Query,
    /// UNION ALL: duplicates stay.
    pub all: bool,
    /// Column types.
    pub types: Vec<SqlType>,
}

/// A function in FROM.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Which.
    pub function: TableFunction,
    /// Its arguments, without columns of FROM, of the types that it takes.
    pub arguments: Vec<Expr>,
    /// `WITH ORDINALITY`: the number of the row, from 1, is one more column, BIGINT.
    pub ordinality: bool,
    /// The name it goes by in the statement (for EXPLAIN).
    pub alias: String,
    /// Column types.
    pub types: Vec<SqlType>,
}

/// Functions that give rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFunction {
    /// `unnest(array, …)`: a column for each array, as many rows as the longest has elements.
    Unnest,
    /// `generate_subscripts(array, dimension[, reverse])`: INTEGER.
    Subscripts,
    /// `json_array_elements(JSON)`, of JSONB too; as TEXT by the type of its column.
    JsonElements,
    /// `json_object_keys(JSON)`, of JSONB too: TEXT.
    JsonKeys,
    /// `json_each(JSON)`, of JSONB too: the key, and the value, as TEXT by the type of its column.
    JsonFields,
    /// `jsonb_path_query(JSONB, path TEXT[, variables JSONB[, silent BOOLEAN]])`: JSONB, each that the path finds.
    JsonPathQuery,
    /// `regexp_matches(TEXT, pattern TEXT[, flags TEXT])`: TEXT[], the groups of each match.
    RegexpMatches,
    /// `generate_series(start, stop, step)` of INTEGER, BIGINT or NUMERIC, without a step by 1; of `TIMESTAMP[TZ]` by an
    /// INTERVAL.
    GenerateSeries,
}

/// A query in FROM that sees the columns to its left.
#[derive(Clone, Debug, PartialEq)]
pub struct Lateral {
    /// [`super::ExprKind::Rows`] over the columns of the join whose right side it is, counted as in ON.
    pub rows: Expr,
    /// The name it goes by in the statement (for EXPLAIN).
    pub alias: String,
    /// Column types.
    pub types: Vec<SqlType>,
}

/// `UNION`, `INTERSECT` or `EXCEPT` of queries whose columns the binder has brought to one type each. For all three,
/// NULLs are equal. ORDER BY, LIMIT and OFFSET over the result belong to the query around it.
#[derive(Clone, Debug, PartialEq)]
pub struct SetOperation {
    /// Which.
    pub operator: SetOperator,
    /// `ALL`: duplicates stay.
    pub all: bool,
    /// What is combined, from left to right: two queries, or any number of them for UNION.
    pub inputs: Vec<Query>,
    /// Column types.
    pub types: Vec<SqlType>,
}

/// Set operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in SQL
pub enum SetOperator {
    Union,
    Intersect,
    Except,
}

/// Kinds of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs only.
    Inner,
    /// Left rows without a partner are kept, with NULLs at the right.
    Left,
    /// Rows of both sides without a partner are kept, with NULLs at the other.
    Full,
    /// The left rows that have a partner; made by the planner of EXISTS and IN.
    Semi,
    /// The left rows that have none; made by the planner of NOT EXISTS.
    Anti,
}
