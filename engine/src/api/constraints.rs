//! `SET CONSTRAINTS`: when the checks of a transaction are made.

use crate::api::session::{Session, aborted};
use crate::catalog::{ConstraintTiming, Schema, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::check_deferred;

impl Session {
    /// Defers the checks of these constraints, or makes them now and at the end of each statement; without names, of all
    /// that can be deferred. Outside of a transaction it has no effect, of which PostgreSQL warns.
    ///
    /// Errors: `42704` when there is none of that name, `42809` for one that cannot be deferred, `23503` when a check that
    /// waited fails.
    pub(super) fn set_constraints(
        &mut self,
        names: Option<&[String]>,
        deferred: bool,
    ) -> Result<()> {
        if self.has_failed() {
            return Err(aborted());
        }
        let schema = self.visible_schema()?;
        let mut numbers = Vec::new();
        for name in names.unwrap_or_default() {
            numbers.extend(deferrable(&schema, name, deferred)?);
        }
        let limits = self.wait_limits();
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.deferral
            .set(names.map(|_| numbers.as_slice()), deferred);
        if deferred {
            return Ok(());
        }
        open.has_run = true;
        open.txn.limit_waits(limits);
        check_deferred(&mut *open.txn, &mut open.deferral, false)
    }
}

/// The numbers of the foreign keys of that name that can be deferred.
fn deferrable(schema: &Schema, name: &str, deferred: bool) -> Result<Vec<u64>> {
    let of_name = schema.foreign_keys().filter(|(_, key)| key.name == *name);
    let (mut numbers, mut is_there) = (Vec::new(), false);
    for (_, key) in of_name {
        is_there = true;
        match key.timing {
            ConstraintTiming::NotDeferrable if deferred => return Err(not_deferrable(name)),
            ConstraintTiming::NotDeferrable => {}
            ConstraintTiming::InitiallyImmediate | ConstraintTiming::InitiallyDeferred => {
                numbers.push(key.number);
            }
        }
    }
    if is_there {
        return Ok(numbers);
    }
    if !schema.tables().any(|table| has_constraint(table, name)) {
        let message = format!("constraint \"{name}\" does not exist");
        return Err(Error::new(ErrorKind::Sql, "42704", message));
    }
    match deferred {
        true => Err(not_deferrable(name)),
        false => Ok(numbers),
    }
}

/// Whether the table has a constraint of that name that is no foreign key: none of those can be deferred.
fn has_constraint(table: &Table, name: &str) -> bool {
    let of_index = |index: &crate::catalog::Index| index.constraint && index.name == *name;
    table.primary_key_name.as_deref() == Some(name)
        || table.indexes.iter().any(of_index)
        || table.checks.iter().any(|(check, _)| check == name)
}

fn not_deferrable(name: &str) -> Error {
    let message = format!("constraint \"{name}\" is not deferrable");
    Error::new(ErrorKind::Sql, "42809", message)
}
