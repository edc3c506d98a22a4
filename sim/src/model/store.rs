//! Trees of version chains, and who is running.

use quantadb::error::{Error, ErrorKind, Result};
use quantadb::storage::{CheckReport, KeyRange, LockMode, MaintenanceReport, TreeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A key of a tree.
type TreeKey = (TreeId, Vec<u8>);

/// Numbers a transaction. Never given twice.
pub(super) type TxnNumber = u64;

/// A value, or `None` for "there is nothing".
pub(super) type Value = Option<Arc<[u8]>>;

/// Whether nobody may get `wanted` while another has `held`: PostgreSQL 15, table 13.3. It is written down here again, for a
/// table that engine and model shared would be right whatever it said.
fn excludes(held: LockMode, wanted: LockMode) -> bool {
    match held {
        LockMode::KeyShare => wanted == LockMode::Update,
        LockMode::Share => matches!(wanted, LockMode::NoKeyUpdate | LockMode::Update),
        LockMode::NoKeyUpdate => wanted != LockMode::KeyShare,
        LockMode::Update => true,
    }
}

/// Whose a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Committed, as the so-maniest commit.
    Committed(u64),
    /// Not committed yet.
    Running(TxnNumber),
}

impl Author {
    fn seen_by(self, me: TxnNumber, snapshot: u64) -> bool {
        match self {
            Author::Committed(at) => at <= snapshot,
            Author::Running(txn) => txn == me,
        }
    }
}

/// One version of one key.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) author: Author,
    pub(super) value: Value,
}

/// One tree.
pub(super) struct Tree {
    created: Author,
    dropped: Option<Author>,
    /// Versions of each key, oldest first; none is empty, and only the last can be of a running transaction.
    pub(super) entries: BTreeMap<Vec<u8>, Vec<Version>>,
    row_ids_given: i64,
    /// How often commits have changed a key of it.
    pub(super) changes: u64,
}

/// How to take one change back.
pub(super) enum Undo {
    /// A key changed; `former` is what the same transaction had put there before, if it had.
    Entry {
        tree: TreeId,
        key: Vec<u8>,
        former: Option<Value>,
    },
    Created(TreeId),
    Dropped(TreeId),
    /// A lock was taken: the last of those held.
    Locked,
}

/// A transaction that has not ended.
pub(super) struct Running {
    pub(super) snapshot: u64,
    pub(super) schema_version: u64,
    pub(super) undo: Vec<Undo>,
    /// What it has read, if that is asked when it commits.
    pub(super) reads: Option<Vec<(TreeId, KeyRange)>>,
    /// What must not be changed by others until it commits, whatever its level.
    pub(super) depends_on: Vec<(TreeId, KeyRange)>,
    /// Whether it has changed or locked something, so that a change of schema waits for it.
    pub(super) changed: bool,
    /// Whether no change of schema has to do with it.
    pub(super) beside: bool,
    /// What it keeps others from changing, and how strongly.
    pub(super) locks: Vec<(TreeKey, LockMode)>,
    /// Whom it waits for at this moment.
    pub(super) waits_for: Vec<TxnNumber>,
}

/// What a step of a transaction came to.
pub(super) enum Step<T> {
    Done(T),
    /// These must end first.
    Blocked(Vec<TxnNumber>),
}

/// The database.
pub(super) struct Store {
    pub(super) trees: BTreeMap<TreeId, Tree>,
    pub(super) running: BTreeMap<TxnNumber, Running>,
    /// Number of commits that changed something; the next snapshot.
    pub(super) commits: u64,
    /// That number at the last one that was not beside changes of the schema.
    pub(super) commits_of_rows: u64,
    pub(super) schema_version: u64,
    schema_changed_at: u64,
    /// Who has announced a change of schema.
    pub(super) schema_owner: Option<TxnNumber>,
    txns_begun: TxnNumber,
    trees_created: u32,
    /// The commits since the oldest snapshot: their number, and the keys that they changed.
    history: Vec<(u64, Vec<TreeKey>)>,
    /// Keys with versions that some snapshot may still need.
    garbage: BTreeSet<TreeKey>,
}

pub(super) fn conflict() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "40001",
        "could not serialize access due to concurrent update",
    )
}

fn no_such_tree(tree: TreeId) -> Error {
    Error::misuse(format!("tree {} does not exist", tree.0))
}

impl Store {
    pub(super) const ROOT: TreeId = TreeId(0);

    pub(super) fn new() -> Self {
        let mut trees = BTreeMap::new();
        trees.insert(Self::ROOT, Tree::new(Author::Committed(0)));
        Self {
            trees,
            running: BTreeMap::new(),
            commits: 0,
            commits_of_rows: 0,
            schema_version: 0,
            schema_changed_at: 0,
            schema_owner: None,
            txns_begun: 0,
            trees_created: 0,
            history: Vec::new(),
            garbage: BTreeSet::new(),
        }
    }

    pub(super) fn begin(&mut self, is_validated: bool, beside: bool) -> TxnNumber {
        self.txns_begun += 1;
        self.running.insert(
            self.txns_begun,
            Running {
                snapshot: self.commits,
                schema_version: self.schema_version,
                undo: Vec::new(),
                reads: is_validated.then(Vec::new),
                depends_on: Vec::new(),
                changed: false,
                beside,
                locks: Vec::new(),
                waits_for: Vec::new(),
            },
        );
        self.txns_begun
    }

    /// A transaction's state. That it is running is what its handle stands for.
    pub(super) fn me(&mut self, me: TxnNumber) -> &mut Running {
        self.running
            .get_mut(&me)
            .expect("a handle stands for a running transaction")
    }

    pub(super) fn new_snapshot(&mut self, me: TxnNumber) {
        let (snapshot, schema_version) = (self.commits, self.schema_version);
        let running = self.me(me);
        running.snapshot = snapshot;
        running.schema_version = schema_version;
    }

    /// The tree, if `me` sees it.
    pub(super) fn tree(&self, tree: TreeId, me: TxnNumber, snapshot: u64) -> Result<&Tree> {
        self.trees
            .get(&tree)
            .filter(|t| t.created.seen_by(me, snapshot))
            .filter(|t| !t.dropped.is_some_and(|d| d.seen_by(me, snapshot)))
            .ok_or_else(|| no_such_tree(tree))
    }

    /// Whether `me` has changed something that a commit would keep.
    fn has_written(&self, me: TxnNumber) -> bool {
        let undo = &self.running[&me].undo;
        undo.iter().any(|undo| !matches!(undo, Undo::Locked))
    }

    /// The others whose locks of a key conflict with `mode`.
    pub(super) fn lockers(
        &self,
        me: TxnNumber,
        tree: TreeId,
        key: &[u8],
        mode: LockMode,
    ) -> Vec<TxnNumber> {
        let others = self.running.iter().filter(|(txn, _)| **txn != me);
        let holds = |running: &Running| {
            let mut locks = running.locks.iter();
            locks.any(|((t, k), held)| *t == tree && k == key && excludes(*held, mode))
        };
        let conflicting = others.filter(|(_, running)| holds(running));
        conflicting.map(|(&txn, _)| txn).collect()
    }

    /// `me` locks a key. The caller has made sure that nobody is in the way.
    pub(super) fn lock(&mut self, me: TxnNumber, tree: TreeId, key: &[u8], mode: LockMode) {
        self.me(me).locks.push(((tree, key.to_vec()), mode));
        self.changed(me, Undo::Locked);
    }

    /// Whether some commit since the snapshot of `me`, which has changed something, has changed what `me` has read.
    pub(super) fn is_serializable(&self, me: TxnNumber) -> bool {
        let running = &self.running[&me];
        if !self.has_written(me) {
            return true;
        }
        let reads = running.reads.iter().flatten();
        let reads: Vec<_> = reads.chain(&running.depends_on).collect();
        let since = self.history.iter().filter(|(at, _)| *at > running.snapshot);
        let mut changed = since.flat_map(|(_, keys)| keys);
        !changed.any(|(tree, key)| reads.iter().any(|(t, r)| t == tree && r.contains(key)))
    }

    /// Whether the gate before a transaction's first change is open.
    pub(super) fn enter(&mut self, me: TxnNumber) -> Result<Step<()>> {
        let (owner, changed_at) = (self.schema_owner, self.schema_changed_at);
        let running = self.me(me);
        if running.changed || running.beside {
            return Ok(Step::Done(()));
        }
        if let Some(owner) = owner.filter(|&o| o != me) {
            return Ok(Step::Blocked(vec![owner]));
        }
        if changed_at > running.snapshot {
            return Err(conflict());
        }
        Ok(Step::Done(()))
    }

    /// Notes a change, and that there was one.
    fn changed(&mut self, me: TxnNumber, undo: Undo) {
        let running = self.me(me);
        running.undo.push(undo);
        running.changed = true;
    }

    /// Whether `me` may change `tree`.
    pub(super) fn enter_tree(&mut self, tree: TreeId, me: TxnNumber) -> Result<Step<()>> {
        if let Step::Blocked(by) = self.enter(me)? {
            return Ok(Step::Blocked(by));
        }
        let snapshot = self.me(me).snapshot;
        let beside = self.me(me).beside;
        match self.tree(tree, me, snapshot)?.dropped {
            Some(Author::Running(_)) if beside => Ok(Step::Done(())),
            Some(Author::Running(other)) => Ok(Step::Blocked(vec![other])),
            Some(Author::Committed(_)) => Err(conflict()),
            None => Ok(Step::Done(())),
        }
    }

    /// Puts a version of `me` on top. The caller has made sure that nobody else's is in the way.
    pub(super) fn write(&mut self, me: TxnNumber, tree: TreeId, key: &[u8], value: Value) {
        let entries = &mut self.trees.get_mut(&tree).expect("looked at before").entries;
        let chain = entries.entry(key.to_vec()).or_default();
        let former = match chain.last_mut() {
            Some(own) if own.author == Author::Running(me) => {
                Some(std::mem::replace(&mut own.value, value))
            }
            _ => {
                chain.push(Version {
                    author: Author::Running(me),
                    value,
                });
                None
            }
        };
        let key = key.to_vec();
        self.changed(me, Undo::Entry { tree, key, former });
    }

    pub(super) fn create_tree(&mut self, me: TxnNumber) -> TreeId {
        self.trees_created += 1;
        let tree = TreeId(self.trees_created);
        self.trees.insert(tree, Tree::new(Author::Running(me)));
        self.changed(me, Undo::Created(tree));
        tree
    }

    pub(super) fn drop_tree(&mut self, tree: TreeId, me: TxnNumber) -> Result<Step<()>> {
        if tree == Self::ROOT {
            return Err(Error::misuse("the root tree cannot be dropped"));
        }
        if let Step::Blocked(by) = self.enter_tree(tree, me)? {
            return Ok(Step::Blocked(by));
        }
        let snapshot = self.me(me).snapshot;
        let mut writers = Vec::new();
        for version in self.tree(tree, me, snapshot)?.entries.values().flatten() {
            match version.author {
                Author::Running(other) if other != me => writers.push(other),
                // Whoever changes the schema meets only what was committed beside it.
                Author::Committed(at) if at > snapshot && self.schema_owner != Some(me) => {
                    return Err(conflict());
                }
                _ => {}
            }
        }
        if !writers.is_empty() {
            return Ok(Step::Blocked(writers));
        }
        let dropped = &mut self.trees.get_mut(&tree).expect("looked at before").dropped;
        *dropped = Some(Author::Running(me));
        self.changed(me, Undo::Dropped(tree));
        Ok(Step::Done(()))
    }

    pub(super) fn allocate_row_ids(
        &mut self,
        tree: TreeId,
        me: TxnNumber,
        count: u64,
    ) -> Result<i64> {
        let snapshot = self.me(me).snapshot;
        self.tree(tree, me, snapshot)?;
        let tree = self.trees.get_mut(&tree).expect("looked at before");
        let newest = tree
            .entries
            .keys()
            .rev()
            .find_map(|k| <[u8; 8]>::try_from(k.as_slice()).ok());
        let newest = newest.map_or(0, |k| i64::from_be_bytes(k) ^ i64::MIN);
        let before = tree.row_ids_given.max(newest);
        let after = i64::try_from(count)
            .ok()
            .and_then(|c| before.checked_add(c));
        tree.row_ids_given = after
            .ok_or_else(|| Error::new(ErrorKind::Limit, "54000", "the table has no row id left"))?;
        Ok(before + 1)
    }

    /// Whether waiting of `me` for `blockers` would close a circle.
    pub(super) fn would_deadlock(&self, me: TxnNumber, blockers: &[TxnNumber]) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = blockers.to_vec();
        while let Some(txn) = open.pop() {
            if txn == me {
                return true;
            }
            if seen.insert(txn) {
                open.extend(self.running.get(&txn).iter().flat_map(|r| &r.waits_for));
            }
        }
        false
    }

    /// Takes changes back until `undo_len_min` are left.
    pub(super) fn undo(&mut self, me: TxnNumber, undo_len_min: usize) {
        while self.me(me).undo.len() > undo_len_min {
            match self.me(me).undo.pop() {
                Some(Undo::Entry { tree, key, former }) => self.undo_entry(tree, &key, former),
                Some(Undo::Created(tree)) => {
                    self.trees.remove(&tree);
                }
                Some(Undo::Dropped(tree)) => {
                    self.trees.get_mut(&tree).expect("its own").dropped = None;
                }
                Some(Undo::Locked) => {
                    self.me(me).locks.pop();
                }
                None => return,
            }
        }
    }

    fn undo_entry(&mut self, tree: TreeId, key: &[u8], former: Option<Value>) {
        let entries = &mut self.trees.get_mut(&tree).expect("its own").entries;
        let chain = entries.get_mut(key).expect("it was changed");
        match former {
            Some(value) => chain.last_mut().expect("it was changed").value = value,
            None => {
                chain.pop();
                if chain.is_empty() {
                    entries.remove(key);
                }
            }
        }
    }

    /// Ends a transaction whose changes, if it is not to commit, were undone before.
    pub(super) fn end(&mut self, me: TxnNumber, schema_changed: bool) {
        if !self.running.contains_key(&me) {
            return;
        }
        let has_written = self.has_written(me);
        let running = self.running.remove(&me).expect("just seen");
        if has_written || schema_changed {
            self.commits += 1;
            if !running.beside {
                self.commits_of_rows = self.commits;
            }
        }
        let mine = Author::Running(me);
        let now = Author::Committed(self.commits);
        let mut keys = Vec::new();
        for undo in running.undo {
            match undo {
                Undo::Entry { tree, key, .. } => {
                    let entries = &mut self.trees.get_mut(&tree).expect("its own").entries;
                    let newest = entries.get_mut(&key).and_then(|chain| chain.last_mut());
                    if let Some(newest) = newest.filter(|v| v.author == mine) {
                        newest.author = now;
                    }
                    self.trees.get_mut(&tree).expect("its own").changes += 1;
                    keys.push((tree, key.clone()));
                    self.garbage.insert((tree, key));
                }
                Undo::Created(tree) => self.trees.get_mut(&tree).expect("its own").created = now,
                Undo::Dropped(tree) => {
                    self.trees.get_mut(&tree).expect("its own").dropped = Some(now);
                }
                Undo::Locked => {}
            }
        }
        if !keys.is_empty() {
            self.history.push((self.commits, keys));
        }
        if schema_changed {
            self.schema_version += 1;
            self.schema_changed_at = self.commits;
        }
        if self.schema_owner == Some(me) {
            self.schema_owner = None;
        }
        if self.running.is_empty() {
            self.vacuum();
        }
    }

    /// Drops every version and tree that no snapshot can see.
    pub(super) fn vacuum(&mut self) -> MaintenanceReport {
        let mut report = MaintenanceReport::default();
        let oldest = self.running.values().map(|r| r.snapshot).min();
        let oldest = oldest.unwrap_or(self.commits);
        self.history.retain(|(at, _)| *at > oldest);
        let gone = |author: Author| matches!(author, Author::Committed(at) if at <= oldest);
        self.trees.retain(|_, tree| !tree.dropped.is_some_and(gone));
        let trees = &mut self.trees;
        self.garbage.retain(|(tree, key)| {
            let Some(tree) = trees.get_mut(tree) else {
                return false;
            };
            let Some(chain) = tree.entries.get_mut(key) else {
                return false;
            };
            let needed = chain.iter().rposition(|v| gone(v.author)).unwrap_or(0);
            chain.drain(..needed);
            report.versions_dropped += needed as u64;
            if chain.len() == 1 && chain[0].value.is_none() && gone(chain[0].author) {
                tree.entries.remove(key);
                report.tombstones_removed += 1;
                return false;
            }
            chain.len() > 1 || chain[0].value.is_none()
        });
        report
    }

    /// A copy of what is committed, with nobody running.
    pub(super) fn committed(&self) -> Self {
        let is_committed = |author: Author| matches!(author, Author::Committed(_));
        let trees = self.trees.iter().filter(|(_, t)| is_committed(t.created));
        let mut copy = Self {
            trees: trees.map(|(&id, tree)| (id, tree.committed())).collect(),
            running: BTreeMap::new(),
            schema_owner: None,
            history: Vec::new(),
            garbage: self.garbage.clone(),
            ..*self
        };
        copy.vacuum();
        copy
    }

    pub(super) fn old_versions(&self) -> u64 {
        let chains = self.trees.values().flat_map(|t| t.entries.values());
        chains.map(|c| c.len() as u64 - 1).sum()
    }

    /// What must hold of the maps themselves.
    pub(super) fn check(&self) -> CheckReport {
        let mut report = CheckReport::default();
        for (id, tree) in &self.trees {
            report.trees_checked += 1;
            for (key, chain) in &tree.entries {
                report.entries_checked += 1;
                let running = |v: &Version| matches!(v.author, Author::Running(_));
                let below = &chain[..chain.len().saturating_sub(1)];
                if chain.is_empty() || below.iter().any(running) {
                    let problem = format!("tree {}: the versions of {key:x?} are unsound", id.0);
                    report.problems.push(problem);
                }
            }
        }
        report
    }
}

impl Tree {
    fn new(created: Author) -> Self {
        Self {
            created,
            dropped: None,
            entries: BTreeMap::new(),
            row_ids_given: 0,
            changes: 0,
        }
    }

    fn committed(&self) -> Self {
        let mut entries = self.entries.clone();
        for chain in entries.values_mut() {
            chain.retain(|v| matches!(v.author, Author::Committed(_)));
        }
        entries.retain(|_, chain| !chain.is_empty());
        Self {
            entries,
            dropped: self.dropped.filter(|d| matches!(d, Author::Committed(_))),
            ..*self
        }
    }
}

/// The value that a transaction sees in a chain.
pub(super) fn visible(chain: &[Version], me: TxnNumber, snapshot: u64) -> Option<&[u8]> {
    let version = chain
        .iter()
        .rev()
        .find(|v| v.author.seen_by(me, snapshot))?;
    version.value.as_deref()
}
