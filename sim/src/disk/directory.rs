//! Names of files, and the changes of names that a power loss could take back.

use super::inode::{LossMood, Losses};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Numbers a file.
pub(super) type InodeId = u32;

/// One change of names. `after` is what each name stands for afterwards, `before` what it stood for.
#[derive(Clone, Debug)]
struct Change {
    names: Vec<(PathBuf, Option<InodeId>)>,
}

/// All names. Directories themselves always exist.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    names: BTreeMap<PathBuf, InodeId>,
    durable: BTreeMap<PathBuf, InodeId>,
    unsynced: Vec<Change>,
}

impl Directory {
    pub(super) fn get(&self, path: &Path) -> Option<InodeId> {
        self.names.get(path).copied()
    }

    /// Lets each name stand for a file, or for none: one change that survives whole or not at all.
    pub(super) fn change(&mut self, names: Vec<(PathBuf, Option<InodeId>)>) {
        apply(&mut self.names, &names);
        self.unsynced.push(Change { names });
    }

    /// Makes the changes in the directory of `path` durable.
    pub(super) fn sync(&mut self, path: &Path) {
        let parent = path.parent();
        let durable = &mut self.durable;
        self.unsynced.retain(|change| {
            let here = change.names.iter().any(|(name, _)| name.parent() == parent);
            if here {
                apply(durable, &change.names);
            }
            !here
        });
    }

    /// Decides which unsynced changes are there.
    pub(super) fn lose_power(
        &mut self,
        mood: LossMood,
        disordered: bool,
        rng: &mut ChaCha8Rng,
        losses: &mut Losses<'_>,
    ) {
        let changes = std::mem::take(&mut self.unsynced);
        let prefix = match mood.keeps(rng) {
            true => changes.len(),
            false => rng.random_range(0..=changes.len()),
        };
        for (i, change) in changes.into_iter().enumerate() {
            let kept = if disordered {
                mood.keeps(rng)
            } else {
                i < prefix
            };
            losses.fold(kept.into());
            if kept {
                apply(&mut self.durable, &change.names);
            } else {
                losses.counters.names_lost += 1;
            }
        }
        self.names = self.durable.clone();
    }

    /// How many changes are not synced.
    pub(super) fn undecided(&self) -> usize {
        self.unsynced.len()
    }

    /// Keeps of the unsynced changes those whose outcome is not 0.
    pub(super) fn settle(&mut self, outcomes: &mut impl Iterator<Item = usize>) {
        for change in std::mem::take(&mut self.unsynced) {
            if outcomes.next() != Some(0) {
                apply(&mut self.durable, &change.names);
            }
        }
        self.names = self.durable.clone();
    }

    /// Files that have a name, now or after a power loss.
    pub(super) fn names_inode(&self, id: InodeId) -> bool {
        let unsynced = self.unsynced.iter().flat_map(|c| &c.names);
        self.names.values().any(|&i| i == id)
            || self.durable.values().any(|&i| i == id)
            || unsynced.into_iter().any(|(_, i)| *i == Some(id))
    }

    /// The name of a file, without its directory; a number if it has none.
    pub(super) fn name_of(&self, id: InodeId) -> String {
        let name = self.names.iter().find(|&(_, &named)| named == id);
        name.map_or_else(|| format!("file {id}"), |(path, _)| file_name(path))
    }

    /// All names, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&PathBuf, InodeId)> {
        self.names.iter().map(|(path, &id)| (path, id))
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn apply(map: &mut BTreeMap<PathBuf, InodeId>, names: &[(PathBuf, Option<InodeId>)]) {
    for (name, inode) in names {
        match inode {
            Some(inode) => map.insert(name.clone(), *inode),
            None => map.remove(name),
        };
    }
}
