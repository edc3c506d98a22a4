//! `Lateral`: for each left row, the rows of a subplan that is given columns of it.

use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::loop_join::without_partner;
use crate::exec::memory::Reservation;
use crate::exec::operator::{BoxOperator, Context, Operator, collect};
use crate::plan::SubPlan;
use crate::sql::bound::{Expr, JoinKind};
use crate::types::SqlType;
use crate::types::array::value_at;
use arrow_array::UInt32Array;

/// Runs a subplan for each left row.
pub(crate) struct Lateral<'a> {
    context: Context<'a>,
    left: BoxOperator<'a>,
    subplan: &'a SubPlan,
    kind: JoinKind,
    on: Option<&'a Expr>,
    right_types: &'a [SqlType],
    current: Option<Current>,
    reservation: Reservation<'a>,
}

/// A left batch on its way.
struct Current {
    rows: Batch,
    row: usize,
    matched: Vec<bool>,
}

impl<'a> Lateral<'a> {
    /// `left` with the rows of `subplan`.
    pub(crate) fn new(
        context: Context<'a>,
        left: BoxOperator<'a>,
        subplan: usize,
        kind: JoinKind,
        on: Option<&'a Expr>,
    ) -> Result<Self> {
        let subplan = context.subplans.get(subplan);
        let subplan = subplan.ok_or_else(|| Error::misuse("EXEC-6: LATERAL is planned"))?;
        Ok(Self {
            reservation: context.memory.reservation("Lateral Nested Loop"),
            context,
            left,
            subplan,
            kind,
            on,
            right_types: &subplan.root.types,
            current: None,
        })
    }

    /// The rows that the subplan gives for row `row` of `rows`.
    fn right_rows(&mut self, rows: &Batch, row: usize) -> Result<Vec<Batch>> {
        let mut slots = self.context.slots.to_vec();
        for (position, slot, sql_type) in &self.subplan.arguments {
            slots[*slot] = value_at(&rows.columns[*position], row, *sql_type);
        }
        let inner = Context {
            slots: &slots,
            rows_wanted: usize::MAX,
            ..self.context
        };
        let mut operator = build(inner, &self.subplan.root)?;
        collect(&mut *operator, &mut self.reservation)
    }

    /// About a batch of pairs.
    fn step(&mut self, current: &mut Current) -> Result<Batch> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        while current.row < current.rows.rows && left.len() < self.context.batch_rows {
            self.context.interrupt.check()?;
            for batch in self.right_rows(&current.rows, current.row)? {
                left.extend(std::iter::repeat_n(current.row as u32, batch.rows));
                right.push(batch);
            }
            current.row += 1;
        }
        let right = Batch::concat(&right, self.right_types)?;
        self.reservation.resize(0)?;
        let left = UInt32Array::from(left);
        let joined = current.rows.take(&left)?.beside(right);
        let keep = match self.on {
            Some(on) if joined.rows > 0 => self.context.predicate(on, &joined)?,
            _ => {
                let rows = left.values().iter();
                rows.for_each(|row| current.matched[*row as usize] = true);
                return Ok(joined);
            }
        };
        for (row, keep) in left.values().iter().zip(keep.iter()) {
            current.matched[*row as usize] |= keep == Some(true);
        }
        joined.filter(&keep)
    }
}

impl Operator for Lateral<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let Some(mut current) = self.current.take() else {
                let Some(rows) = self.left.next()? else {
                    return Ok(None);
                };
                self.current = Some(Current {
                    matched: vec![false; rows.rows],
                    rows,
                    row: 0,
                });
                continue;
            };
            if current.row < current.rows.rows {
                let joined = self.step(&mut current)?;
                self.current = Some(current);
                if joined.rows > 0 {
                    return Ok(Some(joined));
                }
                continue;
            }
            if self.kind == JoinKind::Left
                && let Some(rest) =
                    without_partner(&current.rows, &current.matched, self.right_types)?
            {
                return Ok(Some(rest));
            }
        }
    }
}
