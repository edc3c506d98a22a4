//! The rules of row locks, and of promises that ranges stay as they are.

use super::{IMPATIENT, begin, get, one_gives_way, state, store};
use quantadb::storage::LockMode::{self, KeyShare, NoKeyUpdate, Share, Update};
use quantadb::storage::{IsolationLevel, KeyRange, StorageBackend, StorageTxn, TreeId, TxnOptions};
use quantadb::{Error, Result};

/// Locks without waiting.
fn tries(txn: &mut dyn StorageTxn, tree: TreeId, key: &[u8], mode: LockMode) -> Result<bool> {
    txn.lock(tree, key, mode, false)
}

pub(super) fn row_locks(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    let (mut first, mut second) = (begin(backend), begin(backend));
    assert!(tries(&mut *first, tree, b"a", KeyShare).expect("lock"));
    assert!(tries(&mut *second, tree, b"a", NoKeyUpdate).expect("they agree"));
    assert!(!tries(&mut *second, tree, b"a", Update).expect("they do not"));
    assert_eq!(
        state(second.lock(tree, b"a", Update, true)),
        "55P03",
        "a wait that may not be"
    );
    assert_eq!(state(second.delete(tree, b"a")), "55P03");
    second.put(tree, b"a", b"1").expect("the key stays");
    assert!(!tries(&mut *first, tree, b"a", Share).expect("a change is in doubt"));
    second.rollback().expect("rollback");
    assert!(tries(&mut *first, tree, b"a", Share).expect("an upgrade"));
    let savepoint = first.savepoint();
    assert!(tries(&mut *first, tree, b"b", Update).expect("of what is not there"));
    let mut second = begin(backend);
    assert_eq!(state(second.insert(tree, b"b", b"1")), "55P03");
    first.rollback_to(savepoint).expect("rollback_to");
    assert!(second.insert(tree, b"b", b"1").expect("given back"));
    assert_eq!(state(second.put(tree, b"a", b"1")), "55P03", "still shared");
    second.commit().expect("commit");
    assert_eq!(
        state(first.lock(tree, b"b", KeyShare, true)),
        "40001",
        "newer than the snapshot"
    );
    first.commit().expect("a commit of locks");
    let reader = backend
        .begin(TxnOptions {
            read_only: true,
            ..IMPATIENT
        })
        .expect("begin");
    assert_eq!(state(reader.lock(tree, b"a", KeyShare, true)), "25006");
    let mut last = begin(backend);
    assert!(last.delete(tree, b"a").expect("nobody holds it any more"));
    assert!(get(&*last, tree, b"b").is_some());
}

pub(super) fn promises(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let outcome = |isolation, key: &[u8]| -> Result<(), Error> {
        let mut txn = backend.begin(TxnOptions {
            isolation,
            ..IMPATIENT
        })?;
        txn.depend_on(tree, &KeyRange::prefix(b"p"));
        txn.put(tree, b"own", b"1")?;
        store(backend, tree, key, b"other");
        txn.commit()
    };
    let snapshot = IsolationLevel::RepeatableRead;
    assert_eq!(state(outcome(snapshot, b"p1")), "40001");
    assert_eq!(state(outcome(snapshot, b"q1")), "00000");
    assert_eq!(state(outcome(IsolationLevel::Serializable, b"p2")), "40001");
    assert_eq!(state(outcome(IsolationLevel::Serializable, b"q2")), "00000");
    let committed = IsolationLevel::ReadCommitted;
    assert_eq!(state(outcome(committed, b"p3")), "00000");
}

/// Two holders of a shared lock both want more.
pub(super) fn deadlock_of_locks(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let patient = || backend.begin(TxnOptions::default()).expect("begin");
    let (mut first, mut second) = (patient(), patient());
    assert!(tries(&mut *first, tree, b"a", Share).expect("lock"));
    assert!(tries(&mut *second, tree, b"a", Share).expect("lock"));
    one_gives_way(
        move || state(first.lock(tree, b"a", Update, true)),
        move || state(second.put(tree, b"a", b"2")),
    );
}
