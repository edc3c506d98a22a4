//! Plans of LATERAL, and of functions that give rows.
//!
//! A lateral query is a subplan, run for each row of the left side like a subquery of an expression over that row.

use crate::error::{Error, Result};
use crate::plan::block::Block;
use crate::plan::cost;
use crate::plan::expr::{columns_of, conjunction, subquery};
use crate::plan::physical::{Cost, NodeKind, PlanNode};
use crate::plan::planner::{Built, Planner, subplan_number};
use crate::plan::relation::Group;
use crate::sql::bound::{Expr, ExprKind, Function, JoinKind, Lateral, SetRows, TableFunction};
use crate::types::Value;

/// Rows that a function is thought to give when its arguments are not known, as PostgreSQL guesses.
const FUNCTION_ROWS: f64 = 1000.0;

/// Rows that functions in the SELECT list are thought to give for a row.
const SET_ROWS: f64 = 10.0;

impl Planner<'_> {
    /// `left` with the rows of `query`, whose first column has the given number.
    pub(crate) fn lateral(
        &mut self,
        kind: JoinKind,
        left: &Group,
        (query, first): (&Lateral, usize),
        on: &[Expr],
        needed: &[usize],
        block: &Block,
    ) -> Result<Built> {
        let mut needed = needed.to_vec();
        needed.extend(on.iter().chain([&query.rows]).flat_map(columns_of));
        let left = self.group(left, &needed, block, None)?.0;
        let rows = self.resolve(query.rows.clone(), &left.layout)?;
        let subplan = subquery(&rows).and_then(subplan_number);
        let subplan =
            subplan.ok_or_else(|| Error::misuse("PLAN-4: the rows of LATERAL are planned"))?;
        let inner = &self.subplans[subplan].root;
        let (inner_rows, inner_cost) = (inner.rows, inner.cost);
        let mut layout = left.layout;
        layout.extend(first..first + query.types.len());
        let mut types = left.node.types.clone();
        types.extend(&query.types);
        let on = conjunction(self.predicates(on.to_vec(), &layout)?);
        let rows = (left.node.rows * inner_rows).max(1e-3);
        let node = PlanNode {
            types,
            rows,
            cost: Cost {
                startup: left.node.cost.startup + inner_cost.startup,
                total: left.node.cost.total + left.node.rows * inner_cost.total + rows * cost::ROW,
            },
            kind: NodeKind::Lateral {
                left: Box::new(left.node),
                subplan,
                alias: query.alias.clone(),
                kind,
                on,
            },
        };
        Ok(Built { node, layout })
    }

    /// For each row of a query the rows of functions of it.
    pub(crate) fn set_rows(&mut self, rows: &SetRows) -> Result<PlanNode> {
        let input = self.plan_query((*rows.query).clone())?;
        let count = (input.rows * SET_ROWS).max(1.0);
        Ok(PlanNode {
            types: rows.types.clone(),
            rows: count,
            cost: Cost {
                startup: input.cost.startup,
                total: input.cost.total + count * cost::ROW,
            },
            kind: NodeKind::ProjectSet {
                input: Box::new(input),
                calls: rows.calls.clone(),
            },
        })
    }

    /// The rows of a function.
    pub(crate) fn function(&mut self, function: &Function) -> Result<PlanNode> {
        let mut function = function.clone();
        function.arguments = self.resolve_all(function.arguments, &[])?;
        let known = |e: &Expr| match e.kind {
            ExprKind::Literal(Value::Int4(v)) => Some(f64::from(v)),
            ExprKind::Literal(Value::Int8(v)) => Some(v as f64),
            _ => None,
        };
        let rows = match function.arguments.as_slice() {
            [array] if function.function == TableFunction::Unnest => match &array.kind {
                ExprKind::Literal(Value::Array(array)) => Some(array.values().len() as f64),
                _ => None,
            },
            [start, stop] => known(stop).zip(known(start)).map(|(b, a)| b - a + 1.0),
            _ => None,
        };
        let rows = rows.unwrap_or(FUNCTION_ROWS).max(1.0);
        Ok(PlanNode {
            types: function.types.clone(),
            rows,
            cost: Cost {
                startup: 0.0,
                total: rows * cost::ROW,
            },
            kind: NodeKind::FunctionScan(function),
        })
    }
}
