//! `lpad`, `rpad`, `repeat`.

use super::super::operand::Operand;
use super::dispatch::Arguments;
use super::text::{prefix_bytes, too_long};
use crate::Result;
use crate::sql::function::ScalarFunction;
use crate::types::VALUE_BYTES_MAX;

/// `lpad(text, length[, fill])`, `rpad(…)`, `repeat(text, times)`. Errors: `54000` for results that are too long.
pub(super) fn pad(name: ScalarFunction, arguments: &Arguments) -> Result<Operand> {
    arguments.write_text(|row, out| {
        let (text, count) = (arguments.text(0, row)?, arguments.integer(1, row)?.max(0));
        let count_bytes = usize::try_from(count).unwrap_or(usize::MAX);
        if name == ScalarFunction::Repeat {
            if text.len().saturating_mul(count_bytes) > VALUE_BYTES_MAX {
                return Err(too_long());
            }
            out.extend(std::iter::repeat_n(text, count_bytes));
            return Ok(());
        }
        let fill = if arguments.len() > 2 {
            arguments.text(2, row)?
        } else {
            " "
        };
        // PostgreSQL reserves four bytes for each character that may come.
        if count_bytes.saturating_mul(4) > VALUE_BYTES_MAX {
            return Err(too_long());
        }
        let missing = count_bytes.saturating_sub(text.chars().count());
        let padding = fill.chars().cycle().take(missing);
        let kept = &text[..prefix_bytes(text, count)];
        if name == ScalarFunction::LPad {
            out.extend(padding);
            out.push_str(kept);
        } else {
            out.push_str(kept);
            out.extend(padding);
        }
        Ok(())
    })
}
