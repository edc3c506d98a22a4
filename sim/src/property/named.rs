//! Properties of the storage core by name, over inputs that seeds make: for whoever asks what they notice.

use super::forgotten::check_forgotten;
use super::hostile::{check_file, check_log_damage};
use super::input::input_of;
use super::log::check_log;
use super::pages::check_page;
use super::transactions::check_transactions;
use super::tree::check_tree;
use crate::scenario::panic_text;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use rand::Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The fewest bytes of an input.
const BYTES_MIN: usize = 8;

/// A property that can be named.
#[derive(Debug)]
pub struct Property {
    /// What it is called.
    pub name: &'static str,
    /// What it says, in one line.
    pub about: &'static str,
    /// Bytes of choices that make an input, at most.
    bytes_max: usize,
    check: fn(&[u8]),
}

/// Those of log, pages, tree and transactions.
pub const PROPERTIES: &[Property] = &[
    Property {
        name: "log",
        about: "every record that was flushed comes back, over crashes and failed syncs, and nothing else does",
        bytes_max: 2500,
        check: |bytes| over(bytes, check_log),
    },
    Property {
        name: "tree",
        about: "a tree is an ordered map",
        bytes_max: 1500,
        check: |bytes| over(bytes, check_tree),
    },
    Property {
        name: "transactions",
        about: "sessions see what the model says",
        bytes_max: 500,
        check: |bytes| over(bytes, check_transactions),
    },
    Property {
        name: "forgotten",
        about: "after a failed sync of pages what is read is right, or an error says that the disk has lost it",
        bytes_max: 64,
        check: |bytes| over(bytes, check_forgotten),
    },
    Property {
        name: "page",
        about: "any bytes are a sound page or are refused, and so are changes of it",
        bytes_max: 200,
        check: |bytes| over(bytes, check_page),
    },
    Property {
        name: "file",
        about: "any bytes as a database give an answer or an error",
        bytes_max: 200,
        check: |bytes| over(bytes, check_file),
    },
    Property {
        name: "log-bytes",
        about: "any bytes as a log give an answer or an error",
        bytes_max: 300,
        check: |bytes| over(bytes, check_log_damage),
    },
];

/// Checks the input that `bytes` describe, if they describe one.
fn over<T: for<'a> Arbitrary<'a>>(bytes: &[u8], check: impl FnOnce(T)) {
    if let Some(input) = input_of(bytes) {
        check(input);
    }
}

/// The property called `name`.
pub fn property_by_name(name: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.name == name)
}

impl Property {
    /// Checks the input that a seed makes.
    ///
    /// # Errors
    /// What the property has panicked with: it is broken.
    pub fn check_seed(&self, seed: u64) -> Result<(), String> {
        let mut rng = Streams::new(seed).workload();
        let mut bytes = vec![0; rng.random_range(BYTES_MIN..self.bytes_max)];
        rng.fill(bytes.as_mut_slice());
        let checked = catch_unwind(AssertUnwindSafe(|| (self.check)(&bytes)));
        checked.map_err(|payload| panic_text(&*payload))
    }
}
