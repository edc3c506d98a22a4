//! Calls of aggregates: lifted out of their expressions, which then refer to their results.

use super::array::array_type;
use super::call::{Call, no_function, not_unique};
use super::context::{Binder, Clause};
use super::names::sql_error;
use super::order::{Target, direction};
use super::query::select_all;
use super::scope::column;
use super::time_operator::is_temporal;
use crate::error::{Error, Result};
use crate::sql::bound::{
    Aggregate, AggregateCall, AggregateFunction, AggregateOrder, BitOperator, Expr, ExprKind, From,
    OrderedSet, Query, Regression, Spread,
};
use crate::sql::walk::operands_mut;
use crate::types::SqlType;
use sqlparser::ast;

/// Until the keys of the grouping are known, the result of aggregate `i` is column `AGGREGATE_BASE + i`; see
/// [`super::group`].
pub(super) const AGGREGATE_BASE: usize = 1 << 30;

/// What the rows of an aggregate are ordered by, and how.
pub(super) type OrderTerm = (Expr, AggregateOrder);

/// Whether a function of that (folded) name aggregates.
pub(super) fn is_aggregate(name: &str) -> bool {
    function(name).is_some()
}

/// Whether it is one with WITHIN GROUP.
pub(super) fn is_ordered_set(name: &str) -> bool {
    matches!(function(name), Some(AggregateFunction::OrderedSet(_)))
}

fn function(name: &str) -> Option<AggregateFunction> {
    Some(match name {
        "count" => AggregateFunction::Count,
        "sum" => AggregateFunction::Sum,
        "avg" => AggregateFunction::Avg,
        "min" => AggregateFunction::Min,
        "max" => AggregateFunction::Max,
        "bool_and" | "every" => AggregateFunction::BoolAnd,
        "bool_or" => AggregateFunction::BoolOr,
        "string_agg" => AggregateFunction::StringAgg,
        "array_agg" => AggregateFunction::ArrayAgg,
        "json_agg" | "jsonb_agg" => AggregateFunction::JsonAgg,
        "json_object_agg" | "jsonb_object_agg" => AggregateFunction::JsonObjectAgg,
        "bit_and" => AggregateFunction::Bits(BitOperator::And),
        "bit_or" => AggregateFunction::Bits(BitOperator::Or),
        "bit_xor" => AggregateFunction::Bits(BitOperator::Xor),
        "var_pop" => AggregateFunction::Spread(Spread::VarPop),
        "variance" | "var_samp" => AggregateFunction::Spread(Spread::VarSamp),
        "stddev_pop" => AggregateFunction::Spread(Spread::StddevPop),
        "stddev" | "stddev_samp" => AggregateFunction::Spread(Spread::StddevSamp),
        "mode" => AggregateFunction::OrderedSet(OrderedSet::Mode),
        "percentile_cont" => AggregateFunction::OrderedSet(OrderedSet::PercentileCont),
        "percentile_disc" => AggregateFunction::OrderedSet(OrderedSet::PercentileDisc),
        _ => AggregateFunction::Regression(regression(name)?),
    })
}

fn regression(name: &str) -> Option<Regression> {
    Some(match name {
        "corr" => Regression::Corr,
        "covar_pop" => Regression::CovarPop,
        "covar_samp" => Regression::CovarSamp,
        "regr_avgx" => Regression::AvgX,
        "regr_avgy" => Regression::AvgY,
        "regr_count" => Regression::Count,
        "regr_intercept" => Regression::Intercept,
        "regr_r2" => Regression::R2,
        "regr_slope" => Regression::Slope,
        "regr_sxx" => Regression::Sxx,
        "regr_sxy" => Regression::Sxy,
        "regr_syy" => Regression::Syy,
        _ => return None,
    })
}

impl Binder<'_> {
    /// A call of an aggregate. `42803` where none may stand.
    pub(super) fn bind_aggregate(&mut self, call: &Call<'_>) -> Result<Expr> {
        let Call {
            arguments,
            distinct,
            filter,
            order_by,
            within_group,
            ..
        } = call;
        let level = self.level();
        if level.in_aggregate {
            return Err(sql_error(
                "42803",
                "aggregate function calls cannot be nested",
            ));
        }
        if !level.clause.allows_aggregates() {
            let message = format!(
                "aggregate functions are not allowed in {}",
                level.clause.name()
            );
            return Err(sql_error("42803", message));
        }
        level.in_aggregate = true;
        let bound = arguments
            .iter()
            .map(|a| self.bind_expr(a))
            .collect::<Result<Vec<_>>>();
        let filter = filter
            .map(|f| self.in_clause(Clause::Filter, |binder| binder.bind_condition(f, "FILTER")))
            .transpose();
        let keys = self.aggregate_order(match within_group.is_empty() {
            true => order_by,
            false => within_group,
        });
        self.level().in_aggregate = false;
        let (arguments, filter, keys) = (bound?, filter?, keys?);
        let (function, arguments, sql_type, order_by) =
            self.ordered_aggregate(call, arguments, keys)?;
        let call = AggregateCall {
            function,
            arguments,
            order_by,
            distinct: *distinct,
            filter,
            sql_type,
        };
        check_level(&call)?;
        Ok(Expr {
            kind: ExprKind::Column(AGGREGATE_BASE + self.lift(call)),
            sql_type,
        })
    }

    /// Which aggregate a call means, its arguments and the keys that order its rows, and the type of its result.
    fn ordered_aggregate(
        &mut self,
        call: &Call<'_>,
        arguments: Vec<Expr>,
        keys: Vec<OrderTerm>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType, Vec<AggregateOrder>)> {
        match function(&call.name) {
            Some(AggregateFunction::OrderedSet(set)) => {
                self.ordered_set(call, set, arguments, keys)
            }
            _ if !call.within_group.is_empty() => {
                let keys = keys.into_iter().map(|(key, _)| key);
                self.typed(&call.name, arguments.into_iter().chain(keys).collect())?;
                let message = format!(
                    "{} is not an ordered-set aggregate, so it cannot have WITHIN GROUP",
                    call.name
                );
                Err(sql_error("42809", message))
            }
            _ => {
                let (function, mut arguments, sql_type) =
                    self.aggregate_function(call, arguments)?;
                let order_by = add_order(function, &mut arguments, keys, call.distinct)?;
                Ok((function, arguments, sql_type, order_by))
            }
        }
    }

    /// What the rows of a call are ordered by. A number is a constant here, not a position.
    fn aggregate_order(&mut self, terms: &[ast::OrderByExpr]) -> Result<Vec<OrderTerm>> {
        let keys = terms.iter().map(|term| {
            let (descending, nulls_first) = direction(term)?;
            let key = self.bind_expr(&term.expr)?;
            let order = AggregateOrder {
                descending,
                nulls_first,
            };
            Ok((self.resolve_unknown(key)?, order))
        });
        keys.collect()
    }

    /// Which aggregate a call means, its arguments cast, and the type of its result.
    pub(super) fn aggregate_function(
        &mut self,
        call: &Call<'_>,
        arguments: Vec<Expr>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType)> {
        let name = call.name.as_str();
        if call.star {
            if name != "count" {
                return Err(no_function(name, &[]));
            }
            if call.distinct {
                return Err(sql_error("42601", "DISTINCT cannot be used with *"));
            }
            return Ok((AggregateFunction::CountStar, Vec::new(), SqlType::Int8));
        }
        if name == "count" && arguments.is_empty() {
            let message = "count(*) must be used to call a parameterless aggregate function";
            return Err(sql_error("42809", message));
        }
        self.typed(name, arguments)
    }

    /// The number of the aggregate on this level; equal ones are computed once.
    fn lift(&mut self, call: AggregateCall) -> usize {
        let aggregates = &mut self.level().aggregates;
        aggregates
            .iter()
            .position(|known| *known == call)
            .unwrap_or_else(|| {
                aggregates.push(call);
                aggregates.len() - 1
            })
    }

    fn typed(
        &mut self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType)> {
        let Some(function) = function(name) else {
            return Err(no_function(name, &arguments));
        };
        if function == AggregateFunction::StringAgg {
            let Ok([text, delimiter]) = <[Expr; 2]>::try_from(arguments.clone()) else {
                return Err(no_function(name, &arguments));
            };
            if text.sql_type == SqlType::Bytes {
                return Err(Error::unsupported("string_agg of bytea"));
            }
            let text = self.implicit(text, SqlType::Text, || no_function(name, &arguments))?;
            let delimiter =
                self.implicit(delimiter, SqlType::Text, || no_function(name, &arguments))?;
            return Ok((function, vec![text, delimiter], SqlType::Text));
        }
        match function {
            AggregateFunction::Regression(regression) => {
                return self.pairs(name, regression, arguments);
            }
            AggregateFunction::JsonAgg | AggregateFunction::JsonObjectAgg => {
                return self.json_aggregate(name, function, arguments);
            }
            _ => {}
        }
        let [argument] = arguments.as_slice() else {
            return Err(no_function(name, &arguments));
        };
        if function == AggregateFunction::ArrayAgg {
            if argument.sql_type == SqlType::Unknown {
                return Err(not_unique(name, &arguments));
            }
            let sql_type = array_type(argument.sql_type)?;
            return Ok((function, arguments, sql_type));
        }
        let unknown = argument.sql_type == SqlType::Unknown;
        let argument_type = match function {
            AggregateFunction::Sum | AggregateFunction::Avg | AggregateFunction::Bits(_)
                if unknown =>
            {
                return Err(not_unique(name, &arguments));
            }
            AggregateFunction::BoolAnd | AggregateFunction::BoolOr if unknown => SqlType::Bool,
            AggregateFunction::Spread(_) if unknown => SqlType::Float8,
            _ if unknown => SqlType::Text,
            // A time is summed as the interval since midnight.
            AggregateFunction::Sum | AggregateFunction::Avg
                if matches!(argument.sql_type, SqlType::Time(_)) =>
            {
                SqlType::Interval(None)
            }
            _ => argument.sql_type,
        };
        let Some(sql_type) = result_type(function, argument_type.base()) else {
            return Err(no_function(name, &arguments));
        };
        // The extreme of a CHAR(n) is one.
        let sql_type = match argument_type {
            SqlType::Char(_) if sql_type == SqlType::Char(None) => argument_type,
            _ => sql_type,
        };
        let argument = self.implicit(argument.clone(), argument_type, || {
            no_function(name, &arguments)
        })?;
        Ok((function, vec![argument], sql_type))
    }
}

/// Adds the keys of ORDER BY to the arguments, and with DISTINCT those by which PostgreSQL sorts. `42P10` for a key that
/// DISTINCT does not allow.
fn add_order(
    function: AggregateFunction,
    arguments: &mut Vec<Expr>,
    mut keys: Vec<OrderTerm>,
    distinct: bool,
) -> Result<Vec<AggregateOrder>> {
    if distinct && keys.iter().any(|(key, _)| !arguments.contains(key)) {
        let message =
            "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
        return Err(sql_error("42P10", message));
    }
    let in_order = matches!(
        function,
        AggregateFunction::ArrayAgg | AggregateFunction::StringAgg | AggregateFunction::JsonAgg
    );
    if distinct && in_order {
        for argument in &*arguments {
            if keys.iter().all(|(key, _)| key != argument) {
                keys.push((argument.clone(), AggregateOrder::default()));
            }
        }
    }
    let (keys, order): (Vec<Expr>, Vec<AggregateOrder>) = keys.into_iter().unzip();
    if keys.iter().any(|key| key.sql_type == SqlType::Json) {
        let message = "could not identify an ordering operator for type json";
        return Err(sql_error("42883", message));
    }
    arguments.extend(keys);
    Ok(order)
}

/// `SELECT array_agg(column) FROM query`, of its only column.
pub(super) fn gathered(query: Query) -> Result<Query> {
    let value = column(
        0,
        query
            .output
            .first()
            .map_or(SqlType::Unknown, |c| c.sql_type),
    );
    let sql_type = array_type(value.sql_type)?;
    let call = AggregateCall {
        function: AggregateFunction::ArrayAgg,
        arguments: vec![value],
        order_by: Vec::new(),
        distinct: false,
        filter: None,
        sql_type,
    };
    let from = From::Subquery {
        query: Box::new(query),
        alias: "*SELECT*".to_string(),
        row_ids: Vec::new(),
    };
    let target = Target::new(column(0, sql_type), "array".to_string());
    Ok(Query {
        aggregate: Some(Aggregate {
            keys: Vec::new(),
            sets: Vec::new(),
            calls: vec![call],
            having: None,
        }),
        ..select_all(from, vec![target])
    })
}

fn result_type(function: AggregateFunction, argument: SqlType) -> Option<SqlType> {
    let numeric = SqlType::Numeric(None);
    Some(match (function, argument) {
        (AggregateFunction::Count, _) => SqlType::Int8,
        (AggregateFunction::Sum, SqlType::Int2 | SqlType::Int4) => SqlType::Int8,
        (AggregateFunction::Sum, SqlType::Int8 | SqlType::Numeric(_)) => numeric,
        (AggregateFunction::Sum, SqlType::Float4 | SqlType::Float8) => argument,
        (
            AggregateFunction::Sum | AggregateFunction::Avg,
            SqlType::Interval(_) | SqlType::Time(_),
        ) => SqlType::Interval(None),
        (AggregateFunction::Avg, SqlType::Float4 | SqlType::Float8) => SqlType::Float8,
        (AggregateFunction::Avg, t) if t.is_number() => numeric,
        (AggregateFunction::Min | AggregateFunction::Max, t)
            if t.is_number()
                || is_temporal(t)
                || matches!(t, SqlType::Char(None) | SqlType::Enum(_)) =>
        {
            t
        }
        (AggregateFunction::Min | AggregateFunction::Max, t) if t.is_text() => SqlType::Text,
        (AggregateFunction::BoolAnd | AggregateFunction::BoolOr, SqlType::Bool) => SqlType::Bool,
        (AggregateFunction::Bits(_), t) if t.is_integer() => t,
        (AggregateFunction::Spread(_), t) if t.is_float() => SqlType::Float8,
        (AggregateFunction::Spread(_), t) if t.is_number() => numeric,
        _ => return None,
    })
}

/// An aggregate over nothing but columns of an enclosing query belongs to that query, which we do not support.
fn check_level(call: &AggregateCall) -> Result<()> {
    let (mut own, mut outer) = (false, false);
    let mut arguments = call.arguments.clone();
    for argument in &mut arguments {
        look(argument, &mut own, &mut outer)?;
    }
    if outer && !own {
        return Err(Error::unsupported(
            "an aggregate of an outer query inside a subquery",
        ));
    }
    Ok(())
}

fn look(expr: &mut Expr, own: &mut bool, outer: &mut bool) -> Result<()> {
    match expr.kind {
        ExprKind::Column(_) => *own = true,
        ExprKind::OuterColumn { .. } => *outer = true,
        _ => {}
    }
    operands_mut(expr, &mut |operand| look(operand, own, outer))
}
