//! Any operations on a tree: it answers as an ordered map does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{TreeInput, check_tree};

fuzz_target!(|input: TreeInput| check_tree(input));
