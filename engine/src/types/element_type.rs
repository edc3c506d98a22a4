//! The numbers that stand for types on disk, and the type of an array's elements, which is one of them with its length
//! or digits.

use super::{EnumType, Fields, IntervalForm, SqlType};

/// Type of the elements of an array: any but an array and a literal whose type is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ElementType {
    code: u8,
    modifier: TypeModifier,
}

/// What may stand in parentheses behind the name of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum TypeModifier {
    /// Nothing.
    #[default]
    None,
    /// Characters of a VARCHAR or CHAR.
    Length(u32),
    /// Precision and scale of a NUMERIC.
    Digits(u16, i16),
    /// Which ENUM type it is.
    Enum(EnumType),
    /// Fields of an INTERVAL, and digits of a second.
    Seconds(Fields, Option<u8>),
}

impl ElementType {
    /// `None` for an array and for an unknown literal, which no array has as elements.
    pub fn new(sql_type: SqlType) -> Option<Self> {
        if matches!(sql_type, SqlType::Array(_) | SqlType::Unknown) {
            return None;
        }
        let (code, modifier) = type_code(sql_type);
        Some(Self { code, modifier })
    }

    /// The type of one element.
    pub fn sql_type(self) -> SqlType {
        // A code comes from `type_code` alone, so that there is a type.
        coded_type(self.code, self.modifier).unwrap_or(SqlType::Unknown)
    }

    /// Without length, precision and scale.
    #[must_use]
    pub(super) fn base(self) -> Self {
        match self.modifier {
            TypeModifier::Enum(_) => self,
            _ => Self {
                modifier: TypeModifier::None,
                ..self
            },
        }
    }
}

/// The number of a type on disk, and what is declared with it; of an array, those of its elements.
pub(crate) fn type_code(sql_type: SqlType) -> (u8, TypeModifier) {
    let plain = |code| (code, TypeModifier::None);
    let of_length = |code, length: Option<u32>| {
        let modifier = length.map_or(TypeModifier::None, TypeModifier::Length);
        (code, modifier)
    };
    let seconds = |code, fields, digits: Option<u8>| match (fields, digits) {
        (Fields::All, None) => (code, TypeModifier::None),
        _ => (code, TypeModifier::Seconds(fields, digits)),
    };
    match sql_type {
        SqlType::Unknown => plain(0),
        SqlType::Bool => plain(1),
        SqlType::Int2 => plain(2),
        SqlType::Int4 => plain(3),
        SqlType::Int8 => plain(4),
        SqlType::Float4 => plain(5),
        SqlType::Float8 => plain(6),
        SqlType::Numeric(None) => plain(7),
        SqlType::Numeric(Some((precision, scale))) => (7, TypeModifier::Digits(precision, scale)),
        SqlType::Text => plain(8),
        SqlType::Varchar(length) => of_length(9, length),
        SqlType::Bytes => plain(10),
        SqlType::Date => plain(11),
        SqlType::Timestamp(digits) => seconds(12, Fields::All, digits),
        SqlType::TimestampTz(digits) => seconds(13, Fields::All, digits),
        SqlType::Time(digits) => seconds(14, Fields::All, digits),
        SqlType::Interval(None) => plain(15),
        SqlType::Interval(Some(form)) => seconds(15, form.fields, form.digits),
        SqlType::Uuid => plain(16),
        SqlType::Char(length) => of_length(17, length),
        SqlType::Json => plain(18),
        SqlType::Jsonb => plain(19),
        SqlType::Enum(of) => (20, TypeModifier::Enum(of)),
        SqlType::Array(element) => (element.code, element.modifier),
    }
}

/// The type with that number, `None` when there is none; a modifier that is not of the type is not looked at.
pub(crate) fn coded_type(code: u8, modifier: TypeModifier) -> Option<SqlType> {
    let length = match modifier {
        TypeModifier::Length(length) => Some(length),
        _ => None,
    };
    let digits = match modifier {
        TypeModifier::Digits(precision, scale) => Some((precision, scale)),
        _ => None,
    };
    let (fields, seconds) = match modifier {
        TypeModifier::Seconds(fields, digits) => (fields, digits),
        _ => (Fields::All, None),
    };
    Some(match code {
        1 => SqlType::Bool,
        2 => SqlType::Int2,
        3 => SqlType::Int4,
        4 => SqlType::Int8,
        5 => SqlType::Float4,
        6 => SqlType::Float8,
        7 => SqlType::Numeric(digits),
        8 => SqlType::Text,
        9 => SqlType::Varchar(length),
        10 => SqlType::Bytes,
        11 => SqlType::Date,
        12 => SqlType::Timestamp(seconds),
        13 => SqlType::TimestampTz(seconds),
        14 => SqlType::Time(seconds),
        15 => SqlType::Interval(IntervalForm::new(fields, seconds)),
        16 => SqlType::Uuid,
        17 => SqlType::Char(length),
        18 => SqlType::Json,
        19 => SqlType::Jsonb,
        20 => match modifier {
            TypeModifier::Enum(of) => SqlType::Enum(of),
            _ => return None,
        },
        _ => return None,
    })
}
