//! From a batch of rows to Arrow arrays: the path of scans.
//!
//! Two passes: the first finds the places of the wanted columns row by row, the second fills one array after the other
//! in a loop that knows its type. Between them rows can be left out: a filter needs a few of the columns, the others are
//! made of the rows that it lets through.

use super::layout::{Layout, Place, damaged};
use crate::error::Result;
use crate::storage::EntryBatch;
use crate::storage::key::decode_row_id;
use crate::types::{SqlArray, SqlType};
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray,
    StringArray,
};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use std::sync::Arc;

/// Decodes the wanted columns of rows of one table.
pub struct RowDecoder {
    layout: Layout,
    /// For each wanted column its type, and its slot in the layout; `None` for the row id.
    outputs: Vec<(SqlType, Option<usize>)>,
    /// Of all rows of the batch, slot by slot; kept for its memory. Not filled for plain rows of fixed widths.
    places: Vec<Place>,
    /// Whether all rows of the batch are plain, so that some columns are at the same place in each.
    plain: bool,
}

impl RowDecoder {
    /// A decoder of the columns at `projection` (table positions; a column may come twice) of a table with columns of
    /// `table_types`, the one at `row_id_column` being the key.
    pub fn new(
        table_types: &[SqlType],
        projection: &[usize],
        row_id_column: Option<usize>,
    ) -> Self {
        let is_stored = |column: &usize| Some(*column) != row_id_column;
        let stored_at =
            |column: usize| column - usize::from(row_id_column.is_some_and(|r| r < column));
        let stored: Vec<SqlType> = (0..table_types.len())
            .filter(is_stored)
            .map(|c| table_types[c])
            .collect();
        let mut wanted: Vec<usize> = projection.iter().copied().filter(is_stored).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let outputs = projection
            .iter()
            .map(|column| (table_types[*column], wanted.binary_search(column).ok()))
            .collect();
        for column in &mut wanted {
            *column = stored_at(*column);
        }
        Self {
            layout: Layout::new(&stored, &wanted),
            outputs,
            places: Vec::new(),
            plain: false,
        }
    }

    /// The arrays of the wanted columns, in the order of the projection, with a row for each entry of `batch`.
    /// `XX001` when an entry is not a row of the table.
    pub fn decode(&mut self, batch: &EntryBatch) -> Result<Vec<ArrayRef>> {
        self.locate(batch)?;
        (0..self.outputs.len())
            .map(|output| self.column(batch, output))
            .collect()
    }

    /// Finds the wanted columns in the entries of `batch`. `XX001` when an entry is not a row of the table.
    pub fn locate(&mut self, batch: &EntryBatch) -> Result<()> {
        let slots = self.layout.slot_count();
        self.plain = batch.iter().all(|(_, row)| self.layout.is_plain(row));
        if !self.has_places() {
            return Ok(());
        }
        if slots > 0 {
            self.places.resize(batch.len() * slots, Place::NULL);
            for ((_, row), places) in batch.iter().zip(self.places.chunks_exact_mut(slots)) {
                self.layout.locate(row, places)?;
            }
        }
        Ok(())
    }

    fn has_places(&self) -> bool {
        !(self.plain && self.layout.all_have_offsets())
    }

    /// Forgets the rows that `batch`, which was located, keeps none of; see [`EntryBatch::keep`].
    pub fn keep(&mut self, batch: &mut EntryBatch, positions: &[u32]) {
        if self.has_places() {
            let slots = self.layout.slot_count();
            for (to, from) in positions.iter().enumerate() {
                let from = *from as usize * slots;
                self.places.copy_within(from..from + slots, to * slots);
            }
        }
        batch.keep(positions);
    }

    /// The array of the column at place `output` of the projection, of the entries of `batch`, which was located. `XX001`
    /// when an entry has no such value there.
    pub fn column(&self, batch: &EntryBatch, output: usize) -> Result<ArrayRef> {
        let slots = self.layout.slot_count();
        let (sql_type, slot) = self.outputs[output];
        let Some(slot) = slot else {
            return row_ids(batch, sql_type);
        };
        let places = match self.has_places() {
            true => &self.places[..batch.len() * slots],
            false => &[],
        };
        let column = Column {
            batch,
            places,
            slot,
            slots,
            offset: self.layout.offset(slot).filter(|_| self.plain),
        };
        column.array(sql_type)
    }
}

fn row_ids(batch: &EntryBatch, sql_type: SqlType) -> Result<ArrayRef> {
    fn collect<T: ArrowPrimitiveType>(batch: &EntryBatch) -> Result<ArrayRef>
    where
        T::Native: TryFrom<i64>,
    {
        let mut ids = Vec::with_capacity(batch.len());
        for (key, _) in batch.iter() {
            let id = T::Native::try_from(decode_row_id(key)?);
            ids.push(id.map_err(|_| damaged("its key does not fit its column"))?);
        }
        Ok(Arc::new(PrimitiveArray::<T>::new(
            ScalarBuffer::from(ids),
            None,
        )))
    }
    match sql_type {
        SqlType::Int2 => collect::<Int16Type>(batch),
        SqlType::Int4 => collect::<Int32Type>(batch),
        _ => collect::<Int64Type>(batch),
    }
}

/// One wanted column of a batch whose places are known.
struct Column<'a> {
    batch: &'a EntryBatch,
    places: &'a [Place],
    slot: usize,
    slots: usize,
    /// Where the value begins in each row, if it is there in all and they are of fixed width.
    offset: Option<usize>,
}

impl<'a> Column<'a> {
    fn array(&self, sql_type: SqlType) -> Result<ArrayRef> {
        Ok(match sql_type {
            SqlType::Bool => Arc::new(self.booleans()?),
            SqlType::Int2 => Arc::new(self.fixed::<Int16Type, 2>(i16::from_le_bytes)?),
            SqlType::Int4 => Arc::new(self.fixed::<Int32Type, 4>(i32::from_le_bytes)?),
            SqlType::Int8 => Arc::new(self.fixed::<Int64Type, 8>(i64::from_le_bytes)?),
            SqlType::Enum(of) => {
                let numbers = self.fixed::<Int64Type, 8>(i64::from_le_bytes)?;
                of.check(numbers.iter().flatten())?;
                Arc::new(numbers)
            }
            SqlType::Float4 => Arc::new(self.fixed::<Float32Type, 4>(f32::from_le_bytes)?),
            SqlType::Float8 => Arc::new(self.fixed::<Float64Type, 8>(f64::from_le_bytes)?),
            SqlType::Date => Arc::new(self.fixed::<Date32Type, 4>(i32::from_le_bytes)?),
            SqlType::Timestamp(_) | SqlType::TimestampTz(_) => {
                Arc::new(self.fixed::<TimestampMicrosecondType, 8>(i64::from_le_bytes)?)
            }
            SqlType::Time(_) => {
                Arc::new(self.fixed::<Time64MicrosecondType, 8>(i64::from_le_bytes)?)
            }
            SqlType::Interval(_) | SqlType::Uuid => Arc::new(self.sixteen()?),
            SqlType::Jsonb => {
                let (offsets, bytes, nulls) = self.variable()?;
                let texts = StringArray::try_new(offsets, bytes, nulls);
                let texts = texts.map_err(|_| damaged("a JSONB is not UTF-8"))?;
                Arc::new(BinaryArray::from(texts))
            }
            SqlType::Array(element) => {
                let (offsets, bytes, nulls) = self.variable()?;
                let arrays = BinaryArray::new(offsets, bytes, nulls);
                for array in arrays.iter().flatten() {
                    SqlArray::from_bytes(array, element)?;
                }
                Arc::new(arrays)
            }
            SqlType::Numeric(_) | SqlType::Bytes => {
                let (offsets, bytes, nulls) = self.variable()?;
                Arc::new(BinaryArray::new(offsets, bytes, nulls))
            }
            SqlType::Text
            | SqlType::Varchar(_)
            | SqlType::Char(_)
            | SqlType::Json
            | SqlType::Unknown => {
                let (offsets, bytes, nulls) = self.variable()?;
                let texts = StringArray::try_new(offsets, bytes, nulls);
                Arc::new(texts.map_err(|_| damaged("a TEXT is not UTF-8"))?)
            }
        })
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        self.places
            .iter()
            .skip(self.slot)
            .step_by(self.slots)
            .copied()
    }

    fn values(&self) -> impl Iterator<Item = Option<&'a [u8]>> {
        self.batch
            .iter()
            .zip(self.places())
            .map(|((_, row), place)| (!place.is_null()).then(|| place.of(row)))
    }

    /// Calls `each` with all values, which have `width` bytes.
    #[inline]
    fn for_each(
        &self,
        width: usize,
        mut each: impl FnMut(Option<&'a [u8]>) -> Result<()>,
    ) -> Result<()> {
        match self.offset {
            Some(offset) => self
                .batch
                .iter()
                .try_for_each(|(_, row)| each(Some(&row[offset..offset + width]))),
            None => self.values().try_for_each(each),
        }
    }

    fn nulls(&self) -> Option<NullBuffer> {
        if self.offset.is_some() || !self.places().any(Place::is_null) {
            return None;
        }
        Some(self.places().map(|place| !place.is_null()).collect())
    }

    fn fixed<T: ArrowPrimitiveType, const N: usize>(
        &self,
        from_bytes: impl Fn([u8; N]) -> T::Native,
    ) -> Result<PrimitiveArray<T>> {
        let mut values = Vec::with_capacity(self.batch.len());
        self.for_each(N, |value| {
            values.push(match value {
                None => T::Native::default(),
                Some(bytes) => from_bytes(
                    bytes
                        .try_into()
                        .map_err(|_| damaged("a value has a wrong width"))?,
                ),
            });
            Ok(())
        })?;
        Ok(PrimitiveArray::new(
            ScalarBuffer::from(values),
            self.nulls(),
        ))
    }

    fn sixteen(&self) -> Result<FixedSizeBinaryArray> {
        let mut bytes: Vec<u8> = Vec::with_capacity(self.batch.len() * 16);
        self.for_each(16, |value| {
            let value = value.unwrap_or(&[0; 16]);
            if value.len() != 16 {
                return Err(damaged("a value has a wrong width"));
            }
            bytes.extend_from_slice(value);
            Ok(())
        })?;
        FixedSizeBinaryArray::try_new(16, Buffer::from_vec(bytes), self.nulls())
            .map_err(|_| damaged("a value has a wrong width"))
    }

    fn booleans(&self) -> Result<BooleanArray> {
        let mut values = BooleanBufferBuilder::new(self.batch.len());
        self.for_each(1, |value| {
            values.append(match value {
                None | Some([0]) => false,
                Some([1]) => true,
                Some(_) => return Err(damaged("a BOOLEAN is neither true nor false")),
            });
            Ok(())
        })?;
        Ok(BooleanArray::new(values.finish(), self.nulls()))
    }

    fn variable(&self) -> Result<(OffsetBuffer<i32>, Buffer, Option<NullBuffer>)> {
        let total: usize = self.places().map(|place| place.len as usize).sum();
        if i32::try_from(total).is_err() {
            return Err(crate::Error::new(
                crate::ErrorKind::Limit,
                "54000",
                "a batch of rows has more than 2 GiB in one column",
            ));
        }
        let mut bytes = Vec::with_capacity(total);
        let mut offsets = Vec::with_capacity(self.batch.len() + 1);
        offsets.push(0);
        for value in self.values() {
            bytes.extend_from_slice(value.unwrap_or_default());
            offsets.push(bytes.len() as i32);
        }
        Ok((
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            Buffer::from_vec(bytes),
            self.nulls(),
        ))
    }
}
