//! `Filter` and `Project`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::never_fails;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::sql::bound::Expr;

/// The rows of `batch` for which all `predicates` are true. Each is tried only on the rows that the ones before it let
/// through, unless it cannot fail and is no dearer than to select these.
pub(crate) fn apply(context: &Context<'_>, predicates: &[Expr], mut batch: Batch) -> Result<Batch> {
    for together in predicates.chunk_by(|_, next| never_fails(next)) {
        if batch.rows == 0 {
            break;
        }
        let keep = context.predicates(together, &batch)?;
        batch = batch.filter(&keep)?;
    }
    Ok(batch)
}

/// Rows for which the predicates hold.
pub(crate) struct Filter<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) input: BoxOperator<'a>,
    pub(crate) predicates: &'a [Expr],
}

impl Operator for Filter<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        while let Some(batch) = self.input.next()? {
            let batch = apply(&self.context, self.predicates, batch)?;
            if batch.rows > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }
}

/// Computed columns.
pub(crate) struct Project<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) input: BoxOperator<'a>,
    pub(crate) expressions: &'a [Expr],
}

impl Operator for Project<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        let Some(batch) = self.input.next()? else {
            return Ok(None);
        };
        let columns = self
            .expressions
            .iter()
            .map(|e| self.context.evaluate(e, &batch))
            .collect::<Result<_>>()?;
        Ok(Some(Batch::new(columns, batch.rows)))
    }
}
