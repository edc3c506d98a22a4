//! Mistakes that can be planted in the storage engine, so that a simulator proves it would notice them.

/// One deliberate mistake. For the simulator's own tests: a database opened with one loses data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    /// A commit returns before the log is synced.
    CommitWithoutSync,
    /// A dirty page is written although its log record is not durable.
    PageBeforeLog,
    /// The control block that gives log up is written before the checkpoint's pages are synced.
    LogRecycledEarly,
    /// The first change of a page after a checkpoint logs no image of the page.
    NoPageImages,
    /// Recovery leaves the changes of transactions that did not commit.
    UndoSkipped,
    /// A failed sync is taken for a successful one.
    FailedSyncIgnored,
    /// No directory is ever synced.
    DirectoryNotSynced,
    /// A serializable transaction commits whatever others have changed of what it read.
    ValidationSkipped,
    /// A serializable transaction does not note the ranges that it reads.
    RangesNotNoted,
    /// A transaction does not see the newest commit before it.
    StaleSnapshot,
    /// Who comes second writes over what was committed since its snapshot.
    FirstUpdaterIgnored,
    /// A commit that waits for another's sync does not wait.
    FollowerNotSynced,
    /// A version is dropped while a snapshot needs it.
    VersionDroppedEarly,
    /// Rolling back misses one change in four.
    UndoMissesEntry,
    /// Rolling back to a savepoint leaves the first change after it.
    SavepointLeavesEntry,
    /// A transaction that was rolled back goes on standing in the way of others.
    VictimStays,
    /// Nobody asks whether a key is locked.
    RowLocksIgnored,
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 17] = [
        Mistake::CommitWithoutSync,
        Mistake::PageBeforeLog,
        Mistake::LogRecycledEarly,
        Mistake::NoPageImages,
        Mistake::UndoSkipped,
        Mistake::FailedSyncIgnored,
        Mistake::DirectoryNotSynced,
        Mistake::ValidationSkipped,
        Mistake::RangesNotNoted,
        Mistake::StaleSnapshot,
        Mistake::FirstUpdaterIgnored,
        Mistake::FollowerNotSynced,
        Mistake::VersionDroppedEarly,
        Mistake::UndoMissesEntry,
        Mistake::SavepointLeavesEntry,
        Mistake::VictimStays,
        Mistake::RowLocksIgnored,
    ];
}
