//! Types by their names in SQL.

use super::names::{fold, parts, sql_error};
use crate::catalog::Types;
use crate::error::{Error, Result};
use crate::types::{DIGITS_MAX, EnumType, Fields, IntervalForm, SqlType};
use sqlparser::ast;
use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo, TimezoneInfo};

/// Digits of the longest NUMERIC that can be declared.
const PRECISION_MAX: u64 = 1000;
/// Characters of the longest VARCHAR that can be declared.
const LENGTH_MAX: u64 = 10_485_760;

/// The type that `data_type` names, one of PostgreSQL's own or one of `types`. `42704` when there is none, `0A000` when
/// PostgreSQL has it and we do not.
pub(super) fn sql_type(data_type: &DataType, types: &Types) -> Result<SqlType> {
    Ok(match data_type {
        DataType::Bool | DataType::Boolean => SqlType::Bool,
        DataType::SmallInt(None) | DataType::Int2(None) => SqlType::Int2,
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => SqlType::Int4,
        DataType::BigInt(None) | DataType::Int8(None) => SqlType::Int8,
        DataType::Real | DataType::Float4 => SqlType::Float4,
        DataType::DoublePrecision | DataType::Float8 | DataType::Float(ExactNumberInfo::None) => {
            SqlType::Float8
        }
        DataType::Float(ExactNumberInfo::Precision(bits)) => match bits {
            1..=24 => SqlType::Float4,
            25..=53 => SqlType::Float8,
            0 => {
                return Err(sql_error(
                    "22023",
                    "precision for type float must be at least 1 bit",
                ));
            }
            _ => {
                return Err(sql_error(
                    "22023",
                    "precision for type float must be less than 54 bits",
                ));
            }
        },
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => {
            SqlType::Numeric(numeric(info)?)
        }
        DataType::Text => SqlType::Text,
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => {
            SqlType::Varchar(text_length(length.as_ref(), "varchar")?)
        }
        DataType::Char(length) | DataType::Character(length) => {
            let length = text_length(length.as_ref(), "char")?;
            SqlType::Char(Some(length.unwrap_or(1)))
        }
        DataType::Bytea => SqlType::Bytes,
        DataType::Date => SqlType::Date,
        DataType::Timestamp(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            SqlType::Timestamp(second_digits(*digits))
        }
        DataType::Timestamp(digits, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            SqlType::TimestampTz(second_digits(*digits))
        }
        DataType::Time(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            SqlType::Time(second_digits(*digits))
        }
        DataType::Interval { fields, precision } => {
            SqlType::Interval(interval_form(fields.as_ref(), *precision)?)
        }
        DataType::Uuid => SqlType::Uuid,
        DataType::JSON => SqlType::Json,
        DataType::JSONB => SqlType::Jsonb,
        DataType::Custom(name, modifiers) => {
            let (parts, plain) = (parts(name)?, modifiers.is_empty());
            return match own(&parts, plain, types)? {
                Some(of) => Ok(SqlType::Enum(of)),
                None => custom(&parts, plain, data_type),
            };
        }
        DataType::Array(ast::ArrayElemTypeDef::SquareBracket(element, _)) => {
            // A length is not looked at, as in PostgreSQL; nor is a number of dimensions, but we have one only.
            super::array::array_type(sql_type(element, types)?)?
        }
        other => return Err(Error::unsupported(format_args!("the type {other}"))),
    })
}

/// The type of a cast to one of `pg_catalog`'s own types: of numbers of objects, of names, and of paths.
pub(super) fn of_catalog(data_type: &DataType) -> Result<Option<SqlType>> {
    let DataType::Custom(name, modifiers) = data_type else {
        return Ok(None);
    };
    let names = parts(name)?;
    let name = match names.as_slice() {
        [ident] if modifiers.is_empty() => fold(ident)?,
        _ => return Ok(None),
    };
    Ok(match name.as_str() {
        "oid" => Some(SqlType::Int8),
        "name" | "jsonpath" => Some(SqlType::Text),
        _ => None,
    })
}

fn numeric(info: &ExactNumberInfo) -> Result<Option<(u16, i16)>> {
    let (precision, scale) = match *info {
        ExactNumberInfo::None => return Ok(None),
        ExactNumberInfo::Precision(precision) => (precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (precision, scale),
    };
    if !(1..=PRECISION_MAX).contains(&precision) {
        let message =
            format!("NUMERIC precision {precision} must be between 1 and {PRECISION_MAX}");
        return Err(sql_error("22023", message));
    }
    if !(-1000..=1000).contains(&scale) {
        let message = format!("NUMERIC scale {scale} must be between -1000 and 1000");
        return Err(sql_error("22023", message));
    }
    Ok(Some((precision as u16, scale as i16)))
}

/// Digits of a second as they are declared: where there are more than are kept, PostgreSQL warns and takes all that are.
pub(super) fn second_digits(digits: Option<u64>) -> Option<u8> {
    digits.map(|digits| digits.min(u64::from(DIGITS_MAX)) as u8)
}

/// What is declared of an INTERVAL. Errors: `42601` for digits of a second where there is none.
fn interval_form(
    fields: Option<&ast::IntervalFields>,
    digits: Option<u64>,
) -> Result<Option<IntervalForm>> {
    use ast::IntervalFields as F;
    let fields = match fields {
        None => Fields::All,
        Some(F::Year) => Fields::Year,
        Some(F::Month) => Fields::Month,
        Some(F::Day) => Fields::Day,
        Some(F::Hour) => Fields::Hour,
        Some(F::Minute) => Fields::Minute,
        Some(F::Second) => Fields::Second,
        Some(F::YearToMonth) => Fields::YearToMonth,
        Some(F::DayToHour) => Fields::DayToHour,
        Some(F::DayToMinute) => Fields::DayToMinute,
        Some(F::DayToSecond) => Fields::DayToSecond,
        Some(F::HourToMinute) => Fields::HourToMinute,
        Some(F::HourToSecond) => Fields::HourToSecond,
        Some(F::MinuteToSecond) => Fields::MinuteToSecond,
    };
    if digits.is_some() && !fields.includes(Fields::Second) {
        return Err(sql_error("42601", "syntax error at or near \"(\""));
    }
    Ok(IntervalForm::new(fields, second_digits(digits)))
}

/// The declared length of a VARCHAR or CHAR.
fn text_length(length: Option<&CharacterLength>, name: &str) -> Result<Option<u32>> {
    match length {
        None => Ok(None),
        Some(CharacterLength::IntegerLength { length, unit: None }) => match *length {
            0 => {
                let message = format!("length for type {name} must be at least 1");
                Err(sql_error("22023", message))
            }
            1..=LENGTH_MAX => Ok(Some(*length as u32)),
            _ => {
                let message = format!("length for type {name} cannot exceed {LENGTH_MAX}");
                Err(sql_error("22023", message))
            }
        },
        Some(other) => Err(Error::unsupported(format_args!(
            "the length {other} of a type of text"
        ))),
    }
}

/// The type that a user made by that name, which takes no length. Errors: `42601`.
fn own(name: &[&ast::Ident], plain: bool, types: &Types) -> Result<Option<EnumType>> {
    let found = match name {
        [ident] => types.get(&fold(ident)?),
        [schema, ident] if fold(schema)? == "public" => types.get(&fold(ident)?),
        _ => None,
    };
    match found {
        Some(of) if !plain => {
            let message = format!("type modifier is not allowed for type \"{}\"", of.name());
            Err(sql_error("42601", message))
        }
        found => Ok(found),
    }
}

/// Types that PostgreSQL has and that we refuse by name.
const KNOWN: [&str; 17] = [
    "money", "name", "xml", "inet", "cidr", "macaddr", "macaddr8", "oid", "point", "line", "lseg",
    "box", "path", "polygon", "circle", "timetz", "bit",
];

fn custom(name: &[&sqlparser::ast::Ident], plain: bool, written: &DataType) -> Result<SqlType> {
    let ident = match name {
        [ident] => ident,
        [schema, ident] if fold(schema)? == "pg_catalog" => ident,
        _ => {
            return Err(sql_error(
                "42704",
                format!("type \"{written}\" does not exist"),
            ));
        }
    };
    let found = match fold(ident)?.as_str() {
        "bool" => SqlType::Bool,
        "int2" => SqlType::Int2,
        "int4" => SqlType::Int4,
        "int8" => SqlType::Int8,
        "float4" => SqlType::Float4,
        "float8" => SqlType::Float8,
        "numeric" => SqlType::Numeric(None),
        "text" => SqlType::Text,
        "varchar" => SqlType::Varchar(None),
        "bpchar" => SqlType::Char(None),
        "bytea" => SqlType::Bytes,
        "date" => SqlType::Date,
        "timestamp" => SqlType::Timestamp(None),
        "timestamptz" => SqlType::TimestampTz(None),
        "time" => SqlType::Time(None),
        "interval" => SqlType::Interval(None),
        "uuid" => SqlType::Uuid,
        "json" => SqlType::Json,
        "jsonb" => SqlType::Jsonb,
        known if KNOWN.contains(&known) => {
            return Err(Error::unsupported(format_args!("the type {known}")));
        }
        unknown => {
            return Err(sql_error(
                "42704",
                format!("type \"{unknown}\" does not exist"),
            ));
        }
    };
    if plain {
        Ok(found)
    } else {
        Err(Error::unsupported(format_args!("the type {written}")))
    }
}
