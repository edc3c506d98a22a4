//! The bound tree: what the binder makes of `sqlparser`'s tree, with every name resolved and every type known.
//!
//! The planner reads nothing else. Implicit casts are explicit here ([`ExprKind::Cast`]); `*` is expanded; `USING` and
//! ordinals in `ORDER BY`/`GROUP BY` are resolved; aggregates are lifted out of their expressions.

mod aggregate;
mod copy;
mod definition;
mod explain;
mod from;
mod set_rows;
mod window;

pub use super::change::{
    ConflictUpdate, Delete, Insert, Merge, MergeAction, MergeKind, ModifyingQuery, OnConflict,
    Returning, RowRules, Update,
};
use crate::catalog::{RelationName, Table, View};
use crate::storage::{IsolationLevel, LockMode};
use crate::types::{EnumType, SqlType, Value};
use std::sync::Arc;

pub use aggregate::{
    Aggregate, AggregateCall, AggregateFunction, AggregateOrder, BitOperator, OrderedSet,
    Regression, Spread,
};
pub use copy::{CopyColumn, CopyForm, CopyFrom, CopyHeader, CopyTo};
pub use definition::{
    AlterSequence, AlterTable, Commented, CreateIndex, CreateSequence, CreateTable, Dropped,
    Filled, Relocated, SequenceOwner,
};
pub use explain::{ExplainFormat, ExplainOptions};
pub use from::{
    CteReference, From, Function, JoinKind, Lateral, Recursive, SetOperation, SetOperator,
    TableFunction, WithQuery,
};
pub use set_rows::{SetRows, SetRowsCall};
pub use window::{
    Frame, FrameBound, FrameExclusion, FrameUnits, WINDOW_BASE, Window, WindowCall, WindowFunction,
    WindowKey,
};

/// A statement, ready to plan.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `SELECT`, `VALUES`, `UNION` and its like.
    Query(Box<Query>),
    /// `INSERT`
    Insert(Box<Insert>),
    /// `UPDATE`
    Update(Box<Update>),
    /// `DELETE`
    Delete(Box<Delete>),
    /// `MERGE`
    Merge(Box<Merge>),
    /// `COPY … TO`
    CopyTo(Box<CopyTo>),
    /// `COPY … FROM`
    CopyFrom(Box<CopyFrom>),
    /// `EXPLAIN` of a query or a change.
    Explain(Box<Statement>, ExplainOptions),
    /// `CREATE TABLE`; indexes for PRIMARY KEY and UNIQUE included.
    CreateTable(Box<CreateTable>),
    /// `CREATE TABLE … AS`, `CREATE MATERIALIZED VIEW`, `REFRESH`, with what adds the rows.
    Fill(Filled, Box<Insert>),
    /// `REFRESH MATERIALIZED VIEW … WITH NO DATA`
    Unpopulate(Arc<Table>),
    /// `ALTER TABLE`; `None` when `IF EXISTS` found none.
    AlterTable(Option<Box<AlterTable>>),
    /// `DROP TABLE`, `DROP VIEW`, `DROP MATERIALIZED VIEW`, `DROP SEQUENCE`, `DROP TYPE`, `DROP SCHEMA`
    Drop(Box<Dropped>),
    /// `TRUNCATE`
    Truncate(Vec<Arc<Table>>, bool),
    /// `CREATE VIEW`, of a view that is new or replaces one.
    CreateView(Box<View>),
    /// `CREATE TYPE`
    CreateType(EnumType),
    /// `ALTER TYPE`: what the type is, and what it is to be; `None` when `IF NOT EXISTS` found the label.
    AlterType(Option<(EnumType, EnumType)>),
    /// `ALTER VIEW`: the name that it has, and what it is to be; `None` when `IF EXISTS` found none.
    AlterView(Option<(RelationName, Box<View>)>),
    /// `CREATE SEQUENCE`; `None` when `IF NOT EXISTS` found one.
    CreateSequence(Option<Box<CreateSequence>>),
    /// `ALTER SEQUENCE`; `None` when `IF EXISTS` found none.
    AlterSequence(Option<Box<AlterSequence>>),
    /// `COMMENT ON`
    Comment(Commented),
    /// `CREATE INDEX`; `None` when `IF NOT EXISTS` found one.
    CreateIndex(Option<Box<CreateIndex>>),
    /// `DROP INDEX`
    DropIndex(Vec<(Arc<Table>, String)>),
    /// `CREATE SCHEMA`; `None` when `IF NOT EXISTS` found one.
    CreateNamespace(Option<String>),
    /// `ALTER … SET SCHEMA`, `ALTER SCHEMA … RENAME`
    Relocate(Box<Relocated>),
    /// `ANALYZE` of these tables.
    Analyze(Vec<Arc<Table>>),
    /// `VACUUM`
    Vacuum,
    /// `CHECKPOINT`
    Checkpoint,
    /// `CHECK DATABASE`
    CheckDatabase,
    /// `BEGIN`, `COMMIT`, …
    Transaction(TransactionStatement),
    /// `SET`, `SHOW` and their like.
    Setting(SettingStatement),
}

/// The modes that `BEGIN` or `SET TRANSACTION` name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransactionModes {
    /// `ISOLATION LEVEL …`
    pub isolation: Option<IsolationLevel>,
    /// `READ ONLY` or `READ WRITE`
    pub read_only: Option<bool>,
    /// `DEFERRABLE` or `NOT DEFERRABLE`
    pub deferrable: Option<bool>,
}

/// How long a setting stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Until the end of the session, unless the transaction is rolled back.
    Session,
    /// Until the end of the transaction.
    Local,
    /// For all sessions that begin from now on.
    Database,
}

/// Statements about settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingStatement {
    /// `SET name TO value`
    Set {
        /// How long.
        scope: Scope,
        /// Of which setting.
        name: String,
        /// As it was written, values of a list with commas between them.
        value: String,
    },
    /// `RESET name`, `SET name TO DEFAULT`; without a name of all settings.
    Reset {
        /// How long.
        scope: Scope,
        /// Of which setting.
        name: Option<String>,
    },
    /// `ALTER DATABASE name`, with what is set or reset.
    OfDatabase(String, Box<SettingStatement>),
    /// `SET TRANSACTION …`
    Transaction(TransactionModes),
    /// `SET SESSION CHARACTERISTICS AS TRANSACTION …`
    Characteristics(TransactionModes),
    /// `SHOW name`; without a name of all settings.
    Show(Option<String>),
    /// `DISCARD ALL`
    DiscardAll,
}

/// Transaction control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionStatement {
    /// `BEGIN`, `START TRANSACTION`
    Begin(TransactionModes),
    /// `COMMIT`, `END`
    Commit,
    /// `ROLLBACK`, `ABORT`
    Rollback,
    /// `SAVEPOINT name`
    Savepoint(String),
    /// `RELEASE SAVEPOINT name`
    Release(String),
    /// `ROLLBACK TO SAVEPOINT name`
    RollbackTo(String),
    /// `SET CONSTRAINTS`
    SetConstraints {
        /// Of that name; `None` is all.
        names: Option<Vec<String>>,
        /// `DEFERRED`, not `IMMEDIATE`
        deferred: bool,
    },
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name as PostgreSQL gives it (`?column?` for an unnamed expression).
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
}

/// A query. Evaluation order: FROM, WHERE, GROUP BY with aggregates, HAVING, window functions, projection, DISTINCT,
/// ORDER BY, OFFSET/LIMIT.
///
/// Expressions refer to columns by position: in WHERE, GROUP BY keys and aggregate arguments, to the columns of `from`
/// (left to right over the joins); when `aggregate` is present, in HAVING, `windows`, `projection` and `order_by`, to the
/// output of the aggregation (its keys first, then its aggregate results). In `projection`, columns from [`WINDOW_BASE`]
/// on are results of window functions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The queries of WITH, each of which may refer to those before it.
    pub with: Vec<WithQuery>,
    /// `None` for a query without FROM: one row of no columns.
    pub from: Option<From>,
    /// WHERE, of type BOOLEAN.
    pub filter: Option<Expr>,
    /// GROUP BY, aggregates and HAVING.
    pub aggregate: Option<Aggregate>,
    /// Window functions.
    pub windows: Vec<Window>,
    /// The result columns, then (hidden) the ORDER BY expressions that are not among them.
    pub projection: Vec<Expr>,
    /// Names and types of the visible result columns: the first `output.len()` of `projection`.
    pub output: Vec<OutputColumn>,
    /// `SELECT DISTINCT`
    pub distinct: Distinct,
    /// ORDER BY, as positions in `projection`. With DISTINCT ON it begins with the columns of that.
    pub order_by: Vec<OrderKey>,
    /// LIMIT.
    pub limit: Option<Limit>,
    /// OFFSET, BIGINT, no column references.
    pub offset: Option<Expr>,
    /// `FOR UPDATE` and its like: row ids behind the visible columns say which rows.
    pub locks: Vec<RowLock>,
}

/// How many rows a query gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// BIGINT, no column references.
    pub count: Expr,
    /// `WITH TIES`: rows that are equal to the last one by ORDER BY follow it.
    pub with_ties: bool,
}

/// Which rows of a query are alike, and only the first of them is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Distinct {
    /// All are given.
    #[default]
    No,
    /// Those whose visible columns are equal.
    All,
    /// `DISTINCT ON`: those that are equal in these positions of the projection.
    On(Vec<usize>),
}

impl Distinct {
    /// Whether some rows may be left out.
    pub fn is_some(&self) -> bool {
        *self != Self::No
    }
}

/// The rows of one table that a query locks.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLock {
    /// Position of the row id in the projection.
    pub column: usize,
    /// The table.
    pub table: Arc<Table>,
    /// The name it goes by in the statement.
    pub alias: String,
    /// How strongly.
    pub mode: LockMode,
    /// `NOWAIT`: `55P03` when somebody else holds the row.
    pub nowait: bool,
    /// `SKIP LOCKED`: as if the row were not there.
    pub skips_locked: bool,
}

/// One key of ORDER BY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderKey {
    /// Position in the projection.
    pub column: usize,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST (PostgreSQL's default is last when ascending, first when descending).
    pub nulls_first: bool,
}

/// An expression with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of the result.
    pub sql_type: SqlType,
}

/// What an expression computes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// `$n`, counted from 0 here.
    Parameter(usize),
    /// A column of the input.
    Column(usize),
    /// A column of the input row of the expression that contains the subquery: `depth` 1 is the row of the innermost
    /// such expression. Only subqueries in expressions count; a derived table is on the level of the query whose FROM
    /// it stands in, and does not see that FROM.
    OuterColumn {
        /// How many subqueries up.
        depth: usize,
        /// Position in that row.
        column: usize,
    },
    /// A conversion to `sql_type` of the expression; `explicit` for `CAST` (VARCHAR(n) then truncates), false for an
    /// implicit one or an assignment (it then refuses what does not fit).
    Cast {
        /// What is converted.
        input: Box<Expr>,
        /// Written by the user.
        explicit: bool,
    },
    /// Three-valued AND of all.
    And(Vec<Expr>),
    /// Three-valued OR of all.
    Or(Vec<Expr>),
    /// Three-valued NOT.
    Not(Box<Expr>),
    /// A comparison of two expressions of one type. Here and below, TEXT and VARCHAR of any length are one type, as are
    /// NUMERICs of any precision.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `IS [NOT] DISTINCT FROM`: true when distinct, inverted by `negated`.
    Distinct {
        /// Left.
        left: Box<Expr>,
        /// Right.
        right: Box<Expr>,
        /// `IS NOT DISTINCT FROM`
        negated: bool,
    },
    /// `IS NULL`, or with `negated` `IS NOT NULL`.
    IsNull {
        /// What is tested.
        input: Box<Expr>,
        /// `IS NOT NULL`
        negated: bool,
    },
    /// `IS [NOT] TRUE|FALSE|UNKNOWN`.
    IsBool {
        /// What is tested.
        input: Box<Expr>,
        /// Which truth value; `None` for UNKNOWN.
        value: Option<bool>,
        /// `IS NOT …`
        negated: bool,
    },
    /// `+ - * / %` on two numbers of one type, with PostgreSQL's overflow errors; also date + integer, integer + date,
    /// date - integer (a date) and date - date (an integer).
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// Unary minus.
    Negate(Box<Expr>),
    /// `input [NOT] IN (list)`: all of one type.
    InList {
        /// What is looked for.
        input: Box<Expr>,
        /// Where.
        list: Vec<Expr>,
        /// `NOT IN`
        negated: bool,
    },
    /// `LIKE`, `ILIKE`.
    Like {
        /// The text.
        input: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character; `None` for none (`ESCAPE ''`), a backslash by default.
        escape: Option<char>,
        /// `ILIKE`
        case_insensitive: bool,
        /// `NOT LIKE`
        negated: bool,
    },
    /// `CASE WHEN … THEN … ELSE … END` (a simple CASE has become comparisons).
    Case {
        /// Conditions and results, evaluated in order and lazily.
        branches: Vec<(Expr, Expr)>,
        /// ELSE; NULL when absent.
        otherwise: Option<Box<Expr>>,
    },
    /// `COALESCE`, lazily.
    Coalesce(Vec<Expr>),
    /// A scalar function.
    Call(crate::sql::function::ScalarFunction, Vec<Expr>),
    /// A subquery of one column as a value: NULL without rows, error `21000` with several.
    ScalarSubquery(Box<Query>),
    /// The rows of a query, for each row of FROM to its left; nowhere but in [`Lateral`].
    Rows(Box<Query>),
    /// `EXISTS (…)`.
    Exists {
        /// The query.
        query: Box<Query>,
        /// `NOT EXISTS`
        negated: bool,
    },
    /// `inputs [NOT] IN (SELECT …)`; the query has a column of the same type for each.
    InSubquery {
        /// What is looked for: a value, or those of a row.
        inputs: Vec<Expr>,
        /// Where.
        query: Box<Query>,
        /// `NOT IN`
        negated: bool,
    },
    /// `inputs op ANY (SELECT …)`, of columns of the same types; `=` is [`Self::InSubquery`], and ALL is its negation
    /// with the opposite operator.
    AnySubquery {
        /// What is compared: a value, or those of a row.
        inputs: Vec<Expr>,
        /// How.
        op: CompareOp,
        /// With what.
        query: Box<Query>,
    },
    /// `(inputs) op (SELECT …)` with the only row of a query: NULL without one, error `21000` with several.
    RowSubquery {
        /// The values of the row that is compared.
        inputs: Vec<Expr>,
        /// How.
        op: CompareOp,
        /// With what.
        query: Box<Query>,
    },
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // =, <>, <, <=, >, >=
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareOp {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// What holds of two values that are not NULL where this does not.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // + - * / %
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}
