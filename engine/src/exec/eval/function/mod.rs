//! The scalar functions.
//!
//! Arguments are evaluated, then one loop computes the column; a function of NULL is NULL unless its file says otherwise.

mod array;
mod choose;
mod concat;
mod datetime;
mod dispatch;
mod extract;
mod format_number;
mod format_time;
mod json;
mod math;
mod math_numeric;
mod md5;
mod pad;
mod parse_time;
mod series;
mod span;
mod template;
mod text;
mod text_arguments;
mod uuid;

pub(super) use dispatch::call;
pub(super) use json::scalar as json_scalar;
