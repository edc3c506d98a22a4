//! Random transactions on trees, directly over the storage door, in lockstep with the model.

use super::run::{Knows, Workload};
use super::world::{PATH, World};
use crate::lockstep::{Event, Lockstep, LockstepKnown, Mismatch};
use crate::model::ModelBackend;
use crate::report::WorkCounts;
use crate::streams::Streams;
use quantadb::storage::{DiskOptions, DiskStorageBackend, StorageBackend, TreeId, TxnOptions};
use quantadb::{Error, ErrorKind};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::sync::Arc;

/// Opens a storage engine on the simulated disk.
pub(super) fn open_backend(
    world: &World,
    options: DiskOptions,
) -> Result<Arc<DiskStorageBackend>, Error> {
    let vfs = Arc::new(world.disk.clone());
    let path = Path::new(PATH);
    DiskStorageBackend::open(vfs, world.env.clone(), path, options).map(Arc::new)
}

fn make_and_drop(engine: &dyn StorageBackend, count: usize) -> Result<(), Error> {
    if count == 0 {
        return Ok(());
    }
    let begin = || {
        let mut txn = engine.begin(TxnOptions::default())?;
        txn.mark_schema_changed()?;
        Ok(txn)
    };
    let mut txn = begin()?;
    let trees: Vec<TreeId> = (0..count)
        .map(|_| txn.create_tree())
        .collect::<Result<_, _>>()?;
    txn.commit()?;
    let mut txn = begin()?;
    trees.into_iter().try_for_each(|tree| txn.drop_tree(tree))?;
    txn.commit()
}

/// The workload: the storage engine in lockstep with the model.
pub(super) struct Trees {
    lockstep: Lockstep,
    rng: ChaCha8Rng,
}

impl Knows for Trees {
    type Known = LockstepKnown;

    fn known(&self) -> Self::Known {
        self.lockstep.known()
    }

    fn know(&mut self, known: Self::Known) {
        self.lockstep.know(known);
    }
}

impl Workload for Trees {
    type Engine = Arc<DiskStorageBackend>;

    fn open(world: &World, options: DiskOptions) -> Result<Self::Engine, Error> {
        open_backend(world, options)
    }

    fn begin(seed: u64, world: &World, engine: Self::Engine) -> Result<Self, Mismatch> {
        let model = ModelBackend::with(world.env.clone(), world.limits());
        let (shape, phase) = (world.options.shape.clone(), world.progress.phase.clone());
        make_and_drop(&*engine, shape.trees_dropped).map_err(|error| Mismatch {
            doing: "making and dropping trees".to_owned(),
            expected: "done".to_owned(),
            found: format!("{error:?}"),
        })?;
        Ok(Self {
            lockstep: Lockstep::new(shape, phase, engine, model),
            rng: Streams::new(seed).workload(),
        })
    }

    fn streams(&mut self) -> Vec<&mut ChaCha8Rng> {
        vec![&mut self.rng]
    }

    fn step(&mut self) -> Result<Event, Mismatch> {
        let event = self.lockstep.step(&mut self.rng)?;
        if let Event::Fault {
            error,
            commit_unknown: false,
        } = &event
            && error.kind() == ErrorKind::Stopped
        {
            // That the disk fails says enough; what it gives must be right.
            self.lockstep.read_all().map(drop)?;
        }
        Ok(event)
    }

    fn let_go(&mut self) {
        self.lockstep.let_go();
    }

    fn rest(&mut self) -> Option<Arc<dyn StorageBackend>> {
        self.lockstep.rest()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.lockstep.close()
    }

    fn reopened(&mut self, engine: Self::Engine) -> Result<Result<(), Error>, Mismatch> {
        self.lockstep.reopened(engine)
    }

    fn count(&self, work: &mut WorkCounts) {
        let counts = self.lockstep.counts();
        work.statements = counts.operations;
        work.transactions = counts.committed;
        work.refused = counts.refused;
        work.commits_unknown = counts.commits_unknown;
        work.commits_unknown_found = counts.commits_unknown_found;
        work.pages_checked = counts.pages_checked;
        work.entries_compared = counts.entries_compared;
    }
}
