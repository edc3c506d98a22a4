//! Objects as the statements that make them, as PostgreSQL's `pg_get_…def` functions write them.

use super::constraint::{Constraint, Kind};
use crate::catalog::{Index, PUBLIC, ReferentialAction, RelationName, Table};
use crate::sql::identifier::{qualified, quoted};

/// `pg_get_constraintdef`: what stands behind the name of a constraint.
pub(super) fn of_constraint(table: &Table, constraint: &Constraint<'_>) -> String {
    let columns = names(
        constraint
            .columns
            .iter()
            .map(|c| table.columns[*c].name.as_str()),
    );
    let mut text = match constraint.kind {
        Kind::PrimaryKey => format!("PRIMARY KEY ({columns})"),
        Kind::Unique => format!("UNIQUE ({columns})"),
        Kind::Check(condition) => format!("CHECK (({condition}))"),
        Kind::ForeignKey(key) => {
            let referenced = names(key.referenced_columns.iter().map(String::as_str));
            let of = relation(&key.referenced_table);
            let mut text = format!("FOREIGN KEY ({columns}) REFERENCES {of}({referenced})");
            if key.full_match {
                text.push_str(" MATCH FULL");
            }
            for (event, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
                if action != ReferentialAction::NoAction {
                    text.push_str(&format!(" ON {event} {}", rule(action)));
                }
            }
            if !key.on_delete_columns.is_empty() {
                let set = key.on_delete_columns.iter();
                let set = names(set.map(|c| table.columns[*c].name.as_str()));
                text.push_str(&format!(" ({set})"));
            }
            text
        }
    };
    if constraint.is_deferrable() {
        text.push_str(" DEFERRABLE");
    }
    if constraint.is_deferred() {
        text.push_str(" INITIALLY DEFERRED");
    }
    text
}

/// A relation as an identifier, with its schema unless that is `public`.
fn relation(name: &RelationName) -> String {
    match name.schema() {
        PUBLIC => quoted(name.own()),
        _ => qualified(name),
    }
}

/// What a referential action is called.
pub(super) fn rule(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::NoAction => "NO ACTION",
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
    }
}

/// `pg_get_indexdef`: the whole statement.
pub(super) fn of_index(table: &Table, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let (name, of) = (quoted(&index.name), qualified(&table.name));
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|(position, descending)| {
            let term = match index.expression(*position) {
                Some(expression) => term(&expression.text),
                None => quoted(&table.columns[*position].name),
            };
            format!("{term}{}", if *descending { " DESC" } else { "" })
        })
        .collect();
    let columns = columns.join(", ");
    let mut text = format!("CREATE {unique}INDEX {name} ON {of} USING btree ({columns})");
    if let Some(predicate) = &index.predicate {
        text.push_str(&format!(" WHERE ({predicate})"));
    }
    text
}

/// An expression of an index: in parentheses unless it is a call.
fn term(text: &str) -> String {
    let is_call = text.ends_with(')')
        && text.split('(').next().is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        });
    match is_call || (text.starts_with('(') && text.ends_with(')')) {
        true => text.to_owned(),
        false => format!("({text})"),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(quoted).collect::<Vec<_>>().join(", ")
}
