//! `LIKE` and `ILIKE`.

use super::like_pattern::LikePattern;
use super::operand::{Operand, result_rows, strict_nulls};
use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use std::sync::Arc;

/// `text [NOT] LIKE pattern`. Errors: `22025` for a pattern that ends in its escape character.
pub(super) fn like(
    text: &Operand,
    pattern: &Operand,
    escape: Option<char>,
    case_insensitive: bool,
    negated: bool,
) -> Result<Operand> {
    let texts = text.array.as_string::<i32>();
    let patterns = pattern.array.as_string::<i32>();
    let (rows, scalar) = result_rows(&[text, pattern], texts.len().max(patterns.len()));
    let nulls = strict_nulls(&[text, pattern], rows);
    let values = if pattern.scalar {
        if patterns.is_null(0) {
            BooleanBuffer::new_unset(rows)
        } else {
            let pattern = LikePattern::new(patterns.value(0), escape, case_insensitive)?;
            BooleanBuffer::collect_bool(rows, |row| {
                pattern.matches(texts.value(text.at(row))) != negated
            })
        }
    } else {
        let mut values = BooleanBufferBuilder::new(rows);
        for row in 0..rows {
            let known = nulls.as_ref().is_none_or(|n| n.is_valid(row));
            values.append(
                known
                    && LikePattern::new(patterns.value(row), escape, case_insensitive)?
                        .matches(texts.value(text.at(row)))
                        != negated,
            );
        }
        values.finish()
    };
    Ok(Operand::computed(
        Arc::new(BooleanArray::new(values, nulls)),
        scalar,
    ))
}
