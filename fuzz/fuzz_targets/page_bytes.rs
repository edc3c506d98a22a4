//! Any bytes as a page, and as a log's changes of it: sound, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{PageInput, check_page};

fuzz_target!(|input: PageInput| check_page(input));
