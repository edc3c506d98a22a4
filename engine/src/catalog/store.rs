//! The entries of the root tree.

use super::decode::{decode_enum, decode_table, decode_view};
use super::decoded::Decoded;
use super::encode::{encode_enum, encode_table, encode_view};
use super::field::damaged;
use super::relation_name::RelationName;
use super::schema::Schema;
use super::sequence::{Sequence, decode_sequence, encode_sequence};
use super::statistics::TableStatistics;
use super::table::Table;
use super::types::Types;
use super::view::View;
use crate::error::Result;
use crate::storage::{StorageTxn, TreeId, for_each_entry};
use crate::types::EnumType;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The kind of an entry that is a type. Types come first: tables refer to them.
const TYPE: u8 = 0;
/// The kind of an entry that is a table.
const TABLE: u8 = 1;
/// The kind of an entry that is a view.
const VIEW: u8 = 2;
/// The kind of an entry that is a setting: its value is text.
const SETTING: u8 = 3;
/// The kind of an entry that is a sequence.
const SEQUENCE: u8 = 4;

/// The kind of an entry that is a schema, as SQL has them; its value is empty.
const NAMESPACE: u8 = 5;

fn entry_key(kind: u8, name: &str) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend_from_slice(name.as_bytes());
    key
}

/// What entries of the catalog say, taken one by one in the order of their keys.
#[derive(Default)]
pub(crate) struct CatalogReader {
    tables: Vec<Arc<Table>>,
    views: Vec<Arc<View>>,
    sequences: Vec<Arc<Sequence>>,
    types: Types,
    settings: BTreeMap<String, String>,
    namespaces: BTreeSet<String>,
    /// What the reader before has decoded, perhaps with other types.
    known: Decoded,
    /// What this one has decoded or taken over; none before the first table or view.
    decoded: Option<Decoded>,
}

impl CatalogReader {
    /// Takes the next entry. Errors: `XX001` when it is damaged or of a newer version.
    pub(crate) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let (kind, key_name) = key.split_first().unwrap_or((&0, &[]));
        let is_under = |name: &str| match name.as_bytes() == key_name {
            true => Ok(()),
            false => Err(damaged(format_args!("{name} is under another name"))),
        };
        match *kind {
            TYPE => {
                let of = decode_enum(value)?;
                is_under(of.name())?;
                self.types.insert(of);
            }
            TABLE => {
                let (types, known, decoded) = self.decoded();
                let decode = || decode_table(value, types);
                let table = decoded.tables.take_over(&mut known.tables, value, decode)?;
                is_under(table.name.stored())?;
                self.tables.push(table);
            }
            VIEW => {
                let (types, known, decoded) = self.decoded();
                let decode = || decode_view(value, types);
                let view = decoded.views.take_over(&mut known.views, value, decode)?;
                is_under(view.name.stored())?;
                self.views.push(view);
            }
            SEQUENCE => {
                let sequence = decode_sequence(value)?;
                is_under(sequence.name.stored())?;
                self.sequences.push(Arc::new(sequence));
            }
            NAMESPACE => {
                let name = String::from_utf8_lossy(key_name);
                self.namespaces.insert(name.into_owned());
            }
            SETTING => {
                let [name, value] =
                    [key_name, value].map(|t| String::from_utf8_lossy(t).into_owned());
                self.settings.insert(name, value);
            }
            _ => return Err(damaged(format_args!("an entry is of an unknown kind"))),
        }
        Ok(())
    }

    /// Takes definitions over from `known` that have not changed.
    fn knowing(known: Decoded) -> Self {
        Self {
            known,
            ..Self::default()
        }
    }

    /// The types, which come before all that refers to them, what is known, and what has been taken over.
    fn decoded(&mut self) -> (&Types, &mut Decoded, &mut Decoded) {
        let decoded = self.decoded.get_or_insert_with(|| {
            self.known = std::mem::take(&mut self.known).still(&self.types);
            Decoded::after(&self.known)
        });
        (&self.types, &mut self.known, decoded)
    }

    /// The schema that all of them make.
    pub(crate) fn into_schema(self) -> Schema {
        Schema::new(self.tables)
            .with_views(self.views)
            .with_sequences(self.sequences)
            .with_types(self.types)
            .with_namespaces(self.namespaces)
            .with_settings(self.settings)
    }
}

/// All tables and views as the transaction sees them. Errors: those of reading; `XX001` when an entry is damaged or of a
/// newer version.
pub fn load(txn: &dyn StorageTxn, root: TreeId) -> Result<Schema> {
    load_knowing(txn, root, &mut Decoded::default())
}

/// The same, with what the last call has decoded and is stored still. Errors: those of [`load`].
pub(crate) fn load_knowing(
    txn: &dyn StorageTxn,
    root: TreeId,
    decoded: &mut Decoded,
) -> Result<Schema> {
    let mut reader = CatalogReader::knowing(std::mem::take(decoded));
    for_each_entry(txn, root, |key, value| reader.take(key, value))?;
    *decoded = reader.decoded.take().unwrap_or_default();
    Ok(reader.into_schema())
}

/// Stores a table, new or changed; its trees exist. Errors: those of [`StorageTxn::put`].
pub fn put_table(txn: &mut dyn StorageTxn, root: TreeId, table: &Table) -> Result<()> {
    txn.put(
        root,
        &entry_key(TABLE, table.name.stored()),
        &encode_table(table),
    )
}

/// Forgets a table; its trees are the caller's to drop. Errors: those of [`StorageTxn::delete`]; `XX001` when there is no
/// such table.
pub fn remove_table(txn: &mut dyn StorageTxn, root: TreeId, name: &RelationName) -> Result<()> {
    remove(txn, root, TABLE, name.stored())
}

/// Stores a type, new or changed. Errors: those of [`StorageTxn::put`].
pub fn put_type(txn: &mut dyn StorageTxn, root: TreeId, of: EnumType) -> Result<()> {
    txn.put(root, &entry_key(TYPE, of.name()), &encode_enum(of))
}

/// Forgets a type. Errors: as for [`remove_table`].
pub fn remove_type(txn: &mut dyn StorageTxn, root: TreeId, name: &str) -> Result<()> {
    remove(txn, root, TYPE, name)
}

/// Stores a setting for new sessions; `None` forgets it. Errors: those of [`StorageTxn::put`].
pub fn put_setting(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    name: &str,
    value: Option<&str>,
) -> Result<()> {
    let key = entry_key(SETTING, name);
    match value {
        Some(value) => txn.put(root, &key, value.as_bytes()),
        None => txn.delete(root, &key).map(drop),
    }
}

/// Whether the transaction sees `sequence` with the tree that it has, under whatever name. Errors: as for [`load`].
pub fn has_sequence(txn: &dyn StorageTxn, root: TreeId, sequence: &Sequence) -> Result<bool> {
    let is_same = |s: &Sequence| s.number == sequence.number && s.tree == sequence.tree;
    let stored = txn.get(root, &entry_key(SEQUENCE, sequence.name.stored()))?;
    match stored.map(|bytes| decode_sequence(&bytes)).transpose()? {
        Some(found) if is_same(&found) => Ok(true),
        // It may be called otherwise there.
        _ => Ok(load(txn, root)?.sequences().any(|s| is_same(s))),
    }
}

/// Stores a sequence, new or changed; its tree exists. Errors: those of [`StorageTxn::put`].
pub fn put_sequence(txn: &mut dyn StorageTxn, root: TreeId, sequence: &Sequence) -> Result<()> {
    let key = entry_key(SEQUENCE, sequence.name.stored());
    txn.put(root, &key, &encode_sequence(sequence))
}

/// Forgets a sequence; its tree is the caller's to drop. Errors: as for [`remove_table`].
pub fn remove_sequence(txn: &mut dyn StorageTxn, root: TreeId, name: &RelationName) -> Result<()> {
    remove(txn, root, SEQUENCE, name.stored())
}

/// Makes a schema, as SQL has them. Errors: those of [`StorageTxn::put`].
pub fn put_namespace(txn: &mut dyn StorageTxn, root: TreeId, name: &str) -> Result<()> {
    txn.put(root, &entry_key(NAMESPACE, name), &[])
}

/// Forgets a schema; what is in it is the caller's to drop. Errors: as for [`remove_table`].
pub fn remove_namespace(txn: &mut dyn StorageTxn, root: TreeId, name: &str) -> Result<()> {
    remove(txn, root, NAMESPACE, name)
}

/// Stores a view, new or changed. Errors: those of [`StorageTxn::put`].
pub fn put_view(txn: &mut dyn StorageTxn, root: TreeId, view: &View) -> Result<()> {
    txn.put(
        root,
        &entry_key(VIEW, view.name.stored()),
        &encode_view(view),
    )
}

/// Forgets a view. Errors: as for [`remove_table`].
pub fn remove_view(txn: &mut dyn StorageTxn, root: TreeId, name: &RelationName) -> Result<()> {
    remove(txn, root, VIEW, name.stored())
}

fn remove(txn: &mut dyn StorageTxn, root: TreeId, kind: u8, name: &str) -> Result<()> {
    if txn.delete(root, &entry_key(kind, name))? {
        Ok(())
    } else {
        Err(damaged(format_args!("{name} is missing")))
    }
}

/// Stores what was found about the contents of `table`. Errors: those of [`StorageTxn::put`].
pub fn store_statistics(
    txn: &mut dyn StorageTxn,
    root: TreeId,
    table: &Table,
    statistics: TableStatistics,
) -> Result<()> {
    let table = Table {
        statistics: Some(statistics),
        ..table.clone()
    };
    put_table(txn, root, &table)
}
