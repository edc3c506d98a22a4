//! What SQL means, as loops over rows: two tables, their constraints, and queries over them.
//!
//! The model behind the storage door runs the same planner and the same operators as the engine, so a mistake of theirs
//! is on both sides and nobody sees it. This module shares no line with the engine:
//!
//! ```text
//!   p (id PRIMARY KEY, a, b NOT NULL DEFAULT 7 CHECK (b >= 0))     c (id PRIMARY KEY, a, b REFERENCES p (id))
//!        │                                                              │
//!        └────────────── Tables: two ordered maps of rows ──────────────┘
//!   Change    what a statement makes of the rows, or the SQLSTATE with which it fails     loops, row by row
//!   Question  a query, and its answer                                                     loops, row by row
//!   Condition TRUE, FALSE or NULL of a row                                                three-valued, by hand
//! ```
//!
//! All values are integers or NULL: what is looked for is which rows come, how often, and in which order. What one value
//! is made of is asked of an [`Expression`], over integers, texts and truth values.

mod change;
mod condition;
mod decisions;
mod expression;
mod logic;
mod question;
mod tables;
mod text_functions;

pub use change::Change;
pub use condition::Condition;
pub use decisions::Decisions;
pub use expression::{Expression, Failed, Kind, Scalar};
pub use question::{Answer, Question};
pub use tables::{Action, Layout, Row, Tables};
