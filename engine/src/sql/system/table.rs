//! A table about the schema, and how it is found.

use super::class_keys::DEFINITIONS;
use super::numbered::Numbered;
use super::rows::{Rows, column};
use super::{class, class_keys, information, information_keys, listing};
use crate::catalog::Schema;
use crate::sql::SearchPath;
use crate::types::{SqlType, Value};

/// The schema of the SQL standard's tables about the schema.
pub(in crate::sql) const INFORMATION: &str = "information_schema";
/// The schema of PostgreSQL's tables about the schema; looked into before any other.
pub(in crate::sql) const CATALOG: &str = "pg_catalog";
/// The name that a database goes by: there is one in a folder, and no statement can reach another.
pub(in crate::sql) const DATABASE: &str = "quantadb";
/// The role of whoever is connected, and the owner of everything.
pub(in crate::sql) const ROLE: &str = "postgres";

/// A table about the schema.
pub(in crate::sql) struct SystemTable {
    pub(super) schema: &'static str,
    pub(super) name: &'static str,
    /// Names, with a type behind a colon where it is not TEXT.
    pub(super) columns: &'static str,
    pub(super) fill: fn(&Numbered<'_>, &mut Rows),
}

impl SystemTable {
    /// The name, without that of its schema.
    pub(in crate::sql) fn name(&self) -> &'static str {
        self.name
    }

    /// Names and types of the columns, in order.
    pub(in crate::sql) fn columns(&self) -> Vec<(String, SqlType)> {
        let columns = self.columns.split_ascii_whitespace().map(column);
        columns.collect()
    }

    /// The name of its schema.
    pub(in crate::sql) fn schema(&self) -> &'static str {
        self.schema
    }

    /// The rows of a database of that schema, for who looks for names along `path`.
    pub(in crate::sql) fn rows(&self, schema: &Schema, path: &SearchPath) -> Vec<Vec<Value>> {
        let mut rows = Rows::new(self.columns());
        (self.fill)(&Numbered::new(schema, path), &mut rows);
        rows.into_values()
    }
}

/// The table of that (folded) name in a schema; without a schema, what a bare name means.
pub(in crate::sql) fn find(schema: Option<&str>, name: &str) -> Option<&'static SystemTable> {
    let schema = schema.unwrap_or(CATALOG);
    all().find(|table| table.schema == schema && table.name == name)
}

/// Whether a schema of that (folded) name holds tables about the schema.
pub(in crate::sql) fn is_system(schema: &str) -> bool {
    schema == INFORMATION || schema == CATALOG
}

fn all() -> impl Iterator<Item = &'static SystemTable> {
    [
        information::TABLES,
        information_keys::TABLES,
        class::TABLES,
        class_keys::TABLES,
        listing::TABLES,
    ]
    .into_iter()
    .flatten()
}

/// Those that are PostgreSQL's too.
pub(super) fn listed() -> impl Iterator<Item = &'static SystemTable> {
    all().filter(|table| table.name != DEFINITIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_about_the_schema_has_rows_as_wide_as_its_columns() {
        for table in all() {
            let columns = table.columns();
            assert!(!columns.is_empty());
            for row in table.rows(&Schema::default(), &SearchPath::default()) {
                assert_eq!(row.len(), columns.len(), "{}", table.name);
            }
            assert!(find(Some(table.schema), table.name).is_some());
        }
    }
}
