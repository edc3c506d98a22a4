//! A reader that stays while others go on: it sees what it saw, and the engine names it as who keeps the old versions.

use crate::lockstep::Mismatch;
use quantadb::Error;
use quantadb::storage::{
    EntryBatch, IsolationLevel, KeyRange, ScanDirection, SnapshotHolder, StorageBackend,
    StorageTxn, TreeId, TxnOptions,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The session of observers; no other has it.
const SESSION: u64 = u64::MAX;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// Nobody who observes, or one.
pub(super) struct Observers {
    one: Option<Observer>,
    /// Says when somebody observes; `None`: never.
    rng: Option<ChaCha8Rng>,
}

impl Observers {
    /// Nobody yet; `rng` says whether and when there is one.
    pub(super) fn new(mut rng: ChaCha8Rng) -> Self {
        Self {
            one: None,
            rng: rng.random_bool(0.5).then_some(rng),
        }
    }

    /// Before others have their turns: somebody may begin to observe. Errors: those of the disk.
    pub(super) fn begin(&mut self, engine: &dyn StorageBackend, tree: TreeId) -> Result<(), Error> {
        if let Some(rng) = &mut self.rng
            && self.one.is_none()
            && rng.random_bool(0.3)
        {
            self.one = Some(Observer::begin(engine, tree)?);
        }
        Ok(())
    }

    /// After their turns: who observes looks again, and may end. `Err` within `Ok`: the disk failed.
    pub(super) fn look(
        &mut self,
        engine: &dyn StorageBackend,
    ) -> Result<Result<(), Error>, Mismatch> {
        let (Some(observer), Some(rng)) = (self.one.take(), &mut self.rng) else {
            return Ok(Ok(()));
        };
        let stays = rng.random_bool(0.8);
        let looked = observer.look(engine);
        self.one = Some(observer).filter(|_| stays);
        looked
    }

    /// Nobody observes any more.
    pub(super) fn end(&mut self) {
        self.one = None;
    }
}

/// An open transaction that reads, and what it must go on to see.
struct Observer {
    txn: Box<dyn StorageTxn>,
    tree: TreeId,
    seen: Entries,
    /// Commits of the engine when it began.
    commits: u64,
}

fn begin(engine: &dyn StorageBackend) -> Result<Box<dyn StorageTxn>, Error> {
    engine.begin(TxnOptions {
        isolation: IsolationLevel::RepeatableRead,
        read_only: true,
        session: SESSION,
        ..TxnOptions::default()
    })
}

fn read(txn: &dyn StorageTxn, tree: TreeId) -> Result<Entries, Error> {
    let mut entries = Entries::new();
    let mut batch = EntryBatch::default();
    let mut cursor = txn.scan(tree, KeyRange::ALL, ScanDirection::Forward)?;
    while cursor.next_batch(&mut batch, 7)? {
        let pairs = batch
            .iter()
            .map(|(key, value)| (key.to_vec(), value.to_vec()));
        entries.extend(pairs);
    }
    Ok(entries)
}

impl Observer {
    /// Begins to observe, while nobody else is at it.
    fn begin(engine: &dyn StorageBackend, tree: TreeId) -> Result<Self, Error> {
        let txn = begin(engine)?;
        Ok(Self {
            seen: read(&*txn, tree)?,
            txn,
            tree,
            commits: engine.stats().commits,
        })
    }

    /// Looks again, while nobody else is at it. `Err` within `Ok`: the disk failed.
    fn look(&self, engine: &dyn StorageBackend) -> Result<Result<(), Error>, Mismatch> {
        let states = read(&*self.txn, self.tree)
            .and_then(|seen| Ok((seen, read(&*begin(engine)?, self.tree)?)));
        let (seen, now) = match states {
            Ok(states) => states,
            Err(error) => return Ok(Err(error)),
        };
        let same = |doing: &str, is: bool, expected: String, found: String| match is {
            true => Ok(()),
            false => Err(Mismatch {
                doing: doing.to_owned(),
                expected,
                found,
            }),
        };
        same(
            "an old snapshot is read again",
            seen == self.seen,
            format!("{:?}", self.seen),
            format!("{seen:?}"),
        )?;
        let differ = |a: &Entries, b: &Entries| {
            let changed = a.iter().filter(|(key, value)| b.get(*key) != Some(value));
            changed.map(|(key, _)| key.clone()).collect::<Vec<_>>()
        };
        let mut changed = differ(&seen, &now);
        changed.extend(differ(&now, &seen));
        changed.sort();
        changed.dedup();
        let stats = engine.stats();
        let holders = engine.holders();
        let kept = holders.first().map_or(0, |first| first.versions);
        let expected = SnapshotHolder {
            session: SESSION,
            commits: stats.commits - self.commits,
            versions: kept.clamp(changed.len() as u64, stats.versions),
            log_bytes: 0,
        };
        same(
            "who holds versions back",
            holders == [expected],
            format!("{expected:?}, and nobody else"),
            format!("{holders:?}"),
        )?;
        Ok(Ok(()))
    }
}
