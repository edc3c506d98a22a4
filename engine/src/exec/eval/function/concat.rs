//! `||` and `concat`.

use super::super::operand::{Operand, result_rows};
use super::dispatch::Arguments;
use crate::Result;
use crate::types::SqlType;
use crate::types::array::{check_room, value_at};
use arrow_array::builder::StringBuilder;
use std::sync::Arc;

/// `left || right`.
pub(super) fn concat(arguments: &Arguments) -> Result<Operand> {
    if arguments.sql_type(0) == SqlType::Bytes {
        return arguments.write_bytes(|row, out| {
            out.extend_from_slice(arguments.bytes(0, row)?);
            out.extend_from_slice(arguments.bytes(1, row)?);
            Ok(())
        });
    }
    arguments.write_text(|row, out| {
        out.push_str(arguments.text(0, row)?);
        out.push_str(arguments.text(1, row)?);
        Ok(())
    })
}

/// `concat(any, …)`: the arguments as they are shown, without the NULLs.
pub(super) fn concat_skip_null(arguments: &Arguments) -> Result<Operand> {
    let (rows, scalar) = result_rows(&arguments.all(), arguments.rows);
    let mut builder = StringBuilder::with_capacity(rows, rows * 16);
    let mut buffer = String::new();
    for row in 0..rows {
        buffer.clear();
        for (operand, sql_type) in arguments.operands.iter().zip(&arguments.types) {
            if let Some(text) =
                value_at(&operand.array, operand.at(row), *sql_type).to_text_in(arguments.zone)
            {
                buffer.push_str(&text);
            }
        }
        check_room(builder.values_slice().len(), buffer.len())?;
        builder.append_value(&buffer);
    }
    Ok(Operand::computed(Arc::new(builder.finish()), scalar))
}
