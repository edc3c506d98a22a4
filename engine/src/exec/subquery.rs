//! Subqueries in expressions: run for a row, their results kept while what they depend on stays the same.

use crate::error::{Error, Result};
use crate::exec::batch::Batch;
use crate::exec::build::build;
use crate::exec::eval::{SubqueryRows, SubqueryRunner};
use crate::exec::operator::{Context, collect};
use crate::exec::profile::Profile;
use crate::exec::short;
use crate::plan::{SubPlan, subplan_number};
use crate::sql::bound::Query;
use crate::types::Value;
use crate::types::array::value_at;
use arrow_array::ArrayRef;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The last result of each subquery of a statement.
#[derive(Default)]
pub(crate) struct Memo {
    results: Vec<RefCell<Option<Known>>>,
    /// The rows of queries of WITH, by the number of their subplan.
    ctes: RefCell<BTreeMap<usize, KnownCte>>,
    work_tables: RefCell<BTreeMap<usize, Rc<Vec<Batch>>>>,
    /// What operators are seen to do, where somebody wants to know.
    pub(crate) profile: Option<Profile>,
}

/// The rows of a query of WITH, and what they depend on.
struct KnownCte {
    slots: Vec<Value>,
    rows: Rc<Vec<Batch>>,
    bytes: usize,
}

/// A result, and what it depends on.
struct Known {
    slots: Vec<Value>,
    rows_max: usize,
    rows: Rc<SubqueryRows>,
}

impl Memo {
    /// For so many subqueries.
    pub(crate) fn new(subplans: usize) -> Self {
        Self {
            results: (0..subplans).map(|_| RefCell::new(None)).collect(),
            ..Self::default()
        }
    }

    /// The same for a statement whose operators are watched; `times`: by the clock too.
    pub(crate) fn watched(subplans: usize, times: bool) -> Self {
        Self {
            profile: Some(Profile::new(times)),
            ..Self::new(subplans)
        }
    }

    /// Keeps the rows of a change of WITH, which take so many bytes.
    pub(crate) fn keep_cte(&self, number: usize, rows: Vec<Batch>, bytes: usize) {
        let known = KnownCte {
            slots: Vec::new(),
            rows: Rc::new(rows),
            bytes,
        };
        self.ctes.borrow_mut().insert(number, known);
    }

    /// Sets the working table of a recursive query.
    pub(crate) fn set_work_table(&self, table: usize, rows: Rc<Vec<Batch>>) {
        self.work_tables.borrow_mut().insert(table, rows);
    }

    /// The working table of a recursive query, empty before its first step.
    pub(crate) fn work_table(&self, table: usize) -> Rc<Vec<Batch>> {
        let tables = self.work_tables.borrow();
        tables.get(&table).cloned().unwrap_or_default()
    }

    fn find(&self, number: usize, slots: &[Value], rows_max: usize) -> Option<Rc<SubqueryRows>> {
        let known = self.results.get(number)?.borrow();
        let known = known.as_ref()?;
        (known.rows_max >= rows_max && known.slots == slots).then(|| known.rows.clone())
    }

    fn keep(&self, number: usize, slots: Vec<Value>, rows_max: usize, rows: &Rc<SubqueryRows>) {
        if let Some(place) = self.results.get(number) {
            *place.borrow_mut() = Some(Known {
                slots,
                rows_max,
                rows: rows.clone(),
            });
        }
    }
}

impl Context<'_> {
    fn subplan(&self, query: &Query) -> Result<(usize, &SubPlan)> {
        subplan_number(query)
            .and_then(|n| Some((n, self.subplans.get(n)?)))
            .ok_or_else(|| Error::misuse("EXEC-6: every subquery of a plan is planned"))
    }
}

impl SubqueryRunner for Context<'_> {
    fn is_correlated(&self, query: &Query) -> bool {
        self.subplan(query)
            .is_ok_and(|(_, subplan)| !subplan.arguments.is_empty())
    }

    fn run(
        &self,
        query: &Query,
        columns: &[ArrayRef],
        row: usize,
        rows_max: usize,
    ) -> Result<Rc<SubqueryRows>> {
        let (number, subplan) = self.subplan(query)?;
        let mut slots = Cow::Borrowed(self.slots);
        for (position, slot, sql_type) in &subplan.arguments {
            let value = columns
                .get(*position)
                .map(|array| value_at(array, row, *sql_type))
                .ok_or_else(|| Error::misuse("EXEC-7: a subquery is given columns of its row"))?;
            slots.to_mut()[*slot] = value;
        }
        let depends: Vec<Value> = subplan
            .slots_read
            .iter()
            .map(|slot| slots[*slot].clone())
            .collect();
        if let Some(rows) = self.memo.find(number, &depends, rows_max) {
            return Ok(rows);
        }
        let inner = Context {
            slots: &slots,
            rows_wanted: rows_max,
            ..*self
        };
        let rows = Rc::new(inner.subquery_rows(subplan, rows_max)?);
        self.memo.keep(number, depends, rows_max, &rows);
        Ok(rows)
    }
}

impl Context<'_> {
    /// The rows of a query of WITH, kept while what they depend on stays the same.
    pub(crate) fn cte_rows(&self, number: usize) -> Result<Rc<Vec<Batch>>> {
        let subplan = self.subplans.get(number);
        let subplan = subplan.ok_or_else(|| Error::misuse("EXEC-6: a query of WITH is planned"))?;
        let slots: Vec<Value> = subplan
            .slots_read
            .iter()
            .map(|slot| self.slots[*slot].clone())
            .collect();
        let known = self.memo.ctes.borrow_mut().remove(&number);
        if let Some(known) = known {
            if known.slots == slots {
                let rows = known.rows.clone();
                self.memo.ctes.borrow_mut().insert(number, known);
                return Ok(rows);
            }
            self.memory.give_back(known.bytes);
        }
        let context = Context {
            rows_wanted: usize::MAX,
            ..*self
        };
        let mut operator = build(context, &subplan.root)?;
        let mut reservation = self.memory.reservation("CTE Scan");
        let rows = Rc::new(collect(&mut *operator, &mut reservation)?);
        let known = KnownCte {
            slots,
            rows: rows.clone(),
            bytes: reservation.leave(),
        };
        self.memo.ctes.borrow_mut().insert(number, known);
        Ok(rows)
    }

    fn subquery_rows(&self, subplan: &SubPlan, rows_max: usize) -> Result<SubqueryRows> {
        let root = &subplan.root;
        if let Some(rows) = short::rows(self, root)? {
            let batch = Batch::from_rows(&root.types, rows.iter().map(Vec::as_slice))?;
            return Ok(rows_of(vec![batch]));
        }
        let mut operator = build(*self, root)?;
        if rows_max == usize::MAX {
            let mut reservation = self.memory.reservation("SubPlan");
            return Ok(rows_of(collect(&mut *operator, &mut reservation)?));
        }
        let (mut rows, mut batches) = (0, Vec::new());
        while rows < rows_max {
            let Some(batch) = operator.next()? else { break };
            rows += batch.rows;
            batches.push(batch);
        }
        Ok(rows_of(batches))
    }
}

/// The rows of all `batches`, column by column.
fn rows_of(batches: Vec<Batch>) -> SubqueryRows {
    let rows = batches.iter().map(|b| b.rows).sum();
    let mut columns: Vec<Vec<ArrayRef>> = Vec::new();
    for batch in batches {
        columns.resize(batch.columns.len(), Vec::new());
        for (pieces, piece) in columns.iter_mut().zip(batch.columns) {
            pieces.push(piece);
        }
    }
    SubqueryRows::new(rows, columns)
}
