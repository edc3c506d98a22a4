//! Comparisons with the rows of a subquery: IN, ANY, ALL.

use super::array::written_elements;
use super::context::Binder;
use super::names::sql_error;
use super::operator::{boolean, comparison};
use super::query::cast_columns;
use super::scope::column;
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
        let inputs = self.bind_row(input)?;
        let (inputs, query) = self.compared_with_rows(inputs, query, CompareOp::Eq)?;
        Ok(boolean(ExprKind::InSubquery {
            inputs,
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
                let inputs = self.bind_row(left)?;
                let (inputs, query) = self.compared_with_rows(inputs, query, op)?;
                boolean(ExprKind::AnySubquery {
                    inputs,
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

    /// `inputs` and the rows of `query`, brought to one type each. `42601` when there are not as many of both.
    pub(super) fn compared_with_rows(
        &mut self,
        inputs: Vec<Expr>,
        query: &ast::Query,
        op: CompareOp,
    ) -> Result<(Vec<Expr>, Query)> {
        let query = self.bind_subquery(query)?;
        if query.output.len() != inputs.len() {
            let many = query.output.len() > inputs.len();
            let which = if many { "many" } else { "few" };
            return Err(sql_error(
                "42601",
                format!("subquery has too {which} columns"),
            ));
        }
        let (mut compared, mut columns) = (Vec::new(), Vec::new());
        for (at, input) in inputs.into_iter().enumerate() {
            let own = column(at, query.output[at].sql_type);
            let (input, own) = self.comparable(op.symbol(), input, own)?;
            compared.push(input);
            columns.push(own);
        }
        let as_they_are = columns
            .iter()
            .zip(&query.output)
            .all(|(cast, own)| cast.sql_type == own.sql_type);
        if as_they_are {
            return Ok((compared, query));
        }
        Ok((compared, cast_columns(query, &columns)))
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
