//! The sums that no interleaving of sessions may break.

use super::families::Families;
use super::shelf::Shelf;
use crate::lockstep::Mismatch;
use quantadb::Error;
use quantadb::storage::{EntryBatch, KeyRange, ScanDirection, StorageTxn, TreeId};
use std::collections::BTreeMap;

/// Accounts between which money moves.
pub(super) const ACCOUNTS: u64 = 12;
/// What each account has at first.
pub(super) const BALANCE: u64 = 1_000;
/// Members at most.
pub(super) const MEMBERS_MAX: usize = 3;

/// All numbers of one snapshot.
pub(super) struct Sums {
    accounts: u64,
    counters: u64,
    pub(super) slots: BTreeMap<usize, u64>,
    /// How many guards of each pair are on duty.
    guards: BTreeMap<String, u64>,
    members: usize,
    families: Families,
    shelf: Shelf,
}

impl Sums {
    /// Reads them all. Errors: those of the scan.
    pub(super) fn read(txn: &dyn StorageTxn, tree: TreeId) -> Result<Self, Error> {
        let mut cursor = txn.scan(tree, KeyRange::ALL, ScanDirection::Forward)?;
        let mut batch = EntryBatch::default();
        let mut sums = Self {
            accounts: 0,
            counters: 0,
            slots: BTreeMap::new(),
            guards: BTreeMap::new(),
            members: 0,
            families: Families::default(),
            shelf: Shelf::default(),
        };
        while cursor.next_batch(&mut batch, 5)? {
            for (key, value) in batch.iter() {
                if sums.shelf.note(key, value) {
                    continue;
                }
                let value = number(Some(value.to_vec()));
                let key = String::from_utf8_lossy(key);
                match key.split_once('-') {
                    Some(("account", _)) => sums.accounts = sums.accounts.wrapping_add(value),
                    Some(("counter", _)) => sums.counters += value,
                    Some(("guard", who)) => {
                        let pair = who.split_once('-').map_or(who, |(pair, _)| pair);
                        *sums.guards.entry(pair.to_owned()).or_default() += value;
                    }
                    Some(("member", _)) => sums.members += 1,
                    Some(("fact", _)) => {}
                    Some((kind, rest)) if sums.families.note(kind, rest) => {}
                    Some((_, slot)) => {
                        sums.slots.insert(slot.parse().unwrap_or(usize::MAX), value);
                    }
                    None => {}
                }
            }
        }
        sums.shelf.read_index(txn)?;
        Ok(sums)
    }

    /// Whether they are as they must be.
    pub(super) fn check(&self) -> Result<(), Mismatch> {
        let slots: u64 = self.slots.values().sum();
        let expected = format!(
            "accounts {}, counters {slots} as slots, a guard of each pair, members up to {MEMBERS_MAX}, no orphans, an index of all items",
            ACCOUNTS * BALANCE
        );
        let found = format!(
            "accounts {}, counters {}, guards {:?}, members {}, orphans of {:?}, {:?} of the shelf",
            self.accounts,
            self.counters,
            self.guards,
            self.members,
            self.families.broken(),
            self.shelf.broken()
        );
        let guarded = self.guards.values().all(|&on| on > 0);
        let sums = self.accounts == ACCOUNTS * BALANCE && self.counters == slots;
        let broken = !self.families.broken().is_empty() || !self.shelf.broken().is_empty();
        match sums && guarded && !broken && self.members <= MEMBERS_MAX {
            true => Ok(()),
            false => Err(wrong("the sums of one snapshot", expected, found)),
        }
    }
}

/// A value as a number; 0 for one that is none.
pub(super) fn number(value: Option<Vec<u8>>) -> u64 {
    let bytes = value.and_then(|v| v.try_into().ok());
    bytes.map_or(0, u64::from_be_bytes)
}

/// What was expected of `doing`, and what was found.
pub(super) fn wrong(doing: &str, expected: String, found: String) -> Mismatch {
    Mismatch {
        doing: doing.to_owned(),
        expected,
        found,
    }
}
