//! Pages that a failed sync forgot, when more were written than the pool holds.

use super::files::tight;
use crate::disk::{DiskFaults, SimDisk, SyncFailure};
use crate::env::SimEnv;
use crate::phase::PhaseCell;
use crate::streams::Streams;
use arbitrary::Arbitrary;
use quantadb::storage::{DiskOptions, DiskStorageBackend, StorageBackend, TxnOptions};
use quantadb::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

const PATH: &str = "forgotten.qdb";
/// Entries, of which a page holds four: of twice as many pages as the pool.
const ENTRIES: u8 = 250;
const VALUE_BYTES: usize = 900;

/// Which entries are written anew before the sync fails, and what that does.
#[derive(Arbitrary, Clone, Debug)]
pub struct ForgottenInput {
    seed: u64,
    /// The sync forgets some sectors only.
    in_part: bool,
    /// Another sync succeeds in between.
    synced: bool,
    changed: [bool; 16],
}

fn value(number: u8, version: u8) -> Vec<u8> {
    let mut value = vec![number ^ 0x5a; VALUE_BYTES];
    value[0] = version;
    value
}

/// Gives each entry for which `is_changed` holds its value of that version.
fn write(
    backend: &DiskStorageBackend,
    version: u8,
    is_changed: impl Fn(u8) -> bool,
) -> Result<(), Error> {
    let mut txn = backend.begin(TxnOptions::default())?;
    for number in (0..ENTRIES).filter(|&number| is_changed(number)) {
        txn.put(backend.root_tree(), &[number], &value(number, version))?;
    }
    txn.commit()
}

/// What is read after a sync of pages has failed is what was written, or an error says that the disk has lost it (BUF-5).
///
/// # Panics
/// When not.
pub fn check_forgotten(input: ForgottenInput) {
    let streams = Streams::new(input.seed);
    let disk = SimDisk::new(streams.faults(), DiskFaults::NONE, PhaseCell::default());
    let env = Arc::new(SimEnv::new(streams.entropy()));
    let vfs = Arc::new(disk.clone());
    let options = DiskOptions {
        checkpoint_bytes: u64::MAX,
        ..tight()
    };
    let backend = DiskStorageBackend::open(vfs, env, Path::new(PATH), options);
    let backend = backend.expect("the disk fails nothing yet");
    let is_changed = |number: u8| input.changed[usize::from(number) % input.changed.len()];
    write(&backend, 1, |_| true).expect("the disk fails nothing yet");
    backend.checkpoint().expect("the disk fails nothing yet");
    write(&backend, 2, is_changed).expect("the disk fails nothing yet");
    if input.synced {
        backend.checkpoint().expect("the disk fails nothing yet");
        write(&backend, 2, is_changed).expect("the disk fails nothing yet");
    }
    disk.set_faults(DiskFaults {
        sync_error_ppm: 1_000_000,
        sync_failure: match input.in_part {
            true => SyncFailure::Mixed,
            false => SyncFailure::Dropped,
        },
        ..DiskFaults::NONE
    });
    assert!(backend.checkpoint().is_err(), "every sync fails");
    disk.set_faults(DiskFaults::NONE);
    let again = backend.checkpoint();
    assert!(again.is_err(), "the next sync would seem to succeed");
    for number in 0..ENTRIES {
        let expected = value(number, 1 + u8::from(is_changed(number)));
        let txn = backend.begin(TxnOptions::default()).expect("begin");
        match txn.get(backend.root_tree(), &[number]) {
            Ok(found) => assert_eq!(found, Some(expected), "entry {number}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Stopped, "{error:?}"),
        }
    }
}
