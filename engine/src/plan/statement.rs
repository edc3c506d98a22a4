//! The plan of a statement: of a query, of a change, or the statement itself where there is nothing to plan.

use crate::catalog::Table;
use crate::error::Result;
use crate::plan::block::Block;
use crate::plan::explain;
use crate::plan::expr::{has_subquery, is_row_independent, split_conjuncts, visit_columns_mut};
use crate::plan::fold::{fold, fold_query};
use crate::plan::physical::{NodeKind, PlanNode, SubPlan};
use crate::plan::planner::{Fold, Planner};
use crate::plan::relation::table_relation;
use crate::sql::Integrity;
use crate::sql::bound::{
    Delete, Expr, ExprKind, From, Insert, OutputColumn, Query, Returning, Statement, Update,
    WithQuery,
};
use crate::types::SqlType;
use std::sync::Arc;

/// A statement, ready to run any number of times while the schema stays.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What to do.
    pub(crate) body: Body,
    /// Result columns; empty for a statement that gives none.
    pub(crate) output: Vec<OutputColumn>,
    /// Subqueries in expressions, by their number.
    pub(crate) subplans: Vec<SubPlan>,
    /// Parameter slots: the user's parameters, then what subqueries are given.
    pub(crate) slots: usize,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Gives rows.
    Query(PlanNode),
    /// Adds, changes or removes rows.
    Change(Box<Change>),
    /// Gives these lines.
    Explain(Vec<String>),
    /// Definition, maintenance, transaction control, `SHOW`.
    Utility(Statement),
}

/// A change of rows.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The table.
    pub(crate) table: Arc<Table>,
    /// What happens.
    pub(crate) kind: ChangeKind,
    /// CHECK constraints over the new row, by name.
    pub(crate) checks: Vec<(String, Expr)>,
    /// RETURNING over the new row (of a removal: the old one).
    pub(crate) returning: Option<Vec<Expr>>,
    /// What foreign keys ask for.
    pub(crate) integrity: Option<Arc<Integrity>>,
}

/// What a change does.
#[derive(Clone, Debug)]
pub(crate) enum ChangeKind {
    /// Adds rows of row-independent expressions.
    InsertRows(Vec<Vec<Expr>>),
    /// Adds the rows of a query.
    InsertQuery(PlanNode),
    /// Changes the rows that a scan gives (all columns, then the row id); new values over the old row.
    Update(PlanNode, Vec<(usize, Expr)>),
    /// Removes the rows that a scan gives (the columns it names, then the row id).
    Delete(PlanNode),
}

/// Plans `statement`, which has `parameters` parameters.
pub(crate) fn plan(statement: Statement, parameters: usize, folder: &dyn Fold) -> Result<Plan> {
    let mut planner = Planner::new(folder, parameters);
    let (body, output) = match statement {
        Statement::Query(mut query) => {
            fold_query(&mut query, folder);
            let output = query.output.clone();
            (Body::Query(planner.plan_query(*query)?), output)
        }
        Statement::Insert(insert) => planner.insert(*insert)?,
        Statement::Update(update) => planner.update(*update)?,
        Statement::Delete(delete) => planner.delete(*delete)?,
        Statement::Explain(inner) => {
            let lines = explain::lines(&plan(*inner, parameters, folder)?);
            let output = vec![OutputColumn {
                name: "QUERY PLAN".into(),
                sql_type: SqlType::Text,
            }];
            (Body::Explain(lines), output)
        }
        Statement::Setting(setting) => {
            let output = setting.columns();
            (Body::Utility(Statement::Setting(setting)), output)
        }
        Statement::CheckDatabase => {
            let output = vec![OutputColumn {
                name: "problem".into(),
                sql_type: SqlType::Text,
            }];
            (Body::Utility(Statement::CheckDatabase), output)
        }
        other => (Body::Utility(other), Vec::new()),
    };
    Ok(Plan {
        body,
        output,
        subplans: planner.subplans,
        slots: planner.slots,
    })
}

type Planned = (Body, Vec<OutputColumn>);

impl Planner<'_> {
    /// The queries of a WITH before a change.
    fn folded_with(&mut self, mut with: Vec<WithQuery>) -> Result<()> {
        for one in &mut with {
            fold_query(&mut one.query, self.folder);
        }
        self.with(with)
    }

    fn insert(&mut self, mut insert: Insert) -> Result<Planned> {
        self.folded_with(insert.with)?;
        fold_query(&mut insert.source, self.folder);
        let kind = match constant_rows(&insert.source) {
            Some(mut rows) => {
                rows.iter_mut().flatten().for_each(|e| fold(e, self.folder));
                ChangeKind::InsertRows(rows)
            }
            None => ChangeKind::InsertQuery(self.plan_query(insert.source)?),
        };
        self.change(
            insert.table,
            kind,
            insert.checks,
            insert.returning,
            insert.integrity,
        )
    }

    fn update(&mut self, update: Update) -> Result<Planned> {
        self.folded_with(update.with)?;
        let needed: Vec<usize> = (0..update.table.columns.len()).collect();
        let source = self.changed_rows(&update.table, update.filter, &needed)?;
        let mut assignments = Vec::new();
        for (c, mut value) in update.assignments {
            fold(&mut value, self.folder);
            assignments.push((c, self.resolve(value, &needed)?));
        }
        let kind = ChangeKind::Update(source, assignments);
        self.change(
            update.table,
            kind,
            update.checks,
            update.returning,
            update.integrity,
        )
    }

    fn delete(&mut self, delete: Delete) -> Result<Planned> {
        self.folded_with(delete.with)?;
        // RETURNING may want any column; otherwise only the keys are read, of indexes and those that others reference.
        let table = &delete.table;
        let needed: Vec<usize> = if delete.returning.is_some() {
            (0..table.columns.len()).collect()
        } else {
            let of_indexes = table.indexes.iter().flat_map(|i| &i.columns);
            let row_id = table.row_id_column.filter(|_| delete.integrity.is_some());
            of_indexes.map(|(c, _)| *c).chain(row_id).collect()
        };
        let source = self.changed_rows(&delete.table, delete.filter, &needed)?;
        let kind = ChangeKind::Delete(source);
        self.change(
            delete.table,
            kind,
            Vec::new(),
            delete.returning,
            delete.integrity,
        )
    }

    fn change(
        &mut self,
        table: Arc<Table>,
        kind: ChangeKind,
        checks: Vec<(String, Expr)>,
        returning: Option<Returning>,
        integrity: Option<Arc<Integrity>>,
    ) -> Result<Planned> {
        let all: Vec<usize> = (0..table.columns.len()).collect();
        let mut resolved = Vec::new();
        for (name, mut check) in checks {
            fold(&mut check, self.folder);
            resolved.push((name, self.resolve(check, &all)?));
        }
        let (returning, output) = match returning {
            Some(mut returning) => {
                returning
                    .expressions
                    .iter_mut()
                    .for_each(|e| fold(e, self.folder));
                let exprs = self.resolve_all(returning.expressions, &all)?;
                (Some(exprs), returning.output)
            }
            None => (None, Vec::new()),
        };
        let change = Change {
            table,
            kind,
            checks: resolved,
            returning,
            integrity,
        };
        Ok((Body::Change(Box::new(change)), output))
    }

    /// The rows of `table` to change: the `needed` columns (and those of the filter), then the row id.
    fn changed_rows(
        &mut self,
        table: &Arc<Table>,
        filter: Option<Expr>,
        needed: &[usize],
    ) -> Result<PlanNode> {
        let mut conditions = Vec::new();
        if let Some(mut filter) = filter {
            fold(&mut filter, self.folder);
            split_conjuncts(filter, &mut conditions);
        }
        let relation = table_relation(table, conditions);
        let block = Block::of_table(table);
        let mut node = self.relation(&relation, needed, &block, None)?.0.node;
        if let NodeKind::Scan(scan) = &mut node.kind {
            scan.with_row_id = true;
            node.types.push(SqlType::Int8);
        }
        Ok(node)
    }
}

/// The rows of an `INSERT … VALUES` as row-independent expressions, when it is nothing more than that.
fn constant_rows(source: &Query) -> Option<Vec<Vec<Expr>>> {
    let plain = source.filter.is_none()
        && source.aggregate.is_none()
        && source.having.is_none()
        && !source.distinct
        && source.order_by.is_empty()
        && source.with.is_empty()
        && source.limit.is_none()
        && source.offset.is_none()
        && !source.projection.iter().any(has_subquery);
    if !plain {
        return None;
    }
    let rows = match &source.from {
        None => vec![Vec::new()],
        Some(From::Values { rows, .. }) => rows.clone(),
        Some(From::Subquery { query, .. }) => constant_rows(query)?,
        Some(_) => return None,
    };
    if !rows.iter().flatten().all(is_row_independent) {
        return None;
    }
    let row = |values: &Vec<Expr>| -> Option<Vec<Expr>> {
        let mut complete = true;
        let projected = source.projection[..source.output.len()]
            .iter()
            .map(|e| {
                let mut e = e.clone();
                visit_columns_mut(&mut e, 0, &mut |node, c| match values.get(c) {
                    Some(value) => *node = value.clone(),
                    None => complete = false,
                });
                e
            })
            .collect();
        complete.then_some(projected)
    };
    let rows: Vec<Vec<Expr>> = rows.iter().map(row).collect::<Option<_>>()?;
    // An outer column would be one of a statement around this one, which there is none.
    let outer = |e: &Expr| matches!(e.kind, ExprKind::OuterColumn { .. });
    (!rows.iter().flatten().any(outer)).then_some(rows)
}
