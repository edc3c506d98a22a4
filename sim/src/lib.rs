//! The simulator of QuantaDB: a disk that forgets, a model that does not, and scenarios between them.
//!
//! | module | what lives there |
//! |---|---|
//! | [`disk`] | a disk that grants the disk contract and nothing more |
//! | [`env`](mod@env), [`streams`], [`phase`] | clock and entropy, random numbers, what is being called |
//! | [`baton`] | threads that take turns as the seed says |
//! | [`course`] | what was decided in a run, so that it can be repeated in part |
//! | [`model`] | a naive `StorageBackend`: ordered maps, no pages, no log |
//! | [`history`] | what transactions saw, judged by what their isolation level promises |
//! | [`lockstep`] | a storage backend and the model, driven side by side |
//! | [`scenario`], [`sweep`], [`report`], [`results`] | what is run and crashed, for one seed or many, and what is told of it |
//! | [`shrink`] | a failing run, and the least of it that still fails |
//! | [`trace`] | a run to look at: as text, as JSON lines, as a page |
//! | [`exhaustive`] | short workloads, every crash of them with everything that it may leave |
//! | [`hunt`] | mistakes planted in the engine, and seeds until they are noticed |
//! | [`sql`] | two databases, on the disk and over the model, given the same SQL |
//! | [`door`] | what every `StorageBackend` must do, as a test suite |
//! | [`reference`](mod@reference) | tables, constraints and queries as loops over rows: what SQL means, without the engine |
//! | [`property`] | properties of structures, for tests and fuzz targets |

pub mod baton;
pub mod course;
pub mod disk;
pub mod door;
pub mod env;
pub mod exhaustive;
pub mod history;
pub mod hunt;
pub mod lockstep;
pub mod model;
pub mod phase;
pub mod property;
pub mod reference;
pub mod report;
pub mod results;
pub mod scenario;
pub mod shrink;
pub mod sql;
pub mod streams;
pub mod sweep;
pub mod trace;
