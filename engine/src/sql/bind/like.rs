//! LIKE and ILIKE, of a pattern or of ANY of an array's; `~` and its like.

use super::array::written_elements;
use super::coerce::literal;
use super::context::Binder;
use super::expr::unsupported_expression;
use super::operator::{boolean, no_operator};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::function::ScalarFunction;
use crate::types::{SqlType, Value};
use sqlparser::ast;

/// How is compared.
#[derive(Clone, Copy)]
struct Manner {
    case_insensitive: bool,
    negated: bool,
    escape: Option<char>,
}

impl Binder<'_> {
    /// `input [NOT] LIKE [ANY] pattern`
    pub(super) fn bind_like(&mut self, expr: &ast::Expr) -> Result<Expr> {
        let (case_insensitive, negated, any, input, pattern, escape) = match expr {
            ast::Expr::Like {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => (false, *negated, *any, expr, pattern, escape_char),
            ast::Expr::ILike {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => (true, *negated, *any, expr, pattern, escape_char),
            other => return Err(unsupported_expression(other)),
        };
        let manner = Manner {
            case_insensitive,
            negated,
            escape: match escape {
                None => Some('\\'),
                Some(escape) => self.escape(escape)?,
            },
        };
        let input = self.bind_expr(input)?;
        let pattern = self.bind_expr(pattern)?;
        if !any {
            return self.like(input, pattern, manner);
        }
        let (input, patterns) = self.compared_with_elements(manner.symbol(), input, pattern)?;
        let Some(patterns) = written_elements(&patterns) else {
            return Err(Error::unsupported(
                "LIKE ANY of an array that is not written out",
            ));
        };
        let mut alternatives = Vec::new();
        for pattern in patterns {
            let input = match alternatives.is_empty() {
                true => input.clone(),
                false => self.duplicate(&input),
            };
            alternatives.push(self.like(input, pattern, manner)?);
        }
        Ok(boolean(match alternatives.is_empty() {
            true => ExprKind::Literal(Value::Bool(false)),
            false => ExprKind::Or(alternatives),
        }))
    }

    fn like(&mut self, input: Expr, pattern: Expr, manner: Manner) -> Result<Expr> {
        let (l, r) = (input.sql_type, pattern.sql_type);
        let symbol = manner.symbol();
        if l == SqlType::Bytes && matches!(r, SqlType::Bytes | SqlType::Unknown) {
            return Err(Error::unsupported("LIKE on bytea"));
        }
        let input = match l {
            SqlType::Char(_) => self.padded(input)?,
            _ => self.implicit(input, SqlType::Text, || no_operator(symbol, l, r))?,
        };
        let pattern = self.implicit(pattern, SqlType::Text, || no_operator(symbol, l, r))?;
        Ok(boolean(ExprKind::Like {
            input: Box::new(input),
            pattern: Box::new(pattern),
            escape: manner.escape,
            case_insensitive: manner.case_insensitive,
            negated: manner.negated,
        }))
    }

    /// `left ~ right`, and what ignores case or is its negation. `42883`.
    pub(super) fn matches(
        &mut self,
        op: &ast::BinaryOperator,
        left: Expr,
        right: Expr,
    ) -> Result<Expr> {
        use ast::BinaryOperator as Op;
        let (l, r) = (left.sql_type, right.sql_type);
        let refused = || no_operator(&op.to_string(), l, r);
        let left = match l {
            SqlType::Char(_) => self.padded(left)?,
            _ => self.implicit(left, SqlType::Text, refused)?,
        };
        let right = self.implicit(right, SqlType::Text, refused)?;
        let mut arguments = vec![left, right];
        if matches!(op, Op::PGRegexIMatch | Op::PGRegexNotIMatch) {
            arguments.push(literal(Value::Text("i".to_string()), SqlType::Text));
        }
        let found = boolean(ExprKind::Call(ScalarFunction::RegexpLike, arguments));
        Ok(match op {
            Op::PGRegexNotMatch | Op::PGRegexNotIMatch => boolean(ExprKind::Not(Box::new(found))),
            _ => found,
        })
    }

    fn escape(&mut self, escape: &ast::Expr) -> Result<Option<char>> {
        let bound = self.bind_expr(escape)?;
        let ExprKind::Literal(Value::Text(text)) = &bound.kind else {
            return Err(Error::unsupported("an ESCAPE that is not a literal"));
        };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (first, None) => Ok(first),
            _ => Err(Error::new(
                crate::ErrorKind::Data,
                "22025",
                "invalid escape string",
            )),
        }
    }
}

impl Manner {
    /// The operator that PostgreSQL makes of it.
    fn symbol(self) -> &'static str {
        match (self.case_insensitive, self.negated) {
            (false, false) => "~~",
            (false, true) => "!~~",
            (true, false) => "~~*",
            (true, true) => "!~~*",
        }
    }
}
