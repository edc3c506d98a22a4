//! Plans of set operations: branches one after the other, and what compares their rows.

use crate::error::Result;
use crate::plan::cost;
use crate::plan::fold::fold;
use crate::plan::physical::{Cost, NodeKind, PlanNode, SetOpKind};
use crate::plan::planner::Planner;
use crate::plan::query::distinct;
use crate::plan::relation::prune_derived;
use crate::sql::bound::{SetOperation, SetOperator};
use crate::types::SqlType;

impl Planner<'_> {
    /// The plan of `operation`, of whose columns only the `wanted` ones are read.
    pub(crate) fn set_operation(
        &mut self,
        operation: SetOperation,
        wanted: &[bool],
    ) -> Result<PlanNode> {
        let SetOperation {
            operator,
            all,
            inputs,
            types,
        } = operation;
        let mut branches = Vec::with_capacity(inputs.len());
        for mut query in inputs {
            // Where rows are compared, all of their columns are.
            if operator == SetOperator::Union && all {
                prune_derived(&mut query, wanted);
            }
            // A condition from above may be one over constants here.
            query
                .filter
                .iter_mut()
                .for_each(|condition| fold(condition, self.folder));
            branches.push(self.plan_query(query)?);
        }
        let kind = match operator {
            SetOperator::Union => {
                let node = append(branches, types);
                return Ok(if all { node } else { distinct(node) });
            }
            SetOperator::Intersect => SetOpKind::Intersect,
            SetOperator::Except => SetOpKind::Except,
        };
        // The left side is all but one of two.
        let right = branches
            .pop()
            .unwrap_or_else(|| append(Vec::new(), types.clone()));
        Ok(set_op(append(branches, types), right, kind, all))
    }
}

/// The rows of `inputs`; the input itself where it is the only one that can give any.
fn append(mut inputs: Vec<PlanNode>, types: Vec<SqlType>) -> PlanNode {
    if inputs.iter().all(is_empty) {
        inputs.truncate(1);
    } else {
        inputs.retain(|input| !is_empty(input));
    }
    if inputs.len() == 1
        && let Some(only) = inputs.pop()
    {
        return only;
    }
    PlanNode {
        types,
        rows: inputs.iter().map(|input| input.rows).sum(),
        cost: Cost {
            startup: inputs.first().map_or(0.0, |first| first.cost.startup),
            total: inputs.iter().map(|input| input.cost.total).sum(),
        },
        kind: NodeKind::Append(inputs),
    }
}

/// Whether it shows in its form that `node` gives no rows.
fn is_empty(node: &PlanNode) -> bool {
    match &node.kind {
        NodeKind::Nothing => true,
        NodeKind::Project { input, .. }
        | NodeKind::Filter { input, .. }
        | NodeKind::Derived { input, .. } => is_empty(input),
        _ => false,
    }
}

fn set_op(left: PlanNode, right: PlanNode, kind: SetOpKind, all: bool) -> PlanNode {
    // As PostgreSQL guesses: nothing is known of what the sides have in common.
    let rows = match kind {
        SetOpKind::Intersect => left.rows.min(right.rows),
        SetOpKind::Except => left.rows,
    };
    let width = left.types.len().max(1) as f64;
    let startup = left.cost.startup + right.cost.total + right.rows * cost::OPERATOR * width;
    PlanNode {
        types: left.types.clone(),
        rows,
        cost: Cost {
            startup,
            total: startup
                + (left.cost.total - left.cost.startup)
                + left.rows * cost::OPERATOR * width,
        },
        kind: NodeKind::SetOp {
            left: Box::new(left),
            right: Box::new(right),
            kind,
            all,
        },
    }
}
