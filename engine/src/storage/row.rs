//! Rows as bytes, and batches of rows as Arrow arrays.
