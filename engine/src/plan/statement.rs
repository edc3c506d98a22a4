//! The plan of a statement: of a query, of a change, or the statement itself where there is nothing to plan.

use crate::catalog::Table;
use crate::error::Result;
use crate::plan::change::{Change, CopyFrom};
use crate::plan::explain::Explain;
use crate::plan::fold::fold_query;
use crate::plan::physical::{PlanNode, SubPlan};
use crate::plan::planner::{Fold, PlanOptions, Planner};
use crate::sql::bound::{CopyForm, ExplainFormat, ExplainOptions, Filled, OutputColumn, Statement};
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
    /// Makes or empties a table and adds rows to it.
    Fill(Filled, Box<Change>),
    /// Writes the rows of that plan.
    CopyTo(Box<(PlanNode, CopyForm)>),
    /// Adds rows that are read.
    CopyFrom(Box<CopyFrom>),
    /// Shows a plan, which is run before if that is asked for.
    Explain(Box<Explain>),
    /// Definition, maintenance, transaction control, `SHOW`.
    Utility(Statement),
}

impl Plan {
    /// What adds the rows of [`Body::Fill`] to `table`, which was made or emptied for them; any other plan as it is.
    pub(crate) fn filling(&self, table: Table) -> Self {
        let mut plan = self.clone();
        if let Body::Fill(_, mut change) = plan.body {
            change.table = Arc::new(table);
            plan.body = Body::Change(change);
        }
        plan
    }
}

/// Plans `statement`, which has `parameters` parameters.
pub(crate) fn plan(
    statement: Statement,
    parameters: usize,
    options: PlanOptions,
    folder: &dyn Fold,
) -> Result<Plan> {
    let mut planner = Planner::new(folder, options, parameters);
    let (body, output) = match statement {
        Statement::Query(mut query) => {
            fold_query(&mut query, folder);
            let output = query.output.clone();
            (Body::Query(planner.plan_query(*query)?), output)
        }
        change @ (Statement::Insert(_)
        | Statement::Update(_)
        | Statement::Delete(_)
        | Statement::Merge(_)) => {
            let (mut change, output) = planner.plan_change(change)?;
            change.repeats |= planner.subplans.iter().any(SubPlan::is_change);
            (Body::Change(Box::new(change)), output)
        }
        Statement::Fill(filled, rows) => {
            let (change, output) = planner.plan_change(Statement::Insert(rows))?;
            (Body::Fill(filled, Box::new(change)), output)
        }
        Statement::CopyTo(mut copy) => {
            fold_query(&mut copy.query, folder);
            let root = planner.plan_query(copy.query)?;
            (Body::CopyTo(Box::new((root, copy.form))), Vec::new())
        }
        Statement::CopyFrom(copy) => {
            let copy = planner.copy_from(*copy)?;
            (Body::CopyFrom(Box::new(copy)), Vec::new())
        }
        Statement::Explain(inner, shown) => {
            explained(plan(*inner, parameters, options, folder)?, shown)
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

/// What shows `plan`, and its result column.
fn explained(plan: Plan, options: ExplainOptions) -> (Body, Vec<OutputColumn>) {
    let output = OutputColumn {
        name: "QUERY PLAN".into(),
        sql_type: match options.format {
            ExplainFormat::Json => SqlType::Json,
            ExplainFormat::Text | ExplainFormat::Yaml => SqlType::Text,
        },
    };
    let explain = Explain {
        plan,
        options,
        planning_micros: 0,
        settings: Vec::new(),
    };
    (Body::Explain(Box::new(explain)), vec![output])
}
