//! `\d` and `\dt`: the schema in psql's words.

use super::print::{bare_table, error, table};
use super::session::{Shell, complain, out};
use quantadb::catalog::{
    Column, ConstraintTiming, ForeignKey, Identity, Index, ReferentialAction, RelationName,
    Sequence, Table, View,
};
use std::sync::Arc;

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

impl Shell {
    /// Lists the tables, and with `all` the views, indexes and sequences. Returns whether it succeeded.
    pub(crate) fn list(&self, all: bool) -> bool {
        let Some(schema) = self.schema() else {
            return false;
        };
        let mut rows = Vec::new();
        if all {
            let of_view =
                |view: &Arc<View>| strings([view.name.schema(), view.name.own(), "view", ""]);
            rows.extend(schema.views().map(of_view));
            let of_sequence =
                |s: &Arc<Sequence>| strings([s.name.schema(), s.name.own(), "sequence", ""]);
            rows.extend(schema.sequences().map(of_sequence));
        }
        for table in schema.tables() {
            let (of, name) = (table.name.schema(), table.name.own());
            rows.push(strings([of, name, table.kind(), ""]));
            if all {
                let of_table = |index: &Index| strings([of, &index.name, "index", name]);
                rows.extend(table.indexes.iter().map(of_table));
            }
        }
        if rows.is_empty() {
            complain("Did not find any relations.\n");
            return true;
        }
        rows.sort();
        let mut names = strings(["Schema", "Name", "Type", "Table"]);
        if !all {
            names.truncate(3);
            rows.iter_mut().for_each(|row| row.truncate(3));
        }
        out("List of relations\n");
        out(&(table(&names, &[false; 4], rows) + "\n"));
        true
    }

    /// Describes a table, a view, an index or a sequence. Returns whether there is one.
    pub(crate) fn describe(&self, name: &str) -> bool {
        let Some(schema) = self.schema() else {
            return false;
        };
        let Ok(known) = self.connection.relation_named(name) else {
            complain(&format!("Did not find any relation named \"{name}\".\n"));
            return false;
        };
        if let Some(table) = schema.table(&known) {
            out(&describe_table(table));
        } else if let Some(view) = schema.view(&known) {
            out(&describe_view(view));
        } else if let Some((table, index)) = schema.index(&known) {
            out(&describe_index(table, index));
        } else if let Some(sequence) = schema.sequence(&known) {
            out(&describe_sequence(sequence));
        } else {
            complain(&format!("Did not find any relation named \"{name}\".\n"));
            return false;
        }
        true
    }

    fn schema(&self) -> Option<Arc<quantadb::catalog::Schema>> {
        self.connection
            .schema()
            .map_err(|e| complain(&error(&e, "", "")))
            .ok()
    }
}

/// The name with that of the schema.
fn full(name: &RelationName) -> String {
    format!("{}.{name}", name.schema())
}

fn describe_table(described: &Table) -> String {
    let rows = described.columns.iter().map(|column| {
        let not_null = if column.not_null { "not null" } else { "" };
        strings([
            &column.name,
            &column.sql_type.to_string(),
            not_null,
            &origin(column),
        ])
    });
    let names = strings(["Column", "Type", "Nullable", "Default"]);
    let title = match described.materialized {
        Some(_) => "Materialized view",
        None => "Table",
    };
    let mut text = format!("{title} \"{}\"\n", full(&described.name));
    text += &bare_table(&names, &[false; 4], rows.collect());
    let mut indexes = Vec::new();
    if let (Some(key), Some(column)) = (&described.primary_key_name, described.row_id_column) {
        let column = &described.columns[column].name;
        indexes.push(format!("    \"{key}\" PRIMARY KEY, btree ({column})\n"));
    }
    let line = |index: &Index| format!("    {}\n", index_line(described, index));
    indexes.extend(described.indexes.iter().map(line));
    if !indexes.is_empty() {
        text += "Indexes:\n";
        text += &indexes.concat();
    }
    if !described.checks.is_empty() {
        text += "Check constraints:\n";
        for (name, condition) in &described.checks {
            text += &format!("    \"{name}\" CHECK ({condition})\n");
        }
    }
    if !described.foreign_keys.is_empty() {
        text += "Foreign-key constraints:\n";
        let lines = described.foreign_keys.iter();
        text.extend(lines.map(|key| foreign_key_line(described, key)));
    }
    text + "\n"
}

/// Where the values of a column come from that a change does not give.
fn origin(column: &Column) -> String {
    match (&column.generated, &column.identity) {
        (Some(text), _) => format!("generated always as ({text}) stored"),
        (None, Some(Identity { always: true, .. })) => "generated always as identity".to_owned(),
        (None, Some(_)) => "generated by default as identity".to_owned(),
        (None, None) => column.default.clone().unwrap_or_default(),
    }
}

fn describe_sequence(sequence: &Sequence) -> String {
    let (start, cache, counting) = (sequence.start, sequence.cache, sequence.counting);
    let names = strings([
        "Type",
        "Start",
        "Minimum",
        "Maximum",
        "Increment",
        "Cycles?",
        "Cache",
    ]);
    let cycles = if counting.cycles { "yes" } else { "no" };
    let row = vec![
        sequence.sql_type.to_string(),
        start.to_string(),
        counting.least.to_string(),
        counting.greatest.to_string(),
        counting.increment.to_string(),
        cycles.to_owned(),
        cache.to_string(),
    ];
    let numbers = [false, true, true, true, true, false, true];
    let table = bare_table(&names, &numbers, vec![row]);
    format!("Sequence \"{}\"\n{table}\n", full(&sequence.name))
}

fn foreign_key_line(table: &Table, key: &ForeignKey) -> String {
    let columns: Vec<&str> = key
        .columns
        .iter()
        .map(|c| table.columns[*c].name.as_str())
        .collect();
    let mut line = format!(
        "    \"{}\" FOREIGN KEY ({}) REFERENCES {}({})",
        key.name,
        columns.join(", "),
        key.referenced_table,
        key.referenced_columns.join(", ")
    );
    line += if key.full_match { " MATCH FULL" } else { "" };
    for (event, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
        let action = match action {
            ReferentialAction::NoAction => continue,
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        };
        line += &format!(" ON {event} {action}");
        if event == "DELETE" && !key.on_delete_columns.is_empty() {
            let columns = key.on_delete_columns.iter();
            let names: Vec<&str> = columns.map(|c| table.columns[*c].name.as_str()).collect();
            line += &format!(" ({})", names.join(", "));
        }
    }
    line + timing_words(key.timing) + "\n"
}

fn timing_words(timing: ConstraintTiming) -> &'static str {
    match timing {
        ConstraintTiming::NotDeferrable => "",
        ConstraintTiming::InitiallyImmediate => " DEFERRABLE",
        ConstraintTiming::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn describe_view(view: &View) -> String {
    let row = |(name, sql_type): &(String, _)| strings([name, &format!("{sql_type}")]);
    let rows = view.columns.iter().map(row).collect();
    let columns = bare_table(&strings(["Column", "Type"]), &[false; 2], rows);
    let (name, query) = (full(&view.name), &view.query.text);
    format!("View \"{name}\"\n{columns}View definition:\n {query};\n\n")
}

fn index_line(table: &Table, index: &Index) -> String {
    let kind = if table.primary_key_name.as_ref() == Some(&index.name) {
        "PRIMARY KEY, "
    } else if index.constraint {
        "UNIQUE CONSTRAINT, "
    } else if index.unique {
        "UNIQUE, "
    } else {
        ""
    };
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|(column, descending)| {
            let order = if *descending { " DESC" } else { "" };
            format!("{}{order}", key_part(table, index, *column))
        })
        .collect();
    let predicate = index.predicate.iter().map(|text| format!(" WHERE {text}"));
    let predicate: String = predicate.collect();
    let (name, columns) = (&index.name, columns.join(", "));
    let timing = timing_words(index.timing);
    format!("\"{name}\" {kind}btree ({columns}){predicate}{timing}")
}

/// The name of a column of an index, or the expression in its place.
fn key_part<'t>(table: &'t Table, index: &'t Index, column: usize) -> &'t str {
    match index.expression(column) {
        Some(expression) => &expression.text,
        None => &table.columns[column].name,
    }
}

fn describe_index(owner: &Table, index: &Index) -> String {
    let rows = index.columns.iter().map(|(column, _)| {
        let sql_type = owner.key_type(index, *column);
        strings([key_part(owner, index, *column), &sql_type.to_string()])
    });
    let names = strings(["Column", "Type"]);
    format!(
        "Index \"{}\"\n{}{}, for table \"{}\"\n\n",
        full(&owner.index_name(index)),
        bare_table(&names, &[false; 2], rows.collect()),
        index_line(owner, index),
        full(&owner.name),
    )
}
