//! `gen_random_uuid`.

use super::super::context::Outside;
use super::super::operand::Operand;
use crate::Result;
use crate::types::array::ColumnBuilder;
use crate::types::{SqlType, Value};

/// A random UUID (version 4 of RFC 4122) for each of `rows` rows.
pub(super) fn random(outside: Outside<'_>, rows: usize) -> Result<Operand> {
    let env = outside.interrupt.env();
    let mut builder = ColumnBuilder::new(SqlType::Uuid, rows);
    for _ in 0..rows {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&env.entropy().to_le_bytes());
        bytes[8..].copy_from_slice(&env.entropy().to_le_bytes());
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        builder.push(&Value::Uuid(bytes))?;
    }
    Ok(Operand::array(builder.finish()))
}
