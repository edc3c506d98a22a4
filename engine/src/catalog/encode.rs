//! From tables to entries of the catalog.

use super::field::Writer;
use super::foreign_key::{encode_foreign_key, encode_timing};
use super::statistics::{ColumnStatistics, TableStatistics};
use super::table::{Column, Index, Materialized, Table};
use super::view::{CheckOption, View};
use crate::types::{EnumType, Fields, SqlType, TypeModifier, type_code};

/// Tags of the fields of a table. Even ones may not be skipped; see [`super::field`].
pub(super) mod tag {
    pub(in super::super) const NAME: u8 = 2;
    pub(in super::super) const TREE: u8 = 4;
    pub(in super::super) const COLUMN: u8 = 6;
    pub(in super::super) const ROW_ID_COLUMN: u8 = 8;
    pub(in super::super) const PRIMARY_KEY_NAME: u8 = 10;
    pub(in super::super) const INDEX: u8 = 12;
    pub(in super::super) const CHECK: u8 = 14;
    pub(in super::super) const FOREIGN_KEY: u8 = 16;
    pub(in super::super) const STATISTICS: u8 = 1;
    pub(in super::super) const MATERIALIZED: u8 = 18;

    // Of tables, columns, indexes and views.
    pub(in super::super) const COMMENT: u8 = 3;

    // Of a column, beside its name.
    pub(in super::super) const TYPE: u8 = 4;
    pub(in super::super) const NOT_NULL: u8 = 6;
    pub(in super::super) const DEFAULT: u8 = 8;
    pub(in super::super) const GENERATED: u8 = 10;
    pub(in super::super) const IDENTITY_ALWAYS: u8 = 12;
    pub(in super::super) const IDENTITY_BY_DEFAULT: u8 = 14;
    pub(in super::super) const SEQUENCE: u8 = 16;

    // Of a type.
    pub(in super::super) const CODE: u8 = 2;
    pub(in super::super) const PRECISION: u8 = 4;
    pub(in super::super) const SCALE: u8 = 6;
    pub(in super::super) const LENGTH: u8 = 8;
    pub(in super::super) const ARRAY: u8 = 10;
    pub(in super::super) const ENUM: u8 = 12;
    pub(in super::super) const FIELDS: u8 = 14;

    // Of an ENUM type, beside its name, and of a label.
    pub(in super::super) const ENUM_NUMBER: u8 = 4;
    pub(in super::super) const LABEL: u8 = 6;
    pub(in super::super) const LABEL_NUMBER: u8 = 4;
    pub(in super::super) const LABEL_TEXT: u8 = 6;

    // Of an index, beside its name and its tree.
    pub(in super::super) const ASCENDING: u8 = 6;
    pub(in super::super) const DESCENDING: u8 = 8;
    pub(in super::super) const UNIQUE: u8 = 10;
    pub(in super::super) const CONSTRAINT: u8 = 12;
    pub(in super::super) const INDEX_TIMING: u8 = 14;
    pub(in super::super) const EXPRESSION: u8 = 16;
    pub(in super::super) const PREDICATE: u8 = 18;

    // Of an expression, beside its type.
    pub(in super::super) const TEXT: u8 = 2;

    // Of a check, beside its name.
    pub(in super::super) const CONDITION: u8 = 4;

    // Of a foreign key, beside its name.
    pub(in super::super) const NUMBER: u8 = 4;
    pub(in super::super) const REFERENCING: u8 = 6;
    pub(in super::super) const REFERENCED_TABLE: u8 = 8;
    pub(in super::super) const REFERENCED: u8 = 10;
    pub(in super::super) const FULL_MATCH: u8 = 12;
    pub(in super::super) const ON_DELETE: u8 = 14;
    pub(in super::super) const ON_UPDATE: u8 = 16;
    pub(in super::super) const TIMING: u8 = 18;
    pub(in super::super) const ON_DELETE_COLUMN: u8 = 20;

    // Of a stored query, whose fields stand among those of its view.
    pub(in super::super) const QUERY: u8 = 8;
    pub(in super::super) const DEPENDS_ON: u8 = 10;
    pub(in super::super) const SEARCH_PATH: u8 = 16;

    // Of a materialized view, beside its query.
    pub(in super::super) const POPULATED: u8 = 12;

    // Of a view, beside its name, its columns and its query.
    pub(in super::super) const CHECKED_LOCALLY: u8 = 12;
    pub(in super::super) const CHECKED_CASCADED: u8 = 14;

    // Of statistics, and of those of a column.
    pub(in super::super) const ROWS: u8 = 1;
    pub(in super::super) const ROW_BYTES: u8 = 3;
    pub(in super::super) const COLUMN_STATISTICS: u8 = 5;
    pub(in super::super) const NULL_FRACTION: u8 = 1;
    pub(in super::super) const DISTINCT: u8 = 3;
    pub(in super::super) const COMMON: u8 = 5;
    pub(in super::super) const BOUND: u8 = 7;

    // Of a most common value.
    pub(in super::super) const KEY: u8 = 1;
    pub(in super::super) const FRACTION: u8 = 3;
}

/// The value of the table's entry.
pub(super) fn encode_table(table: &Table) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(tag::NAME, table.name.stored());
    writer.number(tag::TREE, u64::from(table.tree.0));
    for column in &table.columns {
        writer.record(tag::COLUMN, |w| encode_column(w, column));
    }
    if let Some(column) = table.row_id_column {
        writer.number(tag::ROW_ID_COLUMN, column as u64);
    }
    if let Some(name) = &table.primary_key_name {
        writer.text(tag::PRIMARY_KEY_NAME, name);
    }
    for index in &table.indexes {
        writer.record(tag::INDEX, |w| encode_index(w, index));
    }
    for (name, condition) in &table.checks {
        writer.record(tag::CHECK, |w| {
            w.text(tag::NAME, name);
            w.text(tag::CONDITION, condition);
        });
    }
    for key in &table.foreign_keys {
        writer.record(tag::FOREIGN_KEY, |w| encode_foreign_key(w, key));
    }
    writer.optional_text(tag::COMMENT, table.comment.as_ref());
    if let Some(statistics) = &table.statistics {
        writer.record(tag::STATISTICS, |w| encode_statistics(w, statistics));
    }
    if let Some(materialized) = &table.materialized {
        writer.record(tag::MATERIALIZED, |w| encode_materialized(w, materialized));
    }
    writer.finish()
}

fn encode_materialized(writer: &mut Writer, materialized: &Materialized) {
    materialized.query.encode(writer);
    writer.flag(tag::POPULATED, materialized.populated);
}

/// The value of the type's entry.
pub(super) fn encode_enum(of: EnumType) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(tag::NAME, of.name());
    writer.number(tag::ENUM_NUMBER, u64::from(of.id()));
    for (number, label) in of.numbers() {
        writer.record(tag::LABEL, |w| {
            w.bytes(tag::LABEL_NUMBER, &number.to_le_bytes());
            w.text(tag::LABEL_TEXT, label);
        });
    }
    writer.finish()
}

/// The value of the view's entry.
pub(super) fn encode_view(view: &View) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.text(tag::NAME, view.name.stored());
    for (name, sql_type) in &view.columns {
        writer.record(tag::COLUMN, |w| {
            w.text(tag::NAME, name);
            w.record(tag::TYPE, |w| encode_type(w, *sql_type));
        });
    }
    view.query.encode(&mut writer);
    let checked = |option| view.check_option == Some(option);
    writer.flag(tag::CHECKED_LOCALLY, checked(CheckOption::Local));
    writer.flag(tag::CHECKED_CASCADED, checked(CheckOption::Cascaded));
    writer.optional_text(tag::COMMENT, view.comment.as_ref());
    writer.finish()
}

fn encode_column(writer: &mut Writer, column: &Column) {
    writer.text(tag::NAME, &column.name);
    writer.record(tag::TYPE, |w| encode_type(w, column.sql_type));
    writer.flag(tag::NOT_NULL, column.not_null);
    writer.optional_text(tag::DEFAULT, column.default.as_ref());
    writer.optional_text(tag::GENERATED, column.generated.as_ref());
    if let Some(identity) = &column.identity {
        let tag = match identity.always {
            true => tag::IDENTITY_ALWAYS,
            false => tag::IDENTITY_BY_DEFAULT,
        };
        writer.text(tag, identity.sequence.stored());
    }
    for sequence in &column.sequences {
        writer.text(tag::SEQUENCE, sequence.stored());
    }
    writer.optional_text(tag::COMMENT, column.comment.as_ref());
}

pub(super) fn encode_type(writer: &mut Writer, sql_type: SqlType) {
    let (code, modifier) = type_code(sql_type);
    writer.number(tag::CODE, u64::from(code));
    match modifier {
        TypeModifier::None => {}
        TypeModifier::Digits(precision, scale) => {
            writer.number(tag::PRECISION, u64::from(precision));
            writer.bytes(tag::SCALE, &scale.to_le_bytes());
        }
        TypeModifier::Length(length) => writer.number(tag::LENGTH, u64::from(length)),
        TypeModifier::Enum(of) => writer.number(tag::ENUM, u64::from(of.id())),
        TypeModifier::Seconds(fields, digits) => {
            if fields != Fields::All {
                writer.number(tag::FIELDS, u64::from(fields.code()));
            }
            if let Some(digits) = digits {
                writer.number(tag::PRECISION, u64::from(digits));
            }
        }
    }
    writer.flag(tag::ARRAY, matches!(sql_type, SqlType::Array(_)));
}

fn encode_index(writer: &mut Writer, index: &Index) {
    writer.text(tag::NAME, &index.name);
    writer.optional_text(tag::COMMENT, index.comment.as_ref());
    writer.number(tag::TREE, u64::from(index.tree.0));
    for (column, descending) in &index.columns {
        let direction = if *descending {
            tag::DESCENDING
        } else {
            tag::ASCENDING
        };
        writer.number(direction, *column as u64);
    }
    for expression in &index.expressions {
        writer.record(tag::EXPRESSION, |w| {
            w.text(tag::TEXT, &expression.text);
            w.record(tag::TYPE, |w| encode_type(w, expression.sql_type));
        });
    }
    if let Some(predicate) = &index.predicate {
        writer.text(tag::PREDICATE, predicate);
    }
    writer.flag(tag::UNIQUE, index.unique);
    writer.flag(tag::CONSTRAINT, index.constraint);
    if index.is_deferrable() {
        encode_timing(writer, tag::INDEX_TIMING, index.timing);
    }
}

fn encode_statistics(writer: &mut Writer, statistics: &TableStatistics) {
    writer.number(tag::ROWS, statistics.rows);
    writer.number(tag::ROW_BYTES, statistics.row_bytes);
    for column in &statistics.columns {
        writer.record(tag::COLUMN_STATISTICS, |w| {
            encode_column_statistics(w, column)
        });
    }
}

fn encode_column_statistics(writer: &mut Writer, statistics: &ColumnStatistics) {
    writer.float(tag::NULL_FRACTION, statistics.null_fraction);
    writer.float(tag::DISTINCT, statistics.distinct);
    for (key, fraction) in &statistics.most_common {
        writer.record(tag::COMMON, |w| {
            w.bytes(tag::KEY, key);
            w.float(tag::FRACTION, *fraction);
        });
    }
    for bound in &statistics.histogram {
        writer.bytes(tag::BOUND, bound);
    }
}
