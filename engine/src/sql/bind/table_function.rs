//! Functions that give rows: their arguments and columns.

use super::array::array_type;
use super::call::no_function;
use super::coerce::{Context, can_cast, common_type};
use super::context::Binder;
use super::names::sql_error;
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, TableFunction};
use crate::types::SqlType;

/// A function with arguments of its types.
pub(super) struct TypedFunction {
    pub(super) function: TableFunction,
    pub(super) arguments: Vec<Expr>,
    pub(super) columns: FunctionColumns,
}

/// The columns of a function.
pub(super) enum FunctionColumns {
    /// They go by the name of the function or of the source.
    Unnamed(Vec<SqlType>),
    /// They have names of their own.
    Named(Vec<(&'static str, SqlType)>),
}

/// Whether a function of that name gives rows.
pub(super) fn gives_rows(name: &str) -> bool {
    all().any(|known| known == name)
}

/// The names of all functions that give rows.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    let others = [
        "generate_series",
        "generate_subscripts",
        "jsonb_path_query",
        "regexp_matches",
        "regexp_split_to_table",
        "string_to_table",
        "unnest",
    ];
    others
        .into_iter()
        .chain(JSON.iter().map(|(name, ..)| *name))
}

const J: SqlType = SqlType::Json;
const JB: SqlType = SqlType::Jsonb;
const T: SqlType = SqlType::Text;

/// The functions of JSON: what they take, and their columns.
type OfJson = (
    &'static str,
    TableFunction,
    SqlType,
    &'static [(&'static str, SqlType)],
);
static JSON: &[OfJson] = &[
    (
        "json_array_elements",
        TableFunction::JsonElements,
        J,
        &[("value", J)],
    ),
    (
        "json_array_elements_text",
        TableFunction::JsonElements,
        J,
        &[("value", T)],
    ),
    (
        "json_each",
        TableFunction::JsonFields,
        J,
        &[("key", T), ("value", J)],
    ),
    (
        "json_each_text",
        TableFunction::JsonFields,
        J,
        &[("key", T), ("value", T)],
    ),
    (
        "jsonb_array_elements",
        TableFunction::JsonElements,
        JB,
        &[("value", JB)],
    ),
    (
        "jsonb_array_elements_text",
        TableFunction::JsonElements,
        JB,
        &[("value", T)],
    ),
    (
        "jsonb_each",
        TableFunction::JsonFields,
        JB,
        &[("key", T), ("value", JB)],
    ),
    (
        "jsonb_each_text",
        TableFunction::JsonFields,
        JB,
        &[("key", T), ("value", T)],
    ),
    ("json_object_keys", TableFunction::JsonKeys, J, &[]),
    ("jsonb_object_keys", TableFunction::JsonKeys, JB, &[]),
];

impl Binder<'_> {
    /// The function of that name for these arguments. `42883` when there is none, `0A000` for one that gives no rows.
    pub(super) fn typed_table_function(
        &mut self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> Result<TypedFunction> {
        match name {
            "generate_series" => self.series(arguments),
            "unnest" => self.unnest(arguments),
            "regexp_split_to_table" => self.elements("regexp_split_to_array", name, arguments),
            "string_to_table" => self.elements("string_to_array", name, arguments),
            "regexp_matches" => self.matches_of_pattern(arguments),
            "generate_subscripts" => self.subscripts(arguments),
            "jsonb_path_query" => self.path_query(arguments),
            _ => match JSON.iter().find(|(known, ..)| *known == name) {
                Some(function) => self.rows_of_json(function, arguments),
                None if super::overload::exists(name) => Err(Error::unsupported(format_args!(
                    "the function {name} in FROM"
                ))),
                None => Err(no_function(name, &arguments)),
            },
        }
    }

    fn series(&mut self, mut arguments: Vec<Expr>) -> Result<TypedFunction> {
        let refused = no_function("generate_series", &arguments);
        if !(2..=3).contains(&arguments.len()) {
            return Err(refused);
        }
        let ends = arguments[..2].iter().map(|e| e.sql_type);
        let mut types = match common_type(ends).map(SqlType::base) {
            Some(SqlType::Date | SqlType::TimestampTz(_)) => vec![SqlType::TimestampTz(None); 2],
            Some(SqlType::Timestamp(_)) => vec![SqlType::Timestamp(None); 2],
            _ => {
                let common = common_type(arguments.iter().map(|e| e.sql_type));
                match common.map(SqlType::base) {
                    Some(SqlType::Int2) => vec![SqlType::Int4; 3],
                    Some(t @ (SqlType::Int4 | SqlType::Int8 | SqlType::Numeric(_))) => vec![t; 3],
                    // Of literals alone.
                    Some(SqlType::Text) if arguments.iter().all(is_unknown) => {
                        let message = "function generate_series(unknown, unknown) is not unique";
                        return Err(sql_error("42725", message));
                    }
                    _ => return Err(refused),
                }
            }
        };
        let result = types[0];
        if types.len() == 2 {
            types.push(SqlType::Interval(None));
            if arguments.len() == 2 {
                return Err(refused);
            }
        }
        for (argument, to) in arguments.iter_mut().zip(types) {
            if !can_cast(argument.sql_type, to, Context::Implicit) {
                return Err(refused);
            }
            *argument = self.cast(argument.clone(), to, Context::Implicit)?;
        }
        Ok(TypedFunction {
            function: TableFunction::GenerateSeries,
            arguments,
            columns: FunctionColumns::Unnamed(vec![result]),
        })
    }

    fn unnest(&mut self, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let elements = arguments.iter().map(|a| match a.sql_type {
            SqlType::Array(element) => Ok(element.sql_type()),
            SqlType::Unknown => Err(sql_error("42725", "function unnest(unknown) is not unique")),
            _ => Err(no_function("unnest", &arguments)),
        });
        let elements: Vec<SqlType> = elements.collect::<Result<_>>()?;
        if elements.is_empty() {
            return Err(no_function("unnest", &arguments));
        }
        Ok(TypedFunction {
            function: TableFunction::Unnest,
            arguments,
            columns: FunctionColumns::Unnamed(elements),
        })
    }

    /// The elements of what the function `of` gives. `42883` in the name of the function `name`.
    fn elements(&mut self, of: &str, name: &str, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let refused = no_function(name, &arguments);
        let array = self.bind_array_call(of, arguments).map_err(|_| refused)?;
        self.unnest(vec![array])
    }

    fn matches_of_pattern(&mut self, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let refused = no_function("regexp_matches", &arguments);
        if !(2..=3).contains(&arguments.len()) {
            return Err(refused);
        }
        let no_text = || no_function("regexp_matches", &[]);
        let texts = arguments
            .into_iter()
            .map(|argument| self.implicit(argument, T, no_text));
        let arguments = texts.collect::<Result<_>>().map_err(|_| refused)?;
        Ok(TypedFunction {
            function: TableFunction::RegexpMatches,
            arguments,
            columns: FunctionColumns::Unnamed(vec![array_type(T)?]),
        })
    }

    fn subscripts(&mut self, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let refused = no_function("generate_subscripts", &arguments);
        let own = [SqlType::Int4, SqlType::Bool];
        let is_array =
            matches!(arguments.first(), Some(a) if matches!(a.sql_type, SqlType::Array(_)));
        if !is_array || !(2..=3).contains(&arguments.len()) {
            return Err(refused);
        }
        let mut arguments = arguments;
        for (argument, to) in arguments[1..].iter_mut().zip(own) {
            if !can_cast(argument.sql_type, to, Context::Implicit) {
                return Err(refused);
            }
            *argument = self.cast(argument.clone(), to, Context::Implicit)?;
        }
        Ok(TypedFunction {
            function: TableFunction::Subscripts,
            arguments,
            columns: FunctionColumns::Unnamed(vec![SqlType::Int4]),
        })
    }

    fn path_query(&mut self, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let given = arguments.clone();
        let refused = || no_function("jsonb_path_query", &given);
        if !(2..=4).contains(&arguments.len()) {
            return Err(refused());
        }
        let types = [JB, T, JB, SqlType::Bool];
        let typed = arguments.into_iter().zip(types);
        let typed = typed.map(|(argument, to)| self.implicit(argument, to, refused));
        Ok(TypedFunction {
            function: TableFunction::JsonPathQuery,
            arguments: typed.collect::<Result<_>>()?,
            columns: FunctionColumns::Unnamed(vec![JB]),
        })
    }

    fn rows_of_json(&mut self, function: &OfJson, arguments: Vec<Expr>) -> Result<TypedFunction> {
        let (name, function, of, columns) = *function;
        let refused = no_function(name, &arguments);
        let Ok([argument]) = <[Expr; 1]>::try_from(arguments) else {
            return Err(refused);
        };
        let argument = self.implicit(argument, of, || refused)?;
        Ok(TypedFunction {
            function,
            arguments: vec![argument],
            columns: match columns {
                [] => FunctionColumns::Unnamed(vec![SqlType::Text]),
                named => FunctionColumns::Named(named.to_vec()),
            },
        })
    }
}

fn is_unknown(expr: &Expr) -> bool {
    expr.sql_type == SqlType::Unknown
}
