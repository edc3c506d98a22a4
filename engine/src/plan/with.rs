//! Queries of WITH: merged into the place where they are used, or computed once for all places.
//!
//! ```text
//!   used once               its query stands where it is referred to, and is planned there like any derived table
//!   several times,          CTE Scan on x ┐
//!   or MATERIALIZED         CTE Scan on x ┴─▶ a subplan, whose rows are kept
//!   WITH RECURSIVE          Recursive Union ─┬─▶ seed
//!                                            └─▶ step … WorkTable Scan: the rows of the step before
//! ```
//!
//! A change of WITH is always a subplan.
//!
//! As in PostgreSQL since version 12. A query that reads a working table is always merged: it gives other rows in each
//! step.

use crate::error::{Error, Result};
use crate::plan::cost;
use crate::plan::expr::{subquery, visit_query};
use crate::plan::physical::{Cost, NodeKind, PlanNode, SubPlan};
use crate::plan::planner::Planner;
use crate::sql::bound::{CteReference, Expr, From, ModifyingQuery, Query, Recursive, WithQuery};
use crate::sql::walk::any_operand;
use std::sync::Arc;

/// Steps that a recursive query is thought to make, as PostgreSQL guesses.
const STEPS: f64 = 10.0;

/// How a query of WITH is used where it is referred to.
#[derive(Clone, Debug)]
pub(crate) struct CtePlan {
    kind: CteKind,
    /// The slots that its rows depend on.
    slots_read: Vec<usize>,
}

#[derive(Clone, Debug)]
enum CteKind {
    /// It stands there itself.
    Merged(Box<Query>),
    /// Its rows are read, which the subplan of that number gives, about so many.
    Computed(usize, f64),
    /// It is being planned: the rows of that working table are read, about so many.
    Working(usize, f64),
}

impl Planner<'_> {
    /// Plans the queries of a WITH, so that they can be referred to.
    pub(crate) fn with(&mut self, with: Vec<WithQuery>) -> Result<()> {
        for one in with {
            if let Some(change) = one.change {
                self.with_change(one.id, one.name, change)?;
                continue;
            }
            if one.references == 0 {
                continue;
            }
            let recursive = matches!(one.query.from, Some(From::Recursive(_)));
            let merged = self.reads_working_table(&one.query)
                || match one.materialized {
                    Some(materialized) => !materialized && !recursive,
                    None => one.references == 1 && !(recursive && one.in_subquery),
                };
            let slots_read = self.slots_read(&one.query);
            let kind = if merged {
                CteKind::Merged(Box::new(one.query))
            } else {
                let root = self.plan_query(one.query)?;
                let rows = root.rows;
                self.subplans.push(SubPlan {
                    root,
                    arguments: Vec::new(),
                    slots_read: slots_read.clone(),
                    cte: Some(one.name),
                });
                CteKind::Computed(self.subplans.len() - 1, rows)
            };
            self.ctes.insert(one.id, CtePlan { kind, slots_read });
        }
        Ok(())
    }

    /// Plans a change of WITH, which is made whether or not anything refers to it.
    fn with_change(&mut self, id: usize, name: String, change: ModifyingQuery) -> Result<()> {
        let statement = Arc::unwrap_or_clone(change.0);
        let (mut change, output) = self.plan_change(statement)?;
        change.repeats = true;
        let (rows, cost) = change.estimate();
        let root = PlanNode {
            kind: NodeKind::Change(Box::new(change)),
            types: output.iter().map(|c| c.sql_type).collect(),
            rows,
            cost,
        };
        self.subplans.push(SubPlan {
            root,
            arguments: Vec::new(),
            slots_read: Vec::new(),
            cte: Some(name),
        });
        let plan = CtePlan {
            kind: CteKind::Computed(self.subplans.len() - 1, rows),
            slots_read: Vec::new(),
        };
        self.ctes.insert(id, plan);
        Ok(())
    }

    /// The slots that the queries of WITH outside of `query` depend on to which it refers.
    pub(crate) fn slots_of_ctes(&self, query: &Query, slots: &mut Vec<usize>) {
        visit_sources(query, &mut |from| {
            if let From::Cte(reference) = from
                && let Some(cte) = self.ctes.get(&reference.id)
            {
                slots.extend(&cte.slots_read);
            }
        });
    }

    /// Whether `query` depends on a working table that is not its own.
    fn reads_working_table(&self, query: &Query) -> bool {
        let (mut own, mut read) = (Vec::new(), Vec::new());
        let mut through_others = false;
        visit_sources(query, &mut |from| match from {
            From::Recursive(recursive) => own.push(recursive.id),
            From::Cte(reference) if reference.working => read.push(reference.id),
            From::Cte(reference) => {
                let kind = self.ctes.get(&reference.id).map(|cte| &cte.kind);
                if let Some(CteKind::Merged(query)) = kind {
                    through_others |= self.reads_working_table(query);
                }
            }
            _ => {}
        });
        through_others || read.iter().any(|id| !own.contains(id))
    }

    /// Puts the queries that are merged into their places in `from`.
    pub(crate) fn merge_ctes(&self, from: &mut From) {
        match from {
            From::Join { left, right, .. } => {
                self.merge_ctes(left);
                self.merge_ctes(right);
            }
            From::Cte(CteReference { id, alias, .. }) => {
                let kind = self.ctes.get(id).map(|cte| &cte.kind);
                if let Some(CteKind::Merged(query)) = kind {
                    *from = From::Subquery {
                        query: query.clone(),
                        alias: std::mem::take(alias),
                        row_ids: Vec::new(),
                    };
                }
            }
            _ => {}
        }
    }

    /// The scan of a query of WITH that is not merged.
    pub(crate) fn cte_scan(&self, reference: &CteReference) -> Result<PlanNode> {
        let alias = reference.alias.clone();
        let kind = self.ctes.get(&reference.id).map(|cte| &cte.kind);
        let (kind, rows) = match kind {
            Some(CteKind::Computed(subplan, rows)) => {
                let subplan = *subplan;
                (NodeKind::CteScan { subplan, alias }, *rows)
            }
            Some(CteKind::Working(table, rows)) => {
                let table = *table;
                (NodeKind::WorkTableScan { table, alias }, *rows)
            }
            Some(CteKind::Merged(_)) | None => {
                return Err(Error::misuse(
                    "a query of WITH is planned before it is used",
                ));
            }
        };
        Ok(PlanNode {
            kind,
            types: reference.types.clone(),
            rows,
            cost: Cost {
                startup: 0.0,
                total: rows * cost::ROW,
            },
        })
    }

    /// The plan of a recursive query.
    pub(crate) fn recursive(&mut self, recursive: Recursive) -> Result<PlanNode> {
        let seed = self.plan_query(recursive.seed)?;
        let table = self.work_tables;
        self.work_tables += 1;
        let working = CtePlan {
            kind: CteKind::Working(table, seed.rows * STEPS),
            slots_read: Vec::new(),
        };
        self.ctes.insert(recursive.id, working);
        let step = self.plan_query(recursive.step)?;
        let rows = seed.rows + STEPS * step.rows;
        Ok(PlanNode {
            types: recursive.types,
            rows,
            cost: Cost {
                startup: seed.cost.startup,
                total: seed.cost.total + STEPS * step.cost.total + rows * cost::ROW,
            },
            kind: NodeKind::RecursiveUnion {
                seed: Box::new(seed),
                step: Box::new(step),
                all: recursive.all,
                table,
            },
        })
    }
}

/// Calls `f` with every source of `query`, those in its subqueries and in its WITH included.
fn visit_sources(query: &Query, f: &mut dyn FnMut(&From)) {
    fn in_from(from: &From, f: &mut dyn FnMut(&From)) {
        f(from);
        match from {
            From::Subquery { query, .. } => sources(query, f),
            From::SetRows(rows) => sources(&rows.query, f),
            From::SetOperation(operation) => operation.inputs.iter().for_each(|q| sources(q, f)),
            From::Recursive(recursive) => {
                sources(&recursive.seed, f);
                sources(&recursive.step, f);
            }
            From::Join { left, right, .. } => {
                in_from(left, f);
                in_from(right, f);
            }
            From::Table { .. }
            | From::Values { .. }
            | From::Cte(_)
            | From::Function(_)
            | From::Lateral(_) => {}
        }
    }
    /// Without those in expressions, which the caller reaches in another way.
    fn sources(query: &Query, f: &mut dyn FnMut(&From)) {
        query.with.iter().for_each(|with| sources(&with.query, f));
        query.from.iter().for_each(|from| in_from(from, f));
    }
    fn in_expr(expr: &Expr, f: &mut dyn FnMut(&From)) {
        if let Some(query) = subquery(expr) {
            visit_sources(query, f);
        }
        any_operand(expr, &mut |e| {
            in_expr(e, f);
            false
        });
    }
    sources(query, f);
    visit_query(query, &mut |e| in_expr(e, f));
}
