//! From entries of the catalog to tables and views.

use super::encode::tag;
use super::field::{Field, damaged, fields};
use super::foreign_key::{ConstraintTiming, decode_foreign_key, decode_timing};
use super::statistics::{ColumnStatistics, TableStatistics};
use super::stored_query::PartialQuery;
use super::table::{Column, Identity, Index, IndexExpression, Materialized, Table};
use super::types::Types;
use super::view::{CheckOption, View};
use crate::error::Result;
use crate::planted::{Mistake, makes};
use crate::storage::TreeId;
use crate::types::{DIGITS_MAX, EnumType, Fields, SqlType, TypeModifier, array_of, coded_type};

/// The table of an entry, whose columns may be of these types. `XX001` when it is none, or one that a newer version wrote.
pub(super) fn decode_table(bytes: &[u8], types: &Types) -> Result<Table> {
    let (mut name, mut tree) = (None, None);
    let (mut columns, mut indexes, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    let mut foreign_keys = Vec::new();
    let (mut row_id_column, mut primary_key_name) = (None, None);
    let (mut statistics, mut comment, mut materialized) = (None, None, None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.relation()?),
            tag::TREE => tree = Some(tree_id(field)?),
            tag::COLUMN => columns.push(decode_column(field.bytes(), types)?),
            tag::ROW_ID_COLUMN => row_id_column = Some(field.position()?),
            tag::PRIMARY_KEY_NAME => primary_key_name = Some(field.text()?),
            tag::INDEX => indexes.push(decode_index(field.bytes(), types)?),
            tag::CHECK => checks.push(decode_check(field.bytes())?),
            tag::FOREIGN_KEY => foreign_keys.push(decode_foreign_key(field.bytes())?),
            tag::STATISTICS => statistics = Some(decode_statistics(field.bytes())?),
            tag::COMMENT => comment = Some(field.text()?),
            tag::MATERIALIZED => materialized = Some(decode_materialized(field.bytes())?),
            _ => field.unknown()?,
        }
    }
    let table = Table {
        name: required(name, "a table's name")?,
        tree: required(tree, "a table's tree")?,
        columns,
        row_id_column,
        primary_key_name,
        indexes,
        checks,
        foreign_keys,
        statistics,
        comment,
        materialized,
        types: types.clone(),
    };
    check_positions(&table)?;
    Ok(table)
}

/// The type of an entry. Errors: as for [`decode_table`].
pub(super) fn decode_enum(bytes: &[u8]) -> Result<EnumType> {
    let (mut name, mut id, mut labels) = (None, None, Vec::new());
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.text()?),
            tag::ENUM_NUMBER => id = u32::try_from(field.number()?).ok(),
            tag::LABEL => labels.push(decode_label(field.bytes())?),
            _ => field.unknown()?,
        }
    }
    let (name, id) = (
        required(name, "a type's name")?,
        required(id, "a type's number")?,
    );
    EnumType::numbered(id, &name, labels)
}

fn decode_label(bytes: &[u8]) -> Result<(i64, String)> {
    let (mut number, mut text) = (None, None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::LABEL_NUMBER => number = field.bytes().try_into().ok().map(i64::from_le_bytes),
            tag::LABEL_TEXT => text = Some(field.text()?),
            _ => field.unknown()?,
        }
    }
    Ok((
        required(number, "a label's number")?,
        required(text, "a label")?,
    ))
}

fn enum_of(field: Field<'_>, types: &Types) -> Result<EnumType> {
    let id = field.number()?;
    let found = u32::try_from(id).ok().and_then(|id| types.numbered(id));
    found.ok_or_else(|| damaged(format_args!("there is no ENUM type {id}")))
}

fn decode_materialized(bytes: &[u8]) -> Result<Materialized> {
    let (mut query, mut populated) = (PartialQuery::default(), false);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::POPULATED => populated = true,
            _ => query.take(field)?,
        }
    }
    Ok(Materialized {
        query: query.finish()?,
        populated,
    })
}

/// The view of an entry. Errors: as for [`decode_table`].
pub(super) fn decode_view(bytes: &[u8], types: &Types) -> Result<View> {
    let (mut name, mut query, mut comment) = (None, PartialQuery::default(), None);
    let (mut columns, mut check_option) = (Vec::new(), None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.relation()?),
            tag::COLUMN => {
                let column = decode_column(field.bytes(), types)?;
                columns.push((column.name, column.sql_type));
            }
            tag::CHECKED_LOCALLY => check_option = Some(CheckOption::Local),
            tag::CHECKED_CASCADED => check_option = Some(CheckOption::Cascaded),
            tag::COMMENT => comment = Some(field.text()?),
            _ => query.take(field)?,
        }
    }
    Ok(View {
        name: required(name, "a view's name")?,
        columns,
        query: query.finish()?,
        check_option,
        comment,
    })
}

/// CAT-1
fn check_positions(table: &Table) -> Result<()> {
    let width = table.columns.len();
    let positions = |index: &'_ Index| -> Vec<usize> {
        let columns = index.columns.iter().map(|(column, _)| *column);
        columns.filter(|c| index.expression(*c).is_none()).collect()
    };
    let of_indexes: Vec<usize> = table.indexes.iter().flat_map(positions).collect();
    let named = of_indexes.iter();
    let referencing = table.foreign_keys.iter().flat_map(|key| &key.columns);
    let named = named.chain(referencing);
    if let Some(column) = named.chain(&table.row_id_column).find(|c| **c >= width) {
        let name = &table.name;
        return Err(damaged(format_args!("table {name} has no column {column}")));
    }
    // CAT-3
    let of_constraint = |i: &&Index| i.constraint || i.is_deferrable();
    let mut of_constraints = table.indexes.iter().filter(of_constraint);
    if let Some(index) = of_constraints.find(|i| !i.is_plain()) {
        let name = &index.name;
        return Err(damaged(format_args!(
            "index {name} of a constraint has more than columns"
        )));
    }
    if table
        .row_id_column
        .is_some_and(|c| !table.columns[c].sql_type.is_integer())
    {
        return Err(damaged(format_args!(
            "the row id of table {} is not an integer",
            table.name
        )));
    }
    Ok(())
}

pub(super) fn required<T>(value: Option<T>, what: &str) -> Result<T> {
    value.ok_or_else(|| damaged(format_args!("{what} is missing")))
}

pub(super) fn tree_id(field: Field<'_>) -> Result<TreeId> {
    match u32::try_from(field.number()?) {
        Ok(tree) => Ok(TreeId(tree)),
        Err(_) => Err(damaged(format_args!("a tree's number is too large"))),
    }
}

fn decode_column(bytes: &[u8], types: &Types) -> Result<Column> {
    let (mut name, mut sql_type, mut not_null) = (None, None, false);
    let (mut default, mut generated) = (None, None);
    let (mut identity, mut sequences, mut comment) = (None, Vec::new(), None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.text()?),
            tag::TYPE => sql_type = Some(decode_type(field.bytes(), types)?),
            tag::NOT_NULL => not_null = !makes(Mistake::NotNullForgotten),
            tag::DEFAULT if makes(Mistake::DefaultForgotten) => {}
            tag::DEFAULT => default = Some(field.text()?),
            tag::GENERATED => generated = Some(field.text()?),
            tag::IDENTITY_ALWAYS | tag::IDENTITY_BY_DEFAULT => {
                identity = Some(Identity {
                    always: field.tag == tag::IDENTITY_ALWAYS,
                    sequence: field.relation()?,
                });
            }
            tag::SEQUENCE => sequences.push(field.relation()?),
            tag::COMMENT => comment = Some(field.text()?),
            _ => field.unknown()?,
        }
    }
    Ok(Column {
        name: required(name, "a column's name")?,
        sql_type: required(sql_type, "a column's type")?,
        not_null,
        default,
        generated,
        identity,
        sequences,
        comment,
    })
}

pub(super) fn decode_type(bytes: &[u8], types: &Types) -> Result<SqlType> {
    let (mut code, mut precision, mut scale, mut length) = (None, None, None, None);
    let (mut is_array, mut of_enum, mut interval) = (false, None, None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::CODE => code = Some(field.number()?),
            tag::PRECISION => precision = u16::try_from(field.number()?).ok(),
            tag::SCALE => scale = field.bytes().try_into().ok().map(i16::from_le_bytes),
            tag::LENGTH => length = u32::try_from(field.number()?).ok(),
            tag::ARRAY => is_array = true,
            tag::ENUM => of_enum = Some(enum_of(field, types)?),
            tag::FIELDS => interval = Some(interval_fields(field)?),
            _ => field.unknown()?,
        }
    }
    let digits = precision.map(|digits| digits.min(u16::from(DIGITS_MAX)) as u8);
    let modifier = match (length, precision.zip(scale), of_enum) {
        (Some(length), ..) => TypeModifier::Length(length),
        (None, Some((precision, scale)), _) => TypeModifier::Digits(precision, scale),
        (None, None, Some(of)) => TypeModifier::Enum(of),
        // Without a scale it is that of a second.
        (None, None, None) if digits.is_some() || interval.is_some() => {
            TypeModifier::Seconds(interval.unwrap_or_default(), digits)
        }
        (None, None, None) => TypeModifier::None,
    };
    let code = required(code, "a type's code")?;
    let unknown = || damaged(format_args!("type {code} is unknown"));
    let number = u8::try_from(code).map_err(|_| unknown())?;
    let sql_type = coded_type(number, modifier).ok_or_else(unknown)?;
    match is_array {
        true => array_of(sql_type).ok_or_else(unknown),
        false => Ok(sql_type),
    }
}

fn interval_fields(field: Field<'_>) -> Result<Fields> {
    let code = field.number()?;
    let fields = u8::try_from(code).ok().and_then(Fields::coded);
    fields.ok_or_else(|| damaged(format_args!("fields {code} of an interval are unknown")))
}

fn decode_index(bytes: &[u8], types: &Types) -> Result<Index> {
    let (mut name, mut tree, mut columns) = (None, None, Vec::new());
    let (mut unique, mut constraint) = (false, false);
    let (mut expressions, mut predicate, mut comment) = (Vec::new(), None, None);
    let mut timing = ConstraintTiming::NotDeferrable;
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.text()?),
            tag::TREE => tree = Some(tree_id(field)?),
            tag::ASCENDING => columns.push((field.position()?, false)),
            tag::DESCENDING => columns.push((field.position()?, true)),
            tag::UNIQUE => unique = true,
            tag::CONSTRAINT => constraint = true,
            tag::EXPRESSION => expressions.push(decode_expression(field.bytes(), types)?),
            tag::PREDICATE => predicate = Some(field.text()?),
            tag::COMMENT => comment = Some(field.text()?),
            tag::INDEX_TIMING => timing = decode_timing(field)?,
            _ => field.unknown()?,
        }
    }
    Ok(Index {
        name: required(name, "an index's name")?,
        tree: required(tree, "an index's tree")?,
        columns,
        expressions,
        predicate,
        unique,
        constraint,
        timing,
        comment,
    })
}

fn decode_expression(bytes: &[u8], types: &Types) -> Result<IndexExpression> {
    let (mut text, mut sql_type) = (None, None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::TEXT => text = Some(field.text()?),
            tag::TYPE => sql_type = Some(decode_type(field.bytes(), types)?),
            _ => field.unknown()?,
        }
    }
    Ok(IndexExpression {
        text: required(text, "an index's expression")?,
        sql_type: required(sql_type, "a type")?,
    })
}

fn decode_check(bytes: &[u8]) -> Result<(String, String)> {
    let (mut name, mut condition) = (None, None);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NAME => name = Some(field.text()?),
            tag::CONDITION => condition = Some(field.text()?),
            _ => field.unknown()?,
        }
    }
    Ok((
        required(name, "a check's name")?,
        required(condition, "a check's condition")?,
    ))
}

fn decode_statistics(bytes: &[u8]) -> Result<TableStatistics> {
    let mut statistics = TableStatistics::default();
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::ROWS => statistics.rows = field.number()?,
            tag::ROW_BYTES => statistics.row_bytes = field.number()?,
            tag::COLUMN_STATISTICS => statistics
                .columns
                .push(decode_column_statistics(field.bytes())?),
            _ => field.unknown()?,
        }
    }
    Ok(statistics)
}

fn decode_column_statistics(bytes: &[u8]) -> Result<ColumnStatistics> {
    let mut statistics = ColumnStatistics::default();
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::NULL_FRACTION => statistics.null_fraction = field.float()?,
            tag::DISTINCT => statistics.distinct = field.float()?,
            tag::COMMON => statistics.most_common.push(decode_common(field.bytes())?),
            tag::BOUND => statistics.histogram.push(field.bytes().to_vec()),
            _ => field.unknown()?,
        }
    }
    Ok(statistics)
}

fn decode_common(bytes: &[u8]) -> Result<(Vec<u8>, f64)> {
    let (mut key, mut fraction) = (Vec::new(), 0.0);
    for field in fields(bytes) {
        let field = field?;
        match field.tag {
            tag::KEY => key = field.bytes().to_vec(),
            tag::FRACTION => fraction = field.float()?,
            _ => field.unknown()?,
        }
    }
    Ok((key, fraction))
}
