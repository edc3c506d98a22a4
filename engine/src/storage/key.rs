//! Keys as bytes whose order is the order of the values.
