//! One transaction on both sides.

use super::compare::{
    Entries, Mismatch, Show, compare, compare_entries, is_fault, scan, show_bytes, show_result,
};
use crate::course::CourseCell;
use crate::model::ModelTxn;
use quantadb::storage::{KeyRange, LockMode, ScanDirection, StorageTxn, TreeId};
use quantadb::{Error, Result};
use std::fmt;

/// One tree: its number on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TreePair {
    pub(super) subject: TreeId,
    pub(super) model: TreeId,
}

impl fmt::Display for TreePair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tree {}", self.subject.0)
    }
}

/// How an operation went.
pub(super) enum Answer<T> {
    /// Both gave the same.
    Same(T),
    /// Both refused, with the same SQLSTATE.
    Refused(&'static str),
    /// The subject's disk failed; nothing has happened.
    Fault(Error),
}

/// Performs on the subject, then on the model unless the disk failed, and compares.
pub(super) fn both<T: Show + PartialEq>(
    course: &CourseCell,
    doing: impl Fn() -> String,
    subject: impl FnOnce() -> Result<T>,
    model: impl FnOnce() -> Result<T>,
) -> Result<Answer<T>, Mismatch> {
    let found = subject();
    course.note(|| format!("{}: {}", doing(), show_result(&found)));
    let found = match found {
        Err(error) if is_fault(&error) => return Ok(Answer::Fault(error)),
        found => found,
    };
    compare(doing, &model(), &found)?;
    Ok(match found {
        Ok(value) => Answer::Same(value),
        Err(error) => Answer::Refused(error.sqlstate()),
    })
}

/// A running transaction, on both sides.
pub(super) struct Session {
    pub(super) subject: Box<dyn StorageTxn>,
    pub(super) model: Box<ModelTxn>,
    /// Numbers the transaction in the slot of its session.
    pub(super) number: u64,
    pub(super) savepoints: Vec<(usize, usize)>,
    pub(super) schema_marked: bool,
    pub(super) read_only: bool,
    /// An operation met a failing disk: the subject may count as read what the model never read.
    pub(super) saw_fault: bool,
    /// Where it is taken down what it does.
    pub(super) course: CourseCell,
}

impl Session {
    /// Whether the transaction sees `tree`.
    pub(super) fn sees(&self, tree: TreePair) -> bool {
        self.model.sees(tree.model)
    }

    pub(super) fn get(
        &self,
        tree: TreePair,
        key: &[u8],
    ) -> Result<Answer<Option<Vec<u8>>>, Mismatch> {
        both(
            &self.course,
            || doing(self.number, "get", tree, key),
            || self.subject.get(tree.subject, key),
            || self.model.get(tree.model, key),
        )
    }

    pub(super) fn insert(
        &mut self,
        tree: TreePair,
        key: &[u8],
        value: &[u8],
    ) -> Result<Answer<bool>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || doing(number, "insert", tree, key),
            || self.subject.insert(tree.subject, key, value),
            || self.model.insert(tree.model, key, value),
        )
    }

    pub(super) fn put(
        &mut self,
        tree: TreePair,
        key: &[u8],
        value: &[u8],
    ) -> Result<Answer<()>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || doing(number, "put", tree, key),
            || self.subject.put(tree.subject, key, value),
            || self.model.put(tree.model, key, value),
        )
    }

    pub(super) fn delete(&mut self, tree: TreePair, key: &[u8]) -> Result<Answer<bool>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || doing(number, "delete", tree, key),
            || self.subject.delete(tree.subject, key),
            || self.model.delete(tree.model, key),
        )
    }

    /// Locks on both sides, waiting for nobody.
    pub(super) fn lock(
        &mut self,
        tree: TreePair,
        key: &[u8],
        mode: LockMode,
        waits: bool,
    ) -> Result<Answer<bool>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || doing(number, "lock", tree, key),
            || self.subject.lock(tree.subject, key, mode, waits),
            || self.model.lock(tree.model, key, mode, waits),
        )
    }

    /// Makes the commit depend on a range, on both sides.
    pub(super) fn depend_on(&mut self, tree: TreePair, range: &KeyRange) {
        self.subject.depend_on(tree.subject, range);
        self.model.depend_on(tree.model, range);
    }

    /// Scans on both sides; `sizes` is entries a batch and entries in all.
    pub(super) fn scan(
        &self,
        tree: TreePair,
        range: &KeyRange,
        direction: ScanDirection,
        sizes: (usize, usize),
    ) -> Result<Answer<Entries>, Mismatch> {
        let read = |txn: &dyn StorageTxn, tree| scan(txn, tree, range, direction, sizes.0, sizes.1);
        let found = match read(&*self.subject, tree.subject) {
            Err(error) if is_fault(&error) => return Ok(Answer::Fault(error)),
            found => found,
        };
        let expected = read(&*self.model, tree.model);
        let doing = || {
            format!(
                "transaction {}: scan of {tree} {direction:?} over {range:?}",
                self.number
            )
        };
        self.course
            .note(|| format!("{}: {}", doing(), show_result(&found)));
        match (&expected, found) {
            (Ok(expected), Ok(found)) => {
                compare_entries(doing, expected, &found)?;
                Ok(Answer::Same(found))
            }
            (_, found) => {
                compare(doing, &expected, &found)?;
                Ok(Answer::Refused(found.err().map_or("", |e| e.sqlstate())))
            }
        }
    }

    /// Announces a change of schema on both sides.
    pub(super) fn mark_schema_changed(&mut self) -> Result<Answer<()>, Mismatch> {
        let number = self.number;
        let answer = both(
            &self.course,
            || format!("transaction {number}: mark_schema_changed"),
            || self.subject.mark_schema_changed(),
            || self.model.mark_schema_changed(),
        )?;
        self.schema_marked |= matches!(answer, Answer::Same(()));
        Ok(answer)
    }

    /// Creates a tree on both sides.
    pub(super) fn create_tree(&mut self) -> Result<Answer<TreePair>, Mismatch> {
        let mut ids = (None, None);
        let number = self.number;
        let answer = both(
            &self.course,
            || format!("transaction {number}: create_tree"),
            || self.subject.create_tree().map(|id| ids.0 = Some(id)),
            || self.model.create_tree().map(|id| ids.1 = Some(id)),
        )?;
        Ok(match (answer, ids) {
            (Answer::Same(()), (Some(subject), Some(model))) => {
                Answer::Same(TreePair { subject, model })
            }
            (Answer::Refused(state), _) => Answer::Refused(state),
            (Answer::Fault(error), _) => Answer::Fault(error),
            (Answer::Same(()), _) => unreachable!("both sides gave a tree"),
        })
    }

    pub(super) fn drop_tree(&mut self, tree: TreePair) -> Result<Answer<()>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || doing(number, "drop_tree", tree, b""),
            || self.subject.drop_tree(tree.subject),
            || self.model.drop_tree(tree.model),
        )
    }

    pub(super) fn rollback_to(
        &mut self,
        savepoint: (usize, usize),
    ) -> Result<Answer<()>, Mismatch> {
        let number = self.number;
        both(
            &self.course,
            || format!("transaction {number}: rollback_to"),
            || self.subject.rollback_to(savepoint.0),
            || self.model.rollback_to(savepoint.1),
        )
    }
}

fn doing(number: u64, what: &str, tree: TreePair, key: &[u8]) -> String {
    format!(
        "transaction {number}: {what} in {tree} of key {}",
        show_bytes(key)
    )
}
