//! Calls in the standard's own words: `EXTRACT`, `SUBSTRING … FROM`, `TRIM` and their like.

use super::coerce::literal;
use super::context::Binder;
use super::expr::unsupported_expression;
use super::names::sql_error;
use super::operator::{boolean, no_operator};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::{SqlType, Value};
use sqlparser::ast;

impl Binder<'_> {
    /// A call in the standard's own words.
    pub(super) fn bind_special_call(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::Extract {
                field,
                syntax: ast::ExtractSyntax::From,
                expr,
            } => {
                let field = literal(
                    Value::Text(field.to_string().to_ascii_lowercase()),
                    SqlType::Text,
                );
                let input = self.bind_expr(expr)?;
                self.resolve_call("extract", vec![field, input])
            }
            ast::Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                let stamp = self.bind_expr(timestamp)?;
                let zone = self.bind_expr(time_zone)?;
                self.resolve_call("timezone", vec![zone, stamp])
            }
            ast::Expr::IsNormalized {
                expr,
                form,
                negated,
            } => {
                let form = form.map_or_else(|| "NFC".to_owned(), |form| form.to_string());
                let form = literal(Value::Text(form), SqlType::Text);
                let input = self.bind_expr(expr)?;
                let found = self.resolve_call("is_normalized", vec![input, form])?;
                Ok(negated_if(*negated, found))
            }
            ast::Expr::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => {
                let input = self.bind_expr(expr)?;
                let pattern = self.bind_expr(pattern)?;
                let escape = match escape_char {
                    Some(escape) => self.bind_expr(escape)?,
                    None => literal(Value::Text("\\".to_owned()), SqlType::Text),
                };
                let found = self.similar(input, pattern, escape)?;
                Ok(negated_if(*negated, found))
            }
            ast::Expr::Ceil { expr, field } => self.rounding("ceil", expr, field),
            ast::Expr::Floor { expr, field } => self.rounding("floor", expr, field),
            ast::Expr::Position { expr, r#in } => {
                let arguments = vec![self.bind_expr(expr)?, self.bind_expr(r#in)?];
                self.resolve_call("position", arguments)
            }
            _ => self.bind_text_call(expr),
        }
    }

    /// `input SIMILAR TO pattern ESCAPE escape`. `42883` for what are no texts.
    fn similar(&mut self, input: Expr, pattern: Expr, escape: Expr) -> Result<Expr> {
        let (l, r) = (input.sql_type, pattern.sql_type);
        let refused = || no_operator("~", l, r);
        let input = match l {
            SqlType::Char(_) => self.padded(input)?,
            _ => self.implicit(input, SqlType::Text, refused)?,
        };
        let pattern = self.implicit(pattern, SqlType::Text, refused)?;
        let escape = self.implicit(escape, SqlType::Text, refused)?;
        let arguments = vec![input, pattern, escape];
        Ok(boolean(ExprKind::Call(
            ScalarFunction::SimilarTo,
            arguments,
        )))
    }

    /// `normalize(text[, form])`. Errors: `42601` for a form that is no word of the four.
    pub(super) fn bind_normalize(&mut self, arguments: &[&ast::Expr]) -> Result<Expr> {
        const FORMS: [&str; 4] = ["NFC", "NFD", "NFKC", "NFKD"];
        let (input, form) = match arguments {
            [input] => (*input, "NFC".to_owned()),
            [input, ast::Expr::Identifier(form)]
                if form.quote_style.is_none()
                    && FORMS.contains(&form.value.to_ascii_uppercase().as_str()) =>
            {
                (*input, form.value.to_ascii_uppercase())
            }
            [_, other, ..] => {
                let message = format!("syntax error at or near \"{other}\"");
                return Err(sql_error("42601", message));
            }
            [] => return Err(sql_error("42601", "syntax error at or near \")\"")),
        };
        let input = self.bind_expr(input)?;
        let form = literal(Value::Text(form), SqlType::Text);
        self.resolve_call("normalize", vec![input, form])
    }

    /// Of those, the functions of texts.
    fn bind_text_call(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                let mut arguments = Vec::new();
                for argument in [expr, overlay_what, overlay_from]
                    .into_iter()
                    .chain(overlay_for)
                {
                    arguments.push(self.bind_expr(argument)?);
                }
                self.resolve_call("overlay", arguments)
            }
            ast::Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                let mut arguments = vec![self.bind_expr(expr)?];
                match substring_from {
                    Some(from) => arguments.push(self.bind_expr(from)?),
                    None => arguments.push(literal(Value::Int4(1), SqlType::Int4)),
                }
                if let Some(length) = substring_for {
                    arguments.push(self.bind_expr(length)?);
                }
                self.resolve_call("substring", arguments)
            }
            ast::Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                let name = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => "btrim",
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                };
                let mut arguments = vec![self.bind_expr(expr)?];
                for characters in trim_what
                    .as_deref()
                    .into_iter()
                    .chain(trim_characters.iter().flatten())
                {
                    arguments.push(self.bind_expr(characters)?);
                }
                self.resolve_call(name, arguments)
            }
            other => Err(unsupported_expression(other)),
        }
    }

    fn rounding(
        &mut self,
        name: &str,
        input: &ast::Expr,
        field: &ast::CeilFloorKind,
    ) -> Result<Expr> {
        match field {
            ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) => {
                let input = self.bind_expr(input)?;
                self.resolve_call(name, vec![input])
            }
            _ => Err(Error::unsupported(format_args!(
                "{name} with a field or a scale"
            ))),
        }
    }
}

/// The negation of a condition, if it is negated.
fn negated_if(negated: bool, condition: Expr) -> Expr {
    match negated {
        true => boolean(ExprKind::Not(Box::new(condition))),
        false => condition,
    }
}
