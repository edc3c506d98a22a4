//! A real process on a real file, killed again and again in the middle of its transactions.
//!
//! The test runs its own program as a child, which commits one transaction after the other and says so on its standard
//! output. What transaction *n* does follows from *n*, so the parent knows what must be in the file after the last.

use quantadb::env::OsEnv;
use quantadb::storage::{
    DiskOptions, DiskStorageBackend, EntryBatch, KeyRange, ScanDirection, StorageBackend, TreeId,
    TxnOptions,
};
use quantadb::vfs::OsVfs;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Tells the child where its database is.
const CHILD: &str = "QUANTADB_KILLED_CHILD";
const KILLS: u64 = 24;
const KEYS: u64 = 11_000;
/// The first transactions fill the file, some keys each.
const LOADS: u64 = 100;
const PAGE_BYTES: usize = 4096;
/// Pages that the smallest pool holds.
const POOL_PAGES: u64 = 32;
/// Holds the number of the last transaction.
const COUNTER: &[u8] = b"counter";

fn open(path: &Path) -> DiskStorageBackend {
    let options = DiskOptions {
        page_bytes: PAGE_BYTES,
        cache_bytes: 0,
        log_segment_bytes: 256 << 10,
        checkpoint_bytes: 1 << 20,
        ..DiskOptions::default()
    };
    DiskStorageBackend::open(Arc::new(OsVfs), Arc::new(OsEnv), path, options).unwrap()
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What transaction `n` does: a value for a key, or none for a key that is removed.
fn changes(n: u64) -> Vec<(u64, Option<Vec<u8>>)> {
    let value = |key: u64, len: u64| {
        let mut bytes = (n << 32 | key).to_be_bytes().to_vec();
        bytes.resize(8 + len as usize, mix(n ^ key) as u8);
        bytes
    };
    if n <= LOADS {
        let keys = (n - 1) * KEYS / LOADS..n * KEYS / LOADS;
        return keys.map(|key| (key, Some(value(key, 1000)))).collect();
    }
    (0..mix(n) % 40)
        .map(|i| {
            let draw = mix(n << 8 | i);
            let key = draw % KEYS;
            match (draw >> 32) % 16 {
                0..4 => (key, None),
                4 => (key, Some(value(key, draw >> 48))), // up to 16 pages
                _ => (key, Some(value(key, 500 + (draw >> 48) % 1000))),
            }
        })
        .collect()
}

fn counter(backend: &dyn StorageBackend) -> u64 {
    let txn = backend.begin(TxnOptions::default()).unwrap();
    let bytes = txn.get(backend.root_tree(), COUNTER).unwrap();
    bytes.map_or(0, |b| u64::from_be_bytes(b.try_into().unwrap()))
}

/// Commits transactions for ever, and says so after each.
fn child(path: &OsStr) {
    let backend = open(Path::new(path));
    let tree = backend.root_tree();
    for n in counter(&backend) + 1.. {
        let mut txn = backend.begin(TxnOptions::default()).unwrap();
        for (key, value) in changes(n) {
            let key = key.to_be_bytes();
            match value {
                Some(value) => txn.put(tree, &key, &value).unwrap(),
                None => drop(txn.delete(tree, &key).unwrap()),
            }
        }
        txn.put(tree, COUNTER, &n.to_be_bytes()).unwrap();
        txn.commit().unwrap();
        let mut out = std::io::stdout().lock();
        out.write_all(format!("\nacknowledged {n}\n").as_bytes())
            .unwrap();
        out.flush().unwrap();
        drop(out);
        backend.maintain(50).unwrap();
    }
}

/// Lets a child live for so many acknowledgements; gives the last that it made.
fn live_and_die(path: &Path, acknowledgements: u64) -> u64 {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::what_was_acknowledged_survives_a_kill",
            "--nocapture",
        ])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut seen, mut last) = (0, 0);
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let Some(n) = line.unwrap().strip_prefix("acknowledged ").map(str::parse) else {
            continue;
        };
        last = n.unwrap();
        seen += 1;
        if seen == acknowledgements {
            process.kill().unwrap(); // SIGKILL; what it still wrote is read to the end
        }
    }
    let status = process.wait().unwrap();
    assert!(
        seen >= acknowledgements,
        "the child ended by itself: {status}"
    );
    last
}

fn contents(backend: &dyn StorageBackend, tree: TreeId) -> BTreeMap<u64, Vec<u8>> {
    let txn = backend.begin(TxnOptions::default()).unwrap();
    let mut cursor = txn
        .scan(tree, KeyRange::ALL, ScanDirection::Forward)
        .unwrap();
    let (mut batch, mut found) = (EntryBatch::default(), BTreeMap::new());
    while cursor.next_batch(&mut batch, 500).unwrap() {
        let rows = batch.iter().filter(|(key, _)| *key != COUNTER);
        found.extend(rows.map(|(k, v)| (u64::from_be_bytes(k.try_into().unwrap()), v.to_vec())));
    }
    found
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        return child(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.qdb");
    let mut expected = BTreeMap::new();
    let mut applied = 0;
    for round in 0..KILLS {
        let acknowledged = live_and_die(&path, 1 + mix(round) % 25);
        let backend = open(&path);
        let committed = counter(&backend);
        assert!(
            committed == acknowledged || committed == acknowledged + 1,
            "kill {round}: transaction {acknowledged} was acknowledged, {committed} is there"
        );
        for (key, value) in (applied + 1..=committed).flat_map(changes) {
            match value {
                Some(value) => drop(expected.insert(key, value)),
                None => drop(expected.remove(&key)),
            }
        }
        applied = committed;
        let found = contents(&backend, backend.root_tree());
        let differing = expected.iter().find(|(k, v)| found.get(k) != Some(v));
        assert!(
            differing.is_none(),
            "kill {round}: key {:?}",
            differing.map(|d| d.0)
        );
        assert_eq!(found.len(), expected.len(), "kill {round}");
        let report = backend.check().unwrap();
        assert!(
            report.problems.is_empty(),
            "kill {round}: {:#?}",
            report.problems
        );
        if round + 1 == KILLS {
            assert!(applied > LOADS, "the file was never full");
            assert!(
                backend.stats().pages >= 100 * POOL_PAGES,
                "{:?}",
                backend.stats()
            );
        }
    }
}
