//! Calls of functions.

use super::coerce::{Context, can_cast, literal};
use super::context::Binder;
use super::data_type::second_digits;
use super::information::information;
use super::names::{at, fold, parts, sql_error};
use super::overload::{NoOverload, choose};
use super::table_function::gives_rows;
use super::window::window_function;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind, WindowFunction};
use crate::sql::function::ScalarFunction;
use crate::sql::identifier::qualified;
use crate::types::{SqlType, Value};
use sqlparser::ast;

/// The parts of a call, seen to be nothing but arguments, DISTINCT and FILTER.
pub(super) struct Call<'a> {
    pub(super) name: String,
    pub(super) arguments: Vec<&'a ast::Expr>,
    /// Those behind `name =>`, which come after the others.
    pub(super) named: Vec<(String, &'a ast::Expr)>,
    /// `f(*)`
    pub(super) star: bool,
    pub(super) distinct: bool,
    pub(super) filter: Option<&'a ast::Expr>,
    /// ORDER BY inside the parentheses.
    pub(super) order_by: &'a [ast::OrderByExpr],
    /// `WITHIN GROUP (ORDER BY …)`
    pub(super) within_group: &'a [ast::OrderByExpr],
    pub(super) over: Option<&'a ast::WindowType>,
}

/// The type of the clock with as many digits of a second as a literal says.
fn with_digits(sql_type: SqlType, digits: &Expr) -> SqlType {
    let digits = match digits.kind {
        ExprKind::Literal(Value::Int4(digits)) => u64::try_from(digits).ok(),
        _ => None,
    };
    sql_type.with_second_digits(second_digits(digits))
}

impl Binder<'_> {
    /// A call.
    pub(super) fn bind_function(&mut self, function: &ast::Function) -> Result<Expr> {
        if let ast::FunctionArguments::Subquery(query) = &function.args
            && is_array_of_query(function)
        {
            return self.bind_array_of_query(query);
        }
        let call = call_of(function)?;
        if call.name != "make_interval" {
            refuse(!call.named.is_empty(), "an argument with a name")?;
        }
        let place = parts(&function.name)?.last().copied();
        let bound = if let Some(over) = call.over {
            self.bind_window_call(&call, over)
        } else if let Some(function) = window_function(&call.name) {
            self.bind_without_window(&call, function)
        } else if super::aggregate::is_aggregate(&call.name) {
            self.bind_aggregate(&call)
        } else {
            self.bind_scalar_call(&call)
        };
        match place {
            Some(ident) => bound.map_err(|e| at(e, ident)),
            None => bound,
        }
    }

    /// A function of the session that is called without parentheses.
    pub(super) fn bind_session_name(&mut self, name: &str) -> Result<Expr> {
        if let Some(answer) = self.bind_system_call(name, &[])? {
            return Ok(answer);
        }
        information(name, &[]).unwrap_or_else(|| Err(no_function(name, &[])))
    }

    /// A window function without OVER, which is an error.
    fn bind_without_window(&mut self, call: &Call<'_>, function: WindowFunction) -> Result<Expr> {
        let arguments = call.arguments.iter().map(|a| self.bind_expr(a));
        let arguments = arguments.collect::<Result<_>>()?;
        self.typed_window(call, function, arguments)?;
        let message = format!("window function {} requires an OVER clause", call.name);
        Err(sql_error("42809", message))
    }

    /// `GROUPING (…)`, whose value is known when the grouping sets are.
    fn bind_grouping(&mut self, arguments: Vec<Expr>) -> Result<Expr> {
        if !self.level().clause.allows_aggregates() || arguments.is_empty() {
            let message = format!(
                "grouping operations are not allowed in {}",
                self.level().clause.name()
            );
            return Err(sql_error("42803", message));
        }
        self.level().has_grouping_calls = true;
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::Grouping, arguments),
            sql_type: SqlType::Int4,
        })
    }

    /// The arguments of a call that is neither an aggregate's nor a window function's.
    fn bind_arguments(&mut self, call: &Call<'_>) -> Result<Vec<Expr>> {
        let name = call.name.as_str();
        let arguments = |binder: &mut Self| {
            let bound = call.arguments.iter().map(|argument| match argument {
                // The name of a sequence stays text.
                ast::Expr::Cast {
                    expr,
                    data_type: ast::DataType::Regclass,
                    ..
                } if matches!(name, "nextval" | "currval" | "setval") => binder.bind_expr(expr),
                other => binder.bind_expr(other),
            });
            bound.collect()
        };
        match name {
            "coalesce" => self.without_sets("COALESCE", arguments),
            _ => arguments(self),
        }
    }

    fn bind_scalar_call(&mut self, call: &Call<'_>) -> Result<Expr> {
        let name = call.name.as_str();
        let only_aggregates = [
            (call.star, "(*)"),
            (call.distinct, "DISTINCT"),
            (call.filter.is_some(), "FILTER"),
            (!call.order_by.is_empty(), "ORDER BY"),
            (!call.within_group.is_empty(), "WITHIN GROUP"),
        ];
        if let Some((_, what)) = only_aggregates.iter().find(|(used, _)| *used) {
            let message = format!("{what} specified, but {name} is not an aggregate function");
            return Err(sql_error("42809", message));
        }
        if let Some(answer) = self.bind_system_call(name, &call.arguments)? {
            return Ok(answer);
        }
        if name == "normalize" {
            return self.bind_normalize(&call.arguments);
        }
        let mut arguments = self.bind_arguments(call)?;
        if let ("nextval" | "currval" | "setval", Some(first)) = (name, arguments.first_mut()) {
            self.fix_sequence(first)?;
        }
        match name {
            _ if gives_rows(name) => self.bind_set_call(name, arguments),
            "grouping" => self.bind_grouping(arguments),
            _ if super::json::builds(name) => self.bind_json_call(name, arguments),
            _ if super::array::is_array_function(name) => self.bind_array_call(name, arguments),
            "enum_first" | "enum_last" | "enum_range" => self.bind_enum_call(name, arguments),
            "make_interval" => self.bind_make_interval(call, arguments),
            "coalesce" | "greatest" | "least" => self.bind_common(name, arguments),
            "nullif" => self.bind_nullif(arguments),
            "concat" => self.bind_concat(arguments),
            "format" => self.bind_format(arguments),
            "num_nulls" | "num_nonnulls" => self.bind_num_nulls(name, arguments),
            "jsonb_set" | "jsonb_insert" | "jsonb_set_lax" => self.bind_json_set(name, arguments),
            "concat_ws" => self.bind_concat_ws(arguments),
            "quote_nullable" | "quote_literal" => self.bind_quote(name, arguments),
            "bit_length" => {
                let bytes = self.resolve_call("octet_length", arguments)?;
                let bits = literal(Value::Int4(8), SqlType::Int4);
                self.apply(&ast::BinaryOperator::Multiply, bytes, bits)
            }
            "date_part" => self.bind_date_part(arguments),
            "octet_length" => {
                let arguments = arguments.into_iter().map(|a| match a.sql_type {
                    SqlType::Char(_) => self.padded(a),
                    _ => Ok(a),
                });
                let arguments = arguments.collect::<Result<_>>()?;
                self.resolve_call(name, arguments)
            }
            "strpos" => {
                arguments.reverse();
                self.resolve_call(name, arguments)
            }
            "position" | "extract" => Err(no_function(name, &arguments)),
            _ => match information(name, &arguments) {
                Some(known) => known,
                None => self.resolve_call(name, arguments),
            },
        }
    }

    /// `date_part`: as `extract`, of a date that of its midnight. Errors: `42883`.
    fn bind_date_part(&mut self, mut arguments: Vec<Expr>) -> Result<Expr> {
        if let [_, day] = &mut arguments[..]
            && day.sql_type == SqlType::Date
        {
            *day = self.cast(day.clone(), SqlType::Timestamp(None), Context::Implicit)?;
        }
        let mut extracted = self.resolve_call("extract", arguments)?;
        // Not by way of NUMERIC, which has no infinities.
        extracted.sql_type = SqlType::Float8;
        Ok(extracted)
    }

    /// Makes the name of a sequence that a function is given say its schema: what it means is known now, and may be another
    /// one where the statement runs. Errors: `3F000`.
    fn fix_sequence(&mut self, argument: &mut Expr) -> Result<()> {
        if let ExprKind::Literal(Value::Text(text)) = &mut argument.kind {
            // What is stored was seen to be there, and is bound where no schemas are known.
            *text = qualified(&match self.level().clause.is_stored() {
                true => self.reading.path.named(self.schema, text),
                false => self.named(text)?,
            });
        }
        Ok(())
    }

    /// The function of that name and these arguments. `42883` when there is none, `42725` when there are several.
    pub(super) fn resolve_call(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let types: Vec<SqlType> = arguments.iter().map(|a| a.sql_type).collect();
        let overload = choose(name, &types).map_err(|no| match no {
            NoOverload::Missing => no_function(name, &arguments),
            NoOverload::Ambiguous => not_unique(name, &arguments),
        })?;
        let Some(function) = overload.function else {
            return Err(Error::unsupported(signature(
                name,
                overload.arguments.iter().copied(),
            )));
        };
        let arguments: Vec<Expr> = arguments
            .into_iter()
            .zip(overload.arguments)
            .map(|(argument, to)| self.cast(argument, *to, Context::Implicit))
            .collect::<Result<_>>()?;
        let sql_type = match (function, arguments.as_slice()) {
            (ScalarFunction::CurrentTimestamp, [digits]) => with_digits(overload.result, digits),
            _ => overload.result,
        };
        Ok(Expr {
            kind: ExprKind::Call(function, arguments),
            sql_type,
        })
    }

    /// `make_interval`, of whose seven arguments any may be left out or named.
    fn bind_make_interval(&mut self, call: &Call<'_>, arguments: Vec<Expr>) -> Result<Expr> {
        const NAMES: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];
        let positional = arguments.len();
        let mut slots: Vec<Option<Expr>> = arguments.into_iter().map(Some).collect();
        slots.resize(slots.len().max(NAMES.len()), None);
        let mut wrong = positional > NAMES.len();
        let mut shown: Vec<String> = slots
            .iter()
            .flatten()
            .map(|a| a.sql_type.base_name().to_owned())
            .collect();
        for (name, expr) in &call.named {
            let value = self.bind_expr(expr)?;
            shown.push(format!("{name} => {}", value.sql_type.base_name()));
            match NAMES.iter().position(|known| known == name) {
                Some(at) if slots[at].is_none() => slots[at] = Some(value),
                _ => wrong = true,
            }
        }
        let types = [SqlType::Int4; 6].into_iter().chain([SqlType::Float8]);
        let mut arguments = Vec::new();
        for (slot, to) in slots.into_iter().zip(types) {
            let value = slot.unwrap_or_else(|| match to {
                SqlType::Int4 => literal(Value::Int4(0), to),
                _ => literal(Value::Float8(0.0), to),
            });
            wrong |= !can_cast(value.sql_type, to, Context::Implicit);
            arguments.push((value, to));
        }
        if wrong {
            let message = format!(
                "function make_interval({}) does not exist",
                shown.join(", ")
            );
            return Err(sql_error("42883", message));
        }
        let arguments = arguments
            .into_iter()
            .map(|(value, to)| self.cast(value, to, Context::Implicit))
            .collect::<Result<_>>()?;
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::MakeInterval, arguments),
            sql_type: SqlType::Interval(None),
        })
    }

    fn bind_common(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        if arguments.is_empty() {
            return Err(sql_error("42601", "syntax error at or near \")\""));
        }
        let (arguments, sql_type) = self.unify(arguments, &name.to_ascii_uppercase())?;
        let kind = match name {
            "coalesce" => ExprKind::Coalesce(arguments),
            "greatest" => ExprKind::Call(ScalarFunction::Greatest, arguments),
            _ => ExprKind::Call(ScalarFunction::Least, arguments),
        };
        Ok(Expr { kind, sql_type })
    }

    fn bind_nullif(&mut self, arguments: Vec<Expr>) -> Result<Expr> {
        let Ok([left, right]) = <[Expr; 2]>::try_from(arguments) else {
            return Err(sql_error("42601", "NULLIF requires two arguments"));
        };
        let (left, right) = self.comparable("=", left, right)?;
        Ok(Expr {
            sql_type: left.sql_type,
            kind: ExprKind::Call(ScalarFunction::NullIf, vec![left, right]),
        })
    }

    fn bind_concat(&mut self, arguments: Vec<Expr>) -> Result<Expr> {
        if arguments.is_empty() {
            return Err(no_function("concat", &arguments));
        }
        let arguments = arguments.into_iter().map(|argument| self.shown(argument));
        Ok(Expr {
            kind: ExprKind::Call(
                ScalarFunction::ConcatSkipNull,
                arguments.collect::<Result<_>>()?,
            ),
            sql_type: SqlType::Text,
        })
    }

    /// `format(template, any, …)`
    fn bind_format(&mut self, arguments: Vec<Expr>) -> Result<Expr> {
        let refused = no_function("format", &arguments);
        let mut arguments = arguments.into_iter();
        let Some(template) = arguments.next() else {
            return Err(refused);
        };
        let mut bound = vec![self.implicit(template, SqlType::Text, || refused)?];
        for argument in arguments {
            bound.push(self.shown(argument)?);
        }
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::Format, bound),
            sql_type: SqlType::Text,
        })
    }

    /// `num_nulls(any, …)`, `num_nonnulls(any, …)`
    fn bind_num_nulls(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        if arguments.is_empty() {
            return Err(no_function(name, &arguments));
        }
        let function = match name {
            "num_nulls" => ScalarFunction::NumNulls,
            _ => ScalarFunction::NumNonNulls,
        };
        let arguments = arguments.into_iter().map(|e| self.resolve_unknown(e));
        Ok(Expr {
            kind: ExprKind::Call(function, arguments.collect::<Result<_>>()?),
            sql_type: SqlType::Int4,
        })
    }

    /// `concat_ws(separator, any, …)`
    fn bind_concat_ws(&mut self, arguments: Vec<Expr>) -> Result<Expr> {
        let refused = no_function("concat_ws", &arguments);
        let mut arguments = arguments.into_iter();
        let Some(separator) = arguments.next().filter(|_| arguments.len() > 0) else {
            return Err(refused);
        };
        let mut bound = vec![self.implicit(separator, SqlType::Text, || refused)?];
        for argument in arguments {
            bound.push(self.shown(argument)?);
        }
        Ok(Expr {
            kind: ExprKind::Call(ScalarFunction::ConcatWs, bound),
            sql_type: SqlType::Text,
        })
    }

    /// `quote_literal` and `quote_nullable`, of a text or of what anything else looks like.
    fn bind_quote(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let Ok([argument]) = <[Expr; 1]>::try_from(arguments.clone()) else {
            return Err(no_function(name, &arguments));
        };
        let shown = self.shown(argument)?;
        let function = match name {
            "quote_literal" => ScalarFunction::QuoteLiteral,
            _ => ScalarFunction::QuoteNullable,
        };
        Ok(Expr {
            kind: ExprKind::Call(function, vec![shown]),
            sql_type: SqlType::Text,
        })
    }

    /// Any value as the text that a result shows.
    fn shown(&mut self, argument: Expr) -> Result<Expr> {
        match argument.sql_type {
            // A BOOLEAN is written as in a result, unlike by its cast.
            SqlType::Bool => Ok(letter(argument)),
            SqlType::Char(_) => self.padded(argument),
            _ => self.cast(argument, SqlType::Text, Context::Assignment),
        }
    }
}

/// Whether it is `ARRAY(SELECT …)`, which the parser gives as a call.
fn is_array_of_query(function: &ast::Function) -> bool {
    let [ast::ObjectNamePart::Identifier(ident)] = function.name.0.as_slice() else {
        return false;
    };
    ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("array")
}

fn call_of(function: &ast::Function) -> Result<Call<'_>> {
    let ast::Function {
        name,
        uses_odbc_syntax,
        parameters,
        args,
        within_group,
        filter,
        null_treatment,
        over,
    } = function;
    let name = match parts(name)?.as_slice() {
        [ident] => fold(ident)?,
        [schema, ident] if fold(schema)? == "pg_catalog" => fold(ident)?,
        _ => {
            return Err(sql_error(
                "42883",
                format!("function {name} does not exist"),
            ));
        }
    };
    refuse(null_treatment.is_some(), "IGNORE NULLS and RESPECT NULLS")?;
    refuse(*uses_odbc_syntax, "the ODBC form of a call")?;
    refuse(
        !matches!(parameters, ast::FunctionArguments::None),
        "a function with parameters",
    )?;
    let mut call = Call {
        name,
        arguments: Vec::new(),
        named: Vec::new(),
        star: false,
        distinct: false,
        filter: filter.as_deref(),
        order_by: &[],
        within_group,
        over: over.as_ref(),
    };
    let ast::FunctionArgumentList {
        duplicate_treatment,
        args,
        clauses,
    } = match args {
        ast::FunctionArguments::None => return Ok(call),
        ast::FunctionArguments::Subquery(_) => {
            return Err(Error::unsupported("a query as an argument list"));
        }
        ast::FunctionArguments::List(list) => list,
    };
    for clause in clauses {
        match clause {
            ast::FunctionArgumentClause::OrderBy(terms) if call.order_by.is_empty() => {
                call.order_by = terms;
            }
            _ => return Err(Error::unsupported("a clause inside a call but ORDER BY")),
        }
    }
    call.distinct = matches!(duplicate_treatment, Some(ast::DuplicateTreatment::Distinct));
    for argument in args {
        take_argument(&mut call, argument, args.len() == 1)?;
    }
    Ok(call)
}

/// Adds an argument of a call, which is the only one when `alone`.
fn take_argument<'a>(
    call: &mut Call<'a>,
    argument: &'a ast::FunctionArg,
    alone: bool,
) -> Result<()> {
    match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(_)) if !call.named.is_empty() => {
            let message = "positional argument cannot follow named argument";
            return Err(sql_error("42601", message));
        }
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => call.arguments.push(expr),
        ast::FunctionArg::Named {
            name,
            arg: ast::FunctionArgExpr::Expr(expr),
            operator: ast::FunctionArgOperator::RightArrow | ast::FunctionArgOperator::Assignment,
        } => call.named.push((fold(name)?, expr)),
        ast::FunctionArg::ExprNamed {
            name: ast::Expr::Identifier(name),
            arg: ast::FunctionArgExpr::Expr(expr),
            operator: ast::FunctionArgOperator::RightArrow | ast::FunctionArgOperator::Assignment,
        } => call.named.push((fold(name)?, expr)),
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard) if alone => call.star = true,
        _ => {
            return Err(Error::unsupported("this kind of argument of a function"));
        }
    }
    Ok(())
}

/// `0A000` for `what`, if it is used.
pub(super) fn refuse(used: bool, what: &str) -> Result<()> {
    if used {
        Err(Error::unsupported(what))
    } else {
        Ok(())
    }
}

/// `t` or `f`.
fn letter(condition: Expr) -> Expr {
    let text = |t: &str| literal(Value::Text(t.to_string()), SqlType::Text);
    chosen(condition, text("t"), text("f"))
}

/// One of two values of one type; NULL where the condition is.
pub(super) fn chosen(condition: Expr, where_true: Expr, where_false: Expr) -> Expr {
    let sql_type = where_true.sql_type;
    let negated = Expr {
        kind: ExprKind::Not(Box::new(condition.clone())),
        sql_type: SqlType::Bool,
    };
    Expr {
        kind: ExprKind::Case {
            branches: vec![(condition, where_true), (negated, where_false)],
            otherwise: None,
        },
        sql_type,
    }
}

fn signature(name: &str, types: impl Iterator<Item = SqlType>) -> String {
    let types: Vec<&str> = types.map(|t| t.base_name()).collect();
    format!("function {name}({})", types.join(", "))
}

/// `42883` for a function.
pub(super) fn no_function(name: &str, arguments: &[Expr]) -> Error {
    let signature = signature(name, arguments.iter().map(|a| a.sql_type));
    sql_error("42883", format!("{signature} does not exist"))
}

/// `42725` for a function.
pub(super) fn not_unique(name: &str, arguments: &[Expr]) -> Error {
    let signature = signature(name, arguments.iter().map(|a| a.sql_type));
    sql_error("42725", format!("{signature} is not unique"))
}
