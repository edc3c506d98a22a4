//! The rules of interrupts: what stops, and what is then left.

use super::{begin, get, state, store};
use quantadb::env::OsEnv;
use quantadb::interrupt::Interrupt;
use quantadb::storage::{StorageBackend, WaitLimits};
use std::sync::Arc;

/// Limits of a statement that is to stop.
fn stopped() -> WaitLimits {
    let interrupt = Interrupt::new(Arc::new(OsEnv));
    interrupt.request();
    WaitLimits {
        lock_timeout_micros: None,
        interrupt: Some(Arc::new(interrupt)),
    }
}

pub(super) fn commits(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    let mut txn = begin(backend);
    txn.put(tree, b"a", b"1").expect("put");
    txn.limit_waits(stopped());
    assert_eq!(state(txn.commit()), "57014");
    let mut next = begin(backend);
    assert_eq!(get(&*next, tree, b"a").as_deref(), Some(&b"0"[..]));
    next.put(tree, b"a", b"2").expect("nobody is in the way");
    next.limit_waits(stopped());
    next.limit_waits(WaitLimits::default());
    next.commit().expect("commit");
    let mut reader = begin(backend);
    reader.limit_waits(stopped());
    reader.commit().expect("there is nothing to commit");
}

pub(super) fn vacuum(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    for number in 0..100u8 {
        store(backend, tree, &[number], &[0; 300]);
        let mut txn = begin(backend);
        txn.delete(tree, &[number]).expect("delete");
        txn.commit().expect("commit");
    }
    assert_eq!(state(backend.vacuum(&stopped())), "57014");
    let report = backend.check().expect("check");
    assert_eq!(report.problems, Vec::<String>::new());
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    let report = backend.check().expect("check");
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(backend.stats().versions, 0);
}
