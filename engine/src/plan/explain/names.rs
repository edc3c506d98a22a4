//! What the output columns of an operator are called.

use crate::plan::describe::describe;
use crate::plan::physical::{NodeKind, PlanNode, Scan};
use crate::sql::bound::{AggregateFunction, Expr, WindowCall, WindowFunction};

/// Names of a node's output columns, for the conditions above it.
pub(super) fn names(node: &PlanNode) -> Vec<String> {
    match &node.kind {
        NodeKind::Scan(scan) => scan_names(scan),
        NodeKind::Derived { alias, .. }
        | NodeKind::CteScan { alias, .. }
        | NodeKind::WorkTableScan { alias, .. } => numbered(&format!("{alias}."), node.types.len()),
        NodeKind::FunctionScan(function) => {
            let mut all = vec![function.alias.clone()];
            all.extend(
                function
                    .ordinality
                    .then(|| format!("{}.ordinality", function.alias)),
            );
            all
        }
        NodeKind::RecursiveUnion { seed, .. } => names(seed),
        NodeKind::Values(_) | NodeKind::Change(_) => numbered("", node.types.len()),
        NodeKind::OneRow | NodeKind::Nothing => vec!["NULL".into(); node.types.len()],
        NodeKind::Filter { input, .. }
        | NodeKind::Sort { input, .. }
        | NodeKind::Limit { input, .. }
        | NodeKind::LockRows { input, .. }
        | NodeKind::Unique { input, .. }
        | NodeKind::IfEmpty { input, .. }
        | NodeKind::Distinct { input } => names(input),
        NodeKind::Project { input, expressions } => describe_each(expressions, &names(input)),
        // As in PostgreSQL, the first branch names the columns.
        NodeKind::Append(inputs) => inputs.first().map_or_else(Vec::new, names),
        NodeKind::SetOp { left, .. } => names(left),
        NodeKind::HashJoin { left, right, .. }
        | NodeKind::MergeJoin { left, right, .. }
        | NodeKind::NestedLoop { left, right, .. } => [names(left), names(right)].concat(),
        NodeKind::IndexJoin { left, scan, .. } => [names(left), scan_names(scan)].concat(),
        NodeKind::Lateral { left, alias, .. } => {
            let own = node.types.len() - left.types.len();
            [names(left), numbered(&format!("{alias}."), own)].concat()
        }
        NodeKind::Window { input, calls, .. } => {
            let below = names(input);
            let results = calls.iter().map(|c| window_name(c, &below)).collect();
            [below, results].concat()
        }
        NodeKind::ProjectSet { input, calls } => {
            let below = names(input);
            let results = calls.iter().map(|call| {
                let arguments = call.arguments.iter().filter_map(|c| below.get(*c));
                let arguments: Vec<&str> = arguments.map(String::as_str).collect();
                format!("{:?}({})", call.function, arguments.join(", ")).to_lowercase()
            });
            let results = results.collect();
            [below, results].concat()
        }
        NodeKind::Expand { input, keys, .. } => {
            let below = names(input);
            let keys = describe_each(keys, &below);
            [below, keys, vec!["set".into()]].concat()
        }
        NodeKind::Aggregate { input, keys, calls } => {
            let below = names(input);
            let results = calls.iter().map(|c| match c.function {
                AggregateFunction::CountStar => "count(*)".to_owned(),
                function => {
                    let arguments = describe_each(&c.arguments, &below).join(", ");
                    format!("{function:?}({arguments})").to_lowercase()
                }
            });
            [describe_each(keys, &below), results.collect()].concat()
        }
    }
}

/// The same for a scan.
pub(super) fn scan_names(scan: &Scan) -> Vec<String> {
    let name = |c: &usize| format!("{}.{}", scan.alias, scan.table.columns[*c].name);
    let mut all: Vec<String> = scan.columns.iter().map(name).collect();
    all.extend(scan.with_row_id.then(|| "ctid".into()));
    all
}

/// Each of `expressions` as text; columns by `names`.
pub(super) fn describe_each(expressions: &[Expr], names: &[String]) -> Vec<String> {
    expressions.iter().map(|e| describe(e, names)).collect()
}

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("{prefix}column{i}")).collect()
}

fn window_name(call: &WindowCall, names: &[String]) -> String {
    let arguments = describe_each(&call.arguments, names);
    let name = match call.function {
        WindowFunction::Aggregate(function) => format!("{function:?}"),
        function => format!("{function:?}"),
    };
    format!("{}({}) OVER (?)", name.to_lowercase(), arguments.join(", "))
}
