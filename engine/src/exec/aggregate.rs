//! `HashAggregate`: a group for each different key, a state of each aggregate for each group.
//!
//! ```text
//!   key bytes ─▶ group number      keys: for each group its key columns, as they first came
//! ```
//!
//! Groups come out in the order in which their first rows came. Without keys there is one group, even without rows.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::eval::aggregate::{Accumulator, accumulator};
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, Pieces};
use crate::sql::bound::{AggregateCall, Expr};
use crate::types::SqlType;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, UInt32Array};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;

/// Groups and aggregates its input.
pub(crate) struct Aggregation<'a> {
    context: Context<'a>,
    input: BoxOperator<'a>,
    keys: &'a [Expr],
    calls: &'a [AggregateCall],
    reservation: Reservation<'a>,
    output: Option<Pieces>,
}

/// The groups found so far.
struct Groups {
    encoder: KeyEncoder,
    types: Vec<SqlType>,
    numbers: HashMap<Vec<u8>, u32, FixedState>,
    /// Key columns of the groups, in order of their numbers.
    keys: Vec<Batch>,
    bytes: usize,
}

impl<'a> Aggregation<'a> {
    /// Over the rows of `input`.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        keys: &'a [Expr],
        calls: &'a [AggregateCall],
    ) -> Self {
        Self {
            reservation: context.memory.reservation("HashAggregate"),
            context,
            input,
            keys,
            calls,
            output: None,
        }
    }

    fn run(&mut self) -> Result<Batch> {
        let mut groups = Groups::new(self.keys)?;
        let mut states: Vec<Box<dyn Accumulator>> =
            self.calls.iter().map(accumulator).collect::<Result<_>>()?;
        while let Some(batch) = self.input.next()? {
            let keys = self.evaluate_all(self.keys, &batch)?;
            let numbers = groups.numbers(keys, batch.rows)?;
            for (call, state) in self.calls.iter().zip(&mut states) {
                let arguments = self.evaluate_all(&call.arguments, &batch)?;
                let filter = match &call.filter {
                    Some(filter) => Some(self.context.evaluate(filter, &batch)?),
                    None => None,
                };
                let filter = filter.as_ref().map(|f| f.as_boolean());
                state.update(&numbers, groups.count(), &arguments, filter)?;
            }
            let held: usize = states.iter().map(|s| s.size_bytes()).sum();
            self.reservation.resize(held + groups.bytes)?;
        }
        let count = groups.count();
        let mut output = groups.finish()?;
        for state in &mut states {
            output.columns.push(state.finish(count)?);
        }
        Ok(Batch::new(output.columns, count))
    }

    fn evaluate_all(&self, exprs: &[Expr], batch: &Batch) -> Result<Vec<ArrayRef>> {
        exprs
            .iter()
            .map(|e| self.context.evaluate(e, batch))
            .collect()
    }
}

impl Groups {
    fn new(keys: &[Expr]) -> Result<Self> {
        let types: Vec<SqlType> = keys.iter().map(|e| e.sql_type).collect();
        Ok(Self {
            encoder: KeyEncoder::new(&types)?,
            types,
            numbers: HashMap::default(),
            keys: Vec::new(),
            bytes: 0,
        })
    }

    fn count(&self) -> usize {
        if self.types.is_empty() {
            1
        } else {
            self.numbers.len()
        }
    }

    /// The group of each of `rows` rows, whose key columns are `columns`.
    fn numbers(&mut self, columns: Vec<ArrayRef>, rows: usize) -> Result<Vec<u32>> {
        if self.types.is_empty() {
            return Ok(vec![0; rows]);
        }
        let keys = self.encoder.encode(&columns, rows)?;
        let mut numbers = Vec::with_capacity(rows);
        let mut first_rows: Vec<u32> = Vec::new();
        for row in 0..rows {
            let next = self.numbers.len() as u32;
            let key = keys.key(row);
            match self.numbers.entry_ref(key) {
                EntryRef::Occupied(entry) => numbers.push(*entry.get()),
                EntryRef::Vacant(entry) => {
                    entry.insert(next);
                    numbers.push(next);
                    first_rows.push(row as u32);
                    self.bytes += key.len() + 40;
                }
            }
        }
        if self.numbers.len() >= u32::MAX as usize {
            return Err(Error::new(
                ErrorKind::Limit,
                "54000",
                "an aggregation has more than 4294967294 groups",
            ));
        }
        if !first_rows.is_empty() {
            let new = Batch::new(columns, rows).take(&UInt32Array::from(first_rows))?;
            self.bytes += new.size_bytes();
            self.keys.push(new);
        }
        Ok(numbers)
    }

    /// The key columns, a row for each group.
    fn finish(self) -> Result<Batch> {
        Batch::concat(&self.keys, &self.types)
    }
}

impl Operator for Aggregation<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.output.is_none() {
            self.output = Some(Pieces::new(self.run()?));
        }
        Ok(self.output.as_mut().and_then(Pieces::next))
    }
}
