//! From values, or from Arrow arrays, to rows.

use crate::error::{Error, Result};
use crate::types::{SqlType, Value, append_value, numeric, push_varint};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int16Array, Int32Array, Int64Array, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};

/// Appends the row of `values`, one for each column of the table and of its type, to `out`. The one at
/// `row_id_column` is left out.
pub fn encode_row(values: &[Value], row_id_column: Option<usize>, out: &mut Vec<u8>) {
    let stored = || {
        values
            .iter()
            .enumerate()
            .filter(|(column, _)| Some(*column) != row_id_column)
            .map(|(_, value)| value)
    };
    push_header(
        out,
        stored().count(),
        stored().map(|v| matches!(v, Value::Null)),
    );
    for value in stored() {
        match value {
            Value::Numeric(v) => push_bytes(out, &numeric::encode(v)),
            Value::Text(v) | Value::Json(v) | Value::Jsonb(v) => push_bytes(out, v.as_bytes()),
            Value::Bytes(v) => push_bytes(out, v),
            Value::Array(v) => push_bytes(out, &v.to_bytes()),
            fixed => append_value(fixed, out),
        }
    }
}

fn push_header(out: &mut Vec<u8>, count: usize, nulls: impl Iterator<Item = bool>) {
    push_varint(out, count as u64);
    let start = out.len();
    out.resize(start + count.div_ceil(8), 0);
    for (column, null) in nulls.enumerate() {
        out[start + column / 8] |= u8::from(null) << (column % 8);
    }
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Encodes rows out of Arrow arrays, without making values of them.
pub struct RowEncoder {
    columns: Vec<Source>,
    rows: usize,
}

enum Source {
    Bool(BooleanArray),
    Int2(Int16Array),
    Int4(Int32Array),
    Int8(Int64Array),
    Float4(Float32Array),
    Float8(Float64Array),
    Binary(BinaryArray),
    Text(StringArray),
    Date(Date32Array),
    Timestamp(TimestampMicrosecondArray),
    Time(Time64MicrosecondArray),
    Sixteen(FixedSizeBinaryArray),
}

impl RowEncoder {
    /// An encoder of rows of `arrays`, one for each column of the table in the array of its type (see
    /// [`crate::types`]); the one at `row_id_column` is left out. An array of another kind is a misuse.
    pub fn new(
        types: &[SqlType],
        arrays: &[ArrayRef],
        row_id_column: Option<usize>,
    ) -> Result<Self> {
        let columns = types
            .iter()
            .zip(arrays)
            .enumerate()
            .filter(|(column, _)| Some(*column) != row_id_column)
            .map(|(_, (sql_type, array))| Source::new(*sql_type, array))
            .collect::<Result<_>>()?;
        Ok(Self {
            columns,
            rows: arrays.iter().map(|a| a.len()).min().unwrap_or(0),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Appends row `row` to `out` (panics when `row >= len`, like a slice).
    pub fn encode(&self, row: usize, out: &mut Vec<u8>) {
        let nulls = self.columns.iter().map(|c| c.array().is_null(row));
        push_header(out, self.columns.len(), nulls);
        for column in &self.columns {
            if column.array().is_null(row) {
                continue;
            }
            match column {
                Source::Bool(a) => out.push(u8::from(a.value(row))),
                Source::Int2(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Int4(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Int8(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Float4(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Float8(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Binary(a) => push_bytes(out, a.value(row)),
                Source::Text(a) => push_bytes(out, a.value(row).as_bytes()),
                Source::Date(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Timestamp(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Time(a) => out.extend_from_slice(&a.value(row).to_le_bytes()),
                Source::Sixteen(a) => out.extend_from_slice(a.value(row)),
            }
        }
    }
}

impl Source {
    fn new(sql_type: SqlType, array: &ArrayRef) -> Result<Self> {
        let source = match sql_type {
            SqlType::Bool => array.as_boolean_opt().cloned().map(Source::Bool),
            SqlType::Int2 => array
                .as_primitive_opt::<Int16Type>()
                .cloned()
                .map(Source::Int2),
            SqlType::Int4 => array
                .as_primitive_opt::<Int32Type>()
                .cloned()
                .map(Source::Int4),
            SqlType::Int8 | SqlType::Enum(_) => array
                .as_primitive_opt::<Int64Type>()
                .cloned()
                .map(Source::Int8),
            SqlType::Float4 => array
                .as_primitive_opt::<Float32Type>()
                .cloned()
                .map(Source::Float4),
            SqlType::Float8 => array
                .as_primitive_opt::<Float64Type>()
                .cloned()
                .map(Source::Float8),
            SqlType::Numeric(_) | SqlType::Bytes | SqlType::Jsonb | SqlType::Array(_) => {
                array.as_binary_opt::<i32>().cloned().map(Source::Binary)
            }
            SqlType::Text
            | SqlType::Varchar(_)
            | SqlType::Char(_)
            | SqlType::Json
            | SqlType::Unknown => array.as_string_opt::<i32>().cloned().map(Source::Text),
            SqlType::Date => array
                .as_primitive_opt::<Date32Type>()
                .cloned()
                .map(Source::Date),
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .cloned()
                .map(Source::Timestamp),
            SqlType::Time(_) => array
                .as_primitive_opt::<Time64MicrosecondType>()
                .cloned()
                .map(Source::Time),
            SqlType::Interval(_) | SqlType::Uuid => array
                .as_fixed_size_binary_opt()
                .filter(|a| a.value_length() == 16)
                .cloned()
                .map(Source::Sixteen),
        };
        source.ok_or_else(|| {
            let kind = array.data_type();
            Error::misuse(format!(
                "ROW-1: a column of type {sql_type:?} came as {kind}"
            ))
        })
    }

    fn array(&self) -> &dyn Array {
        match self {
            Source::Bool(a) => a,
            Source::Int2(a) => a,
            Source::Int4(a) => a,
            Source::Int8(a) => a,
            Source::Float4(a) => a,
            Source::Float8(a) => a,
            Source::Binary(a) => a,
            Source::Text(a) => a,
            Source::Date(a) => a,
            Source::Timestamp(a) => a,
            Source::Time(a) => a,
            Source::Sixteen(a) => a,
        }
    }
}
