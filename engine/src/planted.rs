//! Mistakes that can be planted in the engine, so that a simulator proves that it would notice them.
//!
//! A test that has never failed proves little. So the engine carries deliberate mistakes, each a few characters at the
//! place where somebody could make it: a sync left out, a fence that is skipped, a NULL that joins.
//!
//! ```text
//!   built with the feature planted-bugs    plant(Some(m)) ▶ this thread's calls of the engine make m ▶ guard dropped: no more
//!   any other build                        makes(…) is the constant false: neither a test nor a branch is left of it
//! ```
//!
//! What is planted holds for one thread: a simulator plants it in each thread of its own that calls the engine.

#[cfg(feature = "planted-bugs")]
use std::cell::Cell;
use std::marker::PhantomData;

/// Whether this build has the mistakes.
pub const AVAILABLE: bool = cfg!(feature = "planted-bugs");

/// The part of the engine that a mistake is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// The write-ahead log.
    Log,
    /// Analysis, redo and undo.
    Recovery,
    /// Checkpoints and files.
    Files,
    /// The buffer pool.
    Pool,
    /// Slotted pages.
    Page,
    /// The tree, its cursors and overflow chains.
    Tree,
    /// Versions and snapshots.
    Versions,
    /// Conflicts and validation.
    Validation,
    /// Row locks.
    Locks,
    /// The catalog.
    Catalog,
    /// Foreign keys.
    Integrity,
    /// The planner.
    Planner,
    /// Operators and expressions.
    Executor,
}

impl Area {
    /// All of them, from the log up.
    pub const ALL: [Area; 13] = [
        Area::Log,
        Area::Recovery,
        Area::Files,
        Area::Pool,
        Area::Page,
        Area::Tree,
        Area::Versions,
        Area::Validation,
        Area::Locks,
        Area::Catalog,
        Area::Integrity,
        Area::Planner,
        Area::Executor,
    ];
}

macro_rules! mistakes {
    ($($area:ident { $($(#[$documentation:meta])* $name:ident),+ $(,)? })+) => {
        /// One deliberate mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Mistake {
            $($($(#[$documentation])* $name,)+)+
        }

        impl Mistake {
            /// All of them.
            pub const ALL: &[Mistake] = &[$($(Mistake::$name,)+)+];

            /// Where it is.
            pub fn area(self) -> Area {
                match self {
                    $($(Mistake::$name => Area::$area,)+)+
                }
            }
        }
    };
}

mistakes! {
    Log {
        /// A commit returns before the log is synced.
        CommitWithoutSync,
        /// A commit that waits for another's sync does not wait.
        FollowerNotSynced,
        /// A failed sync is taken for a successful one.
        FailedSyncIgnored,
        /// The end of the log that can be read counts as durable.
        TailBelieved,
        /// A flush goes on in the sector that the one before it has synced.
        FlushSharesSector,
        /// A record's checksum does not know its place: one of the segment's life before is taken for new.
        StaleRecordsAccepted,
        /// A commit is seen by others before it is durable.
        VisibleBeforeDurable,
        /// Where a record cannot be read the log ends, whatever follows.
        DamageTakenForEnd,
    }
    Recovery {
        /// Recovery leaves the changes of transactions that did not commit.
        UndoSkipped,
        /// Of a transaction that did not commit only the first change is undone.
        LoserUndoneInPart,
        /// What a compensation has undone is undone once more.
        CompensationsRepeated,
        /// What belongs to no transaction is not repeated.
        RedoSkipsSystem,
        /// A page is read before its image is put over it.
        RedoReadsTornPages,
    }
    Files {
        /// The control block that gives log up is written before the checkpoint's pages are synced.
        LogRecycledEarly,
        /// A checkpoint gives up the log that undoing a running transaction would need.
        RunningForgotten,
        /// No directory is ever synced.
        DirectoryNotSynced,
        /// Each control block is written over the one before it.
        OneControlBlock,
    }
    Pool {
        /// A dirty page is written although its log record is not durable.
        PageBeforeLog,
        /// The first change of a page after a checkpoint logs no image of the page.
        NoPageImages,
        /// A page counts although the log has lost what it holds.
        LostPagesAccepted,
        /// A dirty page is evicted and not written.
        EvictedUnwritten,
        /// A checkpoint leaves the last page out.
        CheckpointMissesPage,
        /// A page whose write failed counts as written.
        DirtyForgottenOnError,
        /// Of the pages of one record only the first gets its LSN.
        OnlyFirstPageStamped,
        /// A page that comes back older than it was is taken for what it is.
        OlderPageAccepted,
    }
    Page {
        /// Compaction goes on counting what it has removed.
        CompactionKeepsGarbage,
        /// A cell that got shorter leaves bytes that nobody counts.
        ShrinkForgetsGarbage,
        /// A cell that belongs before the last is put behind it.
        SlotOrderBroken,
        /// A page takes the last transaction that changed it for the newest.
        MaxTxnFollowsLast,
        /// A page's checksum is not asked.
        ChecksumSkipped,
    }
    Tree {
        /// A split loses the first entry that moves.
        SplitLosesEntry,
        /// A separator is one byte too short.
        SeparatorTooShort,
        /// A split leaves the back link of the node after it.
        SplitForgetsPrev,
        /// A split's new node does not know who has changed its entries.
        SplitForgetsMaxTxn,
        /// A merge leaves the back link of the node after it.
        MergeForgetsPrev,
        /// A merged node does not know who has changed the entries it took over.
        MergeForgetsMaxTxn,
        /// A root that takes over its only child does not free it.
        LowerRootLeaksChild,
        /// Of the pages of a chain every other is not freed.
        ChainLeaked,
        /// The undo note of an overflow chain names its first page only.
        ChainUndoPartial,
        /// A forward scan that goes on to the next leaf leaves out its first key.
        ScanSkipsFence,
        /// A scan takes leaves in a row that hold removed rows only for its end.
        ScanEndsOverRemoved,
        /// A dropped tree is freed while a snapshot sees it.
        DroppedTreeFreedEarly,
        /// After an open, hidden row ids begin at 1 again.
        RowIdsReused,
        /// Hidden row ids do not keep clear of keys that users have put.
        RowIdNotNoted,
    }
    Versions {
        /// A transaction does not see the newest commit before it.
        StaleSnapshot,
        /// A version is dropped while a snapshot needs it.
        VersionDroppedEarly,
        /// Rolling back misses one change in four.
        UndoMissesEntry,
        /// Rolling back to a savepoint leaves the first change after it.
        SavepointLeavesEntry,
        /// A page that the oldest running transaction has changed is read without asking for versions.
        FastPathTooEager,
        /// Thinning drops the version that a snapshot of just that time needs.
        ThinnedTooMuch,
        /// A tombstone is removed while a snapshot sees what was there.
        TombstoneRemovedEarly,
        /// READ COMMITTED keeps its first snapshot.
        SnapshotNotRefreshed,
        /// Columns that were kept of a page are used though it has changed.
        KeptColumnsOutlive,
        /// Columns that were kept are given to a snapshot that does not see the newest versions.
        KeptColumnsForAll,
    }
    Validation {
        /// A serializable transaction commits whatever others have changed of what it read.
        ValidationSkipped,
        /// A serializable transaction does not note the ranges that it reads.
        RangesNotNoted,
        /// Who comes second writes over what was committed since its snapshot.
        FirstUpdaterIgnored,
        /// A transaction that was rolled back goes on standing in the way of others.
        VictimStays,
        /// A commit whose record is there already says that it was interrupted.
        InterruptedTooLate,
        /// Rolling back to a savepoint forgets what was read before the change.
        CoveredReadDropped,
        /// Commits that are not durable yet are not validated against.
        PendingNotValidated,
        /// A change that found nothing to change does not note that.
        FailedChangeNotNoted,
        /// What a transaction depends on is not asked at its commit.
        PromisesForgotten,
        /// The last key of a scan that stopped is not noted.
        ScanEndNotNoted,
        /// Of two spans that overlap the shorter end is kept.
        SpansJoinedShort,
        /// What a commit wrote is no longer validated against although one snapshot does not see it.
        HistorySettledEarly,
        /// Whose history was forgotten may commit as if nothing had been.
        ForgottenHistoryTrusted,
        /// A transaction that rolls back has ended for the others before its changes are undone.
        EndedBeforeUndone,
    }
    Locks {
        /// Nobody asks whether a key is locked.
        RowLocksIgnored,
        /// Who holds a weak lock and asks for a strong one keeps the weak one.
        LockUpgradeLost,
        /// The lock that a foreign key takes stops nobody.
        KeyShareIgnored,
        /// Rolling back to a savepoint keeps the locks taken since.
        LockSurvivesSavepoint,
        /// A key that another transaction is changing can be locked.
        LockIgnoresWriters,
        /// A commit gives its locks back before others see what it did.
        LockGivenBackEarly,
        /// A transaction begins to write while another changes the schema.
        WriterPassesSchemaChange,
        /// That three or more wait in a circle is not seen.
        LongCircleOverlooked,
    }
    Catalog {
        /// A change of schema leaves the schema's version.
        SchemaVersionKept,
        /// A column's NOT NULL is not read back.
        NotNullForgotten,
        /// A column's default is not read back.
        DefaultForgotten,
        /// CREATE INDEX leaves out the rows that are there.
        IndexNotFilled,
    }
    Integrity {
        /// A new child is not checked.
        ChildUnchecked,
        /// An action misses the last child.
        ActionMissesChild,
        /// What is deferred is not checked at the commit.
        DeferredForgotten,
        /// A referenced key that is changed is not checked.
        ParentUpdateUnchecked,
        /// CHECK is not asked.
        CheckIgnored,
    }
    Planner {
        /// A partial index is used for rows that it lacks.
        PartialIndexForAll,
        /// `>=` looks an index up from the next key on.
        RangeLowExclusive,
        /// Of two conditions on one end of a range, the second is dropped.
        SecondBoundDropped,
        /// An index gives an order that has its NULLs at the other end.
        NullOrderIgnored,
        /// An index is read forward where a descending order is wanted.
        DescendingIgnored,
    }
    Executor {
        /// Values of a sequence go out that are not logged.
        SequenceNotLogged,
        /// Values of a sequence go out before the disk has the log of them.
        SequenceLogNotAwaited,
        /// A deleted row stays in its indexes.
        IndexEntryLeft,
        /// A left join drops rows without a partner.
        OuterJoinAsInner,
        /// NULL joins NULL.
        NullKeysJoin,
        /// `count(x)` counts NULLs.
        CountCountsNulls,
        /// `NOT IN` does not mind a NULL in its list.
        NotInNullIgnored,
        /// Sorting puts NULLs at the other end.
        SortNullsMisplaced,
        /// OFFSET is not minded.
        LimitForgetsOffset,
        /// INTERSECT gives equal rows more than once.
        IntersectKeepsDuplicates,
        /// The first rows of a sort are as many as LIMIT says, whatever OFFSET takes away.
        TopNForgetsSkip,
        /// NULLs do not survive being spilled.
        SpilledNullsForgotten,
        /// One partition of spilled rows is not read again.
        PartitionForgotten,
        /// A hash join whose batch is full leaves out the other partners of its row.
        PartnersCutAtBatch,
    }
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static PLANTED: Cell<Option<Mistake>> = const { Cell::new(None) };
}

/// Takes back what [`plant`] did, when it is dropped: what was planted before is planted again.
#[derive(Debug)]
#[must_use = "what was planted is gone when this is dropped"]
pub struct Planted {
    #[cfg(feature = "planted-bugs")]
    before: Option<Mistake>,
    /// It belongs to its thread.
    _not_send: PhantomData<*const ()>,
}

/// Lets the engine make `mistake` (`None`: none) on this thread. Without the feature `planted-bugs` it makes none.
pub fn plant(mistake: Option<Mistake>) -> Planted {
    #[cfg(not(feature = "planted-bugs"))]
    let _ = mistake;
    Planted {
        #[cfg(feature = "planted-bugs")]
        before: PLANTED.replace(mistake),
        _not_send: PhantomData,
    }
}

#[cfg(feature = "planted-bugs")]
impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(self.before);
    }
}

/// What is planted on this thread.
pub fn planted() -> Option<Mistake> {
    #[cfg(feature = "planted-bugs")]
    return PLANTED.get();
    #[cfg(not(feature = "planted-bugs"))]
    None
}

/// Whether to make this mistake.
#[cfg(feature = "planted-bugs")]
pub(crate) fn makes(mistake: Mistake) -> bool {
    PLANTED.get() == Some(mistake)
}

/// Whether to make this mistake: no.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub(crate) const fn makes(_: Mistake) -> bool {
    false
}

#[cfg(not(feature = "planted-bugs"))]
const _: () = assert!(!makes(Mistake::CommitWithoutSync));
