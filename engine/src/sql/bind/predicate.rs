//! Predicates: IS, IN, BETWEEN, LIKE, EXISTS, and subqueries as values.

use super::coerce::{Context, common_type, narrowed};
use super::context::{Binder, Clause};
use super::expr::unsupported_expression;
use super::names::{cannot_use, sql_error};
use super::operator::{boolean, no_operator};
use super::row_value::row_values;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, Query};
use crate::types::SqlType;
use sqlparser::ast;

impl Binder<'_> {
    /// A predicate, or what nobody knows.
    pub(super) fn bind_predicate(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::IsTrue(e) => self.is_bool(e, Some(true), false),
            ast::Expr::IsNotTrue(e) => self.is_bool(e, Some(true), true),
            ast::Expr::IsFalse(e) => self.is_bool(e, Some(false), false),
            ast::Expr::IsNotFalse(e) => self.is_bool(e, Some(false), true),
            ast::Expr::IsUnknown(e) => self.is_bool(e, None, false),
            ast::Expr::IsNotUnknown(e) => self.is_bool(e, None, true),
            ast::Expr::IsNull(e) => self.is_null(e, false),
            ast::Expr::IsNotNull(e) => self.is_null(e, true),
            ast::Expr::IsDistinctFrom(l, r) => self.distinct(l, r, false),
            ast::Expr::IsNotDistinctFrom(l, r) => self.distinct(l, r, true),
            ast::Expr::Between {
                expr,
                negated,
                low,
                high,
            } => self.between(expr, low, high, *negated),
            ast::Expr::Like { .. } | ast::Expr::ILike { .. } => self.bind_like(expr),
            ast::Expr::In {
                expr,
                target,
                negated,
                global: false,
            } => match target {
                ast::InTarget::List(list) => self.in_list(expr, list, *negated),
                ast::InTarget::Subquery(query) => self.in_subquery(expr, query, *negated),
                _ => Err(Error::unsupported("this form of IN")),
            },
            ast::Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            } => self.quantified(left, compare_op, right, false),
            ast::Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.quantified(left, compare_op, right, true),
            other => Err(unsupported_expression(other)),
        }
    }

    fn is_bool(&mut self, input: &ast::Expr, value: Option<bool>, negated: bool) -> Result<Expr> {
        let name = match value {
            Some(true) => "TRUE",
            Some(false) => "FALSE",
            None => "UNKNOWN",
        };
        let place = format!("IS {}{name}", if negated { "NOT " } else { "" });
        let input = Box::new(self.bind_condition(input, &place)?);
        Ok(boolean(ExprKind::IsBool {
            input,
            value,
            negated,
        }))
    }

    pub(super) fn is_null(&mut self, input: &ast::Expr, negated: bool) -> Result<Expr> {
        if let Some(row) = row_values(input) {
            return self.row_is_null(&row, negated);
        }
        let input = self.bind_expr(input)?;
        // A parameter keeps its unknown type and is refused at the end; a literal is a text.
        let input = match input.kind {
            ExprKind::Parameter(_) => input,
            _ => self.resolve_unknown(input)?,
        };
        let input = Box::new(input);
        Ok(boolean(ExprKind::IsNull { input, negated }))
    }

    pub(super) fn distinct(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        negated: bool,
    ) -> Result<Expr> {
        if let (Some(left), Some(right)) = (row_values(left), row_values(right)) {
            return self.rows_distinct(&left, &right, negated);
        }
        let left = self.bind_expr(left)?;
        let right = self.bind_expr(right)?;
        let (left, right) = self.comparable("=", left, right)?;
        Ok(boolean(ExprKind::Distinct {
            left: Box::new(left),
            right: Box::new(right),
            negated,
        }))
    }

    fn between(
        &mut self,
        input: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        negated: bool,
    ) -> Result<Expr> {
        let input = self.bind_expr(input)?;
        let low = self.bind_expr(low)?;
        let high = self.bind_expr(high)?;
        let again = self.duplicate(&input);
        let (low_op, high_op) = if negated {
            (CompareOp::Lt, CompareOp::Gt)
        } else {
            (CompareOp::Ge, CompareOp::Le)
        };
        let parts = vec![
            self.compare(low_op, input, low)?,
            self.compare(high_op, again, high)?,
        ];
        Ok(boolean(if negated {
            ExprKind::Or(parts)
        } else {
            ExprKind::And(parts)
        }))
    }

    fn in_list(&mut self, input: &ast::Expr, list: &[ast::Expr], negated: bool) -> Result<Expr> {
        if let Some(input) = row_values(input) {
            return self.row_in_list(&input, list, negated);
        }
        let input = self.bind_expr(input)?;
        let list = list
            .iter()
            .map(|e| self.bind_expr(e))
            .collect::<Result<Vec<_>>>()?;
        if list.is_empty() {
            return Err(sql_error("42601", "syntax error at or near \")\""));
        }
        let mut common = input.sql_type;
        for item in &list {
            common = match common_type([common, item.sql_type]) {
                Some(_) if common == SqlType::Unknown && item.sql_type == SqlType::Unknown => {
                    SqlType::Unknown
                }
                Some(next) => next,
                None => return Err(no_operator("=", input.sql_type, item.sql_type)),
            };
        }
        let common = if common == SqlType::Unknown {
            SqlType::Text
        } else {
            common.base()
        };
        let input_type = input.sql_type;
        // Integers that fit the column keep it as it is, so that an index on it serves.
        let keep = input_type.is_integer()
            && list
                .iter()
                .all(|e| narrowed(e, input_type).is_some() || e.sql_type == SqlType::Unknown);
        let common = if keep { input_type } else { common };
        let input = self.cast(input, common, Context::Implicit)?;
        let list = list
            .into_iter()
            .map(|e| self.cast(e, common, Context::Implicit))
            .collect::<Result<_>>()?;
        Ok(boolean(ExprKind::InList {
            input: Box::new(input),
            list,
            negated,
        }))
    }

    pub(super) fn bind_exists(&mut self, query: &ast::Query, negated: bool) -> Result<Expr> {
        let query = Box::new(self.bind_subquery(query)?);
        Ok(boolean(ExprKind::Exists { query, negated }))
    }

    pub(super) fn bind_scalar_subquery(&mut self, query: &ast::Query) -> Result<Expr> {
        let query = self.bind_subquery(query)?;
        let [column] = query.output.as_slice() else {
            return Err(sql_error("42601", "subquery must return only one column"));
        };
        Ok(Expr {
            sql_type: column.sql_type,
            kind: ExprKind::ScalarSubquery(Box::new(query)),
        })
    }

    /// A query inside an expression.
    pub(super) fn bind_subquery(&mut self, query: &ast::Query) -> Result<Query> {
        match self.level().clause {
            Clause::Default => Err(cannot_use("subquery", "DEFAULT expression")),
            Clause::Check => Err(cannot_use("subquery", "check constraint")),
            Clause::Generated => Err(cannot_use("subquery", "column generation expression")),
            Clause::IndexExpression => Err(cannot_use("subquery", "index expression")),
            Clause::IndexPredicate => Err(cannot_use("subquery", "index predicate")),
            Clause::CopyWhere => Err(cannot_use("subquery", "COPY FROM WHERE condition")),
            _ => self.deeper(1, |binder| binder.bind_query(query, true)),
        }
    }
}
