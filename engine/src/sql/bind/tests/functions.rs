//! FUNCTIONS.md against the binder.

use super::super::overload::all;
use super::super::{aggregate, array, table_function, window};
use super::schema;
use crate::sql::{bind, parse};
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../../../FUNCTIONS.md");

/// Functions that are no entry of a table, each in a query that has it.
const EXAMPLES: [(&str, &str); 64] = [
    ("current_role", "current_role"),
    ("pg_is_in_recovery", "pg_is_in_recovery()"),
    ("pg_encoding_to_char", "pg_encoding_to_char(6)"),
    ("to_regclass", "to_regclass('t')"),
    ("to_regtype", "to_regtype('int4')"),
    ("has_table_privilege", "has_table_privilege('t', 'select')"),
    (
        "has_any_column_privilege",
        "has_any_column_privilege('t', 'select')",
    ),
    (
        "has_sequence_privilege",
        "has_sequence_privilege('t', 'usage')",
    ),
    (
        "has_schema_privilege",
        "has_schema_privilege('public', 'usage')",
    ),
    (
        "has_database_privilege",
        "has_database_privilege(current_database(), 'connect')",
    ),
    ("normalize", "normalize('a', NFC)"),
    ("jsonb_set_lax", "jsonb_set_lax('{}', '{a}', NULL)"),
    ("enum_first", "enum_first(NULL::mood)"),
    ("enum_last", "enum_last('ok'::mood)"),
    ("enum_range", "enum_range('sad'::mood, NULL)"),
    ("current_catalog", "current_catalog"),
    ("current_database", "current_database()"),
    ("current_schemas", "current_schemas(true)"),
    ("pg_get_constraintdef", "pg_get_constraintdef(1)"),
    ("pg_get_expr", "pg_get_expr('a', 1)"),
    ("pg_get_indexdef", "pg_get_indexdef(1)"),
    ("pg_get_userbyid", "pg_get_userbyid(10)"),
    ("pg_get_viewdef", "pg_get_viewdef(1)"),
    ("pg_table_is_visible", "pg_table_is_visible(1)"),
    ("format_type", "format_type(23, -1)"),
    (
        "obj_description",
        "obj_description('t'::regclass, 'pg_class')",
    ),
    ("col_description", "col_description('t'::regclass, 1)"),
    ("format", "format('%s', 1)"),
    ("jsonb_set", "jsonb_set('{}', '{a}', '1')"),
    ("jsonb_insert", "jsonb_insert('{}', '{a}', '1')"),
    ("pg_typeof", "pg_typeof(1)"),
    ("pg_client_encoding", "pg_client_encoding()"),
    ("version", "version()"),
    ("current_user", "current_user"),
    ("session_user", "session_user"),
    ("user", "user"),
    ("current_schema", "current_schema()"),
    ("concat_ws", "concat_ws(',', 1, NULL)"),
    ("bit_length", "bit_length('a')"),
    ("quote_literal", "quote_literal(1)"),
    ("quote_nullable", "quote_nullable(NULL)"),
    ("coalesce", "coalesce(1, 2)"),
    ("greatest", "greatest(1, 2)"),
    ("least", "least(1, 2)"),
    ("nullif", "nullif(1, 2)"),
    ("concat", "concat(1, 'a', true)"),
    ("date_part", "date_part('day', interval '1 day')"),
    ("strpos", "strpos('a', 'b')"),
    ("position", "position('a' IN 'b')"),
    ("trim", "trim(BOTH 'x' FROM 'y')"),
    ("extract", "extract(day FROM date '2024-01-01')"),
    (
        "overlaps",
        "(date '2024-01-01', date '2024-01-02') OVERLAPS (date '2024-01-01', interval '1 day')",
    ),
    ("substring", "substring('abc' FROM 1 FOR 2)"),
    ("every", "every(true)"),
    ("to_json", "to_json(1)"),
    ("to_jsonb", "to_jsonb(1)"),
    ("json_build_array", "json_build_array(1, 'a')"),
    ("jsonb_build_array", "jsonb_build_array()"),
    ("json_build_object", "json_build_object('a', 1)"),
    ("jsonb_build_object", "jsonb_build_object('a', 1)"),
    ("json_extract_path", "json_extract_path('{}', 'a')"),
    ("jsonb_extract_path", "jsonb_extract_path('{}', 'a')"),
    (
        "json_extract_path_text",
        "json_extract_path_text('{}', 'a')",
    ),
    (
        "jsonb_extract_path_text",
        "jsonb_extract_path_text('{}', 'a')",
    ),
];

/// Each function that the page lists, by section, with what it says of it.
fn listed() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut section = "";
    let mut found = Vec::new();
    for line in PAGE.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, name, state, ..] = cells[..]
            && let Some(name) = name.strip_prefix('`').and_then(|n| n.strip_suffix('`'))
        {
            found.push((section, name, state));
        }
    }
    found
}

#[test]
fn the_page_of_functions_says_what_there_is() {
    // For each name whether a function of it is there, and whether one is refused by name.
    let mut known: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for (name, is_there) in all() {
        let entry = known.entry(name).or_default();
        entry.0 |= is_there;
        entry.1 |= !is_there;
    }
    for name in array::all().chain(table_function::all()) {
        known.entry(name).or_default().0 = true;
    }
    let mut wrong = Vec::new();
    for (section, name, state) in listed() {
        let (there, refused) = known.get(name).copied().unwrap_or_default();
        let special = EXAMPLES.iter().any(|(example, _)| *example == name);
        let right = if section.starts_with("9.21") {
            state
                == if aggregate::is_aggregate(name) {
                    "yes"
                } else {
                    "missing"
                }
        } else if section.starts_with("9.22") {
            state
                == if window::window_function(name).is_some() {
                    "yes"
                } else {
                    "missing"
                }
        } else if ["9.11", "9.12", "9.20"]
            .iter()
            .any(|s| section.starts_with(s))
        {
            // There are no values of such types.
            state == "missing"
        } else {
            match state {
                "yes" => (there || special) && !refused,
                "partly" => (there || special) && refused,
                "missing" => !there && !special,
                _ => false,
            }
        };
        if !right {
            wrong.push(format!("{section}: {name} is not \"{state}\""));
        }
    }
    let names: Vec<&str> = listed().into_iter().map(|(_, name, _)| name).collect();
    let unlisted = known.keys().filter(|name| !names.contains(name));
    wrong.extend(unlisted.map(|name| format!("{name} is not on the page")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_entry_of_a_table_can_be_called() {
    for (name, call) in EXAMPLES {
        let statements = parse(&format!("SELECT {call}")).unwrap();
        let bound = bind(&statements[0], &schema());
        assert!(bound.is_ok(), "{name}: {:?}", bound.err());
    }
}
