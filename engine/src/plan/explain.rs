//! `EXPLAIN`: a plan as PostgreSQL prints it, one line an operator, details indented below it.

use crate::catalog::{ReferencedKey, Table};
use crate::plan::change::{Change, ChangeKind};
use crate::plan::cost::width;
use crate::plan::describe::{describe, describe_all, range_text};
use crate::plan::physical::{Access, NodeKind, PlanNode, RangeEnd, Scan, SetOpKind, is_array};
use crate::plan::statement::{Body, Plan};
use crate::sql::bound::{
    ExplainOptions, Expr, JoinKind, OnConflict, OrderKey, WindowCall, WindowFunction,
};

/// What an operator was seen to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Actual {
    /// Rows that it gave, all times together.
    pub(crate) rows: u64,
    /// How often it was begun.
    pub(crate) loops: u64,
}

/// Says what the operator of a node was seen to do.
pub(crate) type Seen<'a> = &'a dyn Fn(&PlanNode) -> Actual;

/// The lines of `plan`; with `seen`, after it was run.
pub(crate) fn lines(plan: &Plan, options: ExplainOptions, seen: Option<Seen<'_>>) -> Vec<String> {
    let mut printer = Printer {
        lines: Vec::new(),
        costs: options.costs,
        seen,
    };
    match &plan.body {
        Body::Query(root) => printer.node(root, 0),
        Body::Change(change) | Body::Fill(_, change) => printer.change(change, 0),
        Body::Explain(lines) => return lines.clone(),
        Body::ExplainAnalyze(plan, options) => return lines(plan, *options, seen),
        Body::CopyTo(_) | Body::CopyFrom(_) | Body::Utility(_) => {
            printer.lines.push("Utility Statement".into())
        }
    }
    for (number, subplan) in plan.subplans.iter().enumerate() {
        printer.lines.push(match &subplan.cte {
            Some(name) => format!("  CTE {name}"),
            None if subplan.slots_read.is_empty() => format!("  InitPlan {}", number + 1),
            None => format!("  SubPlan {}", number + 1),
        });
        printer.node(&subplan.root, 1);
    }
    printer.lines
}

struct Printer<'a> {
    lines: Vec<String>,
    costs: bool,
    seen: Option<Seen<'a>>,
}

impl Printer<'_> {
    fn change(&mut self, change: &Change, depth: usize) {
        let (verb, source) = match &change.kind {
            ChangeKind::InsertRows(_) => ("Insert", None),
            ChangeKind::InsertQuery(source) => ("Insert", Some(source)),
            ChangeKind::Update(source, _) => ("Update", Some(source)),
            ChangeKind::Delete(source, _) => ("Delete", Some(source)),
            ChangeKind::Merge(source, _) => ("Merge", Some(source)),
        };
        let title = format!("{verb} on {}", change.table.name);
        self.title(
            depth,
            match source {
                Some(source) if self.costs => format!("{title}  {}", estimate(source)),
                _ => title,
            },
        );
        if let Some(conflict) = &change.conflict {
            self.conflict(&change.table, conflict, depth);
        }
        match (&change.kind, source) {
            (ChangeKind::InsertRows(rows), _) => {
                let line = format!("Values  (rows={} without a plan)", rows.len());
                self.title(depth + 1, line);
            }
            (_, Some(source)) => self.node(source, depth + 1),
            (_, None) => {}
        }
    }

    fn conflict(&mut self, table: &Table, conflict: &OnConflict, depth: usize) {
        let resolution = if conflict.update.is_some() {
            "UPDATE"
        } else {
            "NOTHING"
        };
        self.detail(depth, "Conflict Resolution", resolution);
        let arbiters = conflict.arbiters.iter().map(|key| match key {
            ReferencedKey::RowId => table.primary_key_name.clone().unwrap_or_default(),
            ReferencedKey::Index(index) => table.indexes[*index].name.clone(),
        });
        let arbiters: Vec<String> = arbiters.collect();
        if !arbiters.is_empty() {
            self.detail(depth, "Conflict Arbiter Indexes", &arbiters.join(", "));
        }
        if let Some(filter) = conflict.update.as_ref().and_then(|u| u.filter.as_ref()) {
            let of = |alias: &str| -> Vec<String> {
                let columns = table.columns.iter();
                columns.map(|c| format!("{alias}.{}", c.name)).collect()
            };
            let names = [of(table.name.own()), of("excluded")].concat();
            self.detail(depth, "Conflict Filter", &describe(filter, &names));
        }
    }

    fn detail(&mut self, depth: usize, label: &str, text: &str) {
        // Details stand two columns right of their operator's name, which itself stands behind the arrow.
        let indent = if depth == 0 { 2 } else { depth * 6 + 2 };
        self.lines.push(format!("{:indent$}{label}: {text}", ""));
    }

    fn head(&mut self, depth: usize, title: &str, node: &PlanNode) {
        let mut parts = Vec::new();
        if self.costs {
            parts.push(estimate(node));
        }
        if let Some(seen) = self.seen {
            parts.push(actual(seen(node)));
        }
        let line = match parts.is_empty() {
            true => title.to_owned(),
            false => format!("{title}  {}", parts.join(" ")),
        };
        self.title(depth, line);
    }

    fn title(&mut self, depth: usize, line: String) {
        self.lines.push(if depth == 0 {
            line
        } else {
            format!("{:indent$}->  {line}", "", indent = depth * 6 - 4)
        });
    }

    fn node(&mut self, node: &PlanNode, depth: usize) {
        if let NodeKind::Change(change) = &node.kind {
            return self.change(change, depth);
        }
        self.head(depth, &title(node), node);
        self.details(node, depth);
        for input in node.inputs() {
            self.node(input, depth + 1);
        }
        if let NodeKind::IndexJoin { scan, .. } = &node.kind {
            self.inner_scan(node, scan, depth + 1);
        }
    }

    fn inner_scan(&mut self, node: &PlanNode, scan: &Scan, depth: usize) {
        let indent = depth * 6 - 4;
        self.lines
            .push(format!("{:indent$}->  {}", "", scan_title(scan)));
        let outer = node.inputs().first().map_or_else(Vec::new, |n| names(n));
        self.scan_details(scan, &outer, depth);
    }

    fn details(&mut self, node: &PlanNode, depth: usize) {
        match &node.kind {
            NodeKind::Scan(scan) => self.scan_details(scan, &[], depth),
            NodeKind::Filter { input, predicates } => {
                self.detail(depth, "Filter", &describe_all(predicates, &names(input)));
            }
            NodeKind::HashJoin {
                left,
                right,
                left_keys,
                right_keys,
                residual,
                ..
            } => {
                let (l, r) = (names(left), names(right));
                let keys: Vec<String> = left_keys
                    .iter()
                    .zip(right_keys)
                    .map(|(a, b)| format!("({} = {})", describe(a, &l), describe(b, &r)))
                    .collect();
                self.detail(depth, "Hash Cond", &keys.join(" AND "));
                self.condition(depth, residual.as_ref(), node);
            }
            NodeKind::NestedLoop { on, .. } | NodeKind::Lateral { on, .. } => {
                self.condition(depth, on.as_ref(), node)
            }
            NodeKind::IndexJoin { residual, .. } => self.condition(depth, residual.as_ref(), node),
            NodeKind::Aggregate { input, keys, .. } if !keys.is_empty() => {
                let names = names(input);
                let keys: Vec<String> = keys.iter().map(|e| describe(e, &names)).collect();
                self.detail(depth, "Group Key", &keys.join(", "));
            }
            NodeKind::Distinct { input } => {
                self.detail(depth, "Group Key", &names(input).join(", "));
            }
            NodeKind::Sort { input, keys, .. } => {
                self.detail(depth, "Sort Key", &sort_keys(keys, &names(input)));
            }
            NodeKind::Window {
                input,
                partition_by,
                order_by,
                ..
            } => {
                let names = names(input);
                let name = |c: &usize| names.get(*c).cloned().unwrap_or_default();
                if !partition_by.is_empty() {
                    let columns: Vec<String> = partition_by.iter().map(name).collect();
                    self.detail(depth, "Partition Key", &columns.join(", "));
                }
                if !order_by.is_empty() {
                    self.detail(depth, "Order Key", &sort_keys(order_by, &names));
                }
            }
            _ => {}
        }
    }

    fn condition(&mut self, depth: usize, condition: Option<&Expr>, node: &PlanNode) {
        if let Some(condition) = condition {
            self.detail(depth, "Join Filter", &describe(condition, &names(node)));
        }
    }

    fn scan_details(&mut self, scan: &Scan, outer: &[String], depth: usize) {
        let column = |c: usize| scan.table.columns[c].name.clone();
        let row_id = scan.table.row_id_column.map_or_else(String::new, column);
        let condition = match &scan.access {
            Access::Full => Vec::new(),
            Access::RowIds(points) => vec![one_of(&row_id, points, outer)],
            Access::RowIdRange { low, high } => range(&row_id, low.as_ref(), high.as_ref(), outer),
            Access::Index(access) => {
                let index = &scan.table.indexes[access.index];
                let columns = &index.columns;
                let column = |c: usize| match index.expression(c) {
                    Some(expression) => expression.text.clone(),
                    None => column(c),
                };
                let mut parts: Vec<String> = access
                    .equal
                    .iter()
                    .zip(columns)
                    .map(|(values, (c, _))| one_of(&column(*c), values, outer))
                    .collect();
                if let Some((c, _)) = columns.get(access.equal.len()) {
                    let (low, high) = (access.low.as_ref(), access.high.as_ref());
                    parts.extend(range(&column(*c), low, high, outer));
                }
                parts
            }
        };
        if !condition.is_empty() {
            self.detail(depth, "Index Cond", &joined(&condition));
        }
        if !scan.filter.is_empty() {
            let own: Vec<String> = scan.columns.iter().map(|c| column(*c)).collect();
            self.detail(depth, "Filter", &describe_all(&scan.filter, &own));
        }
    }
}

fn sort_keys(keys: &[OrderKey], names: &[String]) -> String {
    let key = |k: &OrderKey| {
        let name = names.get(k.column).cloned().unwrap_or_default();
        let direction = if k.descending { " DESC" } else { "" };
        let nulls = match (k.descending, k.nulls_first) {
            (true, false) => " NULLS LAST",
            (false, true) => " NULLS FIRST",
            _ => "",
        };
        format!("{name}{direction}{nulls}")
    };
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn joined(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("({})", several.join(" AND ")),
    }
}

fn one_of(column: &str, values: &[Expr], outer: &[String]) -> String {
    match values {
        [one] if !is_array(one) => format!("({column} = {})", describe(one, outer)),
        several => {
            let list: Vec<String> = several.iter().map(|e| describe(e, outer)).collect();
            format!("({column} = ANY ({}))", list.join(", "))
        }
    }
}

fn range(
    column: &str,
    low: Option<&RangeEnd>,
    high: Option<&RangeEnd>,
    outer: &[String],
) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(end) = low {
        parts.push(range_text(column, ">", end, outer));
    }
    if let Some(end) = high {
        parts.push(range_text(column, "<", end, outer));
    }
    parts
}

/// As PostgreSQL writes it without times: rows of one time, on average.
fn actual(actual: Actual) -> String {
    match actual.loops {
        0 => "(never executed)".to_owned(),
        loops => {
            let rows = (actual.rows as f64 / loops as f64).round();
            format!("(actual rows={rows} loops={loops})")
        }
    }
}

fn estimate(node: &PlanNode) -> String {
    let bytes: u64 = node.types.iter().map(|t| width(*t)).sum();
    format!(
        "(cost={:.2}..{:.2} rows={} width={bytes})",
        node.cost.startup,
        node.cost.total,
        node.rows.round().max(1.0)
    )
}

fn title(node: &PlanNode) -> String {
    let join = |kind: &JoinKind, name: &str, inner: &str| match kind {
        JoinKind::Inner => format!("{name}{inner}"),
        other => format!("{name} {other:?} Join"),
    };
    match &node.kind {
        NodeKind::OneRow => "Result".into(),
        NodeKind::Nothing => "Result (One-Time Filter: false)".into(),
        NodeKind::Values(_) => "Values Scan".into(),
        NodeKind::Scan(scan) => scan_title(scan),
        NodeKind::Derived { alias, .. } => format!("Subquery Scan on {alias}"),
        NodeKind::Filter { .. } => "Filter".into(),
        NodeKind::Project { .. } => "Project".into(),
        NodeKind::ProjectSet { .. } => "ProjectSet".into(),
        NodeKind::HashJoin { kind, .. } => join(kind, "Hash", " Join"),
        NodeKind::NestedLoop { kind, .. } => join(kind, "Nested Loop", ""),
        NodeKind::IndexJoin { kind, .. } => join(kind, "Index Nested Loop", ""),
        NodeKind::FunctionScan(function) => format!("Function Scan on {}", function.alias),
        NodeKind::Lateral { kind, subplan, .. } => {
            let name = join(kind, "Lateral Nested Loop", "");
            format!("{name} (SubPlan {})", subplan + 1)
        }
        NodeKind::Aggregate { keys, .. } if keys.is_empty() => "Aggregate".into(),
        NodeKind::Aggregate { .. } => "HashAggregate".into(),
        NodeKind::Window { .. } => "WindowAgg".into(),
        NodeKind::Sort { limit: Some(_), .. } => "Top-N Sort".into(),
        NodeKind::Sort { .. } => "Sort".into(),
        NodeKind::Limit { .. } => "Limit".into(),
        NodeKind::LockRows { .. } => "LockRows".into(),
        NodeKind::Distinct { .. } => "HashAggregate".into(),
        NodeKind::Unique { .. } => "Unique".into(),
        NodeKind::Expand { sets, .. } => format!("Expand (Grouping Sets: {})", sets.len()),
        NodeKind::IfEmpty { .. } => "Result (Or Constants If Empty)".into(),
        NodeKind::Append(_) => "Append".into(),
        NodeKind::Change(change) => format!("Change of {}", change.table.name),
        NodeKind::CteScan { alias, .. } => format!("CTE Scan on {alias}"),
        NodeKind::WorkTableScan { alias, .. } => format!("WorkTable Scan on {alias}"),
        NodeKind::RecursiveUnion { .. } => "Recursive Union".into(),
        NodeKind::SetOp { kind, all, .. } => {
            let kind = match kind {
                SetOpKind::Intersect => "Intersect",
                SetOpKind::Except => "Except",
            };
            format!("HashSetOp {kind}{}", if *all { " All" } else { "" })
        }
    }
}

fn scan_title(scan: &Scan) -> String {
    let table = &scan.table.name;
    let on = if table.own() == scan.alias {
        scan.alias.clone()
    } else {
        format!("{table} {}", scan.alias)
    };
    let back = if scan.backward { " Backward" } else { "" };
    match &scan.access {
        Access::Full if !scan.backward => format!("Seq Scan on {on}"),
        Access::Full | Access::RowIds(_) | Access::RowIdRange { .. } => {
            let key = scan.table.primary_key_name.as_deref().unwrap_or("row id");
            format!("Index Scan{back} using {key} on {on}")
        }
        Access::Index(access) => {
            let index = &scan.table.indexes[access.index].name;
            format!("Index Scan{back} using {index} on {on}")
        }
    }
}

/// Names of a node's output columns, for the conditions above it.
fn names(node: &PlanNode) -> Vec<String> {
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
        NodeKind::HashJoin { left, right, .. } | NodeKind::NestedLoop { left, right, .. } => {
            [names(left), names(right)].concat()
        }
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
            let results = calls.iter().map(|c| {
                let arguments = describe_each(&c.arguments, &below).join(", ");
                format!("{:?}({arguments})", c.function).to_lowercase()
            });
            [describe_each(keys, &below), results.collect()].concat()
        }
    }
}

fn scan_names(scan: &Scan) -> Vec<String> {
    let name = |c: &usize| format!("{}.{}", scan.alias, scan.table.columns[*c].name);
    let mut all: Vec<String> = scan.columns.iter().map(name).collect();
    all.extend(scan.with_row_id.then(|| "ctid".into()));
    all
}

fn describe_each(expressions: &[Expr], names: &[String]) -> Vec<String> {
    expressions.iter().map(|e| describe(e, names)).collect()
}

fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("{prefix}column{i}")).collect()
}

fn window_name(call: &WindowCall, names: &[String]) -> String {
    let arguments: Vec<String> = call.arguments.iter().map(|e| describe(e, names)).collect();
    let name = match call.function {
        WindowFunction::Aggregate(function) => format!("{function:?}"),
        function => format!("{function:?}"),
    };
    format!("{}({}) OVER (?)", name.to_lowercase(), arguments.join(", "))
}
