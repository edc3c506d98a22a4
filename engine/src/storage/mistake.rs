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
}

impl Mistake {
    /// All of them.
    pub const ALL: [Mistake; 8] = [
        Mistake::CommitWithoutSync,
        Mistake::PageBeforeLog,
        Mistake::LogRecycledEarly,
        Mistake::NoPageImages,
        Mistake::UndoSkipped,
        Mistake::FailedSyncIgnored,
        Mistake::DirectoryNotSynced,
        Mistake::ValidationSkipped,
    ];
}
