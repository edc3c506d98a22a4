//! `quanta-sim`: runs QuantaDB on a simulated disk, crashes it, recovers it, and compares it with a model.

mod allocator;
mod sim;

use clap::{Parser, Subcommand};
use quantadb::planted::{AVAILABLE, Mistake};
use quantadb_sim::report::Violation;
use quantadb_sim::scenario::{Request, SCENARIOS, Scenario, run_seed, run_seed_everywhere};
use sim::{RequestArguments, SweepArguments};
use std::process::ExitCode;

/// Run QuantaDB on a simulated disk: crash it, recover it, compare it with a model. Everything follows from the seed.
///
/// Exit status: 0 nothing wrong, 1 a violation was found, 2 wrong usage.
#[derive(Parser)]
#[command(name = "quanta-sim", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Run one seed, in every scenario unless one is named
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    #[command(flatten)]
    sweep: SweepArguments,
    #[command(flatten)]
    asked: RequestArguments,
    /// Report as JSON
    #[arg(long)]
    json: bool,
    /// List the scenarios and the mistakes that can be planted
    #[arg(long)]
    list_scenarios: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Plant each mistake in the engine and tell how long it takes to notice it
    Planted(sim::PlantedArguments),
    /// Crash a short workload before each of its disk calls, with all that the crash may leave
    Exhaustive(sim::ExhaustiveArguments),
    /// Find the least part of a failing run that fails for the same reason, and write it as a case
    Shrink(sim::ShrinkArguments),
    /// Run a case that shrink has written
    Replay(sim::ReplayArguments),
    /// Check a property of log, pages, tree or transactions, over inputs that seeds make
    Property(sim::PropertyArguments),
    /// Put the results of many sweeps together
    Merge(sim::MergeArguments),
    /// Look for decisions that reach what no others have
    Search(sim::SearchArguments),
    /// Tell how many crashes, recoveries and checks a second one core makes
    Bench(sim::BenchArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic of the engine is reported as a violation, with its message and its seed.
    std::panic::set_hook(Box::new(|_| {}));
    match &arguments.command {
        Some(Command::Planted(arguments)) => return sim::planted(arguments),
        Some(Command::Exhaustive(arguments)) => return sim::exhaustive(arguments),
        Some(Command::Shrink(arguments)) => return sim::shrink(arguments),
        Some(Command::Replay(arguments)) => return sim::replay(arguments),
        Some(Command::Property(arguments)) => return sim::property(arguments),
        Some(Command::Merge(arguments)) => return sim::merge(arguments),
        Some(Command::Search(arguments)) => return sim::search(arguments),
        Some(Command::Bench(arguments)) => return sim::bench(arguments),
        None => {}
    }
    if arguments.list_scenarios {
        list();
        return ExitCode::SUCCESS;
    }
    let request = match arguments.asked.request() {
        Ok(request) => request,
        Err(message) => return sim::usage(&message),
    };
    let scenario = arguments.asked.scenario();
    match (arguments.seed, &arguments.sweep.seeds) {
        (Some(seed), _) => one(seed, scenario, &request, arguments.json),
        (None, Some(seeds)) => {
            sim::sweep(seeds, &arguments.sweep, &arguments.asked, arguments.json)
        }
        (None, None) => sim::usage("--seed N or --seeds A..B is needed; --help says more"),
    }
}

fn list() {
    for scenario in SCENARIOS {
        println!("{:<12} {}", scenario.name, scenario.about);
    }
    println!();
    if !AVAILABLE {
        println!("mistakes to plant: none in this build; build it with --features planted-bugs");
        return;
    }
    for mistake in Mistake::ALL {
        println!("--mistake {mistake:?}");
    }
}

fn one(seed: u64, scenario: Option<&'static Scenario>, request: &Request, json: bool) -> ExitCode {
    let ran = match scenario {
        Some(scenario) => run_seed(scenario, seed, request).map(|r| (r.to_string(), r.to_json())),
        None => run_seed_everywhere(seed, request).map(|r| (r.to_string(), r.to_json())),
    };
    match ran {
        Ok((text, value)) => {
            match json {
                true => println!("{value:#}"),
                false => println!("{text}"),
            }
            ExitCode::SUCCESS
        }
        Err(violation) => {
            show(&violation, json);
            ExitCode::FAILURE
        }
    }
}

fn show(violation: &Violation, json: bool) {
    match json {
        true => println!("{:#}", violation.to_json()),
        false => println!("{violation}"),
    }
}
