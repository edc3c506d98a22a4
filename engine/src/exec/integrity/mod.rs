//! Constraints that are checked when all rows are written: every key that a row references is there (referential
//! integrity), and deferrable unique keys are unique (`unique`).
//!
//! A statement that writes rows of a table with foreign keys, or one that foreign keys refer to, records what they have
//! to look at (`events`), in the order of the writes and, for each row, in the order in which the foreign keys were made,
//! those that refer to the row first. When all its rows are written, the events are worked off in that order
//! (`enforce`): a check of the keys that rows have got, a check that the keys that are gone are not referenced, or an
//! action, which writes rows of other tables and so adds events at the end. That is PostgreSQL's order of its triggers,
//! and like there only `NO ACTION` and the check of referencing rows can wait for the end of the transaction
//! (`deferred`).
//!
//! ```text
//!   DELETE FROM parent ─▶ rows written ─▶ events: child 1 CASCADE, child 2 NO ACTION, … , then what CASCADE has added
//!                                             │          │
//!                                        writes rows   looks for rows, or is queued for COMMIT
//! ```
//!
//! A check asks one thing, whichever side it comes from: is there a row that references a key that is not there? So what
//! is deferred need not remember rows, only keys, and a key that has come back or is referenced no more is no violation.
//!
//! # Why two transactions cannot break it together
//!
//! Neither sees what the other has not committed: one adds a child while the other removes its parent, each looks and
//! finds nothing wrong. What keeps them apart is the entry of the referenced key, in the table (where the key is the row
//! id) or in the unique index.
//!
//! - The child's side *locks* that entry with [`LockMode::KeyShare`](crate::storage::LockMode) and then looks whether
//!   it is there. The lock is refused with `40001` when a newer state than the snapshot's was committed; so what is seen
//!   is the newest, and as nobody else can remove the entry until the child's transaction ends, it stays true. At READ
//!   COMMITTED a new snapshot is taken and the same tried again.
//! - The parent's side has *removed* that entry, as part of its change. For that it has waited for all who hold the lock,
//!   and whoever comes for it later waits for the parent's transaction to end, and then learns what became of the key.
//!
//! So for each key, every child's transaction has either ended before the parent's removal, or looks after the parent's
//! end. Of those that ended before, the parent must see the rows: at READ COMMITTED it takes a new snapshot after the
//! removal, which has all of them. At the other levels its snapshot may be older; there it depends on the range where
//! children of this key stand ([`StorageTxn::depend_on`](crate::storage::StorageTxn)), and its commit fails with `40001`
//! when one has come. Without an index over the referencing columns that range is the whole table: a change of any of
//! its rows makes the commit fail.
//!
//! Needs from below: [`Integrity`](crate::sql::Integrity), what the binder has found the change to touch.

mod check;
mod compared;
mod deferred;
mod enforce;
mod events;
mod keys;
mod unique;

pub(crate) use check::{check_references, check_whole as check_foreign_key};
pub(crate) use deferred::{ConstraintId, Deferral, check_deferred};
pub(crate) use enforce::enforce;
pub(crate) use events::{Events, Recorder};
pub(crate) use unique::UniqueKey;
