//! `SET CONSTRAINTS`: when the checks of a transaction are made.

use crate::api::session::{Session, aborted};
use crate::catalog::{ConstraintTiming, Schema, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{ConstraintId, check_deferred};

impl Session {
    /// Defers the checks of these constraints, or makes them now and at the end of each statement; without names, of all
    /// that can be deferred. Outside of a transaction it has no effect, of which PostgreSQL warns.
    ///
    /// Errors: `42704` when there is none of that name, `42809` for one that cannot be deferred, `23503` or `23505`
    /// when a check that waited fails.
    pub(super) fn set_constraints(
        &mut self,
        names: Option<&[String]>,
        deferred: bool,
    ) -> Result<()> {
        if self.has_failed() {
            return Err(aborted());
        }
        let schema = self.visible_schema()?;
        let mut constraints = Vec::new();
        for name in names.unwrap_or_default() {
            constraints.extend(deferrable(&schema, name, deferred)?);
        }
        let limits = self.wait_limits();
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.deferral
            .set(names.map(|_| constraints.as_slice()), deferred);
        if deferred {
            return Ok(());
        }
        open.has_run = true;
        open.txn.limit_waits(limits);
        check_deferred(&mut *open.txn, &mut open.deferral, false)
    }
}

/// The constraints of that name that can be deferred.
fn deferrable(schema: &Schema, name: &str, deferred: bool) -> Result<Vec<ConstraintId>> {
    let foreign_keys = schema.foreign_keys().map(|(_, key)| key);
    let foreign_keys = foreign_keys.filter(|key| key.name == *name);
    let foreign_keys = foreign_keys.map(|key| (ConstraintId::ForeignKey(key.number), key.timing));
    let indexes = schema
        .tables()
        .flat_map(|t| t.indexes.iter().map(move |i| (t, i)));
    let unique = indexes.filter(|(_, index)| index.constraint && index.name == name);
    let unique = unique.map(|(table, i)| (ConstraintId::Unique(table.index_name(i)), i.timing));
    let of_name: Vec<(ConstraintId, ConstraintTiming)> = foreign_keys.chain(unique).collect();
    if of_name.is_empty() && !schema.tables().any(|table| has_other(table, name)) {
        let message = format!("constraint \"{name}\" does not exist");
        return Err(Error::new(ErrorKind::Sql, "42704", message));
    }
    let can = |timing: ConstraintTiming| timing != ConstraintTiming::NotDeferrable;
    if deferred && (of_name.is_empty() || !of_name.iter().all(|(_, timing)| can(*timing))) {
        return Err(not_deferrable(name));
    }
    let can_wait = of_name.into_iter().filter(|(_, timing)| can(*timing));
    Ok(can_wait.map(|(id, _)| id).collect())
}

/// Whether the table has a constraint of that name that can never be deferred.
fn has_other(table: &Table, name: &str) -> bool {
    table.primary_key_name.as_deref() == Some(name)
        || table.checks.iter().any(|(check, _)| check == name)
}

fn not_deferrable(name: &str) -> Error {
    let message = format!("constraint \"{name}\" is not deferrable");
    Error::new(ErrorKind::Sql, "42809", message)
}
