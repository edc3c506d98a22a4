//! Comparisons with the rows of a subquery: IN, ANY, ALL.

use super::array::written_elements;
use super::context::Binder;
use super::names::sql_error;
use super::operator::{boolean, comparison};
use super::query::cast_columns;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, Query};
use crate::sql::function::ScalarFunction;
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

    /// `left op ANY (right)`, or ALL, of a subquery or an array. `= ANY` is IN, `<> ALL` is NOT IN.
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
        let Some(op) = comparison(op) else {
            return Err(Error::unsupported(format_args!("{op} {name}")));
        };
        // All are so where none is otherwise.
        let searched = if all { op.negated() } else { op };
        let any = match right {
            ast::Expr::Subquery(query) if searched == CompareOp::Eq => {
                return self.in_subquery(left, query, all);
            }
            ast::Expr::Subquery(query) => {
                let (input, query) = self.compared_with_rows(left, query, op)?;
                boolean(ExprKind::AnySubquery {
                    input: Box::new(input),
                    op: searched,
                    query: Box::new(query),
                })
            }
            array => {
                let (left, array) = (self.bind_expr(left)?, self.bind_expr(array)?);
                let (left, array) = self.compared_with_elements(op.symbol(), left, array)?;
                any_element(left, searched, array)
            }
        };
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

/// Whether `left op` one of the elements. Those of an array that is written out are a list, for which there may be an
/// index.
fn any_element(left: Expr, op: CompareOp, array: Expr) -> Expr {
    match written_elements(&array) {
        Some(list) if op == CompareOp::Eq && !list.is_empty() => boolean(ExprKind::InList {
            input: Box::new(left),
            list,
            negated: false,
        }),
        _ => boolean(ExprKind::Call(
            ScalarFunction::AnyElement(op),
            vec![left, array],
        )),
    }
}
