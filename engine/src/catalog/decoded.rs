//! Definitions by the bytes that they were read from: a schema of which one definition has changed is not decoded anew as
//! a whole.

use super::table::Table;
use super::types::Types;
use super::view::View;
use crate::error::Result;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

/// Tables and views that have been decoded. What the bytes of one mean depends on the types alone, by which it is kept.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    types: Types,
    pub(super) tables: ByBytes<Table>,
    pub(super) views: ByBytes<View>,
}

/// Definitions of one kind, by their bytes.
#[derive(Debug)]
pub(super) struct ByBytes<T>(HashMap<Box<[u8]>, Arc<T>, FixedState>);

impl<T> Default for ByBytes<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl Decoded {
    /// Nothing yet, with the types of `known` and room for as much.
    pub(super) fn after(known: &Self) -> Self {
        Self {
            types: known.types.clone(),
            tables: ByBytes::with_room_of(&known.tables),
            views: ByBytes::with_room_of(&known.views),
        }
    }

    /// What of it still means the same with these types: all of it or nothing.
    pub(super) fn still(self, types: &Types) -> Self {
        match self.types == *types {
            true => self,
            false => Self {
                types: types.clone(),
                ..Self::default()
            },
        }
    }
}

impl<T> ByBytes<T> {
    fn with_room_of(known: &Self) -> Self {
        Self(HashMap::with_capacity_and_hasher(
            known.0.len() + 1,
            FixedState::default(),
        ))
    }

    /// The definition that `bytes` are, taken over from `known` if it is there, else decoded. Errors: those of `decode`.
    pub(super) fn take_over(
        &mut self,
        known: &mut Self,
        bytes: &[u8],
        decode: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let (bytes, definition) = match known.0.remove_entry(bytes) {
            Some(entry) => entry,
            None => (bytes.into(), Arc::new(decode()?)),
        };
        self.0.insert(bytes, definition.clone());
        Ok(definition)
    }
}
