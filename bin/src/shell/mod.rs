//! The shell: reads statements and backslash commands, runs them, prints what comes.
//!
//! ```text
//!   terminal ─interact─┐
//!   stdin, \i ─script──┼─▶ Splitter ──statement──▶ Session ──▶ print
//!                      └────────────backslash──▶ command ──▶ describe, copy
//! ```

mod command;
mod copy;
mod describe;
mod interact;
mod print;
mod script;
mod session;
mod splitter;

pub(crate) use session::Shell;
