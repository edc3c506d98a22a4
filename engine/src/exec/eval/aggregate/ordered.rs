//! Aggregates with ORDER BY, and those with DISTINCT that PostgreSQL finds by sorting.

use super::accumulator::State;
use crate::Result;
use crate::exec::eval::operand::kernel_error;
use crate::sql::bound::AggregateOrder;
use crate::types::{SqlType, comparable};
use arrow_array::{ArrayRef, UInt32Array};
use arrow_row::{RowConverter, SortField};
use arrow_schema::SortOptions;

/// Keeps all rows, and gives them to another aggregate in order when they are complete.
pub(super) struct Ordered {
    state: Box<dyn State>,
    /// Types of the keys, which are the last arguments.
    types: Vec<SqlType>,
    order: Vec<AggregateOrder>,
    /// Groups and arguments of each batch.
    batches: Vec<(Vec<u32>, Vec<ArrayRef>)>,
    bytes: usize,
}

impl Ordered {
    /// `state` with its rows ordered by the last arguments, which are of `types`.
    pub(super) fn new(
        state: Box<dyn State>,
        types: Vec<SqlType>,
        order: Vec<AggregateOrder>,
    ) -> Self {
        Self {
            state,
            types,
            order,
            batches: Vec::new(),
            bytes: 0,
        }
    }

    /// The rows of all batches by group and keys.
    fn sorted(&self, groups: &[u32], columns: &[ArrayRef]) -> Result<UInt32Array> {
        let keys = &columns[columns.len() - self.types.len()..];
        let keys = keys.iter().zip(&self.types);
        let keys = keys.map(|(key, sql_type)| comparable(key, *sql_type));
        let keys: Vec<ArrayRef> = keys.collect::<Result<_>>()?;
        let fields = keys.iter().zip(&self.order).map(|(key, order)| {
            let options = SortOptions::new(order.descending, order.nulls_first);
            SortField::new_with_options(key.data_type().clone(), options)
        });
        let converter = RowConverter::new(fields.collect()).map_err(kernel_error)?;
        let rows = converter.convert_columns(&keys).map_err(kernel_error)?;
        let mut places: Vec<u32> = (0..groups.len() as u32).collect();
        // Rows that are equal stay in the order in which they came.
        places.sort_by(|a, b| {
            let (a, b) = (*a as usize, *b as usize);
            groups[a]
                .cmp(&groups[b])
                .then_with(|| rows.row(a).cmp(&rows.row(b)))
        });
        Ok(UInt32Array::from(places))
    }
}

impl State for Ordered {
    fn update(&mut self, indices: &[u32], groups: usize, arguments: &[ArrayRef]) -> Result<()> {
        let indices = match groups {
            1 => vec![0; indices.len()],
            _ => indices.to_vec(),
        };
        self.bytes += indices.len() * size_of::<u32>();
        let sizes = arguments.iter().map(|a| a.get_array_memory_size());
        self.bytes += sizes.sum::<usize>();
        self.batches.push((indices, arguments.to_vec()));
        Ok(())
    }

    fn finish(&mut self, groups: usize) -> Result<ArrayRef> {
        let (indices, batches): (Vec<Vec<u32>>, Vec<Vec<ArrayRef>>) =
            std::mem::take(&mut self.batches).into_iter().unzip();
        if let Some(first) = batches.first() {
            let columns = (0..first.len()).map(|column| {
                let parts: Vec<_> = batches.iter().map(|b| b[column].as_ref()).collect();
                arrow_select::concat::concat(&parts).map_err(kernel_error)
            });
            let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
            let indices = indices.concat();
            let places = self.sorted(&indices, &columns)?;
            let ordered: Vec<u32> = places
                .values()
                .iter()
                .map(|p| indices[*p as usize])
                .collect();
            let arguments = columns[..columns.len() - self.types.len()].iter();
            let arguments: Vec<ArrayRef> = arguments
                .map(|c| arrow_select::take::take(c, &places, None).map_err(kernel_error))
                .collect::<Result<_>>()?;
            self.state.update(&ordered, groups, &arguments)?;
        }
        self.state.finish(groups)
    }

    fn fork(&mut self, _: usize, _: usize) {
        // `Filtered` refuses it before.
    }

    fn size_bytes(&self) -> usize {
        self.bytes + self.state.size_bytes()
    }
}
