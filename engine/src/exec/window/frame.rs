//! Frames: for each row, which rows of its partition a function sees.

use crate::error::{Error, ErrorKind, Result};
use crate::exec::operator::Context;
use crate::exec::window::chunk::{Partition, Shape};
use crate::exec::window::distance::{Distance, RangeKeys};
use crate::sql::bound::{Expr, FrameBound, FrameExclusion, FrameUnits, OrderKey, WindowCall};
use crate::types::{SqlType, Value, Zone};
use arrow_array::ArrayRef;
use std::ops::Range;

/// The bounds of a frame, their distances evaluated.
pub(super) struct Bounds {
    units: FrameUnits,
    zone: Zone,
    start: Bound,
    end: Bound,
    exclusion: FrameExclusion,
}

enum Bound {
    /// The first row of the partition.
    First,
    Preceding(Distance),
    Current,
    Following(Distance),
    /// The last row of the partition.
    Last,
}

impl Bounds {
    /// Those of a call. Errors: `22004` and `22013` for distances that are none.
    pub(super) fn new(context: &Context<'_>, call: &WindowCall) -> Result<Self> {
        let frame = &call.frame;
        let bound = |bound: &FrameBound, name: &str| -> Result<Bound> {
            let distance = |expr: &Expr| evaluated(context, expr, frame.units, name);
            Ok(match bound {
                FrameBound::UnboundedPreceding => Bound::First,
                FrameBound::Preceding(expr) => Bound::Preceding(distance(expr)?),
                FrameBound::CurrentRow => Bound::Current,
                FrameBound::Following(expr) => Bound::Following(distance(expr)?),
                FrameBound::UnboundedFollowing => Bound::Last,
            })
        };
        Ok(Self {
            units: frame.units,
            zone: context.clock.zone,
            start: bound(&frame.start, "starting")?,
            end: bound(&frame.end, "ending")?,
            exclusion: frame.exclusion,
        })
    }
}

fn evaluated(
    context: &Context<'_>,
    expr: &Expr,
    units: FrameUnits,
    name: &str,
) -> Result<Distance> {
    let value = context.constant(expr)?;
    let error = |state, message: String| Err(Error::new(ErrorKind::Data, state, message));
    if value == Value::Null {
        return error("22004", format!("frame {name} offset must not be null"));
    }
    let distance = Distance::new(&value)?;
    match (distance.is_negative(), units) {
        (false, _) => Ok(distance),
        (true, FrameUnits::Range) => error(
            "22013",
            "invalid preceding or following size in window function".to_owned(),
        ),
        (true, _) => error("22013", format!("frame {name} offset must not be negative")),
    }
}

/// The frames of all rows of a chunk.
pub(super) struct Frames<'s> {
    shape: &'s Shape,
    exclusion: FrameExclusion,
    start: Vec<u32>,
    end: Vec<u32>,
}

impl<'s> Frames<'s> {
    /// Of these bounds; `key` is the first column of ORDER BY with its type and direction.
    pub(super) fn new(
        bounds: Option<&Bounds>,
        shape: &'s Shape,
        key: Option<(&ArrayRef, SqlType, OrderKey)>,
    ) -> Result<Self> {
        let bounds = bounds.ok_or_else(|| Error::misuse("a frame without bounds"))?;
        let by_distance =
            |bound: &Bound| matches!(bound, Bound::Preceding(_) | Bound::Following(_));
        let keys = match key {
            Some((column, sql_type, key))
                if bounds.units == FrameUnits::Range
                    && (by_distance(&bounds.start) || by_distance(&bounds.end)) =>
            {
                Some(RangeKeys::new(
                    column,
                    sql_type,
                    key.descending,
                    bounds.zone,
                )?)
            }
            _ => None,
        };
        let mut frames = Self {
            shape,
            exclusion: bounds.exclusion,
            start: Vec::with_capacity(shape.rows()),
            end: Vec::with_capacity(shape.rows()),
        };
        for partition in shape.partitions() {
            let known = keys.as_ref().map(|keys| keys.known(&partition.rows));
            let range = keys.as_ref().zip(known);
            for row in partition.rows.clone() {
                let place = Place {
                    row,
                    shape,
                    partition: &partition,
                    range: range.clone(),
                };
                let start = place.start(bounds.units, &bounds.start);
                let end = place.end(bounds.units, &bounds.end).max(start);
                frames.start.push(start as u32);
                frames.end.push(end as u32);
            }
        }
        Ok(frames)
    }

    /// The frame of a row, nothing excluded.
    pub(super) fn whole(&self, row: usize) -> Range<usize> {
        self.start[row] as usize..self.end[row] as usize
    }

    /// Whether nothing is excluded.
    pub(super) fn are_whole(&self) -> bool {
        self.exclusion == FrameExclusion::NoOthers
    }

    /// The frame of a row, in parts from first to last, some of which may be empty.
    pub(super) fn parts(&self, row: usize) -> [Range<usize>; 3] {
        let whole = self.whole(row);
        let without = |gone: Range<usize>, kept: Range<usize>| {
            let before = whole.start..gone.start.clamp(whole.start, whole.end);
            let after = gone.end.clamp(whole.start, whole.end)..whole.end;
            let seen = whole.contains(&row);
            [before, if seen { kept } else { row..row }, after]
        };
        match self.exclusion {
            FrameExclusion::NoOthers => [whole, row..row, row..row],
            FrameExclusion::CurrentRow => without(row..row + 1, row..row),
            FrameExclusion::Group => without(self.shape.peers(row), row..row),
            FrameExclusion::Ties => without(self.shape.peers(row), row..row + 1),
        }
    }
}

/// A row whose frame is looked for.
struct Place<'p> {
    row: usize,
    shape: &'p Shape,
    partition: &'p Partition,
    /// For distances of RANGE: the keys, and the rows of the partition in which they are not NULL.
    range: Option<(&'p RangeKeys, Range<usize>)>,
}

impl Place<'_> {
    /// The first row of the frame.
    fn start(&self, units: FrameUnits, bound: &Bound) -> usize {
        let rows = &self.partition.rows;
        match bound {
            Bound::First => rows.start,
            Bound::Last => rows.end,
            Bound::Current if units == FrameUnits::Rows => self.row,
            Bound::Current => self.shape.peers(self.row).start,
            Bound::Preceding(distance) => match units {
                FrameUnits::Rows => self.row.saturating_sub(distance.count()).max(rows.start),
                FrameUnits::Groups => self.group(distance.count(), true).start,
                FrameUnits::Range => self.in_range(distance, true, true),
            },
            Bound::Following(distance) => match units {
                FrameUnits::Rows => self.row.saturating_add(distance.count()).min(rows.end),
                FrameUnits::Groups => self.group(distance.count(), false).start,
                FrameUnits::Range => self.in_range(distance, false, true),
            },
        }
    }

    /// The row behind the last one of the frame.
    fn end(&self, units: FrameUnits, bound: &Bound) -> usize {
        let rows = &self.partition.rows;
        match bound {
            Bound::First => rows.start,
            Bound::Last => rows.end,
            Bound::Current if units == FrameUnits::Rows => self.row + 1,
            Bound::Current => self.shape.peers(self.row).end,
            Bound::Preceding(distance) => match units {
                FrameUnits::Rows => (self.row + 1)
                    .saturating_sub(distance.count())
                    .max(rows.start),
                FrameUnits::Groups => self.group(distance.count(), true).end,
                FrameUnits::Range => self.in_range(distance, true, false),
            },
            Bound::Following(distance) => match units {
                FrameUnits::Rows => (self.row + 1)
                    .saturating_add(distance.count())
                    .min(rows.end),
                FrameUnits::Groups => self.group(distance.count(), false).end,
                FrameUnits::Range => self.in_range(distance, false, false),
            },
        }
    }

    /// The group of peers that is so far from that of the row; an empty one at the edge beyond it.
    fn group(&self, distance: usize, preceding: bool) -> Range<usize> {
        let (rows, groups) = (&self.partition.rows, &self.partition.groups);
        let own = self.shape.group(self.row);
        if preceding {
            match own.checked_sub(distance).filter(|g| groups.contains(g)) {
                Some(group) => self.shape.group_rows(group),
                None => rows.start..rows.start,
            }
        } else {
            match own.checked_add(distance).filter(|g| groups.contains(g)) {
                Some(group) => self.shape.group_rows(group),
                None => rows.end..rows.end,
            }
        }
    }

    /// The first row (or the one behind the last) whose key is in range. NULLs are in the range of NULLs only.
    fn in_range(&self, distance: &Distance, preceding: bool, starts: bool) -> usize {
        let peers = self.shape.peers(self.row);
        match &self.range {
            Some((keys, known)) if known.contains(&self.row) => {
                keys.bound(self.row, known, distance, preceding, starts)
            }
            _ if starts => peers.start,
            _ => peers.end,
        }
    }
}
