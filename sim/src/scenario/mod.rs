//! Scenarios: what is run on the simulated disk, crashed, recovered and compared.
//!
//! A seed decides everything: which features are on ([`swarm`](SwarmOptions)), the workload, when the machine crashes,
//! what a crash leaves. After each recovery the same questions are asked: is everything acknowledged there, is
//! everything else whole or absent, does the subject equal the model, does it find itself sound, does recovering again
//! change nothing?
//!
//! ```text
//!   World    disk + clock + crashes         open() until it succeeds, crashing and failing on the way
//!     ▲
//!   storage  transactions on trees          lockstep with the model, crashes at any call
//!   every-call  the same, short           once for each disk call, crashed there
//!   io-errors  the same                     failing calls instead of crashes, and both
//!   removals  the same, thousands of entries  scans over whole leaves of removed ones
//!   sql      generated SQL                  against the same SQL over the model
//!   sql-errors  the same                    failing calls
//!   queries  constraints and queries        against loops over rows, which share nothing with the engine
//!   spills   the same, failing calls too  sessions at once, whose queries share the temporary file
//!   logic    conditions of any make           queries that must agree with each other: TLP, NoREC, other plans
//!   sequences threads that take turns     no value of a sequence comes twice
//!   sessions threads that take turns      sums that no interleaving may break, failing calls too
//!   serializable, repeatable-read, read-committed: lists, what was seen is judged by the level
//!   damage   transactions on a tree         every answer is right, or an error names what the disk has done
//!   slt      sqllogictest scripts           crashes between and inside statements
//!   application  anybody's code over a database  what it says itself: see [`application`]
//! ```

pub mod application;
mod damage;
mod every_call;
mod families;
mod histories;
mod ledger;
mod logic;
mod observer;
mod queries;
mod registry;
mod run;
mod salvage;
mod script;
mod sequences;
mod sessions;
mod shelf;
mod sql;
mod stop;
mod storage;
mod sums;
mod swarm;
mod switches;
mod together;
mod world;

pub(crate) use registry::panic_text;
pub use registry::{
    Progress, Request, SCENARIOS, Scenario, command, mistake_by_name, options_of_seed, run_course,
    run_seed, run_seed_everywhere, scenario_by_name, scenario_of_seed,
};
pub use swarm::SwarmOptions;
pub use switches::{SWITCHES, Switch};
