//! `\d` and `\dt`: the schema in psql's words.

use super::print::{bare_table, error, table};
use super::session::{Shell, complain, out};
use quantadb::catalog::{ConstraintTiming, ForeignKey, Index, ReferentialAction, Table, View};

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

impl Shell {
    /// Lists the tables, and with `all` the views and indexes. Returns whether it succeeded.
    pub(crate) fn list(&self, all: bool) -> bool {
        let Some(schema) = self.schema() else {
            return false;
        };
        let mut rows = Vec::new();
        if all {
            let of_view = |view: &std::sync::Arc<View>| strings(["public", &view.name, "view", ""]);
            rows.extend(schema.views().map(of_view));
        }
        for table in schema.tables() {
            rows.push(strings(["public", &table.name, "table", ""]));
            if all {
                let of_table =
                    |index: &Index| strings(["public", &index.name, "index", &table.name]);
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

    /// Describes a table, a view or an index. Returns whether there is one.
    pub(crate) fn describe(&self, name: &str) -> bool {
        let Some(schema) = self.schema() else {
            return false;
        };
        let name = match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_lowercase(),
        };
        let name = name.strip_prefix("public.").unwrap_or(&name);
        if let Some(table) = schema.table(name) {
            out(&describe_table(table));
        } else if let Some(view) = schema.view(name) {
            out(&describe_view(view));
        } else if let Some((table, index)) = schema.index(name) {
            out(&describe_index(table, index));
        } else {
            complain(&format!("Did not find any relation named \"{name}\".\n"));
            return false;
        }
        true
    }

    fn schema(&self) -> Option<std::sync::Arc<quantadb::catalog::Schema>> {
        self.connection
            .schema()
            .map_err(|e| complain(&error(&e, "", "")))
            .ok()
    }
}

fn describe_table(described: &Table) -> String {
    let rows = described.columns.iter().map(|column| {
        let not_null = if column.not_null { "not null" } else { "" };
        let default = match &column.generated {
            Some(text) => format!("generated always as ({text}) stored"),
            None => column.default.clone().unwrap_or_default(),
        };
        strings([
            &column.name,
            &column.sql_type.to_string(),
            not_null,
            &default,
        ])
    });
    let names = strings(["Column", "Type", "Nullable", "Default"]);
    let mut text = format!("Table \"public.{}\"\n", described.name);
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
    let (name, query) = (&view.name, &view.query);
    format!("View \"public.{name}\"\n{columns}View definition:\n {query};\n\n")
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
        "Index \"public.{}\"\n{}{}, for table \"public.{}\"\n\n",
        index.name,
        bare_table(&names, &[false; 2], rows.collect()),
        index_line(owner, index),
        owner.name,
    )
}
