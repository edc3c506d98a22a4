//! A run to look at: what sessions did, what the disk was asked, what a crash took.
//!
//! ```text
//!   sessions    s0      s1        files   log       database
//!   step 12     put k7                    w w s     r
//!   step 13             commit            w ✕                 ◀ the crash; unsynced: ■ kept □ lost ▨ garbage
//!   recovery                              r r w s   r w s
//!   checks      expected k7, found nothing                    ◀ the violation, and the write that carried k7
//! ```
//!
//! The [events](Event) are taken down by the [course](crate::course) when somebody watches: text, JSON lines and a page are
//! three ways of showing the same list.

mod cause;
mod event;
mod html;
mod lines;
mod rows;

pub use cause::Cause;
pub use event::{DiskCall, Event, Fate, Outcome, SectorFate, Trace};
