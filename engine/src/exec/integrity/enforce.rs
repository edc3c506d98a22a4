//! Works off the events of a statement: checks and actions.

use super::check::{check_child, check_parent};
use super::deferred::{Check, ConstraintId, Deferral, Side};
use super::events::{Event, Events, Recorder};
use super::keys::Children;
use super::unique::UniqueKey;
use crate::catalog::{ForeignKey, ReferentialAction};
use crate::error::{Error, Result};
use crate::exec::change::size_bytes;
use crate::exec::operator::Frame;
use crate::exec::write::{Writer, complete_row};
use crate::planted::{Mistake, makes};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::{Affected, Integrity, Reference};
use crate::storage::StorageTxn;
use crate::types::{SqlType, Value};

/// Checks and acts until nothing is left to do. Errors: `23503`, `23505`; those of writing rows, for actions.
pub(crate) fn enforce(
    txn: &mut dyn StorageTxn,
    frame: &Frame<'_>,
    integrity: &Integrity,
    events: Events<'_>,
    deferral: &mut Deferral,
) -> Result<()> {
    let mut work = Work {
        frame,
        integrity,
        events,
        deferral,
        parents_seen: 0,
        has_acted: false,
    };
    while let Some(event) = work.events.pop()? {
        frame.interrupt.check()?;
        match event {
            Event::Unique { unique, key } => work.unique(txn, unique, key)?,
            Event::Child { of, values } => work.child(txn, of, values)?,
            Event::Parent { of, old, new } => work.parent(txn, of, old, new)?,
        }
    }
    Ok(())
}

struct Work<'a, 'm> {
    frame: &'a Frame<'a>,
    integrity: &'a Integrity,
    events: Events<'m>,
    deferral: &'a mut Deferral,
    /// How many of the removals of referenced keys were made when the snapshot was taken.
    parents_seen: u64,
    /// Actions have changed rows, so that events may speak of rows that are no longer like that.
    has_acted: bool,
}

/// What to do with the row.
enum Outcome {
    Delete,
    /// These columns get these values.
    Set(Vec<(usize, Value)>),
}

impl Work<'_, '_> {
    fn defers(&self, key: &ForeignKey) -> bool {
        let id = || ConstraintId::ForeignKey(key.number);
        self.deferral.defers(key.timing, id)
    }

    fn unique(&mut self, txn: &mut dyn StorageTxn, unique: UniqueKey, key: Vec<u8>) -> Result<()> {
        let index = unique.index();
        let id = || ConstraintId::Unique(unique.table.index_name(index));
        match self.deferral.defers(index.timing, id) {
            true => self.deferral.push(txn, Check::Unique(unique, Some(key))),
            false => unique.check(txn, &key),
        }
    }

    fn child(&mut self, txn: &mut dyn StorageTxn, of: usize, values: Vec<Value>) -> Result<()> {
        let reference = &self.integrity.references[of].0;
        if self.defers(&reference.key) {
            let check = Check::Reference(reference.clone(), Some((Side::Child, values)));
            return self.deferral.push(txn, check);
        }
        check_child(txn, reference, &values, !self.has_acted)
    }

    fn parent(
        &mut self,
        txn: &mut dyn StorageTxn,
        of: usize,
        old: Vec<Value>,
        new: Option<Vec<Value>>,
    ) -> Result<()> {
        let reference = &self.integrity.references[of].0;
        let action = match new {
            Some(_) => reference.key.on_update,
            None => reference.key.on_delete,
        };
        if action == ReferentialAction::NoAction && self.defers(&reference.key) {
            let check = Check::Reference(reference.clone(), Some((Side::Parent, old)));
            return self.deferral.push(txn, check);
        }
        if self.parents_seen < self.events.parents() {
            // Children that were committed while a removal waited for them are to be seen.
            txn.refresh_snapshot();
            self.parents_seen = self.events.parents();
        }
        match action {
            ReferentialAction::NoAction => check_parent(txn, reference, &old, true),
            ReferentialAction::Restrict => check_parent(txn, reference, &old, false),
            ReferentialAction::Cascade
            | ReferentialAction::SetNull
            | ReferentialAction::SetDefault => {
                let affected = self.child_of(of)?;
                let outcome = self.outcome(txn, reference, affected, action, new)?;
                self.act(txn, of, &old, &outcome)?;
                match action {
                    // A default that is the old key changes nothing, and is still wrong.
                    ReferentialAction::SetDefault => check_parent(txn, reference, &old, true),
                    _ => Ok(()),
                }
            }
        }
    }

    fn child_of(&self, of: usize) -> Result<usize> {
        self.integrity.references[of]
            .1
            .ok_or_else(|| Error::misuse("EXEC-10: a table that an action changes is affected"))
    }

    fn outcome(
        &self,
        txn: &dyn StorageTxn,
        reference: &Reference,
        affected: usize,
        action: ReferentialAction,
        new: Option<Vec<Value>>,
    ) -> Result<Outcome> {
        let Affected {
            table, defaults, ..
        } = &self.integrity.affected[affected];
        let context = self.frame.over(txn);
        let columns = &reference.key.columns;
        let some = &reference.key.on_delete_columns;
        let set = match new {
            None if !some.is_empty() => some,
            _ => columns,
        };
        let values = match (action, new) {
            (ReferentialAction::SetNull, _) => set.iter().map(|c| (*c, Value::Null)).collect(),
            (ReferentialAction::SetDefault, _) => {
                let value = |column: &usize| Ok((*column, context.constant(&defaults[*column])?));
                set.iter().map(value).collect::<Result<_>>()?
            }
            (_, None) => return Ok(Outcome::Delete),
            (_, Some(new)) => {
                let from = reference.parent_columns.iter().zip(columns).zip(new);
                let value = |((parent, child), value): ((&usize, &usize), Value)| {
                    let parent = reference.parent.columns[*parent].sql_type;
                    let cast = assignment(value, parent, table.columns[*child].sql_type);
                    Ok((*child, context.constant(&cast)?))
                };
                from.map(value).collect::<Result<_>>()?
            }
        };
        Ok(Outcome::Set(values))
    }

    /// Does that to all rows that reference the key `old`.
    fn act(
        &mut self,
        txn: &mut dyn StorageTxn,
        of: usize,
        old: &[Value],
        outcome: &Outcome,
    ) -> Result<()> {
        let reference = &self.integrity.references[of].0;
        let position = self.child_of(of)?;
        let Some(children) = Children::of(reference, old) else {
            return Ok(());
        };
        let (tree, range) = children.range();
        txn.depend_on(tree, &range);
        let mut reservation = self.frame.memory.reservation("a referential action");
        let mut rows = Vec::new();
        children.each(txn, |id, row| {
            reservation.grow(size_bytes(&row))?;
            rows.push((id, row));
            Ok(true)
        })?;
        if makes(Mistake::ActionMissesChild) {
            rows.pop();
        }
        self.has_acted |= !rows.is_empty();
        let Affected {
            table, keys, rules, ..
        } = &self.integrity.affected[position];
        let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
        for (id, row) in rows {
            let new = match outcome {
                Outcome::Delete => None,
                Outcome::Set(values) => {
                    let mut new = row.clone();
                    for (column, value) in values {
                        new[*column] = value.clone();
                    }
                    complete_row(&self.frame.over(txn), table, &types, rules, &mut new)?;
                    Some(new)
                }
            };
            let recorder = Recorder {
                integrity: self.integrity,
                position,
                events: &mut self.events,
            };
            let mut writer = Writer::new(txn, table, keys).recording(recorder);
            match new {
                None => writer.delete(id, &row)?,
                Some(new) => writer.update(id, &row, &new)?,
            }
        }
        Ok(())
    }
}

/// `value` brought to the type of a column, as `SET column = value` does.
fn assignment(value: Value, from: SqlType, to: SqlType) -> Expr {
    let input = Expr {
        kind: ExprKind::Literal(value),
        sql_type: from,
    };
    Expr {
        kind: ExprKind::Cast {
            input: Box::new(input),
            explicit: false,
        },
        sql_type: to,
    }
}
