//! From the nodes of a plan to running operators.

use crate::error::{Error, Result};
use crate::exec::aggregate::Aggregation;
use crate::exec::distinct::Distinct;
use crate::exec::filter::{Filter, Project};
use crate::exec::function_scan::FunctionScan;
use crate::exec::grouping_sets::{Expand, IfEmpty};
use crate::exec::hash_join::{HashJoin, HashJoinParts};
use crate::exec::index_join::IndexJoin;
use crate::exec::lateral::Lateral;
use crate::exec::limit::{Limit, Nothing, OneRow, Values, limits};
use crate::exec::lock_rows::LockRows;
use crate::exec::loop_join::NestedLoop;
use crate::exec::merge_join::{MergeJoin, MergeJoinParts};
use crate::exec::operator::{BoxOperator, Context};
use crate::exec::project_set::ProjectSet;
use crate::exec::recursive::{CteScan, KeptRows, RecursiveUnion};
use crate::exec::scan::ScanOperator;

use crate::exec::set_operation::{Append, SetOp, Sides};
use crate::exec::sort::Sort;
use crate::exec::spill::Hashed;
use crate::exec::ties::{LimitWithTies, Unique};
use crate::exec::window::WindowAggregation;
use crate::plan::{NodeKind, PlanNode};

/// The operator of `node`, its inputs opened.
pub(crate) fn build<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    match &context.memo.profile {
        Some(profile) => profile.watch(context, node, || open(context, node)),
        None => open(context, node),
    }
}

fn open<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::OneRow => Box::new(OneRow { done: false }),
        NodeKind::Nothing => Box::new(Nothing),
        NodeKind::Values(rows) => Box::new(Values {
            context,
            rows,
            types: &node.types,
        }),
        NodeKind::Scan(scan) => Box::new(ScanOperator::open(context, scan)?),
        NodeKind::Derived { input, .. } => {
            // Not every row that is locked in it need be given by what is around it.
            let context = match locks_at_once(input) {
                true => Context {
                    rows_wanted: usize::MAX,
                    ..context
                },
                false => context,
            };
            build(context, input)?
        }
        NodeKind::Change(_)
        | NodeKind::CteScan { .. }
        | NodeKind::WorkTableScan { .. }
        | NodeKind::RecursiveUnion { .. } => build_with(context, node)?,
        NodeKind::Filter { input, predicates } => Box::new(Filter {
            context,
            input: build(context, input)?,
            predicates,
        }),
        NodeKind::Project { input, expressions } => Box::new(Project {
            context,
            input: build(context, input)?,
            expressions,
        }),
        NodeKind::ProjectSet { input, calls } => {
            let rows = build(context, input)?;
            Box::new(ProjectSet::new(context, rows, &input.types, calls))
        }
        NodeKind::FunctionScan(function) => Box::new(FunctionScan::new(context, function)),
        NodeKind::HashJoin { .. }
        | NodeKind::MergeJoin { .. }
        | NodeKind::NestedLoop { .. }
        | NodeKind::IndexJoin { .. }
        | NodeKind::Lateral { .. } => build_join(context, node)?,
        NodeKind::Aggregate { .. }
        | NodeKind::Expand { .. }
        | NodeKind::IfEmpty { .. }
        | NodeKind::Window { .. } => build_grouped(context, node)?,
        NodeKind::Sort { .. } | NodeKind::Limit { .. } | NodeKind::Unique { .. } => {
            build_ordered(context, node)?
        }
        NodeKind::Append(_) | NodeKind::SetOp { .. } | NodeKind::Distinct { .. } => {
            build_set_operation(context, node)?
        }
        NodeKind::LockRows { input, locks } => {
            Box::new(LockRows::new(context, build(context, input)?, locks))
        }
    })
}

/// Whether each row of `node` is one that was locked for it.
fn locks_at_once(node: &PlanNode) -> bool {
    match &node.kind {
        NodeKind::LockRows { .. } => true,
        NodeKind::Project { input, .. } => locks_at_once(input),
        _ => false,
    }
}

/// The operators that put rows in order, and those that rely on it.
fn build_ordered<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::Sort {
            input,
            keys,
            limit,
            offset,
        } => {
            let limits = limits(&context, limit.as_ref(), offset.as_ref())?;
            let rows = build(context, input)?;
            Box::new(Sort::new(context, rows, &input.types, keys, limits)?)
        }
        NodeKind::Limit {
            input,
            limit,
            offset,
            ties,
        } => {
            let (skip, left) = limits(&context, limit.as_ref(), offset.as_ref())?;
            let context = Context {
                rows_wanted: skip.saturating_add(left),
                ..context
            };
            let rows = build(context, input)?;
            if ties.is_empty() {
                Box::new(Limit {
                    input: rows,
                    skip,
                    left,
                })
            } else {
                let limits = (skip, left);
                Box::new(LimitWithTies::new(rows, ties, &input.types, limits)?)
            }
        }
        NodeKind::Unique { input, columns } => {
            let rows = build(context, input)?;
            Box::new(Unique::new(rows, columns, &input.types)?)
        }
        _ => return Err(not_here()),
    })
}

/// The operators that look at groups and partitions of rows.
fn build_grouped<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::Aggregate { input, keys, calls } => {
            let rows = build(context, input)?;
            let aggregation = Aggregation::new(context, keys, calls)?;
            Box::new(Hashed::new(context, rows, aggregation)?)
        }
        NodeKind::Expand { input, keys, sets } => {
            Box::new(Expand::new(context, build(context, input)?, keys, sets))
        }
        NodeKind::IfEmpty { input, rows } => Box::new(IfEmpty {
            input: build(context, input)?,
            otherwise: Some(Values {
                context,
                rows,
                types: &node.types,
            }),
        }),
        NodeKind::Window {
            input,
            partition_by,
            order_by,
            calls,
        } => {
            let rows = build(context, input)?;
            let keys = (partition_by.as_slice(), order_by.as_slice());
            Box::new(WindowAggregation::new(
                context,
                rows,
                &input.types,
                keys,
                calls,
            )?)
        }
        _ => return Err(not_here()),
    })
}

/// The operators of WITH.
fn build_with<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::CteScan { subplan, .. } => Box::new(CteScan {
            context,
            subplan: *subplan,
            rows: None,
        }),
        NodeKind::WorkTableScan { table, .. } => {
            Box::new(KeptRows::new(context.memo.work_table(*table)))
        }
        NodeKind::RecursiveUnion {
            seed,
            step,
            all,
            table,
        } => Box::new(RecursiveUnion::new(context, seed, step, *all, *table)?),
        NodeKind::Change(_) => {
            return Err(Error::misuse(
                "EXEC-5: a change of WITH is made before it is read",
            ));
        }
        _ => return Err(not_here()),
    })
}

fn build_join<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::HashJoin {
            left,
            right,
            kind,
            left_keys,
            right_keys,
            residual,
        } => Box::new(HashJoin::new(
            context,
            (build(context, left)?, build(context, right)?),
            HashJoinParts {
                left_types: &left.types,
                right_types: &right.types,
                kind: *kind,
                left_keys,
                right_keys,
                residual: residual.as_ref(),
            },
        )?),
        NodeKind::MergeJoin { .. } => build_merge_join(context, node)?,
        NodeKind::NestedLoop {
            left,
            right,
            kind,
            on,
        } => Box::new(NestedLoop::new(
            context,
            (build(context, left)?, build(context, right)?),
            (&left.types, &right.types),
            *kind,
            on.as_ref(),
        )),
        NodeKind::IndexJoin {
            left,
            scan,
            kind,
            residual,
        } => Box::new(IndexJoin::new(
            context,
            build(context, left)?,
            scan,
            *kind,
            residual.as_ref(),
        )),
        NodeKind::Lateral {
            left,
            subplan,
            kind,
            on,
            ..
        } => Box::new(Lateral::new(
            context,
            build(context, left)?,
            *subplan,
            *kind,
            on.as_ref(),
        )?),
        _ => return Err(not_here()),
    })
}

fn build_merge_join<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    let NodeKind::MergeJoin {
        left,
        right,
        kind,
        left_key,
        right_key,
        residual,
    } = &node.kind
    else {
        return Err(not_here());
    };
    let parts = MergeJoinParts {
        right_types: &right.types,
        kind: *kind,
        left_key,
        right_key,
        residual: residual.as_ref(),
    };
    let sides = (build(context, left)?, build(context, right)?);
    Ok(Box::new(MergeJoin::new(context, sides, parts)?))
}

fn build_set_operation<'a>(context: Context<'a>, node: &'a PlanNode) -> Result<BoxOperator<'a>> {
    Ok(match &node.kind {
        NodeKind::Append(inputs) => {
            let inputs = inputs.iter().map(|input| build(context, input));
            Box::new(Append::new(inputs.collect::<Result<_>>()?))
        }
        NodeKind::SetOp {
            left,
            right,
            kind,
            all,
        } => {
            let rows = Sides::new(build(context, left)?, build(context, right)?);
            let operation = SetOp::new(context, &node.types, *kind, *all)?;
            Box::new(Hashed::new(context, Box::new(rows), operation)?)
        }
        NodeKind::Distinct { input } => {
            let rows = build(context, input)?;
            let distinct = Distinct::new(context, &input.types)?;
            Box::new(Hashed::new(context, rows, distinct)?)
        }
        _ => return Err(not_here()),
    })
}

fn not_here() -> Error {
    Error::misuse("EXEC-15: each kind of operator is opened in one place")
}
