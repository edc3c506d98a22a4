//! `Distinct`: each different row once, where it comes first.
//!
//! ```text
//!   row ─▶ key bytes ─▶ new: it is given      known: it is not      no room for it: it is for a partition
//! ```

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::KeyEncoder;
use crate::exec::operator::Context;
use crate::exec::spill::{Hashing, KeyTable, Partitions, Pass};
use crate::types::SqlType;
use arrow_array::BooleanArray;
use std::rc::Rc;

/// Leaves out rows that are there already.
pub(crate) struct Distinct<'a> {
    context: Context<'a>,
    types: &'a [SqlType],
    encoder: Rc<KeyEncoder>,
}

/// The rows of one pass.
pub(crate) struct Seen<'a> {
    encoder: Rc<KeyEncoder>,
    width: usize,
    table: KeyTable<'a>,
}

impl<'a> Distinct<'a> {
    /// Over rows of `types`.
    pub(crate) fn new(context: Context<'a>, types: &'a [SqlType]) -> Result<Self> {
        Ok(Self {
            context,
            types,
            encoder: Rc::new(KeyEncoder::new(types)?),
        })
    }
}

impl<'a> Hashing<'a> for Distinct<'a> {
    type Pass = Seen<'a>;

    fn row_types(&self) -> Vec<SqlType> {
        self.types.to_vec()
    }

    fn result_types(&self) -> Vec<SqlType> {
        self.types.to_vec()
    }

    fn rows(&mut self, input: Batch) -> Result<Batch> {
        Ok(input)
    }

    fn begin(&self, depth: u32) -> Result<Seen<'a>> {
        Ok(Seen {
            encoder: self.encoder.clone(),
            width: self.types.len(),
            table: KeyTable::new(&self.context, "DISTINCT", depth),
        })
    }
}

impl<'a> Pass<'a> for Seen<'a> {
    fn push(&mut self, rows: &Batch, partitions: &mut Partitions<'a>) -> Result<Option<Batch>> {
        let columns = &rows.columns[..self.width];
        let keys = self.encoder.encode(columns, rows.rows)?;
        let mut keep = Vec::with_capacity(rows.rows);
        let mut others = Vec::new();
        for row in 0..rows.rows {
            let next = self.table.count();
            let number = self.table.number(keys.key(row))?;
            if number.is_none() {
                others.push(row as u32);
            }
            keep.push(number.is_some_and(|n| n as usize == next));
        }
        partitions.push(rows, &keys, &others)?;
        let new = rows.filter(&BooleanArray::from(keep))?;
        Ok((new.rows > 0).then_some(new))
    }

    fn finish(&mut self) -> Result<Option<Batch>> {
        Ok(None)
    }
}
