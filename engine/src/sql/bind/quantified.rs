//! Comparisons with the rows of a subquery: IN, ANY, ALL.

use super::context::Binder;
use super::names::sql_error;
use super::operator::{boolean, comparison};
use super::query::cast_columns;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, Query};
use sqlparser::ast;
use sqlparser::ast::BinaryOperator;

impl Binder<'_> {
    pub(super) fn in_subquery(
        &mut self,
        input: &ast::Expr,
        query: &ast::Query,
        negated: bool,
    ) -> Result<Expr> {
        let (input, query) = self.compared_with_rows(input, query, CompareOp::Eq)?;
        Ok(boolean(ExprKind::InSubquery {
            input: Box::new(input),
            query: Box::new(query),
            negated,
        }))
    }

    /// `left op ANY (right)`, or ALL. `= ANY` is IN, `<> ALL` is NOT IN.
    pub(super) fn quantified(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        all: bool,
    ) -> Result<Expr> {
        let mut right = right;
        while let ast::Expr::Nested(inner) = right {
            right = inner;
        }
        let name = if all { "ALL" } else { "ANY" };
        let (Some(op), ast::Expr::Subquery(query)) = (comparison(op), right) else {
            return Err(Error::unsupported(format_args!("{op} {name}")));
        };
        match (op, all) {
            (CompareOp::Eq, false) => return self.in_subquery(left, query, false),
            (CompareOp::Ne, true) => return self.in_subquery(left, query, true),
            _ => {}
        }
        let (input, query) = self.compared_with_rows(left, query, op)?;
        let any = boolean(ExprKind::AnySubquery {
            input: Box::new(input),
            op: if all { op.negated() } else { op },
            query: Box::new(query),
        });
        // All are so where none is otherwise.
        Ok(if all {
            boolean(ExprKind::Not(Box::new(any)))
        } else {
            any
        })
    }

    /// `input` and the rows of `query`, brought to one type.
    fn compared_with_rows(
        &mut self,
        input: &ast::Expr,
        query: &ast::Query,
        op: CompareOp,
    ) -> Result<(Expr, Query)> {
        if matches!(input, ast::Expr::Tuple(_)) {
            return Err(Error::unsupported("a row value compared with a subquery"));
        }
        let input = self.bind_expr(input)?;
        let query = self.bind_subquery(query)?;
        let [column] = query.output.as_slice() else {
            return Err(sql_error("42601", "subquery has too many columns"));
        };
        let from = column.sql_type;
        let placeholder = Expr {
            kind: ExprKind::Column(0),
            sql_type: from,
        };
        let (input, placeholder) = self.comparable(op.symbol(), input, placeholder)?;
        if placeholder.sql_type == from {
            return Ok((input, query));
        }
        Ok((input, cast_columns(query, &[placeholder])))
    }
}
