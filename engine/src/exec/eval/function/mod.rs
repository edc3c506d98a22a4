//! The scalar functions.
//!
//! Arguments are evaluated, then one loop computes the column; a function of NULL is NULL unless its file says otherwise.

mod array;
mod array_change;
mod bytes;
mod choose;
mod clock;
mod concat;
mod datetime;
mod degrees;
mod dispatch;
mod encoding;
mod extract;
mod float;
mod format;
mod format_number;
mod format_time;
mod json;
mod json_change;
mod json_of_array;
mod math;
mod math_numeric;
mod md5;
mod number;
mod pad;
mod parse_time;
mod regexp;
mod sample;
mod sequence;
mod series;
mod similar;
mod size;
mod span;
mod template;
mod text;
mod text_arguments;
mod unicode;
mod uuid;
mod words;

pub(super) use dispatch::call;
pub(super) use json::{as_json, key_text, scalar as json_scalar};
pub(super) use math_numeric::sqrt_at_scale;
pub(crate) use regexp::regexp_matches;
