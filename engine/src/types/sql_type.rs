//! The types of SQL, their names and families.

use super::{ElementType, EnumType, IntervalForm};
use std::fmt;

/// A type of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SqlType {
    /// A literal whose type its context decides.
    Unknown,
    /// `BOOLEAN`
    Bool,
    /// `SMALLINT`
    Int2,
    /// `INTEGER`
    Int4,
    /// `BIGINT`
    Int8,
    /// `REAL`
    Float4,
    /// `DOUBLE PRECISION`
    Float8,
    /// `NUMERIC`, with precision and scale where declared.
    Numeric(Option<(u16, i16)>),
    /// `TEXT`
    Text,
    /// `VARCHAR`, with its length in characters where declared.
    Varchar(Option<u32>),
    /// `CHAR`, with its length in characters where declared. Values are kept without trailing blanks, which mean nothing
    /// in it, and get them back where a result is given out.
    Char(Option<u32>),
    /// `BYTEA`
    Bytes,
    /// `DATE`
    Date,
    /// `TIMESTAMP WITHOUT TIME ZONE`, with its digits of a second where declared.
    Timestamp(Option<u8>),
    /// `TIMESTAMP WITH TIME ZONE`, with its digits of a second where declared.
    TimestampTz(Option<u8>),
    /// `TIME WITHOUT TIME ZONE`, with its digits of a second where declared.
    Time(Option<u8>),
    /// `INTERVAL`, with its fields and digits of a second where declared.
    Interval(Option<IntervalForm>),
    /// `UUID`
    Uuid,
    /// `JSON`: the text as it was given; it has no equality.
    Json,
    /// `JSONB`
    Jsonb,
    /// A type of `CREATE TYPE … AS ENUM`.
    Enum(EnumType),
    /// An array of one dimension.
    Array(ElementType),
}

impl SqlType {
    /// The types that a key may be made of, without length, precision or scale; ENUM types are more of them.
    pub const KEYS: [Self; 17] = [
        Self::Bool,
        Self::Int2,
        Self::Int4,
        Self::Int8,
        Self::Float4,
        Self::Float8,
        Self::Numeric(None),
        Self::Text,
        Self::Varchar(None),
        Self::Char(None),
        Self::Bytes,
        Self::Date,
        Self::Timestamp(None),
        Self::TimestampTz(None),
        Self::Time(None),
        Self::Interval(None),
        Self::Uuid,
    ];

    /// The name without length, precision or scale: `character varying` for `VARCHAR(10)`.
    pub fn base_name(self) -> &'static str {
        macro_rules! name {
            ($sql_type:expr, $suffix:literal) => {
                match $sql_type {
                    Self::Unknown => concat!("unknown", $suffix),
                    Self::Bool => concat!("boolean", $suffix),
                    Self::Int2 => concat!("smallint", $suffix),
                    Self::Int4 => concat!("integer", $suffix),
                    Self::Int8 => concat!("bigint", $suffix),
                    Self::Float4 => concat!("real", $suffix),
                    Self::Float8 => concat!("double precision", $suffix),
                    Self::Numeric(_) => concat!("numeric", $suffix),
                    Self::Text => concat!("text", $suffix),
                    Self::Varchar(_) => concat!("character varying", $suffix),
                    Self::Char(_) => concat!("character", $suffix),
                    Self::Bytes => concat!("bytea", $suffix),
                    Self::Date => concat!("date", $suffix),
                    Self::Timestamp(_) => concat!("timestamp without time zone", $suffix),
                    Self::TimestampTz(_) => concat!("timestamp with time zone", $suffix),
                    Self::Time(_) => concat!("time without time zone", $suffix),
                    Self::Interval(_) => concat!("interval", $suffix),
                    Self::Uuid => concat!("uuid", $suffix),
                    Self::Json => concat!("json", $suffix),
                    Self::Jsonb => concat!("jsonb", $suffix),
                    Self::Enum(_) | Self::Array(_) => "an array of arrays",
                }
            };
        }
        match self {
            Self::Enum(of) => of.name(),
            Self::Array(element) => match element.sql_type() {
                Self::Enum(of) => of.array_name(),
                element => name!(element, "[]"),
            },
            other => name!(other, ""),
        }
    }

    /// The type without length, precision or scale.
    #[must_use]
    pub fn base(self) -> Self {
        match self {
            Self::Numeric(_) => Self::Numeric(None),
            Self::Varchar(_) => Self::Varchar(None),
            Self::Char(_) => Self::Char(None),
            Self::Interval(_) => Self::Interval(None),
            Self::Array(element) => Self::Array(element.base()),
            other => other.with_second_digits(None),
        }
    }

    /// A time with that many digits of a second; any other type as it is.
    #[must_use]
    pub(crate) fn with_second_digits(self, digits: Option<u8>) -> Self {
        match self {
            Self::Timestamp(_) => Self::Timestamp(digits),
            Self::TimestampTz(_) => Self::TimestampTz(digits),
            Self::Time(_) => Self::Time(digits),
            other => other,
        }
    }

    /// The digits of a second that are declared for a time.
    pub(crate) fn second_digits(self) -> Option<u8> {
        match self {
            Self::Timestamp(digits) | Self::TimestampTz(digits) | Self::Time(digits) => digits,
            _ => None,
        }
    }

    /// SMALLINT, INTEGER, BIGINT.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    /// REAL, DOUBLE PRECISION.
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float4 | Self::Float8)
    }

    /// NUMERIC of any precision.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Numeric(_))
    }

    /// Any type of number.
    pub fn is_number(self) -> bool {
        self.is_integer() || self.is_float() || self.is_numeric()
    }

    /// TEXT and VARCHAR of any length (not CHAR, not an unknown literal).
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_))
    }

    /// DATE, TIMESTAMP with or without time zone.
    pub fn is_datetime(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp(_) | Self::TimestampTz(_))
    }
}

impl fmt::Display for SqlType {
    /// The name as PostgreSQL's `format_type` gives it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, suffix) = match self {
            Self::Array(element) => (element.sql_type(), "[]"),
            other => (*other, ""),
        };
        if let Self::Timestamp(Some(digits))
        | Self::TimestampTz(Some(digits))
        | Self::Time(Some(digits)) = plain
        {
            // They stand in the middle.
            let (name, zone) = plain.base_name().split_once(' ').unwrap_or_default();
            return write!(f, "{name}({digits}) {zone}{suffix}");
        }
        f.write_str(plain.base_name())?;
        match plain {
            Self::Interval(Some(form)) => write!(f, "{form}")?,
            Self::Numeric(Some((precision, scale))) => write!(f, "({precision},{scale})")?,
            Self::Varchar(Some(length)) | Self::Char(Some(length)) => write!(f, "({length})")?,
            _ => {}
        }
        f.write_str(suffix)
    }
}
