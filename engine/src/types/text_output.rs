//! Values as text, as PostgreSQL's output functions give them with its default settings.

use super::datetime::{time_to_text, timestamp_to_text, timestamp_tz_to_text};
use super::interval::interval_to_text;
use super::{Decimal, Value, Zone, date_to_text, float4_to_text, float8_to_text};

impl Value {
    /// The text that PostgreSQL sends for the value to a session whose time zone is UTC; `None` for NULL.
    pub fn to_text(&self) -> Option<String> {
        self.to_text_in(Zone::UTC)
    }

    /// The text that PostgreSQL sends for the value to a session with that time zone; `None` for NULL.
    pub fn to_text_in(&self, zone: Zone) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => (if *value { "t" } else { "f" }).to_owned(),
            Self::Int2(value) => value.to_string(),
            Self::Int4(value) => value.to_string(),
            Self::Int8(value) => value.to_string(),
            Self::Float4(value) => float4_to_text(*value),
            Self::Float8(value) => float8_to_text(*value),
            Self::Numeric(value) => Decimal::from(value).to_string(),
            Self::Text(value) | Self::Json(value) | Self::Jsonb(value) => value.clone(),
            Self::Bytes(value) => bytes_to_text(value),
            Self::Date(days) => date_to_text(*days),
            Self::Timestamp(micros) => timestamp_to_text(*micros),
            Self::TimestampTz(micros) => timestamp_tz_to_text(*micros, zone),
            Self::Time(micros) => time_to_text(*micros),
            Self::Interval(value) => interval_to_text(*value),
            Self::Uuid(bytes) => uuid_to_text(bytes),
            Self::Enum(of, number) => match of.label(*number) {
                Some(label) => label.to_owned(),
                None => format!("#{number}"),
            },
            Self::Array(array) => array.to_text_in(zone),
        })
    }
}

/// Gives the text of a CHAR(n) its trailing blanks.
pub(crate) fn pad_char(text: &mut String, length: usize) {
    let missing = length.saturating_sub(text.chars().count());
    text.extend(std::iter::repeat_n(' ', missing));
}

/// `\x` and hexadecimal digits.
pub(crate) fn bytes_to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    push_hex(&mut text, bytes);
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`
fn uuid_to_text(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (part, at) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if part > 0 {
            text.push('-');
        }
        push_hex(&mut text, &bytes[at]);
    }
    text
}
