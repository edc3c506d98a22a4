//! The plan of a change: where its rows come from, and what becomes of each.
//!
//! ```text
//!   rows of an INSERT            the columns of the table
//!   rows to change               the columns of the table, those of other sources that are asked for, the row id
//! ```

use crate::catalog::Table;
use crate::error::{Error, Result};
use crate::plan::block::Block;
use crate::plan::expr::{
    column, columns_of, has_subquery, is_row_independent, split_conjuncts, visit_columns_mut,
};
use crate::plan::fold::{fold, fold_query};
use crate::plan::physical::{Cost, PlanNode};
use crate::plan::planner::{Built, Planner};
use crate::plan::relation::table_relation;
use crate::sql::bound::{
    self, ConflictUpdate, CopyForm, Delete, Expr, ExprKind, From, Insert, Merge, MergeAction,
    MergeKind, OnConflict, OutputColumn, Query, Returning, RowRules, Statement, Update, WithQuery,
};
use crate::sql::{IndexKeys, Integrity};
use crate::types::SqlType;
use std::sync::Arc;

/// A change of rows.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The table.
    pub(crate) table: Arc<Table>,
    /// What is computed for its indexes.
    pub(crate) keys: Arc<IndexKeys>,
    /// What happens.
    pub(crate) kind: ChangeKind,
    /// What happens instead when a key of a new row is taken.
    pub(crate) conflict: Option<OnConflict>,
    /// Types of what stands behind the columns of the table where a row is looked at: the columns of other sources, or
    /// the row that was to be added.
    pub(crate) beside: Vec<SqlType>,
    /// What new rows go through.
    pub(crate) rules: RowRules,
    /// RETURNING over the new row (of a removal: the old one).
    pub(crate) returning: Option<Vec<Expr>>,
    /// What foreign keys ask for.
    pub(crate) integrity: Option<Arc<Integrity>>,
    /// Whether the statement can come to a row, or to a key, several times.
    pub(crate) repeats: bool,
}

/// A `COPY … FROM`.
#[derive(Clone, Debug)]
pub(crate) struct CopyFrom {
    /// What each row goes through.
    pub(crate) change: Change,
    /// The columns of the table that a line has values for.
    pub(crate) columns: Vec<usize>,
    /// What the others get.
    pub(crate) defaults: Vec<(usize, Expr)>,
    /// Which rows are added, over the columns of the table.
    pub(crate) filter: Option<Expr>,
    /// Where lines come from, and how they are written.
    pub(crate) form: CopyForm,
}

impl CopyFrom {
    /// Types of the columns of the table.
    pub(crate) fn types(&self) -> Vec<SqlType> {
        let columns = self.change.table.columns.iter();
        columns.map(|c| c.sql_type).collect()
    }
}

/// What a change does.
#[derive(Clone, Debug)]
pub(crate) enum ChangeKind {
    /// Adds rows of row-independent expressions.
    InsertRows(Vec<Vec<Expr>>),
    /// Adds the rows of a query.
    InsertQuery(PlanNode),
    /// Changes rows; new values over the old row.
    Update(PlanNode, Vec<(usize, Expr)>),
    /// Removes rows, which have these columns of the table.
    Delete(PlanNode, Vec<usize>),
    /// Does for each row the first of these that applies; no row of the table matches where the row id is NULL.
    Merge(PlanNode, Vec<MergeAction>),
}

impl Change {
    /// Rows that it is thought to write, and the cost of finding them.
    pub(crate) fn estimate(&self) -> (f64, Cost) {
        match &self.kind {
            ChangeKind::InsertRows(rows) => (rows.len() as f64, Cost::default()),
            ChangeKind::InsertQuery(source)
            | ChangeKind::Update(source, _)
            | ChangeKind::Delete(source, _)
            | ChangeKind::Merge(source, _) => (source.rows, source.cost),
        }
    }
}

/// Rows to change: their plan, and which column of the sources each of their columns is, but for the row id.
struct Joined {
    node: PlanNode,
    layout: Vec<usize>,
    beside: Vec<SqlType>,
}

type Planned = (Change, Vec<OutputColumn>);

impl Planner<'_> {
    /// The plan of `INSERT`, `UPDATE`, `DELETE` or `MERGE`.
    pub(crate) fn plan_change(&mut self, change: Statement) -> Result<Planned> {
        match change {
            Statement::Insert(insert) => self.insert(*insert),
            Statement::Update(update) => self.update(*update),
            Statement::Delete(delete) => self.delete(*delete),
            Statement::Merge(merge) => self.merge(*merge),
            _ => Err(Error::misuse("what is planned as a change is one")),
        }
    }

    /// The queries of a WITH before a change.
    fn folded_with(&mut self, mut with: Vec<WithQuery>) -> Result<()> {
        for one in &mut with {
            fold_query(&mut one.query, self.folder);
        }
        self.with(with)
    }

    /// The plan of `COPY … FROM`.
    pub(crate) fn copy_from(&mut self, copy: bound::CopyFrom) -> Result<CopyFrom> {
        let (change, _) = self.insert(copy.insert)?;
        let layout: Vec<usize> = (0..change.table.columns.len()).collect();
        let mut defaults = Vec::with_capacity(copy.defaults.len());
        for (column, mut default) in copy.defaults {
            fold(&mut default, self.folder);
            defaults.push((column, self.resolve(default, &[])?));
        }
        Ok(CopyFrom {
            filter: self.condition(copy.filter, &layout)?,
            change,
            columns: copy.columns,
            defaults,
            form: copy.form,
        })
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
        let types: Vec<SqlType> = insert.table.columns.iter().map(|c| c.sql_type).collect();
        let layout: Vec<usize> = (0..2 * types.len()).collect();
        let conflict = insert.conflict.map(|c| self.conflict(c, &layout));
        let conflict = conflict.transpose()?;
        let updates = conflict.as_ref().is_some_and(|c| c.update.is_some());
        let (returning, output) = self.returning(insert.returning, &layout[..types.len()])?;
        let change = Change {
            kind,
            repeats: conflict.is_some(),
            conflict,
            beside: if updates { types } else { Vec::new() },
            rules: self.rules(insert.rules, &insert.table)?,
            keys: self.index_keys(&insert.table)?,
            table: insert.table,
            returning,
            integrity: insert.integrity,
        };
        Ok((change, output))
    }

    fn conflict(&mut self, conflict: OnConflict, layout: &[usize]) -> Result<OnConflict> {
        let update = match conflict.update {
            None => None,
            Some(update) => Some(ConflictUpdate {
                assignments: self.assignments(update.assignments, layout)?,
                filter: self.condition(update.filter, layout)?,
                visible: self.conditions(update.visible, layout)?,
            }),
        };
        Ok(OnConflict {
            arbiters: conflict.arbiters,
            update,
        })
    }

    fn update(&mut self, update: Update) -> Result<Planned> {
        self.folded_with(update.with)?;
        let repeats = update.from.is_some();
        let Joined {
            node,
            layout,
            beside,
        } = match update.from {
            None => {
                let needed: Vec<usize> = (0..update.table.columns.len()).collect();
                self.changed_rows(&update.table, update.filter, needed)?
            }
            Some(from) => {
                let values = update.assignments.iter().map(|(_, value)| value);
                let used = used(values, update.returning.as_ref());
                self.joined_rows(from, update.filter, (0, &update.table), used)?
            }
        };
        let assignments = self.assignments(update.assignments, &layout)?;
        let (returning, output) = self.returning(update.returning, &layout)?;
        let change = Change {
            kind: ChangeKind::Update(node, assignments),
            conflict: None,
            beside,
            rules: self.rules(update.rules, &update.table)?,
            keys: self.index_keys(&update.table)?,
            table: update.table,
            returning,
            integrity: update.integrity,
            repeats,
        };
        Ok((change, output))
    }

    fn delete(&mut self, delete: Delete) -> Result<Planned> {
        self.folded_with(delete.with)?;
        let table = &delete.table;
        let all: Vec<usize> = (0..table.columns.len()).collect();
        let repeats = delete.from.is_some();
        let joined = match delete.from {
            Some(from) => {
                let used = used(std::iter::empty(), delete.returning.as_ref());
                self.joined_rows(from, delete.filter, (0, table), used)?
            }
            None if delete.returning.is_some() => {
                self.changed_rows(table, delete.filter, all.clone())?
            }
            None => {
                // Only the keys are read, of indexes and those that others reference.
                let mut needed = self.index_keys(table)?.columns(table);
                needed.extend(table.row_id_column.filter(|_| delete.integrity.is_some()));
                self.changed_rows(table, delete.filter, needed)?
            }
        };
        let (returning, output) = self.returning(delete.returning, &joined.layout)?;
        let columns = if repeats { all } else { joined.layout };
        let change = Change {
            kind: ChangeKind::Delete(joined.node, columns),
            conflict: None,
            beside: joined.beside,
            rules: RowRules::default(),
            keys: self.index_keys(&delete.table)?,
            table: delete.table,
            returning,
            integrity: delete.integrity,
            repeats,
        };
        Ok((change, output))
    }

    fn merge(&mut self, merge: Merge) -> Result<Planned> {
        self.folded_with(merge.with)?;
        let mut values: Vec<&Expr> = Vec::new();
        for action in &merge.actions {
            values.extend(&action.condition);
            match &action.kind {
                MergeKind::Update(assignments) => values.extend(assignments.iter().map(|a| &a.1)),
                MergeKind::Insert(row) => values.extend(row),
                MergeKind::Delete | MergeKind::Nothing => {}
            }
        }
        let used = used(values.into_iter(), None);
        let Joined {
            node,
            layout,
            beside,
        } = self.joined_rows(merge.from, None, (merge.offset, &merge.table), used)?;
        let mut actions = Vec::with_capacity(merge.actions.len());
        for action in merge.actions {
            let kind = match action.kind {
                MergeKind::Update(assignments) => {
                    MergeKind::Update(self.assignments(assignments, &layout)?)
                }
                MergeKind::Insert(mut row) => {
                    row.iter_mut().for_each(|e| fold(e, self.folder));
                    MergeKind::Insert(self.resolve_all(row, &layout)?)
                }
                other => other,
            };
            actions.push(MergeAction {
                matched: action.matched,
                condition: self.condition(action.condition, &layout)?,
                kind,
            });
        }
        let change = Change {
            kind: ChangeKind::Merge(node, actions),
            conflict: None,
            beside,
            rules: self.rules(merge.rules, &merge.table)?,
            keys: self.index_keys(&merge.table)?,
            table: merge.table,
            returning: None,
            integrity: merge.integrity,
            repeats: true,
        };
        Ok((change, Vec::new()))
    }

    fn condition(&mut self, condition: Option<Expr>, layout: &[usize]) -> Result<Option<Expr>> {
        let Some(mut condition) = condition else {
            return Ok(None);
        };
        fold(&mut condition, self.folder);
        self.resolve(condition, layout).map(Some)
    }

    fn assignments(
        &mut self,
        assignments: Vec<(usize, Expr)>,
        layout: &[usize],
    ) -> Result<Vec<(usize, Expr)>> {
        let mut resolved = Vec::with_capacity(assignments.len());
        for (c, mut value) in assignments {
            fold(&mut value, self.folder);
            resolved.push((c, self.resolve(value, layout)?));
        }
        Ok(resolved)
    }

    fn rules(&mut self, rules: RowRules, table: &Table) -> Result<RowRules> {
        let all: Vec<usize> = (0..table.columns.len()).collect();
        Ok(RowRules {
            checks: self.conditions(rules.checks, &all)?,
            view_checks: self.conditions(rules.view_checks, &all)?,
            generated: self.assignments(rules.generated, &all)?,
        })
    }

    /// Conditions with names.
    fn conditions(
        &mut self,
        named: Vec<(String, Expr)>,
        layout: &[usize],
    ) -> Result<Vec<(String, Expr)>> {
        let mut resolved = Vec::with_capacity(named.len());
        for (name, mut condition) in named {
            fold(&mut condition, self.folder);
            resolved.push((name, self.resolve(condition, layout)?));
        }
        Ok(resolved)
    }

    fn returning(
        &mut self,
        returning: Option<Returning>,
        layout: &[usize],
    ) -> Result<(Option<Vec<Expr>>, Vec<OutputColumn>)> {
        let Some(mut returning) = returning else {
            return Ok((None, Vec::new()));
        };
        let expressions = &mut returning.expressions;
        expressions.iter_mut().for_each(|e| fold(e, self.folder));
        let expressions = self.resolve_all(returning.expressions, layout)?;
        Ok((Some(expressions), returning.output))
    }

    /// The rows of `table` to change: the `needed` columns (and those of the filter), then the row id.
    fn changed_rows(
        &mut self,
        table: &Arc<Table>,
        filter: Option<Expr>,
        mut needed: Vec<usize>,
    ) -> Result<Joined> {
        let mut conditions = Vec::new();
        if let Some(mut filter) = filter {
            fold(&mut filter, self.folder);
            split_conjuncts(filter, &mut conditions);
        }
        needed.extend(conditions.iter().flat_map(columns_of));
        // It is one column more, so that it comes through whatever the filter makes of the scan.
        let row_id = table.columns.len();
        needed.push(row_id);
        let relation = table_relation(table, conditions);
        let mut block = Block::with_row_id(table);
        block.set_index_keys(|table| self.index_keys(table))?;
        let Built { node, mut layout } = self.relation(&relation, &needed, &block, None)?.0;
        if layout.pop() != Some(row_id) {
            return Err(Error::misuse(
                "EXEC-3: rows to change end with their row id",
            ));
        }
        Ok(Joined {
            node,
            layout,
            beside: Vec::new(),
        })
    }

    /// The rows of `from` to change, where the columns of the table begin at that offset: all columns of the table, the
    /// `used` ones of the other sources, the row id.
    fn joined_rows(
        &mut self,
        from: From,
        filter: Option<Expr>,
        (offset, table): (usize, &Table),
        used: Vec<usize>,
    ) -> Result<Joined> {
        let types = Block::new(Some(&from)).types;
        let end = offset + table.columns.len();
        let mut layout: Vec<usize> = (offset..end).collect();
        layout.extend(used.into_iter().filter(|c| !(offset..=end).contains(c)));
        let type_of = |c: &usize| types.get(*c).copied().unwrap_or(SqlType::Unknown);
        let beside = layout[table.columns.len()..].iter().map(type_of).collect();
        let columns = layout.iter().chain(std::iter::once(&end));
        let projection: Vec<Expr> = columns.map(|c| column(*c, type_of(c))).collect();
        let output = projection.iter().map(|e| OutputColumn {
            name: String::new(),
            sql_type: e.sql_type,
        });
        let mut query = Query {
            from: Some(from),
            filter,
            output: output.collect(),
            projection,
            ..Query::default()
        };
        fold_query(&mut query, self.folder);
        Ok(Joined {
            node: self.plan_query(query)?,
            layout,
            beside,
        })
    }
}

/// The columns of the sources that these expressions refer to, ascending.
fn used<'a>(
    values: impl Iterator<Item = &'a Expr>,
    returning: Option<&'a Returning>,
) -> Vec<usize> {
    let returning = returning.into_iter().flat_map(|r| &r.expressions);
    let mut used: Vec<usize> = values.chain(returning).flat_map(columns_of).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// The rows of an `INSERT … VALUES` as row-independent expressions, when it is nothing more than that.
fn constant_rows(source: &Query) -> Option<Vec<Vec<Expr>>> {
    let plain = source.filter.is_none()
        && source.aggregate.is_none()
        && source.windows.is_empty()
        && !source.distinct.is_some()
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
