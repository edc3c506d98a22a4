//! QuantaDB beside other engines: the same work in one run, in turn, as medians and ratios.

mod compare;
mod keys;
mod peers;
mod scans;
mod tpch;

use clap::{Parser, Subcommand};
use std::time::Duration;

/// QuantaDB beside other engines on this machine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Subcommand)]
enum Suite {
    Keys(keys::Arguments),
    Scans(scans::Arguments),
    Tpch(tpch::Arguments),
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    match Arguments::parse().suite {
        Suite::Keys(arguments) => keys::run(&arguments),
        Suite::Scans(arguments) => scans::run(&arguments),
        Suite::Tpch(arguments) => tpch::run(&arguments),
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
