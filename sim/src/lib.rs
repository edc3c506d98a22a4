//! The simulator of QuantaDB: a disk that forgets, a model that does not, and scenarios between them.
//!
//! | module | what lives there |
//! |---|---|
//! | [`model`] | a naive `StorageBackend`: ordered maps, no pages, no log |

pub mod model;
