//! Which foreign keys and deferrable unique keys a change can touch.

use super::change::{defaults, row_rules};
use super::context::Binder;
use crate::catalog::{ForeignKey, RelationName, Schema, Table};
use crate::error::{Error, Result};
use crate::sql::bound::RowRules;
use crate::sql::index_keys::IndexKeys;
use crate::sql::integrity::{Affected, Integrity, Reference};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a statement does to the rows of its table.
#[derive(Default)]
pub(super) struct Touches<'a> {
    /// New rows come.
    pub(super) new: bool,
    /// Rows get new values in these columns.
    pub(super) columns: &'a [usize],
    /// Rows go.
    pub(super) old: bool,
}

impl Touches<'_> {
    fn changes(&self, columns: &[usize]) -> bool {
        columns.iter().any(|c| self.columns.contains(c))
    }

    fn as_child(&self, columns: &[usize]) -> bool {
        self.new || self.changes(columns)
    }

    fn as_parent(&self, columns: &[usize]) -> bool {
        self.old || self.changes(columns)
    }
}

impl Binder<'_> {
    /// What there is to do beside a change of `table`; `None` when no foreign key and no
    /// deferrable unique key has to do with it.
    pub(super) fn integrity(
        &self,
        table: &Arc<Table>,
        touches: &Touches<'_>,
    ) -> Result<Option<Arc<Integrity>>> {
        let mut columns = touches.columns.to_vec();
        if !columns.is_empty() {
            let all = table.columns.iter().enumerate();
            let generated = all.filter(|(_, c)| c.generated.is_some());
            columns.extend(generated.map(|(column, _)| column));
        }
        let touches = Touches {
            columns: &columns,
            ..*touches
        };
        integrity(self.schema, table, &touches)
    }
}

fn integrity(
    schema: &Schema,
    table: &Arc<Table>,
    touches: &Touches<'_>,
) -> Result<Option<Arc<Integrity>>> {
    let mut all = references(schema)?;
    let first = Affected {
        unique: deferrable(table, |columns| touches.as_child(columns)),
        ..of_table(table)
    };
    if all.is_empty() && first.unique.is_empty() {
        return Ok(None);
    }
    all.sort_by_key(|reference| reference.key.number);
    let mut graph = Graph {
        all,
        affected: vec![first],
        seen: BTreeMap::new(),
        used: Vec::new(),
    };
    graph.spread(0, |reference, is_child| match is_child {
        true => touches.as_child(&reference.key.columns),
        false => touches.as_parent(&reference.parent_columns),
    });
    let mut next = 1;
    while next < graph.affected.len() {
        graph.spread(next, |_, _| true);
        let affected = &mut graph.affected[next];
        affected.rules = row_rules(&affected.table)?;
        affected.keys = IndexKeys::of(&affected.table)?;
        affected.defaults = defaults(&affected.table)?;
        affected.unique = deferrable(&affected.table, |_| true);
        next += 1;
    }
    if graph.used.is_empty() && graph.affected[0].unique.is_empty() {
        return Ok(None);
    }
    let references = graph.used.iter().map(|of| {
        let reference = graph.all[*of].clone();
        let acts = reference.key.on_delete.changes_rows() || reference.key.on_update.changes_rows();
        let child = graph.seen.get(&reference.child.name).copied();
        (reference, child.filter(|_| acts))
    });
    Ok(Some(Arc::new(Integrity {
        references: references.collect(),
        affected: graph.affected,
    })))
}

fn of_table(table: &Arc<Table>) -> Affected {
    Affected {
        table: table.clone(),
        keys: Arc::default(),
        rules: RowRules::default(),
        defaults: Vec::new(),
        child_of: Vec::new(),
        parent_of: Vec::new(),
        unique: Vec::new(),
    }
}

/// The deferrable unique indexes of `table` whose columns are `touched`.
fn deferrable(table: &Table, touched: impl Fn(&[usize]) -> bool) -> Vec<usize> {
    let indexes = table.indexes.iter().enumerate();
    let concerned = indexes.filter(|(_, index)| {
        let columns: Vec<usize> = index.columns.iter().map(|(column, _)| *column).collect();
        index.is_deferrable() && touched(&columns)
    });
    concerned.map(|(position, _)| position).collect()
}

/// What is found while going from tables to those that actions on them change.
struct Graph {
    /// All foreign keys, oldest first.
    all: Vec<Arc<Reference>>,
    affected: Vec<Affected>,
    /// Positions in `affected` of tables that actions change.
    seen: BTreeMap<RelationName, usize>,
    /// Positions in `all` of those that matter.
    used: Vec<usize>,
}

impl Graph {
    /// Notes the foreign keys of the table at `position` for which `touched` (as a child, or as a parent) holds, and the
    /// tables that they act on.
    fn spread(&mut self, position: usize, touched: impl Fn(&Reference, bool) -> bool) {
        for of in 0..self.all.len() {
            let reference = self.all[of].clone();
            let name = &self.affected[position].table.name;
            let is_child = reference.child.name == *name && touched(&reference, true);
            let is_parent = reference.parent.name == *name && touched(&reference, false);
            if !is_child && !is_parent {
                continue;
            }
            let at = self.used.iter().position(|used| *used == of);
            let at = at.unwrap_or_else(|| {
                self.used.push(of);
                self.used.len() - 1
            });
            if is_child {
                self.affected[position].child_of.push(at);
            }
            if is_parent {
                self.affected[position].parent_of.push(at);
                self.reach(&reference);
            }
        }
    }

    /// The child of a foreign key that acts on it is affected.
    fn reach(&mut self, reference: &Reference) {
        let ForeignKey {
            on_delete,
            on_update,
            ..
        } = reference.key;
        let child = &reference.child;
        let acts = on_delete.changes_rows() || on_update.changes_rows();
        if acts && !self.seen.contains_key(&child.name) {
            self.seen.insert(child.name.clone(), self.affected.len());
            self.affected.push(of_table(child));
        }
    }
}

/// All foreign keys of the schema, each with its tables (CAT-2).
pub(super) fn references(schema: &Schema) -> Result<Vec<Arc<Reference>>> {
    let of = |(child, key): (&Arc<Table>, &ForeignKey)| reference(schema, child, key).map(Arc::new);
    schema.foreign_keys().map(of).collect()
}

/// A foreign key with its tables. `XX001` when what it refers to is not there, or is no key (CAT-2).
pub fn reference(schema: &Schema, child: &Arc<Table>, key: &ForeignKey) -> Result<Reference> {
    let parent = schema.table(&key.referenced_table);
    let found = parent.and_then(|parent| {
        let columns = parent.positions(&key.referenced_columns)?;
        let parent_key = parent.key_over(&columns)?;
        Some((parent, columns, parent_key))
    });
    let Some((parent, parent_columns, parent_key)) = found else {
        return Err(Error::corrupt(format!(
            "damaged catalog: what foreign key {} of table {} refers to is no key of a table",
            key.name, child.name
        )));
    };
    Ok(Reference {
        key: key.clone(),
        child: child.clone(),
        parent: parent.clone(),
        parent_columns,
        parent_key,
    })
}
