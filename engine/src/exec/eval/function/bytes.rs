//! Functions of BYTEA, and of sizes in bytes.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The function of that name.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| match name {
        F::SizePretty => Ok(Value::Text(pretty(arguments.integer(0, row)?))),
        F::ConvertTo => {
            check_utf8("destination", arguments.text(1, row)?)?;
            Ok(Value::Bytes(arguments.text(0, row)?.as_bytes().to_vec()))
        }
        F::ConvertFrom => {
            check_utf8("source", arguments.text(1, row)?)?;
            let text = std::str::from_utf8(arguments.bytes(0, row)?);
            let text = text
                .map_err(|_| data_error("22021", "invalid byte sequence for encoding \"UTF8\""))?;
            Value::from_text(text, SqlType::Text)
        }
        _ => of_bytes(name, arguments, row),
    })
}

fn of_bytes(name: F, arguments: &Arguments, row: usize) -> Result<Value> {
    let bytes = arguments.bytes(0, row)?;
    let number = |at: usize| arguments.integer(at, row);
    match name {
        F::Sha(224) => Ok(Value::Bytes(Sha224::digest(bytes).to_vec())),
        F::Sha(256) => Ok(Value::Bytes(Sha256::digest(bytes).to_vec())),
        F::Sha(384) => Ok(Value::Bytes(Sha384::digest(bytes).to_vec())),
        F::Sha(_) => Ok(Value::Bytes(Sha512::digest(bytes).to_vec())),
        F::BitCount => {
            let ones: i64 = bytes.iter().map(|b| i64::from(b.count_ones())).sum();
            Ok(Value::Int8(ones))
        }
        F::GetByte => {
            let at = index(number(1)?, bytes.len())?;
            Ok(Value::Int4(bytes[at].into()))
        }
        F::SetByte => {
            let at = index(number(1)?, bytes.len())?;
            let mut changed = bytes.to_vec();
            changed[at] = number(2)? as u8; // the lowest byte, as in PostgreSQL
            Ok(Value::Bytes(changed))
        }
        F::GetBit => {
            let at = index(number(1)?, bytes.len() * 8)?;
            Ok(Value::Int4((bytes[at / 8] >> (at % 8) & 1).into()))
        }
        F::SetBit => {
            let at = index(number(1)?, bytes.len() * 8)?;
            let mut changed = bytes.to_vec();
            match number(2)? {
                0 => changed[at / 8] &= !(1 << (at % 8)),
                1 => changed[at / 8] |= 1 << (at % 8),
                _ => return Err(data_error("22023", "new bit must be 0 or 1")),
            }
            Ok(Value::Bytes(changed))
        }
        _ => Err(Error::misuse("a function of bytes")),
    }
}

/// A place among `count`, from 0. Errors: `2202E`.
fn index(index: i64, count: usize) -> Result<usize> {
    let found = usize::try_from(index).ok().filter(|at| *at < count);
    found.ok_or_else(|| {
        let last = count as i64 - 1;
        data_error(
            "2202E",
            format!("index {index} out of valid range, 0..{last}"),
        )
    })
}

/// Errors: `22023` for an encoding that is not UTF-8, the only one that is here.
fn check_utf8(role: &str, encoding: &str) -> Result<()> {
    let letters = encoding.to_ascii_lowercase().replace(['-', '_'], "");
    match letters.as_str() {
        "utf8" | "unicode" => Ok(()),
        _ => {
            let message = format!("invalid {role} encoding name \"{encoding}\"");
            Err(data_error("22023", message))
        }
    }
}

/// `pg_size_pretty`: in the greatest unit in which it still has enough digits, rounded half away from zero.
fn pretty(size: i64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if size.unsigned_abs() < 10 * 1024 {
        return format!("{size} bytes");
    }
    // Twice the size in the unit, so that it can be rounded.
    let mut twice = size / (1 << 9);
    for (at, unit) in UNITS.iter().enumerate() {
        if twice.unsigned_abs() < 20 * 1024 - 1 || at + 1 == UNITS.len() {
            let rounded = (twice + if twice < 0 { -1 } else { 1 }) / 2;
            return format!("{rounded} {unit}");
        }
        twice /= 1 << 10;
    }
    size.to_string()
}
