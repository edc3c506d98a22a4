//! What the operators of a statement were seen to do, for `EXPLAIN ANALYZE`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::operator::{BoxOperator, Operator};
use crate::plan::{Actual, PlanNode};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Counts, by the places of the nodes in memory, which stay while a plan runs.
#[derive(Debug, Default)]
pub(crate) struct Profile(RefCell<BTreeMap<usize, Actual>>);

impl Profile {
    fn count(&self, node: usize, count: impl Fn(&mut Actual)) {
        count(self.0.borrow_mut().entry(node).or_default());
    }

    /// What the operator of `node` was seen to do.
    pub(crate) fn of(&self, node: &PlanNode) -> Actual {
        let seen = self.0.borrow().get(&place(node)).copied();
        seen.unwrap_or_default()
    }

    /// `operator` of `node`, seen by this profile.
    pub(crate) fn watch<'a>(
        &'a self,
        node: &PlanNode,
        operator: BoxOperator<'a>,
    ) -> BoxOperator<'a> {
        let node = place(node);
        self.count(node, |actual| actual.loops += 1);
        Box::new(Watched {
            operator,
            node,
            profile: self,
        })
    }
}

fn place(node: &PlanNode) -> usize {
    std::ptr::from_ref(node).addr()
}

struct Watched<'a> {
    operator: BoxOperator<'a>,
    node: usize,
    profile: &'a Profile,
}

impl Operator for Watched<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let batch = self.operator.next()?;
        if let Some(batch) = &batch {
            let rows = batch.rows as u64;
            self.profile.count(self.node, |actual| actual.rows += rows);
        }
        Ok(batch)
    }
}
