//! The actions of ALTER TABLE on one column.

use super::super::visit::visit_expressions_mut;
use super::alter::{Alteration, no_column};
use super::call::refuse;
use super::coerce::{Context, can_cast, literal};
use super::context::{Binder, Clause, Level};
use super::data_type::sql_type;
use super::foreign_key::Written;
use super::generated::{drop_generated_from, generated_value, refuse_generated};
use super::names::{at, fold, sql_error};
use super::scope::Scope;
use super::sequence::default_text;
use super::table::{COLUMNS_MAX, NO_TREE};
use crate::catalog::{Column, EXPRESSION_BASE, Index, Table};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::column_origins::{OriginChange, origin_change};
use crate::sql::index_keys::IndexKeys;
use crate::sql::parse::parse_expression;
use crate::sql::walk::{columns_of, operands_mut};
use crate::types::{SqlType, Value};
use sqlparser::ast;
use std::ops::ControlFlow;

/// The position of a column. Errors: `42703`.
pub(super) fn of_column(table: &Table, ident: &ast::Ident) -> Result<usize> {
    let name = fold(ident)?;
    let position = table.position(&name);
    position.ok_or_else(|| no_column(table, &name, ident))
}

impl Binder<'_> {
    /// `ADD COLUMN`
    pub(super) fn add_column(
        &mut self,
        change: &mut Alteration,
        definition: &ast::ColumnDef,
        if_not_exists: bool,
    ) -> Result<()> {
        let ast::ColumnDef {
            name: ident,
            data_type,
            options,
        } = definition;
        let name = fold(ident)?;
        if change.table.position(&name).is_some() {
            if if_not_exists {
                return Ok(());
            }
            return Err(column_exists(&change.table, &name, ident));
        }
        let position = change.table.columns.len();
        if position >= COLUMNS_MAX {
            let message = format!("tables can have at most {COLUMNS_MAX} columns");
            return Err(sql_error("54011", message));
        }
        let mut draft = change.draft();
        draft.add_column(self, name, data_type)?;
        for option in options {
            draft.column_option(self, position, option)?;
        }
        let foreign = options.iter().filter_map(|option| match &option.option {
            ast::ColumnOption::ForeignKey(constraint) => Some(Written {
                name: option.name.as_ref(),
                column: Some(position),
                constraint,
            }),
            _ => None,
        });
        let foreign: Vec<Written<'_>> = foreign.collect();
        let keys = self.foreign_keys(&mut draft, &foreign)?;
        let column = &draft.columns[position];
        let value = match (default_text(column), &column.generated) {
            (Some(text), _) => super::bind_expression(&text, (&[], &draft.types), column.sql_type)?,
            (None, Some(_)) => generated_value(draft.name.own(), &draft.columns, position, change)?,
            (None, None) => literal(Value::Null, column.sql_type),
        };
        // Values that a row does not have are NULL.
        change.rewritten |= value.kind != ExprKind::Literal(Value::Null);
        change.values.push(value);
        change.table.foreign_keys.extend(keys);
        change.take(draft);
        Ok(())
    }

    /// `DROP COLUMN`: its indexes and constraints go too.
    pub(super) fn drop_column(
        &mut self,
        change: &mut Alteration,
        ident: &ast::Ident,
        if_exists: bool,
        cascade: bool,
    ) -> Result<()> {
        let name = fold(ident)?;
        let Some(position) = change.table.position(&name) else {
            if if_exists {
                return Ok(());
            }
            return Err(no_column(&change.table, &name, ident));
        };
        if !cascade {
            self.refuse_if_column_is_referenced(change, &name)?;
            let table = &change.before.name;
            let what = format!("column {name} of table {table}");
            let sequences = &change.table.columns[position].sequences;
            self.refuse_if_default(&what, sequences, |of, column| {
                of.name != *table || column.name != name
            })?;
        }
        let position = drop_generated_from(change, position, cascade)?;
        change.remove_column(position)
    }

    /// Refuses to drop a column to which foreign keys of other tables refer. Errors: `2BP01`.
    fn refuse_if_column_is_referenced(&self, change: &Alteration, name: &String) -> Result<()> {
        let table = &change.before.name;
        let refers = |key: &crate::catalog::ForeignKey| {
            key.referenced_table == *table && key.referenced_columns.contains(name)
        };
        let mut keys = self.schema.foreign_keys();
        match keys.find(|(child, key)| child.name != *table && refers(key)) {
            Some((child, key)) => {
                let message = format!(
                    "cannot drop column {name} of table {table} because other objects depend on it: constraint {} on \
                     table {} depends on it (use DROP ... CASCADE to drop the dependent objects too)",
                    key.name, child.name
                );
                Err(sql_error("2BP01", message))
            }
            None => Ok(()),
        }
    }

    /// `ALTER COLUMN`
    pub(super) fn change_column(
        &mut self,
        change: &mut Alteration,
        position: usize,
        operation: &ast::AlterColumnOperation,
    ) -> Result<()> {
        use ast::AlterColumnOperation as Operation;
        if let Some(origin) = origin_change(operation) {
            return change_origin(change, position, origin);
        }
        match operation {
            Operation::DropNotNull | Operation::SetDefault { .. } | Operation::DropDefault
                if change.table.columns[position].identity.is_some() =>
            {
                let message = format!(
                    "column \"{}\" of relation \"{}\" is an identity column",
                    change.table.columns[position].name, change.table.name
                );
                return Err(sql_error("42601", message));
            }
            Operation::SetNotNull => change.table.columns[position].not_null = true,
            Operation::DropNotNull => {
                let draft = change.draft();
                let mut key = draft.primary_key.iter().flat_map(|key| &key.columns);
                if key.any(|c| *c == position) {
                    let name = &change.table.columns[position].name;
                    let message = format!("column \"{name}\" is in a primary key");
                    return Err(sql_error("42P16", message));
                }
                change.table.columns[position].not_null = false;
            }
            Operation::SetDefault { .. } | Operation::DropDefault
                if change.table.columns[position].generated.is_some() =>
            {
                let message = format!(
                    "column \"{}\" of relation \"{}\" is a generated column",
                    change.table.columns[position].name, change.table.name
                );
                return Err(sql_error("42601", message));
            }
            Operation::SetDefault { value } => {
                let mut draft = change.draft();
                draft.columns[position].default = None;
                let option = ast::ColumnOptionDef {
                    name: None,
                    option: ast::ColumnOption::Default(value.clone()),
                };
                draft.column_option(self, position, &option)?;
                change.take(draft);
            }
            Operation::DropDefault => change.table.columns[position].default = None,
            Operation::SetDataType {
                data_type, using, ..
            } => {
                let to = sql_type(data_type, self.schema.types())?;
                self.change_type(change, position, to, using.as_ref())?;
            }
            Operation::AddGenerated {
                generated_as,
                sequence_options,
            } => {
                let always = *generated_as == Some(ast::GeneratedAs::Always);
                let options = sequence_options.as_deref().unwrap_or_default();
                self.add_identity(change, position, always, options)?;
            }
            _ => return Err(Error::unsupported("an option of a column")),
        }
        Ok(())
    }

    /// `ADD GENERATED … AS IDENTITY`. Errors: `55000` for a column that may be NULL or has another origin of its values.
    fn add_identity(
        &self,
        change: &mut Alteration,
        position: usize,
        always: bool,
        options: &[ast::SequenceOptions],
    ) -> Result<()> {
        let column = &change.table.columns[position];
        let what = match column {
            Column {
                not_null: false, ..
            } => "must be declared NOT NULL before identity can be added",
            Column {
                identity: Some(_), ..
            } => "is already an identity column",
            Column {
                default: Some(_), ..
            } => "already has a default value",
            _ => {
                let mut draft = change.draft();
                draft.identity(self, position, always, options)?;
                change.take(draft);
                return Ok(());
            }
        };
        let (column, table) = (&column.name, &change.table.name);
        let message = format!("column \"{column}\" of relation \"{table}\" {what}");
        Err(sql_error("55000", message))
    }

    /// `ALTER COLUMN … TYPE`
    fn change_type(
        &mut self,
        change: &mut Alteration,
        position: usize,
        to: SqlType,
        using: Option<&ast::Expr>,
    ) -> Result<()> {
        let table = &change.table;
        let name = table.columns[position].name.clone();
        let is_identity = table.columns[position].identity.is_some();
        refuse(is_identity, "ALTER COLUMN … TYPE of an identity column")?;
        let refers = |key: &crate::catalog::ForeignKey| {
            key.referenced_table == change.before.name && key.referenced_columns.contains(&name)
        };
        let own = table
            .foreign_keys
            .iter()
            .any(|k| k.columns.contains(&position));
        let others = self.schema.foreign_keys().any(|(_, key)| refers(key));
        refuse(
            own || others,
            "ALTER COLUMN … TYPE of a column of a foreign key",
        )?;
        let mut value = match using {
            None => super::scope::column(position, table.columns[position].sql_type),
            Some(using) => {
                let columns = table.columns.iter().map(|c| (c.name.clone(), c.sql_type));
                let level = Level::new(Scope::of_columns(table.name.own(), columns), Clause::Using);
                let bound = self.with_level(level, |binder| {
                    let bound = binder.bind_expr(using)?;
                    binder.resolve_unknown(bound)
                })?;
                bound.0
            }
        };
        if !can_cast(value.sql_type, to, Context::Assignment) {
            let what = match using {
                Some(_) => format!("result of USING clause for column \"{name}\""),
                None => format!("column \"{name}\""),
            };
            let message = format!("{what} cannot be cast automatically to type {to}");
            return Err(sql_error("42804", message));
        }
        refuse_generated(&change.table, position, using.is_some())?;
        // Over the columns that there were before the first action.
        let values = &change.values;
        replace_columns(&mut value, values)?;
        let value = self.cast(value, to, Context::Assignment)?;
        if let Some(text) = &change.table.columns[position].default
            && super::bind_expression(text, (&[], &change.table.types), to).is_err()
        {
            let message =
                format!("default for column \"{name}\" cannot be cast automatically to type {to}");
            return Err(sql_error("42804", message));
        }
        change.values[position] = value;
        change.table.columns[position].sql_type = to;
        super::index::check_computed(&mut change.table)?;
        change.rewritten = true;
        if change.table.row_id_column == Some(position) && !to.is_integer() {
            change.store_row_id();
            let primary_key = change.table.primary_key_name.clone();
            change.table.indexes.extend(primary_key.map(|name| Index {
                unique: true,
                constraint: true,
                ..Index::over(name, NO_TREE, vec![(position, false)])
            }));
        }
        Ok(())
    }
}

impl Alteration {
    /// Takes a column out, with its indexes and constraints.
    pub(super) fn remove_column(&mut self, position: usize) -> Result<()> {
        let keys = IndexKeys::of(&self.table)?;
        let of_column = |i: &usize| keys.columns_of(&self.table, *i).contains(&position);
        let indexes = (0..self.table.indexes.len()).filter(of_column);
        let dropped = indexes.map(|i| self.table.indexes[i].name.clone());
        let dropped: Vec<String> = dropped.collect();
        let is_key = |index: &Index| dropped.contains(&index.name);
        let table = &mut self.table;
        let key_name = table.primary_key_name.clone();
        let has_key = |i: &Index| Some(&i.name) == key_name.as_ref() && is_key(i);
        if table.row_id_column == Some(position) || table.indexes.iter().any(has_key) {
            table.primary_key_name = None;
        }
        table.indexes.retain(|index| !is_key(index));
        table
            .foreign_keys
            .retain(|key| !key.columns.contains(&position));
        let (columns, types) = (table.columns.clone(), table.types.clone());
        let mut kept = Vec::new();
        for (name, text) in table.checks.drain(..) {
            let bound = super::bind_expression(&text, (&columns, &types), SqlType::Bool)?;
            if !columns_of(&bound).contains(&position) {
                kept.push((name, text));
            }
        }
        table.checks = kept;
        table.columns.remove(position);
        self.values.remove(position);
        let moved = |column: &mut usize| *column -= usize::from(*column > position);
        let indexes = table.indexes.iter_mut().flat_map(|i| &mut i.columns);
        indexes
            .filter(|(column, _)| *column < EXPRESSION_BASE)
            .for_each(|(column, _)| moved(column));
        for key in &mut table.foreign_keys {
            let columns = key.columns.iter_mut().chain(&mut key.on_delete_columns);
            columns.for_each(moved);
        }
        table.row_id_column.take_if(|column| *column == position);
        table.row_id_column.iter_mut().for_each(moved);
        self.rewritten = true;
        Ok(())
    }

    /// `RENAME COLUMN`
    pub(super) fn rename_column(&mut self, old: &ast::Ident, new: &ast::Ident) -> Result<()> {
        let (old_name, new_name) = (fold(old)?, fold(new)?);
        let Some(position) = self.table.position(&old_name) else {
            let message = format!("column \"{old_name}\" does not exist");
            return Err(at(sql_error("42703", message), old));
        };
        if self.table.position(&new_name).is_some() {
            return Err(column_exists(&self.table, &new_name, new));
        }
        let checks = self.table.checks.iter_mut().map(|(_, text)| text);
        let columns = self.table.columns.iter_mut();
        let generated = columns.filter_map(|c| c.generated.as_mut());
        let indexes = self.table.indexes.iter_mut();
        let of_indexes = indexes.flat_map(|index| {
            let expressions = index.expressions.iter_mut().map(|e| &mut e.text);
            expressions.chain(&mut index.predicate)
        });
        for text in checks.chain(generated).chain(of_indexes) {
            *text = with_renamed(text, &old_name, &new_name)?;
        }
        self.table.columns[position].name.clone_from(&new_name);
        self.renamed.push((old_name, new_name));
        Ok(())
    }
}

/// `42701`
fn column_exists(table: &Table, name: &str, ident: &ast::Ident) -> Error {
    let message = format!(
        "column \"{name}\" of relation \"{}\" already exists",
        table.name
    );
    at(sql_error("42701", message), ident)
}

/// Puts what `values` say in the place of each column.
pub(super) fn replace_columns(expr: &mut Expr, values: &[Expr]) -> Result<()> {
    if let ExprKind::Column(column) = expr.kind
        && let Some(value) = values.get(column)
    {
        *expr = value.clone();
        return Ok(());
    }
    operands_mut(expr, &mut |operand| replace_columns(operand, values))
}

/// The text of an expression over one table whose column `old` is called `new` from now on.
fn with_renamed(text: &str, old: &str, new: &str) -> Result<String> {
    let mut expr = parse_expression(text)?;
    let rename = |ident: &mut ast::Ident| -> Result<()> {
        if fold(ident)? == old {
            *ident = ast::Ident::with_quote('"', new);
        }
        Ok(())
    };
    let renamed = visit_expressions_mut(&mut expr, |expr| {
        let result = match expr {
            ast::Expr::Identifier(ident) => rename(ident),
            ast::Expr::CompoundIdentifier(parts) => parts.last_mut().map_or(Ok(()), rename),
            _ => Ok(()),
        };
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    });
    match renamed {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(expr.to_string()),
    }
}

/// `DROP EXPRESSION`, `DROP IDENTITY`, `SET GENERATED`: the values that rows have stay. Errors: `55000` for a column without such
/// an origin.
fn change_origin(change: &mut Alteration, position: usize, origin: OriginChange) -> Result<()> {
    let relation = change.table.name.clone();
    let column = &mut change.table.columns[position];
    let without = |column: &Column, what: &str| {
        let name = &column.name;
        let message = format!("column \"{name}\" of relation \"{relation}\" is not {what}");
        Err(sql_error("55000", message))
    };
    match origin {
        OriginChange::DropExpression(lenient) => match column.generated.take() {
            None if !lenient => without(column, "a stored generated column"),
            _ => Ok(()),
        },
        OriginChange::DropIdentity(lenient) => match column.identity.take() {
            Some(identity) => {
                column.sequences.retain(|name| *name != identity.sequence);
                Ok(())
            }
            None if !lenient => without(column, "an identity column"),
            None => Ok(()),
        },
        OriginChange::SetGenerated(always) => match &mut column.identity {
            Some(identity) => {
                identity.always = always;
                Ok(())
            }
            None => without(column, "an identity column"),
        },
    }
}
