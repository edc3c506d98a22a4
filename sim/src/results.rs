//! Results of sweeps as lines of JSON: written block by block, so that a sweep that was stopped goes on where it was, and put
//! together from many machines.
//!
//! ```text
//!   machine 0   --shard 0/3 ─▶ r0.jsonl   {"from":0,"to":100,"shard":"0/3","totals":{…},"violations":[]}  …
//!   machine 1   --shard 1/3 ─▶ r1.jsonl   …
//!   machine 2   --shard 2/3 ─▶ r2.jsonl   …            ─▶ merge ─▶ totals, violations, seeds that nobody ran
//! ```
//!
//! A seed always gives the same, so whoever runs a block twice has shown that, or found that it is not so.

use crate::sweep::Found;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Seeds of one block, of which a shard has its part.
pub const BLOCK_SEEDS: u64 = 100;

/// One of several equal parts of the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Default for Shard {
    /// All seeds.
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Reads `I/N`, the I-th of N parts, counted from 0.
    ///
    /// # Errors
    /// When it is not written so, or there is no such part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let (index, count) = parts.ok_or("a shard is written I/N, like 0/8")?;
        let number = |s: &str| s.parse::<u64>().map_err(|e| format!("{s:?}: {e}"));
        let (index, count) = (number(index)?, number(count)?);
        match index < count {
            true => Ok(Self { index, count }),
            false => Err(format!(
                "of {count} shards the last is {}",
                count.saturating_sub(1)
            )),
        }
    }

    /// Whether a seed is of this part.
    pub fn has(self, seed: u64) -> bool {
        seed % self.count == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// What a shard found in one block of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The block.
    pub seeds: Range<u64>,
    /// Which of its seeds.
    pub shard: Shard,
    /// What was asked of each run, as a command.
    pub asked: String,
    /// Runs and counts.
    pub totals: Value,
    /// Violations.
    pub violations: Vec<Value>,
}

/// The blocks of a range of seeds.
pub fn blocks_of(seeds: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let starts = seeds.clone().step_by(BLOCK_SEEDS as usize);
    starts.map(move |from| from..seeds.end.min(from.saturating_add(BLOCK_SEEDS)))
}

impl Block {
    /// What was found in a block.
    pub fn new(seeds: Range<u64>, shard: Shard, asked: &str, found: &Found) -> Self {
        Self {
            seeds,
            shard,
            asked: asked.to_owned(),
            totals: found.totals.to_json(),
            violations: found.violations.iter().map(|v| v.to_json()).collect(),
        }
    }

    /// The block as a line, without its end.
    pub fn to_line(&self) -> String {
        json!({
            "version": 1,
            "from": self.seeds.start,
            "to": self.seeds.end,
            "shard": self.shard.to_string(),
            "asked": self.asked,
            "totals": self.totals,
            "violations": self.violations,
        })
        .to_string()
    }

    fn from_line(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
        if value["version"] != 1 {
            return Err(format!(
                "results of version {} are not known, only 1",
                value["version"]
            ));
        }
        let number = |name: &str| {
            let number = value[name].as_u64();
            number.ok_or_else(|| format!("{name:?} is no number"))
        };
        let text = |name: &str| {
            let text = value[name].as_str();
            text.ok_or_else(|| format!("{name:?} is no text"))
        };
        let violations = value["violations"].as_array();
        Ok(Self {
            seeds: number("from")?..number("to")?,
            shard: Shard::parse(text("shard")?)?,
            asked: text("asked")?.to_owned(),
            totals: value["totals"].clone(),
            violations: violations.ok_or("\"violations\" is no list")?.clone(),
        })
    }
}

/// The blocks of a file of results. A last line without an end, which a machine that was stopped has left, counts as not
/// written.
///
/// # Errors
/// What is wrong, with the number of the line.
pub fn read(text: &str) -> Result<Vec<Block>, String> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty());
    let block = |(at, line): (usize, &str)| {
        Block::from_line(line).map_err(|what| format!("line {}: {what}", at + 1))
    };
    lines.map(block).collect()
}

/// Results put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// Runs and counts of all.
    pub totals: Value,
    /// All violations, by seed.
    pub violations: Vec<Value>,
    /// Seeds that nobody ran: ranges, each of a shard.
    pub missing: Vec<(Range<u64>, Shard)>,
}

/// Puts blocks together; `expected` are the seeds that should be there, if they are known.
///
/// # Errors
/// When they are of different sweeps, or two that should be the same are not.
pub fn merge(blocks: Vec<Block>, expected: Option<Range<u64>>) -> Result<Merged, String> {
    let mut by_place: BTreeMap<(Shard, u64), Block> = BTreeMap::new();
    let Some(first) = blocks.first().cloned() else {
        return Err("there are no results".to_owned());
    };
    for block in blocks {
        if (block.shard.count, &block.asked) != (first.shard.count, &first.asked) {
            return Err(format!(
                "results of different sweeps: {} shards of {:?}, {} shards of {:?}",
                first.shard.count, first.asked, block.shard.count, block.asked
            ));
        }
        let place = (block.shard, block.seeds.start);
        match by_place.get(&place) {
            Some(other) if *other != block => {
                return Err(format!(
                    "seeds {:?} of shard {} gave different results",
                    block.seeds, block.shard
                ));
            }
            _ => drop(by_place.insert(place, block)),
        }
    }
    let all = || by_place.values();
    let seeds = expected.unwrap_or_else(|| {
        let from = all().map(|block| block.seeds.start).min();
        let to = all().map(|block| block.seeds.end).max();
        from.unwrap_or(0)..to.unwrap_or(0)
    });
    let mut merged = Merged {
        totals: json!({}),
        ..Merged::default()
    };
    for block in all() {
        add(&mut merged.totals, &block.totals);
        merged.violations.extend(block.violations.iter().cloned());
    }
    merged
        .violations
        .sort_by_key(|violation| violation["seed"].as_u64());
    for index in 0..first.shard.count {
        let shard = Shard {
            index,
            ..first.shard
        };
        let of_shard = all().filter(|block| block.shard == shard);
        let gaps = gaps(&seeds, of_shard.map(|block| &block.seeds));
        merged
            .missing
            .extend(gaps.into_iter().map(|gap| (gap, shard)));
    }
    Ok(merged)
}

/// What of `all` is in none of the parts, which come in the order of their starts.
fn gaps<'a>(all: &Range<u64>, parts: impl Iterator<Item = &'a Range<u64>>) -> Vec<Range<u64>> {
    let (mut gaps, mut at) = (Vec::new(), all.start);
    for part in parts {
        if part.start > at {
            gaps.push(at..part.start.min(all.end));
        }
        at = at.max(part.end);
    }
    if at < all.end {
        gaps.push(at..all.end);
    }
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

/// Adds all numbers of one object to those of the same names of another.
fn add(sum: &mut Value, more: &Value) {
    match (sum, more) {
        (Value::Object(sum), Value::Object(more)) => {
            for (name, value) in more {
                add(sum.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (sum @ Value::Null, more) => *sum = more.clone(),
        (sum, more) => {
            if let (Some(a), Some(b)) = (sum.as_u64(), more.as_u64()) {
                *sum = a.saturating_add(b).into();
            }
        }
    }
}
