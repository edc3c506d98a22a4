//! Arrays: constructors, subscripts, operators, and functions of any type of element.
//!
//! A function here has a *shape*: each argument is the array, one of its elements, or of a type of its own. The type of
//! the elements is the one that all arrays and elements of a call have in common, as with PostgreSQL's pseudo-types
//! `anycompatiblearray` and `anycompatible`.

use super::call::no_function;
use super::coerce::{Context, can_cast, common_type, literal};
use super::context::Binder;
use super::names::sql_error;
use super::operator::{boolean, no_operator};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::function::ScalarFunction as F;
use crate::sql::parse::parse_expression;
use crate::types::{ElementType, SqlArray, SqlType, Value, array_of};
use sqlparser::ast;
use sqlparser::ast::BinaryOperator;

/// An argument or result of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The array.
    Array,
    /// One of its elements.
    Element,
    /// A type of its own.
    Own(SqlType),
    /// An array of INTEGER.
    Integers,
    /// An array of TEXT.
    Texts,
}

use Place::{Array, Element, Integers, Own, Texts};

const INTEGER: Place = Own(SqlType::Int4);
const TEXT: Place = Own(SqlType::Text);

/// Each function with the arguments that it may have, and its result.
static SHAPES: &[(&str, F, &[Place], Place)] = &[
    ("array_append", F::ArrayAppend, &[Array, Element], Array),
    ("array_prepend", F::ArrayPrepend, &[Element, Array], Array),
    ("array_cat", F::ArrayCat, &[Array, Array], Array),
    ("array_length", F::ArrayLength, &[Array, INTEGER], INTEGER),
    ("array_lower", F::ArrayLower, &[Array, INTEGER], INTEGER),
    ("array_upper", F::ArrayLength, &[Array, INTEGER], INTEGER),
    ("array_ndims", F::ArrayDimensions, &[Array], INTEGER),
    ("array_dims", F::ArrayBounds, &[Array], TEXT),
    ("cardinality", F::Cardinality, &[Array], INTEGER),
    (
        "array_position",
        F::ArrayPosition,
        &[Array, Element],
        INTEGER,
    ),
    (
        "array_position",
        F::ArrayPosition,
        &[Array, Element, INTEGER],
        INTEGER,
    ),
    (
        "array_positions",
        F::ArrayPositions,
        &[Array, Element],
        Integers,
    ),
    ("array_remove", F::ArrayRemove, &[Array, Element], Array),
    (
        "array_replace",
        F::ArrayReplace,
        &[Array, Element, Element],
        Array,
    ),
    ("array_to_string", F::ArrayToString, &[Array, TEXT], TEXT),
    (
        "array_to_string",
        F::ArrayToString,
        &[Array, TEXT, TEXT],
        TEXT,
    ),
    ("string_to_array", F::StringToArray, &[TEXT, TEXT], Texts),
    (
        "string_to_array",
        F::StringToArray,
        &[TEXT, TEXT, TEXT],
        Texts,
    ),
    ("regexp_match", F::RegexpMatch, &[TEXT, TEXT], Texts),
    ("regexp_match", F::RegexpMatch, &[TEXT, TEXT, TEXT], Texts),
    (
        "regexp_split_to_array",
        F::RegexpSplit,
        &[TEXT, TEXT],
        Texts,
    ),
    (
        "regexp_split_to_array",
        F::RegexpSplit,
        &[TEXT, TEXT, TEXT],
        Texts,
    ),
    ("parse_ident", F::ParseIdent, &[TEXT], Texts),
    (
        "parse_ident",
        F::ParseIdent,
        &[TEXT, Own(SqlType::Bool)],
        Texts,
    ),
    ("array_fill", F::ArrayFill, &[Element, Integers], Array),
    (
        "array_fill",
        F::ArrayFill,
        &[Element, Integers, Integers],
        Array,
    ),
    (
        "array_to_json",
        F::ArrayToJson,
        &[Array],
        Own(SqlType::Json),
    ),
    (
        "array_to_json",
        F::ArrayToJson,
        &[Array, Own(SqlType::Bool)],
        Own(SqlType::Json),
    ),
    ("json_object", F::JsonOfTexts, &[Texts], Own(SqlType::Json)),
    (
        "json_object",
        F::JsonOfTexts,
        &[Texts, Texts],
        Own(SqlType::Json),
    ),
    (
        "jsonb_object",
        F::JsonOfTexts,
        &[Texts],
        Own(SqlType::Jsonb),
    ),
    (
        "jsonb_object",
        F::JsonOfTexts,
        &[Texts, Texts],
        Own(SqlType::Jsonb),
    ),
    ("trim_array", F::TrimArray, &[Array, INTEGER], Array),
];

/// Whether a function of that name is one of these.
pub(super) fn is_array_function(name: &str) -> bool {
    SHAPES.iter().any(|(known, ..)| *known == name)
}

/// The names of the functions.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|(name, ..)| *name)
}

impl Binder<'_> {
    /// `ARRAY[…]`. `42P18` without an element, which has no type; `0A000` for an array of arrays.
    pub(super) fn bind_array(&mut self, array: &ast::Array) -> Result<Expr> {
        let elements = self.array_elements(array)?;
        if elements.is_empty() {
            return Err(sql_error("42P18", "cannot determine type of empty array"));
        }
        let (elements, element) = self.unify(elements, "ARRAY")?;
        make_array(elements, element)
    }

    /// `ARRAY[…]::to`, which may be empty, and whose elements are each brought to the type.
    pub(super) fn bind_array_cast(&mut self, array: &ast::Array, to: ElementType) -> Result<Expr> {
        let to = to.sql_type();
        let elements = self.array_elements(array)?;
        let elements = elements.into_iter().map(|element| {
            let from = element.sql_type;
            if !can_cast(from, to, Context::Explicit) {
                let message = format!("cannot cast type {from} to {to}");
                return Err(sql_error("42846", message));
            }
            self.cast(element, to, Context::Explicit)
        });
        make_array(elements.collect::<Result<_>>()?, to)
    }

    fn array_elements(&mut self, array: &ast::Array) -> Result<Vec<Expr>> {
        let ast::Array { elem, named } = array;
        if !*named {
            return Err(sql_error("42601", "syntax error at or near \"[\""));
        }
        elem.iter().map(|e| self.bind_expr(e)).collect()
    }

    /// `ARRAY(SELECT …)`: the array of a column's values, empty without rows.
    pub(super) fn bind_array_of_query(&mut self, query: &ast::Query) -> Result<Expr> {
        let query = self.bind_subquery(query)?;
        let [column] = query.output.as_slice() else {
            return Err(sql_error("42601", "subquery must return only one column"));
        };
        let sql_type = array_type(column.sql_type)?;
        let empty = empty(sql_type)?;
        let gathered = Expr {
            kind: ExprKind::ScalarSubquery(Box::new(super::aggregate::gathered(query)?)),
            sql_type,
        };
        Ok(Expr {
            kind: ExprKind::Coalesce(vec![gathered, empty]),
            sql_type,
        })
    }

    /// `root[index]` and `root[lower:upper]`; `root[key]` of a JSONB. `42804` for what has no subscripts.
    pub(super) fn bind_access(
        &mut self,
        root: &ast::Expr,
        chain: &[ast::AccessExpr],
    ) -> Result<Expr> {
        // `t.a[1]` comes as the steps `.a` and `[1]` from `t`.
        let names = chain.iter().map_while(|step| match step {
            ast::AccessExpr::Dot(ast::Expr::Identifier(ident)) => Some(ident.clone()),
            _ => None,
        });
        let mut idents: Vec<ast::Ident> = names.collect();
        let steps = &chain[idents.len()..];
        let mut value = match (root, idents.is_empty()) {
            (_, true) => self.bind_expr(root)?,
            (ast::Expr::Identifier(ident), false) => {
                idents.insert(0, ident.clone());
                self.bind_expr(&ast::Expr::CompoundIdentifier(idents))?
            }
            _ => return Err(Error::unsupported("a field of a value")),
        };
        for step in steps {
            let ast::AccessExpr::Subscript(subscript) = step else {
                return Err(Error::unsupported("a field of a value"));
            };
            value = self.subscript(value, subscript)?;
        }
        Ok(value)
    }

    /// `array` with `new` at the subscripts of which `text` is the text, for the column `name`. Errors: `42804` for what is no
    /// array or no element, `0A000` for several subscripts.
    pub(super) fn bind_element_target(
        &mut self,
        array: Expr,
        name: &str,
        text: &str,
        new: impl FnOnce(&mut Self) -> Result<Expr>,
    ) -> Result<Expr> {
        let of = array.sql_type;
        let SqlType::Array(element) = of else {
            if of == SqlType::Jsonb {
                return Err(Error::unsupported("a subscript of a JSONB that is set"));
            }
            let message =
                format!("cannot subscript type {of} because it does not support subscripting");
            return Err(sql_error("42804", message));
        };
        let parsed = parse_expression(&format!("a{text}"))?;
        let ast::Expr::CompoundFieldAccess { access_chain, .. } = &parsed else {
            return Err(Error::misuse("subscripts are read as such"));
        };
        let [ast::AccessExpr::Subscript(subscript)] = access_chain.as_slice() else {
            return Err(Error::unsupported("an array of several dimensions"));
        };
        let (function, mut arguments, to) = match subscript {
            ast::Subscript::Index { index } => {
                let index = self.array_index(Some(index), 0)?;
                (F::ArraySetElement, vec![array, index], element.sql_type())
            }
            ast::Subscript::Slice {
                lower_bound,
                upper_bound,
                stride: None,
            } => {
                let lower = self.array_index(lower_bound.as_ref(), SqlArray::NO_LOWER)?;
                let upper = self.array_index(upper_bound.as_ref(), SqlArray::NO_UPPER)?;
                (F::ArraySetSlice, vec![array, lower, upper], of)
            }
            _ => return Err(sql_error("42601", "syntax error at or near \":\"")),
        };
        let new = new(self)?;
        if !can_cast(new.sql_type, to, Context::Assignment) {
            let message = format!(
                "subscripted assignment to \"{name}\" requires type {} but expression is of type {}",
                to.base_name(),
                new.sql_type.base_name()
            );
            return Err(sql_error("42804", message));
        }
        arguments.push(self.cast(new, to, Context::Assignment)?);
        Ok(call(function, arguments, of))
    }

    fn subscript(&mut self, value: Expr, subscript: &ast::Subscript) -> Result<Expr> {
        let of = value.sql_type;
        match (of, subscript) {
            (SqlType::Array(element), ast::Subscript::Index { index }) => {
                let index = self.array_index(Some(index), 0)?;
                Ok(call(
                    F::ArrayElement,
                    vec![value, index],
                    element.sql_type(),
                ))
            }
            (
                SqlType::Array(_),
                ast::Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride,
                },
            ) => {
                if stride.is_some() {
                    return Err(sql_error("42601", "syntax error at or near \":\""));
                }
                let lower = self.array_index(lower_bound.as_ref(), SqlArray::NO_LOWER)?;
                let upper = self.array_index(upper_bound.as_ref(), SqlArray::NO_UPPER)?;
                Ok(call(F::ArraySlice, vec![value, lower, upper], of))
            }
            (SqlType::Jsonb, ast::Subscript::Index { index }) => {
                let step = self.bind_expr(index)?;
                self.json_operator(&BinaryOperator::Arrow, value, step)
            }
            (SqlType::Jsonb, _) => Err(sql_error(
                "42804",
                "jsonb subscript does not support slices",
            )),
            _ => {
                let message =
                    format!("cannot subscript type {of} because it does not support subscripting");
                Err(sql_error("42804", message))
            }
        }
    }

    /// A subscript, or the one that stands for a bound that is not written.
    fn array_index(&mut self, index: Option<&ast::Expr>, missing: i32) -> Result<Expr> {
        let Some(index) = index else {
            return Ok(literal(Value::Int4(missing), SqlType::Int4));
        };
        let index = self.bind_expr(index)?;
        if !can_cast(index.sql_type, SqlType::Int4, Context::Assignment) {
            return Err(sql_error("42804", "array subscript must have type integer"));
        }
        self.cast(index, SqlType::Int4, Context::Assignment)
    }

    /// `@>`, `<@`, `&&` of arrays of one type. `42883`.
    pub(super) fn array_operator(
        &mut self,
        op: &BinaryOperator,
        left: Expr,
        right: Expr,
    ) -> Result<Expr> {
        let (left, right) = self.comparable(&op.to_string(), left, right)?;
        Ok(boolean(match op {
            BinaryOperator::ArrowAt => ExprKind::Call(F::ArrayContains, vec![right, left]),
            BinaryOperator::AtArrow => ExprKind::Call(F::ArrayContains, vec![left, right]),
            _ => ExprKind::Call(F::ArrayOverlaps, vec![left, right]),
        }))
    }

    /// `||` of two arrays, or of an array and an element. `42883`.
    pub(super) fn array_concat(&mut self, left: Expr, right: Expr) -> Result<Expr> {
        let (l, r) = (left.sql_type, right.sql_type);
        let is_array = |t| matches!(t, SqlType::Array(_) | SqlType::Unknown);
        let name = match (is_array(l), is_array(r)) {
            (true, true) => "array_cat",
            (true, false) => "array_append",
            (false, _) => "array_prepend",
        };
        self.bind_array_call(name, vec![left, right])
            .map_err(|e| match e.sqlstate() {
                "42883" => no_operator("||", l, r),
                _ => e,
            })
    }

    /// A call of a function of which [`is_array_function`] says that it is one of these. `42883`, and `42804` when no
    /// argument says what the elements are.
    pub(super) fn bind_array_call(&mut self, name: &str, arguments: Vec<Expr>) -> Result<Expr> {
        let refused = no_function(name, &arguments);
        let shape = SHAPES
            .iter()
            .find(|(known, _, places, _)| *known == name && places.len() == arguments.len());
        let Some((_, function, places, result)) = shape else {
            return Err(refused);
        };
        let mut elements = Vec::new();
        for (place, argument) in places.iter().zip(&arguments) {
            match (place, argument.sql_type) {
                (Array | Element, SqlType::Unknown) => {}
                (Array, SqlType::Array(element)) => elements.push(element.sql_type()),
                (Array, _) | (Element, SqlType::Array(_)) => return Err(refused),
                (Element, sql_type) => elements.push(sql_type),
                _ => {}
            }
        }
        let asks = places.iter().any(|p| matches!(p, Array | Element));
        if asks && elements.is_empty() {
            let message = "could not determine polymorphic type because input has type unknown";
            return Err(sql_error("42804", message));
        }
        let Some(element) = common_type(elements) else {
            return Err(refused);
        };
        let type_of = |place: Place| match place {
            Array => array_type(element),
            Element => Ok(element),
            Own(sql_type) => Ok(sql_type),
            Integers => array_type(SqlType::Int4),
            Texts => array_type(SqlType::Text),
        };
        let mut bound = Vec::new();
        for (place, argument) in places.iter().zip(arguments) {
            let to = type_of(*place)?;
            let refused = || no_function(name, std::slice::from_ref(&argument));
            if !can_cast(argument.sql_type, to, Context::Implicit) {
                return Err(refused());
            }
            bound.push(self.cast(argument, to, Context::Implicit)?);
        }
        Ok(call(*function, bound, type_of(*result)?))
    }

    /// The array of `left op ANY (array)`: `left` and the elements brought to one type. `42809` for what is no array.
    pub(super) fn compared_with_elements(
        &mut self,
        symbol: &str,
        left: Expr,
        array: Expr,
    ) -> Result<(Expr, Expr)> {
        let array = match (array.sql_type, left.sql_type) {
            (SqlType::Unknown, SqlType::Unknown) => {
                self.cast(array, array_type(SqlType::Text)?, Context::Implicit)?
            }
            (SqlType::Unknown, known) => {
                self.cast(array, array_type(known.base())?, Context::Implicit)?
            }
            _ => array,
        };
        let SqlType::Array(element) = array.sql_type else {
            let message = "op ANY/ALL (array) requires array on right side";
            return Err(sql_error("42809", message));
        };
        let placeholder = Expr {
            kind: ExprKind::Column(0),
            sql_type: element.sql_type(),
        };
        let (left, placeholder) = self.comparable(symbol, left, placeholder)?;
        let array = self.cast(array, array_type(placeholder.sql_type)?, Context::Implicit)?;
        Ok((left, array))
    }
}

/// The elements of an array that is written out; `None` for any other.
pub(super) fn written_elements(array: &Expr) -> Option<Vec<Expr>> {
    let SqlType::Array(element) = array.sql_type else {
        return None;
    };
    match &array.kind {
        ExprKind::Call(F::MakeArray, elements) => Some(elements.clone()),
        ExprKind::Literal(Value::Array(array)) => {
            let elements = array.values().iter().cloned();
            Some(elements.map(|v| literal(v, element.sql_type())).collect())
        }
        _ => None,
    }
}

/// The array of `elements`, which are all of one type. `0A000` for an array of arrays.
fn make_array(elements: Vec<Expr>, element: SqlType) -> Result<Expr> {
    let sql_type = array_type(element)?;
    let constants = elements.iter().map(|e| match &e.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        _ => None,
    });
    match (
        constants.collect::<Option<Vec<_>>>(),
        ElementType::new(element),
    ) {
        (Some(values), Some(of)) => Ok(literal(Value::Array(SqlArray::new(of, values)), sql_type)),
        _ => Ok(call(F::MakeArray, elements, sql_type)),
    }
}

fn empty(array: SqlType) -> Result<Expr> {
    match array {
        SqlType::Array(element) => {
            let value = Value::Array(SqlArray::new(element, Vec::new()));
            Ok(literal(value, array))
        }
        _ => Err(Error::misuse("an array is of a type of arrays")),
    }
}

/// The type of arrays of `element`; unknown literals are texts. `0A000` for an array of arrays.
pub(super) fn array_type(element: SqlType) -> Result<SqlType> {
    match element {
        SqlType::Unknown => array_type(SqlType::Text),
        _ => array_of(element).ok_or_else(|| Error::unsupported("an array of several dimensions")),
    }
}

fn call(function: F, arguments: Vec<Expr>, sql_type: SqlType) -> Expr {
    Expr {
        kind: ExprKind::Call(function, arguments),
        sql_type,
    }
}
