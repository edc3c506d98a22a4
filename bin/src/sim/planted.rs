//! `quanta-sim planted`: plants each mistake in turn, and tells how long it took until a seed noticed it.

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use quantadb::planted::{AVAILABLE, Mistake};
use quantadb_sim::hunt::{Hunt, hunt, median, scenarios_of};
use quantadb_sim::scenario::{mistake_by_name, scenario_by_name};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How far the starting seeds lie apart.
const STARTS_APART: u64 = 1_000_000;

/// What `planted` can be told.
#[derive(Args)]
pub(crate) struct PlantedArguments {
    /// Only this mistake
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
    /// In this scenario instead of those that reach it
    #[arg(long, value_name = "NAME", value_parser = super::request::parse_scenario)]
    scenario: Option<&'static str>,
    /// How many starting seeds; the the medians are told
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    starts: u64,
    /// Runs from each starting seed at most
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    runs: u64,
    /// Report as JSON lines
    #[arg(long)]
    json: bool,
}

/// All hunts of one mistake.
struct Line {
    mistake: Mistake,
    hunts: Vec<(Hunt, Duration)>,
}

impl Line {
    fn missed(&self) -> usize {
        let missed = |(hunt, _): &&(Hunt, Duration)| hunt.caught.is_none();
        self.hunts.iter().filter(missed).count()
    }

    fn runs(&self) -> Vec<u64> {
        self.hunts.iter().map(|(hunt, _)| hunt.runs).collect()
    }

    fn seconds(&self) -> f64 {
        let micros = self.hunts.iter().map(|(_, took)| took.as_micros() as u64);
        median(&micros.collect::<Vec<_>>()) as f64 / 1e6
    }

    fn scenario(&self) -> &'static str {
        let caught = self.hunts.iter().find_map(|(hunt, _)| hunt.caught.as_ref());
        caught.map_or("", |violation| violation.scenario)
    }

    fn cells(&self) -> [String; 6] {
        let runs = self.runs();
        let caught = format!("{} of {}", runs.len() - self.missed(), runs.len());
        [
            format!("{:?}", self.mistake.area()),
            format!("{:?}", self.mistake),
            self.scenario().to_owned(),
            caught,
            format!("{} ({})", median(&runs), runs.iter().max().unwrap_or(&0)),
            format!("{:.3}", self.seconds()),
        ]
    }

    fn json(&self) -> String {
        let runs = self.runs();
        format!(
            "{{\"mistake\":\"{:?}\",\"area\":\"{:?}\",\"scenario\":\"{}\",\"caught\":{},\"starts\":{},\
             \"runs_median\":{},\"runs_max\":{},\"seconds_median\":{:.6}}}",
            self.mistake,
            self.mistake.area(),
            self.scenario(),
            runs.len() - self.missed(),
            runs.len(),
            median(&runs),
            runs.iter().max().unwrap_or(&0),
            self.seconds()
        )
    }
}

// Only to tell how long it took: nothing depends on it.
#[allow(clippy::disallowed_methods)]
fn timed(mistake: Mistake, start: u64, arguments: &PlantedArguments) -> (Hunt, Duration) {
    let scenarios = match arguments.scenario.and_then(scenario_by_name) {
        Some(scenario) => vec![scenario],
        None => scenarios_of(mistake),
    };
    let begun = Instant::now();
    let hunt = hunt(mistake, &scenarios, start * STARTS_APART, arguments.runs);
    (hunt, begun.elapsed())
}

/// Runs the command: success when every mistake was noticed from every starting seed.
pub(crate) fn planted(arguments: &PlantedArguments) -> ExitCode {
    if !AVAILABLE {
        eprintln!(
            "quanta-sim: this build has no planted mistakes; build it with --features planted-bugs"
        );
        return ExitCode::from(2);
    }
    let mistakes = match &arguments.mistake {
        None => Mistake::ALL.to_vec(),
        Some(name) => match mistake_by_name(name) {
            Some(mistake) => vec![mistake],
            None => {
                eprintln!("quanta-sim: no mistake is called {name:?}; --list-scenarios lists them");
                return ExitCode::from(2);
            }
        },
    };
    let bar = ProgressBar::new(mistakes.len() as u64 * arguments.starts);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} hunts, {msg}") {
        bar.set_style(style);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header([
        "area",
        "mistake",
        "scenario",
        "caught",
        "runs: median (max)",
        "seconds",
    ]);
    for column in [4, 5] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut missed = 0;
    for &mistake in &mistakes {
        bar.set_message(format!("{mistake:?}"));
        let hunts = (0..arguments.starts).map(|start| {
            bar.inc(1);
            timed(mistake, start, arguments)
        });
        let line = Line {
            mistake,
            hunts: hunts.collect(),
        };
        missed += usize::from(line.missed() > 0);
        match arguments.json {
            true => println!("{}", line.json()),
            false => drop(table.add_row(line.cells())),
        }
    }
    bar.finish_and_clear();
    if !arguments.json {
        println!("{table}");
        let count = mistakes.len();
        println!(
            "{} of {count} mistakes were noticed from every starting seed",
            count - missed
        );
    }
    match missed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
