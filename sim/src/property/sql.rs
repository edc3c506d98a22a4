//! Any text as SQL.

use quantadb::catalog::{Column, Index, RelationName, Schema, Table, Types};
use quantadb::sql::{bind, parse};
use quantadb::storage::TreeId;
use quantadb::types::{ElementType, SqlType};
use std::sync::{Arc, OnceLock};

/// Two tables with columns of every type.
fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::new([table("t", 4, true), table("u", 8, false)].map(Arc::new)))
}

fn table(name: &str, tree: u32, keyed: bool) -> Table {
    let integers = ElementType::new(SqlType::Int4).expect("arrays have integers");
    let columns = [
        ("a", SqlType::Int4),
        ("b", SqlType::Text),
        ("c", SqlType::Float8),
        ("d", SqlType::Date),
        ("e", SqlType::Bool),
        ("f", SqlType::Int8),
        ("g", SqlType::Timestamp(None)),
        ("h", SqlType::Bytes),
        ("i", SqlType::Interval(None)),
        ("j", SqlType::TimestampTz(None)),
        ("k", SqlType::Time(None)),
        ("l", SqlType::Uuid),
        ("m", SqlType::Char(Some(3))),
        ("n", SqlType::Array(integers)),
    ];
    let columns = columns.map(|(name, sql_type)| Column {
        not_null: name == "a",
        default: (name == "f").then(|| "1 + 2".to_owned()),
        ..Column::new(name.to_owned(), sql_type)
    });
    let columns_of_index = vec![(1, false), (2, true)];
    let index = Index {
        unique: !keyed,
        ..Index::over(format!("{name}_b"), TreeId(tree + 1), columns_of_index)
    };
    let named = RelationName::public(name);
    Table {
        row_id_column: keyed.then_some(0),
        primary_key_name: keyed.then(|| format!("{name}_pkey")),
        indexes: vec![index],
        checks: vec![(format!("{name}_check"), "f > 0".to_owned())],
        ..Table::new(named, TreeId(tree), columns.to_vec(), Types::default())
    }
}

/// Any text is bound or refused, and an error has a SQLSTATE of five characters and a message.
///
/// # Panics
/// When not, or when the engine panics.
pub fn check_sql(text: &str) {
    let refused = |error: quantadb::Error| {
        assert_eq!(error.sqlstate().len(), 5, "{error:?}");
        assert!(!error.message().is_empty(), "{error:?}");
        assert_ne!(error.sqlstate(), "XX000", "only a bug gives it: {error:?}");
    };
    match parse(text) {
        Ok(statements) => {
            for statement in &statements {
                let _ = bind(statement, schema()).map_err(refused);
            }
        }
        Err(error) => refused(error),
    }
}
