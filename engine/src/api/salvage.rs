//! Bringing what is left of a damaged database into a new one.
//!
//! ```text
//!   damaged ──▶ entries of the catalog ──▶ schema ──┐
//!           └─▶ entries of each table ──▶ rows ─────┴─▶ new database: types, sequences, tables, rows
//!                                                       ▶ indexes, made anew ▶ foreign keys, checked ▶ views
//! ```
//!
//! What the rows that are left do not fulfil is left out and reported: a unique index of which two rows have the same key,
//! a foreign key that refers to a row that is gone, a view of a table that is.

use crate::api::options::DatabaseOptions;
use crate::catalog::{self, CatalogReader, RelationName, Schema, Sequence, SequenceState, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{build_index, check_foreign_key};
use crate::sql::reference;
use crate::storage::key::decode_row_id;
use crate::storage::row::decode_row;
use crate::storage::{
    DiskOptions, DiskStorageBackend, Salvage, Salvaged, StorageBackend, StorageTxn, TreeId,
    TxnOptions,
};
use crate::types::SqlType;
use std::path::Path;
use std::sync::Arc;

/// Entries written in one transaction.
const ENTRIES_PER_COMMIT: u64 = 4096;
/// Rows of a table whose loss is told one by one.
const LOST_TOLD: usize = 100;

/// What was left of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalvagedTable {
    /// The name of its schema.
    pub schema: String,
    /// Its own name.
    pub name: String,
    /// Rows that are in the new database.
    pub rows: u64,
    /// Rows that were met and could not be read whole. Those of leaves that cannot be read are not among them.
    pub rows_lost: u64,
}

/// What was brought from a damaged database into a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// The tables.
    pub tables: Vec<SalvagedTable>,
    /// What is damaged, missing or left out, in words.
    pub problems: Vec<String>,
}

/// Makes the database `new` of what can still be read of the database `damaged`, whose files stay as they are: also of one
/// that cannot be opened any more. `options` are those of the new database, but for the size of its pages. Rows of
/// transactions that had not committed are left out, as far as the log still says which these are.
///
/// # Errors
/// - `58P01`: there is no `damaged`; `58P02`: there is a `new` already;
/// - `55006`: `damaged` is open elsewhere;
/// - `XX001`: nothing of it can be made out;
/// - `53100` and `58030`: the disk is full or fails. What has been made of `new` until then is of no use.
pub fn salvage(
    damaged: impl AsRef<Path>,
    new: impl AsRef<Path>,
    options: &DatabaseOptions,
) -> Result<SalvageReport> {
    let (damaged, new) = (damaged.as_ref(), new.as_ref());
    let vfs = &options.vfs;
    let looking = |e| Error::io(format!("cannot look for {}", new.display()), e);
    if vfs.exists(new).map_err(looking)? {
        let message = format!("{} exists already", new.display());
        return Err(Error::new(ErrorKind::Misuse, "58P02", message));
    }
    let source = Salvage::open(&**vfs, damaged)?;
    let disk = DiskOptions {
        page_bytes: source.page_bytes(),
        create: true,
        ..options.disk.clone()
    };
    let backend = DiskStorageBackend::open(vfs.clone(), options.env.clone(), new, disk)?;
    let mut report = SalvageReport {
        problems: source.problems().to_vec(),
        ..SalvageReport::default()
    };
    let schema = read_catalog(&source, backend.root_tree(), &mut report)?;
    let mut copy = Copy {
        source: &source,
        root: backend.root_tree(),
        backend: &backend,
        report,
    };
    copy.names(&schema)?;
    for sequence in schema.sequences() {
        copy.sequence(sequence)?;
    }
    for table in schema.tables() {
        copy.table(&schema, table)?;
    }
    copy.foreign_keys(&schema)?;
    copy.views(&schema)?;
    backend.close()?;
    Ok(copy.report)
}

/// The schema that is left.
fn read_catalog(source: &Salvage, root: TreeId, report: &mut SalvageReport) -> Result<Schema> {
    let entries = source.entries(root, |key, error| report.lost_definition(key, error))?;
    let mut reader = CatalogReader::default();
    for (key, value) in &entries {
        if let Err(error) = reader.take(key, value) {
            report.lost_definition(key, &error);
        }
    }
    Ok(reader.into_schema())
}

impl SalvageReport {
    /// Whether nothing was damaged.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.tables.iter().all(|table| table.rows_lost == 0)
    }

    fn lost_definition(&mut self, key: &[u8], error: &Error) {
        let key = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        let text = format!("an entry of the catalog, {key:?}: {error}");
        self.problems.push(text);
    }
}

struct Copy<'a> {
    source: &'a Salvage,
    backend: &'a DiskStorageBackend,
    root: TreeId,
    report: SalvageReport,
}

impl Copy<'_> {
    fn problem(&mut self, text: String) {
        self.report.problems.push(text);
    }

    fn change<T>(&self, change: impl FnOnce(&mut dyn StorageTxn) -> Result<T>) -> Result<T> {
        let mut txn = self.backend.begin(TxnOptions::default())?;
        txn.mark_schema_changed()?;
        let done = change(&mut *txn)?;
        txn.commit()?;
        Ok(done)
    }

    /// What stands on nothing: schemas, types and settings.
    fn names(&self, schema: &Schema) -> Result<()> {
        self.change(|txn| {
            for name in schema.namespaces() {
                catalog::put_namespace(txn, self.root, name)?;
            }
            for of in schema.types().iter() {
                catalog::put_type(txn, self.root, of)?;
            }
            for (name, value) in schema.settings() {
                catalog::put_setting(txn, self.root, name, Some(value))?;
            }
            Ok(())
        })
    }

    fn sequence(&mut self, sequence: &Sequence) -> Result<()> {
        let mut state = None;
        self.source.for_each_entry(sequence.tree, |_, found| {
            if let Salvaged::Value(value) = found {
                state = SequenceState::decode(value).ok();
            }
            Ok(())
        })?;
        if state.is_none() {
            self.problem(format!(
                "sequence \"{}\" begins anew: where it stood cannot be read",
                sequence.name
            ));
        }
        let state = state.unwrap_or(SequenceState {
            value: sequence.start,
            called: false,
        });
        self.change(|txn| {
            let tree = txn.create_tree()?;
            txn.put(tree, &[], &state.encode())?;
            let sequence = Sequence {
                tree,
                ..sequence.clone()
            };
            catalog::put_sequence(txn, self.root, &sequence)
        })
    }

    /// A table with its rows and indexes, and without its foreign keys.
    fn table(&mut self, schema: &Schema, table: &Arc<Table>) -> Result<()> {
        let tree = self.change(|txn| txn.create_tree())?;
        let (rows, rows_lost) = self.rows(table, tree)?;
        self.report.tables.push(SalvagedTable {
            schema: table.name.schema().to_owned(),
            name: table.name.own().to_owned(),
            rows,
            rows_lost,
        });
        for name in table.columns.iter().flat_map(|column| &column.sequences) {
            if schema.sequence(name).is_none() {
                self.problem(format!(
                    "table \"{}\": sequence \"{name}\" is gone",
                    table.name
                ));
            }
        }
        let mut made = Table {
            tree,
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            ..Table::clone(table)
        };
        self.change(|txn| catalog::put_table(txn, self.root, &made))?;
        for index in &table.indexes {
            let built = self.change(|txn| {
                let mut with = made.clone();
                with.indexes.push(index.clone());
                let at = with.indexes.len() - 1;
                with.indexes[at].tree = txn.create_tree()?;
                let with = Arc::new(with);
                build_index(txn, &with, at)?;
                catalog::put_table(txn, self.root, &with)?;
                Ok(with)
            });
            if let Some(with) = self.if_it_stands(table, ("index", &index.name), built)? {
                made = Table::clone(&with);
            } else if made.primary_key_name.as_ref() == Some(&index.name) {
                made.primary_key_name = None;
                self.change(|txn| catalog::put_table(txn, self.root, &made))?;
            }
        }
        Ok(())
    }

    /// Copies the rows of a table to the tree; gives how many, and how many more were met.
    fn rows(&mut self, table: &Table, tree: TreeId) -> Result<(u64, u64)> {
        let types: Vec<SqlType> = table.columns.iter().map(|c| c.sql_type).collect();
        let columns: Vec<usize> = (0..types.len()).collect();
        let (mut rows, mut written) = (0, 0);
        let (mut lost, mut untold) = (Vec::new(), 0);
        let mut txn = self.backend.begin(TxnOptions::default())?;
        self.source.for_each_entry(table.tree, |key, found| {
            let value = match found {
                Salvaged::Value(value) => {
                    decode_row(key, value, &types, &columns, table.row_id_column).map(|_| value)
                }
                Salvaged::Removed => {
                    rows -= u64::from(txn.delete(tree, key)?);
                    return Ok(());
                }
                Salvaged::Lost(error) => Err(error),
            };
            match (value, decode_row_id(key)) {
                (Ok(value), Ok(_)) => match txn.insert(tree, key, value)? {
                    true => rows += 1,
                    // There was one of an older page.
                    false => txn.put(tree, key, value)?,
                },
                (Err(error), Ok(id)) => lost.push(format!("row {id}: {error}")),
                (_, Err(error)) => lost.push(error.to_string()),
            }
            if lost.len() > LOST_TOLD {
                lost.truncate(LOST_TOLD);
                untold += 1;
            }
            written += 1;
            if written % ENTRIES_PER_COMMIT == 0 {
                let begun = self.backend.begin(TxnOptions::default())?;
                std::mem::replace(&mut txn, begun).commit()?;
            }
            Ok(())
        })?;
        txn.commit()?;
        let rows_lost = lost.len() as u64 + untold;
        if untold > 0 {
            lost.push(format!("and {untold} more rows"));
        }
        let name = &table.name;
        for problem in lost {
            self.problem(format!("table \"{name}\", {problem}"));
        }
        Ok((rows, rows_lost))
    }

    /// The foreign keys that the rows fulfil.
    fn foreign_keys(&mut self, schema: &Schema) -> Result<()> {
        let made = self.change(|txn| catalog::load(txn, self.root))?;
        for table in made.tables() {
            let mut with = Table::clone(table);
            let keys = schema.table(&table.name).map(|t| &t.foreign_keys);
            for key in keys.into_iter().flatten() {
                let checked =
                    self.change(|txn| check_foreign_key(txn, &reference(&made, table, key)?));
                let stands = self.if_it_stands(table, ("foreign key", &key.name), checked)?;
                with.foreign_keys.extend(stands.map(|()| key.clone()));
            }
            if !with.foreign_keys.is_empty() {
                self.change(|txn| catalog::put_table(txn, self.root, &with))?;
            }
        }
        Ok(())
    }

    /// What was made of a part of a table, or nothing where the rows that are left do not let it be made.
    fn if_it_stands<T>(
        &mut self,
        table: &Table,
        (kind, name): (&str, &str),
        made: Result<T>,
    ) -> Result<Option<T>> {
        match made {
            Ok(made) => Ok(Some(made)),
            Err(error) if is_of_rows(&error) => {
                let table = &table.name;
                self.problem(format!(
                    "table \"{table}\": {kind} \"{name}\" is left out: {error}"
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The views that stand on what is there.
    fn views(&mut self, schema: &Schema) -> Result<()> {
        let mut left: Vec<_> = schema.views().collect();
        let mut known: Vec<&RelationName> = schema.tables().map(|table| &table.name).collect();
        loop {
            let stands = |view: &&Arc<catalog::View>| {
                view.query
                    .depends_on
                    .iter()
                    .all(|name| known.contains(&name))
            };
            let (standing, waiting): (Vec<_>, Vec<_>) = left.into_iter().partition(stands);
            if standing.is_empty() {
                left = waiting;
                break;
            }
            self.change(|txn| {
                let mut views = standing.iter();
                views.try_for_each(|view| catalog::put_view(txn, self.root, view))
            })?;
            known.extend(standing.iter().map(|view| &view.name));
            left = waiting;
        }
        for view in left {
            self.problem(format!(
                "view \"{}\" is left out: what it is a view of is gone",
                view.name
            ));
        }
        Ok(())
    }
}

/// Whether it is the rows that an error is about, or what is left of the schema, and not the new database.
fn is_of_rows(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Io | ErrorKind::Stopped | ErrorKind::Limit
    )
}
