//! Columns: from a type to its Arrow array, from values to a column, from a column to values.

use super::{Interval, SqlArray, SqlType, Value, numeric};
use crate::{Error, Result};
use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, PrimitiveBuilder, StringBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    new_null_array,
};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, TimeUnit};
use std::borrow::Cow;
use std::sync::Arc;

/// The Arrow type of a column of `sql_type`.
pub fn arrow_type(sql_type: SqlType) -> DataType {
    match sql_type {
        SqlType::Bool => DataType::Boolean,
        SqlType::Int2 => DataType::Int16,
        SqlType::Int4 => DataType::Int32,
        SqlType::Int8 | SqlType::Enum(_) => DataType::Int64,
        SqlType::Float4 => DataType::Float32,
        SqlType::Float8 => DataType::Float64,
        SqlType::Numeric(_) | SqlType::Bytes | SqlType::Jsonb | SqlType::Array(_) => {
            DataType::Binary
        }
        SqlType::Unknown
        | SqlType::Text
        | SqlType::Varchar(_)
        | SqlType::Char(_)
        | SqlType::Json => DataType::Utf8,
        SqlType::Date => DataType::Date32,
        SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        SqlType::Time(_) => DataType::Time64(TimeUnit::Microsecond),
        SqlType::Interval(_) | SqlType::Uuid => DataType::FixedSizeBinary(16),
    }
}

/// A column of `length` NULLs.
pub fn null_array(sql_type: SqlType, length: usize) -> ArrayRef {
    new_null_array(&arrow_type(sql_type), length)
}

/// The values of a column that is stored as integers, with some value where it is NULL; `None` for any other type.
pub(crate) fn integers(array: &dyn Array, sql_type: SqlType) -> Option<Cow<'_, [i64]>> {
    fn widened<T: Copy + Into<i64>>(values: &[T]) -> Cow<'_, [i64]> {
        values.iter().map(|value| (*value).into()).collect()
    }
    Some(match sql_type {
        SqlType::Bool => {
            let values = array.as_boolean().values();
            values.iter().map(i64::from).collect()
        }
        SqlType::Int2 => widened(array.as_primitive::<Int16Type>().values()),
        SqlType::Int4 => widened(array.as_primitive::<Int32Type>().values()),
        SqlType::Date => widened(array.as_primitive::<Date32Type>().values()),
        SqlType::Int8 | SqlType::Enum(_) => array.as_primitive::<Int64Type>().values()[..].into(),
        SqlType::Time(_) => array.as_primitive::<Time64MicrosecondType>().values()[..].into(),
        SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
            array.as_primitive::<TimestampMicrosecondType>().values()[..].into()
        }
        _ => return None,
    })
}

/// The value at `row` of a column of `sql_type`. The array must be of [`arrow_type`] of it and have that row.
pub fn value_at(array: &dyn Array, row: usize, sql_type: SqlType) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match sql_type {
        SqlType::Bool => Value::Bool(array.as_boolean().value(row)),
        SqlType::Int2 => Value::Int2(array.as_primitive::<Int16Type>().value(row)),
        SqlType::Int4 => Value::Int4(array.as_primitive::<Int32Type>().value(row)),
        SqlType::Int8 => Value::Int8(array.as_primitive::<Int64Type>().value(row)),
        SqlType::Float4 => Value::Float4(array.as_primitive::<Float32Type>().value(row)),
        SqlType::Float8 => Value::Float8(array.as_primitive::<Float64Type>().value(row)),
        SqlType::Numeric(_) => {
            let bytes = array.as_binary::<i32>().value(row);
            let decoded = numeric::decode(bytes);
            // Codecs check what they read from disk; a column in memory was encoded by this build.
            assert!(decoded.is_ok(), "a numeric column holds encoded numbers");
            decoded.map_or(Value::Null, Value::Numeric)
        }
        SqlType::Unknown | SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) => {
            Value::Text(array.as_string::<i32>().value(row).to_owned())
        }
        SqlType::Bytes => Value::Bytes(array.as_binary::<i32>().value(row).to_owned()),
        SqlType::Date => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        SqlType::Timestamp(_) => {
            Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        SqlType::TimestampTz(_) => {
            Value::TimestampTz(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        SqlType::Time(_) => Value::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        SqlType::Interval(_) => {
            let bytes = sixteen(array.as_fixed_size_binary().value(row));
            Value::Interval(Interval::from_bytes(bytes))
        }
        SqlType::Json => Value::Json(array.as_string::<i32>().value(row).to_owned()),
        SqlType::Jsonb => {
            let bytes = array.as_binary::<i32>().value(row);
            Value::Jsonb(String::from_utf8_lossy(bytes).into_owned())
        }
        SqlType::Uuid => Value::Uuid(sixteen(array.as_fixed_size_binary().value(row))),
        SqlType::Enum(of) => Value::Enum(of, array.as_primitive::<Int64Type>().value(row)),
        SqlType::Array(element) => {
            let decoded = SqlArray::from_bytes(array.as_binary::<i32>().value(row), element);
            assert!(decoded.is_ok(), "a column of arrays holds encoded arrays");
            decoded.map_or(Value::Null, Value::Array)
        }
    }
}

/// A value where it lies.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueRef<'a> {
    /// A text, of `TEXT` or `VARCHAR`.
    Text(&'a str),
    /// A value of any other type, or NULL.
    Value(Value),
}

/// A column whose values are read one after the other: what it is made of is asked once.
pub(crate) enum ColumnReader<'a> {
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Float8(&'a Float64Array),
    Text(&'a StringArray),
    Other(&'a dyn Array, SqlType),
}

impl<'a> ColumnReader<'a> {
    /// The array must be of [`arrow_type`] of the type.
    pub(crate) fn new(array: &'a dyn Array, sql_type: SqlType) -> Self {
        match sql_type {
            SqlType::Int4 => Self::Int4(array.as_primitive()),
            SqlType::Int8 => Self::Int8(array.as_primitive()),
            SqlType::Float8 => Self::Float8(array.as_primitive()),
            SqlType::Unknown | SqlType::Text | SqlType::Varchar(_) => Self::Text(array.as_string()),
            _ => Self::Other(array, sql_type),
        }
    }

    /// [`value_at`], without a copy of a text.
    #[inline]
    pub(crate) fn value(&self, row: usize) -> ValueRef<'a> {
        match self {
            Self::Int4(a) if a.is_valid(row) => ValueRef::Value(Value::Int4(a.value(row))),
            Self::Int8(a) if a.is_valid(row) => ValueRef::Value(Value::Int8(a.value(row))),
            Self::Float8(a) if a.is_valid(row) => ValueRef::Value(Value::Float8(a.value(row))),
            Self::Text(a) if a.is_valid(row) => ValueRef::Text(a.value(row)),
            Self::Other(array, sql_type) => ValueRef::Value(value_at(*array, row, *sql_type)),
            _ => ValueRef::Value(Value::Null),
        }
    }
}

/// A value of a column of `FixedSizeBinary(16)`.
pub(crate) fn sixteen(bytes: &[u8]) -> [u8; 16] {
    // The array's type says so; a caller that mixed up arrays would be caught by the casts before.
    bytes.try_into().unwrap_or_default()
}

/// A column of the same value `length` times. Errors: as [`ColumnBuilder::push`].
pub fn repeat(value: &Value, sql_type: SqlType, length: usize) -> Result<ArrayRef> {
    match (value, sql_type) {
        (Value::Null, _) => return Ok(null_array(sql_type, length)),
        (Value::Bool(truth), SqlType::Bool) => {
            let truths = BooleanBuffer::collect_bool(length, |_| *truth);
            return Ok(Arc::new(BooleanArray::new(truths, None)));
        }
        (Value::Int4(number), SqlType::Int4) => {
            return Ok(Arc::new(Int32Array::from_value(*number, length)));
        }
        (Value::Int8(number), SqlType::Int8) => {
            return Ok(Arc::new(Int64Array::from_value(*number, length)));
        }
        (Value::Float8(number), SqlType::Float8) => {
            return Ok(Arc::new(Float64Array::from_value(*number, length)));
        }
        _ => {}
    }
    let mut builder = ColumnBuilder::new(sql_type, length);
    for _ in 0..length {
        builder.push(value)?;
    }
    Ok(builder.finish())
}

/// Builds a column value by value.
pub struct ColumnBuilder {
    sql_type: SqlType,
    inner: Inner,
}

enum Inner {
    Bool(BooleanBuilder),
    Int2(PrimitiveBuilder<Int16Type>),
    Int4(PrimitiveBuilder<Int32Type>),
    Int8(PrimitiveBuilder<Int64Type>),
    Float4(PrimitiveBuilder<Float32Type>),
    Float8(PrimitiveBuilder<Float64Type>),
    Numeric(BinaryBuilder, Vec<u8>),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(PrimitiveBuilder<Date32Type>),
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>),
    TimestampTz(PrimitiveBuilder<TimestampMicrosecondType>),
    Time(PrimitiveBuilder<Time64MicrosecondType>),
    Interval(FixedSizeBinaryBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Json(StringBuilder),
    Jsonb(BinaryBuilder),
    Array(BinaryBuilder),
}

impl ColumnBuilder {
    /// An empty column with room for `capacity` values.
    pub fn new(sql_type: SqlType, capacity: usize) -> Self {
        // Eight bytes a value is a guess; the buffers grow.
        let bytes = capacity * 8;
        let inner = match sql_type {
            SqlType::Bool => Inner::Bool(BooleanBuilder::with_capacity(capacity)),
            SqlType::Int2 => Inner::Int2(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Int4 => Inner::Int4(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Int8 | SqlType::Enum(_) => {
                Inner::Int8(PrimitiveBuilder::with_capacity(capacity))
            }
            SqlType::Float4 => Inner::Float4(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Float8 => Inner::Float8(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Numeric(_) => {
                Inner::Numeric(BinaryBuilder::with_capacity(capacity, bytes), Vec::new())
            }
            SqlType::Unknown | SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) => {
                Inner::Text(StringBuilder::with_capacity(capacity, bytes))
            }
            SqlType::Bytes => Inner::Bytes(BinaryBuilder::with_capacity(capacity, bytes)),
            SqlType::Date => Inner::Date(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Timestamp(_) => Inner::Timestamp(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::TimestampTz(_) => {
                Inner::TimestampTz(PrimitiveBuilder::with_capacity(capacity))
            }
            SqlType::Time(_) => Inner::Time(PrimitiveBuilder::with_capacity(capacity)),
            SqlType::Interval(_) => {
                Inner::Interval(FixedSizeBinaryBuilder::with_capacity(capacity, 16))
            }
            SqlType::Json => Inner::Json(StringBuilder::with_capacity(capacity, bytes)),
            SqlType::Jsonb => Inner::Jsonb(BinaryBuilder::with_capacity(capacity, bytes)),
            SqlType::Uuid => Inner::Uuid(FixedSizeBinaryBuilder::with_capacity(capacity, 16)),
            SqlType::Array(_) => Inner::Array(BinaryBuilder::with_capacity(capacity, bytes)),
        };
        Self { sql_type, inner }
    }

    /// Appends a value of the column's type or NULL. Errors: [`crate::ErrorKind::Misuse`] for a value of another type,
    /// `54000` when texts or binaries pass 2 GiB in one column.
    pub fn push(&mut self, value: &Value) -> Result<()> {
        match (&mut self.inner, value) {
            (_, Value::Null) => self.push_null(),
            (Inner::Bool(b), Value::Bool(v)) => b.append_value(*v),
            (Inner::Int2(b), Value::Int2(v)) => b.append_value(*v),
            (Inner::Int4(b), Value::Int4(v)) => b.append_value(*v),
            (Inner::Int8(b), Value::Int8(v)) if self.sql_type == SqlType::Int8 => {
                b.append_value(*v)
            }
            (Inner::Int8(b), Value::Enum(of, v)) if self.sql_type == SqlType::Enum(*of) => {
                b.append_value(*v);
            }
            (Inner::Float4(b), Value::Float4(v)) => b.append_value(*v),
            (Inner::Float8(b), Value::Float8(v)) => b.append_value(*v),
            (Inner::Numeric(b, buffer), Value::Numeric(v)) => {
                buffer.clear();
                numeric::encode_decimal(&super::Decimal::from(v).check_limits()?, buffer);
                check_room(b.values_slice().len(), buffer.len())?;
                b.append_value(&*buffer);
            }
            (Inner::Text(b), Value::Text(v)) | (Inner::Json(b), Value::Json(v)) => {
                check_room(b.values_slice().len(), v.len())?;
                b.append_value(v);
            }
            (Inner::Jsonb(b), Value::Jsonb(v)) => {
                check_room(b.values_slice().len(), v.len())?;
                b.append_value(v);
            }
            (Inner::Array(b), Value::Array(v))
                if SqlType::Array(v.element()).base() == self.sql_type.base() =>
            {
                let bytes = v.to_bytes();
                check_room(b.values_slice().len(), bytes.len())?;
                b.append_value(&bytes);
            }
            (Inner::Bytes(b), Value::Bytes(v)) => {
                check_room(b.values_slice().len(), v.len())?;
                b.append_value(v);
            }
            (Inner::Date(b), Value::Date(v)) => b.append_value(*v),
            (Inner::Timestamp(b), Value::Timestamp(v)) => b.append_value(*v),
            (Inner::TimestampTz(b), Value::TimestampTz(v)) => b.append_value(*v),
            (Inner::Time(b), Value::Time(v)) => b.append_value(*v),
            (Inner::Interval(b), Value::Interval(v)) => append_sixteen(b, &v.to_bytes())?,
            (Inner::Uuid(b), Value::Uuid(v)) => append_sixteen(b, v)?,
            (_, other) => {
                return Err(Error::misuse(format!(
                    "a value of type {} in a column of type {}",
                    other.sql_type(),
                    self.sql_type
                )));
            }
        }
        Ok(())
    }

    /// Appends NULL.
    pub fn push_null(&mut self) {
        match &mut self.inner {
            Inner::Bool(b) => b.append_null(),
            Inner::Int2(b) => b.append_null(),
            Inner::Int4(b) => b.append_null(),
            Inner::Int8(b) => b.append_null(),
            Inner::Float4(b) => b.append_null(),
            Inner::Float8(b) => b.append_null(),
            Inner::Numeric(b, _) | Inner::Bytes(b) | Inner::Jsonb(b) | Inner::Array(b) => {
                b.append_null();
            }
            Inner::Text(b) | Inner::Json(b) => b.append_null(),
            Inner::Date(b) => b.append_null(),
            Inner::Timestamp(b) | Inner::TimestampTz(b) => b.append_null(),
            Inner::Time(b) => b.append_null(),
            Inner::Interval(b) | Inner::Uuid(b) => b.append_null(),
        }
    }

    /// The column; the builder is empty afterwards.
    pub fn finish(&mut self) -> ArrayRef {
        match &mut self.inner {
            Inner::Bool(b) => Arc::new(b.finish()),
            Inner::Int2(b) => Arc::new(b.finish()),
            Inner::Int4(b) => Arc::new(b.finish()),
            Inner::Int8(b) => Arc::new(b.finish()),
            Inner::Float4(b) => Arc::new(b.finish()),
            Inner::Float8(b) => Arc::new(b.finish()),
            Inner::Numeric(b, _) | Inner::Bytes(b) | Inner::Jsonb(b) | Inner::Array(b) => {
                Arc::new(b.finish())
            }
            Inner::Text(b) | Inner::Json(b) => Arc::new(b.finish()),
            Inner::Date(b) => Arc::new(b.finish()),
            Inner::Timestamp(b) | Inner::TimestampTz(b) => Arc::new(b.finish()),
            Inner::Time(b) => Arc::new(b.finish()),
            Inner::Interval(b) | Inner::Uuid(b) => Arc::new(b.finish()),
        }
    }
}

fn append_sixteen(builder: &mut FixedSizeBinaryBuilder, bytes: &[u8; 16]) -> Result<()> {
    builder
        .append_value(bytes)
        .map_err(|e| Error::misuse(format!("sixteen bytes in a column: {e}")))
}

/// Offsets of a column have 31 bits.
pub(crate) fn check_room(used: usize, more: usize) -> Result<()> {
    if used.saturating_add(more) > i32::MAX as usize {
        return Err(Error::new(
            crate::ErrorKind::Limit,
            "54000",
            "the values of one column of a batch pass 2 GiB",
        ));
    }
    Ok(())
}
