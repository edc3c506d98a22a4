//! QuantaDB: an embedded SQL database engine that nobody has to take on trust.

pub mod api;
pub mod catalog;
pub mod env;
pub mod error;
pub mod page;
pub mod sql;
pub mod storage;
pub mod sync;
pub mod types;
pub mod vfs;

pub use error::{Error, ErrorKind, Result};
