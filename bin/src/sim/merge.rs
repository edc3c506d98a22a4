//! `quanta-sim merge`: results of many machines, put together.

use super::request::{read, usage};
use super::sweep::parse_range;
use clap::Args;
use quantadb_sim::results::{self, Merged};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

/// Ranges of missing seeds that are named.
const MISSING_MAX: usize = 20;

/// What `merge` can be told.
#[derive(Args)]
pub(crate) struct MergeArguments {
    /// Files that sweeps with --results have written
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The seeds that should be there: fail when some are missing
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    expect: Option<Range<u64>>,
    /// Report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command: failure when something wrong was found, or seeds are missing that are expected.
pub(crate) fn merge(arguments: &MergeArguments) -> ExitCode {
    let merged = match gather(arguments) {
        Ok(merged) => merged,
        Err(message) => return usage(&message),
    };
    match arguments.json {
        true => println!("{:#}", to_json(&merged)),
        false => show(&merged),
    }
    let misses = arguments.expect.is_some() && !merged.missing.is_empty();
    match misses || !merged.violations.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

fn gather(arguments: &MergeArguments) -> Result<Merged, String> {
    let mut blocks = Vec::new();
    for path in &arguments.files {
        let found = results::read(&read(path)?);
        blocks.extend(found.map_err(|what| format!("{}: {what}", path.display()))?);
    }
    results::merge(blocks, arguments.expect.clone())
}

fn to_json(merged: &Merged) -> Value {
    let missing = merged.missing.iter();
    let missing = missing.map(|(seeds, shard)| {
        json!({ "from": seeds.start, "to": seeds.end, "shard": shard.to_string() })
    });
    json!({
        "totals": merged.totals,
        "violations": merged.violations,
        "missing": missing.collect::<Vec<_>>(),
    })
}

fn show(merged: &Merged) {
    println!("{} runs", merged.totals["runs"]);
    if let Some(counts) = merged.totals["counts"].as_object() {
        for (name, count) in counts.iter().filter(|(_, count)| count.is_number()) {
            println!("  {:<26}{:>14}", name.replace('_', " "), count.to_string());
        }
    }
    for violation in &merged.violations {
        let text = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
        println!(
            "\nseed {} of scenario {}: VIOLATION",
            violation["seed"],
            text("scenario")
        );
        println!(
            "{}\n  expected: {}\n  found:    {}",
            text("doing"),
            text("expected"),
            text("found")
        );
        println!("replay with: {}", text("replay"));
    }
    for (seeds, shard) in merged.missing.iter().take(MISSING_MAX) {
        println!(
            "missing: seeds {}..{} of shard {shard}",
            seeds.start, seeds.end
        );
    }
    if let Some(more) = merged
        .missing
        .len()
        .checked_sub(MISSING_MAX)
        .filter(|&more| more > 0)
    {
        println!("missing: {more} ranges more");
    }
}
