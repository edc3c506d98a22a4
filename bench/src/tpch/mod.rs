//! TPC-H: the tables of its generator, its 22 queries, the answers of the engines compared.

use crate::Failure;
use crate::compare::{Query, compare};
use crate::peers::{Peer, PeerArguments};
use std::fmt::Display;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

/// TPC-H's 22 queries, the answers compared
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The scale factor: 1 is 6 million rows of `lineitem`
    #[arg(long, default_value_t = 0.1)]
    scale: f64,
    /// How often each query is asked
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only the queries of these numbers
    #[arg(long, value_delimiter = ',')]
    only: Vec<usize>,
    /// Print QuantaDB's plan of each query
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    peers: PeerArguments,
}

/// Prints the table of times. Errors: those of the engines, and answers that differ.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (_folder, mut peers) = arguments.peers.open()?;
    for peer in &mut peers {
        load(&mut **peer, arguments.scale)?;
        eprintln!("{} is loaded", peer.name());
    }
    let queries = queries(arguments);
    if arguments.explain {
        for query in &queries {
            println!("-- {}", query.name);
            let (_, plan) = peers[0].query(&format!("EXPLAIN ANALYZE {}", query.sql))?;
            plan.iter().for_each(|line| println!("{}", line.join(" ")));
        }
    }
    println!("{}", compare(&mut peers, &queries, arguments.rounds)?);
    Ok(())
}

fn queries(arguments: &Arguments) -> Vec<Query> {
    let fraction = format!("{:.10}", 0.0001 / arguments.scale);
    let text = include_str!("queries.sql").replace("{fraction}", &fraction);
    let all = text.split(';').map(str::trim).filter(|sql| !sql.is_empty());
    all.enumerate()
        .filter(|(i, _)| arguments.only.is_empty() || arguments.only.contains(&(i + 1)))
        .map(|(i, sql)| Query {
            name: format!("{}", i + 1),
            // The comments before it are not its own.
            sql: sql
                .lines()
                .filter(|l| !l.starts_with("--"))
                .collect::<Vec<_>>()
                .join("\n"),
        })
        .collect()
}

fn load(peer: &mut dyn Peer, scale: f64) -> Result<(), Failure> {
    for table in include_str!("schema.sql").split(';').map(str::trim) {
        if !table.is_empty() {
            peer.run(table)?;
        }
    }
    let (s, part, parts) = (scale, 1, 1);
    fill(
        peer,
        "region",
        3,
        RegionGenerator::new(s, part, parts).iter(),
    )?;
    fill(
        peer,
        "nation",
        4,
        NationGenerator::new(s, part, parts).iter(),
    )?;
    fill(
        peer,
        "supplier",
        7,
        SupplierGenerator::new(s, part, parts).iter(),
    )?;
    fill(
        peer,
        "customer",
        8,
        CustomerGenerator::new(s, part, parts).iter(),
    )?;
    fill(peer, "part", 9, PartGenerator::new(s, part, parts).iter())?;
    fill(
        peer,
        "partsupp",
        5,
        PartSuppGenerator::new(s, part, parts).iter(),
    )?;
    fill(
        peer,
        "orders",
        9,
        OrderGenerator::new(s, part, parts).iter(),
    )?;
    fill(
        peer,
        "lineitem",
        16,
        LineItemGenerator::new(s, part, parts).iter(),
    )?;
    peer.run("ANALYZE")
}

fn fill(
    peer: &mut dyn Peer,
    table: &str,
    columns: usize,
    rows: impl Iterator<Item = impl Display>,
) -> Result<(), Failure> {
    let mut lines = rows.map(|row| row.to_string().trim_end_matches('|').to_owned());
    peer.fill(table, columns, &mut lines)
}
