//! Joins of the sources in FROM: which rows are partners, and which columns are seen of both.

use super::call::refuse;
use super::coerce::{Context, common_type};
use super::context::{Binder, Clause, DEPTH_MAX, Level};
use super::lateral::is_lateral;
use super::names::{at, single, sql_error};
use super::scope::{Found, Scope, ScopeTable, Visible};
use super::with::NoRecursion;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, From, JoinKind};
use crate::sql::parse::too_deep;
use crate::types::SqlType;
use sqlparser::ast;

/// How two sources are joined.
struct Join<'a> {
    kind: JoinKind,
    /// RIGHT JOIN: a LEFT JOIN of the two in the other order.
    swapped: bool,
    condition: Condition<'a>,
}

enum Condition<'a> {
    None,
    On(&'a ast::Expr),
    Using(Vec<(String, &'a ast::Ident)>),
    Natural,
}

/// `left, right`
const CROSS: Join<'static> = Join {
    kind: JoinKind::Inner,
    swapped: false,
    condition: Condition::None,
};

impl Binder<'_> {
    /// The sources of a query, with one before them.
    pub(super) fn bind_from_behind(
        &mut self,
        first: Option<(From, Scope)>,
        items: &[ast::TableWithJoins],
    ) -> Result<(Option<From>, Scope)> {
        let mut result = first;
        for item in items {
            result = Some(match result {
                Some(left) if looks_left(item) => self.bind_joined(item, Some(left))?,
                Some(left) => {
                    let next = self.bind_joined(item, None)?;
                    self.join(left, next, CROSS)?
                }
                None => self.bind_joined(item, None)?,
            });
        }
        Ok(match result {
            None => (None, Scope::default()),
            Some((from, scope)) => (Some(from), scope),
        })
    }

    /// An item of FROM, `behind` the items before it. Since LATERAL looks at those, its joins are then made of all that
    /// is left of it, which is the same: `x, (a JOIN b)` is `(x, a) JOIN b`. What is in parentheses is bound alone.
    pub(super) fn bind_joined(
        &mut self,
        item: &ast::TableWithJoins,
        behind: Option<(From, Scope)>,
    ) -> Result<(From, Scope)> {
        self.deeper(1, |binder| {
            let ast::TableWithJoins { relation, joins } = item;
            let nullable = joins.iter().any(|join| {
                join_of(&join.join_operator)
                    .is_ok_and(|join| join.swapped || join.kind == JoinKind::Full)
            });
            let before = behind.as_ref().map_or_else(Scope::default, |b| b.1.clone());
            let no_recursion = nullable.then_some(NoRecursion::OuterJoin);
            let mut left = binder
                .without_recursion(no_recursion, |b| b.bind_beside(relation, before.clone()))?;
            if let Some((from, scope)) = behind {
                check_names(&scope, &left.1)?;
                left.1.shift(scope.width);
                left.1.width += scope.width;
                left.0 = node(from, left.0, &CROSS.kind, CROSS.swapped, None);
            }
            for ast::Join {
                relation,
                global,
                join_operator,
            } in joins
            {
                refuse(*global, "GLOBAL JOIN")?;
                let join = join_of(join_operator)?;
                let nullable = join.kind != JoinKind::Inner && !join.swapped;
                let no_recursion = nullable.then_some(NoRecursion::OuterJoin);
                let beside = match is_lateral(relation) {
                    true => concat(before.clone(), left.1.clone(), Vec::new(), &[]),
                    false => Scope::default(),
                };
                let right =
                    binder.without_recursion(no_recursion, |b| b.bind_beside(relation, beside))?;
                let outer = join.swapped || join.kind == JoinKind::Full;
                if outer && matches!(right.0, From::Lateral(_)) {
                    let message = "the joining type must be INNER or LEFT for a LATERAL reference";
                    return Err(sql_error("42P10", message));
                }
                check_names(&before, &right.1)?;
                left = binder.join(left, right, join)?;
            }
            let width = left.1.width;
            let mut scope = concat(before, left.1, Vec::new(), &[]);
            scope.width = width;
            Ok((left.0, scope))
        })
    }

    /// `left LEFT JOIN right ON on`
    pub(super) fn left_join(
        &mut self,
        left: (From, Scope),
        right: (From, Scope),
        on: &ast::Expr,
    ) -> Result<(From, Scope)> {
        let join = Join {
            kind: JoinKind::Left,
            swapped: false,
            condition: Condition::On(on),
        };
        self.join(left, right, join)
    }

    fn join(
        &mut self,
        left: (From, Scope),
        right: (From, Scope),
        join: Join<'_>,
    ) -> Result<(From, Scope)> {
        let ((left, mut left_scope), (right, mut right_scope)) = (left, right);
        check_names(&left_scope, &right_scope)?;
        if left_scope.tables.len() + right_scope.tables.len() > DEPTH_MAX {
            return Err(too_deep());
        }
        if join.swapped {
            left_scope.shift(right_scope.width);
        } else {
            right_scope.shift(left_scope.width);
        }
        let names = match join.condition {
            Condition::Using(names) => names,
            Condition::Natural => natural(&left_scope, &right_scope),
            Condition::On(expr) => {
                let scope = concat(left_scope, right_scope, Vec::new(), &[]);
                let level = Level::new(scope, Clause::Join);
                let (on, level) =
                    self.with_level(level, |binder| binder.bind_condition(expr, "JOIN/ON"))?;
                return Ok((
                    node(left, right, &join.kind, join.swapped, Some(on)),
                    level.scope,
                ));
            }
            Condition::None => Vec::new(),
        };
        let (mut merged, mut conditions) = (Vec::new(), Vec::new());
        for (name, ident) in &names {
            let l = common_column(&left_scope, name, ident, "left")?;
            let r = common_column(&right_scope, name, ident, "right")?;
            conditions.push(self.compare(CompareOp::Eq, l.clone(), r.clone())?);
            let common = common_type([l.sql_type, r.sql_type]).unwrap_or(l.sql_type);
            let expr = self.merged_column(l, r, common, (join.kind, join.swapped))?;
            merged.push(Visible {
                name: name.clone(),
                expr,
            });
        }
        let on = match conditions.len() {
            0 => None,
            1 => conditions.pop(),
            _ => Some(Expr {
                kind: ExprKind::And(conditions),
                sql_type: SqlType::Bool,
            }),
        };
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        let scope = concat(left_scope, right_scope, merged, &names);
        Ok((node(left, right, &join.kind, join.swapped, on), scope))
    }

    /// The one column that stands for `left` and `right` of USING: the one of the side that has no NULLs added.
    fn merged_column(
        &mut self,
        left: Expr,
        right: Expr,
        common: SqlType,
        join: (JoinKind, bool),
    ) -> Result<Expr> {
        match join {
            (JoinKind::Full, _) => {
                let left = self.cast(left, common, Context::Implicit)?;
                let right = self.cast(right, common, Context::Implicit)?;
                Ok(Expr {
                    sql_type: left.sql_type,
                    kind: ExprKind::Coalesce(vec![left, right]),
                })
            }
            (_, true) => self.cast(right, common, Context::Implicit),
            (_, false) => self.cast(left, common, Context::Implicit),
        }
    }
}

fn node(left: From, right: From, kind: &JoinKind, swapped: bool, on: Option<Expr>) -> From {
    let (left, right) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    From::Join {
        left: Box::new(left),
        right: Box::new(right),
        kind: *kind,
        on,
    }
}

/// Whether LATERAL in `item` may look at the items before it: below a RIGHT or FULL JOIN it cannot.
fn looks_left(item: &ast::TableWithJoins) -> bool {
    let mut kinds = item.joins.iter().map(|join| join_of(&join.join_operator));
    let mut factors = std::iter::once(&item.relation).chain(item.joins.iter().map(|j| &j.relation));
    factors.any(is_lateral)
        && kinds.all(|join| join.is_ok_and(|j| !j.swapped && j.kind != JoinKind::Full))
}

/// `42712` when both sides have a table of the same name, and no schemas tell them apart.
fn check_names(left: &Scope, right: &Scope) -> Result<()> {
    let is_same = |a: &ScopeTable, b: &ScopeTable| {
        a.alias == b.alias && (a.schema.is_none() || b.schema.is_none() || a.schema == b.schema)
    };
    let clashes = |t: &&ScopeTable| left.tables.iter().any(|l| is_same(l, t));
    match right.tables.iter().find(clashes) {
        Some(table) => {
            let message = format!("table name \"{}\" specified more than once", table.alias);
            Err(sql_error("42712", message))
        }
        None => Ok(()),
    }
}

/// The scope of a join: the merged columns first, then what is left of both sides.
pub(super) fn concat(left: Scope, right: Scope, merged: Vec<Visible>, names: &[String]) -> Scope {
    let mut visible = merged;
    let rest = left.visible.into_iter().chain(right.visible);
    visible.extend(rest.filter(|v| !names.contains(&v.name)));
    Scope {
        tables: left.tables.into_iter().chain(right.tables).collect(),
        visible,
        width: left.width + right.width,
        recursive: left.recursive || right.recursive,
    }
}

/// The names that both sides have, in the order of the left. Their places are unknown.
fn natural<'a>(left: &Scope, right: &Scope) -> Vec<(String, &'a ast::Ident)> {
    static NOWHERE: std::sync::LazyLock<ast::Ident> =
        std::sync::LazyLock::new(|| ast::Ident::new("natural"));
    let common = left
        .visible
        .iter()
        .filter(|l| right.visible.iter().any(|r| r.name == l.name));
    common.map(|v| (v.name.clone(), &*NOWHERE)).collect()
}

fn common_column(scope: &Scope, name: &str, ident: &ast::Ident, side: &str) -> Result<Expr> {
    match scope.find(name, ident) {
        Ok(Found::Column(expr)) => Ok(expr),
        Ok(Found::Nothing) => {
            let message = format!(
                "column \"{name}\" specified in USING clause does not exist in {side} table"
            );
            Err(at(sql_error("42703", message), ident))
        }
        Err(_) => {
            let message =
                format!("common column name \"{name}\" appears more than once in {side} table");
            Err(at(sql_error("42702", message), ident))
        }
    }
}

fn join_of(operator: &ast::JoinOperator) -> Result<Join<'_>> {
    let (kind, swapped, constraint) = match operator {
        ast::JoinOperator::Join(constraint) | ast::JoinOperator::Inner(constraint) => {
            (JoinKind::Inner, false, constraint)
        }
        ast::JoinOperator::Left(constraint) | ast::JoinOperator::LeftOuter(constraint) => {
            (JoinKind::Left, false, constraint)
        }
        ast::JoinOperator::Right(constraint) | ast::JoinOperator::RightOuter(constraint) => {
            (JoinKind::Left, true, constraint)
        }
        ast::JoinOperator::CrossJoin(ast::JoinConstraint::None) => {
            return Ok(Join {
                kind: JoinKind::Inner,
                swapped: false,
                condition: Condition::None,
            });
        }
        ast::JoinOperator::FullOuter(constraint) => (JoinKind::Full, false, constraint),
        _ => return Err(Error::unsupported("this kind of join")),
    };
    let condition = match constraint {
        ast::JoinConstraint::On(expr) => Condition::On(expr),
        ast::JoinConstraint::Using(names) => {
            Condition::Using(names.iter().map(single).collect::<Result<_>>()?)
        }
        ast::JoinConstraint::UsingAlias(..) => return Err(Error::unsupported("an alias of USING")),
        ast::JoinConstraint::Natural => Condition::Natural,
        ast::JoinConstraint::None => {
            return Err(sql_error(
                "42601",
                "syntax error: a join without ON or USING",
            ));
        }
    };
    Ok(Join {
        kind,
        swapped,
        condition,
    })
}
