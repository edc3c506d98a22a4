//! Generated columns: `GENERATED ALWAYS AS (…) STORED`.
//!
//! Such a column is computed of the others of its row whenever the row is written, and of nothing else: what it is computed
//! of is immutable, and no generated column. So a change only says when, not what: `DEFAULT`.

use super::alter::Alteration;
use super::alter_column::replace_columns;
use super::context::{Binder, Clause};
use super::names::sql_error;
use super::pin::pinned;
use super::stored::{bind_stored, stored_text};
use super::table::Draft;
use crate::catalog::{Column, Table, Types};
use crate::error::{Error, Result};
use crate::sql::bound::{Expr, ExprKind};
use crate::sql::immutable::is_immutable;
use crate::sql::parse::parse_expression;
use crate::sql::walk::{any_part, columns_of};
use sqlparser::ast;

impl Draft {
    /// `GENERATED ALWAYS AS (…) STORED`. Errors: `42601`, `42P17`, and those of the expression.
    pub(super) fn generated(
        &mut self,
        binder: &Binder<'_>,
        position: usize,
        option: &ast::ColumnOption,
    ) -> Result<()> {
        let ast::ColumnOption::Generated {
            generated_as,
            sequence_options,
            generation_expr,
            generation_expr_mode,
            generated_keyword: _,
        } = option
        else {
            return Ok(());
        };
        let Some(expr) = generation_expr else {
            let always = *generated_as == ast::GeneratedAs::Always;
            let options = sequence_options.as_deref().unwrap_or_default();
            return self.identity(binder, position, always, options);
        };
        if *generation_expr_mode != Some(ast::GeneratedExpressionMode::Stored) {
            return Err(sql_error(
                "42601",
                "syntax error: a generated column is STORED",
            ));
        }
        let column = &self.columns[position];
        if column.generated.is_some() {
            let message = format!(
                "multiple generation clauses specified for column \"{}\" of table \"{}\"",
                column.name, self.name
            );
            return Err(sql_error("42601", message));
        }
        // That it is one is to be seen when its own expression is bound.
        self.columns[position].generated = Some(String::new());
        self.one_origin(position)?;
        let text = {
            let bind = |expr: &ast::Expr| {
                bind_generated(
                    expr,
                    self.name.own(),
                    (&self.columns, &self.types),
                    &self.columns[position],
                )
            };
            let expr = &*pinned(expr, binder.reading.zone, bind)?;
            stored_text(expr, &bind(expr)?, bind)?
        };
        self.columns[position].generated = Some(text);
        Ok(())
    }

    /// A column has a default, or is generated, or is an identity column. Errors: `42601`.
    pub(super) fn one_origin(&self, position: usize) -> Result<()> {
        let column = &self.columns[position];
        let (default, generated) = (column.default.is_some(), column.generated.is_some());
        let both = match (default, generated, column.identity.is_some()) {
            (true, true, _) => "default and generation expression",
            (true, _, true) => "default and identity",
            (_, true, true) => "identity and generation expression",
            _ => return Ok(()),
        };
        let message = format!(
            "both {both} specified for column \"{}\" of table \"{}\"",
            column.name, self.name
        );
        Err(sql_error("42601", message))
    }
}

/// What `column` of the table `name` is computed of, over its columns. Errors: `42P17` for what is not immutable, and for
/// a generated column in it.
fn bind_generated(
    expr: &ast::Expr,
    name: &str,
    (columns, types): (&[Column], &Types),
    column: &Column,
) -> Result<Expr> {
    let bound = bind_stored(
        expr,
        name,
        (columns, types),
        Clause::Generated,
        column.sql_type,
    )?;
    let mut used = columns_of(&bound).into_iter().map(|c| &columns[c]);
    if let Some(other) = used.find(|c| c.generated.is_some()) {
        let message = format!(
            "cannot use generated column \"{}\" in column generation expression",
            other.name
        );
        return Err(sql_error("42P17", message));
    }
    if !is_immutable(&bound) {
        return Err(sql_error("42P17", "generation expression is not immutable"));
    }
    Ok(bound)
}

/// The generated columns of `table`, and what each is computed of. Errors: those of binding.
pub(super) fn generated_columns(table: &Table) -> Result<Vec<(usize, Expr)>> {
    let columns = table.columns.iter().enumerate();
    let generated = columns.filter_map(|(i, c)| Some((i, c, c.generated.as_ref()?)));
    let bind = |(i, column, text): (usize, &Column, &String)| {
        let expr = parse_expression(text)?;
        Ok((
            i,
            bind_generated(
                &expr,
                table.name.own(),
                (&table.columns, &table.types),
                column,
            )?,
        ))
    };
    generated.map(bind).collect()
}

/// What a row of `change` has in the generated column at `position`, one of `columns`, over the columns before the first
/// action.
pub(super) fn generated_value(
    name: &str,
    columns: &[Column],
    position: usize,
    change: &Alteration,
) -> Result<Expr> {
    let column = &columns[position];
    let expr = parse_expression(column.generated.as_deref().unwrap_or_default())?;
    let mut value = bind_generated(&expr, name, (columns, &change.table.types), column)?;
    replace_columns(&mut value, &change.values)?;
    // It would be evaluated twice, and differ.
    let mut is_volatile =
        |e: &Expr| matches!(e.kind, ExprKind::Call(function, _) if function.is_volatile());
    if any_part(&value, &mut is_volatile) {
        return Err(Error::unsupported(
            "a generated column beside a new one with a volatile default",
        ));
    }
    Ok(value)
}

/// Drops the columns that are computed of that at `position`, which is to go; gives where that is then. Errors: `2BP01`
/// without CASCADE.
pub(super) fn drop_generated_from(
    change: &mut Alteration,
    position: usize,
    cascade: bool,
) -> Result<usize> {
    let depends = |(_, expr): &(usize, Expr)| columns_of(expr).contains(&position);
    let dependent = generated_columns(&change.table)?
        .into_iter()
        .filter(depends);
    let dependent: Vec<usize> = dependent.map(|(column, _)| column).collect();
    if let (Some(first), false) = (dependent.first(), cascade) {
        let (table, columns) = (&change.table.name, &change.table.columns);
        let message = format!(
            "cannot drop column {} of table {table} because other objects depend on it: column {} of table {table} \
             depends on it (use DROP ... CASCADE to drop the dependent objects too)",
            columns[position].name, columns[*first].name
        );
        return Err(sql_error("2BP01", message));
    }
    let before = dependent
        .iter()
        .filter(|column| **column < position)
        .count();
    for column in dependent.into_iter().rev() {
        change.remove_column(column)?;
    }
    Ok(position - before)
}

/// Refuses to change the type of a column that a generated one is computed of (`0A000`), and of a generated one by an
/// expression (`42611`).
pub(super) fn refuse_generated(table: &Table, position: usize, using: bool) -> Result<()> {
    if using && table.columns[position].generated.is_some() {
        let message = "cannot specify USING when altering type of generated column";
        return Err(sql_error("42611", message));
    }
    let generated = generated_columns(table)?;
    let mut generated = generated.iter();
    match generated.any(|(_, expr)| columns_of(expr).contains(&position)) {
        true => Err(Error::new(
            crate::error::ErrorKind::Unsupported,
            "0A000",
            "cannot alter type of a column used by a generated column",
        )),
        false => Ok(()),
    }
}

/// Whether an INSERT puts a value that is not DEFAULT into the column; else it is as if it were DEFAULT. Errors: `428C9`
/// for a generated column, and for one that is always an identity, unless `OVERRIDING` says otherwise.
pub(super) fn takes_value(
    column: &Column,
    overriding: Option<ast::InsertOverriding>,
) -> Result<bool> {
    use ast::InsertOverriding::{System, User};
    match (&column.generated, &column.identity, overriding) {
        (None, Some(_), Some(User)) => Ok(false),
        (None, Some(_), Some(System)) | (None, None, _) => Ok(true),
        (None, Some(identity), None) if !identity.always => Ok(true),
        _ => {
            let name = &column.name;
            let message = format!("cannot insert a non-DEFAULT value into column \"{name}\"");
            Err(sql_error("428C9", message))
        }
    }
}

/// Refuses a generated column in a list of COPY. Errors: `42P10`.
pub(super) fn refuse_copied(column: &Column) -> Result<()> {
    match column.generated {
        Some(_) => {
            let message = format!(
                "column \"{}\" is a generated column: generated columns cannot be used in COPY",
                column.name
            );
            Err(sql_error("42P10", message))
        }
        None => Ok(()),
    }
}
