//! Operators and functions of JSON and JSONB, and where a JSON cannot stand because it has no equality.

use super::array::array_type;
use super::coerce::{Context, can_cast, literal};
use super::context::Binder;
use super::names::sql_error;
use super::operator::no_operator;
use crate::error::{Error, Result};
use crate::sql::bound::{Distinct, Expr, ExprKind, Query};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value};
use sqlparser::ast::BinaryOperator as Op;

/// `left @? path`, `left @@ path`: what a path meets that is no such thing is passed over.
fn asked_of_path(op: &Op, left: Expr, path: Expr) -> Expr {
    let name = match op {
        Op::AtQuestion => F::JsonPathExists,
        _ => F::JsonPathMatch,
    };
    let vars = literal(Value::Jsonb("{}".to_owned()), SqlType::Jsonb);
    let silent = literal(Value::Bool(true), SqlType::Bool);
    call(name, vec![left, path, vars, silent], SqlType::Bool)
}

fn is_json(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::Json | SqlType::Jsonb)
}

/// Whether the function of that name takes arguments of any type, or any number of them.
pub(super) fn builds(name: &str) -> bool {
    function(name).is_some()
}

fn function(name: &str) -> Option<(F, SqlType)> {
    use SqlType::{Json, Jsonb, Text};
    Some(match name {
        "to_json" => (F::ToJson, Json),
        "to_jsonb" => (F::ToJson, Jsonb),
        "json_build_array" => (F::JsonArray, Json),
        "jsonb_build_array" => (F::JsonArray, Jsonb),
        "json_build_object" => (F::JsonObject, Json),
        "jsonb_build_object" => (F::JsonObject, Jsonb),
        "json_extract_path" => (F::JsonPath, Json),
        "jsonb_extract_path" => (F::JsonPath, Jsonb),
        "json_extract_path_text" | "jsonb_extract_path_text" => (F::JsonPath, Text),
        _ => return None,
    })
}

impl Binder<'_> {
    /// An operator that no other binder knows. Errors: `42883`, `0A000` for those of no type that is here.
    pub(super) fn json_operator(&mut self, op: &Op, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let symbol = op.to_string();
        let known = matches!(
            op,
            Op::Arrow
                | Op::LongArrow
                | Op::HashArrow
                | Op::HashLongArrow
                | Op::AtArrow
                | Op::ArrowAt
                | Op::Question
                | Op::QuestionAnd
                | Op::QuestionPipe
                | Op::AtQuestion
                | Op::AtAt
                | Op::HashMinus
        );
        if !known {
            return Err(Error::unsupported(format_args!("the operator {op}")));
        }
        let as_text = matches!(op, Op::LongArrow | Op::HashLongArrow);
        let result = if as_text { SqlType::Text } else { l };
        let refused = no_operator(&symbol, l, r);
        match op {
            Op::Arrow | Op::LongArrow if is_json(l) => {
                let to = match r {
                    SqlType::Int2 | SqlType::Int4 => SqlType::Int4,
                    _ => SqlType::Text,
                };
                let step = self.implicit(right, to, || refused)?;
                Ok(call(F::JsonGet, vec![left, step], result))
            }
            Op::HashArrow | Op::HashLongArrow if is_json(l) => {
                let steps = self.implicit(right, array_type(SqlType::Text)?, || refused)?;
                Ok(call(F::JsonPath, vec![left, steps], result))
            }
            Op::HashMinus => self.json_without_path(left, right),
            Op::QuestionAnd | Op::QuestionPipe if l == SqlType::Jsonb => {
                let name = match op {
                    Op::QuestionAnd => F::JsonHasAll,
                    _ => F::JsonHasAny,
                };
                let keys = self.implicit(right, array_type(SqlType::Text)?, || refused)?;
                Ok(call(name, vec![left, keys], SqlType::Bool))
            }
            Op::Question if l == SqlType::Jsonb => {
                let key = self.implicit(right, SqlType::Text, || refused)?;
                Ok(call(F::JsonHasAny, vec![left, key], SqlType::Bool))
            }
            Op::AtQuestion | Op::AtAt if l == SqlType::Jsonb => {
                let path = self.implicit(right, SqlType::Text, || refused)?;
                Ok(asked_of_path(op, left, path))
            }
            Op::AtArrow | Op::ArrowAt if l == SqlType::Jsonb || r == SqlType::Jsonb => {
                let usable = |t| matches!(t, SqlType::Jsonb | SqlType::Unknown);
                if !usable(l) || !usable(r) {
                    return Err(refused);
                }
                let left = self.cast(left, SqlType::Jsonb, Context::Implicit)?;
                let right = self.cast(right, SqlType::Jsonb, Context::Implicit)?;
                let arguments = match op {
                    Op::AtArrow => vec![left, right],
                    _ => vec![right, left],
                };
                Ok(call(F::JsonContains, arguments, SqlType::Bool))
            }
            _ => Err(refused),
        }
    }

    /// `jsonb #- path`. Errors: `42883`.
    fn json_without_path(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let refused = no_operator("#-", left.sql_type, right.sql_type);
        if !matches!(left.sql_type, SqlType::Jsonb | SqlType::Unknown) {
            return Err(refused);
        }
        let left = self.cast(left, SqlType::Jsonb, Context::Implicit)?;
        let steps = self.implicit(right, array_type(SqlType::Text)?, || refused)?;
        Ok(call(F::JsonWithoutPath, vec![left, steps], SqlType::Jsonb))
    }

    /// `jsonb || jsonb`. Errors: `42883`.
    pub(super) fn json_concat(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let usable = |t| matches!(t, SqlType::Jsonb | SqlType::Unknown);
        if usable(l) && usable(r) {
            let left = self.cast(left, SqlType::Jsonb, Context::Implicit)?;
            let right = self.cast(right, SqlType::Jsonb, Context::Implicit)?;
            return Ok(call(F::JsonConcat, vec![left, right], SqlType::Jsonb));
        }
        // With a text it is the other operator.
        if !l.is_text() && !r.is_text() {
            return Err(no_operator("||", l, r));
        }
        let left = self.cast(left, SqlType::Text, Context::Assignment)?;
        let right = self.cast(right, SqlType::Text, Context::Assignment)?;
        Ok(call(F::Concat, vec![left, right], SqlType::Text))
    }

    /// `jsonb - key`, `jsonb - index`. Errors: `42883`.
    pub(super) fn json_without(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let to = match r {
            SqlType::Int2 | SqlType::Int4 => SqlType::Int4,
            _ => SqlType::Text,
        };
        let right = self.implicit(right, to, || no_operator("-", l, r))?;
        Ok(call(F::JsonWithout, vec![left, right], SqlType::Jsonb))
    }

    /// `jsonb_set`, `jsonb_insert`. Errors: `42883`.
    pub(super) fn bind_json_set(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let refused = || super::call::no_function(name, &arguments);
        if name == "jsonb_set_lax" {
            return self.bind_json_set_lax(arguments);
        }
        if !(3..=4).contains(&arguments.len()) {
            return Err(refused());
        }
        let texts = array_type(SqlType::Text)?;
        let types = [SqlType::Jsonb, texts, SqlType::Jsonb, SqlType::Bool];
        let pairs = arguments.iter().cloned().zip(types);
        let bound = pairs.map(|(argument, to)| self.implicit(argument, to, refused));
        let bound = bound.collect::<Result<_>>()?;
        let function = match name {
            "jsonb_set" => F::JsonSet,
            _ => F::JsonInsert,
        };
        Ok(call(function, bound, SqlType::Jsonb))
    }

    /// `jsonb_set_lax(json, path, new[, create[, treatment]])`. Errors: `42883`.
    fn bind_json_set_lax(&mut self, mut arguments: Vec<Expr>) -> Result<Expr> {
        let given = arguments.clone();
        let refused = || super::call::no_function("jsonb_set_lax", &given);
        if !(3..=5).contains(&arguments.len()) {
            return Err(refused());
        }
        if arguments.len() == 3 {
            arguments.push(literal(Value::Bool(true), SqlType::Bool));
        }
        if arguments.len() == 4 {
            let treatment = Value::Text("use_json_null".to_owned());
            arguments.push(literal(treatment, SqlType::Text));
        }
        let texts = array_type(SqlType::Text)?;
        let types = [
            SqlType::Jsonb,
            texts,
            SqlType::Jsonb,
            SqlType::Bool,
            SqlType::Text,
        ];
        let pairs = arguments.into_iter().zip(types);
        let bound = pairs.map(|(argument, to)| self.implicit(argument, to, refused));
        let bound = bound.collect::<Result<_>>()?;
        Ok(call(F::JsonSetLax, bound, SqlType::Jsonb))
    }

    /// A call of a function of which [`builds`] says that it is one of these. Errors: `42883`.
    pub(super) fn bind_json_call(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let Some((f, result)) = function(name) else {
            return Err(super::call::no_function(name, &arguments));
        };
        let refused = super::call::no_function(name, &arguments);
        let is_path = f == F::JsonPath;
        let own = if name.starts_with("jsonb") {
            SqlType::Jsonb
        } else {
            SqlType::Json
        };
        if f == F::ToJson && arguments.len() != 1 || is_path && arguments.len() < 2 {
            return Err(refused);
        }
        let mut bound = Vec::new();
        for (at, argument) in arguments.into_iter().enumerate() {
            bound.push(match (is_path, at) {
                (true, 0) if can_cast(argument.sql_type, own, Context::Implicit) => {
                    self.cast(argument, own, Context::Implicit)?
                }
                (true, 1..) if can_cast(argument.sql_type, SqlType::Text, Context::Implicit) => {
                    self.cast(argument, SqlType::Text, Context::Implicit)?
                }
                (true, _) => return Err(refused),
                (false, _) if f == F::ToJson && argument.sql_type == SqlType::Unknown => {
                    let message =
                        "could not determine polymorphic type because input has type unknown";
                    return Err(sql_error("42804", message));
                }
                (false, _) => match argument.sql_type {
                    SqlType::Char(_) => self.padded(argument)?,
                    _ => self.resolve_unknown(argument)?,
                },
            });
        }
        Ok(call(f, bound, result))
    }
}

fn call(function: F, arguments: Vec<Expr>, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Call(function, arguments),
        sql_type,
    }
}

/// Whether values of the type can neither be compared nor sorted.
fn has_no_order(sql_type: SqlType) -> bool {
    match sql_type {
        SqlType::Array(element) => element.sql_type() == SqlType::Json,
        other => other == SqlType::Json,
    }
}

/// Refuses a JSON where values are compared. Errors: `42883`.
pub(super) fn check_compared(query: &Query) -> Result<()> {
    let keys = query
        .aggregate
        .iter()
        .flat_map(|a| &a.keys)
        .map(|key| key.sql_type);
    let output = query.projection.iter().enumerate();
    let distinct = output.filter(|(i, _)| match &query.distinct {
        Distinct::No => false,
        Distinct::All => *i < query.output.len(),
        Distinct::On(columns) => columns.contains(i),
    });
    let distinct = distinct.map(|(_, e)| e.sql_type);
    let partitions = query.windows.iter().flat_map(|w| &w.partition_by);
    let mut equal = keys.chain(distinct).chain(partitions.map(|e| e.sql_type));
    if equal.any(has_no_order) {
        let message = "could not identify an equality operator for type json";
        return Err(sql_error("42883", message));
    }
    let sorted = query
        .order_by
        .iter()
        .filter_map(|key| query.projection.get(key.column));
    let windows = query
        .windows
        .iter()
        .flat_map(|w| &w.order_by)
        .map(|key| &key.expr);
    if sorted.chain(windows).any(|e| has_no_order(e.sql_type)) {
        let message = "could not identify an ordering operator for type json";
        return Err(sql_error("42883", message));
    }
    Ok(())
}

/// Refuses a JSON, JSONB or array as a column of an index. Errors: `42704`, `0A000`.
pub(super) fn check_index(sql_type: SqlType) -> Result<()> {
    match sql_type {
        SqlType::Json => {
            let message =
                "data type json has no default operator class for access method \"btree\"";
            Err(sql_error("42704", message))
        }
        SqlType::Jsonb | SqlType::Array(_) => Err(Error::unsupported(format_args!(
            "an index on a column of type {sql_type}"
        ))),
        _ => Ok(()),
    }
}
