//! How what a text leaves open is read: names that say no schema, and moments that say no time zone.

use super::SearchPath;
use crate::catalog::StoredQuery;
use crate::types::Zone;

/// What a session says about texts; a plan is made for one such.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Where names are looked for that say no schema.
    pub path: SearchPath,
    /// Where moments are that say no time zone. What is stored says its own, so it is always read at UTC.
    pub zone: Zone,
}

impl Reading {
    /// Of a stored query.
    pub(crate) fn stored(query: &StoredQuery) -> Self {
        Self {
            path: SearchPath::stored(query),
            zone: Zone::UTC,
        }
    }
}
