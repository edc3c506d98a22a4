//! `pg_catalog`: indexes, constraints, sequences and comments.

use super::constraint::{Constraint, Kind, constraints, indexes, referenced_key};
use super::definition::{of_constraint, of_index};
use super::numbered::Part;
use super::rows::{Cell, Rows};
use super::type_row::{describe, known_types};
use super::{CATALOG, Numbered, SystemTable};
use crate::catalog::{ReferentialAction, RelationName, Table};
use crate::types::SqlType;

/// The number of `pg_class` itself.
const CLASS: i64 = 1259;

/// What functions by number look into. No statement means such names by chance.
pub(super) const DEFINITIONS: &str = "#definition";
/// The column with the number of what is defined.
const DEFINED: &str = "#number";
/// The column with what is defined: `constraint`, `index` or `view`; of `relation`, `type` and `array` (of which those of
/// the elements) the definition is the name.
const DEFINED_KIND: &str = "#kind";
/// The column with the definition.
const DEFINITION: &str = "#text";

pub(super) static TABLES: &[SystemTable] = &[
    SystemTable {
        schema: CATALOG,
        name: "pg_index",
        columns: "indexrelid:int8 indrelid:int8 indnatts:int2 indnkeyatts:int2 indisunique:bool \
            indnullsnotdistinct:bool indisprimary:bool indisexclusion:bool indimmediate:bool indisclustered:bool \
            indisvalid:bool indcheckxmin:bool indisready:bool indislive:bool indisreplident:bool indkey:int2[] \
            indcollation:int8[] indclass:int8[] indoption:int2[] indexprs indpred",
        fill: add_indexes,
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_constraint",
        columns: "oid:int8 conname connamespace:int8 contype condeferrable:bool condeferred:bool convalidated:bool \
            conrelid:int8 contypid:int8 conindid:int8 conparentid:int8 confrelid:int8 confupdtype confdeltype \
            confmatchtype conislocal:bool coninhcount:int4 connoinherit:bool conkey:int2[] confkey:int2[] \
            conpfeqop:int8[] conppeqop:int8[] conffeqop:int8[] confdelsetcols:int2[] conexclop:int8[] conbin",
        fill: |known, rows| {
            for table in known.schema.tables() {
                for constraint in constraints(table) {
                    add_constraint(known, table, &constraint, rows);
                }
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_sequence",
        columns: "seqrelid:int8 seqtypid:int8 seqstart:int8 seqincrement:int8 seqmax:int8 seqmin:int8 seqcache:int8 \
            seqcycle:bool",
        fill: |known, rows| {
            for sequence in known.schema.sequences() {
                rows.add([
                    ("seqrelid", known.relation(&sequence.name).into()),
                    ("seqtypid", describe(sequence.sql_type).number.into()),
                    ("seqstart", sequence.start.into()),
                    ("seqincrement", sequence.counting.increment.into()),
                    ("seqmax", sequence.counting.greatest.into()),
                    ("seqmin", sequence.counting.least.into()),
                    ("seqcache", sequence.cache.into()),
                    ("seqcycle", sequence.counting.cycles.into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_description",
        columns: "objoid:int8 classoid:int8 objsubid:int4 description",
        fill: comments,
    },
    SystemTable {
        schema: CATALOG,
        name: "pg_am",
        columns: "oid:int8 amname amhandler amtype",
        fill: |_, rows| {
            for (number, name, kind) in [(2, "heap", "t"), (403, "btree", "i")] {
                rows.add([
                    ("oid", number.into()),
                    ("amname", name.into()),
                    ("amtype", kind.into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: CATALOG,
        name: DEFINITIONS,
        columns: "#number:int8 #kind #text",
        fill: definitions,
    },
];

fn add_indexes(known: &Numbered<'_>, rows: &mut Rows) {
    for table in known.schema.tables() {
        for index in indexes(table) {
            let width = index.columns.len() as i64;
            let is_primary = table.primary_key_name.as_ref() == Some(&index.name);
            let numbers =
                index
                    .columns
                    .iter()
                    .map(|(position, _)| match index.expression(*position) {
                        None => *position as i64 + 1,
                        Some(_) => 0,
                    });
            let collations = index.columns.iter();
            let collations =
                collations.map(|(p, _)| describe(table.key_type(&index, *p)).row.collation());
            // Descending, and NULLs first.
            let options = index
                .columns
                .iter()
                .map(|(_, descending)| 3 * i64::from(*descending));
            let texts: Vec<&str> = index.expressions.iter().map(|e| e.text.as_str()).collect();
            rows.add([
                (
                    "indexrelid",
                    known.relation(&table.index_name(&index)).into(),
                ),
                ("indrelid", known.relation(&table.name).into()),
                ("indnatts", width.into()),
                ("indnkeyatts", width.into()),
                ("indisunique", index.unique.into()),
                ("indnullsnotdistinct", false.into()),
                ("indisprimary", is_primary.into()),
                ("indisexclusion", false.into()),
                ("indimmediate", (!index.is_deferrable()).into()),
                ("indisclustered", false.into()),
                ("indisvalid", true.into()),
                ("indcheckxmin", false.into()),
                ("indisready", true.into()),
                ("indislive", true.into()),
                ("indisreplident", false.into()),
                ("indkey", numbers.collect::<Vec<i64>>().into()),
                ("indcollation", collations.collect::<Vec<i64>>().into()),
                ("indoption", options.collect::<Vec<i64>>().into()),
                (
                    "indexprs",
                    (!texts.is_empty()).then(|| texts.join(", ")).into(),
                ),
                ("indpred", index.predicate.as_ref().into()),
            ]);
        }
    }
}

fn add_constraint<'s>(
    known: &Numbered<'s>,
    table: &'s Table,
    constraint: &Constraint<'s>,
    rows: &mut Rows,
) {
    let numbers = |columns: &[usize]| columns.iter().map(|c| *c as i64 + 1).collect::<Vec<i64>>();
    let (kind, index) = match constraint.kind {
        Kind::PrimaryKey => ("p", known.relation(&table.name.beside(constraint.name))),
        Kind::Unique => ("u", known.relation(&table.name.beside(constraint.name))),
        Kind::Check(_) => ("c", 0),
        Kind::ForeignKey(key) => {
            let referenced = referenced_key(known.schema, key);
            (
                "f",
                referenced.map_or(0, |(of, key)| known.relation(&of.name.beside(key.name))),
            )
        }
    };
    let none = ["contypid", "conparentid", "coninhcount"].map(|name| (name, Cell::Number(0)));
    let own = [
        (
            "oid",
            known.part(table, Part::Constraint(constraint.name)).into(),
        ),
        ("conname", constraint.name.into()),
        ("connamespace", known.namespace(&table.name).into()),
        ("contype", kind.into()),
        ("condeferrable", constraint.is_deferrable().into()),
        ("condeferred", constraint.is_deferred().into()),
        ("convalidated", true.into()),
        ("conrelid", known.relation(&table.name).into()),
        ("conindid", index.into()),
        ("conislocal", true.into()),
        ("connoinherit", (kind != "c").into()),
        ("conkey", numbers(&constraint.columns).into()),
    ];
    let more = match constraint.kind {
        Kind::ForeignKey(key) => {
            let referenced = known.schema.table(&key.referenced_table);
            let columns = referenced.and_then(|table| table.positions(&key.referenced_columns));
            let set = (!key.on_delete_columns.is_empty()).then(|| numbers(&key.on_delete_columns));
            vec![
                ("confrelid", known.relation(&key.referenced_table).into()),
                ("confupdtype", letter(key.on_update).into()),
                ("confdeltype", letter(key.on_delete).into()),
                (
                    "confmatchtype",
                    if key.full_match { "f" } else { "s" }.into(),
                ),
                ("confkey", columns.map(|columns| numbers(&columns)).into()),
                ("confdelsetcols", set.into()),
            ]
        }
        other => {
            let condition = match other {
                Kind::Check(condition) => Some(condition),
                _ => None,
            };
            vec![
                ("confrelid", 0.into()),
                ("confupdtype", " ".into()),
                ("confdeltype", " ".into()),
                ("confmatchtype", " ".into()),
                ("conbin", condition.into()),
            ]
        }
    };
    rows.add_all(own.into_iter().chain(none).chain(more));
}

fn letter(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::NoAction => "a",
        ReferentialAction::Restrict => "r",
        ReferentialAction::Cascade => "c",
        ReferentialAction::SetNull => "n",
        ReferentialAction::SetDefault => "d",
    }
}

fn comments(known: &Numbered<'_>, rows: &mut Rows) {
    let schema = known.schema;
    let mut add = |name: &RelationName, part: usize, comment: &Option<String>| {
        if let Some(comment) = comment {
            rows.add([
                ("objoid", known.relation(name).into()),
                ("classoid", CLASS.into()),
                ("objsubid", (part as i64).into()),
                ("description", comment.into()),
            ]);
        }
    };
    for table in schema.tables() {
        add(&table.name, 0, &table.comment);
        for (at, column) in table.columns.iter().enumerate() {
            add(&table.name, at + 1, &column.comment);
        }
        for index in &table.indexes {
            add(&table.index_name(index), 0, &index.comment);
        }
    }
    schema
        .views()
        .for_each(|view| add(&view.name, 0, &view.comment));
    let sequences = schema.sequences();
    sequences.for_each(|sequence| add(&sequence.name, 0, &sequence.comment));
}

/// What functions that ask about the schema give: `relation`s as `regclass` writes them, those that are `visible` without
/// their schema, and the texts of what has some.
fn definitions(known: &Numbered<'_>, rows: &mut Rows) {
    let mut add = |number: i64, kind: &str, text: &str| {
        rows.add([
            (DEFINED, number.into()),
            (DEFINED_KIND, kind.into()),
            (DEFINITION, text.into()),
        ]);
    };
    for name in known.relations() {
        let number = known.relation(name);
        add(
            number,
            "relation",
            &known.path.identifier(known.schema, name),
        );
        if known.path.shows(known.schema, name) {
            add(number, "visible", name.own());
        }
    }
    for dependent in known.schema.dependents() {
        let number = known.relation(dependent.name());
        add(number, "view", &dependent.query().text);
    }
    for table in known.schema.tables() {
        for index in indexes(table) {
            let number = known.relation(&table.index_name(&index));
            add(number, "index", &of_index(table, &index));
        }
        for constraint in constraints(table) {
            let number = known.part(table, Part::Constraint(constraint.name));
            add(number, "constraint", &of_constraint(table, &constraint));
        }
    }
    for sql_type in known_types(known.schema) {
        let (described, kind) = match sql_type {
            SqlType::Array(element) => (element.sql_type(), "array"),
            plain => (plain, "type"),
        };
        add(describe(sql_type).number, kind, described.base_name());
    }
}
