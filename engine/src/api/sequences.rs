//! Values of sequences: taken outside of the transaction that asks, and never twice.
//!
//! A value that was taken stays taken when the transaction is rolled back, and two transactions never wait for each other's
//! end to get one: so where a sequence stands is written by transactions of its own. To make one for each value would be
//! slow; so some are logged ahead (PostgreSQL's way), and counted out from memory:
//!
//! ```text
//!   tree     64            values up to 64 are logged as taken: after a crash the next is 65
//!   memory   34, 30 left   the last one that went out, and how many may follow before the log is asked again
//!   session  34            the last one that it got: currval
//! ```
//!
//! A transaction of its own is committed before the value goes out, so whoever sees a row with the value finds it taken
//! after a crash. It reads and writes the one entry of the sequence's tree under the sequence's latch, so that no two meet
//! there; it changes no row of a table, and therefore passes by those that change the schema, one of which may be asking.
//!
//! A sequence that is made or begun anew by a transaction has a tree that nobody else sees. Where it stands is then a note
//! of the session, written into the tree with the commit.

use crate::catalog::{self, Counting, PUBLIC, Schema, Sequence, SequenceState};
use crate::env::Env;
use crate::error::{Error, ErrorKind, Result};
use crate::exec::SequenceValues;
use crate::planted::{Mistake, makes};
use crate::sql::SearchPath;
use crate::storage::{IsolationLevel, StorageBackend, StorageTxn, Synchronous, TreeId, TxnOptions};
use crate::sync::Mutex;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values that are logged beyond the one that is asked for, as in PostgreSQL.
const LOGGED_AHEAD: u32 = 32;

/// A sequence, and its tree: another one if it was begun anew.
type Place = (u64, TreeId);

fn place(sequence: &Sequence) -> Place {
    (sequence.number, sequence.tree)
}

/// How far the values of the sequences of a database have been counted out.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<Place, Arc<Mutex<Counter>>>>);

/// One sequence.
#[derive(Debug, Default)]
struct Counter {
    /// Where it stands; `None` when only the tree says so.
    state: Option<SequenceState>,
    /// How many values may follow that are logged, if they are counted like this.
    left: u32,
    counting: Option<Counting>,
}

impl Counters {
    /// The counter of a sequence. Forgets those that `schema` does not have and nobody is asking: what is forgotten is read
    /// again, and costs some values.
    fn of(&self, sequence: &Sequence, schema: &Schema) -> Arc<Mutex<Counter>> {
        let mut all = self.0.lock();
        if let Some(known) = all.get(&place(sequence)) {
            return known.clone();
        }
        let is_there = |known: &Place| schema.sequences().any(|s| place(s) == *known);
        all.retain(|known, counter| Arc::strong_count(counter) > 1 || is_there(known));
        all.entry(place(sequence)).or_default().clone()
    }
}

/// What a session knows of sequences.
#[derive(Debug, Default)]
pub(crate) struct SessionSequences {
    /// What it has got, by the number of the sequence.
    known: BTreeMap<u64, Known>,
    /// The number of the sequence of the last value.
    last: Option<u64>,
    /// Where those stand that the open transaction has made or begun anew.
    noted: BTreeMap<Place, SequenceState>,
}

#[derive(Debug, Default)]
struct Known {
    current: Option<i64>,
    /// Values taken at once (`CACHE`), in reverse order, and what they were taken of.
    cached: Vec<i64>,
    cached_of: Option<(TreeId, Counting)>,
}

impl SessionSequences {
    /// Writes the notes into their trees, before the commit of the transaction that has made them. Only those of `schema`,
    /// where it is given: the others were rolled back to a savepoint. Errors: those of writing.
    pub(crate) fn write_notes(
        &mut self,
        txn: &mut dyn StorageTxn,
        schema: Option<&Schema>,
    ) -> Result<()> {
        for (noted, state) in std::mem::take(&mut self.noted) {
            let is_there = |schema: &Schema| schema.sequences().any(|s| place(s) == noted);
            if schema.is_none_or(is_there) {
                txn.put(noted.1, &[], &state.encode())?;
            }
        }
        Ok(())
    }

    /// The transaction was rolled back.
    pub(crate) fn forget_notes(&mut self) {
        self.noted.clear();
    }
}

/// The sequences as one statement sees them.
pub(crate) struct Sequences<'a> {
    pub(crate) backend: &'a dyn StorageBackend,
    pub(crate) env: &'a dyn Env,
    pub(crate) counters: &'a Counters,
    pub(crate) session: &'a RefCell<SessionSequences>,
    pub(crate) schema: &'a Schema,
    /// Where they are looked for.
    pub(crate) path: &'a SearchPath,
    /// Those that the statement itself has made or begun anew.
    pub(crate) made: RefCell<Vec<Arc<Sequence>>>,
    pub(crate) read_only: bool,
    pub(crate) synchronous: Synchronous,
}

impl Sequences<'_> {
    /// The tree of the catalog.
    pub(crate) fn root(&self) -> TreeId {
        self.backend.root_tree()
    }

    /// Begins a sequence in a tree of its own, at `state`, and puts it into the catalog. Errors: those of writing.
    pub(crate) fn begin(
        &self,
        txn: &mut dyn StorageTxn,
        mut sequence: Sequence,
        state: SequenceState,
    ) -> Result<()> {
        if sequence.number == 0 {
            sequence.number = self.env.entropy().max(1);
        }
        sequence.tree = txn.create_tree()?;
        txn.put(sequence.tree, &[], &state.encode())?;
        catalog::put_sequence(txn, self.root(), &sequence)?;
        // The tree may have been another one's, long ago.
        self.counters.0.lock().remove(&place(&sequence));
        self.session
            .borrow_mut()
            .noted
            .insert(place(&sequence), state);
        self.made.borrow_mut().push(Arc::new(sequence));
        Ok(())
    }

    /// Begins an existing sequence anew at `state`. Errors: those of writing.
    pub(crate) fn begin_anew(
        &self,
        txn: &mut dyn StorageTxn,
        sequence: &Sequence,
        state: SequenceState,
    ) -> Result<()> {
        txn.drop_tree(sequence.tree)?;
        self.begin(txn, sequence.clone(), state)
    }

    /// Where a sequence stands. Errors: those of reading.
    pub(crate) fn state(&self, sequence: &Sequence) -> Result<SequenceState> {
        if let Some(noted) = self.session.borrow().noted.get(&place(sequence)) {
            return Ok(*noted);
        }
        let counter = self.counters.of(sequence, self.schema);
        let counter = counter.lock();
        match counter.state {
            Some(state) => Ok(state),
            None => self.change(sequence, &|state| Ok((state, state))),
        }
    }

    /// The sequence that `text` names, as an identifier is written. Errors: `42P01`, `42809`.
    fn find(&self, text: &str) -> Result<Arc<Sequence>> {
        let name = self.path.named(self.schema, text);
        let made = self.made.borrow();
        let found = made.iter().rev().find(|s| s.name == name);
        if let Some(sequence) = found.or_else(|| self.schema.sequence(&name)) {
            return Ok(sequence.clone());
        }
        let (state, message) = match self.schema.relation_exists(&name) {
            true => ("42809", format!("\"{name}\" is not a sequence")),
            false if name.schema() == PUBLIC => {
                ("42P01", format!("relation \"{name}\" does not exist"))
            }
            false => {
                let schema = name.schema();
                (
                    "42P01",
                    format!("relation \"{schema}.{name}\" does not exist"),
                )
            }
        };
        Err(Error::new(ErrorKind::Sql, state, message))
    }

    fn refuse_read_only(&self, function: &str) -> Result<()> {
        if !self.read_only {
            return Ok(());
        }
        let message = format!("cannot execute {function}() in a read-only transaction");
        Err(Error::new(ErrorKind::Sql, "25006", message))
    }

    /// Changes where `sequence` stands by the log, in a transaction of its own. The caller holds the latch of its counter.
    /// Errors: `40001` when the sequence is no longer what the schema of the statement says, and those of storage.
    fn change<T>(
        &self,
        sequence: &Sequence,
        change: &dyn Fn(SequenceState) -> Result<(SequenceState, T)>,
    ) -> Result<T> {
        let mut txn = self.backend.begin(TxnOptions {
            isolation: IsolationLevel::RepeatableRead,
            synchronous: match makes(Mistake::SequenceLogNotAwaited) {
                true => Synchronous::Off,
                false => self.synchronous,
            },
            beside_schema_changes: true,
            ..TxnOptions::default()
        })?;
        // As long as this snapshot sees the tree, its pages are not given back.
        if !catalog::has_sequence(&*txn, self.root(), sequence)? {
            let message = "could not serialize access: the schema was changed since the transaction's snapshot";
            return Err(Error::new(ErrorKind::Conflict, "40001", message));
        }
        let stored = txn.get(sequence.tree, &[])?.unwrap_or_default();
        let before = SequenceState::decode(&stored)?;
        let (after, result) = change(before)?;
        if after != before && !makes(Mistake::SequenceNotLogged) {
            txn.put(sequence.tree, &[], &after.encode())?;
        }
        txn.commit()?;
        Ok(result)
    }

    /// Up to `count` values, in reverse order. Errors: `2200H` when there is none.
    fn take(&self, sequence: &Sequence, count: i64) -> Result<Vec<i64>> {
        let counting = sequence.counting;
        let mut values = Vec::new();
        let noted = self.session.borrow().noted.get(&place(sequence)).copied();
        if let Some(mut state) = noted {
            while (values.len() as i64) < count
                && let Some(value) = counting.next(state)
            {
                state = taken(value);
                values.push(value);
            }
            let mut session = self.session.borrow_mut();
            session.noted.insert(place(sequence), state);
        } else {
            let counter = self.counters.of(sequence, self.schema);
            let mut counter = counter.lock();
            while (values.len() as i64) < count {
                if counter.left == 0 || counter.counting != Some(counting) {
                    self.log_ahead(&mut counter, sequence)?;
                }
                let next = counter.state.and_then(|state| counting.next(state));
                let Some(value) = next.filter(|_| counter.left > 0) else {
                    break;
                };
                counter.state = Some(taken(value));
                counter.left -= 1;
                values.push(value);
            }
        }
        values.reverse();
        match values.is_empty() {
            true => Err(at_end(sequence)),
            false => Ok(values),
        }
    }

    /// Logs the values that come next, none when there are none.
    fn log_ahead(&self, counter: &mut Counter, sequence: &Sequence) -> Result<()> {
        let counting = sequence.counting;
        let known = counter.state;
        let (state, left) = self.change(sequence, &|stored| {
            let from = known.unwrap_or(stored);
            let (mut ahead, mut left) = (from, 0);
            while left <= LOGGED_AHEAD
                && let Some(value) = counting.next(ahead)
            {
                (ahead, left) = (taken(value), left + 1);
            }
            Ok((ahead, (from, left)))
        })?;
        *counter = Counter {
            state: Some(state),
            left,
            counting: Some(counting),
        };
        Ok(())
    }
}

fn taken(value: i64) -> SequenceState {
    SequenceState {
        value,
        called: true,
    }
}

/// `2200H`
fn at_end(sequence: &Sequence) -> Error {
    let (end, value) = match sequence.counting.increment > 0 {
        true => ("maximum", sequence.counting.greatest),
        false => ("minimum", sequence.counting.least),
    };
    let message = format!(
        "nextval: reached {end} value of sequence \"{}\" ({value})",
        sequence.name
    );
    Error::new(ErrorKind::Sql, "2200H", message)
}

/// `55000`
fn not_yet(message: String) -> Error {
    Error::new(ErrorKind::Sql, "55000", message)
}

impl SequenceValues for Sequences<'_> {
    fn next(&self, name: &str) -> Result<i64> {
        self.refuse_read_only("nextval")?;
        let sequence = self.find(name)?;
        let of = Some((sequence.tree, sequence.counting));
        let cached = {
            let mut session = self.session.borrow_mut();
            let known = session.known.get_mut(&sequence.number);
            let current = known.filter(|known| known.cached_of == of);
            current.and_then(|known| known.cached.pop())
        };
        let (value, rest) = match cached {
            Some(value) => (value, None),
            None => {
                let mut values = self.take(&sequence, sequence.cache)?;
                let value = values.pop().ok_or_else(|| at_end(&sequence))?;
                (value, Some(values))
            }
        };
        let mut session = self.session.borrow_mut();
        session.last = Some(sequence.number);
        if !session.known.contains_key(&sequence.number) {
            let is_there = |number: &u64| self.schema.sequences().any(|s| s.number == *number);
            session.known.retain(|number, _| is_there(number));
        }
        let known = session.known.entry(sequence.number).or_default();
        known.current = Some(value);
        if let Some(rest) = rest {
            (known.cached, known.cached_of) = (rest, of);
        }
        Ok(value)
    }

    fn current(&self, name: &str) -> Result<i64> {
        let sequence = self.find(name)?;
        let session = self.session.borrow();
        let known = session.known.get(&sequence.number);
        known.and_then(|known| known.current).ok_or_else(|| {
            not_yet(format!(
                "currval of sequence \"{}\" is not yet defined in this session",
                sequence.name
            ))
        })
    }

    fn last(&self) -> Result<i64> {
        let session = self.session.borrow();
        let there = |number: &u64| self.schema.sequences().any(|s| s.number == *number);
        let last = session.last.filter(there);
        let known = last.and_then(|number| session.known.get(&number)?.current);
        known.ok_or_else(|| not_yet("lastval is not yet defined in this session".to_owned()))
    }

    fn set(&self, name: &str, value: i64, called: bool) -> Result<i64> {
        self.refuse_read_only("setval")?;
        let sequence = self.find(name)?;
        let (least, greatest) = (sequence.counting.least, sequence.counting.greatest);
        if !(least..=greatest).contains(&value) {
            let message = format!(
                "setval: value {value} is out of bounds for sequence \"{}\" ({least}..{greatest})",
                sequence.name
            );
            return Err(Error::new(ErrorKind::Data, "22003", message));
        }
        let state = SequenceState { value, called };
        let is_noted = self.session.borrow().noted.contains_key(&place(&sequence));
        if is_noted {
            let mut session = self.session.borrow_mut();
            session.noted.insert(place(&sequence), state);
        } else {
            let counter = self.counters.of(&sequence, self.schema);
            let mut counter = counter.lock();
            self.change(&sequence, &|_| Ok((state, ())))?;
            *counter = Counter {
                state: Some(state),
                ..Counter::default()
            };
        }
        let mut session = self.session.borrow_mut();
        let known = session.known.entry(sequence.number).or_default();
        known.cached.clear();
        if called {
            known.current = Some(value);
        }
        Ok(value)
    }
}
