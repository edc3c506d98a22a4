//! Aggregates of pairs, of JSON, and of ordered sets.

use super::aggregate::OrderTerm;
use super::call::{Call, no_function};
use super::coerce::{Context, can_cast, literal};
use super::context::Binder;
use super::names::sql_error;
use crate::error::Result;
use crate::sql::bound::{AggregateFunction, AggregateOrder, Expr, OrderedSet, Regression};
use crate::sql::walk::columns_of;
use crate::types::{SqlType, Value};

impl Binder<'_> {
    /// `corr(y, x)` and its like. `42883`.
    pub(super) fn pairs(
        &mut self,
        name: &str,
        function: Regression,
        arguments: Vec<Expr>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType)> {
        let Ok([y, x]) = <[Expr; 2]>::try_from(arguments.clone()) else {
            return Err(no_function(name, &arguments));
        };
        let refused = || no_function(name, &arguments);
        let y = self.implicit(y, SqlType::Float8, refused)?;
        let x = self.implicit(x, SqlType::Float8, refused)?;
        let sql_type = match function {
            Regression::Count => SqlType::Int8,
            _ => SqlType::Float8,
        };
        Ok((
            AggregateFunction::Regression(function),
            vec![y, x],
            sql_type,
        ))
    }

    /// `json_agg(any)`, `json_object_agg(any, any)`. `42883`.
    pub(super) fn json_aggregate(
        &mut self,
        name: &str,
        function: AggregateFunction,
        arguments: Vec<Expr>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType)> {
        let count = match function {
            AggregateFunction::JsonAgg => 1,
            _ => 2,
        };
        if arguments.len() != count {
            return Err(no_function(name, &arguments));
        }
        let arguments = arguments
            .into_iter()
            .map(|argument| match argument.sql_type {
                SqlType::Char(_) => self.padded(argument),
                _ => self.resolve_unknown(argument),
            });
        let sql_type = match name.starts_with("jsonb") {
            true => SqlType::Jsonb,
            false => SqlType::Json,
        };
        Ok((function, arguments.collect::<Result<_>>()?, sql_type))
    }

    /// `percentile_cont(fraction) WITHIN GROUP (ORDER BY value)` and its like, with how the values are ordered. `42883` for
    /// other arguments, or without WITHIN GROUP.
    pub(super) fn ordered_set(
        &mut self,
        call: &Call<'_>,
        function: OrderedSet,
        direct: Vec<Expr>,
        keys: Vec<OrderTerm>,
    ) -> Result<(AggregateFunction, Vec<Expr>, SqlType, Vec<AggregateOrder>)> {
        let name = call.name.as_str();
        if call.within_group.is_empty() {
            return Err(no_function(name, &direct));
        }
        if call.distinct {
            return Err(sql_error("42601", "cannot use DISTINCT with WITHIN GROUP"));
        }
        let all: Vec<Expr> = direct
            .iter()
            .chain(keys.iter().map(|(key, _)| key))
            .cloned()
            .collect();
        let refused = || no_function(name, &all);
        let Ok([(value, order)]) = <[OrderTerm; 1]>::try_from(keys) else {
            return Err(refused());
        };
        let value = match function {
            OrderedSet::PercentileCont if value.sql_type.base() == SqlType::Interval(None) => value,
            OrderedSet::PercentileCont => self.implicit(value, SqlType::Float8, refused)?,
            _ => value,
        };
        let fraction = match (function, direct.as_slice()) {
            (OrderedSet::Mode, []) => literal(Value::Null, SqlType::Float8),
            (OrderedSet::PercentileCont | OrderedSet::PercentileDisc, [fraction])
                if can_cast(fraction.sql_type, SqlType::Float8, Context::Implicit) =>
            {
                self.cast(fraction.clone(), SqlType::Float8, Context::Implicit)?
            }
            _ => return Err(refused()),
        };
        if !columns_of(&fraction).is_empty() {
            let message = format!(
                "column references in the direct arguments of {name} are of the grouping, not of a row"
            );
            return Err(crate::Error::unsupported(message));
        }
        let sql_type = value.sql_type;
        let arguments = vec![value.clone(), fraction, value];
        Ok((
            AggregateFunction::OrderedSet(function),
            arguments,
            sql_type,
            vec![order],
        ))
    }
}
