//! A plan as a tree of operators with what is to be said of each, whatever the format.

use super::actual::Actual;
use super::names::{describe_each, names, scan_names};
use super::title::{self, Kind};
use super::{structured, text};
use crate::catalog::ReferencedKey;
use crate::plan::change::{Change, ChangeKind};
use crate::plan::cost::width;
use crate::plan::describe::{describe, describe_all, range_text};
use crate::plan::physical::{Access, Cost, NodeKind, PlanNode, RangeEnd, Scan, SubPlan, is_array};
use crate::plan::statement::{Body, Plan};
use crate::sql::bound::{ExplainFormat, ExplainOptions, Expr, OnConflict, OrderKey};

/// A statement to be shown, and to be run before if `ANALYZE` asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Explain {
    /// Its plan.
    pub(crate) plan: Plan,
    /// What is asked for.
    pub(crate) options: ExplainOptions,
    /// Microseconds that making the plan took.
    pub(crate) planning_micros: u64,
    /// Settings that plans depend on and that are not what they are at first, with their values.
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// A part of a plan that is seen while it runs.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// An operator.
    Node(&'a PlanNode),
    /// The inner side of an index join.
    Scan(&'a Scan),
    /// A change.
    Change(&'a Change),
}

/// How the statement ran.
#[derive(Clone, Copy)]
pub(crate) struct Ran<'a> {
    /// Says what a part was seen to do.
    pub(crate) seen: &'a dyn Fn(Part<'_>) -> Actual,
    /// Microseconds that all of it took.
    pub(crate) micros: u64,
}

/// Keys and values, in the order in which they are shown.
pub(super) type Fields = Vec<(&'static str, Property)>;

/// A value.
pub(super) enum Property {
    /// A number, `true` or `false`, as it is written.
    Raw(String),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
    /// What only structured formats have: values by keys.
    Group(Fields),
    /// Several of these.
    Groups(Vec<Fields>),
}

impl Property {
    pub(super) fn number(number: impl ToString) -> Self {
        Self::Raw(number.to_string())
    }
}

/// What an operator was thought to do.
pub(super) struct Estimate {
    pub(super) cost: Cost,
    pub(super) rows: f64,
    pub(super) width_bytes: u64,
}

/// An operator as it is shown.
pub(super) struct Shown {
    /// What it is, in a line.
    pub(super) title: String,
    /// What it is, by keys.
    pub(super) kind: Kind,
    /// What it is to the operator above, in PostgreSQL's words.
    pub(super) relationship: Option<&'static str>,
    /// Its name, if it is a subquery.
    pub(super) name: Option<String>,
    pub(super) estimate: Option<Estimate>,
    pub(super) actual: Option<Actual>,
    /// What else there is to say.
    pub(super) details: Fields,
    pub(super) inputs: Vec<Shown>,
}

/// A plan as it is shown.
pub(super) struct Tree {
    pub(super) root: Shown,
    /// Subqueries, by their names.
    pub(super) subplans: Vec<(String, Shown)>,
    pub(super) settings: Vec<(&'static str, String)>,
    pub(super) planning_micros: u64,
    /// `None` if it was not run.
    pub(super) execution_micros: Option<u64>,
}

/// The rows of `EXPLAIN`: lines, or one text in another format. `ran`: the statement was run.
pub(crate) fn show(explain: &Explain, ran: Option<Ran<'_>>) -> Vec<String> {
    let options = explain.options;
    let viewer = Viewer { options, ran };
    let mut tree = Tree {
        root: viewer.body(&explain.plan.body),
        subplans: Vec::new(),
        settings: explain.settings.clone(),
        planning_micros: explain.planning_micros,
        execution_micros: ran.map(|ran| ran.micros),
    };
    for (number, subplan) in explain.plan.subplans.iter().enumerate() {
        let (name, relationship) = subplan_name(number, subplan);
        let mut shown = viewer.node(&subplan.root);
        shown.relationship = Some(relationship);
        tree.subplans.push((name, shown));
    }
    match options.format {
        ExplainFormat::Text => text::lines(&tree, options),
        ExplainFormat::Json => vec![structured::json(tree, options)],
        ExplainFormat::Yaml => vec![structured::yaml(tree, options)],
    }
}

fn subplan_name(number: usize, subplan: &SubPlan) -> (String, &'static str) {
    let number = number + 1;
    match &subplan.cte {
        Some(name) => (format!("CTE {name}"), "InitPlan"),
        None if subplan.slots_read.is_empty() => (format!("InitPlan {number}"), "InitPlan"),
        None => (format!("SubPlan {number}"), "SubPlan"),
    }
}

/// Looks at plans as `options` say.
struct Viewer<'a> {
    options: ExplainOptions,
    ran: Option<Ran<'a>>,
}

impl Viewer<'_> {
    fn body(&self, body: &Body) -> Shown {
        match body {
            Body::Query(root) => self.node(root),
            Body::Change(change) | Body::Fill(_, change) => self.change(change),
            Body::Explain(_) | Body::CopyTo(_) | Body::CopyFrom(_) | Body::Utility(_) => {
                self.shown(("Utility Statement".into(), Kind::default()), None)
            }
        }
    }

    fn shown(&self, (title, kind): (String, Kind), part: Option<Part<'_>>) -> Shown {
        let actual = self.ran.and_then(|ran| part.map(|part| (ran.seen)(part)));
        Shown {
            title,
            kind,
            relationship: None,
            name: None,
            estimate: None,
            actual,
            details: Vec::new(),
            inputs: Vec::new(),
        }
    }

    fn change(&self, change: &Change) -> Shown {
        let head = title::change(change, self.options.verbose);
        let mut shown = self.shown(head, Some(Part::Change(change)));
        if let Some(returning) = change.returning.as_ref().filter(|_| self.options.verbose) {
            let table = &change.table;
            let own = table.columns.iter();
            let own: Vec<String> = own.map(|c| format!("{}.{}", table.name, c.name)).collect();
            let output = Property::List(describe_each(returning, &own));
            shown.details.push(("Output", output));
        }
        if let Some(conflict) = &change.conflict {
            shown.details.extend(conflict_details(change, conflict));
        }
        let source = match &change.kind {
            ChangeKind::InsertRows(rows) => {
                let line = format!("Values  (rows={} without a plan)", rows.len());
                let kind = Kind {
                    node_type: "Values Scan",
                    ..Kind::default()
                };
                let mut values = self.shown((line, kind), None);
                let rows = Property::number(rows.len());
                values.kind.object.push(("Constant Rows", rows));
                values
            }
            ChangeKind::InsertQuery(source)
            | ChangeKind::Update(source, _)
            | ChangeKind::Delete(source, _)
            | ChangeKind::Merge(source, _) => {
                shown.estimate = self.estimate(source);
                self.node(source)
            }
        };
        shown.inputs.push(Shown {
            relationship: Some("Outer"),
            ..source
        });
        shown
    }

    fn estimate(&self, node: &PlanNode) -> Option<Estimate> {
        self.options.costs.then(|| Estimate {
            cost: node.cost,
            rows: node.rows.round().max(1.0),
            width_bytes: node.types.iter().map(|t| width(*t)).sum(),
        })
    }

    fn node(&self, node: &PlanNode) -> Shown {
        if let NodeKind::Change(change) = &node.kind {
            return self.change(change);
        }
        let head = title::title(node, self.options.verbose);
        let mut shown = self.shown(head, Some(Part::Node(node)));
        shown.estimate = self.estimate(node);
        let output = names(node);
        if self.options.verbose && !output.is_empty() {
            shown.details.push(("Output", Property::List(output)));
        }
        shown.details.extend(self.details(node));
        let is_list = matches!(node.kind, NodeKind::Append(_));
        let is_derived = matches!(node.kind, NodeKind::Derived { .. });
        for (i, input) in node.inputs().into_iter().enumerate() {
            let relationship = match i {
                _ if is_list => "Member",
                _ if is_derived => "Subquery",
                0 => "Outer",
                _ => "Inner",
            };
            shown.inputs.push(Shown {
                relationship: Some(relationship),
                ..self.node(input)
            });
        }
        if let NodeKind::IndexJoin { left, scan, .. } = &node.kind {
            let head = title::scan(scan, self.options.verbose);
            let mut inner = self.shown(head, Some(Part::Scan(scan)));
            inner.relationship = Some("Inner");
            if self.options.verbose {
                let output = Property::List(scan_names(scan));
                inner.details.push(("Output", output));
            }
            inner.details.extend(self.scan_details(scan, &names(left)));
            shown.inputs.push(inner);
        }
        shown
    }

    fn details(&self, node: &PlanNode) -> Fields {
        let filter = |condition: Option<&Expr>| {
            let text = condition.map(|condition| describe(condition, &names(node)));
            text.map(|text| ("Join Filter", Property::Text(text)))
        };
        match &node.kind {
            NodeKind::Scan(scan) => self.scan_details(scan, &[]),
            NodeKind::Filter { input, predicates } => {
                let text = describe_all(predicates, &names(input));
                vec![("Filter", Property::Text(text))]
            }
            NodeKind::HashJoin {
                left,
                right,
                left_keys,
                right_keys,
                residual,
                ..
            } => {
                let keys = equalities((left, left_keys), (right, right_keys));
                let keys = [("Hash Cond", Property::Text(keys))];
                keys.into_iter().chain(filter(residual.as_ref())).collect()
            }
            NodeKind::MergeJoin {
                left,
                right,
                left_key,
                right_key,
                residual,
                ..
            } => {
                let one = std::slice::from_ref::<Expr>;
                let key = equalities((left, one(left_key)), (right, one(right_key)));
                let key = [("Merge Cond", Property::Text(key))];
                key.into_iter().chain(filter(residual.as_ref())).collect()
            }
            NodeKind::NestedLoop { on, .. } | NodeKind::Lateral { on, .. } => {
                filter(on.as_ref()).into_iter().collect()
            }
            NodeKind::IndexJoin { residual, .. } => filter(residual.as_ref()).into_iter().collect(),
            NodeKind::Aggregate { input, keys, .. } if !keys.is_empty() => {
                let keys = describe_each(keys, &names(input));
                vec![("Group Key", Property::List(keys))]
            }
            NodeKind::Distinct { input } => {
                vec![("Group Key", Property::List(names(input)))]
            }
            NodeKind::Sort { input, keys, .. } => {
                vec![("Sort Key", sort_keys(keys, &names(input)))]
            }
            NodeKind::Window {
                input,
                partition_by,
                order_by,
                ..
            } => {
                let names = names(input);
                let name = |c: &usize| names.get(*c).cloned().unwrap_or_default();
                let partition = partition_by.iter().map(name).collect();
                let mut fields = vec![("Partition Key", Property::List(partition))];
                fields.push(("Order Key", sort_keys(order_by, &names)));
                let is_some =
                    |(_, p): &(_, Property)| !matches!(p, Property::List(l) if l.is_empty());
                fields.retain(is_some);
                fields
            }
            _ => Vec::new(),
        }
    }

    fn scan_details(&self, scan: &Scan, outer: &[String]) -> Fields {
        let column = |c: usize| {
            let name = &scan.table.columns[c].name;
            match self.options.verbose {
                true => format!("{}.{name}", scan.alias),
                false => name.clone(),
            }
        };
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
        let mut fields = Vec::new();
        if !condition.is_empty() {
            fields.push(("Index Cond", Property::Text(joined(&condition))));
        }
        if !scan.filter.is_empty() {
            let own: Vec<String> = scan.columns.iter().map(|c| column(*c)).collect();
            let text = describe_all(&scan.filter, &own);
            fields.push(("Filter", Property::Text(text)));
        }
        fields
    }
}

/// Keys of two sides that must be equal.
fn equalities(left: (&PlanNode, &[Expr]), right: (&PlanNode, &[Expr])) -> String {
    let (l, r) = (names(left.0), names(right.0));
    let keys = left.1.iter().zip(right.1);
    let keys = keys.map(|(a, b)| format!("({} = {})", describe(a, &l), describe(b, &r)));
    keys.collect::<Vec<_>>().join(" AND ")
}

fn conflict_details(change: &Change, conflict: &OnConflict) -> Fields {
    let table = &change.table;
    let resolution = match conflict.update.is_some() {
        true => "UPDATE",
        false => "NOTHING",
    };
    let mut fields = vec![("Conflict Resolution", Property::Text(resolution.to_owned()))];
    let arbiters = conflict.arbiters.iter().map(|key| match key {
        ReferencedKey::RowId => table.primary_key_name.clone().unwrap_or_default(),
        ReferencedKey::Index(index) => table.indexes[*index].name.clone(),
    });
    let arbiters: Vec<String> = arbiters.collect();
    if !arbiters.is_empty() {
        fields.push(("Conflict Arbiter Indexes", Property::List(arbiters)));
    }
    if let Some(filter) = conflict.update.as_ref().and_then(|u| u.filter.as_ref()) {
        let of = |alias: &str| -> Vec<String> {
            let columns = table.columns.iter();
            columns.map(|c| format!("{alias}.{}", c.name)).collect()
        };
        let names = [of(table.name.own()), of("excluded")].concat();
        let text = describe(filter, &names);
        fields.push(("Conflict Filter", Property::Text(text)));
    }
    fields
}

fn sort_keys(keys: &[OrderKey], names: &[String]) -> Property {
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
    Property::List(keys.iter().map(key).collect())
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
            let list = describe_each(several, outer);
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
