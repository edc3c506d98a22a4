//! `Filter` and `Project`.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::eval::never_fails;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::sql::bound::Expr;
use arrow_array::builder::BooleanBufferBuilder;
use arrow_array::{Array, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_select::filter::prep_null_mask_filter;
use std::borrow::Cow;

/// The rows of `batch` for which all `predicates` are true.
pub(crate) fn apply(context: &Context<'_>, predicates: &[Expr], batch: Batch) -> Result<Batch> {
    match predicates.is_empty() || batch.rows == 0 {
        true => Ok(batch),
        false => batch.filter(&kept(context, predicates, &batch)?),
    }
}

/// For which rows of `batch` all `predicates` are true; never NULL. Each is tried only on the rows that the ones before it
/// let through, unless it cannot fail and is no dearer than to select these.
pub(crate) fn kept(
    context: &Context<'_>,
    predicates: &[Expr],
    batch: &Batch,
) -> Result<BooleanArray> {
    let mut steps = predicates.chunk_by(|_, next| never_fails(next));
    let Some(first) = steps.next() else {
        return Ok(BooleanArray::new(BooleanBuffer::new_set(batch.rows), None));
    };
    let mut kept = without_nulls(context.predicates(first, batch)?);
    let mut left = Cow::Borrowed(batch);
    let mut last = kept.clone();
    for step in steps {
        left = Cow::Owned(left.filter(&last)?);
        if left.rows == 0 {
            break;
        }
        last = without_nulls(context.predicates(step, &left)?);
        kept = among(&kept, &last);
    }
    Ok(kept)
}

fn without_nulls(keep: BooleanArray) -> BooleanArray {
    match keep.null_count() {
        0 => BooleanArray::new(keep.values().clone(), None),
        _ => prep_null_mask_filter(&keep),
    }
}

/// Of the rows that are `kept` those that `last` keeps, which has one value for each of these.
fn among(kept: &BooleanArray, last: &BooleanArray) -> BooleanArray {
    let mut both = BooleanBufferBuilder::new(kept.len());
    both.append_n(kept.len(), false);
    let rows = kept.values().set_indices();
    for (row, is_kept) in rows.zip(last.values()) {
        both.set_bit(row, is_kept);
    }
    BooleanArray::new(both.finish(), None)
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
