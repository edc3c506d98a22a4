//! `bool_and` and `bool_or`.

use super::accumulator::{State, argument, copy, grow};
use crate::Result;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray};
use std::sync::Arc;

/// The conjunction or disjunction of each group.
pub(super) struct BoolState {
    conjunctive: bool,
    states: Vec<Option<bool>>,
}

impl BoolState {
    pub(super) fn new(conjunctive: bool) -> Self {
        Self {
            conjunctive,
            states: Vec::new(),
        }
    }
}

impl State for BoolState {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        grow(&mut self.states, groups, None);
        for (row, value) in argument(arguments, 0)?.as_boolean().iter().enumerate() {
            let Some(value) = value else { continue };
            let group = if groups == 1 {
                0
            } else {
                indices[row] as usize
            };
            // Once it has the value that decides, it keeps it.
            if self.states[group] != Some(!self.conjunctive) {
                self.states[group] = Some(value);
            }
        }
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let mut states = std::mem::take(&mut self.states);
        states.resize(groups, None);
        Ok(Arc::new(BooleanArray::from(states)))
    }

    fn fork(&mut self, from: usize, to: usize) {
        copy(&mut self.states, from, to, None);
    }

    fn size_bytes(&self) -> usize {
        self.states.capacity()
    }
}
