//! The simulator of QuantaDB: a disk that forgets, a model that does not, and scenarios between them.
//!
//! | module | what lives there |
//! |---|---|
//! | [`model`] | a naive `StorageBackend`: ordered maps, no pages, no log |
//! | [`lockstep`] | a storage backend and the model, driven side by side |
//! | [`door`] | what every `StorageBackend` must do, as a test suite |

pub mod door;
pub mod lockstep;
pub mod model;
pub mod phase;
pub mod streams;
