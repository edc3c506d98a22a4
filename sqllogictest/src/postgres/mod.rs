//! A PostgreSQL server as an engine for scripts, to see that they expect what PostgreSQL does.
//!
//! ```text
//!   address ──▶ client ──▶ server: CREATE DATABASE for a script, its sessions, who waits for whom, DROP DATABASE
//!   (URL)       (simple query protocol, text)
//! ```
//!
//! Spoken is the protocol of simple queries: one message with the text, and each value comes back as PostgreSQL's text.
//! Sessions are set up as QuantaDB's are by default: SERIALIZABLE, UTC, ISO dates, texts in the order of their bytes.

mod address;
mod client;
mod server;

pub use address::PostgresAddress;
pub(crate) use server::PostgresDatabase;
