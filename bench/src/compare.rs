//! Queries over several engines: times in turn, answers side by side.

use crate::Failure;
use crate::median;
use crate::peers::{Peer, same_rows};
use comfy_table::{Cell, CellAlignment, Table};
use std::time::Duration;

/// A query with its name.
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) sql: String,
}

/// Asks all of `peers` each query `rounds` times, in turn, and compares their answers with those of the first. Errors: those
/// of the engines, and an answer that differs.
pub(crate) fn compare(
    peers: &mut [Box<dyn Peer>],
    queries: &[Query],
    rounds: usize,
) -> Result<Table, Failure> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
    let mut header = vec!["query".to_owned(), "rows".to_owned()];
    header.extend(peers.iter().map(|peer| format!("{} ms", peer.name())));
    let first = peers.first().map_or("", |peer| peer.name());
    header.extend(
        peers
            .iter()
            .skip(1)
            .map(|peer| format!("{first} / {}", peer.name())),
    );
    table.set_header(header);
    let mut wrong = Vec::new();
    for query in queries {
        let mut times = vec![Vec::new(); peers.len()];
        let mut expected: Option<Vec<Vec<String>>> = None;
        for round in 0..rounds {
            for (peer, times) in peers.iter_mut().zip(&mut times) {
                let answer = peer.query(&query.sql);
                let named = |e| format!("{}, query {}: {e}", peer.name(), query.name);
                let (took, rows) = answer.map_err(named)?;
                times.push(took);
                if round > 0 {
                    continue;
                }
                match &expected {
                    None => expected = Some(rows),
                    Some(expected) if same_rows(expected, &rows) => {}
                    Some(expected) => wrong.push(difference(peer.name(), query, expected, &rows)),
                }
            }
        }
        eprintln!("query {}", query.name);
        table.add_row(line(query, expected.map_or(0, |rows| rows.len()), &times));
    }
    if wrong.is_empty() {
        Ok(table)
    } else {
        Err(wrong.join("\n").into())
    }
}

fn line(query: &Query, rows: usize, times: &[Vec<Duration>]) -> Vec<Cell> {
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let medians: Vec<f64> = times
        .iter()
        .map(|t| median(t).as_secs_f64() * 1e3)
        .collect();
    let mut cells = vec![Cell::new(&query.name), right(rows.to_string())];
    cells.extend(medians.iter().map(|ms| right(format!("{ms:.1}"))));
    let ratios = medians.iter().skip(1).map(|other| medians[0] / other);
    cells.extend(ratios.map(|ratio| right(format!("{ratio:.2}"))));
    cells
}

fn difference(name: &str, query: &Query, ours: &[Vec<String>], theirs: &[Vec<String>]) -> String {
    let first = ours
        .iter()
        .zip(theirs)
        .find(|(a, b)| !same_rows(&[a.to_vec()], &[b.to_vec()]));
    format!(
        "query {}: {} rows, {name} has {}; the first that differ: {first:?}",
        query.name,
        ours.len(),
        theirs.len(),
    )
}
