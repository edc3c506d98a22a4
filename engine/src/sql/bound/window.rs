//! The bound tree of window functions.
//!
//! ```text
//!   SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d) FROM t
//!     projection   Column(0), Column(WINDOW_BASE)
//!     windows      [ by c, order d: sum(b) over the default frame, to column WINDOW_BASE ]
//! ```

use super::{AggregateFunction, Expr};
use crate::types::SqlType;

/// The columns from here on are results of window functions; no query has so many others.
pub const WINDOW_BASE: usize = 1 << 31;

/// Window functions over the same partitions in the same order. All expressions are over the rows of FROM or, where
/// there is a grouping, over its groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// `PARTITION BY`
    pub partition_by: Vec<Expr>,
    /// `ORDER BY`
    pub order_by: Vec<WindowKey>,
    /// The calls, each with a frame of its own.
    pub calls: Vec<WindowCall>,
}

/// One key of a window's ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowKey {
    /// What is sorted by.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

/// One call of a window function.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// Which.
    pub function: WindowFunction,
    /// Its arguments.
    pub arguments: Vec<Expr>,
    /// `FILTER (WHERE …)` of an aggregate.
    pub filter: Option<Expr>,
    /// The rows that it sees, where it looks at a frame.
    pub frame: Frame,
    /// The column, from [`WINDOW_BASE`] on, by which the projection refers to the result.
    pub column: usize,
    /// The type of the result.
    pub sql_type: SqlType,
}

/// Window functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum WindowFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    /// `(buckets INTEGER) → INTEGER`
    Ntile,
    /// `(value[, offset INTEGER[, default]]) → same`
    Lag,
    /// `(value[, offset INTEGER[, default]]) → same`
    Lead,
    FirstValue,
    LastValue,
    /// `(value, n INTEGER) → same`
    NthValue,
    /// An aggregate over the rows of the frame.
    Aggregate(AggregateFunction),
}

/// Which rows of the partition a function sees from a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What its bounds count.
    pub units: FrameUnits,
    /// Where it begins.
    pub start: FrameBound,
    /// Where it ends; this bound belongs to it.
    pub end: FrameBound,
    /// What is left out around the row.
    pub exclusion: FrameExclusion,
}

/// What the bounds of a frame count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in SQL
pub enum FrameUnits {
    Rows,
    /// Distances between values of the one key of ORDER BY; `CURRENT ROW` is the row with its peers.
    Range,
    /// Groups of peers.
    Groups,
}

/// A bound of a frame. A distance has no column references; it is a BIGINT for ROWS and GROUPS, and of the type of the
/// key for RANGE (DOUBLE PRECISION for a REAL, INTERVAL for dates and timestamps).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // named as in SQL
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

/// `EXCLUDE …`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named as in SQL
pub enum FrameExclusion {
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

impl Default for Frame {
    /// `RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`
    fn default() -> Self {
        Self {
            units: FrameUnits::Range,
            start: FrameBound::UnboundedPreceding,
            end: FrameBound::CurrentRow,
            exclusion: FrameExclusion::NoOthers,
        }
    }
}

impl FrameBound {
    /// The distance to it.
    pub fn distance(&self) -> Option<&Expr> {
        match self {
            Self::Preceding(distance) | Self::Following(distance) => Some(distance),
            Self::UnboundedPreceding | Self::CurrentRow | Self::UnboundedFollowing => None,
        }
    }

    fn distance_mut(&mut self) -> Option<&mut Expr> {
        match self {
            Self::Preceding(distance) | Self::Following(distance) => Some(distance),
            Self::UnboundedPreceding | Self::CurrentRow | Self::UnboundedFollowing => None,
        }
    }
}

impl Window {
    /// All expressions of the window and of its calls.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let keys = self.order_by.iter().map(|key| &key.expr);
        let calls = self.calls.iter().flat_map(WindowCall::expressions);
        self.partition_by.iter().chain(keys).chain(calls)
    }

    /// Like [`Self::expressions`], to change them.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let keys = self.order_by.iter_mut().map(|key| &mut key.expr);
        let calls = self.calls.iter_mut().flat_map(WindowCall::expressions_mut);
        self.partition_by.iter_mut().chain(keys).chain(calls)
    }
}

impl WindowCall {
    /// Its arguments, its filter, and the distances of its frame.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let distances = self.frame.start.distance().into_iter();
        let distances = distances.chain(self.frame.end.distance());
        self.arguments.iter().chain(&self.filter).chain(distances)
    }

    /// Like [`Self::expressions`], to change them.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let distances = self.frame.start.distance_mut().into_iter();
        let distances = distances.chain(self.frame.end.distance_mut());
        let arguments = self.arguments.iter_mut();
        arguments.chain(&mut self.filter).chain(distances)
    }
}
