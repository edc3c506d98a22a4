//! Statements that are planned already, by their text.

use crate::catalog::Schema;
use crate::error::Result;
use crate::plan::Plan;
use crate::sql::Parsed;
use crate::sql::bound::OutputColumn;
use crate::types::SqlType;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

/// Most texts that one connection remembers.
const TEXTS_MAX: usize = 256;

/// A statement as planned for one version of the schema.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) parameter_types: Vec<SqlType>,
    /// Result columns.
    pub(crate) columns: Arc<[OutputColumn]>,
    /// See [`crate::api::session::Ran::tag`].
    pub(crate) tag: &'static str,
    /// The schema that it was planned for.
    pub(crate) schema_version: u64,
    /// That schema.
    pub(crate) schema: Arc<Schema>,
}

/// A statement: parsed once, planned anew when the schema has changed.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) parsed: Parsed,
    pub(crate) planned: Option<Arc<Planned>>,
    last_use: u64,
}

/// The statements of one connection; when there are too many, the one that was not used for longest goes.
#[derive(Debug, Default)]
pub(crate) struct PlanCache {
    texts: HashMap<Box<str>, Prepared, FixedState>,
    uses: u64,
}

impl PlanCache {
    /// The statement `text`, parsed by `parse` unless it is known.
    pub(crate) fn entry(
        &mut self,
        text: &str,
        parse: impl FnOnce(&str) -> Result<Parsed>,
    ) -> Result<&mut Prepared> {
        self.uses += 1;
        if !self.texts.contains_key(text) {
            let parsed = parse(text)?;
            if self.texts.len() >= TEXTS_MAX {
                self.forget_oldest();
            }
            self.texts.insert(
                text.into(),
                Prepared {
                    parsed,
                    planned: None,
                    last_use: 0,
                },
            );
        }
        let Some(prepared) = self.texts.get_mut(text) else {
            return Err(crate::Error::misuse("API-1: a text just added is there"));
        };
        prepared.last_use = self.uses;
        Ok(prepared)
    }

    fn forget_oldest(&mut self) {
        // Each use has a number of its own, so the order of the map does not show.
        let oldest = self.texts.iter().min_by_key(|(_, p)| p.last_use);
        if let Some(text) = oldest.map(|(text, _)| text.clone()) {
            self.texts.remove(&text);
        }
    }
}
