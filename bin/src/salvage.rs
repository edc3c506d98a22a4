//! `quanta --salvage`: what was brought from a damaged database into a new one.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use quantadb::api::{DatabaseOptions, SalvageReport, salvage};
use std::path::Path;
use std::process::ExitCode;

/// Salvages, and tells what: status 0 when nothing is missing, 1 when something is, 2 when there is no new database.
pub(crate) fn run(damaged: &Path, new: &Path) -> ExitCode {
    match salvage(damaged, new, &DatabaseOptions::default()) {
        Ok(report) => {
            print(&report);
            match report.is_whole() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            eprintln!("quanta: error: {}: {error}", error.sqlstate());
            ExitCode::from(2)
        }
    }
}

fn print(report: &SalvageReport) {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN);
    table.set_header(["schema", "table", "rows", "rows lost"]);
    for each in &report.tables {
        table.add_row([
            each.schema.clone(),
            each.name.clone(),
            each.rows.to_string(),
            each.rows_lost.to_string(),
        ]);
    }
    println!("{table}");
    for problem in &report.problems {
        println!("{problem}");
    }
}
