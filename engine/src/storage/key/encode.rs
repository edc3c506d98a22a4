//! From values to memcomparable bytes.

use crate::types::{Decimal, Value, jsonb_key, numeric};

/// Marks a value that is not NULL.
pub(super) const PRESENT: u8 = 1;
/// Marks a NULL, which sorts after every value.
pub(super) const NULL: u8 = 2;

/// The key of a row id.
pub fn encode_row_id(row_id: i64) -> [u8; 8] {
    ((row_id as u64) ^ (1 << 63)).to_be_bytes()
}

/// Appends the encoding of one value to a key.
pub fn append_key(out: &mut Vec<u8>, value: &Value, descending: bool) {
    let start = out.len();
    append_ascending(out, value);
    if descending {
        invert(&mut out[start..]);
    }
}

/// Appends the encoding of NULL to a key.
pub fn append_null(out: &mut Vec<u8>, descending: bool) {
    out.push(if descending { !NULL } else { NULL });
}

fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

fn append_ascending(out: &mut Vec<u8>, value: &Value) {
    if matches!(value, Value::Null) {
        out.push(NULL);
        return;
    }
    out.push(PRESENT);
    match value {
        Value::Null => {}
        Value::Bool(v) => out.push(u8::from(*v)),
        Value::Int2(v) => out.extend_from_slice(&((*v as u16) ^ (1 << 15)).to_be_bytes()),
        Value::Int4(v) | Value::Date(v) => {
            out.extend_from_slice(&((*v as u32) ^ (1 << 31)).to_be_bytes());
        }
        Value::Int8(v)
        | Value::Enum(_, v)
        | Value::Timestamp(v)
        | Value::TimestampTz(v)
        | Value::Time(v) => {
            out.extend_from_slice(&encode_row_id(*v));
        }
        Value::Interval(v) => out.extend_from_slice(&v.comparable_bytes()),
        Value::Uuid(v) => out.extend_from_slice(v),
        Value::Float4(v) => out.extend_from_slice(&float4_bits(*v).to_be_bytes()),
        Value::Float8(v) => out.extend_from_slice(&float8_bits(*v).to_be_bytes()),
        Value::Numeric(v) => numeric::encode_comparable(&Decimal::from(v), out),
        Value::Text(v) => append_escaped(out, v.as_bytes()),
        Value::Bytes(v) => append_escaped(out, v),
        Value::Json(v) => append_escaped(out, v.as_bytes()),
        Value::Jsonb(v) => append_escaped(out, &jsonb_key(v)),
        Value::Array(v) => append_escaped(out, &v.to_bytes()),
    }
}

fn float4_bits(v: f32) -> u32 {
    let bits = if v.is_nan() {
        f32::NAN.to_bits() & !(1 << 31)
    } else if v == 0.0 {
        0
    } else {
        v.to_bits()
    };
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | (1 << 31)
    }
}

fn float8_bits(v: f64) -> u64 {
    let bits = if v.is_nan() {
        f64::NAN.to_bits() & !(1 << 63)
    } else if v == 0.0 {
        0
    } else {
        v.to_bits()
    };
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | (1 << 63)
    }
}

fn append_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    for part in bytes.split_inclusive(|b| *b == 0) {
        out.extend_from_slice(part);
        if part.ends_with(&[0]) {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 1]);
}
