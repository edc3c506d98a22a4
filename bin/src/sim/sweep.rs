//! Many seeds: a sweep at once, or block by block into a file of results, so that it can be stopped and go on.

use super::request::{RequestArguments, read, usage};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use quantadb_sim::report::{Report, Violation};
use quantadb_sim::results::{self, Block, Shard, blocks_of};
use quantadb_sim::scenario::command;
use quantadb_sim::sweep::{Found, Sweep};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a sweep can be told.
#[derive(Args)]
pub(crate) struct SweepArguments {
    /// Run the seeds from A up to, not including, B
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    pub(crate) seeds: Option<Range<u64>>,
    /// Threads of a sweep
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// Go on after a violation
    #[arg(long)]
    keep_going: bool,
    /// Only the I-th of N equal parts of the seeds, counted from 0
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, requires = "seeds")]
    shard: Option<Shard>,
    /// Append what is found to this file, and skip what it has already; `quanta-sim merge` puts such files together
    #[arg(long, value_name = "FILE", requires = "seeds")]
    results: Option<PathBuf>,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
}

/// Reads `A..B`.
pub(super) fn parse_range(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or("a range is written A..B, like 0..1000")?;
    let number = |s: &str| s.parse::<u64>().map_err(|e| format!("{s:?}: {e}"));
    let range = number(from)?..number(to)?;
    match range.is_empty() {
        true => Err("the range is empty".to_owned()),
        false => Ok(range),
    }
}

/// What tells how far a sweep is.
struct Progress {
    bar: ProgressBar,
    crashes: AtomicU64,
}

impl Progress {
    fn new(arguments: &SweepArguments, seeds: &Range<u64>, shard: Shard) -> Self {
        let count = seeds.clone().filter(|&seed| shard.has(seed)).count();
        let bar = ProgressBar::new(count as u64);
        if arguments.quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = "{bar:30} {pos}/{len} seeds, {per_sec}, {msg} crashes survived, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            crashes: AtomicU64::new(0),
        }
    }

    fn tell(&self, result: Result<&Report, &Violation>) {
        if let Ok(report) = result {
            let new = report.disk.crashes.total();
            let all = self.crashes.fetch_add(new, Ordering::Relaxed) + new;
            self.bar.set_message(all.to_string());
        }
        self.bar.inc(1);
    }
}

/// Runs a sweep: success when nothing wrong was found.
pub(crate) fn sweep(
    seeds: &Range<u64>,
    arguments: &SweepArguments,
    asked: &RequestArguments,
    json: bool,
) -> ExitCode {
    let request = match asked.request() {
        Ok(request) => request,
        Err(message) => return usage(&message),
    };
    let shard = arguments.shard.unwrap_or_default();
    let sweep = Sweep {
        seeds: seeds.clone(),
        shard,
        scenario: asked.scenario(),
        request,
        jobs: arguments.jobs,
        stops_at_violation: !arguments.keep_going,
    };
    let progress = Progress::new(arguments, seeds, shard);
    let found = match &arguments.results {
        None => Ok(sweep.run(&|result| progress.tell(result))),
        Some(path) => into_file(&sweep, path, &progress),
    };
    progress.bar.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(message) => return usage(&message),
    };
    if json {
        println!("{:#}", found.to_json());
    } else {
        print!("{}", found.totals);
        found.violations.iter().for_each(|v| println!("\n{v}"));
    }
    match found.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The blocks that the file has; a torn last line is cut off, so that the next does not follow it.
fn blocks_in(path: &Path) -> Result<Vec<Block>, String> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = read(path)?;
    let blocks = results::read(&text).map_err(|what| format!("{}: {what}", path.display()))?;
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        super::request::write(path, &text[..whole])?;
    }
    Ok(blocks)
}

/// Runs block by block what the file does not have yet, and appends it; gives what was found now.
fn into_file(sweep: &Sweep<'_>, path: &Path, progress: &Progress) -> Result<Found, String> {
    let blocks = blocks_in(path)?;
    let asked = command(sweep.scenario, &sweep.request);
    if let Some(other) = blocks
        .iter()
        .find(|b| (b.shard, &b.asked) != (sweep.shard, &asked))
    {
        let (shard, other) = (other.shard, &other.asked);
        return Err(format!(
            "{} has results of {other:?}, shard {shard}",
            path.display()
        ));
    }
    let done: BTreeMap<u64, u64> = blocks
        .iter()
        .map(|b| (b.seeds.start, b.seeds.end))
        .collect();
    let mut all = Found::default();
    for seeds in blocks_of(sweep.seeds.clone()) {
        if let Some(&end) = done.get(&seeds.start) {
            if end != seeds.end {
                let (path, from) = (path.display(), seeds.start);
                return Err(format!(
                    "{path} has seeds {from}..{end}, of a sweep of other seeds"
                ));
            }
            progress
                .bar
                .inc(seeds.filter(|&seed| sweep.shard.has(seed)).count() as u64);
            continue;
        }
        let block = Sweep {
            seeds: seeds.clone(),
            ..sweep.clone()
        };
        let found = block.run(&|result| progress.tell(result));
        let stops = sweep.stops_at_violation && !found.violations.is_empty();
        if !stops {
            let line = Block::new(seeds, sweep.shard, &asked, &found).to_line();
            append(path, &line).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        }
        all.add(found);
        if stops {
            // Half a block is no result.
            break;
        }
    }
    Ok(all)
}

// The program's own file, not the engine's.
#[allow(clippy::disallowed_types, clippy::disallowed_methods)]
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}
