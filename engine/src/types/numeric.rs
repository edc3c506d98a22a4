//! The encoded form of a NUMERIC, in columns and in rows, and a form whose bytes have the order of the values.
//!
//! ```text
//! encoded:     | scale, 2 bytes little-endian | coefficient, two's complement little-endian, as short as possible |
//!              zero has no coefficient bytes; the value is coefficient / 10^scale
//!
//! comparable:  zero      | 80 |
//!              positive  | C0 | exponent of the first digit + 2^31, 4 bytes big-endian | digit pairs + 1 … | 00 |
//!              negative  the bytes of the positive number, each inverted
//! ```
//!
//! The comparable form has no scale: `1.1` and `1.10` have the same bytes, as they are equal.

use super::Decimal;
use super::decimal::Coefficient;
pub(crate) use super::decimal::SCALE_MAX;
use crate::{Error, Result};
use bigdecimal::BigDecimal;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// Bytes of the scale.
const SCALE_BYTES: usize = 2;

/// The encoded form of a number within the limits of NUMERIC (at most 16383 digits after the point).
pub fn encode(value: &BigDecimal) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(10);
    encode_decimal(&Decimal::from(value), &mut bytes);
    bytes
}

/// Appends the encoded form.
pub fn encode_decimal(value: &Decimal, out: &mut Vec<u8>) {
    debug_assert!(value.scale <= SCALE_MAX);
    out.extend_from_slice(&(value.scale as u16).to_le_bytes());
    match &value.coefficient {
        Coefficient::Small(small) => {
            let bytes = small.to_le_bytes();
            // The sign of the bytes that stay must be the sign of the number.
            let length = match *small {
                0 => 0,
                n => (128 - (n ^ (n >> 127)).leading_zeros() as usize) / 8 + 1,
            };
            out.extend_from_slice(&bytes[..length]);
        }
        Coefficient::Big(big) => out.extend_from_slice(&big.to_signed_bytes_le()),
    }
}

/// Appends the encoded form of `coefficient / 10^scale`.
#[inline]
pub(crate) fn encode_short(coefficient: i64, scale: u32, out: &mut Vec<u8>) {
    debug_assert!(scale <= SCALE_MAX);
    let length = match coefficient {
        0 => 0,
        n => (64 - (n ^ (n >> 63)).leading_zeros() as usize) / 8 + 1,
    };
    // Copies of a fixed length are single instructions; what is too much is cut off.
    let end = out.len() + SCALE_BYTES + length;
    out.extend_from_slice(&(scale as u16).to_le_bytes());
    out.extend_from_slice(&coefficient.to_le_bytes());
    out.truncate(end);
}

/// Coefficient and scale of the encoded form at `bytes[start..end]`, when 64 bits hold the coefficient. Copies a whole
/// word, so that it gives `None` too where `bytes` end less than a word behind `start`.
#[inline]
pub(crate) fn decode_short(bytes: &[u8], start: usize, end: usize) -> Option<(i64, u32)> {
    let (scale, behind) = bytes.get(start..)?.split_first_chunk::<SCALE_BYTES>()?;
    let scale = u32::from(u16::from_le_bytes(*scale));
    let word = i64::from_le_bytes(*behind.first_chunk::<8>()?);
    let unused = match end.checked_sub(start + SCALE_BYTES)? {
        0 if scale <= SCALE_MAX => return Some((0, scale)),
        length @ 1..=8 => 64 - 8 * length as u32,
        _ => return None,
    };
    (scale <= SCALE_MAX).then_some(((word << unused) >> unused, scale))
}

/// The number of an encoded form. Errors: [`crate::ErrorKind::Corrupt`].
pub fn decode(bytes: &[u8]) -> Result<BigDecimal> {
    Ok(BigDecimal::from(&decode_decimal(bytes)?))
}

/// Coefficient and scale, when 128 bits hold the coefficient and the bytes are an encoded form.
#[inline]
pub fn decode_small(bytes: &[u8]) -> Option<(i128, u32)> {
    let (scale, digits) = bytes.split_first_chunk::<2>()?;
    if digits.len() > 16 {
        return None;
    }
    let fill = match digits.last() {
        Some(last) if last & 0x80 != 0 => 0xFF,
        _ => 0,
    };
    let mut buffer = [fill; 16];
    buffer[..digits.len()].copy_from_slice(digits);
    Some((
        i128::from_le_bytes(buffer),
        u32::from(u16::from_le_bytes(*scale)),
    ))
}

/// The number of an encoded form. Errors: [`crate::ErrorKind::Corrupt`].
pub fn decode_decimal(bytes: &[u8]) -> Result<Decimal> {
    let decimal = match (
        decode_small(bytes),
        bytes.split_first_chunk::<SCALE_BYTES>(),
    ) {
        (Some((coefficient, scale)), _) => Decimal::new(coefficient, scale),
        (None, Some((scale, digits))) => Decimal::from_parts(
            BigInt::from_signed_bytes_le(digits),
            u32::from(u16::from_le_bytes(*scale)),
        ),
        (None, None) => return Err(Error::corrupt("a numeric value without a scale")),
    };
    match decimal.scale <= SCALE_MAX {
        true => Ok(decimal),
        false => Err(Error::corrupt("a numeric value of too many digits")),
    }
}

/// The order of the values of two encoded forms. Errors: [`crate::ErrorKind::Corrupt`].
#[inline]
pub fn compare_encoded(a: &[u8], b: &[u8]) -> Result<Ordering> {
    if let (Some((x, x_scale)), Some((y, y_scale))) = (decode_small(a), decode_small(b))
        && x_scale == y_scale
    {
        return Ok(x.cmp(&y));
    }
    Ok(decode_decimal(a)?.cmp(&decode_decimal(b)?))
}

/// Appends the form whose bytes have the order of the values.
pub fn encode_comparable(value: &Decimal, out: &mut Vec<u8>) {
    let Some(exponent) = value.exponent() else {
        out.push(0x80);
        return;
    };
    let start = out.len();
    out.push(0xC0);
    let biased = (exponent + (1 << 31)) as u32;
    out.extend_from_slice(&biased.to_be_bytes());
    let digits = match &value.coefficient {
        Coefficient::Small(small) => small.unsigned_abs().to_string(),
        Coefficient::Big(big) => big.magnitude().to_str_radix(10),
    };
    for pair in digits.trim_end_matches('0').as_bytes().chunks(2) {
        let units = pair.get(1).map_or(0, |d| d - b'0');
        out.push((pair[0] - b'0') * 10 + units + 1);
    }
    out.push(0);
    if value.is_negative() {
        for byte in &mut out[start..] {
            *byte = !*byte;
        }
    }
}

/// The number at the start of comparable bytes, and how many bytes it took. Its scale is the smallest that holds its
/// digits. Errors: [`crate::ErrorKind::Corrupt`].
pub fn decode_comparable(bytes: &[u8]) -> Result<(Decimal, usize)> {
    let corrupt = || Error::corrupt("a numeric key without its end");
    let mask = match bytes.first() {
        Some(0x80) => return Ok((Decimal::ZERO, 1)),
        Some(0xC0) => 0,
        Some(0x3F) => 0xFF,
        _ => return Err(Error::corrupt("a numeric key of an unknown sign")),
    };
    let exponent = bytes.get(1..5).ok_or_else(corrupt)?;
    let exponent = exponent
        .iter()
        .fold(0i64, |sum, byte| sum << 8 | i64::from(byte ^ mask))
        - (1 << 31);
    let mut digits = String::new();
    let mut used = 5;
    loop {
        let byte = bytes.get(used).ok_or_else(corrupt)? ^ mask;
        used += 1;
        match byte {
            0 => break,
            1..=100 => digits.push_str(&format!("{:02}", byte - 1)),
            _ => return Err(Error::corrupt("a numeric key with an unknown digit")),
        }
    }
    let digits = digits.trim_end_matches('0');
    let sign = if mask == 0 { "" } else { "-" };
    let (first, rest) = digits.split_at_checked(1).ok_or_else(corrupt)?;
    let value = Decimal::parse(&format!("{sign}{first}.{rest}e{exponent}"))
        .map_err(|_| Error::corrupt("a numeric key out of range"))?;
    Ok((value, used))
}
