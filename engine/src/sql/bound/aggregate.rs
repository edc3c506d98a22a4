//! The bound tree of GROUP BY, aggregates and HAVING.

use super::Expr;
use crate::types::SqlType;

/// Grouping. With no keys, one group that exists even without rows; so does the group of an empty grouping set.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// GROUP BY expressions over the columns of `from`.
    pub keys: Vec<Expr>,
    /// Grouping sets, as positions of `keys`; none for one set of all keys. With sets, one more column follows the results
    /// of the aggregates: the number of the set, INTEGER. Keys that are not in the set are NULL.
    pub sets: Vec<Vec<usize>>,
    /// The aggregates.
    pub calls: Vec<AggregateCall>,
    /// HAVING, over the keys and then the aggregates.
    pub having: Option<Expr>,
}

/// One aggregate call.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// Which.
    pub function: AggregateFunction,
    /// Its arguments over the columns of `from`, of their own types (`avg` of an INTEGER has an INTEGER argument and a
    /// NUMERIC result); none for `count(*)`. The last of them, as many as `order_by` has, are what its rows are ordered by.
    pub arguments: Vec<Expr>,
    /// `ORDER BY` inside the call.
    pub order_by: Vec<AggregateOrder>,
    /// `DISTINCT`
    pub distinct: bool,
    /// `FILTER (WHERE …)`
    pub filter: Option<Expr>,
    /// The type of the result.
    pub sql_type: SqlType,
}

/// How the rows of an aggregate are ordered by one of its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AggregateOrder {
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`
    pub nulls_first: bool,
}

/// Aggregate functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum AggregateFunction {
    Count,
    CountStar,
    Sum,
    Avg,
    Min,
    Max,
    BoolAnd,
    BoolOr,
    StringAgg,
    ArrayAgg,
    JsonAgg,
    JsonObjectAgg,
    Bits(BitOperator),
    Spread(Spread),
    Regression(Regression),
    OrderedSet(OrderedSet),
}

/// `bit_and`, `bit_or`, `bit_xor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum BitOperator {
    And,
    Or,
    Xor,
}

/// Variances and standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum Spread {
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
}

impl Spread {
    /// Whether the values are a sample, and not all that there are.
    pub fn is_of_sample(self) -> bool {
        matches!(self, Self::VarSamp | Self::StddevSamp)
    }

    /// Whether it is a standard deviation.
    pub fn is_root(self) -> bool {
        matches!(self, Self::StddevPop | Self::StddevSamp)
    }
}

/// `corr`, `covar_pop`, `regr_count` and their like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum Regression {
    Corr,
    CovarPop,
    CovarSamp,
    AvgX,
    AvgY,
    Count,
    Intercept,
    R2,
    Slope,
    Sxx,
    Sxy,
    Syy,
}

/// Aggregates with `WITHIN GROUP (ORDER BY value)`: the arguments are the value, the fraction, and the value to order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // named as in SQL
pub enum OrderedSet {
    Mode,
    PercentileCont,
    PercentileDisc,
}
