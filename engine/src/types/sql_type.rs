//! The types of SQL, their names and families.

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
    /// `TIMESTAMP WITHOUT TIME ZONE`
    Timestamp,
    /// `TIMESTAMP WITH TIME ZONE`
    TimestampTz,
    /// `TIME WITHOUT TIME ZONE`
    Time,
    /// `INTERVAL`
    Interval,
    /// `UUID`
    Uuid,
    /// `JSON`: the text as it was given; it has no equality.
    Json,
    /// `JSONB`
    Jsonb,
}

impl SqlType {
    /// The name without length, precision or scale: `character varying` for `VARCHAR(10)`.
    pub fn base_name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric(_) => "numeric",
            Self::Text => "text",
            Self::Varchar(_) => "character varying",
            Self::Char(_) => "character",
            Self::Bytes => "bytea",
            Self::Date => "date",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
            Self::Time => "time without time zone",
            Self::Interval => "interval",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
        }
    }

    /// The type without length, precision or scale.
    #[must_use]
    pub fn base(self) -> Self {
        match self {
            Self::Numeric(_) => Self::Numeric(None),
            Self::Varchar(_) => Self::Varchar(None),
            Self::Char(_) => Self::Char(None),
            other => other,
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
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampTz)
    }
}

impl fmt::Display for SqlType {
    /// The name as PostgreSQL's `format_type` gives it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base_name())?;
        match self {
            Self::Numeric(Some((precision, scale))) => write!(f, "({precision},{scale})"),
            Self::Varchar(Some(length)) | Self::Char(Some(length)) => write!(f, "({length})"),
            _ => Ok(()),
        }
    }
}
