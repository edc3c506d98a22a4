//! Statements without a plan: definition, statistics, maintenance, `SHOW`.

use crate::api::alter::alter_table;
use crate::api::around::Around;
use crate::api::database::Shared;
use crate::api::define_sequences::{self as sequences, owned};
use crate::api::kind;
use crate::api::sequences::Sequences;
use crate::api::session::Ran;
use crate::api::settings::Settings;
use crate::catalog::{self, ForeignKey, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{self, Deferral, Executed, ResultRows};
use crate::interrupt::WaitLimits;
use crate::sql::bound::{
    Commented, CreateIndex, CreateTable, Dropped, OutputColumn, Relocated, SettingStatement,
    Statement,
};
use crate::sql::{Parsed, ParsedKind, reference};
use crate::storage::{StorageTxn, TreeId};
use crate::types::{SqlType, Value};
use std::sync::Arc;

/// Runs a statement that maintains the database as a whole, outside of any transaction. Of these `VACUUM` can be
/// interrupted.
pub(crate) fn maintenance(
    shared: &Shared,
    parsed: &Parsed,
    limits: &WaitLimits,
) -> Result<Option<Ran>> {
    let tag = match parsed.kind {
        ParsedKind::Vacuum => {
            shared.backend.vacuum(limits)?;
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

/// Refuses to change what a table is while checks of its rows wait for the end of the transaction: `55006`.
pub(crate) fn refuse_while_checks_wait(statement: &Statement, deferral: &Deferral) -> Result<()> {
    let waits = |table: &Arc<Table>| deferral.waits_for(&table.name).then(|| table.name.clone());
    let table = match statement {
        Statement::Drop(dropped) => dropped.tables.iter().find_map(waits),
        Statement::Truncate(tables, _) => tables.iter().find_map(waits),
        Statement::DropIndex(indexes) => indexes.iter().find_map(|(table, _)| waits(table)),
        Statement::CreateIndex(Some(create)) => waits(&create.table),
        Statement::AlterTable(Some(alter)) => waits(&alter.table),
        Statement::Relocate(relocated) => {
            let mut moved = relocated.tables.iter().map(|(old, _)| old);
            moved.find(|old| deferral.waits_for(old)).cloned()
        }
        _ => None,
    };
    let Some(table) = table else {
        return Ok(());
    };
    let what = match statement {
        Statement::Truncate(..) => "TRUNCATE",
        other => kind::tag(other),
    };
    let message = format!("cannot {what} \"{table}\" because it has pending trigger events");
    Err(Error::new(ErrorKind::Sql, "55006", message))
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
        ..Ran::done("CHECK DATABASE")
    })
}
/// Runs a definition, `ANALYZE` or `SHOW`. True when the schema changed.
pub(crate) fn run(
    shared: &Shared,
    txn: &mut dyn StorageTxn,
    statement: &Statement,
    around: &Around<'_>,
) -> Result<(Executed, bool)> {
    let root = shared.backend.root_tree();
    let executed = Executed {
        rows: None,
        count: 0,
    };
    let changed = match statement {
        Statement::Analyze(tables) => {
            for table in tables {
                let changes = txn.changes(table.tree);
                let statistics = exec::analyze(txn, table)?;
                shared
                    .freshness
                    .note(table.tree, changes, Some(&statistics));
                catalog::store_statistics(txn, root, table, statistics)?;
            }
            !tables.is_empty()
        }
        Statement::Setting(SettingStatement::OfDatabase(database, change)) => {
            set_for_all(shared, txn, database, change)?;
            true
        }
        other => define(txn, root, other, around)?,
    };
    Ok((executed, changed))
}

/// Runs a definition of a table, an index, a view or a sequence. True when the schema changed.
fn define(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    statement: &Statement,
    around: &Around<'_>,
) -> Result<bool> {
    let own = around.sequences;
    Ok(match statement {
        Statement::CreateTable(create) if create.exists => false,
        Statement::CreateTable(create) => {
            create_table(txn, create, own)?;
            true
        }
        Statement::AlterTable(None) => false,
        Statement::AlterTable(Some(change)) => {
            alter_table(txn, root, change, around)?;
            drop_dangling_keys(txn, root)?;
            true
        }
        Statement::Drop(dropped) => drop_all(txn, root, dropped, own)?,
        Statement::Truncate(tables, restart) => {
            for table in tables {
                let empty = emptied(txn, table)?;
                catalog::put_table(txn, root, &empty)?;
            }
            for table in tables.iter().filter(|_| *restart) {
                sequences::restart(txn, table, own)?;
            }
            true
        }
        Statement::Unpopulate(table) => refresh(txn, root, table, false).map(|_| true)?,
        Statement::CreateSequence(Some(create)) => {
            sequences::create(txn, create, own).map(|()| true)?
        }
        Statement::AlterSequence(Some(alter)) => {
            sequences::alter(txn, alter, own).map(|()| true)?
        }
        Statement::CreateSequence(None) | Statement::AlterSequence(None) => false,
        Statement::Comment(commented) => comment(txn, root, commented).map(|()| true)?,
        Statement::CreateIndex(None) => false,
        Statement::CreateIndex(Some(create)) => {
            create_index(txn, root, create)?;
            true
        }
        Statement::DropIndex(indexes) => {
            for (table, name) in indexes {
                drop_index(txn, root, table, name)?;
            }
            if !indexes.is_empty() {
                drop_dangling_keys(txn, root)?;
            }
            !indexes.is_empty()
        }
        other => put_definition(txn, root, other)?,
    })
}

/// Runs a definition that is an entry of the catalog and nothing else. True when the schema changed.
fn put_definition(txn: &mut dyn StorageTxn, root: TreeId, statement: &Statement) -> Result<bool> {
    match statement {
        Statement::CreateView(view) => catalog::put_view(txn, root, view)?,
        Statement::CreateNamespace(Some(name)) => catalog::put_namespace(txn, root, name)?,
        Statement::CreateType(of) => catalog::put_type(txn, root, *of)?,
        Statement::AlterType(Some((before, of))) => {
            catalog::remove_type(txn, root, before.name())?;
            catalog::put_type(txn, root, *of)?;
        }
        Statement::AlterView(Some((before, view))) => {
            catalog::remove_view(txn, root, before)?;
            catalog::put_view(txn, root, view)?;
        }
        Statement::Relocate(relocated) => return relocate(txn, root, relocated),
        Statement::CreateNamespace(None)
        | Statement::AlterType(None)
        | Statement::AlterView(None) => return Ok(false),
        other => {
            let name = kind::tag(other);
            return Err(Error::misuse(format!("API-4: {name} is run elsewhere")));
        }
    }
    Ok(true)
}

/// Stores relations that have other names than before, or name such. True when there was one, or a schema.
fn relocate(txn: &mut dyn StorageTxn, root: TreeId, relocated: &Relocated) -> Result<bool> {
    let Relocated {
        tag: _,
        tables,
        views,
        sequences,
        namespace,
    } = relocated;
    for (old, table) in tables {
        catalog::remove_table(txn, root, old)?;
        catalog::put_table(txn, root, table)?;
    }
    for (old, view) in views {
        catalog::remove_view(txn, root, old)?;
        catalog::put_view(txn, root, view)?;
    }
    for (old, sequence) in sequences {
        catalog::remove_sequence(txn, root, old)?;
        catalog::put_sequence(txn, root, sequence)?;
    }
    if let Some((old, new)) = namespace {
        catalog::remove_namespace(txn, root, old)?;
        catalog::put_namespace(txn, root, new)?;
    }
    let none = tables.is_empty() && views.is_empty() && sequences.is_empty();
    Ok(!(none && namespace.is_none()))
}

/// Drops tables, views and sequences with what goes with them. True when there was something to drop.
fn drop_all(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    dropped: &Dropped,
    own: &Sequences<'_>,
) -> Result<bool> {
    let Dropped {
        tag: _,
        tables,
        views,
        sequences,
        types,
        namespaces,
    } = dropped;
    for view in views {
        catalog::remove_view(txn, root, view)?;
    }
    for table in tables {
        drop_table(txn, root, table)?;
    }
    let mut names = owned(tables.iter().flat_map(|t| &t.columns));
    names.extend(sequences.iter().map(|s| s.name.clone()));
    sequences::drop_sequences(txn, &names, own)?;
    for of in types {
        catalog::remove_type(txn, root, of.name())?;
    }
    for name in namespaces {
        catalog::remove_namespace(txn, root, name)?;
    }
    if !tables.is_empty() {
        drop_dangling_keys(txn, root)?;
    }
    let none = tables.is_empty() && views.is_empty() && sequences.is_empty();
    Ok(!(none && types.is_empty() && namespaces.is_empty()))
}

/// Makes the table, with its trees.
pub(crate) fn create_table(
    txn: &mut dyn StorageTxn,
    create: &CreateTable,
    own: &Sequences<'_>,
) -> Result<Table> {
    sequences::make(txn, &create.sequences, own)?;
    let mut table = create.table.clone();
    for index in &mut table.indexes {
        index.tree = txn.create_tree()?;
    }
    table.tree = txn.create_tree()?;
    catalog::put_table(txn, own.root(), &table)?;
    Ok(table)
}

/// Stores what a comment is about.
fn comment(txn: &mut dyn StorageTxn, root: TreeId, commented: &Commented) -> Result<()> {
    match commented {
        Commented::Table(table) => catalog::put_table(txn, root, table),
        Commented::View(view) => catalog::put_view(txn, root, view),
        Commented::Sequence(sequence) => catalog::put_sequence(txn, root, sequence),
    }
}

fn drop_table(txn: &mut dyn StorageTxn, root: TreeId, table: &Table) -> Result<()> {
    for index in &table.indexes {
        txn.drop_tree(index.tree)?;
    }
    txn.drop_tree(table.tree)?;
    catalog::remove_table(txn, root, &table.name)
}

/// The table without rows, in new trees: whoever sees the schema as it was still sees the rows.
fn emptied(txn: &mut dyn StorageTxn, table: &Table) -> Result<Table> {
    let mut empty = Table::clone(table);
    let indexes = empty.indexes.iter_mut().map(|index| &mut index.tree);
    for tree in indexes.chain([&mut empty.tree]) {
        txn.drop_tree(*tree)?;
        *tree = txn.create_tree()?;
    }
    empty.statistics = None;
    Ok(empty)
}

/// Empties a materialized view, to be filled if it is `populated` then.
pub(crate) fn refresh(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    table: &Table,
    populated: bool,
) -> Result<Table> {
    let mut empty = emptied(txn, table)?;
    if let Some(materialized) = &mut empty.materialized {
        materialized.populated = populated;
    }
    catalog::put_table(txn, root, &empty)?;
    Ok(empty)
}

/// Drops the foreign keys that refer to what is no longer there: who dropped that said CASCADE, or there are none.
fn drop_dangling_keys(txn: &mut dyn StorageTxn, root: TreeId) -> Result<()> {
    let schema = catalog::load(txn, root)?;
    for table in schema.tables() {
        let mut left = Table::clone(table);
        let refers = |key: &ForeignKey| reference(&schema, table, key).is_ok();
        left.foreign_keys.retain(refers);
        if left.foreign_keys.len() < table.foreign_keys.len() {
            catalog::put_table(txn, root, &left)?;
        }
    }
    Ok(())
}

fn create_index(txn: &mut dyn StorageTxn, root: TreeId, create: &CreateIndex) -> Result<()> {
    let mut table = Table::clone(&create.table);
    let mut index = create.index.clone();
    index.tree = txn.create_tree()?;
    table.indexes.push(index);
    exec::fill_index(txn, &table, table.indexes.len() - 1)?;
    catalog::put_table(txn, root, &table)
}

fn drop_index(txn: &mut dyn StorageTxn, root: TreeId, table: &Table, name: &str) -> Result<()> {
    // As it is now: another of its indexes may have been dropped before.
    let schema = catalog::load(txn, root)?;
    let Some(table) = schema.table(&table.name) else {
        return Err(Error::misuse("API-5: an index to drop is one of its table"));
    };
    let mut table = Table::clone(table);
    let Some(at) = table.indexes.iter().position(|i| i.name == name) else {
        return Err(Error::misuse("API-5: an index to drop is one of its table"));
    };
    txn.drop_tree(table.indexes.remove(at).tree)?;
    catalog::put_table(txn, root, &table)
}

/// Keeps a setting in the database, for the sessions that begin from now on. Errors: `3D000` for another database's name,
/// and those of [`Settings::set`].
fn set_for_all(
    shared: &Shared,
    txn: &mut dyn StorageTxn,
    database: &str,
    change: &SettingStatement,
) -> Result<()> {
    if database != shared.name {
        let message = format!(
            "database \"{database}\" does not exist (this one is \"{}\")",
            shared.name
        );
        return Err(Error::new(ErrorKind::Sql, "3D000", message));
    }
    let root = shared.backend.root_tree();
    let mut settings = Settings::new(&shared.options);
    match change {
        SettingStatement::Set { name, value, .. } => {
            settings.set(name, value)?;
            catalog::put_setting(txn, root, name, Some(value))
        }
        SettingStatement::Reset {
            name: Some(name), ..
        } => {
            settings.get(name)?;
            catalog::put_setting(txn, root, name, None)
        }
        _ => {
            let kept = catalog::load(txn, root)?;
            let mut names = kept.settings().map(|(name, _)| name);
            names.try_for_each(|name| catalog::put_setting(txn, root, name, None))
        }
    }
}
