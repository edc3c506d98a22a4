//! `pg_catalog`: schemas, relations, their columns and types.

use super::constraint::{default, indexes};
use super::numbered::Part;
use super::rows::{Cell, Rows};
use super::type_row::{Described, describe, known_types, modifier};
use super::{CATALOG, DATABASE, INFORMATION, Numbered, ROLE, SystemTable};
use crate::catalog::{Column, Index, PUBLIC, RelationName, Table};
use crate::types::SqlType;

/// The numbers of the schemas that are always there.
pub(super) const NAMESPACES: [(i64, &str); 3] =
    [(11, CATALOG), (2200, PUBLIC), (13_000, INFORMATION)];
/// The number of the one role.
pub(super) const OWNER: i64 = 10;
/// The number of the one database.
const DATABASE_NUMBER: i64 = 5;
/// Between the numbers of the first labels of two ENUM types.
const LABELS: i64 = 1_000_000;
/// Bytes of a page, in which the sizes of tables are told.
const PAGE_BYTES: u64 = 8192;

pub(super) static TABLES: &[SystemTable] = &[
    SystemTable {
        schema: CATALOG,
        name: "pg_namespace",
        columns: "oid:int8 nspname nspowner:int8 nspacl:text[]",
        fill: |known, rows| {
            for (number, name) in known.namespaces() {
                rows.add([
                    ("oid", number.into()),
                    ("nspname", name.into()),
                    ("nspowner", OWNER.into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_database",
        columns: "oid:int8 datname datdba:int8 encoding:int4 datlocprovider datistemplate:bool datallowconn:bool \
            datconnlimit:int4 datfrozenxid:int8 datminmxid:int8 dattablespace:int8 datcollate datctype daticulocale \
            datcollversion datacl:text[]",
        fill: |_, rows| {
            // The encoding is UTF8, texts are ordered by their bytes.
            rows.add([
                ("oid", DATABASE_NUMBER.into()),
                ("datname", DATABASE.into()),
                ("datdba", OWNER.into()),
                ("encoding", 6.into()),
                ("datlocprovider", "c".into()),
                ("datistemplate", false.into()),
                ("datallowconn", true.into()),
                ("datconnlimit", (-1).into()),
                ("datfrozenxid", 0.into()),
                ("datminmxid", 0.into()),
                ("dattablespace", 1663.into()),
                ("datcollate", "C".into()),
                ("datctype", "C".into()),
            ]);
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_roles",
        columns: "rolname rolsuper:bool rolinherit:bool rolcreaterole:bool rolcreatedb:bool rolcanlogin:bool \
            rolreplication:bool rolconnlimit:int4 rolpassword rolvaliduntil:timestamptz rolbypassrls:bool \
            rolconfig:text[] oid:int8",
        fill: |_, rows| {
            rows.add([
                ("rolname", ROLE.into()),
                ("rolsuper", true.into()),
                ("rolinherit", true.into()),
                ("rolcreaterole", true.into()),
                ("rolcreatedb", true.into()),
                ("rolcanlogin", true.into()),
                ("rolreplication", true.into()),
                ("rolconnlimit", (-1).into()),
                ("rolpassword", "********".into()),
                ("rolbypassrls", true.into()),
                ("oid", OWNER.into()),
            ]);
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_class",
        columns: "oid:int8 relname relnamespace:int8 reltype:int8 reloftype:int8 relowner:int8 relam:int8 \
            relfilenode:int8 reltablespace:int8 relpages:int4 reltuples:float4 relallvisible:int4 reltoastrelid:int8 \
            relhasindex:bool relisshared:bool relpersistence relkind relnatts:int2 relchecks:int2 relhasrules:bool \
            relhastriggers:bool relhassubclass:bool relrowsecurity:bool relforcerowsecurity:bool relispopulated:bool \
            relreplident relispartition:bool relrewrite:int8 relfrozenxid:int8 relminmxid:int8 relacl:text[] \
            reloptions:text[] relpartbound",
        fill: classes,
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_attribute",
        columns: "attrelid:int8 attname atttypid:int8 attstattarget:int4 attlen:int2 attnum:int2 attndims:int4 \
            attcacheoff:int4 atttypmod:int4 attbyval:bool attalign attstorage attcompression attnotnull:bool \
            atthasdef:bool atthasmissing:bool attidentity attgenerated attisdropped:bool attislocal:bool \
            attinhcount:int4 attcollation:int8 attacl:text[] attoptions:text[] attfdwoptions:text[] attmissingval",
        fill: attributes,
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_attrdef",
        columns: "oid:int8 adrelid:int8 adnum:int2 adbin",
        fill: |known, rows| {
            for table in known.schema.tables() {
                for at in 0..table.columns.len() {
                    let Some(text) = default(table, at) else {
                        continue;
                    };
                    rows.add([
                        ("oid", known.part(table, Part::Default(at)).into()),
                        ("adrelid", known.relation(&table.name).into()),
                        ("adnum", (at as i64 + 1).into()),
                        ("adbin", text.into()),
                    ]);
                }
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_type",
        columns: "oid:int8 typname typnamespace:int8 typowner:int8 typlen:int2 typbyval:bool typtype typcategory \
            typispreferred:bool typisdefined:bool typdelim typrelid:int8 typsubscript typelem:int8 typarray:int8 \
            typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage typnotnull:bool \
            typbasetype:int8 typtypmod:int4 typndims:int4 typcollation:int8 typdefaultbin typdefault typacl:text[]",
        fill: |known, rows| {
            for sql_type in known_types(known.schema) {
                add_type(&describe(sql_type), rows);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_enum",
        columns: "oid:int8 enumtypid:int8 enumsortorder:float4 enumlabel",
        fill: |known, rows| {
            for of in known.schema.types().iter() {
                let number = describe(of.into()).number;
                for (at, label) in of.labels().enumerate() {
                    let at = at as i64 + 1;
                    rows.add([
                        ("oid", (number * LABELS + at).into()),
                        ("enumtypid", number.into()),
                        ("enumsortorder", Cell::Real(at as f64)),
                        ("enumlabel", label.into()),
                    ]);
                }
            }
        },
    },
];

/// What differs between the relations of `pg_class`.
struct Class<'a> {
    name: &'a RelationName,
    kind: &'a str,
    columns: usize,
    table: Option<&'a Table>,
}

fn classes(known: &Numbered<'_>, rows: &mut Rows) {
    for table in known.schema.tables() {
        add_class(
            known,
            &Class {
                name: &table.name,
                kind: if table.materialized.is_some() {
                    "m"
                } else {
                    "r"
                },
                columns: table.columns.len(),
                table: Some(table),
            },
            rows,
        );
        for index in indexes(table) {
            let (name, columns) = (table.index_name(&index), index.columns.len());
            let class = Class {
                name: &name,
                kind: "i",
                columns,
                table: None,
            };
            add_class(known, &class, rows);
        }
    }
    for view in known.schema.views() {
        let (name, columns) = (&view.name, view.columns.len());
        add_class(
            known,
            &Class {
                name,
                kind: "v",
                columns,
                table: None,
            },
            rows,
        );
    }
    for sequence in known.schema.sequences() {
        let name = &sequence.name;
        add_class(
            known,
            &Class {
                name,
                kind: "S",
                columns: 3,
                table: None,
            },
            rows,
        );
    }
}

/// Columns of `pg_class` that are 0 for all relations.
const NONE_OF_CLASS: [&str; 8] = [
    "reltype",
    "reloftype",
    "reltablespace",
    "relallvisible",
    "reltoastrelid",
    "relrewrite",
    "relfrozenxid",
    "relminmxid",
];
/// Columns of `pg_class` that are false for all relations.
const NEVER_OF_CLASS: [&str; 5] = [
    "relisshared",
    "relhassubclass",
    "relrowsecurity",
    "relforcerowsecurity",
    "relispartition",
];

fn add_class(known: &Numbered<'_>, class: &Class<'_>, rows: &mut Rows) {
    let number = known.relation(class.name);
    let statistics = class.table.and_then(|table| table.statistics.as_ref());
    let pages = statistics.map_or(0, |s| (s.rows * s.row_bytes).div_ceil(PAGE_BYTES));
    let method = match class.kind {
        "r" | "m" => 2,
        "i" => 403,
        _ => 0,
    };
    let is_referenced = |table: &Table| {
        let keys = &mut known.schema.foreign_keys();
        !table.foreign_keys.is_empty() || keys.any(|(_, key)| key.referenced_table == table.name)
    };
    let has_index = class.table.is_some_and(|table| !indexes(table).is_empty());
    let own = [
        ("oid", number.into()),
        ("relname", class.name.into()),
        ("relnamespace", known.namespace(class.name).into()),
        ("relowner", OWNER.into()),
        ("relam", method.into()),
        (
            "relfilenode",
            if class.kind == "v" { 0 } else { number }.into(),
        ),
        ("relpages", (pages as i64).into()),
        (
            "reltuples",
            Cell::Real(statistics.map_or(-1.0, |s| s.rows as f64)),
        ),
        ("relhasindex", has_index.into()),
        ("relpersistence", "p".into()),
        ("relkind", class.kind.into()),
        ("relnatts", (class.columns as i64).into()),
        (
            "relchecks",
            (class.table.map_or(0, |table| table.checks.len()) as i64).into(),
        ),
        ("relhasrules", (class.kind == "v").into()),
        (
            "relhastriggers",
            class.table.is_some_and(is_referenced).into(),
        ),
        (
            "relispopulated",
            (!class.table.is_some_and(Table::is_unpopulated)).into(),
        ),
        (
            "relreplident",
            if class.kind == "r" { "d" } else { "n" }.into(),
        ),
    ];
    let none = NONE_OF_CLASS.map(|name| (name, Cell::Number(0)));
    let never = NEVER_OF_CLASS.map(|name| (name, Cell::Flag(false)));
    rows.add_all(own.into_iter().chain(none).chain(never));
}

fn attributes(known: &Numbered<'_>, rows: &mut Rows) {
    for table in known.schema.tables() {
        let of = known.relation(&table.name);
        for (at, column) in table.columns.iter().enumerate() {
            let described = (column.name.as_str(), column.sql_type, Some(column));
            add_attribute((of, at), described, default(table, at).is_some(), rows);
        }
        for index in indexes(table) {
            let of = known.relation(&table.index_name(&index));
            for at in 0..index.columns.len() {
                let (name, sql_type) = key_column(table, &index, at);
                add_attribute((of, at), (&name, sql_type, None), false, rows);
            }
        }
    }
    for view in known.schema.views() {
        let of = known.relation(&view.name);
        for (at, (name, sql_type)) in view.columns.iter().enumerate() {
            add_attribute((of, at), (name, *sql_type, None), false, rows);
        }
    }
}

/// The name and the type of a column of an index.
fn key_column(table: &Table, index: &Index, at: usize) -> (String, SqlType) {
    let (position, _) = index.columns[at];
    let name = match index.expression(position) {
        None => table.columns[position].name.clone(),
        Some(_) => match at {
            0 => "expr".to_owned(),
            at => format!("expr{at}"),
        },
    };
    (name, table.key_type(index, position))
}

fn add_attribute(
    (of, at): (i64, usize),
    (name, sql_type, column): (&str, SqlType, Option<&Column>),
    has_default: bool,
    rows: &mut Rows,
) {
    let described = describe(sql_type);
    let identity = column.and_then(|column| column.identity.as_ref());
    let identity = identity.map_or("", |identity| if identity.always { "a" } else { "d" });
    let is_generated = column.is_some_and(|column| column.generated.is_some());
    let own = [
        ("attrelid", of.into()),
        ("attname", name.into()),
        ("attnum", (at as i64 + 1).into()),
        ("attndims", i64::from(described.is_array).into()),
        ("atttypmod", modifier(sql_type).into()),
        (
            "attnotnull",
            column.is_some_and(|column| column.not_null).into(),
        ),
        ("atthasdef", has_default.into()),
        ("attidentity", identity.into()),
        ("attgenerated", if is_generated { "s" } else { "" }.into()),
        ("attstattarget", (-1).into()),
        ("attcacheoff", (-1).into()),
        ("attcompression", "".into()),
        ("atthasmissing", false.into()),
        ("attisdropped", false.into()),
        ("attislocal", true.into()),
        ("attinhcount", 0.into()),
    ];
    let names = [
        "atttypid",
        "attlen",
        "attbyval",
        "attalign",
        "attstorage",
        "attcollation",
    ];
    rows.add_all(
        own.into_iter()
            .chain(names.into_iter().zip(physical(&described))),
    );
}

/// Number, bytes, whether passed by value, alignment, storage and collation of a type.
fn physical(described: &Described) -> [Cell; 6] {
    let row = described.row;
    match described.is_array {
        true => [
            described.number.into(),
            (-1).into(),
            false.into(),
            if row.alignment() == "d" { "d" } else { "i" }.into(),
            "x".into(),
            row.collation().into(),
        ],
        false => [
            described.number.into(),
            row.bytes.into(),
            row.is_by_value().into(),
            row.alignment().into(),
            row.storage().into(),
            row.collation().into(),
        ],
    }
}

fn add_type(described: &Described, rows: &mut Rows) {
    let row = described.row;
    let category = if described.is_array {
        "A"
    } else {
        row.category
    };
    let preferred = ["bool", "float8", "text", "timestamptz", "interval"];
    let (element, array) = match described.is_array {
        true => (described.other, 0),
        false => (0, described.other),
    };
    let own = [
        ("typname", (&described.name).into()),
        (
            "typnamespace",
            // Types of users are in public.
            NAMESPACES[usize::from(row.category == "E")].0.into(),
        ),
        ("typowner", OWNER.into()),
        (
            "typtype",
            match row.category {
                "X" => "p",
                "E" if !described.is_array => "e",
                _ => "b",
            }
            .into(),
        ),
        ("typcategory", category.into()),
        (
            "typispreferred",
            preferred.contains(&described.name.as_str()).into(),
        ),
        ("typisdefined", true.into()),
        ("typdelim", ",".into()),
        ("typelem", element.into()),
        ("typarray", array.into()),
        ("typnotnull", false.into()),
        ("typtypmod", (-1).into()),
    ];
    let names = [
        "oid",
        "typlen",
        "typbyval",
        "typalign",
        "typstorage",
        "typcollation",
    ];
    let none = ["typrelid", "typbasetype", "typndims"].map(|name| (name, Cell::Number(0)));
    let physical = names.into_iter().zip(physical(described));
    rows.add_all(own.into_iter().chain(physical).chain(none));
}
