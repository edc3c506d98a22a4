//! What the parts of the planner share: subplans, parameter slots, and the step from columns of a query to positions.

use crate::catalog::Table;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::cost;
use crate::plan::expr::{
    has_subquery, subquery_mut, visit_columns_mut, visit_query, visit_query_mut,
};
use crate::plan::fold::fold;
use crate::plan::physical::{Cost, NodeKind, PlanNode, SubPlan};
use crate::plan::with::CtePlan;
use crate::sql::IndexKeys;
use crate::sql::bound::{Distinct, Expr, ExprKind, Query};
use crate::sql::walk::{any_operand, operands_mut};
use crate::types::{SqlType, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Nesting of queries that is planned before `54001`.
const DEPTH_MAX: usize = 64;

/// Computes constant expressions; the executor's evaluator, which lives a floor higher.
pub(crate) trait Fold {
    /// The value of `expr`, which has no columns, parameters or subqueries; an error when evaluating it fails.
    fn fold(&self, expr: &Expr) -> Result<Value>;
}

/// What plans may be made of, beside what the schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlanOptions {
    /// `enable_mergejoin`
    pub(crate) merge_joins: bool,
}

/// Plans the queries of one statement.
pub(crate) struct Planner<'a> {
    pub(crate) folder: &'a dyn Fold,
    pub(crate) options: PlanOptions,
    pub(crate) subplans: Vec<SubPlan>,
    pub(crate) slots: usize,
    /// The queries of WITH that are planned, by their number.
    pub(crate) ctes: BTreeMap<usize, CtePlan>,
    /// Working tables of recursive queries so far.
    pub(crate) work_tables: usize,
    parameters: usize,
    /// Subqueries around what is being planned.
    pub(crate) depth: usize,
}

/// A node, and which column of the query each of its output columns is.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) node: PlanNode,
    pub(crate) layout: Vec<usize>,
}

impl<'a> Planner<'a> {
    /// For a statement with `parameters` parameters.
    pub(crate) fn new(folder: &'a dyn Fold, options: PlanOptions, parameters: usize) -> Self {
        Self {
            folder,
            options,
            subplans: Vec::new(),
            slots: parameters,
            ctes: BTreeMap::new(),
            work_tables: 0,
            parameters,
            depth: 0,
        }
    }

    /// What is computed for the indexes of `table`, folded as the conditions of queries are.
    pub(crate) fn index_keys(&self, table: &Table) -> Result<Arc<IndexKeys>> {
        let mut keys = IndexKeys::of(table)?;
        if let Some(keys) = Arc::get_mut(&mut keys) {
            keys.each_mut(&mut |expr| fold(expr, self.folder));
        }
        Ok(keys)
    }

    /// `expr` over the columns of a query as an expression over a node's output, its subqueries planned.
    pub(crate) fn resolve(&mut self, mut expr: Expr, layout: &[usize]) -> Result<Expr> {
        let mut missing = None;
        visit_columns_mut(&mut expr, 0, &mut |node, column| match (
            layout.iter().position(|c| *c == column),
            &mut node.kind,
        ) {
            (Some(at), ExprKind::Column(c) | ExprKind::OuterColumn { column: c, .. }) => {
                *c = at;
            }
            _ => missing = Some(column),
        });
        if let Some(column) = missing {
            return Err(Error::new(
                ErrorKind::Misuse,
                "XX000",
                format!("planner: column {column} is not among {layout:?}"),
            ));
        }
        self.plan_subqueries(&mut expr)?;
        Ok(expr)
    }

    /// [`Self::resolve`] for several.
    pub(crate) fn resolve_all(&mut self, exprs: Vec<Expr>, layout: &[usize]) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|e| self.resolve(e, layout)).collect()
    }

    fn plan_subqueries(&mut self, expr: &mut Expr) -> Result<()> {
        operands_mut(expr, &mut |operand| self.plan_subqueries(operand))?;
        let exists = matches!(expr.kind, ExprKind::Exists { .. });
        if let Some(query) = subquery_mut(expr) {
            let number = self.plan_subquery(query, exists)?;
            *query = numbered(number, query);
        }
        Ok(())
    }

    fn plan_subquery(&mut self, query: &mut Query, exists: bool) -> Result<usize> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::new(
                ErrorKind::Limit,
                "54001",
                format!("queries are nested more than {DEPTH_MAX} deep"),
            ));
        }
        let mut arguments: Vec<(usize, usize, SqlType)> = Vec::new();
        let slots = &mut self.slots;
        visit_query_mut(query, &mut |e| {
            visit_columns_mut(e, 1, &mut |node, column| {
                let known = arguments.iter().find(|(c, ..)| *c == column);
                let slot = known.map_or(*slots, |(_, slot, _)| *slot);
                if slot == *slots {
                    *slots += 1;
                    arguments.push((column, slot, node.sql_type));
                }
                node.kind = ExprKind::Parameter(slot);
            });
        });
        let slots_read = self.slots_read(query);
        let mut planned = query.clone();
        if exists
            && planned.limit.is_none()
            && planned.aggregate.is_none()
            && planned.windows.is_empty()
            && planned.locks.is_empty()
        {
            // That there is a row decides, not what is in it.
            planned.projection.clear();
            planned.output.clear();
            planned.order_by.clear();
            planned.distinct = Distinct::No;
        }
        let root = self.plan_query(planned)?;
        self.depth -= 1;
        self.subplans.push(SubPlan {
            root,
            arguments,
            slots_read,
            cte: None,
        });
        Ok(self.subplans.len() - 1)
    }

    /// The slots that the rows of `query` depend on, ascending.
    pub(crate) fn slots_read(&self, query: &Query) -> Vec<usize> {
        fn walk(expr: &Expr, first: usize, slots: &mut Vec<usize>) {
            if let ExprKind::Parameter(slot) = expr.kind
                && slot >= first
            {
                slots.push(slot);
            }
            if let Some(query) = crate::plan::expr::subquery(expr) {
                visit_query(query, &mut |e| walk(e, first, slots));
            }
            any_operand(expr, &mut |operand| {
                walk(operand, first, slots);
                false
            });
        }
        let mut slots = Vec::new();
        visit_query(query, &mut |e| walk(e, self.parameters, &mut slots));
        self.slots_of_ctes(query, &mut slots);
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// `built` with only the rows for which all of `conditions` hold; those with subqueries are tried last.
    pub(crate) fn filtered(
        &mut self,
        built: Built,
        conditions: Vec<Expr>,
        selectivity: f64,
    ) -> Result<Built> {
        let (joined, by_row): (Vec<Expr>, Vec<Expr>) =
            conditions.into_iter().partition(|e| self.is_candidate(e));
        let mut built = self.filtered_by_row(built, by_row, selectivity)?;
        for condition in joined {
            built = self.filtered_by_subquery(built, condition, selectivity)?;
        }
        Ok(built)
    }

    /// [`Self::filtered`], where each condition is evaluated for each row.
    pub(crate) fn filtered_by_row(
        &mut self,
        built: Built,
        conditions: Vec<Expr>,
        selectivity: f64,
    ) -> Result<Built> {
        if conditions.is_empty() {
            return Ok(built);
        }
        if conditions.iter().any(is_never_true) {
            return Ok(nothing(built));
        }
        let predicates = self.predicates(conditions, &built.layout)?;
        let subqueries = predicates.iter().filter(|e| has_subquery(e)).count();
        let input = built.node;
        let rows = (input.rows * selectivity).max(1e-3);
        let cost = Cost {
            startup: input.cost.startup,
            total: input.cost.total
                + cost::predicates(input.rows, predicates.len() - subqueries, subqueries),
        };
        let node = PlanNode {
            types: input.types.clone(),
            rows,
            cost,
            kind: NodeKind::Filter {
                input: Box::new(input),
                predicates,
            },
        };
        Ok(Built {
            node,
            layout: built.layout,
        })
    }

    /// `conditions` resolved, in the order in which they are tried.
    pub(crate) fn predicates(
        &mut self,
        conditions: Vec<Expr>,
        layout: &[usize],
    ) -> Result<Vec<Expr>> {
        let (expensive, cheap): (Vec<Expr>, Vec<Expr>) =
            conditions.into_iter().partition(has_subquery);
        let mut predicates = self.resolve_all(cheap, layout)?;
        predicates.extend(self.resolve_all(expensive, layout)?);
        Ok(predicates)
    }
}

/// A literal FALSE or NULL.
pub(crate) fn is_never_true(condition: &Expr) -> bool {
    matches!(
        condition.kind,
        ExprKind::Literal(Value::Bool(false) | Value::Null)
    )
}

/// No rows, in the shape of `built`.
pub(crate) fn nothing(built: Built) -> Built {
    Built {
        node: PlanNode {
            kind: NodeKind::Nothing,
            types: built.node.types,
            rows: 0.0,
            cost: Cost::default(),
        },
        layout: built.layout,
    }
}

/// What stands for a planned subquery in its expression: a query that gives the subplan's number.
fn numbered(number: usize, query: &Query) -> Query {
    Query {
        projection: vec![Expr {
            kind: ExprKind::Literal(Value::Int8(number as i64)),
            sql_type: SqlType::Int8,
        }],
        output: query.output.clone(),
        ..Query::default()
    }
}

/// The number of the subplan for which `query` stands.
pub(crate) fn subplan_number(query: &Query) -> Option<usize> {
    match query.projection.first()?.kind {
        ExprKind::Literal(Value::Int8(number)) => usize::try_from(number).ok(),
        _ => None,
    }
}
