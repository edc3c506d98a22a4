//! What grouping sets add to an aggregation: below it each row once for each set, above it the groups of no rows.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::limit::Values;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::sql::bound::Expr;
use crate::types::array::null_array;
use arrow_array::{ArrayRef, Int32Array};
use std::sync::Arc;

/// Each row once for each set.
pub(crate) struct Expand<'a> {
    context: Context<'a>,
    input: BoxOperator<'a>,
    keys: &'a [Expr],
    sets: &'a [Vec<usize>],
    /// A batch with its keys, and the next set.
    current: Option<(Batch, Vec<ArrayRef>, usize)>,
}

impl<'a> Expand<'a> {
    /// The rows of `input` for each of `sets`, which are positions of `keys`.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        keys: &'a [Expr],
        sets: &'a [Vec<usize>],
    ) -> Self {
        Self {
            context,
            input,
            keys,
            sets,
            current: None,
        }
    }
}

impl Operator for Expand<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let Some((batch, keys, number)) = self.current.take() else {
                let Some(batch) = self.input.next()? else {
                    return Ok(None);
                };
                let keys = self.keys.iter();
                let keys = keys.map(|e| self.context.evaluate(e, &batch));
                let keys = keys.collect::<Result<_>>()?;
                self.current = Some((batch, keys, 0));
                continue;
            };
            let Some(set) = self.sets.get(number) else {
                continue;
            };
            let rows = batch.rows;
            let mut columns = batch.columns.clone();
            for (i, key) in keys.iter().enumerate() {
                columns.push(match set.contains(&i) {
                    true => key.clone(),
                    false => null_array(self.keys[i].sql_type, rows),
                });
            }
            columns.push(Arc::new(Int32Array::from(vec![number as i32; rows])));
            self.current = Some((batch, keys, number + 1));
            return Ok(Some(Batch::new(columns, rows)));
        }
    }
}

/// The rows of an input, or others when it has none.
pub(crate) struct IfEmpty<'a> {
    pub(crate) input: BoxOperator<'a>,
    /// Until there was a row.
    pub(crate) otherwise: Option<Values<'a>>,
}

impl Operator for IfEmpty<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if let Some(batch) = self.input.next()? {
            self.otherwise = None;
            return Ok(Some(batch));
        }
        match &mut self.otherwise {
            Some(values) => values.next(),
            None => Ok(None),
        }
    }
}
