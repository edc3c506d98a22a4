//! `IndexJoin`: for each left row the rows of a table that an access path finds for it.
//!
//! The expressions of the path are evaluated for a whole left batch at once; the rows found for several left rows are
//! decoded together.

use crate::error::Result;
use crate::exec::batch::Batch;
use crate::exec::filter;
use crate::exec::loop_join::without_partner;
use crate::exec::operator::{BoxOperator, Context, Operator};
use crate::exec::scan::{Entries, RowReader};
use crate::plan::{Access, Scan};
use crate::sql::bound::{Expr, ExprKind, JoinKind};
use crate::storage::EntryBatch;
use crate::types::SqlType;
use crate::types::array::value_at;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, UInt32Array};
use std::sync::Arc;

/// Looks the partners of each left row up.
pub(crate) struct IndexJoin<'a> {
    context: Context<'a>,
    left: BoxOperator<'a>,
    scan: &'a Scan,
    kind: JoinKind,
    residual: Option<&'a Expr>,
    types: Vec<SqlType>,
    reader: RowReader<'a>,
    current: Option<Outer<'a>>,
}

/// A left batch on its way.
struct Outer<'a> {
    rows: Batch,
    /// Values of the path's expressions for each row.
    values: Vec<(&'a Expr, ArrayRef)>,
    /// The row whose partners are being read.
    row: usize,
    entries: Option<Entries<'a>>,
    matched: Vec<bool>,
}

impl<'a> IndexJoin<'a> {
    /// Joins `left` with the rows that `scan` finds.
    pub(crate) fn new(
        context: Context<'a>,
        left: BoxOperator<'a>,
        scan: &'a Scan,
        kind: JoinKind,
        residual: Option<&'a Expr>,
    ) -> Self {
        Self {
            context,
            left,
            scan,
            kind,
            residual,
            types: scan.types().collect(),
            reader: RowReader::new(scan),
            current: None,
        }
    }

    fn next_outer(&mut self) -> Result<bool> {
        let Some(rows) = self.left.next()? else {
            return Ok(false);
        };
        let values = expressions(&self.scan.access)
            .into_iter()
            .filter(|e| !matches!(e.kind, ExprKind::Literal(_)))
            .map(|e| Ok((e, self.context.evaluate(e, &rows)?)))
            .collect::<Result<_>>()?;
        self.current = Some(Outer {
            matched: vec![false; rows.rows],
            rows,
            values,
            row: 0,
            entries: None,
        });
        Ok(true)
    }

    /// Joins the next left rows with their partners.
    fn step(&mut self, outer: &mut Outer<'a>) -> Result<Batch> {
        let profile = self.context.memo.profile.as_ref();
        let before = profile.map(|profile| profile.moment(&self.context));
        let (mut found, mut opened) = (EntryBatch::default(), 0);
        let mut left: Vec<u32> = Vec::new();
        let rows_max = self.context.batch_rows;
        while outer.row < outer.rows.rows && found.len() < rows_max {
            let mut entries = match outer.entries.take() {
                Some(entries) => entries,
                None => {
                    opened += 1;
                    self.open(outer)?
                }
            };
            let room = rows_max - found.len();
            if entries.fill(&mut found, room)? {
                left.resize(found.len(), outer.row as u32);
                outer.entries = Some(entries);
            } else {
                outer.row += 1;
            }
        }
        let mut right = self.reader.decode(&found)?;
        right.columns.push(Arc::new(UInt32Array::from(left)));
        let mut right = filter::apply(&self.context, &self.scan.filter, right)?;
        if let (Some(profile), Some(before)) = (profile, before) {
            let spent = profile.moment(&self.context).since(before);
            profile.add(self.scan, opened, right.rows as u64, spent);
        }
        let left = right
            .columns
            .pop()
            .unwrap_or_else(|| Arc::new(UInt32Array::from(vec![0u32; 0])));
        let left = left.as_primitive::<UInt32Type>();
        let joined = outer.rows.take(left)?.beside(right);
        let Some(residual) = self.residual.filter(|_| joined.rows > 0) else {
            left.values()
                .iter()
                .for_each(|row| outer.matched[*row as usize] = true);
            return Ok(joined);
        };
        let keep = self.context.predicate(residual, &joined)?;
        for (row, keep) in left.values().iter().zip(keep.iter()) {
            outer.matched[*row as usize] |= keep == Some(true);
        }
        joined.filter(&keep)
    }

    fn open(&self, outer: &Outer<'a>) -> Result<Entries<'a>> {
        // The lookup asks for the expressions about in the order in which they are listed.
        let mut at = 0;
        Entries::open(self.context, self.scan, &mut |expr| {
            if let ExprKind::Literal(value) = &expr.kind {
                return Ok(value.clone());
            }
            let count = outer.values.len();
            for i in (at..count).chain(0..at) {
                let (known, array) = &outer.values[i];
                if std::ptr::eq(*known, expr) {
                    at = i + 1;
                    return Ok(value_at(array, outer.row, expr.sql_type));
                }
            }
            self.context.constant(expr)
        })
    }
}

fn expressions(access: &Access) -> Vec<&Expr> {
    match access {
        Access::Full => Vec::new(),
        Access::RowIds(points) => points.iter().collect(),
        Access::RowIdRange { low, high } => low.iter().chain(high).map(|e| &e.value).collect(),
        Access::Index(index) => {
            let ends = index.low.iter().chain(&index.high).map(|e| &e.value);
            index.equal.iter().flatten().chain(ends).collect()
        }
    }
}

impl Operator for IndexJoin<'_> {
    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let Some(mut outer) = self.current.take() else {
                if !self.next_outer()? {
                    return Ok(None);
                }
                continue;
            };
            if outer.row < outer.rows.rows {
                let joined = self.step(&mut outer)?;
                self.current = Some(outer);
                if joined.rows > 0 {
                    return Ok(Some(joined));
                }
                continue;
            }
            if self.kind == JoinKind::Left
                && let Some(rest) = without_partner(&outer.rows, &outer.matched, &self.types)?
            {
                return Ok(Some(rest));
            }
        }
    }
}
