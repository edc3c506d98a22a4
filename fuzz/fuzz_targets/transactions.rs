//! Any operations of several sessions: each sees what the model says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quantadb_sim::property::{TransactionsInput, check_transactions};

fuzz_target!(|input: TransactionsInput| check_transactions(input));
