//! The scalar functions.
//!
//! Arguments are evaluated, then one loop computes the column; a function of NULL is NULL unless its file says otherwise.

mod choose;
mod concat;
mod datetime;
mod dispatch;
mod extract;
mod math;
mod math_numeric;
mod md5;
mod pad;
mod series;
mod span;
mod text;
mod text_arguments;

pub(super) use dispatch::call;
