//! Floor 7: from a bound tree to a physical plan, chosen by cost.
//!
//! ```text
//!   bound query ─▶ fold constants ─▶ groups of relations, conditions pushed down ─▶ access paths, join order
//!               ─▶ grouping, projection, order, limit ─▶ physical plan
//! ```
//!
//! One file for each step: `fold`, `relation` (what may be joined in any order, and where each condition goes), `access`
//! (ways to read a table) with `imply` (whether a partial index has all rows), `group` and `order` (ways to join), `join` (methods), `ordering` (the order that operators keep), `set_operation` (UNION and its like),
//! `aggregate` (GROUP BY), `window` (window functions), `with` (queries of WITH), `decorrelate` (subqueries of conditions as joins),
//! `lateral` (LATERAL and functions in FROM),
//! `query` (the rest of a query block), `change`, `statement`, `explain`. Estimates come from `block`, `selectivity` and
//! `cost`.
//!
//! - PLAN-1: only a table has access paths.
//! - PLAN-2: every table has at least one, its full scan.
//! - PLAN-3: the search for a join order joins each relation once.
//! - PLAN-4: LATERAL is the right side of a join, whose left side has all that it looks at.
//!
//! Needs from below: the bound tree, the catalog's statistics, and the key codec, in whose bytes statistics are kept.

mod access;
mod aggregate;
mod block;
mod change;
mod coerce;
mod cost;
mod decorrelate;
mod describe;
mod explain;
mod expr;
mod fold;
mod group;
mod imply;
mod join;
mod lateral;
mod midnight;
mod order;
mod ordering;
mod physical;
mod planner;
mod query;
mod relation;
mod selectivity;
mod set_operation;
mod statement;
mod window;
mod with;

pub(crate) use change::{Change, ChangeKind, CopyFrom};
pub(crate) use coerce::{KeyValue, coerce};
pub(crate) use explain::{Actual, Explain, Part, Ran, Spent, show};
pub(crate) use expr::{columns_of, has_subquery};
pub(crate) use physical::{
    Access, IndexAccess, NodeKind, PlanNode, RangeEnd, Scan, SetOpKind, SubPlan, is_array,
};
pub(crate) use planner::{Fold, PlanOptions, subplan_number};
pub(crate) use statement::{Body, Plan, plan};
