//! Judging a history: what transactions did and saw, against what their isolation level promises.
//!
//! Transactions append numbers, each of its own, to lists. Whoever reads a list sees the order in which its numbers were
//! written, and so which transactions came before which (after Kingsbury and Alvaro, "Elle: inferring isolation
//! anomalies from experimental observations", VLDB 2020; the names of anomalies are those of Adya, Liskov and O'Neil,
//! "Generalized isolation level definitions", ICDE 2000):
//!
//! ```text
//!   T1: append x 1      T2: append x 2     T3: read x → [1, 2]      T4: read x → [1]
//!
//!   T1 ──ww──▶ T2   2 was written over 1          T2 ──wr──▶ T3   the last number that was read is T2's
//!   T4 ──rw──▶ T2   T4 has read what T2 wrote over: T4 is before T2
//! ```
//!
//! A circle of such edges is an anomaly, and its name says of which edges:
//!
//! | anomaly | the circle | forbidden at |
//! |---|---|---|
//! | G0 | ww | every level |
//! | G1c | ww, wr | every level |
//! | G-single | one rw | REPEATABLE READ (snapshot isolation) and above |
//! | G-nonadjacent | rw edges, no two in a row | REPEATABLE READ and above |
//! | G2-item | rw edges by keys | SERIALIZABLE |
//! | G2 | rw edges, one of them by a range: a phantom | SERIALIZABLE |
//!
//! A number in a register is read and then replaced: what a transaction has looked at before it wrote is older than what
//! it wrote, and a register that held nothing is older than all. Two that have looked at the same number and replaced it
//! are a lost update, which only READ COMMITTED allows.
//!
//! What had ended before another began comes before it (edges of time): a serial order that the clock contradicts is none.
//! A circle that needs such an edge is forbidden where it would be without.
//!
//! Without circles: G1a (a number of a transaction that was rolled back was seen), G1b (a list was seen in the middle of
//! a transaction's changes), a list that does not go with another or has a number
//! twice, a transaction that does not see its own writes, a
//! commit that was acknowledged and is lost, and a read that misses what was committed before it began.
//!
//! A transaction whose commit was interrupted counts as committed when anybody saw what it wrote.

mod check;
mod circle;
mod record;
mod registers;
#[cfg(test)]
mod tests;
mod time;

pub use check::{Anomaly, Finding, check};
pub use record::{History, Operation, Outcome, Transaction};
