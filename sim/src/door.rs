//! What every `StorageBackend` must do, as a test suite for whoever implements one.
//!
//! [`check_semantics`] pins each rule of the door with a few lines that fail by name; [`check_random`] drives a
//! backend and the model side by side. Both panic with what was expected and what was found.

mod interrupts;
mod locks;

use crate::lockstep::{Event, Lockstep, LockstepCounts, Shape};
use crate::model::ModelBackend;
use crate::phase::PhaseCell;
use crate::streams::Streams;
use quantadb::storage::{
    EntryBatch, IsolationLevel, KeyRange, ScanDirection, StorageBackend, StorageTxn, Synchronous,
    TreeId, TxnOptions, WaitLimits,
};
use quantadb::{Error, Result};
use std::ops::Bound;
use std::sync::Arc;

/// Makes an empty backend.
pub type Make<'a> = &'a dyn Fn() -> Arc<dyn StorageBackend>;

/// A transaction that waits for nobody.
const IMPATIENT: TxnOptions = TxnOptions {
    isolation: IsolationLevel::RepeatableRead,
    read_only: false,
    lock_timeout_micros: Some(0),
    synchronous: Synchronous::Full,
    beside_schema_changes: false,
    session: 0,
};

/// A key that no backend takes, in bytes.
const KEY_TOO_LONG_BYTES: usize = 70_000;

/// Drives a fresh backend and the model through `steps` random operations.
///
/// # Panics
/// When they differ.
pub fn check_random(make: Make<'_>, seed: u64, steps: usize, shape: Shape) -> LockstepCounts {
    let mut rng = Streams::new(seed).workload();
    let subject = make();
    let mut lockstep = Lockstep::new(shape, PhaseCell::default(), subject, ModelBackend::new());
    for step in 0..steps {
        match lockstep.step(&mut rng) {
            Ok(Event::Fine) => {}
            Ok(Event::Fault { error, .. }) => panic!("seed {seed}, step {step}: {error:?}"),
            Err(mismatch) => panic!("seed {seed}, step {step}: {mismatch}"),
        }
        if step % 500 == 499 || step + 1 == steps {
            match lockstep.compare_all() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => panic!("seed {seed}, step {step}: {error:?}"),
                Err(mismatch) => panic!("seed {seed}, step {step}: {mismatch}"),
            }
        }
    }
    lockstep.counts()
}

/// Checks each rule of the door on a fresh backend of its own.
///
/// # Panics
/// When one is broken.
pub fn check_semantics(make: Make<'_>) {
    snapshots(&*make());
    conflicts(&*make());
    deletions_that_hide(&*make());
    savepoints(&*make());
    limits(&*make());
    ranges(&*make());
    big_values(&*make());
    read_only(&*make());
    trees(&*make());
    schema_gate(&*make());
    row_ids(&*make());
    waiting(&*make());
    deadlock(&*make());
    locks::row_locks(&*make());
    locks::promises(&*make());
    locks::deadlock_of_locks(&*make());
    interrupts::commits(&*make());
    interrupts::vacuum(&*make());
}

fn begin(backend: &dyn StorageBackend) -> Box<dyn StorageTxn> {
    backend.begin(IMPATIENT).expect("begin")
}

/// Commits one value.
fn store(backend: &dyn StorageBackend, tree: TreeId, key: &[u8], value: &[u8]) {
    let mut txn = begin(backend);
    txn.put(tree, key, value).expect("put");
    txn.commit().expect("commit");
}

/// A tree, committed.
fn new_tree(backend: &dyn StorageBackend) -> TreeId {
    let mut txn = begin(backend);
    txn.mark_schema_changed().expect("mark");
    let tree = txn.create_tree().expect("create_tree");
    txn.commit().expect("commit");
    tree
}

fn get(txn: &dyn StorageTxn, tree: TreeId, key: &[u8]) -> Option<Vec<u8>> {
    txn.get(tree, key).expect("get")
}

fn state<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|e: Error| e.sqlstate(), |_| "00000")
}

/// All keys of a range, one entry at a time.
fn keys(
    txn: &dyn StorageTxn,
    tree: TreeId,
    range: KeyRange,
    direction: ScanDirection,
) -> Vec<Vec<u8>> {
    let mut cursor = txn.scan(tree, range, direction).expect("scan");
    let (mut batch, mut keys) = (EntryBatch::default(), Vec::new());
    while cursor.next_batch(&mut batch, 1).expect("next_batch") {
        assert_eq!(batch.len(), 1, "a batch of at most one entry");
        keys.push(batch.key(0).to_vec());
    }
    assert!(batch.is_empty(), "the end is an empty batch");
    keys
}

fn snapshots(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"old");
    let mut reader = begin(backend);
    let mut fresh = backend
        .begin(TxnOptions {
            isolation: IsolationLevel::ReadCommitted,
            ..IMPATIENT
        })
        .expect("begin");
    store(backend, tree, b"a", b"new");
    assert_eq!(get(&*reader, tree, b"a").as_deref(), Some(&b"old"[..]));
    assert_eq!(get(&*fresh, tree, b"a").as_deref(), Some(&b"old"[..]));
    fresh.refresh_snapshot();
    reader.refresh_snapshot();
    assert_eq!(
        get(&*fresh, tree, b"a").as_deref(),
        Some(&b"new"[..]),
        "READ COMMITTED takes a new snapshot"
    );
    assert_eq!(
        get(&*reader, tree, b"a").as_deref(),
        Some(&b"old"[..]),
        "REPEATABLE READ keeps its snapshot"
    );
    reader.put(tree, b"own", b"1").expect("put");
    assert!(
        get(&*reader, tree, b"own").is_some(),
        "its own change is seen"
    );
    assert!(
        get(&*begin(backend), tree, b"own").is_none(),
        "a change is unseen until its commit"
    );
    drop(reader);
    assert!(
        get(&*begin(backend), tree, b"own").is_none(),
        "dropping rolls back"
    );
}

fn conflicts(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    let (mut first, mut second) = (begin(backend), begin(backend));
    first.put(tree, b"a", b"1").expect("put");
    assert_eq!(state(second.put(tree, b"a", b"2")), "55P03");
    assert_eq!(state(second.delete(tree, b"a")), "55P03");
    assert_eq!(state(second.insert(tree, b"a", b"2")), "55P03");
    first.insert(tree, b"b", b"1").expect("insert");
    first.commit().expect("commit");
    assert_eq!(state(second.put(tree, b"a", b"2")), "40001");
    assert_eq!(state(second.delete(tree, b"a")), "40001");
    assert!(
        !second.insert(tree, b"b", b"2").expect("insert"),
        "a key committed since is taken"
    );
    assert_eq!(state(second.put(tree, b"b", b"2")), "40001");
    assert!(
        !second.delete(tree, b"b").expect("delete"),
        "what is not seen cannot be deleted"
    );
    assert_eq!(get(&*second, tree, b"a").as_deref(), Some(&b"0"[..]));
    second.put(tree, b"c", b"2").expect("the transaction lives");
    second.commit().expect("commit");
    let reader = begin(backend);
    assert_eq!(get(&*reader, tree, b"a").as_deref(), Some(&b"1"[..]));
    assert_eq!(get(&*reader, tree, b"c").as_deref(), Some(&b"2"[..]));
}

fn deletions_that_hide(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    let mut late = begin(backend);
    let mut txn = begin(backend);
    assert!(txn.delete(tree, b"a").expect("delete"));
    assert!(
        !txn.delete(tree, b"a").expect("delete"),
        "twice gives false"
    );
    assert!(get(&*txn, tree, b"a").is_none());
    assert!(
        txn.insert(tree, b"a", b"1").expect("insert"),
        "free by its own deletion"
    );
    assert!(txn.delete(tree, b"a").expect("delete"));
    txn.commit().expect("commit");
    assert_eq!(
        state(late.insert(tree, b"a", b"2")),
        "40001",
        "deleted after the snapshot"
    );
    assert_eq!(get(&*late, tree, b"a").as_deref(), Some(&b"0"[..]));
    assert_eq!(
        keys(&*late, tree, KeyRange::ALL, ScanDirection::Forward).len(),
        1
    );
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    assert_eq!(
        get(&*late, tree, b"a").as_deref(),
        Some(&b"0"[..]),
        "vacuum keeps what a snapshot sees"
    );
    drop(late);
    let mut txn = begin(backend);
    assert!(txn.insert(tree, b"a", b"3").expect("insert"));
    txn.commit().expect("commit");
}

fn savepoints(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    let mut txn = begin(backend);
    let outer = txn.savepoint();
    txn.put(tree, b"a", b"1").expect("put");
    txn.put(tree, b"b", b"1").expect("put");
    let inner = txn.savepoint();
    txn.delete(tree, b"a").expect("delete");
    txn.put(tree, b"b", b"2").expect("put");
    txn.rollback_to(inner).expect("rollback_to");
    assert_eq!(get(&*txn, tree, b"a").as_deref(), Some(&b"1"[..]));
    assert_eq!(get(&*txn, tree, b"b").as_deref(), Some(&b"1"[..]));
    txn.put(tree, b"b", b"3").expect("put");
    txn.rollback_to(inner).expect("a savepoint stays valid");
    assert_eq!(get(&*txn, tree, b"b").as_deref(), Some(&b"1"[..]));
    txn.rollback_to(outer).expect("rollback_to");
    assert_eq!(get(&*txn, tree, b"a").as_deref(), Some(&b"0"[..]));
    assert!(get(&*txn, tree, b"b").is_none());
    txn.put(tree, b"c", b"1").expect("put");
    txn.commit().expect("commit");
    let reader = begin(backend);
    assert_eq!(
        keys(&*reader, tree, KeyRange::ALL, ScanDirection::Forward),
        [b"a", b"c"]
    );
}

fn limits(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let mut txn = begin(backend);
    let long = vec![b'k'; KEY_TOO_LONG_BYTES];
    assert_eq!(state(txn.put(tree, &long, b"")), "54000");
    assert_eq!(state(txn.insert(tree, &long, b"")), "54000");
    assert!(
        txn.get(tree, &long).expect("get").is_none(),
        "a key that cannot be is not there"
    );
    txn.put(tree, b"", b"").expect("an empty key and value");
    assert_eq!(get(&*txn, tree, b"").as_deref(), Some(&b""[..]));
    txn.commit().expect("the transaction lives");
}

fn ranges(backend: &dyn StorageBackend) {
    let tree = new_tree(backend);
    let mut txn = begin(backend);
    for i in 0..300u32 {
        txn.put(tree, &i.to_be_bytes(), &[b'v'; 40]).expect("put");
    }
    let key = |i: u32| i.to_be_bytes().to_vec();
    let expect = |range: KeyRange, from: u32, to: u32| {
        let up: Vec<Vec<u8>> = (from..to).map(key).collect();
        let down: Vec<Vec<u8>> = up.iter().rev().cloned().collect();
        assert_eq!(
            keys(&*txn, tree, range.clone(), ScanDirection::Forward),
            up,
            "{range:?}"
        );
        assert_eq!(
            keys(&*txn, tree, range.clone(), ScanDirection::Backward),
            down,
            "{range:?}"
        );
    };
    let range = |low, high| KeyRange { low, high };
    expect(KeyRange::ALL, 0, 300);
    expect(
        range(Bound::Included(key(7)), Bound::Excluded(key(250))),
        7,
        250,
    );
    expect(
        range(Bound::Excluded(key(7)), Bound::Included(key(250))),
        8,
        251,
    );
    expect(
        range(Bound::Included(key(9)), Bound::Included(key(9))),
        9,
        10,
    );
    expect(
        range(Bound::Excluded(key(9)), Bound::Excluded(key(9))),
        0,
        0,
    );
    expect(
        range(Bound::Included(key(9)), Bound::Included(key(2))),
        0,
        0,
    );
    expect(KeyRange::prefix(&[0, 0, 1]), 256, 300);
    expect(range(Bound::Included(key(900)), Bound::Unbounded), 0, 0);
}

fn big_values(backend: &dyn StorageBackend) {
    let tree = new_tree(backend);
    let value = |len: usize, salt: u8| -> Vec<u8> {
        (0..len)
            .map(|i| (i % 251) as u8 ^ (i >> 12) as u8 ^ salt)
            .collect()
    };
    for (i, len) in [300, 5_000, 70_000, 3_000_000].into_iter().enumerate() {
        store(backend, tree, &[i as u8], &value(len, 0));
    }
    let old = begin(backend);
    for (i, len) in [70_000, 300, 3_000_000, 5_000].into_iter().enumerate() {
        store(backend, tree, &[i as u8], &value(len, 1));
    }
    for (i, len) in [300, 5_000, 70_000, 3_000_000].into_iter().enumerate() {
        let found = get(&*old, tree, &[i as u8]);
        assert!(found == Some(value(len, 0)), "old value of {len} bytes");
    }
    let mut cursor = old
        .scan(tree, KeyRange::ALL, ScanDirection::Backward)
        .expect("scan");
    let mut batch = EntryBatch::default();
    let mut bytes = 0;
    while cursor.next_batch(&mut batch, 10).expect("next_batch") {
        bytes += batch.iter().map(|(_, v)| v.len()).sum::<usize>();
    }
    assert_eq!(bytes, 300 + 5_000 + 70_000 + 3_000_000);
    drop(cursor);
    drop(old);
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    let mut txn = begin(backend);
    for (i, len) in [70_000, 300, 3_000_000, 5_000].into_iter().enumerate() {
        assert!(
            get(&*txn, tree, &[i as u8]) == Some(value(len, 1)),
            "{len} bytes"
        );
        assert!(txn.delete(tree, &[i as u8]).expect("delete"));
    }
    txn.commit().expect("commit");
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    let report = backend.check().expect("check");
    assert_eq!(report.problems, Vec::<String>::new());
}

fn read_only(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let options = TxnOptions {
        read_only: true,
        ..IMPATIENT
    };
    let mut txn = backend.begin(options).expect("begin");
    assert_eq!(state(txn.put(tree, b"a", b"")), "25006");
    assert_eq!(state(txn.insert(tree, b"a", b"")), "25006");
    assert_eq!(state(txn.delete(tree, b"a")), "25006");
    assert_eq!(state(txn.create_tree()), "25006");
    txn.commit().expect("commit");
}

fn trees(backend: &dyn StorageBackend) {
    let tree = new_tree(backend);
    store(backend, tree, b"a", b"1");
    let reader = begin(backend);
    let mut txn = begin(backend);
    txn.mark_schema_changed().expect("mark");
    let other = txn.create_tree().expect("create_tree");
    assert_ne!(other, tree);
    txn.put(other, b"b", b"2").expect("put");
    txn.drop_tree(tree).expect("drop_tree");
    drop(txn);
    let mut txn = begin(backend);
    assert_eq!(
        get(&*txn, tree, b"a").as_deref(),
        Some(&b"1"[..]),
        "the drop was rolled back"
    );
    txn.mark_schema_changed().expect("mark");
    txn.drop_tree(tree).expect("drop_tree");
    txn.commit().expect("commit");
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    assert_eq!(
        get(&*reader, tree, b"a").as_deref(),
        Some(&b"1"[..]),
        "an old snapshot sees the tree"
    );
    drop(reader);
    backend.vacuum(&WaitLimits::default()).expect("vacuum");
    let report = backend.check().expect("check");
    assert_eq!(report.problems, Vec::<String>::new());
}

fn schema_gate(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let version = backend.schema_version();
    let (mut ddl, mut before, mut writer) = (begin(backend), begin(backend), begin(backend));
    writer.put(tree, b"a", b"").expect("put");
    assert_eq!(state(ddl.mark_schema_changed()), "55P03", "a writer runs");
    writer
        .put(tree, b"b", b"")
        .expect("the failed announcement is gone");
    writer.commit().expect("commit");
    ddl.mark_schema_changed()
        .expect("neither read nor written: a new snapshot");
    assert!(
        get(&*ddl, tree, b"a").is_some(),
        "the new snapshot sees the commit"
    );
    assert_eq!(
        state(before.put(tree, b"c", b"")),
        "55P03",
        "the gate is closed"
    );
    ddl.put(tree, b"d", b"").expect("put");
    ddl.commit().expect("commit");
    assert_eq!(
        backend.schema_version(),
        version + 1,
        "the commit raised the version"
    );
    assert_eq!(
        before.schema_version(),
        version,
        "the snapshot's version stays"
    );
    assert_eq!(
        state(before.put(tree, b"c", b"")),
        "40001",
        "the schema changed since the snapshot"
    );
    let mut reader = begin(backend);
    assert_eq!(reader.schema_version(), version + 1);
    assert!(get(&*reader, tree, b"a").is_some());
    store(backend, tree, b"e", b"");
    assert_eq!(
        state(reader.mark_schema_changed()),
        "40001",
        "it has read an older state"
    );
}

fn row_ids(backend: &dyn StorageBackend) {
    let tree = new_tree(backend);
    let key = |id: i64| (id ^ i64::MIN).to_be_bytes();
    let mut txn = begin(backend);
    let first = txn.allocate_row_ids(tree, 10).expect("allocate");
    assert!(first > 0, "row ids start above 0, this one is {first}");
    drop(txn);
    let mut txn = begin(backend);
    let second = txn.allocate_row_ids(tree, 1).expect("allocate");
    assert!(second >= first + 10, "{second} was given before");
    txn.put(tree, &key(second + 1000), b"").expect("put");
    let third = txn.allocate_row_ids(tree, 1).expect("allocate");
    assert!(
        third > second + 1000,
        "{third} is not greater than every key"
    );
    txn.put(tree, &key(i64::MAX), b"").expect("put");
    assert_eq!(
        state(txn.allocate_row_ids(tree, 1)),
        "54000",
        "no number is left"
    );
}

/// A patient transaction waits in a thread until another ends, either way.
fn waiting(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    store(backend, tree, b"a", b"0");
    for (commits, expected) in [(true, "40001"), (false, "00000")] {
        let mut first = begin(backend);
        first.put(tree, b"a", b"1").expect("put");
        let mut second = backend.begin(TxnOptions::default()).expect("begin");
        let found = std::thread::scope(|scope| {
            let waiter = scope.spawn(|| state(second.put(tree, b"a", b"2")));
            match commits {
                true => first.commit().expect("commit"),
                false => first.rollback().expect("rollback"),
            }
            waiter.join().expect("the waiting thread")
        });
        assert_eq!(found, expected, "after the other ended");
    }
    let mut first = begin(backend);
    first.put(tree, b"a", b"1").expect("put");
    let options = TxnOptions {
        lock_timeout_micros: Some(2_000),
        ..TxnOptions::default()
    };
    let mut second = backend.begin(options).expect("begin");
    assert_eq!(state(second.put(tree, b"a", b"2")), "55P03");
}

fn deadlock(backend: &dyn StorageBackend) {
    let tree = backend.root_tree();
    let patient = || backend.begin(TxnOptions::default()).expect("begin");
    let (mut first, mut second) = (patient(), patient());
    first.put(tree, b"a", b"1").expect("put");
    second.put(tree, b"b", b"2").expect("put");
    one_gives_way(
        move || state(first.put(tree, b"b", b"1")),
        move || state(second.put(tree, b"a", b"2")),
    );
}

/// Runs two steps that wait for each other's transactions, which end with them: one is a deadlock, the other is done.
fn one_gives_way(
    first: impl FnOnce() -> &'static str + Send,
    second: impl FnOnce() -> &'static str,
) {
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(first);
        let two = second();
        (one.join().expect("the waiting thread"), two)
    });
    let mut both = [one, two];
    both.sort_unstable();
    assert_eq!(both, ["00000", "40P01"], "one gives way, the other goes on");
}
