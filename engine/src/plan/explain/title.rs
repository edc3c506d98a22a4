//! What an operator is called, and what it is of.

use super::tree::{Fields, Property};
use crate::catalog::RelationName;
use crate::plan::change::{Change, ChangeKind};
use crate::plan::physical::{Access, NodeKind, PlanNode, Scan, SetOpKind};
use crate::sql::bound::JoinKind;

/// An operator by PostgreSQL's keys.
#[derive(Default)]
pub(super) struct Kind {
    /// `Node Type`
    pub(super) node_type: &'static str,
    /// What goes with it: `Strategy`, `Operation`, `Command`.
    pub(super) strategy: Fields,
    /// What it is of, or how it joins.
    pub(super) object: Fields,
}

impl Kind {
    fn of(node_type: &'static str) -> Self {
        Self {
            node_type,
            ..Self::default()
        }
    }

    fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.object.push((key, Property::Text(value.into())));
        self
    }

    fn by(mut self, key: &'static str, value: &str) -> Self {
        self.strategy.push((key, Property::Text(value.to_owned())));
        self
    }
}

/// A table as it is named: by its schema too where more is said than usual.
fn table_name(name: &RelationName, verbose: bool) -> String {
    match verbose {
        true => format!("{}.{name}", name.schema()),
        false => name.to_string(),
    }
}

/// What is done to which table.
pub(super) fn change(change: &Change, verbose: bool) -> (String, Kind) {
    let verb = match &change.kind {
        ChangeKind::InsertRows(_) | ChangeKind::InsertQuery(_) => "Insert",
        ChangeKind::Update(..) => "Update",
        ChangeKind::Delete(..) => "Delete",
        ChangeKind::Merge(..) => "Merge",
    };
    let table = &change.table.name;
    let mut kind = Kind::of("ModifyTable").by("Operation", verb);
    kind.object = object(table, table.own(), verbose);
    (format!("{verb} on {}", table_name(table, verbose)), kind)
}

/// A table and the name that it goes by.
fn object(table: &RelationName, alias: &str, verbose: bool) -> Fields {
    let text = |text: &str| Property::Text(text.to_owned());
    let mut fields = vec![("Relation Name", text(table.own()))];
    if verbose {
        fields.push(("Schema", text(table.schema())));
    }
    fields.push(("Alias", text(alias)));
    fields
}

fn join(
    kind: JoinKind,
    name: &'static str,
    inner: &str,
    node_type: &'static str,
) -> (String, Kind) {
    let title = match kind {
        JoinKind::Inner => format!("{name}{inner}"),
        other => format!("{name} {other:?} Join"),
    };
    let kind = Kind::of(node_type).with("Join Type", format!("{kind:?}"));
    (title, kind)
}

fn grouped(strategy: &str) -> Kind {
    Kind::of("Aggregate")
        .by("Strategy", strategy)
        .by("Partial Mode", "Simple")
}

/// What `node` is.
pub(super) fn title(node: &PlanNode, verbose: bool) -> (String, Kind) {
    let plain = |name: &'static str| (name.to_owned(), Kind::of(name));
    let of = |name: &'static str, key, of: &str| {
        let kind = Kind::of(name).with(key, of);
        (format!("{name} on {of}"), kind)
    };
    match &node.kind {
        NodeKind::OneRow => plain("Result"),
        NodeKind::Nothing => {
            let kind = Kind::of("Result").with("One-Time Filter", "false");
            ("Result (One-Time Filter: false)".into(), kind)
        }
        NodeKind::Values(_) => plain("Values Scan"),
        NodeKind::Scan(scan) => self::scan(scan, verbose),
        NodeKind::Derived { alias, .. } => of("Subquery Scan", "Alias", alias),
        NodeKind::Filter { .. } => plain("Filter"),
        NodeKind::Project { .. } => plain("Project"),
        NodeKind::ProjectSet { .. } => plain("ProjectSet"),
        NodeKind::HashJoin { kind, .. } => join(*kind, "Hash", " Join", "Hash Join"),
        NodeKind::MergeJoin { kind, .. } => join(*kind, "Merge", " Join", "Merge Join"),
        NodeKind::NestedLoop { kind, .. } => join(*kind, "Nested Loop", "", "Nested Loop"),
        NodeKind::IndexJoin { kind, .. } => {
            join(*kind, "Index Nested Loop", "", "Index Nested Loop")
        }
        NodeKind::FunctionScan(function) => of("Function Scan", "Alias", &function.alias),
        NodeKind::Lateral { kind, subplan, .. } => {
            let subplan = format!("SubPlan {}", subplan + 1);
            let (title, kind) = join(*kind, "Lateral Nested Loop", "", "Lateral Nested Loop");
            let title = format!("{title} ({subplan})");
            (title, kind.with("Inner Plan", subplan))
        }
        NodeKind::Aggregate { keys, .. } if keys.is_empty() => {
            ("Aggregate".into(), grouped("Plain"))
        }
        NodeKind::Aggregate { .. } | NodeKind::Distinct { .. } => {
            ("HashAggregate".into(), grouped("Hashed"))
        }
        NodeKind::Window { .. } => plain("WindowAgg"),
        NodeKind::Sort { limit: Some(_), .. } => ("Top-N Sort".into(), Kind::of("Sort")),
        NodeKind::Sort { .. } => plain("Sort"),
        NodeKind::Limit { .. } => plain("Limit"),
        NodeKind::LockRows { .. } => plain("LockRows"),
        NodeKind::Unique { .. } => plain("Unique"),
        NodeKind::Expand { sets, .. } => {
            let sets = sets.len();
            let kind = Kind::of("Expand").with("Grouping Sets", sets.to_string());
            (format!("Expand (Grouping Sets: {sets})"), kind)
        }
        NodeKind::IfEmpty { .. } => ("Result (Or Constants If Empty)".into(), Kind::of("Result")),
        NodeKind::Append(_) => plain("Append"),
        NodeKind::Change(change) => self::change(change, verbose),
        NodeKind::CteScan { alias, .. } => of("CTE Scan", "Alias", alias),
        NodeKind::WorkTableScan { alias, .. } => of("WorkTable Scan", "Alias", alias),
        NodeKind::RecursiveUnion { .. } => plain("Recursive Union"),
        NodeKind::SetOp { kind, all, .. } => {
            let kind = match kind {
                SetOpKind::Intersect => "Intersect",
                SetOpKind::Except => "Except",
            };
            let command = format!("{kind}{}", if *all { " All" } else { "" });
            let kind = Kind::of("SetOp").by("Strategy", "Hashed");
            let title = format!("HashSetOp {command}");
            (title, kind.by("Command", &command))
        }
    }
}

/// How which table is read.
pub(super) fn scan(scan: &Scan, verbose: bool) -> (String, Kind) {
    let table = table_name(&scan.table.name, verbose);
    let on = if scan.table.name.own() == scan.alias {
        table
    } else {
        format!("{table} {}", scan.alias)
    };
    let index = match &scan.access {
        Access::Full if !scan.backward => None,
        Access::Full | Access::RowIds(_) | Access::RowIdRange { .. } => {
            Some(scan.table.primary_key_name.as_deref().unwrap_or("row id"))
        }
        Access::Index(access) => Some(scan.table.indexes[access.index].name.as_str()),
    };
    let object = object(&scan.table.name, &scan.alias, verbose);
    let (title, mut kind) = match index {
        None => (format!("Seq Scan on {on}"), Kind::of("Seq Scan")),
        Some(index) => {
            let (back, direction) = match scan.backward {
                true => (" Backward", "Backward"),
                false => ("", "Forward"),
            };
            let kind = Kind::of("Index Scan")
                .with("Scan Direction", direction)
                .with("Index Name", index);
            (format!("Index Scan{back} using {index} on {on}"), kind)
        }
    };
    kind.object.extend(object);
    (title, kind)
}
