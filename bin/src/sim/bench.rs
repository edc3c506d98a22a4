//! `quanta-sim bench`: how many crashes, recoveries and checks a second one core makes.

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use quantadb::sync::Mutex;
use quantadb_sim::disk::Call;
use quantadb_sim::phase::{Phase, PhaseWatch};
use quantadb_sim::report::Totals;
use quantadb_sim::scenario::{Request, SCENARIOS, run_seed, scenario_of_seed};
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a call would take of a disk that is a good one: a sync, and any other call.
const SYNC_MICROS: u64 = 1_000;
const CALL_MICROS: u64 = 50;

/// What `bench` can be told.
#[derive(Args)]
pub(crate) struct BenchArguments {
    /// For how many seconds of a core
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u64,
    /// From this seed on
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs of one scenario.
#[derive(Default)]
struct Line {
    totals: Totals,
    /// Of a core, not of the clock: others may have been at it.
    took: Duration,
}

impl Line {
    fn add(&mut self, other: &Line) {
        self.totals.runs += other.totals.runs;
        self.totals.work.add(&other.totals.work);
        self.totals.disk.add(&other.totals.disk);
        self.took += other.took;
    }

    /// Opens of an existing database, of what a run went on with and of what the same crashes could have left as well, each
    /// followed by all checks.
    fn cycles(&self) -> u64 {
        let recoveries = self.totals.work.recoveries;
        recoveries.done + recoveries.aside
    }

    /// What the calls would have taken of a disk.
    fn disk_seconds(&self) -> f64 {
        let calls = &self.totals.disk.calls;
        let syncs = calls.of_call(Call::Sync) + calls.of_call(Call::SyncDir);
        let others = calls.total() - syncs;
        (syncs * SYNC_MICROS + others * CALL_MICROS) as f64 / 1e6
    }

    fn cells(&self, name: &str, all: &Line) -> [String; 8] {
        let seconds = self.took.as_secs_f64().max(1e-9);
        let share = 100.0 * seconds / all.took.as_secs_f64().max(1e-9);
        [
            name.to_owned(),
            self.totals.runs.to_string(),
            format!("{share:.0}"),
            format!("{:.1}", self.totals.runs as f64 / seconds),
            format!("{:.0}", self.totals.disk.crashes.total() as f64 / seconds),
            format!("{:.0}", self.cycles() as f64 / seconds),
            format!("{:.0}", self.totals.work.statements as f64 / seconds),
            format!("{:.1}", self.disk_seconds() / seconds),
        ]
    }
}

/// How long each phase took of a core.
struct Stopwatch {
    last: Duration,
    spent: BTreeMap<Phase, Duration>,
}

impl Stopwatch {
    /// The phase ends now.
    fn ends(&mut self, phase: Phase) {
        let now = core_time();
        *self.spent.entry(phase).or_default() += now - self.last;
        self.last = now;
    }

    fn of(&self, phase: Phase) -> Duration {
        self.spent.get(&phase).copied().unwrap_or_default()
    }

    /// Where the time goes.
    fn print(&self, all: &Line) {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["phase", "% of time", "µs a cycle"]);
        let total: Duration = self.spent.values().sum();
        for (phase, spent) in &self.spent {
            table.add_row([
                phase.to_string(),
                format!(
                    "{:.1}",
                    100.0 * spent.as_secs_f64() / total.as_secs_f64().max(1e-9)
                ),
                format!(
                    "{:.0}",
                    spent.as_secs_f64() * 1e6 / all.cycles().max(1) as f64
                ),
            ]);
        }
        println!("{table}");
        let judged = self.of(Phase::Recovery) + self.of(Phase::Check);
        println!(
            "recoveries and checks alone: {:.0} a second",
            all.cycles() as f64 / judged.as_secs_f64().max(1e-9)
        );
    }
}

/// What this process has taken of a core so far.
pub(super) fn core_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Neither is ever negative.
    Duration::new(
        time.tv_sec.unsigned_abs(),
        time.tv_nsec.unsigned_abs() as u32,
    )
}

/// Runs the command: failure when a run finds a violation.
// It measures the machine, not the engine.
#[allow(clippy::disallowed_methods)]
pub(crate) fn bench(arguments: &BenchArguments) -> ExitCode {
    let begun = (Instant::now(), core_time());
    let limit = Duration::from_secs(arguments.seconds);
    let mut lines: BTreeMap<&'static str, Line> = BTreeMap::new();
    let stopwatch = Arc::new(Mutex::new(Stopwatch {
        last: core_time(),
        spent: BTreeMap::new(),
    }));
    let watch = stopwatch.clone();
    let request = Request {
        watch: Some(PhaseWatch::new(move |phase| watch.lock().ends(phase))),
        ..Request::default()
    };
    let mut seed = arguments.seed;
    while core_time() - begun.1 < limit {
        let scenario = scenario_of_seed(seed);
        let start = core_time();
        match run_seed(scenario, seed, &request) {
            Err(violation) => {
                println!("{violation}");
                return ExitCode::FAILURE;
            }
            Ok(report) => {
                let line = lines.entry(scenario.name).or_default();
                line.totals.add(&report);
                line.took += core_time() - start;
            }
        }
        seed = seed.wrapping_add(1);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "scenario",
        "runs",
        "% of time",
        "runs/s",
        "crashes/s",
        "recovered and checked/s",
        "statements/s",
        "simulated / real time",
    ]);
    table
        .column_iter_mut()
        .skip(1)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let mut all = Line::default();
    lines.values().for_each(|line| all.add(line));
    for scenario in SCENARIOS {
        if let Some(line) = lines.get(scenario.name) {
            table.add_row(line.cells(scenario.name, &all));
        }
    }
    table.add_row(all.cells("all", &all));
    println!("{table}");
    println!(
        "{:.1} s of one core, {:.1} s of the clock; {:.1} s were simulated: what the calls would take of a disk, \
         {SYNC_MICROS} µs for a sync and {CALL_MICROS} µs for another call",
        all.took.as_secs_f64(),
        begun.0.elapsed().as_secs_f64(),
        all.disk_seconds(),
    );
    stopwatch.lock().print(&all);
    ExitCode::SUCCESS
}
