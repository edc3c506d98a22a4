//! Floor 9: what programs use.
