//! The catalog against what was put into it, as bytes and through a database.

use super::decode::decode_table;
use super::encode::encode_table;
use super::sequence::{decode_sequence, encode_sequence};
use super::*;
use crate::env::OsEnv;
use crate::storage::{DiskOptions, DiskStorageBackend, StorageBackend, TreeId, TxnOptions};
use crate::types::{Fields, IntervalForm, SqlType};
use crate::vfs::MemoryVfs;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn types() -> impl Strategy<Value = SqlType> {
    prop_oneof![
        proptest::sample::select(SqlType::KEYS.as_slice()),
        any::<(u16, i16)>().prop_map(|modifier| SqlType::Numeric(Some(modifier))),
        any::<u32>().prop_map(|length| SqlType::Varchar(Some(length))),
        (0u8..=6).prop_map(|digits| SqlType::Timestamp(Some(digits))),
        (0u8..=6).prop_map(|digits| SqlType::Time(Some(digits))),
        (0u8..14, prop::option::of(0u8..=6)).prop_map(|(fields, digits)| {
            let fields = Fields::coded(fields).expect("one of the fourteen");
            SqlType::Interval(IntervalForm::new(fields, digits))
        }),
        any::<u32>().prop_map(|length| SqlType::Char(Some(length))),
    ]
}

fn names() -> impl Strategy<Value = String> {
    "[a-zé_ \"]{1,8}"
}

fn relations() -> impl Strategy<Value = RelationName> {
    (
        proptest::sample::select(vec!["public", "s", "Öther"]),
        names(),
    )
        .prop_map(|(schema, own)| RelationName::new(schema, &own))
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let identity = (any::<bool>(), relations());
    let identity = identity.prop_map(|(always, sequence)| Identity { always, sequence });
    let column = (
        names(),
        types(),
        any::<bool>(),
        proptest::option::of("[ -~]{0,20}"),
        proptest::option::of("[ -~]{0,20}"),
        proptest::option::of(identity),
        (
            proptest::collection::vec(relations(), 0..3),
            proptest::option::of(names()),
        ),
    );
    let column = column.prop_map(
        |(name, sql_type, not_null, default, generated, identity, (sequences, comment))| Column {
            name,
            sql_type,
            not_null,
            default,
            generated,
            identity,
            sequences,
            comment,
        },
    );
    proptest::collection::vec(column, 1..6)
}

fn sequences() -> impl Strategy<Value = Sequence> {
    let counting = (any::<i64>(), any::<i64>(), any::<i64>(), any::<bool>()).prop_map(
        |(increment, least, greatest, cycles)| Counting {
            increment,
            least,
            greatest,
            cycles,
        },
    );
    (
        relations(),
        any::<u64>(),
        any::<u32>(),
        types(),
        any::<(i64, i64)>(),
        counting,
        proptest::option::of(names()),
    )
        .prop_map(
            |(name, number, tree, sql_type, (start, cache), counting, comment)| Sequence {
                name,
                number,
                tree: TreeId(tree),
                sql_type,
                start,
                cache,
                counting,
                comment,
            },
        )
}

fn statistics() -> impl Strategy<Value = TableStatistics> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..9);
    let common = proptest::collection::vec((bytes(), 0.0..1.0), 0..4);
    let column = (
        0.0..1.0,
        0.0..1e9,
        common,
        proptest::collection::vec(bytes(), 0..4),
    );
    let column =
        column.prop_map(
            |(null_fraction, distinct, most_common, histogram)| ColumnStatistics {
                null_fraction,
                distinct,
                most_common,
                histogram,
            },
        );
    (
        any::<u64>(),
        any::<u64>(),
        proptest::collection::vec(column, 0..4),
    )
        .prop_map(|(rows, row_bytes, columns)| TableStatistics {
            rows,
            row_bytes,
            columns,
        })
}

fn foreign_key(width: usize) -> impl Strategy<Value = ForeignKey> {
    let actions = || {
        use ReferentialAction::{Cascade, NoAction, Restrict, SetDefault, SetNull};
        proptest::sample::select(vec![NoAction, Restrict, Cascade, SetNull, SetDefault])
    };
    let pairs = proptest::collection::vec((0..width, names()), 1..4);
    (
        (names(), any::<u64>(), pairs, relations()),
        (any::<bool>(), actions(), actions(), timing()),
        any::<bool>(),
    )
        .prop_map(
            |((name, number, pairs, table), (full_match, on_delete, on_update, timing), some)| {
                let (columns, referenced_columns): (Vec<usize>, _) = pairs.into_iter().unzip();
                ForeignKey {
                    name,
                    number,
                    on_delete_columns: columns[..usize::from(some)].to_vec(),
                    columns,
                    referenced_table: table,
                    referenced_columns,
                    full_match,
                    on_delete,
                    on_update,
                    timing,
                }
            },
        )
}

/// What a computed index has beside columns.
fn parts() -> impl Strategy<Value = (Vec<IndexExpression>, Option<String>)> {
    let expression = ("[ -~]{0,20}", types());
    let expression = expression.prop_map(|(text, sql_type)| IndexExpression { text, sql_type });
    (
        proptest::collection::vec(expression, 0..3),
        proptest::option::of("[ -~]{0,20}"),
    )
}

fn computed(index: Index, expressions: Vec<IndexExpression>, predicate: Option<String>) -> Index {
    let mut columns = index.columns;
    columns.extend((0..expressions.len()).map(|i| (EXPRESSION_BASE + i, i == 1)));
    Index {
        expressions,
        predicate,
        unique: index.unique,
        comment: index.comment,
        ..Index::over(index.name, index.tree, columns)
    }
}

fn timing() -> impl Strategy<Value = ConstraintTiming> {
    proptest::sample::select(vec![
        ConstraintTiming::NotDeferrable,
        ConstraintTiming::InitiallyImmediate,
        ConstraintTiming::InitiallyDeferred,
    ])
}

fn tables() -> impl Strategy<Value = Table> {
    columns()
        .prop_flat_map(|columns| {
            let width = columns.len();
            let key = proptest::collection::vec((0..columns.len(), any::<bool>()), 1..4);
            let comment = proptest::option::of(names());
            let index = (names(), any::<u32>(), key, any::<bool>(), timing(), comment).prop_map(
                |(name, tree, columns, unique, timing, comment)| Index {
                    comment,
                    unique,
                    constraint: unique,
                    timing,
                    ..Index::over(name, TreeId(tree), columns)
                },
            );
            let index =
                (index, proptest::option::of(parts())).prop_map(|(index, parts)| match parts {
                    Some((expressions, predicate)) => computed(index, expressions, predicate),
                    None => index,
                });
            let integers: Vec<Option<usize>> = (0..columns.len())
                .filter(|c| columns[*c].sql_type.is_integer())
                .map(Some)
                .chain([None])
                .collect();
            (
                (
                    relations(),
                    any::<u32>(),
                    Just(columns),
                    proptest::sample::select(integers),
                ),
                (
                    proptest::option::of(names()),
                    proptest::collection::vec(index, 0..3),
                ),
                (
                    proptest::collection::vec((names(), "[ -~]{0,20}"), 0..3),
                    proptest::collection::vec(foreign_key(width), 0..3),
                ),
                (
                    proptest::option::of(statistics()),
                    proptest::option::of(names()),
                    proptest::option::of(materialized()),
                ),
            )
        })
        .prop_map(
            |(
                (name, tree, columns, row_id_column),
                (primary_key_name, indexes),
                (checks, foreign_keys),
                (statistics, comment, materialized),
            )| Table {
                name,
                tree: TreeId(tree),
                columns,
                row_id_column,
                primary_key_name,
                indexes,
                checks,
                foreign_keys,
                statistics,
                comment,
                materialized,
                types: Types::default(),
            },
        )
}

fn materialized() -> impl Strategy<Value = Materialized> {
    let depends_on = proptest::collection::vec(relations(), 0..3);
    let search_path = proptest::collection::vec(names(), 0..3);
    let queries = (names(), depends_on, search_path).prop_map(|(text, depends_on, search_path)| {
        StoredQuery {
            text,
            depends_on,
            search_path,
        }
    });
    (queries, any::<bool>()).prop_map(|(query, populated)| Materialized { query, populated })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_read_as_it_was_written(table in tables()) {
        prop_assert_eq!(decode_table(&encode_table(&table), &Types::default()).unwrap(), table);
    }

    #[test]
    fn a_sequence_is_read_as_it_was_written(sequence in sequences(), value in any::<i64>(), called in any::<bool>()) {
        prop_assert_eq!(decode_sequence(&encode_sequence(&sequence)).unwrap(), sequence);
        let state = SequenceState { value, called };
        prop_assert_eq!(SequenceState::decode(&state.encode()).unwrap(), state);
    }

    #[test]
    fn a_damaged_table_is_an_error(table in tables(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = encode_table(&table);
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Err(error) = decode_table(&bytes, &Types::default()) {
            prop_assert_eq!(error.sqlstate(), "XX001");
        }
    }
}

fn small_table(name: &str) -> Table {
    let column = Column {
        not_null: true,
        ..Column::new("a".to_string(), SqlType::Int4)
    };
    let name = RelationName::public(name);
    Table {
        row_id_column: Some(0),
        ..Table::new(name, TreeId(7), vec![column], Types::default())
    }
}

#[test]
fn only_unknown_fields_of_odd_tags_are_skipped() {
    let with = |tag: u8| {
        let mut bytes = encode_table(&small_table("t"));
        bytes.extend_from_slice(&[tag, 1, 0]);
        decode_table(&bytes, &Types::default())
    };
    assert_eq!(with(201).unwrap(), small_table("t"));
    assert_eq!(with(200).unwrap_err().sqlstate(), "XX001");
}

#[test]
fn columns_that_do_not_exist_are_damage() {
    let mut table = small_table("t");
    table.row_id_column = Some(1);
    assert_eq!(
        decode_table(&encode_table(&table), &Types::default())
            .unwrap_err()
            .sqlstate(),
        "XX001"
    );
    table.row_id_column = Some(0);
    table.columns[0].sql_type = SqlType::Text;
    assert_eq!(
        decode_table(&encode_table(&table), &Types::default())
            .unwrap_err()
            .sqlstate(),
        "XX001"
    );
}

#[test]
fn the_schema_is_part_of_its_transaction() {
    let vfs: Arc<MemoryVfs> = Arc::new(MemoryVfs::new());
    let open = || {
        DiskStorageBackend::open(
            vfs.clone(),
            Arc::new(OsEnv),
            Path::new("c.qdb"),
            DiskOptions::default(),
        )
    };
    let backend = open().unwrap();
    let root = backend.root_tree();
    let tables = |backend: &DiskStorageBackend| -> Vec<Table> {
        let txn = backend.begin(TxnOptions::default()).unwrap();
        load(&*txn, root)
            .unwrap()
            .tables()
            .map(|t| (**t).clone())
            .collect()
    };
    let mut txn = backend.begin(TxnOptions::default()).unwrap();
    for i in 0..200 {
        put_table(&mut *txn, root, &small_table(&format!("t{i:03}"))).unwrap();
    }
    assert!(tables(&backend).is_empty());
    assert_eq!(load(&*txn, root).unwrap().tables().count(), 200);
    txn.commit().unwrap();

    let mut txn = backend.begin(TxnOptions::default()).unwrap();
    remove_table(&mut *txn, root, &RelationName::public("t000")).unwrap();
    assert_eq!(
        remove_table(&mut *txn, root, &RelationName::public("t000"))
            .unwrap_err()
            .sqlstate(),
        "XX001"
    );
    txn.rollback().unwrap();
    let mut txn = backend.begin(TxnOptions::default()).unwrap();
    remove_table(&mut *txn, root, &RelationName::public("t001")).unwrap();
    let statistics = TableStatistics {
        rows: 5,
        ..TableStatistics::default()
    };
    store_statistics(&mut *txn, root, &small_table("t002"), statistics.clone()).unwrap();
    txn.commit().unwrap();
    drop(backend);

    let found = tables(&open().unwrap());
    assert_eq!(found.len(), 199);
    assert_eq!(found[0], small_table("t000"));
    assert_eq!(found[1].name.own(), "t002");
    assert_eq!(found[1].statistics, Some(statistics));
}
