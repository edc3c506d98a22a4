//! The names that PostgreSQL gives to result columns without an alias.

use super::data_type::{of_catalog, sql_type};
use super::names::{fold, parts};
use crate::catalog::Types;
use crate::error::Result;
use crate::sql::system::type_name;
use sqlparser::ast;

/// The name of the result column that is `expr`.
pub(super) fn figure_name(expr: &ast::Expr) -> Result<String> {
    Ok(match named(expr)? {
        Some((name, _)) => name,
        None => "?column?".to_string(),
    })
}

/// The name, and whether it is one that a cast keeps.
fn named(expr: &ast::Expr) -> Result<Option<(String, bool)>> {
    let weak = |name: &str| Ok(Some((name.to_string(), false)));
    let strong = |name: &str| Ok(Some((name.to_string(), true)));
    match expr {
        ast::Expr::Identifier(ident) => Ok(Some((fold(ident)?, true))),
        ast::Expr::CompoundIdentifier(idents) => match idents.last() {
            Some(ident) => Ok(Some((fold(ident)?, true))),
            None => Ok(None),
        },
        ast::Expr::Nested(inner) => named(inner),
        ast::Expr::Function(function) => match parts(&function.name)?.last() {
            Some(ident) => Ok(Some((fold(ident)?, true))),
            None => Ok(None),
        },
        ast::Expr::Cast {
            expr, data_type, ..
        } => match named(expr)? {
            Some((name, true)) => Ok(Some((name, true))),
            _ => match data_type {
                ast::DataType::Regclass => weak("regclass"),
                _ => match of_catalog(data_type)? {
                    Some(_) => weak(&data_type.to_string().to_ascii_lowercase()),
                    None => weak(&of_type(data_type)?),
                },
            },
        },
        ast::Expr::TypedString(typed) => weak(&of_type(&typed.data_type)?),
        ast::Expr::Value(value) if matches!(value.value, ast::Value::Boolean(_)) => weak("bool"),
        ast::Expr::Case { else_result, .. } => match else_result {
            Some(otherwise) => match named(otherwise)? {
                Some((name, true)) => Ok(Some((name, true))),
                _ => weak("case"),
            },
            None => weak("case"),
        },
        ast::Expr::Exists { negated: false, .. } => strong("exists"),
        ast::Expr::Subquery(query) => subquery(query),
        ast::Expr::Array(_) => strong("array"),
        ast::Expr::CompoundFieldAccess { root, access_chain } => field(root, access_chain),
        ast::Expr::Interval(_) => weak("interval"),
        ast::Expr::AtTimeZone { .. } => strong("timezone"),
        ast::Expr::Extract { .. } => strong("extract"),
        ast::Expr::Ceil { .. } => strong("ceil"),
        ast::Expr::Floor { .. } => strong("floor"),
        ast::Expr::Position { .. } => strong("position"),
        ast::Expr::Overlay { .. } => strong("overlay"),
        ast::Expr::Substring { shorthand, .. } => {
            strong(if *shorthand { "substr" } else { "substring" })
        }
        ast::Expr::Trim { trim_where, .. } => match trim_where {
            None | Some(ast::TrimWhereField::Both) => strong("btrim"),
            Some(ast::TrimWhereField::Leading) => strong("ltrim"),
            Some(ast::TrimWhereField::Trailing) => strong("rtrim"),
        },
        _ => Ok(None),
    }
}

fn subquery(query: &ast::Query) -> Result<Option<(String, bool)>> {
    match &*query.body {
        ast::SetExpr::Select(select) => match select.projection.first() {
            Some(ast::SelectItem::UnnamedExpr(expr)) => named(expr),
            Some(ast::SelectItem::ExprWithAlias { alias, .. }) => Ok(Some((fold(alias)?, true))),
            _ => Ok(None),
        },
        ast::SetExpr::Values(_) => Ok(Some(("column1".to_string(), true))),
        ast::SetExpr::Query(inner) => subquery(inner),
        _ => Ok(None),
    }
}

/// The last field's name, else that of what has the subscripts.
fn field(root: &ast::Expr, chain: &[ast::AccessExpr]) -> Result<Option<(String, bool)>> {
    let fields = chain.iter().rev().find_map(|step| match step {
        ast::AccessExpr::Dot(field) => Some(field),
        ast::AccessExpr::Subscript(_) => None,
    });
    named(fields.unwrap_or(root))
}

/// The name of a type, the last part of that of one that a user made.
fn of_type(data_type: &ast::DataType) -> Result<String> {
    match (sql_type(data_type, &Types::default()), data_type) {
        (Ok(known), _) => Ok(type_name(known).to_owned()),
        (Err(error), ast::DataType::Custom(name, _)) => {
            parts(name)?.last().map_or(Err(error), |ident| fold(ident))
        }
        (Err(_), ast::DataType::Array(ast::ArrayElemTypeDef::SquareBracket(element, _))) => {
            of_type(element)
        }
        (Err(error), _) => Err(error),
    }
}
