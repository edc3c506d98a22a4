//! Statements without a plan: definition, statistics, maintenance, `SHOW`.

use crate::api::database::Shared;
use crate::api::kind;
use crate::api::session::Ran;
use crate::catalog::{self, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{self, Executed, ResultRows};
use crate::sql::bound::{CreateIndex, CreateTable, OutputColumn, Statement};
use crate::sql::{Parsed, ParsedKind};
use crate::storage::{IsolationLevel, StorageTxn, TreeId};
use crate::types::{SqlType, Value};
use std::sync::Arc;

/// Runs a statement that maintains the database as a whole, outside of any transaction.
pub(crate) fn maintenance(shared: &Shared, parsed: &Parsed) -> Result<Option<Ran>> {
    let tag = match parsed.kind {
        ParsedKind::Vacuum => {
            shared.backend.vacuum()?;
            "VACUUM"
        }
        ParsedKind::Checkpoint => {
            shared.backend.checkpoint()?;
            "CHECKPOINT"
        }
        ParsedKind::CheckDatabase => return check(shared).map(Some),
        _ => return Ok(None),
    };
    Ok(Some(Ran::done(tag)))
}

/// Refuses what cannot be part of a transaction: `25001`.
pub(crate) fn refuse_in_transaction(parsed: &Parsed) -> Result<()> {
    let name = match parsed.kind {
        ParsedKind::Vacuum => "VACUUM",
        ParsedKind::CheckDatabase => "CHECK DATABASE",
        ParsedKind::Checkpoint => "CHECKPOINT",
        _ => return Ok(()),
    };
    Err(Error::new(
        ErrorKind::Sql,
        "25001",
        format!("{name} cannot run inside a transaction block"),
    ))
}

fn check(shared: &Shared) -> Result<Ran> {
    let report = shared.check()?;
    let rows: Vec<Vec<Value>> = report
        .problems
        .into_iter()
        .map(|p| vec![Value::Text(p)])
        .collect();
    Ok(Ran {
        columns: Arc::new([OutputColumn {
            name: "problem".into(),
            sql_type: SqlType::Text,
        }]),
        count: rows.len() as u64,
        rows: Some(ResultRows::Values(rows)),
        tag: "CHECK DATABASE",
    })
}
/// Runs a definition, `ANALYZE` or `SHOW`. True when the schema changed.
pub(crate) fn run(
    shared: &Shared,
    txn: &mut dyn StorageTxn,
    isolation: IsolationLevel,
    statement: &Statement,
) -> Result<(Executed, bool)> {
    let root = shared.backend.root_tree();
    let mut executed = Executed {
        rows: None,
        count: 0,
    };
    let changed = match statement {
        Statement::CreateTable(create) if create.exists => false,
        Statement::CreateTable(create) => {
            create_table(txn, root, create)?;
            true
        }
        Statement::DropTable(tables, views) => {
            drop_views(txn, root, views)?;
            for table in tables {
                drop_table(txn, root, table)?;
            }
            !tables.is_empty()
        }
        Statement::CreateView(view) => {
            catalog::put_view(txn, root, view)?;
            true
        }
        Statement::DropView(views) => {
            drop_views(txn, root, views)?;
            !views.is_empty()
        }
        Statement::CreateIndex(None) => false,
        Statement::CreateIndex(Some(create)) => {
            create_index(txn, root, create)?;
            true
        }
        Statement::DropIndex(indexes) => {
            for (table, name) in indexes {
                drop_index(txn, root, table, name)?;
            }
            !indexes.is_empty()
        }
        Statement::Analyze(tables) => {
            for table in tables {
                let statistics = exec::analyze(txn, table)?;
                catalog::store_statistics(txn, root, table, statistics)?;
            }
            !tables.is_empty()
        }
        Statement::Show(name) => {
            executed.rows = Some(ResultRows::Values(vec![vec![Value::Text(show(
                name, isolation,
            )?)]]));
            executed.count = 1;
            false
        }
        other => {
            let name = kind::tag(other);
            return Err(Error::misuse(format!("API-4: {name} is run elsewhere")));
        }
    };
    Ok((executed, changed))
}

fn create_table(txn: &mut dyn StorageTxn, root: TreeId, create: &CreateTable) -> Result<()> {
    let mut indexes = create.indexes.clone();
    for index in &mut indexes {
        index.tree = txn.create_tree()?;
    }
    let table = Table {
        name: create.name.clone(),
        tree: txn.create_tree()?,
        columns: create.columns.clone(),
        row_id_column: create.row_id_column,
        primary_key_name: create.primary_key_name.clone(),
        indexes,
        checks: create.checks.clone(),
        statistics: None,
    };
    catalog::put_table(txn, root, &table)
}

fn drop_views(txn: &mut dyn StorageTxn, root: TreeId, views: &[String]) -> Result<()> {
    let mut views = views.iter();
    views.try_for_each(|view| catalog::remove_view(txn, root, view))
}

fn drop_table(txn: &mut dyn StorageTxn, root: TreeId, table: &Table) -> Result<()> {
    for index in &table.indexes {
        txn.drop_tree(index.tree)?;
    }
    txn.drop_tree(table.tree)?;
    catalog::remove_table(txn, root, &table.name)
}

fn create_index(txn: &mut dyn StorageTxn, root: TreeId, create: &CreateIndex) -> Result<()> {
    let mut table = Table::clone(&create.table);
    let mut index = create.index.clone();
    index.tree = txn.create_tree()?;
    exec::fill_index(txn, &table, &index, index.tree)?;
    table.indexes.push(index);
    catalog::put_table(txn, root, &table)
}

fn drop_index(txn: &mut dyn StorageTxn, root: TreeId, table: &Table, name: &str) -> Result<()> {
    let mut table = Table::clone(table);
    let Some(at) = table.indexes.iter().position(|i| i.name == name) else {
        return Err(Error::misuse("API-5: an index to drop is one of its table"));
    };
    txn.drop_tree(table.indexes.remove(at).tree)?;
    catalog::put_table(txn, root, &table)
}

fn isolation_name(isolation: IsolationLevel) -> &'static str {
    match isolation {
        IsolationLevel::ReadCommitted => "read committed",
        IsolationLevel::RepeatableRead => "repeatable read",
        IsolationLevel::Serializable => "serializable",
    }
}

/// The settings that there are, with PostgreSQL's values for them. Errors: `42704` for another name.
fn show(name: &str, isolation: IsolationLevel) -> Result<String> {
    Ok(match name {
        "server_version" => "15.0 (QuantaDB)",
        "server_encoding" | "client_encoding" => "UTF8",
        "transaction_isolation" => isolation_name(isolation),
        "default_transaction_isolation" => isolation_name(IsolationLevel::default()),
        "standard_conforming_strings" | "integer_datetimes" => "on",
        "datestyle" => "ISO, MDY",
        "timezone" => "UTC",
        "search_path" => "public",
        _ => {
            return Err(Error::new(
                ErrorKind::Sql,
                "42704",
                format!("unrecognized configuration parameter \"{name}\""),
            ));
        }
    }
    .to_owned())
}
