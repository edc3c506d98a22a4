//! The simulator of QuantaDB: a disk that forgets, a model that does not, and scenarios between them.
//!
//! # Your own code
//! What uses QuantaDB can be tested on the same disk: implement [`application::Application`] for something that does your
//! work and remembers what it was told, and run it in a test of yours. It is crashed over and over, after each recovery your
//! check is asked, and a failure prints the line that shows it again. `examples/ledger` is a whole one.
//!
//! ```
//! use quantadb::{Error, api::Database};
//! use quantadb_sim::application::{Application, Complaint, Draws, Simulation};
//!
//! /// Counts, and remembers how far it must have come.
//! #[derive(Default)]
//! struct Counter {
//!     acknowledged: i64,
//!     sent: i64,
//! }
//!
//! fn count(database: &Database) -> Result<i64, Error> {
//!     let connection = database.connect()?;
//!     let mut rows = connection.query("SELECT count(*) FROM t", [])?;
//!     rows.next().map_or(Ok(0), |row| row.get("count"))
//! }
//!
//! impl Application for Counter {
//!     fn open(&mut self, database: &Database) -> Result<(), Error> {
//!         database.connect()?.run("CREATE TABLE IF NOT EXISTS t (n BIGINT)").map(drop)
//!     }
//!
//!     fn step(&mut self, database: &Database, _draws: &mut Draws) -> Result<(), Error> {
//!         self.sent = self.acknowledged + 1;
//!         database.connect()?.run("INSERT INTO t VALUES (1)")?;
//!         self.acknowledged = self.sent;
//!         Ok(())
//!     }
//!
//!     fn check(&mut self, database: &Database) -> Result<(), Complaint> {
//!         let found = count(database)?;
//!         if !(self.acknowledged..=self.sent).contains(&found) {
//!             let expected = format!("{} to {}", self.acknowledged, self.sent);
//!             return Err(Complaint::new("rows", expected, found));
//!         }
//!         // What recovery has decided stays decided.
//!         (self.acknowledged, self.sent) = (found, found);
//!         Ok(())
//!     }
//! }
//!
//! // #[test]
//! let reports = Simulation::default().seeds(0..5).steps(50).run::<Counter>();
//! assert_eq!(reports.len(), 5);
//! ```
//!
//! # Modules
//! | module | what lives there |
//! |---|---|
//! | [`disk`] | a disk that grants the disk contract and nothing more |
//! | [`env`](mod@env), [`streams`], [`phase`] | clock and entropy, random numbers, what is being called |
//! | [`baton`] | sessions that take turns as the seed says |
//! | [`course`] | what was decided in a run, so that it can be repeated in part |
//! | [`model`] | a naive `StorageBackend`: ordered maps, no pages, no log |
//! | [`history`] | what transactions saw, judged by what their isolation level promises |
//! | [`lockstep`] | a storage backend and the model, driven side by side |
//! | [`scenario`], [`sweep`], [`report`], [`results`] | what is run and crashed, for one seed or many, and what is told of it |
//! | [`shrink`] | a failing run, and the least of it that still fails |
//! | [`trace`] | a run to look at: as text, as JSON lines, as a page |
//! | [`exhaustive`] | short workloads, every crash of them with everything that it may leave |
//! | [`search`] | decisions that reach what no others have |
//! | [`hunt`] | mistakes planted in the engine, and seeds until they are noticed |
//! | [`application`] | anybody's code over a database on the simulated disk |
//! | [`sql`] | two databases, on the disk and over the model, given the same SQL |
//! | [`door`] | what every `StorageBackend` must do, as a test suite |
//! | [`reference`](mod@reference) | tables, constraints and queries as loops over rows: what SQL means, without the engine |
//! | [`property`] | properties of structures, for tests and fuzz targets |

pub use scenario::application;

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
pub mod search;
pub mod shrink;
pub mod sql;
pub mod streams;
pub mod sweep;
pub mod trace;
