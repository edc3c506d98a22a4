//! Interleaved transactions of several sessions, over the disk backend with pages and cache as small as they may be, in
//! lockstep with the model.

use super::files::tight;
use super::input::Rest;
use crate::env::SimEnv;
use crate::lockstep::{Event, Lockstep, Mismatch, Shape};
use crate::model::{ModelBackend, ModelLimits};
use crate::phase::PhaseCell;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use quantadb::storage::DiskStorageBackend;
use quantadb::vfs::MemoryVfs;
use std::path::Path;
use std::sync::Arc;

const STEPS_MAX: usize = 300;
/// Words of the stream that a step has for itself.
const WORDS_OF_STEP: u128 = 1 << 16;

/// What sessions do.
#[derive(Arbitrary, Clone, Debug)]
pub struct TransactionsInput {
    sessions: u8,
    keys: u8,
    value_bytes_max: u16,
    schema_changes: bool,
    /// A step each: from where in the stream of draws its operation is drawn, so that a step means the same wherever it
    /// stands. 0: the database is dropped as it is and opened again.
    steps: Rest<u16>,
}

/// Both sides answer alike, at each step and about everything after each reopening and at the end.
///
/// # Panics
/// When not.
pub fn check_transactions(input: TransactionsInput) {
    let shape = Shape {
        sessions: 1 + usize::from(input.sessions % 5),
        keys: 1 + u32::from(input.keys),
        key_bytes_max: 300,
        value_bytes_max: 1 + usize::from(input.value_bytes_max % 10_000),
        burst_max: 30,
        schema_changes: input.schema_changes,
        ..Shape::plain()
    };
    let vfs = Arc::new(MemoryVfs::new());
    let env = Arc::new(SimEnv::new(Streams::new(0).entropy()));
    let open = || {
        let path = Path::new("transactions.qdb");
        let backend = DiskStorageBackend::open(vfs.clone(), env.clone(), path, tight());
        Arc::new(backend.expect("a file system in memory fails nothing"))
    };
    let model = ModelBackend::with(env.clone(), ModelLimits::of_pages(tight().page_bytes));
    let mut lockstep = Lockstep::new(shape, PhaseCell::default(), open(), model);
    let agree = |checked: Result<Result<(), quantadb::Error>, Mismatch>| match checked {
        Ok(Ok(())) => {}
        Ok(Err(error)) => panic!("{error:?}"),
        Err(mismatch) => panic!("{mismatch}"),
    };
    let mut rng = Streams::new(0).workload();
    for (number, step) in input.steps.0.into_iter().take(STEPS_MAX).enumerate() {
        if step == 0 {
            lockstep.let_go();
            agree(lockstep.reopened(open()));
            continue;
        }
        rng.set_word_pos(u128::from(step) * WORDS_OF_STEP);
        match lockstep.step(&mut rng) {
            Ok(Event::Fine) => {}
            Ok(Event::Fault { error, .. }) => panic!("step {number}: {error:?}"),
            Err(mismatch) => panic!("step {number}: {mismatch}"),
        }
    }
    agree(lockstep.compare_all());
}
