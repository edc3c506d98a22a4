//! Functions in FROM.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::function_rows::FunctionRows;
use crate::exec::operator::{Context, Operator};
use crate::sql::bound::Function;
use crate::types::Value;

/// The rows of a function.
pub(crate) struct FunctionScan<'a> {
    context: Context<'a>,
    function: &'a Function,
    rows: Option<FunctionRows>,
    /// Rows given so far.
    given: i64,
}

impl<'a> FunctionScan<'a> {
    /// The rows of `function`.
    pub(crate) fn new(context: Context<'a>, function: &'a Function) -> Self {
        Self {
            context,
            function,
            rows: None,
            given: 0,
        }
    }

    fn start(&self) -> Result<FunctionRows> {
        let values = self.function.arguments.iter();
        let values: Vec<Value> = values
            .map(|e| self.context.constant(e))
            .collect::<Result<_>>()?;
        let zone = self.context.clock.zone;
        FunctionRows::new(self.function.function, values, &self.function.types, zone)
    }
}

impl Operator for FunctionScan<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        self.context.interrupt.check()?;
        let mut source = match self.rows.take() {
            Some(rows) => rows,
            None => self.start()?,
        };
        let mut rows: Vec<Vec<Value>> = Vec::new();
        while rows.len() < self.context.batch_rows {
            let Some(mut row) = source.next()? else {
                break;
            };
            self.given += 1;
            if self.function.ordinality {
                row.push(Value::Int8(self.given));
            }
            rows.push(row);
        }
        self.rows = Some(source);
        if rows.is_empty() {
            return Ok(None);
        }
        let rows = rows.iter().map(Vec::as_slice);
        Ok(Some(Batch::from_rows(&self.function.types, rows)?))
    }
}
