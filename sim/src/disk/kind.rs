//! Faults by name: which there are, which the disk contract allows, and sets of them.

use std::fmt;

/// One thing that can go wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FaultKind {
    /// Of a block that was written and not synced, a power loss leaves a part.
    Torn,
    /// A power loss takes back what was not synced.
    Lost,
    /// What was written later survives a power loss that takes back what was written before.
    Reordered,
    /// A sector that was written and not synced holds noise after a power loss.
    Garbage,
    /// A call fails.
    Eio,
    /// There is no space.
    Enospc,
    /// A transfer moves fewer bytes than asked.
    Short,
    /// A transfer is interrupted.
    Interrupted,
    /// A sync fails, and may forget what it should have written.
    FailedSync,
    /// A call takes up to seconds.
    Slow,
    /// Bits flip where data rests.
    Rot,
    /// A write goes to another place of the file.
    Misdirected,
    /// A write is acknowledged, as is the sync after it, and is not there.
    LostWrites,
    /// A read gives what was there before.
    Stale,
}

impl FaultKind {
    /// All of them, in the order of their numbers.
    pub const ALL: [FaultKind; 14] = [
        FaultKind::Torn,
        FaultKind::Lost,
        FaultKind::Reordered,
        FaultKind::Garbage,
        FaultKind::Eio,
        FaultKind::Enospc,
        FaultKind::Short,
        FaultKind::Interrupted,
        FaultKind::FailedSync,
        FaultKind::Slow,
        FaultKind::Rot,
        FaultKind::Misdirected,
        FaultKind::LostWrites,
        FaultKind::Stale,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Torn => "torn",
            FaultKind::Lost => "lost",
            FaultKind::Reordered => "reordered",
            FaultKind::Garbage => "garbage",
            FaultKind::Eio => "eio",
            FaultKind::Enospc => "enospc",
            FaultKind::Short => "short",
            FaultKind::Interrupted => "interrupted",
            FaultKind::FailedSync => "failed-sync",
            FaultKind::Slow => "slow",
            FaultKind::Rot => "rot",
            FaultKind::Misdirected => "misdirected",
            FaultKind::LostWrites => "lost-writes",
            FaultKind::Stale => "stale",
        }
    }

    /// Whether the disk contract allows it: then nothing that was acknowledged may be lost.
    pub fn is_within_contract(self) -> bool {
        self < FaultKind::Rot
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultSet(u16);

impl FaultSet {
    /// None.
    pub const NONE: FaultSet = FaultSet(0);

    /// All.
    pub fn all() -> Self {
        Self::of(&FaultKind::ALL)
    }

    /// These.
    pub const fn of(kinds: &[FaultKind]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < kinds.len() {
            bits |= 1 << kinds[i] as u16;
            i += 1;
        }
        Self(bits)
    }

    /// The faults whose names stand between commas; `none` and `all` are sets too.
    ///
    /// # Errors
    /// The name that there is not.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut set = Self::NONE;
        for name in text.split(',').map(str::trim) {
            let found = FaultKind::ALL.into_iter().find(|kind| kind.name() == name);
            match (found, name) {
                (Some(kind), _) => set = set.and(Self::of(&[kind])),
                (None, "all") => set = Self::all(),
                (None, "none") => {}
                (None, _) => {
                    let names = FaultKind::ALL.map(FaultKind::name).join(", ");
                    return Err(format!(
                        "no fault is called {name:?}; there are {names}, and all, and none"
                    ));
                }
            }
        }
        Ok(set)
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it has that fault.
    pub fn has(self, kind: FaultKind) -> bool {
        self.0 & 1 << kind as u16 != 0
    }

    /// Those that `other` has too.
    #[must_use]
    pub fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that `other` does not have.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for FaultSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = FaultKind::ALL.into_iter().filter(|&kind| self.has(kind));
        let names: Vec<&str> = names.map(FaultKind::name).collect();
        match names.is_empty() {
            true => f.pad("none"),
            false => f.pad(&names.join(",")),
        }
    }
}

/// How often each has struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindCounts([u64; FaultKind::ALL.len()]);

impl KindCounts {
    pub(super) fn add_one(&mut self, kind: FaultKind) {
        self.add_many(kind, 1);
    }

    pub(super) fn add_many(&mut self, kind: FaultKind, count: u64) {
        self.0[kind as usize] += count;
    }

    /// How often `kind`.
    pub fn of(&self, kind: FaultKind) -> u64 {
        self.0[kind as usize]
    }

    pub(super) fn add(&mut self, other: &KindCounts) {
        let pairs = self.0.iter_mut().zip(other.0);
        pairs.for_each(|(mine, theirs)| *mine += theirs);
    }
}
