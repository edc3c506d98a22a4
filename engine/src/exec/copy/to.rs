//! `COPY TO`.

use super::io::CopyIo;
use super::output::Output;
use super::write::{push_header, push_line};
use crate::error::Result;
use crate::exec::build::build;
use crate::exec::operator::Context;
use crate::plan::PlanNode;
use crate::sql::bound::CopyForm;
use crate::types::{SqlType, Value, Zone, pad_char};

/// Writes the rows of `root`; gives how many. Errors: those of the query, and of writing.
pub(crate) fn copy_to(
    context: Context<'_>,
    root: &PlanNode,
    form: &CopyForm,
    io: CopyIo<'_>,
) -> Result<u64> {
    let mut rows = build(context, root)?;
    let mut output = Output::open(io, form.file.as_deref())?;
    push_header(form, &mut output.buffer);
    let mut count = 0;
    while let Some(batch) = rows.next()? {
        for row in 0..batch.rows {
            let values = batch.row(row, &root.types).into_iter();
            let texts = values
                .zip(&root.types)
                .map(|(value, t)| text(value, *t, context.clock.zone));
            push_line(&texts.collect::<Vec<_>>(), form, &mut output.buffer);
            output.flush_full()?;
        }
        count += batch.rows as u64;
    }
    output.finish()?;
    Ok(count)
}

/// A value as a result shows it to a session in `zone`.
fn text(value: Value, sql_type: SqlType, zone: Zone) -> Option<String> {
    let mut text = value.to_text_in(zone)?;
    if let SqlType::Char(Some(length)) = sql_type {
        pad_char(&mut text, length as usize);
    }
    Some(text)
}
