//! `quanta-sim property`: a property of the storage core, over inputs that seeds make.

use super::sweep::parse_range;
use clap::Args;
use quantadb_sim::property::{PROPERTIES, Property, property_by_name};
use std::ops::Range;
use std::process::ExitCode;

/// What `property` can be told.
#[derive(Args)]
pub(crate) struct PropertyArguments {
    /// Which one
    #[arg(value_parser = parse_property)]
    property: &'static str,
    /// The seeds from A to B, without B
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    seeds: Range<u64>,
    /// Say nothing but violations
    #[arg(long)]
    quiet: bool,
}

fn parse_property(name: &str) -> Result<&'static str, String> {
    let told = |property: &Property| format!("{} ({})", property.name, property.about);
    let names: Vec<String> = PROPERTIES.iter().map(told).collect();
    property_by_name(name)
        .map(|property| property.name)
        .ok_or_else(|| format!("there are: {}", names.join(", ")))
}

/// Runs the command: success when the property held.
pub(crate) fn property(arguments: &PropertyArguments) -> ExitCode {
    let Some(property) = property_by_name(arguments.property) else {
        return super::usage("there is no such property");
    };
    for seed in arguments.seeds.clone() {
        if let Err(message) = property.check_seed(seed) {
            println!("VIOLATION of {}, seed {seed}: {message}", property.name);
            return ExitCode::FAILURE;
        }
    }
    if !arguments.quiet {
        let seeds = &arguments.seeds;
        println!(
            "{}: held over seeds {}..{}",
            property.name, seeds.start, seeds.end
        );
    }
    ExitCode::SUCCESS
}
