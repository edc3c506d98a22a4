//! Statements that are planned already, by their text, and by their text without its literals.
//!
//! ```text
//!   text ──▶ known? ──▶ its plan
//!              │ no
//!              ▼
//!          literals lifted ──▶ shape known? ──▶ the plan of the shape, the literals as its parameters
//!              │ no
//!              ▼
//!          parsed, planned, run; kept when it comes for the second time
//! ```
//!
//! Most texts never come again, so a text is kept only when its hash was met before: making room for it, and freeing it
//! long after it was made, costs more than planning a small statement. A shape is kept only if its plan would be the same
//! whatever the literals are ([`crate::exec::is_short`]): for all others the planner has to know them.

use crate::api::convert;
use crate::api::copy::Given;
use crate::api::maintenance::SchemaVersion;
use crate::api::session::{Ran, Session};
use crate::api::settings::Settings;
use crate::catalog::Schema;
use crate::error::Result;
use crate::exec;
use crate::plan::{Plan, PlanOptions};
use crate::sql::bound::OutputColumn;
use crate::sql::{Lifted, Parsed, Reading, lift, parse_lifted, parse_one};
use crate::types::{SqlType, Value};
use foldhash::fast::FixedState;
use lru::LruCache;
use std::borrow::Cow;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Most texts that one connection remembers, and most shapes.
const KEPT_MAX: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// How many hashes of texts that were met it keeps.
const MET: usize = 1024;

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
    pub(crate) schema_version: SchemaVersion,
    /// What it may be made of.
    pub(crate) options: PlanOptions,
    /// That schema.
    pub(crate) schema: Arc<Schema>,
    /// How what its text leaves open was read; it is for the time zone in that.
    pub(crate) reading: Reading,
}

impl Planned {
    /// Whether it is what planning again would give.
    pub(crate) fn is_for(&self, schema_version: SchemaVersion, settings: &Settings) -> bool {
        self.schema_version == schema_version
            && self.options == settings.plan_options
            && self.reading == settings.reading
    }

    /// `given` as its parameters. Errors: those of [`convert::parameters`].
    pub(crate) fn parameters<'v>(&self, given: &'v [Value]) -> Result<Cow<'v, [Value]>> {
        convert::parameters(given, &self.parameter_types, self.reading.zone)
    }
}

/// A statement: parsed once, planned anew when the schema has changed.
#[derive(Debug)]
struct Prepared {
    parsed: Parsed,
    planned: Option<Arc<Planned>>,
}

/// A statement on its way through a session.
pub(super) struct Job<'a> {
    pub(crate) parsed: Cow<'a, Parsed>,
    /// Its plan for some version of the schema, if there is one; the one that it ran with, then.
    pub(crate) planned: Option<Arc<Planned>>,
    pub(super) given: Given<'a>,
    /// The text as it was written, if `parsed` is its shape.
    written: Option<&'a str>,
}

impl<'a> Job<'a> {
    pub(super) fn new(parsed: &'a Parsed, planned: Option<Arc<Planned>>, given: Given<'a>) -> Self {
        Self {
            parsed: Cow::Borrowed(parsed),
            planned,
            given,
            written: None,
        }
    }

    /// Takes a statement as it was written whose shape has no plan for this schema (API-1).
    pub(crate) fn take_as_written(&mut self) -> Result<()> {
        if let Some(text) = self.written.take() {
            self.parsed = Cow::Owned(parse_one(text)?);
            self.given.parameters = &[];
        }
        Ok(())
    }
}

/// A statement without its literals, by its key.
pub(crate) type Shape<'t> = (String, Lifted<'t>);

/// What became of a text.
pub(crate) enum Known<'t> {
    /// It was known and has run.
    Ran(Result<Ran>),
    /// It is not known; its shape, if it has one.
    Not(Option<Shape<'t>>),
}

/// The statements of one connection.
#[derive(Debug)]
pub(crate) struct PlanCache {
    texts: Cache<Prepared>,
    /// `None` for shapes that have no plan of their own.
    shapes: Cache<Option<Prepared>>,
    met: Vec<u32>,
}

type Cache<V> = LruCache<Box<str>, V, FixedState>;

impl Default for PlanCache {
    fn default() -> Self {
        Self {
            texts: LruCache::with_hasher(KEPT_MAX, FixedState::default()),
            shapes: LruCache::with_hasher(KEPT_MAX, FixedState::default()),
            met: vec![0; MET],
        }
    }
}

impl PlanCache {
    /// Whether a text with the hash of `text` was met lately; it is now.
    fn meet(&mut self, text: &str) -> bool {
        let hash = FixedState::default().hash_one(text);
        // The low half chooses the place, the high half is kept there.
        let place = &mut self.met[hash as usize % MET];
        let mark = (hash >> 32) as u32;
        std::mem::replace(place, mark) == mark
    }

    /// Runs `text` in `session` if it is one statement that is known, or that has a known shape.
    pub(crate) fn run_known<'t>(
        &mut self,
        session: &mut Session,
        text: &'t str,
        parameters: &[Value],
    ) -> Known<'t> {
        if let Some(prepared) = self.texts.get_mut(text) {
            let mut job = Job::new(
                &prepared.parsed,
                prepared.planned.take(),
                Given::only(parameters),
            );
            let result = session.run(&mut job);
            prepared.planned = job.planned;
            return Known::Ran(result);
        }
        if !parameters.is_empty() {
            return Known::Not(None);
        }
        let Some(shape) = lift(text).map(|lifted| (lifted.key(), lifted)) else {
            return Known::Not(None);
        };
        match self.run_shape(session, text, &shape) {
            Some(result) => Known::Ran(result),
            None => Known::Not(Some(shape)),
        }
    }

    /// Runs in `session` the one statement of `text`, which is not known, and takes note of it.
    pub(crate) fn run_new(
        &mut self,
        session: &mut Session,
        text: &str,
        parsed: Parsed,
        shape: Option<Shape<'_>>,
        parameters: &[Value],
    ) -> Result<Ran> {
        let mut job = Job::new(&parsed, None, Given::only(parameters));
        let result = session.run(&mut job);
        let planned = job.planned;
        let short = planned.as_ref().filter(|p| exec::is_short(&p.plan));
        if let (Some((key, lifted)), Some(short)) = (shape, short) {
            if self.meet(&key) && result.is_ok() {
                let prepared = prepare_shape(session, &lifted, short);
                self.shapes.put(key.into(), prepared);
            }
        } else if self.meet(text) {
            self.texts.put(text.into(), Prepared { parsed, planned });
        }
        result
    }

    /// Runs `text` by the plan of its shape, if there is one.
    fn run_shape(
        &mut self,
        session: &mut Session,
        text: &str,
        (key, lifted): &Shape<'_>,
    ) -> Option<Result<Ran>> {
        let prepared = self.shapes.get(key.as_str())?.as_ref()?;
        let planned = prepared.planned.clone()?;
        let literals = lifted.values().ok()?;
        let parameters = planned.parameters(&literals).ok()?;
        let mut job = Job {
            parsed: Cow::Borrowed(&prepared.parsed),
            planned: Some(planned),
            given: Given::only(&parameters),
            written: Some(text),
        };
        let result = session.run(&mut job);
        if job.written.is_none() {
            self.shapes.pop(key.as_str());
        }
        Some(result)
    }
}

/// The shape of a statement that ran by the plan `as_written`, if it can have one that does the same.
fn prepare_shape(
    session: &mut Session,
    lifted: &Lifted<'_>,
    as_written: &Planned,
) -> Option<Prepared> {
    let parsed = parse_lifted(lifted).ok()?;
    let planned = session.describe(&parsed).ok()?;
    let is_same = planned.columns == as_written.columns
        && planned.is_for(as_written.schema_version, &session.settings)
        && exec::is_short(&planned.plan);
    is_same.then_some(Prepared {
        parsed,
        planned: Some(planned),
    })
}
