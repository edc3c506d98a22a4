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
    let compile = |row| LikePattern::new(patterns.value(row), escape, case_insensitive);
    let constant = (pattern.scalar && patterns.is_valid(0)).then(|| compile(0));
    let values = match &constant {
        Some(constant) if constant.is_finished() => BooleanBuffer::collect_bool(rows, |row| {
            constant.matches(texts.value(text.at(row))) != negated
        }),
        _ => {
            let mut values = BooleanBufferBuilder::new(rows);
            for row in 0..rows {
                let known = nulls.as_ref().is_none_or(|n| n.is_valid(row));
                values.append(
                    known && {
                        let text = texts.value(text.at(row));
                        let matches = match &constant {
                            Some(constant) => constant.test(text)?,
                            None => compile(row).test(text)?,
                        };
                        matches != negated
                    },
                );
            }
            values.finish()
        }
    };
    Ok(Operand::computed(
        Arc::new(BooleanArray::new(values, nulls)),
        scalar,
    ))
}
