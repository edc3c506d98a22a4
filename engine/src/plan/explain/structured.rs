//! A plan as one JSON or YAML, with PostgreSQL's keys.

use super::actual::milliseconds;
use super::tree::{Fields, Property, Shown, Tree};
use crate::sql::bound::ExplainOptions;
use crate::types::write_json_string;

/// All that is shown of `tree`.
fn all(tree: Tree, options: ExplainOptions) -> Fields {
    let mut root = tree.root;
    for (name, mut subplan) in tree.subplans {
        subplan.name = Some(name);
        root.inputs.push(subplan);
    }
    let mut fields = vec![("Plan", Property::Group(operator(root, options)))];
    if options.settings {
        let settings = tree.settings.into_iter();
        let settings = settings.map(|(name, value)| (name, Property::Text(value)));
        fields.push(("Settings", Property::Group(settings.collect())));
    }
    if options.buffers {
        // Planning looks at what is in memory, not at pages.
        let none = super::actual::Spent::default().buffers();
        fields.push(("Planning", Property::Group(none.into())));
    }
    let time = |micros| Property::Raw(milliseconds(micros, 1));
    if options.summary {
        fields.push(("Planning Time", time(tree.planning_micros)));
    }
    if let Some(micros) = tree.execution_micros {
        fields.push(("Triggers", Property::Groups(Vec::new())));
        if options.summary {
            fields.push(("Execution Time", time(micros)));
        }
    }
    fields
}

fn operator(shown: Shown, options: ExplainOptions) -> Fields {
    let text = |text: &str| Property::Text(text.to_owned());
    let mut fields = vec![("Node Type", text(shown.kind.node_type))];
    fields.extend(shown.kind.strategy);
    if let Some(relationship) = shown.relationship {
        fields.push(("Parent Relationship", text(relationship)));
    }
    fields.extend(
        shown
            .name
            .map(|name| ("Subplan Name", Property::Text(name))),
    );
    fields.push(("Parallel Aware", Property::Raw("false".into())));
    fields.push(("Async Capable", Property::Raw("false".into())));
    fields.extend(shown.kind.object);
    if let Some(estimate) = shown.estimate {
        let cost = |cost: f64| Property::Raw(format!("{cost:.2}"));
        fields.push(("Startup Cost", cost(estimate.cost.startup)));
        fields.push(("Total Cost", cost(estimate.cost.total)));
        fields.push(("Plan Rows", Property::number(estimate.rows)));
        fields.push(("Plan Width", Property::number(estimate.width_bytes)));
    }
    if let Some(actual) = &shown.actual {
        fields.extend(actual.properties(options.timing));
    }
    fields.extend(shown.details);
    if let Some(actual) = shown.actual {
        if options.buffers {
            fields.extend(actual.spent.buffers());
        }
        if options.wal {
            fields.extend(actual.spent.wal());
        }
    }
    if !shown.inputs.is_empty() {
        let inputs = shown.inputs.into_iter();
        let inputs = inputs.map(|input| operator(input, options)).collect();
        fields.push(("Plans", Property::Groups(inputs)));
    }
    fields
}

/// As PostgreSQL lays JSON out.
pub(super) fn json(tree: Tree, options: ExplainOptions) -> String {
    let mut out = String::new();
    let plans = Property::Groups(vec![all(tree, options)]);
    write_json(&plans, 0, &mut out);
    out
}

fn write_json(property: &Property, indent: usize, out: &mut String) {
    match property {
        Property::Raw(text) => out.push_str(text),
        Property::Text(text) => write_json_string(text, out),
        Property::List(texts) => {
            out.push('[');
            for (i, text) in texts.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_json_string(text, out);
            }
            out.push(']');
        }
        Property::Group(fields) => write_json_group(fields, indent, out),
        Property::Groups(groups) => {
            out.push('[');
            for (i, fields) in groups.iter().enumerate() {
                new_line(i > 0, indent + 2, out);
                write_json_group(fields, indent + 2, out);
            }
            new_line(false, indent, out);
            out.push(']');
        }
    }
}

fn write_json_group(fields: &Fields, indent: usize, out: &mut String) {
    out.push('{');
    for (i, (key, property)) in fields.iter().enumerate() {
        new_line(i > 0, indent + 2, out);
        write_json_string(key, out);
        out.push_str(": ");
        write_json(property, indent + 2, out);
    }
    new_line(false, indent, out);
    out.push('}');
}

fn new_line(comma: bool, indent: usize, out: &mut String) {
    out.push_str(if comma { ",\n" } else { "\n" });
    out.extend(std::iter::repeat_n(' ', indent));
}

/// As PostgreSQL lays YAML out.
pub(super) fn yaml(tree: Tree, options: ExplainOptions) -> String {
    let mut out = String::from("- ");
    write_yaml_group(&all(tree, options), 2, &mut out);
    out
}

/// Fields at `indent`, the first of them where the text ends.
fn write_yaml_group(fields: &Fields, indent: usize, out: &mut String) {
    for (i, (key, property)) in fields.iter().enumerate() {
        if i > 0 {
            new_line(false, indent, out);
        }
        out.push_str(key);
        out.push_str(": ");
        match property {
            Property::Raw(text) => out.push_str(text),
            Property::Text(text) => write_json_string(text, out),
            Property::List(texts) => {
                for text in texts {
                    new_line(false, indent + 2, out);
                    out.push_str("- ");
                    write_json_string(text, out);
                }
            }
            Property::Group(fields) => {
                new_line(false, indent + 2, out);
                write_yaml_group(fields, indent + 2, out);
            }
            Property::Groups(groups) => {
                for fields in groups {
                    new_line(false, indent + 2, out);
                    out.push_str("- ");
                    write_yaml_group(fields, indent + 4, out);
                }
            }
        }
    }
}
