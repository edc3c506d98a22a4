//! PostgreSQL's regular expressions ("advanced" ones, ARE), by way of those of the crate `regex-automata`.
//!
//! ```text
//!   '^a[[:digit:]]+\M'  ──syntax──▶  (?s-u…)^a[[:digit:]]+\b{end}  ──pattern──▶  where it matches
//! ```
//!
//! The syntax is nearly the same; `syntax` translates what is not, and refuses by name what cannot be matched in linear
//! time (back references, lookaround). The *match* is not the same: where Perl takes the first alternative that leads to
//! one, PostgreSQL takes the longest match that begins leftmost, or the shortest where the first quantifier is a
//! non-greedy one (PostgreSQL's manual, 9.7.3.5). So `pattern` finds the leftmost beginning, and from there all ends. Among
//! several ways to make the same match, groups are filled as in Perl.

mod pattern;
mod similar;
mod syntax;

pub(super) use pattern::{Flags, Pattern};
pub(super) use similar::similar;
