//! `information_schema`: constraints.

use super::constraint::{Constraint, Kind, constraints, referenced_key};
use super::definition::rule;
use super::rows::{Cell, Rows, yes};
use super::{DATABASE, INFORMATION, Numbered, SystemTable};
use crate::catalog::Table;

pub(super) static TABLES: &[SystemTable] = &[
    SystemTable {
        schema: INFORMATION,
        name: "table_constraints",
        columns: "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name \
            constraint_type is_deferrable initially_deferred enforced nulls_distinct",
        fill: |known, rows| {
            each(known, |table, constraint| {
                let (kind, distinct) = match constraint.kind {
                    Kind::PrimaryKey => ("PRIMARY KEY", None),
                    Kind::Unique => ("UNIQUE", Some("YES")),
                    Kind::Check(_) => ("CHECK", None),
                    Kind::ForeignKey(_) => ("FOREIGN KEY", None),
                };
                let more = [
                    ("constraint_type", kind.into()),
                    ("is_deferrable", yes(constraint.is_deferrable())),
                    ("initially_deferred", yes(constraint.is_deferred())),
                    ("enforced", yes(true)),
                    ("nulls_distinct", distinct.into()),
                ];
                add(
                    rows,
                    (table.name.schema(), Some(table)),
                    constraint.name,
                    more,
                );
            });
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "key_column_usage",
        columns: "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name \
            column_name ordinal_position:int4 position_in_unique_constraint:int4",
        fill: key_columns,
    },
    SystemTable {
        schema: INFORMATION,
        name: "referential_constraints",
        columns: "constraint_catalog constraint_schema constraint_name unique_constraint_catalog \
            unique_constraint_schema unique_constraint_name match_option update_rule delete_rule",
        fill: |known, rows| {
            each(known, |table, constraint| {
                let Kind::ForeignKey(key) = constraint.kind else {
                    return;
                };
                let referenced = referenced_key(known.schema, key);
                let place = |name: &str| Cell::from(referenced.as_ref().map(|_| name));
                let unique = referenced.as_ref().map(|(_, constraint)| constraint.name);
                let more = [
                    ("unique_constraint_catalog", place(DATABASE)),
                    (
                        "unique_constraint_schema",
                        place(key.referenced_table.schema()),
                    ),
                    ("unique_constraint_name", unique.into()),
                    (
                        "match_option",
                        if key.full_match { "FULL" } else { "NONE" }.into(),
                    ),
                    ("update_rule", rule(key.on_update).into()),
                    ("delete_rule", rule(key.on_delete).into()),
                ];
                add(rows, (table.name.schema(), None), constraint.name, more);
            });
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "check_constraints",
        columns: "constraint_catalog constraint_schema constraint_name check_clause",
        fill: |known, rows| {
            each(known, |table, constraint| {
                if let Kind::Check(condition) = constraint.kind {
                    let clause = format!("(({condition}))");
                    add(
                        rows,
                        (table.name.schema(), None),
                        constraint.name,
                        [("check_clause", clause.into())],
                    );
                }
            });
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "constraint_column_usage",
        columns: "table_catalog table_schema table_name column_name constraint_catalog constraint_schema \
            constraint_name",
        fill: |known, rows| {
            each(known, |table, constraint| {
                let (of, columns) = used(known, table, constraint);
                for column in columns {
                    add(
                        rows,
                        (table.name.schema(), Some(of)),
                        constraint.name,
                        [("column_name", column.into())],
                    );
                }
            });
        },
    },
    SystemTable {
        schema: INFORMATION,
        name: "constraint_table_usage",
        columns: "table_catalog table_schema table_name constraint_catalog constraint_schema constraint_name",
        fill: |known, rows| {
            each(known, |table, constraint| {
                if !matches!(constraint.kind, Kind::Check(_)) {
                    add(
                        rows,
                        (table.name.schema(), Some(used(known, table, constraint).0)),
                        constraint.name,
                        [],
                    );
                }
            });
        },
    },
];

/// Calls `of` for all constraints of all tables.
fn each<'s>(known: &Numbered<'s>, mut of: impl FnMut(&'s Table, &Constraint<'s>)) {
    for table in known.schema.tables() {
        for constraint in constraints(table) {
            of(table, &constraint);
        }
    }
}

/// The table whose columns a constraint is about, and these: of a foreign key those that it refers to.
fn used<'s>(
    known: &Numbered<'s>,
    table: &'s Table,
    constraint: &Constraint<'s>,
) -> (&'s Table, Vec<&'s str>) {
    if let Kind::ForeignKey(key) = constraint.kind
        && let Some(referenced) = known.schema.table(&key.referenced_table)
    {
        return (
            referenced,
            key.referenced_columns.iter().map(String::as_str).collect(),
        );
    }
    let name = |column: &usize| table.columns[*column].name.as_str();
    (table, constraint.columns.iter().map(name).collect())
}

/// Adds a row about a constraint, of a table where the row says so.
fn add<const N: usize>(
    rows: &mut Rows,
    (schema, table): (&str, Option<&Table>),
    name: &str,
    more: [(&str, Cell); N],
) {
    let of_table = table.map(|table| {
        [
            ("table_catalog", DATABASE.into()),
            ("table_schema", table.name.schema().into()),
            ("table_name", (&table.name).into()),
        ]
    });
    let of_constraint = [
        ("constraint_catalog", DATABASE.into()),
        ("constraint_schema", schema.into()),
        ("constraint_name", name.into()),
    ];
    let of_table = of_table.into_iter().flatten();
    rows.add_all(of_table.chain(of_constraint).chain(more));
}

fn key_columns(known: &Numbered<'_>, rows: &mut Rows) {
    each(known, |table, constraint| {
        let referenced = match constraint.kind {
            Kind::Check(_) => return,
            Kind::ForeignKey(key) => Some(key),
            Kind::PrimaryKey | Kind::Unique => None,
        };
        let unique = referenced.and_then(|key| referenced_key(known.schema, key));
        for (at, column) in constraint.columns.iter().enumerate() {
            let position = unique
                .as_ref()
                .zip(referenced)
                .and_then(|((of, unique), key)| {
                    let column = of.position(key.referenced_columns.get(at)?)?;
                    unique.columns.iter().position(|one| *one == column)
                });
            let more = [
                ("column_name", Cell::from(&table.columns[*column].name)),
                ("ordinal_position", (at as i64 + 1).into()),
                (
                    "position_in_unique_constraint",
                    position.map(|p| p as i64 + 1).into(),
                ),
            ];
            add(
                rows,
                (table.name.schema(), Some(table)),
                constraint.name,
                more,
            );
        }
    });
}
