//! Floor 6: from `sqlparser`'s tree to a bound, typed tree.

pub mod bound;
pub mod function;
