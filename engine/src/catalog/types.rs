//! The types that users made.

use crate::types::EnumType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The types that `CREATE TYPE` made, by name. A copy costs next to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Types(Arc<BTreeMap<String, EnumType>>);

impl Types {
    /// The type of that (folded) name.
    pub fn get(&self, name: &str) -> Option<EnumType> {
        self.0.get(name).copied()
    }

    /// The type of that number.
    pub(super) fn numbered(&self, id: u32) -> Option<EnumType> {
        self.iter().find(|of| of.id() == id)
    }

    /// All types, by name.
    pub fn iter(&self) -> impl Iterator<Item = EnumType> {
        self.0.values().copied()
    }

    /// Adds a type, which is found from now on by what is read with these types.
    pub(super) fn insert(&mut self, of: EnumType) {
        Arc::make_mut(&mut self.0).insert(of.name().to_owned(), of);
    }

    /// A number that no type has.
    pub(crate) fn next_id(&self) -> u32 {
        let ids = self.iter().map(EnumType::id);
        ids.max().map_or(1, |id| id.saturating_add(1))
    }
}

impl FromIterator<EnumType> for Types {
    fn from_iter<I: IntoIterator<Item = EnumType>>(types: I) -> Self {
        let named = types.into_iter().map(|of| (of.name().to_owned(), of));
        Self(Arc::new(named.collect()))
    }
}
