//! `pg_catalog`: the views for people to read.

use super::constraint::indexes;
use super::definition::of_index;
use super::rows::Rows;
use super::{CATALOG, Numbered, ROLE, SystemTable};

pub(super) static TABLES: &[SystemTable] = &[
    SystemTable {
        schema: CATALOG,
        name: "pg_tables",
        columns: "schemaname tablename tableowner tablespace hasindexes:bool hasrules:bool hastriggers:bool \
            rowsecurity:bool",
        fill: |known, rows| {
            for table in known.tables() {
                let keys = &mut known.schema.foreign_keys();
                let is_referenced = keys.any(|(_, key)| key.referenced_table == table.name);
                rows.add([
                    ("schemaname", table.name.schema().into()),
                    ("tablename", (&table.name).into()),
                    ("tableowner", ROLE.into()),
                    ("hasindexes", (!indexes(table).is_empty()).into()),
                    ("hasrules", false.into()),
                    // Foreign keys are triggers in PostgreSQL.
                    (
                        "hastriggers",
                        (is_referenced || !table.foreign_keys.is_empty()).into(),
                    ),
                    ("rowsecurity", false.into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_views",
        columns: "schemaname viewname viewowner definition",
        fill: |known, rows| {
            for view in known.schema.views() {
                rows.add([
                    ("schemaname", view.name.schema().into()),
                    ("viewname", (&view.name).into()),
                    ("viewowner", ROLE.into()),
                    ("definition", (&view.query.text).into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_matviews",
        columns: "schemaname matviewname matviewowner tablespace hasindexes:bool ispopulated:bool definition",
        fill: |known, rows| {
            for table in known.schema.tables() {
                let Some(materialized) = &table.materialized else {
                    continue;
                };
                rows.add([
                    ("schemaname", table.name.schema().into()),
                    ("matviewname", (&table.name).into()),
                    ("matviewowner", ROLE.into()),
                    ("hasindexes", (!indexes(table).is_empty()).into()),
                    ("ispopulated", materialized.populated.into()),
                    ("definition", (&materialized.query.text).into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_indexes",
        columns: "schemaname tablename indexname tablespace indexdef",
        fill: |known, rows| {
            for table in known.schema.tables() {
                for index in indexes(table) {
                    rows.add([
                        ("schemaname", table.name.schema().into()),
                        ("tablename", (&table.name).into()),
                        ("indexname", (&index.name).into()),
                        ("indexdef", of_index(table, &index).into()),
                    ]);
                }
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_sequences",
        // Where a sequence stands is no part of the schema: `last_value` is not here.
        columns: "schemaname sequencename sequenceowner data_type start_value:int8 min_value:int8 max_value:int8 \
            increment_by:int8 cycle:bool cache_size:int8",
        fill: sequences,
    },
];

fn sequences(known: &Numbered<'_>, rows: &mut Rows) {
    for sequence in known.schema.sequences() {
        rows.add([
            ("schemaname", sequence.name.schema().into()),
            ("sequencename", (&sequence.name).into()),
            ("sequenceowner", ROLE.into()),
            ("data_type", sequence.sql_type.to_string().into()),
            ("start_value", sequence.start.into()),
            ("min_value", sequence.counting.least.into()),
            ("max_value", sequence.counting.greatest.into()),
            ("increment_by", sequence.counting.increment.into()),
            ("cycle", sequence.counting.cycles.into()),
            ("cache_size", sequence.cache.into()),
        ]);
    }
}
