//! Row values: `(a, b)` or `ROW (a, b)`, which can be compared with others, and with the rows of subqueries.
//!
//! There is no value of a row type: each comparison becomes one of the values in the rows.

use super::context::Binder;
use super::names::{single, sql_error};
use super::operator::{boolean, comparison};
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind};
use sqlparser::ast;
use sqlparser::ast::BinaryOperator;

/// The values of `(a, b)` or `ROW (…)`; `None` for any other expression.
pub(super) fn row_values(expr: &ast::Expr) -> Option<Vec<&ast::Expr>> {
    match expr {
        ast::Expr::Tuple(values) => Some(values.iter().collect()),
        ast::Expr::Nested(inner) => match &**inner {
            ast::Expr::Nested(_) | ast::Expr::Tuple(_) | ast::Expr::Function(_) => {
                row_values(inner)
            }
            _ => None,
        },
        ast::Expr::Function(ast::Function {
            name,
            args: ast::FunctionArguments::List(list),
            ..
        }) => {
            let (name, ident) = single(name).ok()?;
            let values = list.args.iter().map(|argument| match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(value)) => Some(value),
                _ => None,
            });
            let is_row = name == "row" && ident.quote_style.is_none();
            values.collect::<Option<_>>().filter(|_| is_row)
        }
        _ => None,
    }
}

impl Binder<'_> {
    /// The values of a row, or the only value that `expr` is.
    pub(super) fn bind_row(&mut self, expr: &ast::Expr) -> Result<Vec<Expr>> {
        match row_values(expr) {
            Some(values) => values.into_iter().map(|e| self.bind_expr(e)).collect(),
            None => Ok(vec![self.bind_expr(expr)?]),
        }
    }

    /// `(a, b) = (c, d)` is a comparison of each pair; for `<` and its like the first pair that differs decides.
    pub(super) fn compare_rows(
        &mut self,
        left: &[&ast::Expr],
        op: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Expr> {
        let Some(op) = comparison(op) else {
            return Err(Error::unsupported(format_args!("{op} on row values")));
        };
        if let ast::Expr::Subquery(query) = right {
            let left = left.iter().map(|e| self.bind_expr(e));
            let left = left.collect::<Result<_>>()?;
            let (inputs, query) = self.compared_with_rows(left, query, op)?;
            let query = Box::new(query);
            return Ok(boolean(ExprKind::RowSubquery { inputs, op, query }));
        }
        let Some(right) = row_values(right) else {
            return Err(Error::unsupported("a row value"));
        };
        let left = left.iter().map(|e| self.bind_expr(e));
        let left = left.collect::<Result<_>>()?;
        match op {
            CompareOp::Eq => Ok(boolean(ExprKind::And(
                self.compare_pairs(op, left, &right)?,
            ))),
            CompareOp::Ne => Ok(boolean(ExprKind::Or(self.compare_pairs(op, left, &right)?))),
            _ => self.first_difference(op, left, &right),
        }
    }

    /// `(a, b) < (c, d)` as `a < c OR (a = c AND b < d)`.
    fn first_difference(
        &mut self,
        op: CompareOp,
        left: Vec<Expr>,
        right: &[&ast::Expr],
    ) -> Result<Expr> {
        let strict = match op {
            CompareOp::Le => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Gt,
            strict => strict,
        };
        let again: Vec<Expr> = left.iter().map(|e| self.duplicate(e)).collect();
        let mut differ = self.compare_pairs(strict, left.clone(), right)?;
        let equal = self.compare_pairs(CompareOp::Eq, again, right)?;
        if op != strict {
            // Rows that are equal in all but the last pair.
            let last = left.into_iter().next_back().zip(right.last());
            if let Some((last, other)) = last {
                let last = self.duplicate(&last);
                differ.pop();
                differ.extend(self.compare_pairs(op, vec![last], &[*other])?);
            }
        }
        let mut pairs = differ.into_iter().zip(equal).rev();
        let Some((mut decided, _)) = pairs.next() else {
            return Err(sql_error(
                "0A000",
                "a comparison of empty rows is not supported",
            ));
        };
        for (differ, equal) in pairs {
            let further = boolean(ExprKind::And(vec![equal, decided]));
            decided = boolean(ExprKind::Or(vec![differ, further]));
        }
        Ok(decided)
    }

    /// Compares each of `left` with its partner in `right`.
    fn compare_pairs(
        &mut self,
        op: CompareOp,
        left: Vec<Expr>,
        right: &[&ast::Expr],
    ) -> Result<Vec<Expr>> {
        if left.len() != right.len() {
            return Err(unequal_rows());
        }
        left.into_iter()
            .zip(right)
            .map(|(left, right)| {
                let right = self.bind_expr(right)?;
                self.compare(op, left, right)
            })
            .collect()
    }

    /// `(a, b) IN ((1, 2), (3, 4))`
    pub(super) fn row_in_list(
        &mut self,
        input: &[&ast::Expr],
        list: &[ast::Expr],
        negated: bool,
    ) -> Result<Expr> {
        let input = input
            .iter()
            .map(|e| self.bind_expr(e))
            .collect::<Result<Vec<_>>>()?;
        let mut rows = Vec::new();
        for item in list {
            let Some(items) = row_values(item) else {
                return Err(Error::unsupported(
                    "a row value compared with one that is none",
                ));
            };
            let left = if rows.is_empty() {
                input.clone()
            } else {
                input.iter().map(|e| self.duplicate(e)).collect()
            };
            let pairs = self.compare_pairs(CompareOp::Eq, left, &items)?;
            rows.push(boolean(ExprKind::And(pairs)));
        }
        let found = boolean(ExprKind::Or(rows));
        Ok(if negated {
            boolean(ExprKind::Not(Box::new(found)))
        } else {
            found
        })
    }

    /// `(a, b) IS NULL`: all of its values are. `IS NOT NULL` likewise, so that a row may be neither.
    pub(super) fn row_is_null(&mut self, row: &[&ast::Expr], negated: bool) -> Result<Expr> {
        let tests = row.iter().map(|e| self.is_null(e, negated));
        Ok(boolean(ExprKind::And(tests.collect::<Result<_>>()?)))
    }

    /// `(a, b) IS [NOT] DISTINCT FROM (c, d)`: some pair is, or none.
    pub(super) fn rows_distinct(
        &mut self,
        left: &[&ast::Expr],
        right: &[&ast::Expr],
        negated: bool,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(unequal_rows());
        }
        let pairs = left.iter().zip(right);
        let tests = pairs.map(|(left, right)| self.distinct(left, right, negated));
        let tests = tests.collect::<Result<_>>()?;
        Ok(boolean(match negated {
            true => ExprKind::And(tests),
            false => ExprKind::Or(tests),
        }))
    }
}

fn unequal_rows() -> Error {
    sql_error("42601", "unequal number of entries in row expressions")
}
