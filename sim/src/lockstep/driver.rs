//! Sessions, and the draw of the next operation.

use super::compare::{Mismatch, compare, is_fault, show_result};
use super::session::{Answer, Session, TreePair};
use super::shape::{Shape, direction};
use crate::course::CourseCell;
use crate::model::{ModelBackend, ModelTxn};
use crate::phase::{Phase, PhaseCell};
use quantadb::storage::{
    IsolationLevel, KeyRange, ScanDirection, StorageBackend, StorageTxn, TxnOptions, WaitLimits,
};
use quantadb::{Error, ErrorKind};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a step came to.
#[derive(Debug)]
pub enum Event {
    /// Both sides agree.
    Fine,
    /// The subject's disk failed.
    Fault {
        /// With this.
        error: Error,
        /// Whether the fate of a commit is open: the subject must be opened again before the next step.
        commit_unknown: bool,
    },
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockstepCounts {
    /// Operations performed.
    pub operations: u64,
    /// Transactions begun.
    pub begun: u64,
    /// Transactions committed.
    pub committed: u64,
    /// Operations that both sides refused.
    pub refused: u64,
    /// Operations that the subject's disk failed.
    pub faults: u64,
    /// Commits whose fate recovery had to decide.
    pub commits_unknown: u64,
    /// Of those, how many were there.
    pub commits_unknown_found: u64,
    /// Entries compared one by one.
    pub entries_compared: u64,
    /// Pages that the subject's own check looked at.
    pub pages_checked: u64,
}

/// The two sides and the sessions between them.
pub struct Lockstep {
    pub(super) shape: Shape,
    pub(super) phase: PhaseCell,
    subject: Option<Arc<dyn StorageBackend>>,
    sessions: Vec<Option<Session>>,
    /// A commit whose fate is open: slot, number, and the model's side of it.
    unknown: Option<(usize, u64, Box<ModelTxn>)>,
    /// The last row id that the subject gave for each tree since it was opened.
    pub(super) row_ids: BTreeMap<u32, i64>,
    known: Known,
}

/// What a recovery changes of what is known; see [`Lockstep::known`].
#[derive(Clone)]
pub struct Known {
    model: ModelBackend,
    /// A commit whose fate the next recovery shows: slot, number, and the model without it. `model` has it.
    undecided: Option<(usize, u64, ModelBackend)>,
    trees: Vec<TreePair>,
    counts: LockstepCounts,
}

/// How an operation went, when nobody cares for its value.
pub(super) type Went = Result<Option<Error>, Mismatch>;

impl Lockstep {
    /// Both sides empty; `phase` is told what is being called.
    pub fn new(
        shape: Shape,
        phase: PhaseCell,
        subject: Arc<dyn StorageBackend>,
        model: ModelBackend,
    ) -> Self {
        let trees = vec![TreePair {
            subject: subject.root_tree(),
            model: model.root_tree(),
        }];
        let sessions = (0..shape.sessions).map(|_| None).collect();
        Self {
            shape,
            phase,
            subject: Some(subject),
            sessions,
            unknown: None,
            row_ids: BTreeMap::new(),
            known: Known {
                model,
                undecided: None,
                trees,
                counts: LockstepCounts::default(),
            },
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> LockstepCounts {
        self.known.counts
    }

    /// The subject, which is open.
    fn subject(&self) -> &Arc<dyn StorageBackend> {
        let open = self.subject.as_ref();
        open.expect("steps are made only while the subject is open")
    }

    /// Draws an operation, performs it on both sides and compares.
    ///
    /// # Errors
    /// When the sides differ.
    pub fn step(&mut self, rng: &mut ChaCha8Rng) -> Result<Event, Mismatch> {
        assert!(
            self.unknown.is_none() && self.known.undecided.is_none(),
            "a commit of unknown fate needs a recovery first"
        );
        self.known.counts.operations += 1;
        let slot = rng.random_range(0..self.sessions.len());
        self.phase.course().speaks(slot);
        let fault = match self.sessions[slot].take() {
            None => self.without_session(slot, rng)?,
            Some(session) => self.with_session(slot, session, rng)?,
        };
        let Some(error) = fault else {
            return Ok(Event::Fine);
        };
        self.known.counts.faults += 1;
        Ok(Event::Fault {
            error,
            commit_unknown: self.unknown.is_some(),
        })
    }

    fn without_session(&mut self, slot: usize, rng: &mut ChaCha8Rng) -> Went {
        let roll = rng.random_range(0..20);
        if self.shape.maintenance && roll < 3 {
            return self.maintain(roll, rng);
        }
        let options = TxnOptions {
            isolation: match rng.random_range(0..10) {
                0..2 => IsolationLevel::ReadCommitted,
                2..5 => IsolationLevel::RepeatableRead,
                _ => IsolationLevel::Serializable,
            },
            read_only: rng.random_bool(0.1),
            lock_timeout_micros: Some(0),
            ..TxnOptions::default()
        };
        let subject = match self.subject().begin(options) {
            Ok(txn) => txn,
            Err(error) => return self.only_fault("begin", error),
        };
        let model = self.known.model.begin_model(options);
        self.known.counts.begun += 1;
        let (number, course) = (self.known.counts.begun, self.phase.course());
        course.note(|| format!("transaction {number}: begin {:?}", options.isolation));
        self.sessions[slot] = Some(Session {
            subject,
            model,
            number: self.known.counts.begun,
            savepoints: Vec::new(),
            schema_marked: false,
            read_only: options.read_only,
            saw_fault: false,
            course: self.phase.course().clone(),
        });
        Ok(None)
    }

    fn maintain(&mut self, roll: u32, rng: &mut ChaCha8Rng) -> Went {
        let subject = self.subject().clone();
        let budget = rng.random_range(0..50);
        let result = match roll {
            0 => {
                let vacuum = || subject.maintain(budget).map(drop);
                self.phase.during(Phase::Vacuum, vacuum)
            }
            1 => self
                .phase
                .during(Phase::Checkpoint, || subject.checkpoint()),
            _ => {
                let vacuum = || subject.vacuum(&WaitLimits::default()).map(drop);
                self.phase.during(Phase::Vacuum, vacuum)
            }
        };
        self.known
            .model
            .vacuum(&WaitLimits::default())
            .map_err(model_failed)?;
        let name = ["vacuum step by step", "checkpoint", "vacuum"][roll as usize];
        self.phase.course().note(|| name.to_owned());
        match result {
            Ok(()) => Ok(None),
            Err(error) => self.only_fault("maintenance", error),
        }
    }

    /// An error where only a failing disk excuses one.
    pub(super) fn only_fault(&self, doing: &str, error: Error) -> Went {
        if is_fault(&error) {
            return Ok(Some(error));
        }
        Err(Mismatch {
            doing: doing.to_owned(),
            expected: "done, or a failure of the disk".to_owned(),
            found: format!("{error:?}"),
        })
    }

    fn with_session(&mut self, slot: usize, mut session: Session, rng: &mut ChaCha8Rng) -> Went {
        match rng.random_range(0..100) {
            0..=11 => return self.commit(slot, session),
            12..=14 => return self.rollback(session),
            _ => {}
        }
        let went = self.operate(&mut session, rng);
        session.saw_fault |= matches!(went, Ok(Some(_)));
        // A subject that has stopped may have undone a part: nobody goes on with that transaction.
        let stopped = matches!(&went, Ok(Some(error)) if error.kind() == ErrorKind::Stopped);
        self.sessions[slot] = (!stopped).then_some(session);
        went
    }

    fn operate(&mut self, session: &mut Session, rng: &mut ChaCha8Rng) -> Went {
        let Some(tree) = self.pick_tree(session, rng) else {
            return Ok(None);
        };
        let shape = self.shape.clone();
        match rng.random_range(0..100) {
            0..=11 => {
                let answer = session.get(tree, &shape.key(rng))?;
                self.note(answer)
            }
            12..=30 => {
                let answer = session.insert(tree, &shape.key(rng), &shape.value(rng))?;
                self.note(answer)
            }
            31..=33 => self.read_and_put(session, tree, rng),
            34..=35 => self.lock(session, tree, rng),
            36..=50 => {
                let answer = session.put(tree, &shape.key(rng), &shape.value(rng))?;
                self.note(answer)
            }
            51..=62 => {
                let answer = session.delete(tree, &shape.key(rng))?;
                self.note(answer)
            }
            63..=71 => {
                // Short scans too: of those the last key is most of what was read.
                let entries_max = match rng.random_bool(0.3) {
                    true => rng.random_range(1..4),
                    false => rng.random_range(1..300),
                };
                let sizes = (rng.random_range(1..40), entries_max);
                let answer = session.scan(tree, &shape.range(rng), direction(rng), sizes)?;
                // What is kept of whole trees is kept from one such scan to the next.
                if entries_max % 3 == 0 && matches!(answer, Answer::Same(_)) {
                    let all = (1, usize::MAX);
                    let answer = session.scan(tree, &KeyRange::ALL, ScanDirection::Forward, all)?;
                    return self.note(answer);
                }
                self.note(answer)
            }
            72..=76 => {
                let savepoint = (session.subject.savepoint(), session.model.savepoint());
                session.savepoints.push(savepoint);
                session.course.note(|| "savepoint".to_owned());
                Ok(None)
            }
            77..=80 => self.rollback_to(session, rng),
            81..=83 => self.burst_of_rows(session, tree, rng),
            84..=87 => self.burst_of_puts(session, tree, rng),
            88..=91 => self.burst_of_deletes(session, tree, rng),
            92..=93 => {
                session.subject.refresh_snapshot();
                session.model.refresh_snapshot();
                session.course.note(|| "a new snapshot".to_owned());
                Ok(None)
            }
            94..=97 => self.lock(session, tree, rng),
            _ => self.change_schema(session, tree, rng),
        }
    }

    /// A tree that the transaction sees; mostly not the root.
    fn pick_tree(&mut self, session: &Session, rng: &mut ChaCha8Rng) -> Option<TreePair> {
        (0..4).find_map(|_| {
            let tree = self.known.trees[rng.random_range(0..self.known.trees.len())];
            session.sees(tree).then_some(tree)
        })
    }

    pub(super) fn note<T>(&mut self, answer: Answer<T>) -> Went {
        Ok(match answer {
            Answer::Same(_) => None,
            Answer::Refused(_) => {
                self.known.counts.refused += 1;
                None
            }
            Answer::Fault(error) => Some(error),
        })
    }

    fn rollback_to(&mut self, session: &mut Session, rng: &mut ChaCha8Rng) -> Went {
        if session.savepoints.is_empty() {
            return Ok(None);
        }
        let at = rng.random_range(0..session.savepoints.len());
        session.savepoints.truncate(at + 1);
        let answer = session.rollback_to(session.savepoints[at])?;
        self.note(answer)
    }

    fn change_schema(
        &mut self,
        session: &mut Session,
        tree: TreePair,
        rng: &mut ChaCha8Rng,
    ) -> Went {
        if session.read_only
            || session.saw_fault
            || !(self.shape.schema_changes || self.known.trees.len() == 1)
        {
            return Ok(None);
        }
        if !session.schema_marked {
            let answer = session.mark_schema_changed()?;
            if !matches!(answer, Answer::Same(())) {
                return self.note(answer);
            }
        }
        if tree != self.known.trees[0] && rng.random_bool(0.3) {
            let answer = session.drop_tree(tree)?;
            return self.note(answer);
        }
        self.forget_dead_trees();
        if self.known.trees.len() > self.shape.trees_max {
            return Ok(None);
        }
        match session.create_tree()? {
            Answer::Same(tree) => {
                self.known.trees.push(tree);
                self.row_ids.remove(&tree.subject.0);
                Ok(None)
            }
            other => self.note(other),
        }
    }

    /// Forgets trees that nobody sees.
    fn forget_dead_trees(&mut self) {
        if self.known.trees.len() <= self.shape.trees_max {
            return;
        }
        let fresh = self.known.model.begin_model(TxnOptions::default());
        let sessions: Vec<&Session> = self.sessions.iter().flatten().collect();
        self.known
            .trees
            .retain(|&tree| fresh.sees(tree.model) || sessions.iter().any(|s| s.sees(tree)));
    }

    fn commit(&mut self, slot: usize, mut session: Session) -> Went {
        if !session.read_only {
            let name = slot_key(slot);
            let number = session.number.to_be_bytes();
            match session.put(self.known.trees[0], &name, &number)? {
                Answer::Fault(error) => {
                    session.saw_fault = true;
                    self.sessions[slot] = Some(session);
                    return Ok(Some(error));
                }
                answer => drop(self.note(answer)),
            }
        }
        let Session {
            subject,
            model,
            number,
            saw_fault,
            ..
        } = session;
        let committed = self.phase.during(Phase::Commit, || subject.commit());
        let course = self.phase.course();
        course.note(|| format!("transaction {number}: commit: {}", show_result(&committed)));
        match committed {
            Ok(()) => {
                self.known.counts.committed += 1;
                model.commit().map_err(model_failed)?;
                Ok(None)
            }
            Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::Stopped) => {
                self.unknown = Some((slot, number, model));
                self.known.counts.commits_unknown += 1;
                Ok(Some(error))
            }
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let refused = saw_fault || !model.is_serializable();
                model.rollback().map_err(model_failed)?;
                self.known.counts.refused += 1;
                match refused && error.sqlstate() == "40001" {
                    true => Ok(None),
                    false => Err(Mismatch {
                        doing: format!("transaction {number}: commit"),
                        expected: "a commit".to_owned(),
                        found: format!("{error:?}"),
                    }),
                }
            }
            Err(error) => {
                model.rollback().map_err(model_failed)?;
                self.only_fault("commit", error)
            }
        }
    }

    fn rollback(&mut self, session: Session) -> Went {
        let course = self.phase.course();
        course.note(|| format!("transaction {}: rollback", session.number));
        session.model.rollback().map_err(model_failed)?;
        match session.subject.rollback() {
            Ok(()) => Ok(None),
            Err(error) => self.only_fault("rollback", error),
        }
    }

    /// Ends every session without a commit; gives the subject, which nobody uses now.
    pub fn rest(&mut self) -> Option<Arc<dyn StorageBackend>> {
        for session in &mut self.sessions {
            *session = None;
        }
        self.subject.clone()
    }

    /// Ends every session without a commit and lets go of the subject, which has crashed or is to be closed.
    pub fn let_go(&mut self) {
        self.rest();
        self.subject = None;
        self.row_ids.clear();
        if let Some((slot, number, txn)) = self.unknown.take() {
            let without = self.known.model.fork();
            // What the model refuses, the subject's disk failed before the subject could: it is not there.
            if txn.commit().is_ok() {
                self.known.undecided = Some((slot, number, without));
            }
        }
    }

    /// What a recovery decides, and what is counted: while the subject is gone.
    pub fn known(&self) -> Known {
        self.known.clone()
    }

    /// Knows that, and no more.
    pub fn know(&mut self, known: Known) {
        self.known = known;
    }

    /// Ends every session and closes the subject with a last checkpoint.
    ///
    /// # Errors
    /// The checkpoint's; the subject is let go all the same.
    pub fn close(&mut self) -> Result<(), Error> {
        self.rest();
        let closed = self.subject().checkpoint();
        self.let_go();
        closed
    }

    /// Takes the subject as recovery left it, learns what became of commits of unknown fate, and compares all.
    ///
    /// # Errors
    /// When the sides differ, or the subject cannot be read (`Err` within `Ok` when its disk failed).
    pub fn reopened(
        &mut self,
        subject: Arc<dyn StorageBackend>,
    ) -> Result<Result<(), Error>, Mismatch> {
        self.subject = Some(subject);
        let root = self.known.trees[0];
        if let Some((slot, number, without)) = &self.known.undecided {
            let found = self
                .subject()
                .begin(TxnOptions::default())
                .and_then(|txn| txn.get(root.subject, &slot_key(*slot)));
            match found {
                Ok(found) if found.as_deref() == Some(&number.to_be_bytes()) => {
                    self.known.counts.commits_unknown_found += 1;
                }
                Ok(_) => self.known.model = without.clone(),
                Err(error) => {
                    return self.only_fault("get", error).map(|e| e.map_or(Ok(()), Err));
                }
            }
            self.known.undecided = None;
        }
        let fresh = self.known.model.begin_model(TxnOptions::default());
        self.known.trees.retain(|&tree| fresh.sees(tree.model));
        self.compare_all()
    }

    /// Compares everything that is committed, and lets the subject check itself.
    ///
    /// # Errors
    /// When the sides differ or the check finds a problem (`Err` within `Ok` when the subject's disk failed).
    pub fn compare_all(&mut self) -> Result<Result<(), Error>, Mismatch> {
        if let Err(error) = self.read_all()? {
            return Ok(Err(error));
        }
        match self.subject().check() {
            Ok(report) => {
                self.known.counts.pages_checked += report.pages_checked;
                let problems = [report.problems, report.left].concat();
                let problems = Ok(problems.join("; ").into_bytes());
                compare(|| "check()".to_owned(), &Ok(Vec::new()), &problems).map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Compares everything that is committed.
    ///
    /// # Errors
    /// When the sides differ (`Err` within `Ok` when the subject's disk failed).
    pub fn read_all(&mut self) -> Result<Result<(), Error>, Mismatch> {
        let options = TxnOptions {
            read_only: true,
            ..TxnOptions::default()
        };
        let subject = match self.subject().begin(options) {
            Ok(subject) => subject,
            Err(error) => return Ok(Err(error)),
        };
        let session = Session {
            subject,
            model: self.known.model.begin_model(options),
            number: 0,
            savepoints: Vec::new(),
            schema_marked: false,
            read_only: true,
            saw_fault: false,
            course: CourseCell::default(),
        };
        let all = KeyRange::ALL;
        for &tree in &self.known.trees.clone() {
            if !session.sees(tree) {
                continue;
            }
            match session.scan(tree, &all, ScanDirection::Forward, (100, usize::MAX))? {
                Answer::Same(entries) => self.known.counts.entries_compared += entries.len() as u64,
                Answer::Refused(_) => {}
                Answer::Fault(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }
}

/// What the keys of all slots begin with.
pub(super) const SLOT: &[u8] = b"slot-";

fn slot_key(slot: usize) -> Vec<u8> {
    [SLOT, slot.to_string().as_bytes()].concat()
}

/// The model has no disk that could fail: an error of it is a defect of this package.
fn model_failed(error: Error) -> Mismatch {
    Mismatch {
        doing: "an operation on the model alone".to_owned(),
        expected: "done".to_owned(),
        found: format!("{error:?}"),
    }
}
