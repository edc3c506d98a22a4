//! SQL/JSON paths over JSONB: the crate `sql-json-path` reads and evaluates them, as PostgreSQL does.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::last::Last;
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error};
use serde_json::Value as Json;
use sql_json_path::{EvalError, JsonPath};

/// Signs of a path that may nest one part of it in another: reading it takes up to 8 KiB of the stack for each.
const SIGNS_MAX: usize = 128;
/// How deep parentheses may be nested: reading a path takes some five times as long for each.
const DEPTH_MAX: usize = 6;
/// How many pairs of parentheses there may be.
const PAIRS_MAX: usize = 64;

/// Reads the arguments of calls, one after the other: most have the same path and the same variables.
pub(crate) struct Calls {
    paths: Last<1, JsonPath>,
    vars: Last<1, Json>,
}

impl Calls {
    /// None so far.
    pub(crate) fn new() -> Self {
        Self {
            paths: Last::new(),
            vars: Last::new(),
        }
    }

    /// The next; `None` when an argument is NULL. Errors: `42601` for what is no path, `54001` for one that is nested too
    /// deeply.
    fn next(&mut self, arguments: &[Value]) -> Result<Option<Call<'_>>> {
        if arguments.iter().any(Value::is_null) {
            return Ok(None);
        }
        let (Some(Value::Jsonb(target)), Some(Value::Text(path))) =
            (arguments.first(), arguments.get(1))
        else {
            return Err(Error::misuse("a function of a path without its arguments"));
        };
        let vars = match arguments.get(2) {
            Some(Value::Jsonb(vars)) => vars,
            _ => "{}",
        };
        Ok(Some(Call {
            vars: self.vars.get([vars], || variables(vars))?,
            target: json(target)?,
            path: self.paths.get([path], || parse(path))?,
            silent: matches!(arguments.get(3), Some(Value::Bool(true))),
        }))
    }
}

/// What the arguments of such a function say.
struct Call<'a> {
    target: Json,
    path: &'a JsonPath,
    vars: &'a Json,
    silent: bool,
}

impl Call<'_> {
    /// All that is found, or with `silent` `None` where it cannot be told. Errors: class 22.
    fn items(&self) -> Result<Option<Vec<Json>>> {
        match self.path.query_with_vars(&self.target, self.vars) {
            Ok(items) => Ok(Some(
                items.into_iter().map(|item| item.into_owned()).collect(),
            )),
            Err(found) if self.silent && found.can_silent() => Ok(None),
            Err(found) => Err(error(&found)),
        }
    }
}

fn json(text: &str) -> Result<Json> {
    serde_json::from_str(text).map_err(|_| too_deep("JSON"))
}

fn variables(text: &str) -> Result<Json> {
    let vars = json(text)?;
    match vars.is_object() {
        true => Ok(vars),
        false => Err(error(&EvalError::VarsNotObject)),
    }
}

fn too_deep(what: &str) -> Error {
    let message = format!("stack depth limit exceeded: the {what} is nested too deeply for a path");
    Error::new(ErrorKind::Limit, "54001", message)
}

/// Whether the path can be read in little time and on a small stack.
fn is_bounded(text: &str) -> bool {
    let (mut signs, mut pairs, mut depth, mut deepest) = (0, 0, 0usize, 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' => {
                (pairs, depth) = (pairs + 1, depth + 1);
                deepest = deepest.max(depth);
            }
            ')' => depth = depth.saturating_sub(1),
            '.' | '[' | '-' | '+' | '!' | '?' | '*' | '/' | '%' | '&' | '|' => signs += 1,
            _ => {}
        }
    }
    signs <= SIGNS_MAX && pairs <= PAIRS_MAX && deepest <= DEPTH_MAX
}

fn parse(text: &str) -> Result<JsonPath> {
    if !is_bounded(text) {
        return Err(too_deep("jsonpath"));
    }
    JsonPath::new(text).map_err(|found| {
        let message = format!("invalid jsonpath \"{text}\": {found}");
        Error::new(ErrorKind::Sql, "42601", message)
    })
}

/// An error of a path, with PostgreSQL's SQLSTATE.
fn error(found: &EvalError) -> Error {
    use EvalError as E;
    let sqlstate = match found {
        E::NoKey(_) | E::MemberAccess => "2203A",
        E::ArrayAccess | E::WildcardArrayAccess | E::SizeNotArray => "22039",
        E::WildcardMemberAccess | E::KeyValueNotObject => "2203C",
        E::ArrayIndexOutOfBounds | E::ArrayIndexOutOfRange | E::ArrayIndexNotNumeric => "22033",
        E::NoVariable(_) => "42704",
        E::VarsNotObject => "22023",
        E::UnaryOperandNotNumeric(_) => "2203B",
        E::LeftOperandNotNumeric(_) | E::RightOperandNotNumeric(_) | E::ExpectSingleBoolean => {
            "22038"
        }
        E::MethodNotNumeric(_) | E::DoubleTypeError | E::NumericConversionType(_) => "22036",
        E::DivisionByZero => "22012",
        E::DateTimeTimezoneRequired(..) => "0A000",
        _ => "22031",
    };
    data_error(sqlstate, found.to_string())
}

fn jsonb(item: &Json) -> Result<Value> {
    Value::from_text(&item.to_string(), SqlType::Jsonb)
}

/// `jsonb_path_exists`, `jsonb_path_match`, `jsonb_path_query_array`, `jsonb_path_query_first`. Errors: `42601`, `54001`,
/// and those of class 22 that the path meets, unless it is to be silent about them.
pub(crate) fn json_path(name: F, calls: &mut Calls, arguments: &[Value]) -> Result<Value> {
    let Some(call) = calls.next(arguments)? else {
        return Ok(Value::Null);
    };
    let items = call.items()?;
    match (name, items.as_deref()) {
        (F::JsonPathExists, Some(items)) => Ok(Value::Bool(!items.is_empty())),
        (F::JsonPathMatch, Some([Json::Bool(holds)])) => Ok(Value::Bool(*holds)),
        (F::JsonPathMatch, Some([Json::Null])) => Ok(Value::Null),
        (F::JsonPathMatch, Some(_)) if !call.silent => Err(error(&EvalError::ExpectSingleBoolean)),
        (F::JsonPathQueryArray, items) => jsonb(&Json::Array(items.unwrap_or_default().to_vec())),
        (F::JsonPathQueryFirst, Some([first, ..])) => jsonb(first),
        _ => Ok(Value::Null),
    }
}

/// The rows of `jsonb_path_query`. Errors: as for [`json_path`].
pub(super) fn json_path_rows(arguments: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut calls = Calls::new();
    let items = match calls.next(arguments)? {
        Some(call) => call.items()?.unwrap_or_default(),
        None => Vec::new(),
    };
    items.iter().map(|item| Ok(vec![jsonb(item)?])).collect()
}
