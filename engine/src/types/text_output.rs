//! Values as text, as PostgreSQL's output functions give them with its default settings.

use super::{Decimal, Value, date_to_text, float4_to_text, float8_to_text, timestamp_to_text};

impl Value {
    /// The text that PostgreSQL sends for the value; `None` for NULL.
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => (if *value { "t" } else { "f" }).to_owned(),
            Self::Int2(value) => value.to_string(),
            Self::Int4(value) => value.to_string(),
            Self::Int8(value) => value.to_string(),
            Self::Float4(value) => float4_to_text(*value),
            Self::Float8(value) => float8_to_text(*value),
            Self::Numeric(value) => Decimal::from(value).to_string(),
            Self::Text(value) => value.clone(),
            Self::Bytes(value) => bytes_to_text(value),
            Self::Date(days) => date_to_text(*days),
            Self::Timestamp(micros) => timestamp_to_text(*micros),
        })
    }
}

/// `\x` and hexadecimal digits.
pub(crate) fn bytes_to_text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
