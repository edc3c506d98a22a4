//! From memcomparable bytes back to values.

use super::encode::{NULL, PRESENT};
use crate::error::{Error, Result};
use crate::types::{Interval, SqlType, Value, numeric};
use bigdecimal::BigDecimal;

/// The row id of a key. `XX001` when it has not eight bytes.
pub fn decode_row_id(key: &[u8]) -> Result<i64> {
    let bytes: [u8; 8] = key
        .try_into()
        .map_err(|_| Error::corrupt(format!("a row's key has {} bytes instead of 8", key.len())))?;
    Ok((u64::from_be_bytes(bytes) ^ (1 << 63)) as i64)
}

/// Reads one value of `sql_type` from the front of `input` and moves `input` behind it. A NUMERIC has the scale that
/// its type declares, else the smallest one; an INTERVAL is one of those that are equal. `XX001` when the bytes are not such a value.
pub fn decode_key(input: &mut &[u8], sql_type: SqlType, descending: bool) -> Result<Value> {
    let mut reader = Reader {
        rest: input,
        mask: if descending { 0xff } else { 0 },
    };
    let value = reader.value(sql_type)?;
    *input = reader.rest;
    Ok(value)
}

struct Reader<'a> {
    rest: &'a [u8],
    mask: u8,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self
            .rest
            .split_first()
            .ok_or_else(|| Error::corrupt("damaged index key: it ends inside a value"))?;
        self.rest = rest;
        Ok(first ^ self.mask)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    fn int4(&mut self) -> Result<i32> {
        Ok((u32::from_be_bytes(self.array()?) ^ (1 << 31)) as i32)
    }

    fn int8(&mut self) -> Result<i64> {
        Ok((u64::from_be_bytes(self.array()?) ^ (1 << 63)) as i64)
    }

    fn value(&mut self, sql_type: SqlType) -> Result<Value> {
        match self.byte()? {
            PRESENT => {}
            NULL => return Ok(Value::Null),
            other => return Err(damaged(format_args!("marker {other}"))),
        }
        Ok(match sql_type {
            SqlType::Bool => match self.byte()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                other => return Err(damaged(format_args!("BOOLEAN {other}"))),
            },
            SqlType::Int2 => Value::Int2((u16::from_be_bytes(self.array()?) ^ (1 << 15)) as i16),
            SqlType::Int4 => Value::Int4(self.int4()?),
            SqlType::Int8 => Value::Int8(self.int8()?),
            SqlType::Enum(of) => {
                let number = self.int8()?;
                of.check([number])?;
                Value::Enum(of, number)
            }
            SqlType::Float4 => {
                let bits = u32::from_be_bytes(self.array()?);
                let positive = bits >> 31 == 1;
                Value::Float4(f32::from_bits(if positive {
                    bits ^ (1 << 31)
                } else {
                    !bits
                }))
            }
            SqlType::Float8 => {
                let bits = u64::from_be_bytes(self.array()?);
                let positive = bits >> 63 == 1;
                Value::Float8(f64::from_bits(if positive {
                    bits ^ (1 << 63)
                } else {
                    !bits
                }))
            }
            SqlType::Numeric(declared) => {
                let value = self.numeric()?;
                Value::Numeric(match declared {
                    Some((_, scale)) if value.as_bigint_and_exponent().1 < i64::from(scale) => {
                        value.with_scale(i64::from(scale))
                    }
                    _ => value,
                })
            }
            SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) | SqlType::Unknown => {
                Value::Text(
                    String::from_utf8(self.escaped()?)
                        .map_err(|_| damaged(format_args!("TEXT that is not UTF-8")))?,
                )
            }
            SqlType::Bytes => Value::Bytes(self.escaped()?),
            SqlType::Json | SqlType::Jsonb | SqlType::Array(_) => {
                return Err(damaged(format_args!("a {sql_type}, which no index has")));
            }
            SqlType::Date => Value::Date(self.int4()?),
            SqlType::Timestamp(_) => Value::Timestamp(self.int8()?),
            SqlType::TimestampTz(_) => Value::TimestampTz(self.int8()?),
            SqlType::Time(_) => Value::Time(self.int8()?),
            SqlType::Interval(_) => Value::Interval(
                Interval::from_comparable_bytes(self.array()?)
                    .ok_or_else(|| damaged(format_args!("an INTERVAL beyond all")))?,
            ),
            SqlType::Uuid => Value::Uuid(self.array()?),
        })
    }

    fn numeric(&mut self) -> Result<BigDecimal> {
        let ascending: Vec<u8>;
        let bytes = if self.mask == 0 {
            self.rest
        } else {
            ascending = self.rest.iter().map(|b| b ^ self.mask).collect();
            &ascending
        };
        let (value, used) = numeric::decode_comparable(bytes)?;
        self.rest = &self.rest[used..];
        Ok(BigDecimal::from(&value))
    }

    fn escaped(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            match self.byte()? {
                0 => match self.byte()? {
                    0xff => bytes.push(0),
                    1 => return Ok(bytes),
                    other => return Err(damaged(format_args!("escape {other}"))),
                },
                byte => bytes.push(byte),
            }
        }
    }
}

fn damaged(what: std::fmt::Arguments<'_>) -> Error {
    Error::corrupt(format!("damaged index key: {what}"))
}
