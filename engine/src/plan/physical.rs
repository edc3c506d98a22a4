//! The physical plan: what the executor runs and `EXPLAIN` prints.
//!
//! Expressions refer to the columns of the node's input by position (for a join: the left's, then the right's). A
//! subquery inside of an expression has become a [`SubPlan`]; what it needs of the row outside reaches it through
//! parameter slots behind the user's parameters, so to its own plan it is a constant.

use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::change::Change;
use crate::sql::bound::{
    AggregateCall, Expr, Function, JoinKind, OrderKey, RowLock, SetRowsCall, WindowCall,
};
use crate::types::SqlType;
use std::sync::Arc;

/// Estimated cost in PostgreSQL's unit: one sequential page read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cost {
    /// Until the first row.
    pub(crate) startup: f64,
    /// Until the last row.
    pub(crate) total: f64,
}

/// One operator of a plan, with its inputs.
#[derive(Clone, Debug)]
pub(crate) struct PlanNode {
    /// What it does.
    pub(crate) kind: NodeKind,
    /// Types of its output columns.
    pub(crate) types: Vec<SqlType>,
    /// Estimated rows.
    pub(crate) rows: f64,
    /// Estimated cost, inputs included.
    pub(crate) cost: Cost,
}

/// What an operator does.
#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    /// One row of no columns.
    OneRow,
    /// No row at all: a condition is never true.
    Nothing,
    /// Rows of row-independent expressions.
    Values(Vec<Vec<Expr>>),
    /// Rows of a table.
    Scan(Box<Scan>),
    /// Rows of a function, whose arguments are row-independent.
    FunctionScan(Function),
    /// For each left row the rows of that subplan; inner or left.
    Lateral {
        left: Box<PlanNode>,
        subplan: usize,
        alias: String,
        kind: JoinKind,
        on: Option<Expr>,
    },
    /// For each row of the input the rows of functions of its columns, side by side: the columns of the input, then theirs.
    ProjectSet {
        input: Box<PlanNode>,
        calls: Vec<SetRowsCall>,
    },
    /// A derived table, by its alias; passes its input on.
    Derived { input: Box<PlanNode>, alias: String },
    /// Rows for which all predicates are true, tried in order.
    Filter {
        input: Box<PlanNode>,
        predicates: Vec<Expr>,
    },
    /// Computed columns.
    Project {
        input: Box<PlanNode>,
        expressions: Vec<Expr>,
    },
    /// Hash join: the right side is built, the left probes.
    HashJoin {
        left: Box<PlanNode>,
        right: Box<PlanNode>,
        kind: JoinKind,
        left_keys: Vec<Expr>,
        right_keys: Vec<Expr>,
        residual: Option<Expr>,
    },
    /// Merge join of two inputs whose rows ascend by their keys; inner, or left without a residual.
    MergeJoin {
        left: Box<PlanNode>,
        right: Box<PlanNode>,
        kind: JoinKind,
        left_key: Box<Expr>,
        right_key: Box<Expr>,
        residual: Option<Expr>,
    },
    /// Every pair is tried; the right side is kept in memory.
    NestedLoop {
        left: Box<PlanNode>,
        right: Box<PlanNode>,
        kind: JoinKind,
        on: Option<Expr>,
    },
    /// For each left row the scan, whose access expressions are over the left row.
    IndexJoin {
        left: Box<PlanNode>,
        scan: Box<Scan>,
        kind: JoinKind,
        residual: Option<Expr>,
    },
    /// Groups and aggregates: the keys, then the results.
    Aggregate {
        input: Box<PlanNode>,
        keys: Vec<Expr>,
        calls: Vec<AggregateCall>,
    },
    /// Each row once for each grouping set: its columns, the keys, those outside of the set NULL, the set's number.
    Expand {
        input: Box<PlanNode>,
        keys: Vec<Expr>,
        sets: Vec<Vec<usize>>,
    },
    /// The rows of the input; these constants when it has none.
    IfEmpty {
        input: Box<PlanNode>,
        rows: Vec<Vec<Expr>>,
    },
    /// Window functions over an input that comes in the order of the keys, those of PARTITION BY first: the columns of
    /// the input, then the results.
    Window {
        input: Box<PlanNode>,
        partition_by: Vec<usize>,
        order_by: Vec<OrderKey>,
        calls: Vec<WindowCall>,
    },
    /// All rows in order; with a limit only the first ones are kept.
    Sort {
        input: Box<PlanNode>,
        keys: Vec<OrderKey>,
        limit: Option<Expr>,
        offset: Option<Expr>,
    },
    /// LIMIT and OFFSET.
    Limit {
        input: Box<PlanNode>,
        limit: Option<Expr>,
        offset: Option<Expr>,
        /// WITH TIES: columns; empty without.
        ties: Vec<usize>,
    },
    /// Rows that could be locked, by their row ids.
    LockRows {
        input: Box<PlanNode>,
        locks: Vec<RowLock>,
    },
    /// The first of the rows that are equal in `columns`, by which the input is sorted.
    Unique {
        input: Box<PlanNode>,
        columns: Vec<usize>,
    },
    /// Rows without duplicates.
    Distinct { input: Box<PlanNode> },
    /// The rows of all inputs, one input after the other.
    Append(Vec<PlanNode>),
    /// A change of WITH: what its RETURNING gives.
    Change(Box<Change>),
    /// The kept rows of a query of WITH, which that subplan gives.
    CteScan { subplan: usize, alias: String },
    /// The rows that the last step of a recursive query gave.
    WorkTableScan { table: usize, alias: String },
    /// A recursive query: the rows of `seed`, then those of `step` over the working table of that number.
    RecursiveUnion {
        seed: Box<PlanNode>,
        step: Box<PlanNode>,
        all: bool,
        table: usize,
    },
    /// INTERSECT and EXCEPT: the rows of the left side that have, or have no, equal on the right.
    SetOp {
        left: Box<PlanNode>,
        right: Box<PlanNode>,
        kind: SetOpKind,
        all: bool,
    },
}

impl Scan {
    /// Types of its output.
    pub(crate) fn types(&self) -> impl Iterator<Item = SqlType> {
        let row_id = self.with_row_id.then_some(SqlType::Int8);
        let own = self.columns.iter().map(|c| self.table_types[*c]);
        own.chain(row_id)
    }

    /// Which columns of the query its output is, when the first column of the table is number `offset` there; [`UNREAD`] for
    /// those that only the filter asks for.
    pub(crate) fn layout(&self, offset: usize) -> Vec<usize> {
        let row_id = self.with_row_id.then_some(self.table.columns.len());
        let own = self.columns.iter().copied().chain(row_id);
        let is_unread = |column| self.filter_only.contains(&column);
        own.map(|column| match is_unread(column) {
            true => UNREAD,
            false => column + offset,
        })
        .collect()
    }
}

/// What a [`NodeKind::SetOp`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOpKind {
    /// Rows with an equal.
    Intersect,
    /// Rows without one.
    Except,
}

/// No column of a query: what is there is read by nobody.
const UNREAD: usize = usize::MAX / 2;

/// How a table is read.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// The table.
    pub(crate) table: Arc<Table>,
    /// Types of all of its columns.
    pub(crate) table_types: Vec<SqlType>,
    /// Its name in the statement.
    pub(crate) alias: String,
    /// Which columns are decoded, ascending; the output.
    pub(crate) columns: Vec<usize>,
    /// Those of `columns` that only `filter` asks for, which may be NULL in the output.
    pub(crate) filter_only: Vec<usize>,
    /// Whether the row id follows them as a BIGINT.
    pub(crate) with_row_id: bool,
    /// Which entries are visited.
    pub(crate) access: Access,
    /// Whether they are visited from the end.
    pub(crate) backward: bool,
    /// What the rows must fulfil, over `columns`.
    pub(crate) filter: Vec<Expr>,
}

impl Scan {
    /// Refuses to read a materialized view that was never filled. Errors: `55000`.
    pub(crate) fn may_run(&self) -> Result<()> {
        if !self.table.is_unpopulated() {
            return Ok(());
        }
        let message = format!(
            "materialized view \"{}\" has not been populated (use the REFRESH MATERIALIZED VIEW command)",
            self.table.name
        );
        Err(Error::new(ErrorKind::Sql, "55000", message))
    }
}

/// One end of a range: a row-independent expression and whether the end itself belongs to the range.
#[derive(Clone, Debug)]
pub(crate) struct RangeEnd {
    /// The value.
    pub(crate) value: Expr,
    /// `<=`, `>=`
    pub(crate) inclusive: bool,
}

/// Whether `expr` among the keys of an access is an array, of which no key is one.
pub(crate) fn is_array(expr: &Expr) -> bool {
    matches!(expr.sql_type, SqlType::Array(_))
}

/// Which entries of a table are visited.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// All.
    Full,
    /// Rows with one of these row ids; an array stands for each of its elements.
    RowIds(Vec<Expr>),
    /// Rows in a range of row ids.
    RowIdRange {
        low: Option<RangeEnd>,
        high: Option<RangeEnd>,
    },
    /// Entries of an index.
    Index(IndexAccess),
}

/// Which entries of an index are visited.
#[derive(Clone, Debug)]
pub(crate) struct IndexAccess {
    /// Position in the table's list of indexes.
    pub(crate) index: usize,
    /// For each leading column the values it may have; an array stands for each of its elements.
    pub(crate) equal: Vec<Vec<Expr>>,
    /// Lower end for the column after those.
    pub(crate) low: Option<RangeEnd>,
    /// Upper end for the column after those.
    pub(crate) high: Option<RangeEnd>,
}

/// A subquery in an expression, planned once.
#[derive(Clone, Debug)]
pub(crate) struct SubPlan {
    /// Its plan.
    pub(crate) root: PlanNode,
    /// Positions in the row outside whose values go to which parameter slots, and their types; empty: it gives the same
    /// for every row.
    pub(crate) arguments: Vec<(usize, usize, SqlType)>,
    /// All slots that it reads, directly or deeper, ascending: while their values stay, so does its result.
    pub(crate) slots_read: Vec<usize>,
    /// The name of the query of WITH that it is, if it is one.
    pub(crate) cte: Option<String>,
}

impl SubPlan {
    /// Whether it is a change of WITH.
    pub(crate) fn is_change(&self) -> bool {
        matches!(self.root.kind, NodeKind::Change(_))
    }
}

impl PlanNode {
    /// The nodes below, outer input first.
    pub(crate) fn inputs(&self) -> Vec<&PlanNode> {
        match &self.kind {
            NodeKind::OneRow
            | NodeKind::Nothing
            | NodeKind::Values(_)
            | NodeKind::Scan(_)
            | NodeKind::FunctionScan(_)
            | NodeKind::Change(_)
            | NodeKind::CteScan { .. }
            | NodeKind::WorkTableScan { .. } => Vec::new(),
            NodeKind::RecursiveUnion { seed, step, .. } => vec![seed, step],
            NodeKind::Derived { input, .. }
            | NodeKind::Filter { input, .. }
            | NodeKind::Project { input, .. }
            | NodeKind::ProjectSet { input, .. }
            | NodeKind::Aggregate { input, .. }
            | NodeKind::Window { input, .. }
            | NodeKind::Sort { input, .. }
            | NodeKind::Limit { input, .. }
            | NodeKind::LockRows { input, .. }
            | NodeKind::Expand { input, .. }
            | NodeKind::IfEmpty { input, .. }
            | NodeKind::Distinct { input }
            | NodeKind::Unique { input, .. }
            | NodeKind::IndexJoin { left: input, .. }
            | NodeKind::Lateral { left: input, .. } => vec![input],
            NodeKind::Append(inputs) => inputs.iter().collect(),
            NodeKind::HashJoin { left, right, .. }
            | NodeKind::MergeJoin { left, right, .. }
            | NodeKind::NestedLoop { left, right, .. }
            | NodeKind::SetOp { left, right, .. } => {
                vec![left, right]
            }
        }
    }
}
