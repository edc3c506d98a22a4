//! The course of a run: what was decided, so that the run can be repeated with parts of it left out.
//!
//! A seed is a long row of draws: leave one out, and all that follow mean something else. So a course notes where in its
//! streams of draws each part began. A part that is repeated begins there again, whatever came before it, and means what it
//! meant; a part that is left out is missed by nobody.
//!
//! ```text
//!   seed      ─▶ draws ───────────────────────────────────────────────────────▶
//!                ▲ 0            ▲ 512                       ▲ 533
//!   course    start          step 12  put "k7"           step 13  commit
//!                               ├─ crash at call 3          └─ …
//!                               └─ power loss
//!   shrunk                   step 12, at 512 …             (13 left out)
//! ```
//!
//! | part | what it is |
//! |---|---|
//! | [`Step`] | one step of the workload, with the recovery, the checks and the close that follow it |
//! | [`Turn`] | one of many things of a step: a transaction of a session that has a thread, a change of a burst |
//! | [`Incident`] | what went wrong with the disk at one of its calls, and what a crash left |
//!
//! While a course is replayed nothing goes wrong by chance: the disk fails where an incident says so and nowhere else, and a
//! restart whose power loss was left out loses nothing. Calls are counted anew in each *leg*: from the step's beginning,
//! from each attempt to open, from each time that the disk turns peaceful or hostile; so an incident in a recovery is not
//! moved by what the step did before.

mod cell;
mod list;

pub use cell::CourseCell;
pub use list::{Course, Incident, Kind, Moment, Step, Turn, What};
