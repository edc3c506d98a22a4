//! FROM: tables, derived tables and joins, with the scope that they make.

use super::call::refuse;
use super::coerce::{Context, common_type};
use super::context::{Binder, Clause, DEPTH_MAX, Level};
use super::names::{at, fold, relation, single, sql_error};
use super::scope::{Found, Scope, Visible};
use super::with::NoRecursion;
use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::sql::bound::{CompareOp, Expr, ExprKind, From, JoinKind};
use crate::sql::parse::too_deep;
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

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

impl Binder<'_> {
    /// The sources of a query, and what its expressions see of them.
    pub(super) fn bind_from(
        &mut self,
        items: &[ast::TableWithJoins],
    ) -> Result<(Option<From>, Scope)> {
        self.bind_from_behind(None, items)
    }

    /// The same, with a source before them.
    pub(super) fn bind_from_behind(
        &mut self,
        first: Option<(From, Scope)>,
        items: &[ast::TableWithJoins],
    ) -> Result<(Option<From>, Scope)> {
        let cross = || Join {
            kind: JoinKind::Inner,
            swapped: false,
            condition: Condition::None,
        };
        let mut result = first;
        for item in items {
            let next = self.bind_joined(item)?;
            result = Some(match result {
                None => next,
                Some(left) => self.join(left, next, cross())?,
            });
        }
        Ok(match result {
            None => (None, Scope::default()),
            Some((from, scope)) => (Some(from), scope),
        })
    }

    fn bind_joined(&mut self, item: &ast::TableWithJoins) -> Result<(From, Scope)> {
        self.deeper(1, |binder| {
            let ast::TableWithJoins { relation, joins } = item;
            let swapped = joins
                .iter()
                .any(|join| join_of(&join.join_operator).is_ok_and(|join| join.swapped));
            let mut left = binder
                .without_recursion(swapped.then_some(NoRecursion::OuterJoin), |b| {
                    b.bind_source(relation)
                })?;
            for ast::Join {
                relation,
                global,
                join_operator,
            } in joins
            {
                refuse(*global, "GLOBAL JOIN")?;
                let join = join_of(join_operator)?;
                let nullable = join.kind == JoinKind::Left && !join.swapped;
                let right = binder
                    .without_recursion(nullable.then_some(NoRecursion::OuterJoin), |b| {
                        b.bind_source(relation)
                    })?;
                left = binder.join(left, right, join)?;
            }
            Ok(left)
        })
    }

    /// One source.
    pub(super) fn bind_source(&mut self, factor: &ast::TableFactor) -> Result<(From, Scope)> {
        match factor {
            ast::TableFactor::Table { .. } => {
                let (name, alias) = table_factor(factor)?;
                let (own_name, _) = relation(name)?;
                let view = self.schema.view(&own_name);
                let known_as = match alias {
                    Some(alias) => fold(&alias.name)?,
                    None => own_name,
                };
                let cte = self.bind_cte_reference(name, &known_as)?;
                let (from, mut scope) = match (cte, view) {
                    (Some(cte), _) => cte,
                    (None, Some(view)) => self.bind_view(view, &known_as)?,
                    (None, None) => {
                        let table = self.table(name)?;
                        let mut scope = Scope::of_table(&known_as, &table);
                        let (alias, row_id) = (known_as, self.row_ids);
                        scope.width += usize::from(row_id);
                        let source = From::Table {
                            table,
                            alias,
                            row_id,
                        };
                        (source, scope)
                    }
                };
                rename(&mut scope, alias)?;
                Ok((from, scope))
            }
            ast::TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                refuse(*lateral, "LATERAL")?;
                refuse(sample.is_some(), "TABLESAMPLE")?;
                let Some(alias) = alias else {
                    return Err(sql_error("42601", "subquery in FROM must have an alias"));
                };
                let query = Box::new(self.bind_query(subquery, true)?);
                let name = fold(&alias.name)?;
                let columns = query.output.iter().map(|c| (c.name.clone(), c.sql_type));
                let mut scope = Scope::of_columns(&name, columns);
                rename(&mut scope, Some(alias))?;
                Ok((From::Subquery { query, alias: name }, scope))
            }
            ast::TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => self.bind_joined(table_with_joins),
            ast::TableFactor::NestedJoin { .. } => Err(Error::unsupported("an alias of a join")),
            _ => Err(Error::unsupported("a function or another source in FROM")),
        }
    }

    /// A table by its name, and its alias.
    pub(super) fn bind_table<'a>(
        &self,
        factor: &'a ast::TableFactor,
    ) -> Result<(Arc<Table>, Option<&'a ast::TableAlias>)> {
        let (name, alias) = table_factor(factor)?;
        Ok((self.table(name)?, alias))
    }

    /// The table of that name. `42P01` when there is none, `42809` when it is an index, `0A000` when it is a view.
    pub(super) fn table(&self, name: &ast::ObjectName) -> Result<Arc<Table>> {
        let (folded, ident) = relation(name)?;
        match self.schema.table(&folded) {
            Some(table) => Ok(Arc::clone(table)),
            None if self.schema.view(&folded).is_some() => {
                Err(at(Error::unsupported("a view in this place"), ident))
            }
            None if self.schema.index(&folded).is_some() => Err(at(
                sql_error("42809", format!("\"{folded}\" is an index")),
                ident,
            )),
            None => Err(at(
                sql_error("42P01", format!("relation \"{folded}\" does not exist")),
                ident,
            )),
        }
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
        for table in &right_scope.tables {
            if left_scope.table(&table.alias).is_some() {
                let message = format!("table name \"{}\" specified more than once", table.alias);
                return Err(sql_error("42712", message));
            }
        }
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
            let kept = if join.swapped { r.clone() } else { l.clone() };
            conditions.push(self.compare(CompareOp::Eq, l.clone(), r.clone())?);
            let common = common_type([l.sql_type, r.sql_type]).unwrap_or(kept.sql_type);
            let expr = self.cast(kept, common, Context::Implicit)?;
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
        ast::JoinOperator::FullOuter(_) => return Err(Error::unsupported("FULL JOIN")),
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

/// The name and the alias of a source that is a table or a view.
fn table_factor(factor: &ast::TableFactor) -> Result<(&ast::ObjectName, Option<&ast::TableAlias>)> {
    let ast::TableFactor::Table {
        name,
        alias,
        args,
        with_hints,
        version,
        with_ordinality,
        partitions,
        json_path,
        sample,
        index_directives,
        inheritance,
    } = factor
    else {
        return Err(Error::unsupported("a target that is not a table"));
    };
    refuse(args.is_some(), "a function in FROM")?;
    refuse(*with_ordinality, "WITH ORDINALITY")?;
    refuse(sample.is_some(), "TABLESAMPLE")?;
    refuse(inheritance.is_some(), "ONLY and * behind a table")?;
    let other = !with_hints.is_empty()
        || version.is_some()
        || !partitions.is_empty()
        || json_path.is_some()
        || !index_directives.is_empty();
    refuse(other, "an option of a table in FROM")?;
    Ok((name, alias.as_ref()))
}

/// Gives the columns the names of `AS alias (…)`.
fn rename(scope: &mut Scope, alias: Option<&ast::TableAlias>) -> Result<()> {
    let Some(ast::TableAlias {
        explicit: _,
        name,
        columns,
        at: partiql,
    }) = alias
    else {
        return Ok(());
    };
    refuse(partiql.is_some(), "AT in FROM")?;
    if columns.len() > scope.width {
        let message = format!(
            "table \"{}\" has {} columns available but {} columns specified",
            fold(name)?,
            scope.width,
            columns.len()
        );
        return Err(sql_error("42P10", message));
    }
    for (position, ast::TableAliasColumnDef { name, data_type }) in columns.iter().enumerate() {
        refuse(data_type.is_some(), "a column definition list")?;
        let name = fold(name)?;
        scope.tables[0].columns[position].name.clone_from(&name);
        scope.visible[position].name = name;
    }
    Ok(())
}
