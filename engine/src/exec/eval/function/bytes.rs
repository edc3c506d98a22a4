//! Functions of BYTEA.

use super::super::operand::Operand;
use super::super::time_arithmetic::rowwise;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error, out_of_range};
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The function of that name.
pub(super) fn call(name: F, arguments: &Arguments, result: SqlType) -> Result<Operand> {
    rowwise(&arguments.all(), result, |row| match name {
        F::Trim | F::LTrim | F::RTrim => {
            let bytes = trimmed(name, arguments.bytes(0, row)?, arguments.bytes(1, row)?);
            Ok(Value::Bytes(bytes.to_vec()))
        }
        F::Overlay => overlay(arguments, row),
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

/// Where `part` begins in `bytes`, from 1; 0 when it is not there.
pub(super) fn position(part: &[u8], bytes: &[u8]) -> i64 {
    if part.is_empty() {
        return 1;
    }
    let found = bytes.windows(part.len()).position(|window| window == part);
    found.map_or(0, |at| at as i64 + 1)
}

/// `bytes` without those of `set` at its ends, or at one of them.
fn trimmed<'a>(name: F, mut bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    if name != F::RTrim {
        while let [first, rest @ ..] = bytes
            && set.contains(first)
        {
            bytes = rest;
        }
    }
    if name != F::LTrim {
        while let [rest @ .., last] = bytes
            && set.contains(last)
        {
            bytes = rest;
        }
    }
    bytes
}

/// `overlay(bytes, with, start[, length])`. Errors: `22011` for a start before the first byte, `22003` for an end beyond
/// INTEGER.
fn overlay(arguments: &Arguments, row: usize) -> Result<Value> {
    let (bytes, with) = (arguments.bytes(0, row)?, arguments.bytes(1, row)?);
    let start = arguments.integer(2, row)?;
    let length = match arguments.len() {
        4 => arguments.integer(3, row)?,
        _ => with.len() as i64,
    };
    if start <= 0 {
        return Err(data_error("22011", "negative substring length not allowed"));
    }
    let end = start + length;
    if i32::try_from(end).is_err() {
        return Err(out_of_range(SqlType::Int4));
    }
    let place = |at: i64| bytes.len().min((at.max(1) - 1) as usize);
    let parts = [&bytes[..place(start)], with, &bytes[place(end)..]];
    Ok(Value::Bytes(parts.concat()))
}
