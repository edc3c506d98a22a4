//! `SELECT … FOR UPDATE` and its like: the rows of which tables are locked, how, and the row ids to do it with.

use super::context::Binder;
use super::names::{at, fold, sql_error};
use super::query::Parts;
use super::scope::{Scope, column};
use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::sql::bound::{Distinct, Expr, ExprKind, From, JoinKind, OutputColumn, Query, RowLock};
use crate::sql::locking::{Locking, locking};
use crate::storage::LockMode;
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

/// A source in FROM, for a clause that names it.
struct Source<'q> {
    alias: String,
    /// It is on a side of an outer join that NULLs can stand for.
    nullable: bool,
    kind: Kind<'q>,
}

/// How the rows of a source are locked.
enum Kind<'q> {
    /// By row ids in these columns of FROM.
    Rows(Vec<RowLock>),
    /// In the query, whose rows are not one by one those of its tables, or need not all be asked for.
    Inside(&'q mut Query),
    /// Not at all; what PostgreSQL calls it.
    Other(&'static str),
}

/// What the clauses that name a source ask for together.
struct Strength {
    /// As PostgreSQL's messages name it.
    name: String,
    mode: LockMode,
    nowait: bool,
    skips_locked: bool,
}

/// Refuses a clause where a result row is not one row of each table.
pub(super) fn refuse_locks(locks: &[ast::LockClause], with: &str) -> Result<()> {
    match locks.first().and_then(locking) {
        None => Ok(()),
        Some(Locking { name, .. }) => Err(not_allowed(&name, with)),
    }
}

fn not_allowed(name: &str, with: &str) -> Error {
    sql_error("0A000", format!("{name} is not allowed with {with}"))
}

/// What PostgreSQL calls functions that give rows.
const SETS: &str = "set-returning functions in the target list";

impl Binder<'_> {
    /// Refuses what cannot be locked. Errors: `0A000`, as PostgreSQL.
    pub(super) fn check_lockable(
        &self,
        locks: &[ast::LockClause],
        distinct: bool,
        parts: &Parts,
        aggregates: bool,
        windows: bool,
        sets: bool,
    ) -> Result<()> {
        let refused = [
            (distinct, "DISTINCT clause"),
            (
                !parts.group_by.keys.is_empty() || !parts.group_by.sets.is_empty(),
                "GROUP BY clause",
            ),
            (parts.having.is_some(), "HAVING clause"),
            (aggregates, "aggregate functions"),
            (windows, "window functions"),
            (sets, SETS),
        ];
        match refused.into_iter().find(|(is, _)| *is) {
            Some((_, with)) => refuse_locks(locks, with),
            None => Ok(()),
        }
    }

    /// Adds to `query` what `locks` ask for: its tables were bound with row ids.
    pub(super) fn bind_row_locks(
        &mut self,
        query: &mut Query,
        locks: &[ast::LockClause],
    ) -> Result<()> {
        let Query {
            from,
            projection,
            locks: taken,
            ..
        } = query;
        let mut all = Vec::new();
        if let Some(from) = from.as_mut().filter(|_| !locks.is_empty()) {
            sources(from, 0, false, &mut all);
        }
        let mut wanted: Vec<Option<Strength>> = all.iter().map(|_| None).collect();
        for clause in locks {
            let Some(locking) = locking(clause) else {
                return Err(sql_error(
                    "42601",
                    "FOR UPDATE OF takes the names of tables in FROM, without a schema",
                ));
            };
            let of = locking.of.map(fold).transpose()?;
            let chosen = |source: &Source<'_>| match &of {
                Some(name) => source.alias == *name,
                None => !matches!(source.kind, Kind::Other(_)),
            };
            let mut found = false;
            for (source, strength) in all.iter().zip(&mut wanted).filter(|(s, _)| chosen(s)) {
                found = true;
                check_source(source, &locking)?;
                add(strength, &locking);
            }
            if let (Some(name), Some(ident), false) = (&of, locking.of, found) {
                let message = format!(
                    "relation \"{name}\" in {} clause not found in FROM clause",
                    locking.name
                );
                return Err(at(sql_error("42P01", message), ident));
            }
        }
        let chosen = all.into_iter().zip(wanted);
        for (source, strength) in chosen.filter_map(|(s, strength)| Some((s, strength?))) {
            lock_source(source, &strength, projection, taken)?;
        }
        Ok(())
    }

    /// Where the FROM that is being bound gives row ids, adds those of its tables to the columns of a query in it, if each of
    /// its rows is made of one row of each, and nothing decides which of them are given but the query around it.
    pub(super) fn give_row_ids(&self, query: &mut Query, scope: &mut Scope) -> Vec<RowLock> {
        let is_simple = query.with.is_empty()
            && query.aggregate.is_none()
            && query.windows.is_empty()
            && query.distinct == Distinct::No
            && query.order_by.is_empty()
            && query.limit.is_none()
            && query.offset.is_none()
            && query.locks.is_empty();
        let wanted = self.row_ids && is_simple;
        let Some(from) = query.from.as_mut().filter(|_| wanted) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        sources(from, 0, false, &mut all);
        let mut rows = Vec::new();
        for source in all {
            match source.kind {
                Kind::Rows(more) if !source.nullable => rows.extend(more),
                Kind::Other(_) => {}
                _ => return Vec::new(),
            }
        }
        for row in &mut rows {
            query.projection.push(column(row.column, SqlType::Int8));
            query.output.push(OutputColumn {
                name: String::new(),
                sql_type: SqlType::Int8,
            });
            row.column = query.output.len() - 1;
        }
        scope.width += rows.len();
        rows
    }
}

/// `0A000` for a source whose rows cannot be locked.
fn check_source(source: &Source<'_>, locking: &Locking<'_>) -> Result<()> {
    let name = &locking.name;
    if let (Kind::Other(what), Some(ident)) = (&source.kind, locking.of) {
        let message = format!("{name} cannot be applied to {what}");
        return Err(at(sql_error("0A000", message), ident));
    }
    check_nullable(source, name)
}

fn check_nullable(source: &Source<'_>, name: &str) -> Result<()> {
    if source.nullable {
        let message = format!("{name} cannot be applied to the nullable side of an outer join");
        return Err(sql_error("0A000", message));
    }
    Ok(())
}

/// Adds what a clause asks for: of several the strongest holds, and NOWAIT before SKIP LOCKED.
fn add(slot: &mut Option<Strength>, locking: &Locking<'_>) {
    let (nowait, skips) = match locking.nonblock {
        Some(ast::NonBlock::Nowait) => (true, false),
        Some(ast::NonBlock::SkipLocked) => (false, true),
        None => (false, false),
    };
    let strength = slot.get_or_insert_with(|| Strength {
        name: locking.name.clone(),
        mode: locking.mode,
        nowait: false,
        skips_locked: false,
    });
    strength.mode = strength.mode.max(locking.mode);
    strength.nowait |= nowait;
    strength.skips_locked |= skips;
}

/// Locks the rows of a source: by `locks` of the query around it, or within it.
fn lock_source(
    source: Source<'_>,
    strength: &Strength,
    projection: &mut Vec<Expr>,
    locks: &mut Vec<RowLock>,
) -> Result<()> {
    match source.kind {
        Kind::Other(_) => {}
        Kind::Inside(query) => lock_inside(query, strength)?,
        Kind::Rows(rows) => {
            for row in rows {
                if row.table.materialized.is_some() {
                    let name = &row.table.name;
                    let message = format!("cannot lock rows in materialized view \"{name}\"");
                    return Err(sql_error("42809", message));
                }
                projection.push(column(row.column, SqlType::Int8));
                locks.push(RowLock {
                    column: projection.len() - 1,
                    mode: strength.mode,
                    nowait: strength.nowait,
                    skips_locked: strength.skips_locked,
                    ..row
                });
            }
        }
    }
    Ok(())
}

/// Locks the rows that a query in FROM reads. Errors: `0A000`, as PostgreSQL.
fn lock_inside(query: &mut Query, strength: &Strength) -> Result<()> {
    let aggregate = query.aggregate.as_ref();
    let refused = [
        (
            matches!(query.from, Some(From::SetOperation(_))),
            "UNION/INTERSECT/EXCEPT",
        ),
        (query.distinct != Distinct::No, "DISTINCT clause"),
        (
            aggregate.is_some_and(|a| !a.keys.is_empty() || !a.sets.is_empty()),
            "GROUP BY clause",
        ),
        (
            aggregate.is_some_and(|a| a.having.is_some()),
            "HAVING clause",
        ),
        (aggregate.is_some(), "aggregate functions"),
        (!query.windows.is_empty(), "window functions"),
        (matches!(query.from, Some(From::SetRows(_))), SETS),
    ];
    if let Some((_, with)) = refused.into_iter().find(|(is, _)| *is) {
        return Err(not_allowed(&strength.name, with));
    }
    let mut all = Vec::new();
    if let Some(from) = &mut query.from {
        sources(from, 0, false, &mut all);
    }
    for source in all {
        if !matches!(source.kind, Kind::Other(_)) {
            check_nullable(&source, &strength.name)?;
        }
        lock_source(source, strength, &mut query.projection, &mut query.locks)?;
    }
    Ok(())
}

/// A row of `table`, its row id in that column.
fn row_of(table: &Arc<Table>, alias: &str, column: usize) -> RowLock {
    RowLock {
        column,
        table: table.clone(),
        alias: alias.to_owned(),
        mode: LockMode::KeyShare,
        nowait: false,
        skips_locked: false,
    }
}

/// The sources of `from`, whose columns begin at `offset`. Gives its width.
fn sources<'q>(
    from: &'q mut From,
    offset: usize,
    nullable: bool,
    all: &mut Vec<Source<'q>>,
) -> usize {
    let (alias, kind, width) = match from {
        From::Table {
            table,
            alias,
            row_id,
        } => {
            let width = table.columns.len();
            let row = row_of(table, alias, offset + width);
            let width = width + usize::from(*row_id);
            (&*alias, Kind::Rows(vec![row]), width)
        }
        From::Subquery {
            query,
            alias,
            row_ids,
        } => {
            let width = query.output.len();
            let given = |lock: &RowLock| RowLock {
                column: offset + lock.column,
                ..lock.clone()
            };
            let rows: Vec<RowLock> = row_ids.iter().map(given).collect();
            match rows.is_empty() {
                true => (&*alias, Kind::Inside(query), width),
                false => (&*alias, Kind::Rows(rows), width),
            }
        }
        From::Lateral(lateral) => {
            let kind = match &mut lateral.rows.kind {
                ExprKind::Rows(query) if !matches!(query.from, Some(From::Function(_))) => {
                    Kind::Inside(query)
                }
                _ => Kind::Other("a function"),
            };
            (&lateral.alias, kind, lateral.types.len())
        }
        From::Cte(cte) => (&cte.alias, Kind::Other("a WITH query"), cte.types.len()),
        From::Function(function) => {
            let kind = Kind::Other("a function");
            (&function.alias, kind, function.types.len())
        }
        From::Recursive(recursive) => return recursive.types.len(),
        From::Values { types, .. } => return types.len(),
        From::SetRows(rows) => return rows.types.len(),
        From::SetOperation(operation) => return operation.types.len(),
        From::Join {
            left, right, kind, ..
        } => {
            let outer = nullable || *kind == JoinKind::Full;
            let inner = nullable || *kind != JoinKind::Inner;
            let middle = sources(left, offset, outer, all);
            return middle + sources(right, offset + middle, inner, all);
        }
    };
    all.push(Source {
        alias: alias.clone(),
        nullable,
        kind,
    });
    width
}
