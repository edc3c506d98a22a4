//! `SELECT … FOR UPDATE` and its like: the rows of which tables are locked, how, and the row ids to do it with.

use super::context::Binder;
use super::names::{at, fold, sql_error};
use super::query::Parts;
use super::scope::column;
use crate::error::{Error, Result};
use crate::sql::bound::{From, JoinKind, Query, RowLock};
use crate::sql::locking::{Locking, locking};
use crate::storage::LockMode;
use crate::types::SqlType;
use sqlparser::ast;

/// A table of FROM whose rows could be locked.
struct Lockable {
    lock: RowLock,
    /// It is on a side of an outer join that NULLs can stand for.
    nullable: bool,
}

/// Refuses a clause where a result row is not one row of each table.
pub(super) fn refuse_locks(locks: &[ast::LockClause], with: &str) -> Result<()> {
    match locks.first().and_then(locking) {
        None => Ok(()),
        Some(Locking { name, .. }) => Err(sql_error(
            "0A000",
            format!("{name} is not allowed with {with}"),
        )),
    }
}

impl Binder<'_> {
    /// Refuses what cannot be locked. Errors: `0A000`, as PostgreSQL.
    pub(super) fn check_lockable(
        &self,
        locks: &[ast::LockClause],
        distinct: bool,
        parts: &Parts,
        aggregates: bool,
        windows: bool,
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
        let mut tables = Vec::new();
        let mut others = Vec::new();
        if let Some(from) = &query.from {
            lockable(from, 0, false, &mut tables, &mut others);
        }
        let mut taken: Vec<Option<RowLock>> = tables.iter().map(|_| None).collect();
        for clause in locks {
            let Some(locking) = locking(clause) else {
                return Err(sql_error(
                    "42601",
                    "FOR UPDATE OF takes the names of tables in FROM, without a schema",
                ));
            };
            let of = locking.of.map(fold).transpose()?;
            if let (Some(name), Some(ident)) = (&of, locking.of)
                && !tables.iter().any(|t| t.lock.alias == *name)
            {
                if others.contains(name) {
                    return Err(of_no_table(&locking));
                }
                let message = format!(
                    "relation \"{name}\" in {} clause not found in FROM clause",
                    locking.name
                );
                return Err(at(sql_error("42P01", message), ident));
            }
            if of.is_none() && !others.is_empty() {
                return Err(of_no_table(&locking));
            }
            let chosen = |t: &Lockable| of.as_ref().is_none_or(|name| t.lock.alias == *name);
            for (table, slot) in tables.iter().zip(&mut taken).filter(|(t, _)| chosen(t)) {
                if table.nullable {
                    return Err(sql_error(
                        "0A000",
                        format!(
                            "{} cannot be applied to the nullable side of an outer join",
                            locking.name
                        ),
                    ));
                }
                add(slot, &table.lock, &locking);
            }
        }
        for mut lock in taken.into_iter().flatten() {
            query.projection.push(column(lock.column, SqlType::Int8));
            lock.column = query.projection.len() - 1;
            query.locks.push(lock);
        }
        Ok(())
    }
}

/// Of several clauses for one table the strongest holds, and NOWAIT before SKIP LOCKED.
fn add(slot: &mut Option<RowLock>, table: &RowLock, locking: &Locking<'_>) {
    let (nowait, skips) = match locking.nonblock {
        Some(ast::NonBlock::Nowait) => (true, false),
        Some(ast::NonBlock::SkipLocked) => (false, true),
        None => (false, false),
    };
    let lock = slot.get_or_insert_with(|| table.clone());
    lock.mode = lock.mode.max(locking.mode);
    lock.nowait |= nowait;
    lock.skips_locked |= skips;
}

fn of_no_table(locking: &Locking<'_>) -> Error {
    Error::unsupported(format_args!(
        "{} of what is no table in FROM (a view, a subquery, VALUES)",
        locking.name
    ))
}

/// The tables of `from`, whose columns begin at `offset`, and the aliases of what is none. Gives its width.
fn lockable(
    from: &From,
    offset: usize,
    nullable: bool,
    tables: &mut Vec<Lockable>,
    others: &mut Vec<String>,
) -> usize {
    match from {
        From::Table {
            table,
            alias,
            row_id,
        } => {
            let width = table.columns.len();
            tables.push(Lockable {
                lock: RowLock {
                    column: offset + width,
                    table: table.clone(),
                    alias: alias.clone(),
                    mode: LockMode::KeyShare,
                    nowait: false,
                    skips_locked: false,
                },
                nullable,
            });
            width + usize::from(*row_id)
        }
        From::Subquery { query, alias } => {
            others.push(alias.clone());
            query.output.len()
        }
        From::Cte(reference) => {
            others.push(reference.alias.clone());
            reference.types.len()
        }
        From::Function(function) => {
            others.push(function.alias.clone());
            function.types.len()
        }
        From::Lateral(lateral) => {
            others.push(lateral.alias.clone());
            lateral.types.len()
        }
        From::Recursive(recursive) => recursive.types.len(),
        From::Values { types, .. } => types.len(),
        From::SetOperation(operation) => operation.types.len(),
        From::Join {
            left, right, kind, ..
        } => {
            let outer = nullable || *kind == JoinKind::Full;
            let middle = lockable(left, offset, outer, tables, others);
            let inner = nullable || *kind != JoinKind::Inner;
            middle + lockable(right, offset + middle, inner, tables, others)
        }
    }
}
