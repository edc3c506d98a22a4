//! TRUNCATE.

use super::call::refuse;
use super::context::Binder;
use super::integrity::references;
use super::names::sql_error;
use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::Statement;
use sqlparser::ast;
use std::sync::Arc;

impl Binder<'_> {
    /// The tables that a TRUNCATE empties, and whether their sequences begin anew. `0A000` when another table refers to one of them, unless `CASCADE` takes that
    /// in too.
    pub(super) fn bind_truncate(&mut self, truncate: &ast::Truncate) -> Result<Statement> {
        let ast::Truncate {
            table_names,
            partitions,
            table: _,
            if_exists,
            identity,
            cascade,
            on_cluster,
        } = truncate;
        refuse(
            partitions.is_some() || on_cluster.is_some(),
            "an option of TRUNCATE",
        )?;
        if *if_exists {
            return Err(sql_error("42601", "syntax error at or near \"EXISTS\""));
        }
        let mut tables: Vec<Arc<Table>> = Vec::with_capacity(table_names.len());
        for target in table_names {
            refuse(target.only || target.has_asterisk, "ONLY and * of a table")?;
            self.refuse_view(&target.name, |_, name| {
                sql_error("42809", format!("\"{name}\" is not a table"))
            })?;
            let table = self.named_table(&target.name)?;
            if tables.iter().all(|t| t.name != table.name) {
                tables.push(table);
            }
        }
        let cascades = matches!(cascade, Some(ast::CascadeOption::Cascade));
        let all = references(self.schema)?;
        let mut next = 0;
        while next < tables.len() {
            for reference in &all {
                let concerns = reference.parent.name == tables[next].name;
                let is_in = |t: &Arc<Table>| t.name == reference.child.name;
                if !concerns || tables.iter().any(is_in) {
                    continue;
                }
                if !cascades {
                    return Err(referenced());
                }
                tables.push(reference.child.clone());
            }
            next += 1;
        }
        let restart = matches!(identity, Some(ast::TruncateIdentityOption::Restart));
        Ok(Statement::Truncate(tables, restart))
    }
}

fn referenced() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "0A000",
        "cannot truncate a table referenced in a foreign key constraint",
    )
}
