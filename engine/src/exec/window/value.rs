//! Values of other rows: `lag`, `lead`, `first_value`, `last_value`, `nth_value`.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::batch::arrow;
use crate::exec::memory::Reservation;
use crate::exec::window::frame::Frames;
use crate::exec::window::operator::Input;
use crate::sql::bound::WindowFunction;
use crate::types::SqlType;
use crate::types::array::{check_room, null_array};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use arrow_select::interleave::interleave;

/// Where a result comes from: a value of which column, in which row.
type Source = (usize, usize);

/// `lag` and `lead`.
pub(super) fn shifted(
    input: &Input<'_, '_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let Some(values) = input.argument(0)? else {
        return Err(Error::misuse("lag and lead without their argument"));
    };
    let nulls = null_array(input.call.arguments[0].sql_type, 1);
    const NULL: Source = (1, 0);
    let offsets = input.argument(1)?;
    let offsets = offsets.as_ref().map(|o| o.as_primitive::<Int32Type>());
    let defaults = input.argument(2)?;
    let backward = input.call.function == WindowFunction::Lag;
    let mut sources = Vec::with_capacity(values.len());
    for partition in input.chunk.shape.partitions() {
        let rows = partition.rows;
        for row in rows.clone() {
            let offset = match offsets {
                Some(offsets) if offsets.is_null(row) => {
                    sources.push(NULL);
                    continue;
                }
                Some(offsets) => i64::from(offsets.value(row)),
                None => 1,
            };
            let other = row as i64 + if backward { -offset } else { offset };
            sources.push(match usize::try_from(other) {
                Ok(other) if rows.contains(&other) => (0, other),
                _ if defaults.is_some() => (2, row),
                _ => NULL,
            });
        }
    }
    let columns: Vec<ArrayRef> = [values, nulls].into_iter().chain(defaults).collect();
    gathered(&columns, &sources, reservation)
}

/// `first_value`, `last_value` and `nth_value`.
pub(super) fn in_frame(
    input: &Input<'_, '_>,
    frames: &Frames<'_>,
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let Some(values) = input.argument(0)? else {
        return Err(Error::misuse("a value of a frame without its argument"));
    };
    let nulls = null_array(input.call.arguments[0].sql_type, 1);
    let places = input.argument(1)?;
    let mut sources = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        let mut parts = frames
            .parts(row)
            .into_iter()
            .filter(|part| !part.is_empty());
        let found = match input.call.function {
            WindowFunction::FirstValue => parts.next().map(|part| part.start),
            WindowFunction::LastValue => parts.next_back().map(|part| part.end - 1),
            _ => {
                let places = places.as_ref().map(|p| p.as_primitive::<Int32Type>());
                match places.filter(|p| p.is_valid(row)).map(|p| p.value(row)) {
                    None => None,
                    Some(place) if place > 0 => {
                        let mut skip = place as usize - 1;
                        parts.find_map(|part| {
                            let found = part.clone().nth(skip);
                            skip = skip.saturating_sub(part.len());
                            found
                        })
                    }
                    Some(_) => {
                        return Err(Error::new(
                            ErrorKind::Data,
                            "22016",
                            "argument of nth_value must be greater than zero",
                        ));
                    }
                }
            }
        };
        sources.push(found.map_or((1, 0), |row| (0, row)));
    }
    gathered(&[values, nulls], &sources, reservation)
}

/// The values of `column` in those rows.
pub(super) fn taken(
    column: &ArrayRef,
    sql_type: SqlType,
    rows: &[Option<usize>],
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let columns = [column.clone(), null_array(sql_type, 1)];
    let sources: Vec<Source> = rows
        .iter()
        .map(|r| r.map_or((1, 0), |row| (0, row)))
        .collect();
    gathered(&columns, &sources, reservation)
}

/// The values at `sources`. Errors: `54000` beyond what a column may hold.
pub(super) fn gathered(
    columns: &[ArrayRef],
    sources: &[Source],
    reservation: &mut Reservation<'_>,
) -> Result<ArrayRef> {
    let length = |(column, row): &Source| -> usize {
        let column = &columns[*column];
        match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().value_length(*row) as usize,
            DataType::Binary => column.as_binary::<i32>().value_length(*row) as usize,
            _ => 0,
        }
    };
    let bytes: usize = sources.iter().map(length).sum();
    check_room(0, bytes)?;
    reservation.grow(bytes + sources.len() * 16)?;
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    interleave(&columns, sources).map_err(arrow)
}
