//! Loops over text, bytes and integers as the text functions need them.

use super::super::operand::{Operand, result_rows, strict_nulls};
use super::dispatch::Arguments;
use crate::Result;
use crate::types::array::{ColumnBuilder, check_room, value_at};
use crate::types::{Infinite, SqlType, Value};
use arrow_array::ArrayRef;
use arrow_array::builder::{BinaryBuilder, Int32Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float64Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_buffer::NullBuffer;
use std::sync::Arc;

impl Arguments {
    /// The text of a row that is not NULL.
    pub(super) fn text(&self, position: usize, row: usize) -> Result<&str> {
        let operand = self.get(position)?;
        Ok(operand.array.as_string::<i32>().value(operand.at(row)))
    }

    /// The bytes of a row that is not NULL.
    pub(super) fn bytes(&self, position: usize, row: usize) -> Result<&[u8]> {
        let operand = self.get(position)?;
        let at = operand.at(row);
        Ok(match self.sql_type(position) {
            SqlType::Bytes => operand.array.as_binary::<i32>().value(at),
            _ => operand.array.as_string::<i32>().value(at).as_bytes(),
        })
    }

    /// The integer of a row that is not NULL.
    pub(super) fn integer(&self, position: usize, row: usize) -> Result<i64> {
        let operand = self.get(position)?;
        let at = operand.at(row);
        Ok(match self.sql_type(position) {
            SqlType::Int2 => operand.array.as_primitive::<Int16Type>().value(at).into(),
            SqlType::Int8 => operand.array.as_primitive::<Int64Type>().value(at),
            _ => operand.array.as_primitive::<Int32Type>().value(at).into(),
        })
    }

    /// The float of a row that is not NULL.
    pub(super) fn float(&self, position: usize, row: usize) -> Result<f64> {
        let operand = self.get(position)?;
        Ok(operand
            .array
            .as_primitive::<Float64Type>()
            .value(operand.at(row)))
    }

    /// The timestamp of a row that is not NULL.
    pub(super) fn micros(&self, position: usize, row: usize) -> Result<i64> {
        let operand = self.get(position)?;
        let stamps = operand.array.as_primitive::<TimestampMicrosecondType>();
        Ok(stamps.value(operand.at(row)))
    }

    /// Which infinity the argument of a row is that is not NULL, if it is a date or timestamp and one.
    pub(super) fn infinite(&self, position: usize, row: usize) -> Result<Option<Infinite>> {
        Ok(match self.sql_type(position) {
            SqlType::Date => {
                let operand = self.get(position)?;
                let days = operand.array.as_primitive::<Date32Type>();
                Infinite::of_date(days.value(operand.at(row)))
            }
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
                Infinite::of_stamp(self.micros(position, row)?)
            }
            _ => None,
        })
    }

    /// Rows of the result, whether it is a scalar, and where it is NULL.
    fn shape(&self) -> (usize, bool, Option<NullBuffer>) {
        let operands = self.all();
        let (rows, scalar) = result_rows(&operands, self.rows);
        (rows, scalar, strict_nulls(&operands, rows))
    }

    /// A column whose every row is made of the values of its arguments, NULLs included.
    pub(super) fn each_row(
        &self,
        result: SqlType,
        make: impl FnMut(&[Value]) -> Result<Value>,
    ) -> Result<Operand> {
        let (rows, scalar) = result_rows(&self.all(), self.rows);
        Ok(Operand::computed(self.values(result, rows, make)?, scalar))
    }

    /// A column whose every row is made anew, be its arguments the same or not: NULL where one of them is.
    pub(super) fn each_row_anew(
        &self,
        result: SqlType,
        mut make: impl FnMut(&[Value]) -> Result<Value>,
    ) -> Result<Operand> {
        let column = self.values(result, self.rows, |values| {
            match values.iter().any(Value::is_null) {
                true => Ok(Value::Null),
                false => make(values),
            }
        })?;
        Ok(Operand::array(column))
    }

    fn values(
        &self,
        result: SqlType,
        rows: usize,
        mut make: impl FnMut(&[Value]) -> Result<Value>,
    ) -> Result<ArrayRef> {
        let mut builder = ColumnBuilder::new(result, rows);
        let mut values = Vec::with_capacity(self.len());
        for row in 0..rows {
            values.clear();
            for (operand, sql_type) in self.operands.iter().zip(&self.types) {
                values.push(value_at(&operand.array, operand.at(row), *sql_type));
            }
            builder.push(&make(&values)?)?;
        }
        Ok(builder.finish())
    }

    /// A column of text, each row written where no argument is NULL.
    pub(super) fn write_text(
        &self,
        mut write: impl FnMut(usize, &mut String) -> Result<()>,
    ) -> Result<Operand> {
        let (rows, scalar, nulls) = self.shape();
        let mut builder = StringBuilder::with_capacity(rows, rows * 16);
        let mut buffer = String::new();
        for row in 0..rows {
            if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                builder.append_null();
                continue;
            }
            buffer.clear();
            write(row, &mut buffer)?;
            check_room(builder.values_slice().len(), buffer.len())?;
            builder.append_value(&buffer);
        }
        Ok(Operand::computed(Arc::new(builder.finish()), scalar))
    }

    /// A column of bytes, each row written where no argument is NULL.
    pub(super) fn write_bytes(
        &self,
        mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<()>,
    ) -> Result<Operand> {
        let (rows, scalar, nulls) = self.shape();
        let mut builder = BinaryBuilder::with_capacity(rows, rows * 16);
        let mut buffer = Vec::new();
        for row in 0..rows {
            if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                builder.append_null();
                continue;
            }
            buffer.clear();
            write(row, &mut buffer)?;
            check_room(builder.values_slice().len(), buffer.len())?;
            builder.append_value(&buffer);
        }
        Ok(Operand::computed(Arc::new(builder.finish()), scalar))
    }

    /// A column of INTEGER, each row computed where no argument is NULL.
    pub(super) fn write_integer(
        &self,
        mut compute: impl FnMut(usize) -> Result<i64>,
    ) -> Result<Operand> {
        let (rows, scalar, nulls) = self.shape();
        let mut builder = Int32Builder::with_capacity(rows);
        for row in 0..rows {
            if nulls.as_ref().is_some_and(|n| n.is_null(row)) {
                builder.append_null();
            } else {
                let value = i32::try_from(compute(row)?);
                builder.append_value(value.map_err(|_| crate::types::out_of_range(SqlType::Int4))?);
            }
        }
        Ok(Operand::computed(Arc::new(builder.finish()), scalar))
    }
}
