//! Key look-ups, changes and durable commits of QuantaDB beside SQLite, with the same durability and the same cache.

mod engines;
mod workloads;

pub(crate) use workloads::scramble;

use crate::{Failure, median};
use comfy_table::{Cell, CellAlignment, Table};
use engines::{Engine, QuantaDb, Sqlite};
use std::path::PathBuf;
use std::time::Duration;
use workloads::{WORKLOADS, Workload};

/// Look-ups, changes and durable commits by key, beside SQLite
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rounds; each runs every workload on both engines, in turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Rows of the table
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Where the database files go; a folder on the disk to be measured
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// Only workloads whose name contains this
    #[arg(long, default_value = "")]
    only: String,
}

/// Cache of both engines.
const CACHE_BYTES: usize = 64 << 20;

/// Prints the table of times. Errors: those of the engines.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut times: Vec<[Vec<Duration>; 2]> = vec![<[Vec<Duration>; 2]>::default(); WORKLOADS.len()];
    for round in 0..arguments.rounds {
        // Who goes first alternates, so that neither always finds a warmer machine.
        for turn in 0..2 {
            let engine = (round + turn) % 2;
            let folder = tempfile::tempdir_in(&arguments.directory)?;
            let engine_box: Box<dyn Engine> = match engine {
                0 => Box::new(QuantaDb::open(folder.path(), CACHE_BYTES)?),
                _ => Box::new(Sqlite::open(folder.path(), CACHE_BYTES)?),
            };
            for (index, workload) in WORKLOADS.iter().enumerate() {
                let needed = workload.prepares || workload.name.contains(&arguments.only);
                if needed {
                    let took = (workload.run)(&*engine_box, arguments.rows)?;
                    times[index][engine].push(took);
                }
            }
        }
        eprintln!("round {} of {}", round + 1, arguments.rounds);
    }
    println!("{}", table(&times, arguments));
    Ok(())
}

fn table(times: &[[Vec<Duration>; 2]], arguments: &Arguments) -> Table {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["workload", "QuantaDB µs", "SQLite µs", "QuantaDB / SQLite"]);
    for (
        Workload {
            name, operations, ..
        },
        both,
    ) in WORKLOADS.iter().zip(times)
    {
        if both[0].is_empty() || !name.contains(&arguments.only) {
            continue;
        }
        let each = |times: &[Duration]| {
            median(times).as_secs_f64() * 1e6 / operations(arguments.rows) as f64
        };
        let (ours, theirs) = (each(&both[0]), each(&both[1]));
        table.add_row([
            Cell::new(name),
            Cell::new(format!("{ours:.2}")).set_alignment(CellAlignment::Right),
            Cell::new(format!("{theirs:.2}")).set_alignment(CellAlignment::Right),
            Cell::new(format!("{:.2}", ours / theirs)).set_alignment(CellAlignment::Right),
        ]);
    }
    table
}
