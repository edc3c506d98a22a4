//! Types as PostgreSQL describes them.

use crate::catalog::Schema;
use crate::types::{ElementType, Fields, SqlType};

/// What PostgreSQL knows of a type that is no array.
pub(super) struct TypeRow {
    pub(super) sql_type: SqlType,
    /// `typname`
    pub(super) name: &'static str,
    pub(super) number: i64,
    /// The number of the type of its arrays.
    pub(super) array: i64,
    /// Bytes of a value in PostgreSQL; -1 for those of any length.
    pub(super) bytes: i64,
    pub(super) category: &'static str,
}

/// The name and the number of a type, and what it or the type of its elements is.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) number: i64,
    pub(super) is_array: bool,
    /// The number of the type of its arrays, of an array that of its elements.
    pub(super) other: i64,
    pub(super) row: &'static TypeRow,
}

const fn row(
    sql_type: SqlType,
    name: &'static str,
    (number, array): (i64, i64),
    bytes: i64,
    category: &'static str,
) -> TypeRow {
    TypeRow {
        sql_type,
        name,
        number,
        array,
        bytes,
        category,
    }
}

/// All types that are no arrays, by their numbers.
static TYPES: [TypeRow; 20] = [
    row(SqlType::Bool, "bool", (16, 1000), 1, "B"),
    row(SqlType::Bytes, "bytea", (17, 1001), -1, "U"),
    row(SqlType::Int8, "int8", (20, 1016), 8, "N"),
    row(SqlType::Int2, "int2", (21, 1005), 2, "N"),
    row(SqlType::Int4, "int4", (23, 1007), 4, "N"),
    row(SqlType::Text, "text", (25, 1009), -1, "S"),
    row(SqlType::Json, "json", (114, 199), -1, "U"),
    row(SqlType::Float4, "float4", (700, 1021), 4, "N"),
    row(SqlType::Float8, "float8", (701, 1022), 8, "N"),
    row(SqlType::Unknown, "unknown", (705, 0), -2, "X"),
    row(SqlType::Char(None), "bpchar", (1042, 1014), -1, "S"),
    row(SqlType::Varchar(None), "varchar", (1043, 1015), -1, "S"),
    row(SqlType::Date, "date", (1082, 1182), 4, "D"),
    row(SqlType::Time(None), "time", (1083, 1183), 8, "D"),
    row(SqlType::Timestamp(None), "timestamp", (1114, 1115), 8, "D"),
    row(
        SqlType::TimestampTz(None),
        "timestamptz",
        (1184, 1185),
        8,
        "D",
    ),
    row(SqlType::Interval(None), "interval", (1186, 1187), 16, "T"),
    row(SqlType::Numeric(None), "numeric", (1700, 1231), -1, "N"),
    row(SqlType::Uuid, "uuid", (2950, 2951), 16, "U"),
    row(SqlType::Jsonb, "jsonb", (3802, 3807), -1, "U"),
];

/// The name of a type in PostgreSQL's catalog, of an array that of the type of its elements.
pub(in crate::sql) fn type_name(sql_type: SqlType) -> &'static str {
    match sql_type {
        SqlType::Enum(of) => of.name(),
        other => describe(other).row.name,
    }
}

/// All types: those that are no arrays by their numbers, those of users by their names, then arrays of each.
pub(super) fn known_types(schema: &Schema) -> Vec<SqlType> {
    let own = TYPES.iter().map(|row| row.sql_type);
    let mut types: Vec<SqlType> = own
        .chain(schema.types().iter().map(SqlType::Enum))
        .collect();
    let arrays = types.clone().into_iter().filter_map(ElementType::new);
    types.extend(arrays.map(SqlType::Array));
    types
}

/// What the ENUM types have in common.
static ENUM: TypeRow = row(SqlType::Unknown, "", (0, 0), 4, "E");

/// The number of the ENUM type that has none in its database, and that of the type of its arrays.
const ENUM_NUMBERS: (i64, i64) = (1_000_000, 2_000_000);

/// What PostgreSQL knows of a type.
pub(super) fn describe(sql_type: SqlType) -> Described {
    let (plain, is_array) = match sql_type {
        SqlType::Array(element) => (element.sql_type().base(), true),
        other => (other.base(), false),
    };
    if let SqlType::Enum(of) = plain {
        let id = i64::from(of.id());
        let (number, array) = (id + ENUM_NUMBERS.0, id + ENUM_NUMBERS.1);
        return Described {
            name: format!("{}{}", if is_array { "_" } else { "" }, of.name()),
            number: if is_array { array } else { number },
            is_array,
            other: if is_array { number } else { array },
            row: &ENUM,
        };
    }
    let found = TYPES.iter().find(|row| row.sql_type == plain);
    let row = found.unwrap_or(&TYPES[5]);
    Described {
        name: format!("{}{}", if is_array { "_" } else { "" }, row.name),
        number: if is_array { row.array } else { row.number },
        is_array,
        other: if is_array { row.number } else { row.array },
        row,
    }
}

impl TypeRow {
    /// Whether PostgreSQL passes values in registers.
    pub(super) fn is_by_value(&self) -> bool {
        (1..=8).contains(&self.bytes)
    }

    /// `typalign`: to how many bytes values stand, as a letter.
    pub(super) fn alignment(&self) -> &'static str {
        match (self.sql_type, self.bytes) {
            (SqlType::Uuid, _) | (_, 1 | -2) => "c",
            (_, 2) => "s",
            (_, 8 | 16) => "d",
            _ => "i",
        }
    }

    /// `typstorage`: whether values may be compressed and stored apart, as a letter.
    pub(super) fn storage(&self) -> &'static str {
        match (self.sql_type, self.bytes) {
            (SqlType::Numeric(_), _) => "m",
            (_, -1) => "x",
            _ => "p",
        }
    }

    /// The number of the collation: the default one of texts, or none.
    pub(super) fn collation(&self) -> i64 {
        if self.category == "S" { 100 } else { 0 }
    }
}

/// The bits that stand for the fields of an INTERVAL.
const INTERVAL_BITS: [(Fields, i64); 6] = [
    (Fields::Month, 1),
    (Fields::Year, 2),
    (Fields::Day, 3),
    (Fields::Hour, 10),
    (Fields::Minute, 11),
    (Fields::Second, 12),
];

/// `atttypmod`: length, or precision and scale, as PostgreSQL encodes them; -1 without.
pub(super) fn modifier(sql_type: SqlType) -> i64 {
    match sql_type {
        SqlType::Varchar(Some(length)) | SqlType::Char(Some(length)) => i64::from(length) + 4,
        SqlType::Numeric(Some((precision, scale))) => {
            (i64::from(precision) << 16 | i64::from(scale) & 0x7FF) + 4
        }
        SqlType::Timestamp(Some(digits))
        | SqlType::TimestampTz(Some(digits))
        | SqlType::Time(Some(digits)) => i64::from(digits),
        SqlType::Interval(Some(form)) => {
            let fields = match form.fields {
                Fields::All => 0x7FFF,
                fields => INTERVAL_BITS
                    .iter()
                    .filter(|(field, _)| fields.includes(*field))
                    .map(|(_, bit)| 1 << bit)
                    .sum(),
            };
            fields << 16 | form.digits.map_or(0xFFFF, i64::from)
        }
        SqlType::Array(element) => modifier(element.sql_type()),
        _ => -1,
    }
}
