//! ALTER TABLE: one action after the other on a description of the table, with what becomes of its rows.
//!
//! ```text
//!   table t (a, b)          ADD c INTEGER DEFAULT 7     (a, b, c)    a, b, 7
//!                           ALTER a TYPE TEXT           (a, b, c)    a::text, b, 7
//!                           DROP b                      (a, c)       a::text, 7
//! ```
//!
//! The expressions of a row are over the columns that the table had before the first action. Where all are columns that
//! stay where they are, or NULLs behind them, the rows are left as they are stored.

use super::alter_column::of_column;
use super::call::refuse;
use super::context::Binder;
use super::foreign_key::Written;
use super::names::{already_exists, at, fold, sql_error};
use super::scope::column;
use super::table::{Draft, DraftKey, NO_TREE};
use crate::catalog::{ReferencedKey, Sequence, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{AlterTable, Expr};
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

/// A table on its way.
pub(super) struct Alteration {
    /// As it was.
    pub(super) before: Arc<Table>,
    /// As it is after the actions so far.
    pub(super) table: Table,
    /// What each column of a row is, over the columns of `before`.
    pub(super) values: Vec<Expr>,
    /// Whether the rows must be stored anew.
    pub(super) rewritten: bool,
    pub(super) renamed: Vec<(String, String)>,
    /// The sequences of new columns.
    pub(super) sequences: Vec<Sequence>,
}

impl Binder<'_> {
    /// `ALTER TABLE`; `None` when `IF EXISTS` found none.
    pub(super) fn bind_alter_table(
        &mut self,
        alter: &ast::AlterTable,
    ) -> Result<Option<AlterTable>> {
        let ast::AlterTable {
            name,
            if_exists,
            only,
            operations,
            location,
            on_cluster,
            table_type,
            end_token: _,
        } = alter;
        refuse(*only, "ONLY in ALTER TABLE")?;
        let other = location.is_some() || on_cluster.is_some() || table_type.is_some();
        refuse(other, "an option of ALTER TABLE")?;
        let (folded, _) = self.relation(name)?;
        if *if_exists && !self.relation_exists(&folded) {
            return Ok(None);
        }
        let change = Alteration::of(&self.named_table(name)?);
        self.alter_all(change, operations).map(Some)
    }

    /// Takes the actions one after the other.
    pub(super) fn alter_all(
        &mut self,
        mut change: Alteration,
        operations: &[ast::AlterTableOperation],
    ) -> Result<AlterTable> {
        for operation in operations {
            if change.before.materialized.is_some() {
                may_alter_materialized(&change.before, operation)?;
            }
            self.alter(&mut change, operation)?;
        }
        self.check_views(&change)?;
        change.finish()
    }

    fn alter(
        &mut self,
        change: &mut Alteration,
        operation: &ast::AlterTableOperation,
    ) -> Result<()> {
        use ast::AlterTableOperation as Operation;
        match operation {
            Operation::AddColumn { .. }
            | Operation::DropColumn { .. }
            | Operation::RenameColumn { .. }
            | Operation::AlterColumn { .. } => self.alter_column(change, operation),
            Operation::AddConstraint {
                constraint,
                not_valid,
            } => {
                refuse(*not_valid, "NOT VALID")?;
                self.add_constraint(change, constraint)
            }
            Operation::DropConstraint {
                if_exists,
                name,
                drop_behavior,
            } => {
                let cascade = *drop_behavior == Some(ast::DropBehavior::Cascade);
                self.drop_constraint(change, name, *if_exists, cascade)
            }
            Operation::RenameConstraint { old_name, new_name } => {
                change.rename_constraint(old_name, new_name)
            }
            Operation::RenameTable { table_name } => {
                let (ast::RenameTableNameKind::As(name) | ast::RenameTableNameKind::To(name)) =
                    table_name;
                change.table.name = self.renamed(&change.table.name, name)?;
                Ok(())
            }
            other => {
                let text = other.to_string();
                let words: Vec<&str> = text.split(' ').take(2).collect();
                let words = words.join(" ");
                Err(Error::unsupported(format_args!("ALTER TABLE … {words}")))
            }
        }
    }

    fn add_constraint(
        &mut self,
        change: &mut Alteration,
        constraint: &ast::TableConstraint,
    ) -> Result<()> {
        let mut draft = change.draft();
        let name = match constraint {
            ast::TableConstraint::Unique(unique) => unique.name.as_ref(),
            ast::TableConstraint::PrimaryKey(key) => key.name.as_ref(),
            ast::TableConstraint::Check(check) => check.name.as_ref(),
            ast::TableConstraint::ForeignKey(key) => key.name.as_ref(),
            _ => None,
        };
        if let Some(ident) = name {
            change.check_new_constraint(ident)?;
            let is_index = matches!(
                constraint,
                ast::TableConstraint::Unique(_) | ast::TableConstraint::PrimaryKey(_)
            );
            let folded = change.table.name.beside(&fold(ident)?);
            if is_index && self.relation_exists(&folded) {
                return Err(already_exists(&folded, ident));
            }
        }
        draft.table_constraint(self, constraint)?;
        if let ast::TableConstraint::ForeignKey(constraint) = constraint {
            let written = Written {
                name: None,
                column: None,
                constraint,
            };
            let keys = self.foreign_keys(&mut draft, &[written])?;
            change.table.foreign_keys.extend(keys);
        }
        change.take(draft);
        Ok(())
    }

    fn drop_constraint(
        &mut self,
        change: &mut Alteration,
        ident: &ast::Ident,
        if_exists: bool,
        cascade: bool,
    ) -> Result<()> {
        let name = fold(ident)?;
        let table = &mut change.table;
        if let Some(at) = table.checks.iter().position(|(n, _)| *n == name) {
            table.checks.remove(at);
        } else if let Some(at) = table.foreign_keys.iter().position(|k| k.name == name) {
            table.foreign_keys.remove(at);
        } else if let Some(at) = table
            .indexes
            .iter()
            .position(|i| i.constraint && i.name == name)
        {
            if !cascade {
                self.refuse_if_key_is_referenced(&change.before, &name)?;
            }
            table.indexes.remove(at);
            table.primary_key_name.take_if(|n| *n == name);
        } else if table.primary_key_name.as_ref() == Some(&name) {
            if !cascade {
                self.refuse_if_key_is_referenced(&change.before, &name)?;
            }
            table.primary_key_name = None;
            change.store_row_id();
        } else if !if_exists {
            let message = format!(
                "constraint \"{name}\" of relation \"{}\" does not exist",
                change.before.name
            );
            return Err(at(sql_error("42704", message), ident));
        }
        Ok(())
    }

    /// Refuses to drop a key to which foreign keys of other tables refer. Errors: `2BP01`.
    fn refuse_if_key_is_referenced(&self, table: &Table, name: &str) -> Result<()> {
        for reference in super::integrity::references(self.schema)? {
            let is_key = match reference.parent_key {
                ReferencedKey::Index(i) => reference
                    .parent
                    .indexes
                    .get(i)
                    .is_some_and(|i| i.name == name),
                ReferencedKey::RowId => reference.parent.primary_key_name.as_deref() == Some(name),
            };
            if reference.parent.name != table.name || !is_key {
                continue;
            }
            let (child, key) = (&reference.child.name, &reference.key.name);
            let message = format!(
                "cannot drop constraint {name} on table {} because other objects depend on it: constraint {key} on \
                 table {child} depends on index {name} (use DROP ... CASCADE to drop the dependent objects too)",
                table.name
            );
            return Err(sql_error("2BP01", message));
        }
        Ok(())
    }

    /// Sees that every view over the table gives what it gave. Its text is bound again at each use, so that one that
    /// would not must be dropped first. Errors: `2BP01` where a column is gone, else `0A000`.
    fn check_views(&self, change: &Alteration) -> Result<()> {
        let name = &change.before.name;
        let after = self.schema.clone();
        let after = after.with_table_replaced(name, Table::clone(&change.table));
        let Some(dependent) = self.changed_dependent(name, &after) else {
            return Ok(());
        };
        let (kind, view, table) = (dependent.kind(), dependent.name(), &change.before);
        let gone = |c: &&crate::catalog::Column| {
            change.table.position(&c.name).is_none()
                && change.renamed.iter().all(|(old, _)| *old != c.name)
        };
        Err(match table.columns.iter().find(gone) {
            Some(column) => sql_error(
                "2BP01",
                format!(
                    "cannot drop column {} of table {name} because other objects depend on it: {kind} {view} \
                     depends on it",
                    column.name
                ),
            ),
            None => Error::unsupported(format_args!(
                "ALTER TABLE that changes what the {kind} \"{view}\" reads, or how it is called,"
            )),
        })
    }
}

impl Alteration {
    pub(super) fn of(table: &Arc<Table>) -> Self {
        let columns = table.columns.iter().enumerate();
        Self {
            before: table.clone(),
            table: Table::clone(table),
            values: columns.map(|(i, c)| column(i, c.sql_type)).collect(),
            rewritten: false,
            renamed: Vec::new(),
            sequences: Vec::new(),
        }
    }

    /// The table as one in the making, to which constraints can be added.
    pub(super) fn draft(&self) -> Draft {
        let table = &self.table;
        let is_primary = |name: &String| table.primary_key_name.as_ref() == Some(name);
        let key = |index: &crate::catalog::Index| DraftKey {
            name: index.name.clone(),
            columns: index.columns.iter().map(|(c, _)| *c).collect(),
            timing: index.timing,
        };
        let row_id = table.row_id_column.zip(table.primary_key_name.clone());
        let row_id = row_id.map(|(column, name)| DraftKey {
            name,
            columns: vec![column],
            timing: Default::default(),
        });
        let mut indexes = table.indexes.iter();
        let unique = table
            .indexes
            .iter()
            .filter(|i| i.unique && !is_primary(&i.name));
        Draft {
            name: table.name.clone(),
            columns: table.columns.clone(),
            primary_key: row_id.or_else(|| indexes.find(|i| is_primary(&i.name)).map(key)),
            unique: unique.map(key).collect(),
            checks: table.checks.clone(),
            taken: self.constraints().collect(),
            sequences: self.sequences.clone(),
            types: table.types.clone(),
        }
    }

    /// Takes over what became of [`Self::draft`].
    pub(super) fn take(&mut self, draft: Draft) {
        let table = &mut self.table;
        let keys = draft.primary_key.iter().chain(&draft.unique);
        for key in keys {
            let known = table.indexes.iter().any(|i| i.name == key.name)
                || table.primary_key_name.as_ref() == Some(&key.name);
            if !known {
                table.indexes.push(key.index());
            }
        }
        table.primary_key_name = draft.primary_key.map(|key| key.name);
        table.columns = draft.columns;
        table.checks = draft.checks;
        self.sequences = draft.sequences;
    }

    /// Names of all constraints.
    fn constraints(&self) -> impl Iterator<Item = String> {
        let table = &self.table;
        let indexes = table.indexes.iter().filter(|i| i.constraint);
        let named = indexes.map(|i| i.name.clone());
        named
            .chain(table.primary_key_name.clone())
            .chain(table.checks.iter().map(|(name, _)| name.clone()))
            .chain(table.foreign_keys.iter().map(|k| k.name.clone()))
    }

    fn check_new_constraint(&self, ident: &ast::Ident) -> Result<()> {
        let name = fold(ident)?;
        if !self.constraints().any(|taken| taken == name) {
            return Ok(());
        }
        let message = format!(
            "constraint \"{name}\" for relation \"{}\" already exists",
            self.table.name
        );
        Err(at(sql_error("42710", message), ident))
    }

    fn rename_constraint(&mut self, old: &ast::Ident, new: &ast::Ident) -> Result<()> {
        let (old_name, new_name) = (fold(old)?, fold(new)?);
        if !self.constraints().any(|name| name == old_name) {
            let message = format!(
                "constraint \"{old_name}\" for table \"{}\" does not exist",
                self.table.name
            );
            return Err(at(sql_error("42704", message), old));
        }
        self.check_new_constraint(new)?;
        let table = &mut self.table;
        let checks = table.checks.iter_mut().map(|(name, _)| name);
        let keys = table.foreign_keys.iter_mut().map(|k| &mut k.name);
        let indexes = table.indexes.iter_mut().filter(|i| i.constraint);
        let names = checks.chain(keys).chain(indexes.map(|i| &mut i.name));
        let names = names.chain(table.primary_key_name.as_mut());
        for name in names.filter(|name| **name == old_name) {
            name.clone_from(&new_name);
        }
        Ok(())
    }

    /// Makes the column that is the row id one like the others.
    pub(super) fn store_row_id(&mut self) {
        if self.table.row_id_column.take().is_some() {
            self.rewritten = true;
        }
    }

    fn finish(mut self) -> Result<AlterTable> {
        let (before, rewritten) = (&self.before, self.rewritten);
        if rewritten || self.table.columns.len() != before.columns.len() {
            self.table.statistics = None;
        }
        if rewritten {
            self.table.indexes.iter_mut().for_each(|i| i.tree = NO_TREE);
        }
        let table = &self.table;
        let was_not_null = |name: &str| {
            let known = before.position(name).or_else(|| {
                let (old, _) = self.renamed.iter().find(|(_, new)| new == name)?;
                before.position(old)
            });
            known.is_some_and(|c| before.columns[c].not_null)
        };
        let columns = table.columns.iter().enumerate();
        let not_null = columns
            .filter(|(_, c)| c.not_null && (rewritten || !was_not_null(&c.name)))
            .map(|(i, _)| i)
            .collect();
        let is_new = |check: &&(String, String)| rewritten || !before.checks.contains(check);
        let bound = |(name, text): &(String, String)| {
            let expr = super::bind_expression(text, (&table.columns, &table.types), SqlType::Bool)?;
            Ok((name.clone(), expr))
        };
        let checks = table.checks.iter().filter(is_new).map(bound);
        let checks = checks.collect::<Result<_>>()?;
        let had = |number: u64| before.foreign_keys.iter().any(|k| k.number == number);
        let foreign_keys = table.foreign_keys.iter().filter(|k| !had(k.number));
        Ok(AlterTable {
            not_null,
            checks,
            foreign_keys: foreign_keys.map(|k| k.name.clone()).collect(),
            rows: rewritten.then_some(self.values),
            renamed: self.renamed,
            sequences: self.sequences,
            table: self.before,
            altered: self.table,
        })
    }
}

/// Refuses what cannot be done to a materialized view. Errors: `42809`.
fn may_alter_materialized(table: &Table, operation: &ast::AlterTableOperation) -> Result<()> {
    use ast::AlterTableOperation as Operation;
    let action = match operation {
        Operation::RenameTable { .. } | Operation::RenameColumn { .. } => return Ok(()),
        Operation::AddColumn { .. } => "ADD COLUMN",
        Operation::DropColumn { .. } => "DROP COLUMN",
        Operation::AddConstraint { .. } => "ADD CONSTRAINT",
        Operation::DropConstraint { .. } => "DROP CONSTRAINT",
        _ => "ALTER COLUMN",
    };
    let message = format!(
        "ALTER action {action} cannot be performed on relation \"{}\" (This operation is not supported for \
         materialized views.)",
        table.name
    );
    Err(sql_error("42809", message))
}

/// `42703`
pub(super) fn no_column(table: &Table, name: &str, ident: &ast::Ident) -> Error {
    let message = format!(
        "column \"{name}\" of relation \"{}\" does not exist",
        table.name
    );
    at(sql_error("42703", message), ident)
}

impl Binder<'_> {
    fn alter_column(
        &mut self,
        change: &mut Alteration,
        operation: &ast::AlterTableOperation,
    ) -> Result<()> {
        use ast::AlterTableOperation as Operation;
        match operation {
            Operation::AddColumn {
                column_keyword: _,
                if_not_exists,
                column_def,
                column_position,
            } => {
                refuse(column_position.is_some(), "a position of a new column")?;
                self.add_column(change, column_def, *if_not_exists)
            }
            Operation::DropColumn {
                has_column_keyword: _,
                column_names,
                if_exists,
                drop_behavior,
            } => {
                let [name] = column_names.as_slice() else {
                    return Err(Error::unsupported("several columns in one DROP COLUMN"));
                };
                let cascade = *drop_behavior == Some(ast::DropBehavior::Cascade);
                self.drop_column(change, name, *if_exists, cascade)
            }
            Operation::RenameColumn {
                old_column_name,
                new_column_name,
            } => change.rename_column(old_column_name, new_column_name),
            Operation::AlterColumn { column_name, op } => {
                let at = of_column(&change.table, column_name)?;
                self.change_column(change, at, op)
            }
            _ => Err(Error::unsupported("this action of ALTER TABLE")),
        }
    }
}
