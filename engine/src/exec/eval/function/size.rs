//! Sizes in bytes as people write them.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{Decimal, SqlType, Value, data_error, out_of_range};

/// The units above a byte, each 1,024 times the one before.
const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];

/// `pg_size_pretty`, `pg_size_bytes`.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    arguments.each_row(result, |values| match (name, values) {
        (_, [Value::Null]) => Ok(Value::Null),
        (F::SizePretty, [Value::Int8(size)]) => pretty(Decimal::from(*size)),
        (F::SizePretty, [Value::Numeric(size)]) => pretty(size.into()),
        (F::SizeBytes, [Value::Text(text)]) => bytes(text),
        _ => Err(Error::misuse("a function of sizes has another argument")),
    })
}

/// A size in the greatest unit in which it still has enough digits, rounded half away from zero.
fn pretty(size: Decimal) -> Result<Value> {
    let below = |size: &Decimal, limit: i64| size.abs() < Decimal::from(limit);
    if below(&size, 10 * 1024) {
        return Ok(Value::Text(format!("{size} bytes")));
    }
    // Twice the size in the unit, so that it can be rounded.
    let mut twice = divided(&size, 1 << 9)?;
    let mut units = UNITS.iter().peekable();
    while let Some(unit) = units.next() {
        if below(&twice, 20 * 1024 - 1) || units.peek().is_none() {
            let away = if twice.is_negative() { -1 } else { 1 };
            let rounded = divided(&twice.add(&Decimal::from(away))?, 2)?;
            return Ok(Value::Text(format!("{rounded} {unit}")));
        }
        twice = divided(&twice, 1 << 10)?;
    }
    Err(Error::misuse("the last unit is that of any size"))
}

/// The whole part of a quotient.
fn divided(a: &Decimal, b: i64) -> Result<Decimal> {
    let b = Decimal::from(b);
    let whole = a.subtract(&a.remainder(&b)?)?;
    whole.divide_at_scale(&b, 0)
}

/// What a size of a number and a unit is in bytes. Errors: `22023` for a text that is none, `22003` beyond BIGINT.
fn bytes(text: &str) -> Result<Value> {
    let invalid = || data_error("22023", format!("invalid size: \"{text}\""));
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
    let (number, unit) = trimmed.split_at(number_bytes(trimmed));
    let number = Decimal::parse(number).map_err(|error| match error.sqlstate() {
        "22003" => out_of_range(SqlType::Int8),
        _ => invalid(),
    })?;
    let unit = unit.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let power = match UNITS.iter().position(|u| u.eq_ignore_ascii_case(unit)) {
        Some(at) => at + 1,
        None if unit.is_empty() || unit.eq_ignore_ascii_case("bytes") => 0,
        None => return Err(invalid()),
    };
    let size = number.multiply(&Decimal::from(1i64 << (10 * power)))?;
    Ok(Value::Int8(size.to_integer(SqlType::Int8)?))
}

/// How long the number is that `text` begins with: sign, digits, point, digits, exponent.
fn number_bytes(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.bytes().take_while(u8::is_ascii_digit).count()
    };
    let sign = |from: usize| usize::from(matches!(text.as_bytes().get(from), Some(b'+' | b'-')));
    let whole = digits(sign(0));
    let end = match text.as_bytes().get(whole) {
        Some(b'.') => digits(whole + 1),
        _ => whole,
    };
    if let Some(b'e' | b'E') = text.as_bytes().get(end) {
        let exponent = end + 1 + sign(end + 1);
        if digits(exponent) > exponent {
            return digits(exponent);
        }
    }
    end
}
