//! `HashJoin`: the right side goes into a hash table by its keys, the left side looks its partners up.
//!
//! ```text
//!   right ─┬─ fits ────────▶ table ◀── left                                              ─▶ pairs
//!          │
//!          └─ does not ─▶ partitions ─┐                  ┌─ fits ────▶ table ◀── left    ─▶ pairs, by number ─┐
//!             left, numbered ─▶ partitions ─▶ each pair ─┼─ does not ─▶ partitions, one deeper                ├▶ merge
//!                                                        └─ never ───▶ a table of each part ◀── left, again  ─┘
//! ```
//!
//! A key with a NULL has no partner. Partners come in the order of the right side, and the pairs in the order of the left
//! one, spilled or not. Rows of one key, of which partitioning makes no smaller parts, are joined part by part (a block
//! nested loop). A semi or anti join gives left rows alone, by whether they have a partner; a full join gives the right rows
//! without one at the end. Shapiro, "Join processing in database systems with large main memories", TODS 11(3), 1986.

mod operator;
mod partitioned;
mod table;

pub(crate) use operator::HashJoin;
pub(crate) use table::HashJoinParts;
