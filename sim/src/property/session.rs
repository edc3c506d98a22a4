//! Sessions that many runs of a property share.

use quantadb::api::{Connection, Database};

/// A session of a new database in memory that has run `sql`.
///
/// # Panics
/// When `sql` fails.
pub(super) fn session(sql: &str) -> Connection {
    let database = Database::open_in_memory().expect("memory has room");
    let session = database.connect().expect("it is open");
    session.run(sql).expect("it is right");
    session
}
