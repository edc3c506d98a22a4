//! `WindowAgg`: the columns of the input, then the results of window functions.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::keys::KeyEncoder;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, Pieces};
use crate::exec::window::aggregate::over_frames;
use crate::exec::window::chunk::{Chunk, Gatherer, Shape};
use crate::exec::window::frame::{Bounds, Frames};
use crate::exec::window::{rank, value};
use crate::sql::bound::{OrderKey, WindowCall, WindowFunction};
use crate::types::SqlType;
use arrow_array::ArrayRef;

/// Computes window functions over its input.
pub(crate) struct WindowAggregation<'a> {
    context: Context<'a>,
    gatherer: Gatherer<'a>,
    types: &'a [SqlType],
    order_by: &'a [OrderKey],
    calls: &'a [WindowCall],
    peers: KeyEncoder,
    /// The bounds of each call's frame, once there is a row.
    bounds: Option<Vec<Bounds>>,
    reservation: Reservation<'a>,
    output: Pieces,
}

/// What a call is computed over.
pub(super) struct Input<'c, 'a> {
    pub(super) context: &'c Context<'a>,
    pub(super) chunk: &'c Chunk,
    pub(super) call: &'a WindowCall,
}

impl Input<'_, '_> {
    /// The values of an argument.
    pub(super) fn argument(&self, number: usize) -> Result<Option<ArrayRef>> {
        let expr = self.call.arguments.get(number);
        expr.map(|e| self.context.evaluate(e, &self.chunk.rows))
            .transpose()
    }
}

impl<'a> WindowAggregation<'a> {
    /// Over rows of `types`, which come in the order of the keys: those of PARTITION BY, then those of ORDER BY.
    pub(crate) fn new(
        context: Context<'a>,
        input: BoxOperator<'a>,
        types: &'a [SqlType],
        (partition_by, order_by): (&'a [usize], &'a [OrderKey]),
        calls: &'a [WindowCall],
    ) -> Result<Self> {
        let order_types: Vec<SqlType> = order_by.iter().map(|k| types[k.column]).collect();
        Ok(Self {
            gatherer: Gatherer::new(input, types, partition_by, context.batch_rows)?,
            types,
            order_by,
            calls,
            peers: KeyEncoder::new(&order_types)?,
            bounds: None,
            reservation: context.memory.reservation("WindowAgg"),
            context,
            output: Pieces::default(),
        })
    }

    /// The next partitions with their results.
    fn run(&mut self) -> Result<Option<Batch>> {
        self.context.interrupt.check()?;
        let Some((rows, starts)) = self.gatherer.next(&mut self.reservation)? else {
            return Ok(None);
        };
        let columns: Vec<usize> = self.order_by.iter().map(|k| k.column).collect();
        self.reservation.grow(rows.rows * 32)?;
        let shape = Shape::new(&rows, starts, &columns, &self.peers)?;
        let chunk = Chunk { rows, shape };
        if self.bounds.is_none() {
            let bounds = self.calls.iter().map(|c| Bounds::new(&self.context, c));
            self.bounds = Some(bounds.collect::<Result<_>>()?);
        }
        let mut results = Vec::with_capacity(self.calls.len());
        for number in 0..self.calls.len() {
            let result = self.call(number, &chunk)?;
            self.reservation.grow(result.get_array_memory_size())?;
            results.push(result);
        }
        let count = chunk.rows.rows;
        Ok(Some(chunk.rows.beside(Batch::new(results, count))))
    }

    fn call(&mut self, number: usize, chunk: &Chunk) -> Result<ArrayRef> {
        let call = &self.calls[number];
        let input = Input {
            context: &self.context,
            chunk,
            call,
        };
        let reservation = &mut self.context.memory.reservation("WindowAgg");
        reservation.grow(chunk.rows.rows * 16)?;
        let bounds = self.bounds.as_ref().and_then(|all| all.get(number));
        let frames = |bounds: Option<&Bounds>| {
            let key = self.order_by.first();
            let key = key.map(|k| (&chunk.rows.columns[k.column], self.types[k.column], *k));
            Frames::new(bounds, &chunk.shape, key)
        };
        match call.function {
            WindowFunction::RowNumber
            | WindowFunction::Rank
            | WindowFunction::DenseRank
            | WindowFunction::PercentRank
            | WindowFunction::CumeDist => Ok(rank::rank(call.function, &chunk.shape)),
            WindowFunction::Ntile => rank::ntile(&input),
            WindowFunction::Lag | WindowFunction::Lead => value::shifted(&input, reservation),
            WindowFunction::FirstValue | WindowFunction::LastValue | WindowFunction::NthValue => {
                value::in_frame(&input, &frames(bounds)?, reservation)
            }
            WindowFunction::Aggregate(function) => {
                over_frames(&input, function, &frames(bounds)?, reservation)
            }
        }
    }
}

impl Operator for WindowAggregation<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            if let Some(piece) = self.output.next(self.context.batch_rows) {
                return Ok(Some(piece));
            }
            match self.run()? {
                Some(batch) => self.output = Pieces::new(batch),
                None => return Ok(None),
            }
        }
    }
}
