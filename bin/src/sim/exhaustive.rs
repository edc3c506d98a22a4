//! `quanta-sim exhaustive`: every crash of a short workload, with everything that it may leave.

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use quantadb_sim::exhaustive::{Explored, WORKLOADS, Workload, explore, workload_by_name};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What `exhaustive` can be told.
#[derive(Args)]
pub(crate) struct ExhaustiveArguments {
    /// Only this workload
    #[arg(value_parser = parse_workload)]
    workload: Option<&'static str>,
    /// Up to so many binary choices (sectors, lengths, names) are tried in all combinations
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=24))]
    bound: u32,
    /// Report as JSON lines
    #[arg(long)]
    json: bool,
}

fn parse_workload(name: &str) -> Result<&'static str, String> {
    let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
    workload_by_name(name)
        .map(|workload| workload.name)
        .ok_or_else(|| format!("there are: {}", names.join(", ")))
}

// Only to tell how long it took: nothing depends on it.
#[allow(clippy::disallowed_methods)]
fn timed<T>(f: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = f();
    (result, begun.elapsed())
}

fn json(workload: &Workload, bound: u32, explored: &Explored, took: Duration) -> String {
    format!(
        "{{\"workload\":\"{}\",\"bound\":{bound},\"crash_points\":{},\"states\":{},\"pruned\":{},\"bounded\":{},\
         \"seconds\":{:.3}}}",
        workload.name,
        explored.crash_points,
        explored.states,
        explored.pruned,
        explored.bounded,
        took.as_secs_f64()
    )
}

/// Runs the command: success when recovery explained every state.
pub(crate) fn exhaustive(arguments: &ExhaustiveArguments) -> ExitCode {
    let named = arguments.workload.and_then(workload_by_name);
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "workload",
        "crash points",
        "beyond the bound",
        "states",
        "seen before",
        "seconds",
    ]);
    table
        .column_iter_mut()
        .skip(1)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let mut exit = ExitCode::SUCCESS;
    for workload in WORKLOADS {
        if named.is_some_and(|named| named.name != workload.name) {
            continue;
        }
        let (found, took) = timed(|| explore(workload, arguments.bound));
        match found {
            Err(mismatch) => {
                println!("VIOLATION\n{mismatch}");
                exit = ExitCode::FAILURE;
            }
            Ok(explored) if arguments.json => {
                println!("{}", json(workload, arguments.bound, &explored, took));
            }
            Ok(explored) => {
                table.add_row([
                    workload.name.to_owned(),
                    explored.crash_points.to_string(),
                    explored.bounded.to_string(),
                    explored.states.to_string(),
                    explored.pruned.to_string(),
                    format!("{:.2}", took.as_secs_f64()),
                ]);
            }
        }
    }
    if !arguments.json {
        println!("{table}");
    }
    exit
}
