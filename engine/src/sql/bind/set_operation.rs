//! UNION, INTERSECT and EXCEPT.
//!
//! The branches are brought to common types two by two, from left to right, as PostgreSQL does it:
//! `SELECT NULL UNION SELECT NULL UNION SELECT 1` makes the first two TEXT, which then do not match the third.

use super::call::refuse;
use super::coerce::{Context, common_type};
use super::context::{Binder, Clause, Level};
use super::names::sql_error;
use super::order::Target;
use super::query::{cast_columns, select_all};
use super::scope::{Scope, column};
use super::with::NoRecursion;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{ExprKind, From, Query, SetOperation, SetOperator};
use crate::types::SqlType;
use sqlparser::ast;

/// A set operation as it was written.
pub(super) struct Written<'a> {
    pub(super) operator: SetOperator,
    pub(super) all: bool,
    pub(super) left: &'a ast::SetExpr,
    pub(super) right: &'a ast::SetExpr,
}

impl<'a> Written<'a> {
    /// Of the parts of its node in the tree.
    pub(super) fn new(
        left: &'a ast::SetExpr,
        operator: ast::SetOperator,
        quantifier: ast::SetQuantifier,
        right: &'a ast::SetExpr,
    ) -> Result<Self> {
        let operator = match operator {
            ast::SetOperator::Union => SetOperator::Union,
            ast::SetOperator::Intersect => SetOperator::Intersect,
            ast::SetOperator::Except => SetOperator::Except,
            ast::SetOperator::Minus => {
                return Err(sql_error("42601", "syntax error at or near \"MINUS\""));
            }
        };
        let by_name = matches!(
            quantifier,
            ast::SetQuantifier::ByName
                | ast::SetQuantifier::AllByName
                | ast::SetQuantifier::DistinctByName
        );
        refuse(by_name, "BY NAME")?;
        Ok(Self {
            operator,
            all: quantifier == ast::SetQuantifier::All,
            left,
            right,
        })
    }

    /// The operation on the left side, when the two are one UNION of three branches.
    fn chained(&self) -> Result<Option<Self>> {
        let ast::SetExpr::SetOperation {
            left,
            op,
            set_quantifier,
            right,
        } = self.left
        else {
            return Ok(None);
        };
        let below = Self::new(left, *op, *set_quantifier, right)?;
        let one = self.operator == SetOperator::Union
            && below.operator == self.operator
            && below.all == self.all;
        Ok(one.then_some(below))
    }
}

/// The branches bound so far.
struct Branches {
    operator: SetOperator,
    all: bool,
    inputs: Vec<Query>,
    /// The names of the first one's columns.
    names: Vec<String>,
    types: Vec<SqlType>,
}

impl Branches {
    fn targets(&self) -> Vec<Target> {
        let columns = self.types.iter().zip(&self.names).enumerate();
        columns
            .map(|(i, (sql_type, name))| Target::new(column(i, *sql_type), name.clone()))
            .collect()
    }

    /// What they are together.
    fn into_query(mut self) -> Query {
        let targets = self.targets();
        match (self.inputs.len(), self.inputs.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                self.inputs.extend(last);
                let operation = SetOperation {
                    operator: self.operator,
                    all: self.all,
                    inputs: self.inputs,
                    types: self.types,
                };
                select_all(From::SetOperation(operation), targets)
            }
        }
    }
}

/// Why the left and the right side of an operation cannot refer to the working table of a recursive query around it.
fn no_recursion(written: &Written<'_>) -> (Option<NoRecursion>, Option<NoRecursion>) {
    let all = |why| written.all.then_some(why);
    match written.operator {
        SetOperator::Union => (None, None),
        SetOperator::Intersect => (all(NoRecursion::Intersect), all(NoRecursion::Intersect)),
        SetOperator::Except => (all(NoRecursion::Except), Some(NoRecursion::Except)),
    }
}

impl Binder<'_> {
    /// A set operation under ORDER BY `order`.
    pub(super) fn bind_set_operation(
        &mut self,
        written: &Written<'_>,
        order: &[ast::OrderByExpr],
    ) -> Result<Query> {
        // A chain of UNIONs is as deep in the tree as it is long: it is walked, not descended into.
        let mut rights = vec![written.right];
        let mut first = written.left;
        let mut below = written.chained()?;
        while let Some(next) = below {
            rights.push(next.right);
            first = next.left;
            below = next.chained()?;
        }
        let (no_left, no_right) = no_recursion(written);
        let first = self.without_recursion(no_left, |b| b.bind_branch(first))?;
        let mut branches = Branches {
            operator: written.operator,
            all: written.all,
            names: first.output.iter().map(|c| c.name.clone()).collect(),
            types: first.output.iter().map(|c| c.sql_type).collect(),
            inputs: vec![first],
        };
        for right in rights.into_iter().rev() {
            let right = self.without_recursion(no_right, |b| b.bind_branch(right))?;
            branches = self.add_branch(branches, right)?;
        }
        let mut targets = branches.targets();
        let names = branches.names.iter().cloned();
        let scope = Scope::of_columns("", names.zip(branches.types.iter().copied()));
        let mut query = branches.into_query();
        if !order.is_empty() {
            let visible = targets.len();
            let level = Level::new(scope, Clause::OrderBy);
            let (order_by, _) = self.with_level(level, |binder| {
                binder.bind_order(order, &mut targets, false)
            })?;
            if targets.len() > visible {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "0A000",
                    "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                ));
            }
            query.order_by = order_by;
        }
        Ok(query)
    }

    /// A branch, whose literals of unknown type stay so: the branch beside it decides. Those that are compared within the
    /// branch are TEXT.
    pub(super) fn bind_branch(&mut self, branch: &ast::SetExpr) -> Result<Query> {
        let mut query = self.deeper(2, |binder| match branch {
            ast::SetExpr::Query(query) => binder.bind_query(query, false),
            _ => binder.bind_body(branch, &[], false),
        })?;
        for i in 0..query.output.len() {
            let literal = matches!(
                query.projection[i].kind,
                ExprKind::Literal(_) | ExprKind::Parameter(_)
            );
            // What is unknown and no literal is a key of GROUP BY.
            let compared = query.distinct.is_some()
                || !literal
                || query.order_by.iter().any(|key| key.column == i);
            if query.output[i].sql_type == SqlType::Unknown && compared {
                let text = self.resolve_unknown(query.projection[i].clone())?;
                query.projection[i] = text;
                query.output[i].sql_type = SqlType::Text;
            }
        }
        Ok(query)
    }

    /// `left` and one branch more, all of them of the types that are common to both sides.
    fn add_branch(&mut self, mut left: Branches, right: Query) -> Result<Branches> {
        let word = match left.operator {
            SetOperator::Union => "UNION",
            SetOperator::Intersect => "INTERSECT",
            SetOperator::Except => "EXCEPT",
        };
        if left.types.len() != right.output.len() {
            let message = format!("each {word} query must have the same number of columns");
            return Err(sql_error("42601", message));
        }
        let pairs = left.types.iter().zip(&right.output);
        let types = pairs
            .map(|(l, r)| {
                common_type([*l, r.sql_type]).ok_or_else(|| {
                    let message = format!(
                        "{word} types {} and {} cannot be matched",
                        l.base_name(),
                        r.sql_type.base_name()
                    );
                    sql_error("42804", message)
                })
            })
            .collect::<Result<Vec<SqlType>>>()?;
        if left.types != types {
            let (operator, all, names) = (left.operator, left.all, left.names.clone());
            let cast = self.cast_branch(left.into_query(), &types)?;
            left = Branches {
                operator,
                all,
                inputs: vec![cast],
                names,
                types,
            };
        }
        left.inputs.push(self.cast_branch(right, &left.types)?);
        Ok(left)
    }

    /// `query` with columns of `types`.
    pub(super) fn cast_branch(&mut self, mut query: Query, types: &[SqlType]) -> Result<Query> {
        let mut above = Vec::with_capacity(types.len());
        let mut changed = false;
        for (i, sql_type) in types.iter().enumerate() {
            let from = query.output[i].sql_type;
            // Neither the equality of rows nor their order may change with the type: then the cast goes above both. What
            // is unknown is a constant.
            let here = from == SqlType::Unknown
                || !query.distinct.is_some() && query.order_by.iter().all(|key| key.column != i);
            if here {
                let expr = query.projection[i].clone();
                query.projection[i] = self.cast(expr, *sql_type, Context::Implicit)?;
                query.output[i].sql_type = *sql_type;
                above.push(column(i, *sql_type));
            } else {
                let cast = self.cast(column(i, from), *sql_type, Context::Implicit)?;
                changed |= cast != column(i, from);
                above.push(cast);
            }
        }
        Ok(if changed {
            cast_columns(query, &above)
        } else {
            query
        })
    }
}
