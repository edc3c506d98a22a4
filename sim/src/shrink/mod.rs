//! A failing run, and the least of it that still fails.
//!
//! The run's [course](crate::course) is taken down and replayed with parts left out, by delta debugging (Zeller and
//! Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 28(2), 2002) one level after the other (Misherghi
//! and Su, "HDD", ICSE 2006): steps, turns, incidents; then options are given their simplest values; then all of it again
//! until nothing more can go. What is left is *1-minimal*, unless the attempts ran out: without any one of its parts it no
//! longer fails for the same [reason](Reason).
//!
//! ```text
//!   seed ─run─▶ course of 312 steps ──┬─▶ without 0..156   passes, or fails otherwise: they stay
//!                                     ├─▶ without 156..312 fails alike: they go
//!                                     └─▶ …                ─▶ a case of 5 steps, in a file
//! ```
//!
//! # Cases
//! A case is a text that `quanta-sim replay` runs, for bug reports. Version 1, line by line:
//!
//! ```text
//! case      = "quanta-sim case 1" { comment | head } { step }
//! comment   = "#" text                              for people
//! head      = "scenario" name | "seed" number
//!           | "mistake" name                        planted, in builds that can
//!           | "faults" names | "point" number       as --faults; the call at which every-call crashed
//!           | "script" path                         as --script
//!           | "set" option "=" value                an option that is not as the seed says
//!           | "reason" text                         why it fails, where the words depend on no number
//!           | "violation" text                      for people
//! step      = moment "at" { number } { note | turn | incident }
//! moment    = "start" | "step" number | "end"
//! note      = "|" text                              what was done when the case was made
//! turn      = "turn" session number "at" number
//! incident  = what "in leg" number "call" number "at" number
//! what      = "crash" | "error" | "full" | "interrupted" | "short" | "slow" | "misdirected" | "lost-writes" | "stale"
//!           | "power-loss" | "process-end"          of these the call is which restart of the step it is
//! ```
//!
//! The numbers behind `at` are positions in the seed's streams. So a case means the same as long as the workload draws the
//! same; a replay whose notes are others says so.

mod case;
mod reason;
mod reduce;
mod search;

pub use case::{Case, Replayed};
pub use reason::Reason;
pub use search::{Limits, NotShrunk, Shrunk, shrink};
