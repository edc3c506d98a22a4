//! Texts in encodings: UTF-8, which is that of the database, LATIN1, and SQL_ASCII, which is none.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error};

#[derive(Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Latin1,
    /// Bytes that nobody looks at.
    SqlAscii,
}

/// What PostgreSQL has beside these, by the letters and digits of its names.
const ELSEWHERE: &str = " abc alt big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk iso885910 iso885913 iso885914 \
    iso885915 iso885916 iso88592 iso88593 iso88594 iso88595 iso88596 iso88597 iso88598 iso88599 johab koi8 koi8r koi8u \
    latin10 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 mskanji muleinternal shiftjis shiftjis2004 sjis \
    tcvn tcvn5712 uhc vscii win win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258 win866 win874 \
    win932 win936 win949 win950 windows1250 windows1251 windows1252 windows1253 windows1254 windows1255 windows1256 \
    windows1257 windows1258 windows866 windows874 windows932 windows936 windows949 windows950 ";

impl Encoding {
    /// Errors: `22023` for a name that is none's, `0A000` for one that is not here.
    fn named(role: &str, name: &str) -> Result<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "utf8" | "unicode" => Ok(Self::Utf8),
            "latin1" | "iso88591" => Ok(Self::Latin1),
            "sqlascii" => Ok(Self::SqlAscii),
            known if !known.is_empty() && ELSEWHERE.contains(&format!(" {known} ")) => {
                Err(Error::unsupported(format_args!("the encoding {name}")))
            }
            _ => {
                let message = format!("invalid {role} encoding name \"{name}\"");
                Err(data_error("22023", message))
            }
        }
    }
}

/// `convert`, `convert_from`, `convert_to`.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| match name {
        F::ConvertTo => {
            let to = Encoding::named("destination", arguments.text(1, row)?)?;
            let bytes = arguments.text(0, row)?.as_bytes();
            converted(bytes, Encoding::Utf8, to).map(Value::Bytes)
        }
        F::ConvertFrom => {
            let from = Encoding::named("source", arguments.text(1, row)?)?;
            let bytes = converted(arguments.bytes(0, row)?, from, Encoding::Utf8)?;
            let text = String::from_utf8(bytes);
            text.map(Value::Text)
                .map_err(|e| invalid(e.as_bytes(), Encoding::Utf8))
        }
        _ => {
            let from = Encoding::named("source", arguments.text(1, row)?)?;
            let to = Encoding::named("destination", arguments.text(2, row)?)?;
            converted(arguments.bytes(0, row)?, from, to).map(Value::Bytes)
        }
    })
}

/// A text in another encoding. Errors: `22021` for bytes that are none, `22P05` for a character that the other has not.
fn converted(bytes: &[u8], from: Encoding, to: Encoding) -> Result<Vec<u8>> {
    // What is in no encoding is taken for one in the other.
    let from = if from == Encoding::SqlAscii { to } else { from };
    if bytes.contains(&0) && from != Encoding::SqlAscii {
        return Err(invalid(&[0], from));
    }
    let text = match from {
        Encoding::Utf8 => std::str::from_utf8(bytes)
            .map_err(|e| invalid(&bytes[e.valid_up_to()..], Encoding::Utf8))?,
        Encoding::Latin1 if to == Encoding::Utf8 => {
            let text: String = bytes.iter().map(|b| char::from(*b)).collect();
            return Ok(text.into_bytes());
        }
        _ => return Ok(bytes.to_vec()),
    };
    match to {
        Encoding::Latin1 => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| without_equivalent(c)))
            .collect(),
        _ => Ok(bytes.to_vec()),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|b| format!("0x{b:02x}")).collect();
    bytes.join(" ")
}

/// SQLSTATE `22021`, of the character that `rest` begins with.
fn invalid(rest: &[u8], encoding: Encoding) -> Error {
    let name = match encoding {
        Encoding::Latin1 => "LATIN1",
        _ => "UTF8",
    };
    let length = match rest.first() {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf7) => 4,
        _ => 1,
    };
    let shown = hexadecimal(&rest[..length.min(rest.len())]);
    let message = format!("invalid byte sequence for encoding \"{name}\": {shown}");
    data_error("22021", message)
}

fn without_equivalent(c: char) -> Error {
    let shown = hexadecimal(c.to_string().as_bytes());
    let message = format!(
        "character with byte sequence {shown} in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\""
    );
    data_error("22P05", message)
}
