//! A storage backend (the *subject*) and the model, driven side by side through the storage door.
//!
//! Each step draws an operation of one of several interleaved transactions, performs it on both, and compares what
//! they give: values, scans, booleans, SQLSTATEs. No transaction ever waits (their lock time-out is 0), so one thread
//! drives them all and the order of everything is a function of the seed.
//!
//! ```text
//!            ┌─▶ subject   insert(tree 5, "k7", …) = true ─┐
//!   a draw ──┤                                             ├─▶ equal? else Mismatch
//!            └─▶ model     insert(tree 2, "k7", …) = true ─┘
//! ```
//!
//! A subject on a failing disk may answer with a *fault* (I/O, full disk, stopped) where the model would not: then the
//! operation has not happened and the model does not perform it. Only of a commit is that not known. Therefore a
//! transaction writes its number into the slot of its session in the root tree before it commits; after recovery the
//! slot says what became of it, and the comparison of everything says whether it is there whole.

mod burst;
mod compare;
mod driver;
mod session;
mod shape;
mod twice;

pub use compare::Mismatch;
pub(crate) use compare::is_fault;
pub use driver::{Event, Known as LockstepKnown, Lockstep, LockstepCounts};
pub use shape::Shape;
