//! `ProjectSet`: for each row the rows of functions of it, side by side.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::function_rows::FunctionRows;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::sql::bound::SetRowsCall;
use crate::types::array::{ColumnBuilder, value_at};
use crate::types::{SqlType, Value};
use arrow_array::UInt32Array;

/// Gives each row of its input as often as the longest of the functions has rows for it.
pub(crate) struct ProjectSet<'a> {
    context: Context<'a>,
    input: BoxOperator<'a>,
    input_types: &'a [SqlType],
    calls: &'a [SetRowsCall],
    current: Option<Current>,
}

/// A batch of the input on its way.
struct Current {
    rows: Batch,
    row: usize,
    /// The functions of that row; none before they have begun.
    running: Vec<FunctionRows>,
}

impl<'a> ProjectSet<'a> {
    /// The rows of `calls` for each row of `input`, whose columns have these types.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        input_types: &'a [SqlType],
        calls: &'a [SetRowsCall],
    ) -> Self {
        Self {
            context,
            input,
            input_types,
            calls,
            current: None,
        }
    }

    fn start(&self, rows: &Batch, row: usize) -> Result<Vec<FunctionRows>> {
        let begin = |call: &SetRowsCall| {
            let arguments = call.arguments.iter();
            let arguments =
                arguments.map(|c| value_at(&rows.columns[*c], row, self.input_types[*c]));
            let zone = self.context.clock.zone;
            FunctionRows::new(call.function, arguments.collect(), &[call.sql_type], zone)
        };
        self.calls.iter().map(begin).collect()
    }

    /// About a batch of rows.
    fn step(&self, current: &mut Current) -> Result<Batch> {
        let mut taken: Vec<u32> = Vec::new();
        let rows_max = self.context.batch_rows;
        let mut results: Vec<ColumnBuilder> = self
            .calls
            .iter()
            .map(|call| ColumnBuilder::new(call.sql_type, rows_max))
            .collect();
        while current.row < current.rows.rows && taken.len() < rows_max {
            if current.running.is_empty() {
                current.running = self.start(&current.rows, current.row)?;
            }
            let next = current.running.iter_mut().map(FunctionRows::next);
            let next: Vec<Option<Vec<Value>>> = next.collect::<Result<_>>()?;
            if next.iter().all(Option::is_none) {
                current.running.clear();
                current.row += 1;
                continue;
            }
            taken.push(current.row as u32);
            for (result, row) in results.iter_mut().zip(next) {
                let value = row.and_then(|values| values.into_iter().next());
                result.push(&value.unwrap_or(Value::Null))?;
            }
        }
        let rows = taken.len();
        let results = results.iter_mut().map(ColumnBuilder::finish).collect();
        let below = current.rows.take(&UInt32Array::from(taken))?;
        Ok(below.beside(Batch::new(results, rows)))
    }
}

impl Operator for ProjectSet<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            self.context.interrupt.check()?;
            let mut current = match self.current.take() {
                Some(current) => current,
                None => match self.input.next()? {
                    Some(rows) => Current {
                        rows,
                        row: 0,
                        running: Vec::new(),
                    },
                    None => return Ok(None),
                },
            };
            let batch = self.step(&mut current)?;
            if current.row < current.rows.rows {
                self.current = Some(current);
            }
            if batch.rows > 0 {
                return Ok(Some(batch));
            }
        }
    }
}
