//! Which rows belong to a sample.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use crate::error::{Error, Result};
use crate::sql::function::ScalarFunction as F;
use crate::types::{SqlType, Value, data_error};

/// Row ids that SYSTEM takes or leaves together.
const BLOCK_ROWS: i64 = 100;

/// Whether a row belongs to a sample of so many percent. Errors: `2202H`, `2202G`.
pub(super) fn sampled(name: F, arguments: &Arguments) -> Result<Operand> {
    arguments.each_row(SqlType::Bool, |values| {
        let [Value::Int8(row), percent, seed] = values else {
            return Err(Error::misuse("a sample is taken of rows"));
        };
        let Value::Float4(percent) = percent else {
            return Err(data_error("2202H", "TABLESAMPLE parameter cannot be null"));
        };
        if !(0.0..=100.0).contains(percent) {
            let message = "sample percentage must be between 0 and 100";
            return Err(data_error("2202H", message));
        }
        let Value::Float8(seed) = seed else {
            let message = "TABLESAMPLE REPEATABLE parameter cannot be null";
            return Err(data_error("2202G", message));
        };
        let unit = match name {
            F::SampledBlock => row.div_euclid(BLOCK_ROWS),
            _ => *row,
        };
        // A number from 0 to 1 that the row and the seed decide.
        let hash = mixed(mixed(unit as u64) ^ seed.to_bits());
        let point = (hash >> 11) as f64 / (1_u64 << 53) as f64;
        Ok(Value::Bool(point * 100.0 < f64::from(*percent)))
    })
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
