//! What the engine promises to those who use it, over disks and the model of this package. One program, since linking with
//! the engine is most of what a test costs.

mod common;
mod corrupt_files;
mod kill;
mod page;
mod salvage;
mod spill;
mod sql;
mod threads;
mod vfs;
