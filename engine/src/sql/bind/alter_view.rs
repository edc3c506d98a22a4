//! ALTER VIEW and ALTER MATERIALIZED VIEW.

use super::alter::Alteration;
use super::context::Binder;
use super::names::{fold, sql_error};
use crate::catalog::{Dependent, View};
use crate::error::{Error, Result};
use crate::sql::bound::Statement;
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// `ALTER VIEW`, `ALTER MATERIALIZED VIEW`: another name for it or a column of it. Errors: `42P01`, `42809`, `42703`,
    /// `42701`, `42P07`; `0A000` where other views read it.
    pub(super) fn bind_alter_view(&mut self, alter: &ast::AlterView) -> Result<Statement> {
        let ast::AlterView {
            materialized,
            name,
            if_exists,
            operation,
        } = alter;
        use ast::{AlterTableOperation, AlterViewOperation};
        let renamed = match operation.clone() {
            AlterViewOperation::RenameTo { new_name } => AlterTableOperation::RenameTable {
                table_name: ast::RenameTableNameKind::To(new_name),
            },
            AlterViewOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            },
            _ => return Err(Error::unsupported("this action of ALTER VIEW")),
        };
        let (folded, _) = self.relation(name)?;
        let known = self.schema.dependents().find(|d| *d.name() == folded);
        match known {
            Some(Dependent::Materialized(table, _)) if *materialized => {
                let altered = self.alter_all(Alteration::of(table), &[renamed])?;
                Ok(Statement::AlterTable(Some(Box::new(altered))))
            }
            Some(Dependent::View(view)) if !materialized => {
                let view = self.renamed_view(view.clone(), &renamed)?;
                Ok(Statement::AlterView(Some((folded, Box::new(view)))))
            }
            None if *if_exists && !self.relation_exists(&folded) => Ok(Statement::AlterView(None)),
            _ => {
                let kind = match materialized {
                    true => "a materialized view",
                    false => "a view",
                };
                Err(self.no_such(kind, name))
            }
        }
    }

    fn renamed_view(&self, view: Arc<View>, renamed: &ast::AlterTableOperation) -> Result<View> {
        let mut above = self.schema.dependents();
        if let Some(above) = above.find(|d| d.stands_on(&view.name)) {
            return Err(Error::unsupported(format_args!(
                "ALTER VIEW that changes how what the {} \"{}\" reads is called,",
                above.kind(),
                above.name()
            )));
        }
        let mut view = View::clone(&view);
        match renamed {
            ast::AlterTableOperation::RenameTable {
                table_name: ast::RenameTableNameKind::To(name),
            } => view.name = self.renamed(&view.name, name)?,
            ast::AlterTableOperation::RenameColumn {
                old_column_name,
                new_column_name,
            } => {
                let (old, new) = (fold(old_column_name)?, fold(new_column_name)?);
                let Some(at) = view.columns.iter().position(|(name, _)| *name == old) else {
                    let message = format!("column \"{old}\" does not exist");
                    return Err(sql_error("42703", message));
                };
                if view.columns.iter().any(|(name, _)| *name == new) {
                    let message = format!(
                        "column \"{new}\" of relation \"{}\" already exists",
                        view.name
                    );
                    return Err(sql_error("42701", message));
                }
                view.columns[at].0 = new;
            }
            _ => return Err(Error::unsupported("this action of ALTER VIEW")),
        }
        Ok(view)
    }
}
