//! Expressions: which binder binds what.

use super::coerce::{Context, can_cast, literal};
use super::context::{Binder, Clause};
use super::data_type::{of_catalog, sql_type};
use super::literal::string;
use super::names::{at, cannot_use, sql_error};
use crate::catalog::Types;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use crate::sql::parse::located;
use crate::types::{SqlType, Value, Zone};
use sqlparser::ast;

impl Binder<'_> {
    /// Binds an expression; its type may still be unknown.
    pub(super) fn bind_expr(&mut self, expr: &ast::Expr) -> Result<Expr> {
        self.deeper(1, |binder| binder.bind_expr_here(expr))
    }

    /// Binds a condition. `42804` naming `place` when it is none.
    pub(super) fn bind_condition(&mut self, expr: &ast::Expr, place: &str) -> Result<Expr> {
        let bound = self.bind_expr(expr)?;
        self.condition(bound, place)
    }

    fn bind_expr_here(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::Identifier(ident) => match of_session(ident) {
                Some(function) => self.bind_session_name(function),
                None => self.bind_column(std::slice::from_ref(ident)),
            },
            ast::Expr::CompoundIdentifier(idents) => self.bind_column(idents),
            ast::Expr::Value(value) => self.bind_value(value),
            ast::Expr::TypedString(typed) => {
                bind_typed_string(typed, self.schema.types(), self.reading.zone)
            }
            ast::Expr::Interval(interval) => self.bind_interval(interval),
            ast::Expr::Nested(inner) => self.bind_expr(inner),
            ast::Expr::BinaryOp { left, op, right } => self.bind_binary(expr, left, op, right),
            ast::Expr::UnaryOp { op, expr } => self.bind_unary(op, expr),
            ast::Expr::Cast {
                kind,
                expr,
                data_type,
                format,
            } => match (kind, format) {
                (ast::CastKind::Cast | ast::CastKind::DoubleColon, None) => {
                    self.bind_cast(expr, data_type)
                }
                _ => Err(Error::unsupported("this form of CAST")),
            },
            ast::Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.without_sets("CASE", |binder| {
                binder.bind_case(operand.as_deref(), conditions, else_result.as_deref())
            }),
            ast::Expr::Function(function) => self.bind_function(function),
            ast::Expr::Subquery(query) => self.bind_scalar_subquery(query),
            ast::Expr::Array(array) => self.bind_array(array),
            ast::Expr::CompoundFieldAccess { root, access_chain } => {
                self.bind_access(root, access_chain)
            }
            ast::Expr::Exists { subquery, negated } => self.bind_exists(subquery, *negated),
            ast::Expr::Extract { .. }
            | ast::Expr::AtTimeZone { .. }
            | ast::Expr::Ceil { .. }
            | ast::Expr::Floor { .. }
            | ast::Expr::Overlay { .. }
            | ast::Expr::Position { .. }
            | ast::Expr::IsNormalized { .. }
            | ast::Expr::SimilarTo { .. }
            | ast::Expr::Substring { .. }
            | ast::Expr::Trim { .. } => self.bind_special_call(expr),
            _ => self.bind_predicate(expr),
        }
    }

    fn bind_column(&mut self, idents: &[ast::Ident]) -> Result<Expr> {
        if self.level().clause == Clause::Default {
            let error = cannot_use("column reference", "DEFAULT expression");
            return Err(idents.iter().fold(error, at));
        }
        self.resolve(idents)
    }

    fn bind_cast(&mut self, expr: &ast::Expr, data_type: &ast::DataType) -> Result<Expr> {
        if let ast::DataType::Regclass = data_type {
            return self.bind_regclass(expr);
        }
        if let Some(to) = of_catalog(data_type)? {
            let bound = self.with_numbers(expr)?;
            let bound = self.bind_expr(&bound)?;
            return self.cast(bound, to, Context::Explicit);
        }
        let to = sql_type(data_type, self.schema.types())?;
        if let (ast::Expr::Array(array), SqlType::Array(element)) = (expr, to) {
            return self.bind_array_cast(array, element);
        }
        let bound = self.bind_expr(expr)?;
        if !can_cast(bound.sql_type, to, Context::Explicit) {
            let message = format!(
                "cannot cast type {} to {}",
                bound.sql_type.base_name(),
                to.base_name()
            );
            return Err(sql_error("42846", message));
        }
        let place = match expr {
            ast::Expr::Value(value) => Some(value.span.start),
            _ => None,
        };
        let cast = self.cast(bound, to, Context::Explicit);
        match place {
            Some(place) => cast.map_err(|e| located(e, place)),
            None => cast,
        }
    }

    fn bind_case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Result<Expr> {
        let operand = operand.map(|o| self.bind_expr(o)).transpose()?;
        let operand = match operand {
            // An operand that is a bare literal is a text.
            Some(o) if matches!(o.kind, ExprKind::Literal(_)) => Some(self.resolve_unknown(o)?),
            other => other,
        };
        let (mut whens, mut results) = (Vec::new(), Vec::new());
        for (i, ast::CaseWhen { condition, result }) in conditions.iter().enumerate() {
            let condition = self.bind_expr(condition)?;
            whens.push(match &operand {
                None => self.condition(condition, "CASE/WHEN")?,
                Some(operand) => {
                    let operand = if i == 0 {
                        operand.clone()
                    } else {
                        self.duplicate(operand)
                    };
                    self.compare(CompareOp::Eq, operand, condition)?
                }
            });
            results.push(self.bind_expr(result)?);
        }
        let has_otherwise = otherwise.is_some();
        if let Some(otherwise) = otherwise {
            results.push(self.bind_expr(otherwise)?);
        }
        let (mut results, sql_type) = self.unify(results, "CASE")?;
        let otherwise = if has_otherwise {
            results.pop().map(Box::new)
        } else {
            None
        };
        Ok(Expr {
            kind: ExprKind::Case {
                branches: whens.into_iter().zip(results).collect(),
                otherwise,
            },
            sql_type,
        })
    }
}

/// The function without arguments that `ident` means, where it is a word that can be no name.
fn of_session(ident: &ast::Ident) -> Option<&'static str> {
    const WORDS: [&str; 2] = ["current_role", "current_schema"];
    let is_it = |word: &&&str| word.eq_ignore_ascii_case(&ident.value);
    let found = WORDS.iter().find(is_it).copied();
    found.filter(|_| ident.quote_style.is_none())
}

/// `DATE '2024-01-31'`
fn bind_typed_string(typed: &ast::TypedString, types: &Types, zone: Zone) -> Result<Expr> {
    let ast::TypedString {
        data_type,
        value,
        uses_odbc_syntax,
    } = typed;
    if *uses_odbc_syntax {
        return Err(Error::unsupported("the ODBC form of a literal"));
    }
    let to = sql_type(data_type, types)?;
    let text = string(&value.value)?;
    let value = Value::from_text_in(&text, to, zone).map_err(|e| located(e, value.span.start))?;
    Ok(literal(value, to))
}

/// The name of what we do not support.
pub(super) fn unsupported_expression(expr: &ast::Expr) -> Error {
    Error::unsupported(match expr {
        ast::Expr::Collate { .. } => "COLLATE",
        ast::Expr::Tuple(_) => "a row value",
        ast::Expr::IsJson { .. } => "IS JSON",
        ast::Expr::GroupingSets(_) | ast::Expr::Cube(_) | ast::Expr::Rollup(_) => "GROUPING SETS",
        ast::Expr::Prefixed { .. } => "a character set introducer",
        ast::Expr::Named { .. } => "a named expression",
        ast::Expr::Wildcard(_) | ast::Expr::QualifiedWildcard(..) => "* as an expression",
        _ => "this kind of expression",
    })
}
