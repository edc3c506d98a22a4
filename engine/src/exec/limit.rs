//! `Limit`, and the sources without a table.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::Batch;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::planted::{Mistake, makes};
use crate::sql::bound::Expr;
use crate::types::{SqlType, Value};

/// LIMIT and OFFSET evaluated: rows to skip, rows to give.
pub(crate) fn limits(
    context: &Context<'_>,
    limit: Option<&Expr>,
    offset: Option<&Expr>,
) -> Result<(usize, usize)> {
    let number = |expr: Option<&Expr>, otherwise: usize, state, name: &str| match expr {
        None => Ok(otherwise),
        Some(expr) => match context.constant(expr)? {
            Value::Null => Ok(otherwise),
            Value::Int8(n) => usize::try_from(n).map_err(|_| {
                Error::new(
                    ErrorKind::Data,
                    state,
                    format!("{name} must not be negative"),
                )
            }),
            other => Err(Error::misuse(format!("{name} is {other}, not a BIGINT"))),
        },
    };
    Ok((
        match makes(Mistake::LimitForgetsOffset) {
            true => 0,
            false => number(offset, 0, "2201X", "OFFSET")?,
        },
        number(limit, usize::MAX, "2201W", "LIMIT")?,
    ))
}

/// Skips rows, then gives only so many.
pub(crate) struct Limit<'a> {
    pub(crate) input: BoxOperator<'a>,
    pub(crate) skip: usize,
    pub(crate) left: usize,
}

impl Operator for Limit<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while self.left > 0 {
            let Some(batch) = self.input.next()? else {
                return Ok(None);
            };
            if self.skip >= batch.rows {
                self.skip -= batch.rows;
                continue;
            }
            let length = (batch.rows - self.skip).min(self.left);
            let batch = batch.slice(self.skip, length);
            self.skip = 0;
            self.left -= length;
            return Ok(Some(batch));
        }
        Ok(None)
    }
}

/// One row of no columns.
#[derive(Debug)]
pub(crate) struct OneRow {
    pub(crate) done: bool,
}

impl Operator for OneRow {
    fn next(&mut self) -> Result<Option<Batch>> {
        let first = !std::mem::replace(&mut self.done, true);
        Ok(first.then(|| Batch::new(Vec::new(), 1)))
    }
}

/// No rows.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Operator for Nothing {
    fn next(&mut self) -> Result<Option<Batch>> {
        Ok(None)
    }
}

/// Rows of constants.
pub(crate) struct Values<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) rows: &'a [Vec<Expr>],
    pub(crate) types: &'a [SqlType],
}

impl Operator for Values<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let (now, rest) = self
            .rows
            .split_at(self.rows.len().min(self.context.batch_rows));
        self.rows = rest;
        let rows: Vec<Vec<Value>> = now
            .iter()
            .map(|row| row.iter().map(|e| self.context.constant(e)).collect())
            .collect::<Result<_>>()?;
        Ok(Some(Batch::from_rows(
            self.types,
            rows.iter().map(Vec::as_slice),
        )?))
    }
}
