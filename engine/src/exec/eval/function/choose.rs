//! `greatest` and `least`, which skip NULLs.

use super::super::compare::{booleans, known_rows};
use super::super::operand::{Operand, kernel_error, result_rows};
use super::super::selection::true_rows;
use super::dispatch::Arguments;
use crate::Result;
use crate::sql::bound::CompareOp;
use arrow_arith::boolean::{and, not, or};
use arrow_array::Array;
use arrow_select::zip::zip;

/// The argument for which `better` than all others holds.
pub(super) fn choose(arguments: &Arguments, better: CompareOp) -> Result<Operand> {
    let (rows, scalar) = result_rows(&arguments.all(), arguments.rows);
    let sql_type = arguments.sql_type(0);
    let mut best = arguments.get(0)?.clone().into_array(rows)?;
    for operand in &arguments.operands[1..] {
        let candidate = Operand::array(operand.clone().into_array(rows)?);
        let current = Operand::array(best.clone());
        let wins = true_rows(&booleans(better, &candidate, &current, sql_type)?);
        let fills = not(&known_rows(&current)?).map_err(kernel_error)?;
        let wins = or(
            &wins,
            &and(&fills, &known_rows(&candidate)?).map_err(kernel_error)?,
        );
        best = zip(&wins.map_err(kernel_error)?, &candidate, &current).map_err(kernel_error)?;
    }
    debug_assert_eq!(best.len(), rows);
    Ok(Operand::computed(best, scalar))
}
