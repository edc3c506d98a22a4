//! A batch as bytes.
//!
//! ```text
//!   batch    rows         u32 LE
//!            columns      each:
//!              nulls      u8      0: none; 1: a bitmap follows, a bit for each row, 1 for a value
//!              values     BOOLEAN            a bit for each row
//!                         numbers, dates     2, 4 or 8 bytes LE for each row
//!                         intervals, UUIDs   16 bytes for each row
//!                         texts, binaries    length of each, u32 LE; then their bytes
//! ```
//!
//! The types are the reader's to know. A NULL has a value too: zero, or an empty text.

use crate::error::{Error, Result};
use crate::exec::batch::{Batch, arrow};
use crate::planted::{Mistake, makes};
use crate::types::SqlType;
use crate::types::array::arrow_type;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ByteArrayType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, GenericByteArray, PrimitiveArray,
};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use std::sync::Arc;

/// Appends `batch`, whose columns are of `types`, to `out`.
pub(super) fn encode(batch: &Batch, types: &[SqlType], out: &mut Vec<u8>) -> Result<()> {
    let rows = u32::try_from(batch.rows)
        .map_err(|_| Error::misuse("EXEC-13: a piece of a run has few rows"))?;
    out.extend_from_slice(&rows.to_le_bytes());
    for (column, sql_type) in batch.columns.iter().zip(types) {
        if *column.data_type() != arrow_type(*sql_type) {
            return Err(Error::misuse("EXEC-13: a run is written with its types"));
        }
        let nulls = column.nulls().filter(|n| n.null_count() > 0);
        match nulls.filter(|_| !makes(Mistake::SpilledNullsForgotten)) {
            None => out.push(0),
            Some(nulls) => {
                out.push(1);
                put_bits(nulls.inner(), out);
            }
        }
        match sql_type {
            SqlType::Bool => put_bits(column.as_boolean().values(), out),
            SqlType::Int2 => put_numbers::<Int16Type>(column, out),
            SqlType::Int4 => put_numbers::<Int32Type>(column, out),
            SqlType::Int8 | SqlType::Enum(_) => put_numbers::<Int64Type>(column, out),
            SqlType::Float4 => put_numbers::<Float32Type>(column, out),
            SqlType::Float8 => put_numbers::<Float64Type>(column, out),
            SqlType::Date => put_numbers::<Date32Type>(column, out),
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
                put_numbers::<TimestampMicrosecondType>(column, out);
            }
            SqlType::Time(_) => put_numbers::<Time64MicrosecondType>(column, out),
            SqlType::Interval(_) | SqlType::Uuid => {
                let values = column.as_fixed_size_binary();
                (0..batch.rows).for_each(|row| out.extend_from_slice(values.value(row)));
            }
            SqlType::Numeric(_) | SqlType::Bytes | SqlType::Jsonb | SqlType::Array(_) => {
                put_bytes(column.as_binary::<i32>(), out);
            }
            SqlType::Unknown
            | SqlType::Text
            | SqlType::Varchar(_)
            | SqlType::Char(_)
            | SqlType::Json => {
                put_bytes(column.as_string::<i32>(), out);
            }
        }
    }
    Ok(())
}

fn put_bits(bits: &BooleanBuffer, out: &mut Vec<u8>) {
    let mut byte = 0;
    for (i, bit) in bits.iter().enumerate() {
        byte |= u8::from(bit) << (i % 8);
        if i % 8 == 7 {
            out.push(std::mem::take(&mut byte));
        }
    }
    if !bits.len().is_multiple_of(8) {
        out.push(byte);
    }
}

fn put_numbers<T: ArrowPrimitiveType>(column: &ArrayRef, out: &mut Vec<u8>)
where
    T::Native: Number,
{
    for value in column.as_primitive::<T>().values() {
        value.put(out);
    }
}

fn put_bytes<T: ByteArrayType<Offset = i32>>(column: &GenericByteArray<T>, out: &mut Vec<u8>) {
    let lengths = column.offsets().lengths();
    for (row, length) in lengths.enumerate() {
        let length = if column.is_null(row) {
            0
        } else {
            length as u32
        };
        out.extend_from_slice(&length.to_le_bytes());
    }
    for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
        let value: &T::Native = column.value(row);
        out.extend_from_slice(value.as_ref());
    }
}

/// A number of a fixed size.
trait Number: ArrowNativeType {
    fn put(self, out: &mut Vec<u8>);
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($native:ty),*) => {$(
        impl Number for $native {
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn get(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(Self::default(), Self::from_le_bytes)
            }
        }
    )*};
}

numbers!(i16, i32, i64, f32, f64);

/// What is left to read of a batch.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    /// Errors: `XX001` when there is less; checksums make that impossible but for a defect of this engine.
    fn take(&mut self, length: usize) -> Result<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32> {
        self.take(4)?
            .try_into()
            .map(u32::from_le_bytes)
            .map_err(|_| cut())
    }

    fn bits(&mut self, rows: usize) -> Result<BooleanBuffer> {
        let bytes = self.take(rows.div_ceil(8))?;
        Ok(BooleanBuffer::new(Buffer::from(bytes), 0, rows))
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef>
    where
        T::Native: Number,
    {
        let size = size_of::<T::Native>();
        let bytes = self.take(rows.checked_mul(size).ok_or_else(cut)?)?;
        let values: Vec<T::Native> = bytes.chunks_exact(size).map(T::Native::get).collect();
        let array = PrimitiveArray::<T>::try_new(values.into(), nulls).map_err(arrow)?;
        Ok(Arc::new(array))
    }

    fn bytes<T: ByteArrayType<Offset = i32>>(
        &mut self,
        rows: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<ArrayRef> {
        let lengths: Vec<usize> = (0..rows)
            .map(|_| self.u32().map(|length| length as usize))
            .collect::<Result<_>>()?;
        let total: usize = lengths.iter().sum();
        let values = Buffer::from(self.take(total)?);
        let offsets = OffsetBuffer::from_lengths(lengths);
        let array = GenericByteArray::<T>::try_new(offsets, values, nulls).map_err(arrow)?;
        Ok(Arc::new(array))
    }
}

fn cut() -> Error {
    Error::corrupt("EXEC-11: a batch of the temporary file ends early")
}

/// The batch that `bytes` are.
pub(super) fn decode(bytes: &[u8], types: &[SqlType]) -> Result<Batch> {
    use arrow_array::types::{BinaryType, Utf8Type};
    let mut rest = Rest(bytes);
    let rows = rest.u32()? as usize;
    let mut columns = Vec::with_capacity(types.len());
    for sql_type in types {
        let nulls = match rest.take(1)? {
            [0] => None,
            _ => Some(NullBuffer::new(rest.bits(rows)?)),
        };
        columns.push(match sql_type {
            SqlType::Bool => Arc::new(BooleanArray::new(rest.bits(rows)?, nulls)) as ArrayRef,
            SqlType::Int2 => rest.numbers::<Int16Type>(rows, nulls)?,
            SqlType::Int4 => rest.numbers::<Int32Type>(rows, nulls)?,
            SqlType::Int8 | SqlType::Enum(_) => rest.numbers::<Int64Type>(rows, nulls)?,
            SqlType::Float4 => rest.numbers::<Float32Type>(rows, nulls)?,
            SqlType::Float8 => rest.numbers::<Float64Type>(rows, nulls)?,
            SqlType::Date => rest.numbers::<Date32Type>(rows, nulls)?,
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
                rest.numbers::<TimestampMicrosecondType>(rows, nulls)?
            }
            SqlType::Time(_) => rest.numbers::<Time64MicrosecondType>(rows, nulls)?,
            SqlType::Interval(_) | SqlType::Uuid => {
                let bytes = Buffer::from(rest.take(rows.checked_mul(16).ok_or_else(cut)?)?);
                Arc::new(FixedSizeBinaryArray::try_new(16, bytes, nulls).map_err(arrow)?)
            }
            SqlType::Numeric(_) | SqlType::Bytes | SqlType::Jsonb | SqlType::Array(_) => {
                rest.bytes::<BinaryType>(rows, nulls)?
            }
            SqlType::Unknown
            | SqlType::Text
            | SqlType::Varchar(_)
            | SqlType::Char(_)
            | SqlType::Json => rest.bytes::<Utf8Type>(rows, nulls)?,
        });
    }
    Ok(Batch::new(columns, rows))
}
