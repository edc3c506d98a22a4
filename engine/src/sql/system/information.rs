//! `information_schema`: tables, columns, views and sequences.

use super::constraint::default;
use super::rows::{Cell, Rows, yes};
use super::type_row::describe;
use super::{CATALOG, DATABASE, INFORMATION, Numbered, ROLE, SystemTable};
use crate::catalog::{CheckOption, Column, PUBLIC, RelationName, Sequence, Table};
use crate::sql::bind::settable_columns;
use crate::types::{DIGITS_MAX, Fields, SqlType};

pub(super) static TABLES: &[SystemTable] = &[
    SystemTable {
        schema: INFORMATION,
        name: "information_schema_catalog_name",
        columns: "catalog_name",
        fill: |_, rows| rows.add([("catalog_name", DATABASE.into())]),
    },
    SystemTable {
        schema: INFORMATION,
        name: "schemata",
        columns: "catalog_name schema_name schema_owner default_character_set_catalog default_character_set_schema \
            default_character_set_name sql_path",
        fill: |known, rows| {
            for (_, schema) in known.namespaces() {
                rows.add([
                    ("catalog_name", DATABASE.into()),
                    ("schema_name", schema.into()),
                    ("schema_owner", ROLE.into()),
                ]);
            }
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "tables",
        columns: "table_catalog table_schema table_name table_type self_referencing_column_name reference_generation \
            user_defined_type_catalog user_defined_type_schema user_defined_type_name is_insertable_into is_typed \
            commit_action",
        fill: tables,
    },
    SystemTable {
        schema: INFORMATION,
        name: "columns",
        columns: "table_catalog table_schema table_name column_name ordinal_position:int4 column_default is_nullable \
            data_type character_maximum_length:int4 character_octet_length:int4 numeric_precision:int4 \
            numeric_precision_radix:int4 numeric_scale:int4 datetime_precision:int4 interval_type \
            interval_precision:int4 character_set_catalog character_set_schema character_set_name collation_catalog \
            collation_schema collation_name domain_catalog domain_schema domain_name udt_catalog udt_schema udt_name \
            scope_catalog scope_schema scope_name maximum_cardinality:int4 dtd_identifier is_self_referencing \
            is_identity identity_generation identity_start identity_increment identity_maximum identity_minimum \
            identity_cycle is_generated generation_expression is_updatable",
        fill: columns,
    },
    SystemTable {
        schema: INFORMATION,
        name: "views",
        columns: "table_catalog table_schema table_name view_definition check_option is_updatable is_insertable_into \
            is_trigger_updatable is_trigger_deletable is_trigger_insertable_into",
        fill: views,
    },
    SystemTable {
        schema: INFORMATION,
        name: "view_table_usage",
        columns: "view_catalog view_schema view_name table_catalog table_schema table_name",
        fill: |known, rows| {
            for view in known.schema.views() {
                let of = view.query.depends_on.iter();
                for name in of.filter(|name| known.schema.sequence(name).is_none()) {
                    rows.add([
                        ("view_catalog", DATABASE.into()),
                        ("view_schema", view.name.schema().into()),
                        ("view_name", (&view.name).into()),
                        ("table_catalog", DATABASE.into()),
                        ("table_schema", name.schema().into()),
                        ("table_name", name.into()),
                    ]);
                }
            }
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "sequences",
        columns: "sequence_catalog sequence_schema sequence_name data_type numeric_precision:int4 \
            numeric_precision_radix:int4 numeric_scale:int4 start_value minimum_value maximum_value increment \
            cycle_option",
        fill: sequences,
    },
];

fn tables(known: &Numbered<'_>, rows: &mut Rows) {
    let mut add = |schema: &str, name: &str, is_view: bool, insertable: bool| {
        let table_type = if is_view { "VIEW" } else { "BASE TABLE" };
        rows.add([
            ("table_catalog", DATABASE.into()),
            ("table_schema", schema.into()),
            ("table_name", name.into()),
            ("table_type", table_type.into()),
            ("is_insertable_into", yes(insertable)),
            ("is_typed", yes(false)),
        ]);
    };
    for table in known.tables() {
        add(table.name.schema(), table.name.own(), false, true);
    }
    for view in known.schema.views() {
        let insertable = settable_columns(known.schema, view).contains(&true);
        add(view.name.schema(), view.name.own(), true, insertable);
    }
    for table in super::listed() {
        add(table.schema, table.name, true, false);
    }
}

fn views(known: &Numbered<'_>, rows: &mut Rows) {
    for view in known.schema.views() {
        let check = match view.check_option {
            None => "NONE",
            Some(CheckOption::Local) => "LOCAL",
            Some(CheckOption::Cascaded) => "CASCADED",
        };
        let can_change = settable_columns(known.schema, view).contains(&true);
        rows.add([
            ("table_catalog", DATABASE.into()),
            ("table_schema", view.name.schema().into()),
            ("table_name", (&view.name).into()),
            ("view_definition", (&view.query.text).into()),
            ("check_option", check.into()),
            ("is_updatable", yes(can_change)),
            ("is_insertable_into", yes(can_change)),
            ("is_trigger_updatable", yes(false)),
            ("is_trigger_deletable", yes(false)),
            ("is_trigger_insertable_into", yes(false)),
        ]);
    }
}

/// A column of a table or a view.
struct Place<'a> {
    schema: &'a str,
    table: &'a str,
    /// From 0.
    position: usize,
    name: &'a str,
    sql_type: SqlType,
    settable: bool,
    column: Option<(&'a Table, &'a Column)>,
}

fn columns(known: &Numbered<'_>, rows: &mut Rows) {
    for table in known.tables() {
        for (position, column) in table.columns.iter().enumerate() {
            let place = Place {
                schema: table.name.schema(),
                table: table.name.own(),
                position,
                name: &column.name,
                sql_type: column.sql_type,
                settable: true,
                column: Some((table, column)),
            };
            add_column(known, &place, rows);
        }
    }
    let views = known.schema.views();
    let views = views.map(|view| {
        let settable = settable_columns(known.schema, view);
        (
            view.name.schema(),
            view.name.own(),
            view.columns.clone(),
            settable,
        )
    });
    let own = super::listed().map(|table| (table.schema, table.name, table.columns(), Vec::new()));
    for (schema, table, columns, settable) in views.chain(own) {
        for (position, (name, sql_type)) in columns.iter().enumerate() {
            let place = Place {
                schema,
                table,
                position,
                name,
                sql_type: *sql_type,
                settable: settable.get(position) == Some(&true),
                column: None,
            };
            add_column(known, &place, rows);
        }
    }
}

fn add_column(known: &Numbered<'_>, place: &Place<'_>, rows: &mut Rows) {
    let number = place.position as i64 + 1;
    let column = place.column.map(|(_, column)| column);
    let is_generated = column.is_some_and(|c| c.generated.is_some());
    let written = place
        .column
        .and_then(|(table, _)| default(table, place.position));
    let identity = column.and_then(|column| column.identity.as_ref());
    let generation = identity.map(|identity| {
        if identity.always {
            "ALWAYS"
        } else {
            "BY DEFAULT"
        }
    });
    let of = [
        ("table_catalog", DATABASE.into()),
        ("table_schema", place.schema.into()),
        ("table_name", place.table.into()),
        ("column_name", place.name.into()),
        ("ordinal_position", number.into()),
        ("column_default", written.filter(|_| !is_generated).into()),
        ("is_nullable", yes(!column.is_some_and(|c| c.not_null))),
        ("udt_catalog", DATABASE.into()),
        ("udt_schema", schema_of(place.sql_type).into()),
        ("udt_name", describe(place.sql_type).name.into()),
        ("dtd_identifier", number.into()),
        ("is_self_referencing", yes(false)),
        ("is_identity", yes(identity.is_some())),
        ("identity_generation", generation.into()),
        (
            "is_generated",
            if is_generated { "ALWAYS" } else { "NEVER" }.into(),
        ),
        (
            "generation_expression",
            written.filter(|_| is_generated).into(),
        ),
        ("is_updatable", yes(place.settable)),
    ];
    let sequence = identity.and_then(|identity| known.schema.sequence(&identity.sequence));
    let sequence = sequence.map(|sequence| identity_cells(sequence));
    let of_sequence = sequence.into_iter().flatten();
    let no_cycle = identity.is_none().then(|| ("identity_cycle", yes(false)));
    rows.add_all(
        of.into_iter()
            .chain(type_cells(place.sql_type))
            .chain(of_sequence)
            .chain(no_cycle),
    );
}

fn identity_cells(sequence: &Sequence) -> [(&'static str, Cell); 5] {
    [
        ("identity_start", sequence.start.into()),
        ("identity_increment", sequence.counting.increment.into()),
        ("identity_maximum", sequence.counting.greatest.into()),
        ("identity_minimum", sequence.counting.least.into()),
        ("identity_cycle", yes(sequence.counting.cycles)),
    ]
}

/// Bytes of the longest text.
const OCTETS_MAX: i64 = 1 << 30;
/// Bytes of the longest character.
const CHARACTER_BYTES: i64 = 4;

/// The type of a column, as the SQL standard tells of one.
fn type_cells(sql_type: SqlType) -> impl Iterator<Item = (&'static str, Cell)> {
    let name = match sql_type {
        SqlType::Array(_) => "ARRAY",
        SqlType::Enum(_) => "USER-DEFINED",
        other => other.base_name(),
    };
    let binary = |bits: i64| (Some(bits), Some(2), None);
    let (length, octets) = match sql_type {
        SqlType::Varchar(Some(length)) | SqlType::Char(Some(length)) => {
            let length = i64::from(length);
            (Some(length), Some(length * CHARACTER_BYTES))
        }
        SqlType::Text | SqlType::Varchar(None) | SqlType::Char(None) => (None, Some(OCTETS_MAX)),
        _ => (None, None),
    };
    let (precision, radix, scale) = match sql_type {
        SqlType::Int2 => (Some(16), Some(2), Some(0)),
        SqlType::Int4 => (Some(32), Some(2), Some(0)),
        SqlType::Int8 => (Some(64), Some(2), Some(0)),
        SqlType::Float4 => binary(24),
        SqlType::Float8 => binary(53),
        SqlType::Numeric(digits) => (
            digits.map(|(precision, _)| i64::from(precision)),
            Some(10),
            digits.map(|(_, scale)| i64::from(scale)),
        ),
        _ => (None, None, None),
    };
    let of_time = match sql_type {
        SqlType::Date => Some(0),
        SqlType::Time(digits) | SqlType::Timestamp(digits) | SqlType::TimestampTz(digits) => {
            Some(i64::from(digits.unwrap_or(DIGITS_MAX)))
        }
        SqlType::Interval(form) => {
            let digits = form.and_then(|form| form.digits);
            Some(i64::from(digits.unwrap_or(DIGITS_MAX)))
        }
        _ => None,
    };
    let fields = match sql_type {
        SqlType::Interval(Some(form)) if form.fields != Fields::All => {
            Some(form.to_string().trim_start().to_uppercase())
        }
        _ => None,
    };
    [
        ("interval_type", fields.into()),
        ("data_type", name.into()),
        ("character_maximum_length", length.into()),
        ("character_octet_length", octets.into()),
        ("numeric_precision", precision.into()),
        ("numeric_precision_radix", radix.into()),
        ("numeric_scale", scale.into()),
        ("datetime_precision", of_time.into()),
    ]
    .into_iter()
}

/// The name of the schema of a type.
fn schema_of(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Enum(_) => PUBLIC,
        SqlType::Array(element) => schema_of(element.sql_type()),
        _ => CATALOG,
    }
}

fn sequences(known: &Numbered<'_>, rows: &mut Rows) {
    let columns = known.schema.tables().flat_map(|table| &table.columns);
    let hidden: Vec<&RelationName> = columns
        .filter_map(|column| Some(&column.identity.as_ref()?.sequence))
        .collect();
    let visible = |sequence: &&std::sync::Arc<Sequence>| !hidden.contains(&&sequence.name);
    for sequence in known.schema.sequences().filter(visible) {
        let of = [
            ("sequence_catalog", DATABASE.into()),
            ("sequence_schema", sequence.name.schema().into()),
            ("sequence_name", (&sequence.name).into()),
            ("start_value", sequence.start.into()),
            ("minimum_value", sequence.counting.least.into()),
            ("maximum_value", sequence.counting.greatest.into()),
            ("increment", sequence.counting.increment.into()),
            ("cycle_option", yes(sequence.counting.cycles)),
        ];
        let of_type = type_cells(sequence.sql_type)
            .filter(|(name, _)| *name == "data_type" || name.starts_with("numeric"));
        rows.add_all(of.into_iter().chain(of_type));
    }
}
