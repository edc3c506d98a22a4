//! Faults switched on and off by name, and every option for people.

use super::registry::Scenario;
use super::swarm::SwarmOptions;
use crate::disk::{FaultKind, FaultSet, PowerLoss};

/// What a fault that the seed left out gets, of a million calls: of calls, of syncs, of rare calls.
const CALLS_PPM: u32 = 2_000;
const SYNCS_PPM: u32 = 20_000;
const RARE_PPM: u32 = 50_000;

/// One option by name.
pub struct Switch {
    /// What it is called.
    pub name: &'static str,
    /// What makes a run simpler, the simplest first.
    pub simpler: &'static [&'static str],
    get: fn(&SwarmOptions) -> String,
    set: fn(&mut SwarmOptions, &str) -> bool,
}

impl Switch {
    /// Whether it changes anything in that scenario: some are only SQL's, some only those of transactions on trees.
    pub fn concerns(&self, scenario: &Scenario) -> bool {
        match self.name {
            "trees" | "keys" | "key bytes up to" | "value bytes up to" | "burst up to"
            | "schema changes" => !scenario.runs_sql(),
            "spills" | "batch rows" => scenario.runs_sql(),
            name => !name.starts_with("SQL ") || scenario.runs_sql(),
        }
    }
}

macro_rules! switch {
    ($name:literal, $($field:ident).+) => {
        switch!($name, $($field).+, [])
    };
    ($name:literal, $($field:ident).+, $simpler:expr) => {
        Switch {
            name: $name,
            simpler: &$simpler,
            get: |options| options.$($field).+.to_string(),
            set: |options, text| match text.parse() {
                Ok(value) => {
                    options.$($field).+ = value;
                    true
                }
                Err(_) => false,
            },
        }
    };
}

/// All options that have a value.
pub const SWITCHES: &[Switch] = &[
    switch!("page bytes", engine.page_bytes),
    switch!("cache bytes", engine.cache_bytes),
    switch!("column cache bytes", engine.column_cache_bytes),
    switch!("log segment bytes", engine.log_segment_bytes),
    switch!("checkpoint bytes", engine.checkpoint_bytes),
    switch!("versions slack", engine.versions_slack),
    switch!("history commits", engine.history_commits_max),
    switch!("calls between crashes", crashes.calls_mean),
    switch!("process crashes %", crashes.process_percent),
    switch!("crash in recovery", crashes.in_recovery, ["false"]),
    switch!("recover again %", crashes.recover_again_percent, ["0"]),
    switch!("other outcomes", crashes.other_outcomes, ["0", "1"]),
    switch!("short transfers ppm", faults.short_ppm),
    switch!("interruptions ppm", faults.interrupted_ppm),
    switch!("read errors ppm", faults.read_error_ppm),
    switch!("write errors ppm", faults.write_error_ppm),
    switch!("sync errors ppm", faults.sync_error_ppm),
    switch!("other errors ppm", faults.metadata_error_ppm),
    switch!("full disk ppm", faults.full_ppm),
    switch!("slow calls ppm", faults.slow_ppm),
    switch!("power loss loses", faults.power.loses, ["false"]),
    switch!("power loss tears", faults.power.tears, ["false"]),
    switch!("power loss reorders", faults.power.reorders, ["false"]),
    switch!("power loss garbage", faults.power.garbage, ["false"]),
    switch!("names disordered", faults.power.names_disordered, ["false"]),
    switch!("lost writes ppm", faults.betrayal.lost_write_ppm),
    switch!("misdirected ppm", faults.betrayal.misdirected_ppm),
    switch!("stale reads ppm", faults.betrayal.stale_ppm),
    switch!("rot", rots, ["false"]),
    switch!(
        "disk bytes",
        faults.capacity_bytes,
        ["18446744073709551615"]
    ),
    switch!("sessions", shape.sessions),
    switch!("trees", shape.trees_max),
    switch!("dropped trees", shape.trees_dropped),
    switch!("keys", shape.keys),
    switch!("key bytes up to", shape.key_bytes_max, ["8"]),
    switch!(
        "value bytes up to",
        shape.value_bytes_max,
        ["8", "100", "3000"]
    ),
    switch!("burst up to", shape.burst_max, ["1", "5", "40"]),
    switch!("schema changes", shape.schema_changes, ["false"]),
    switch!("maintenance", shape.maintenance, ["false"]),
    switch!("SQL tables", generator.tables),
    switch!("SQL keys", generator.keys),
    switch!("SQL rows up to", generator.rows_max, ["1", "3", "30"]),
    switch!(
        "SQL text bytes up to",
        generator.text_bytes_max,
        ["1", "10", "300"]
    ),
    switch!("SQL definitions", generator.definitions, ["false"]),
    switch!("SQL transactions", generator.transactions, ["false"]),
    switch!("spills", spills, ["false"]),
    switch!("batch rows", batch_rows, ["2048"]),
    switch!("steps", steps),
];

impl SwarmOptions {
    /// The same with these faults and no others; one that the seed left out gets a middling rate.
    pub(super) fn only(mut self, set: FaultSet) -> Self {
        let rate = |ppm: u32, kind: FaultKind, middling: u32| match (set.has(kind), ppm) {
            (false, _) => 0,
            (true, 0) => middling,
            (true, ppm) => ppm,
        };
        let f = &mut self.faults;
        f.read_error_ppm = rate(f.read_error_ppm, FaultKind::Eio, CALLS_PPM);
        f.write_error_ppm = rate(f.write_error_ppm, FaultKind::Eio, CALLS_PPM);
        f.metadata_error_ppm = rate(f.metadata_error_ppm, FaultKind::Eio, RARE_PPM);
        f.sync_error_ppm = rate(f.sync_error_ppm, FaultKind::FailedSync, SYNCS_PPM);
        f.full_ppm = rate(f.full_ppm, FaultKind::Enospc, SYNCS_PPM);
        f.interrupted_ppm = rate(f.interrupted_ppm, FaultKind::Interrupted, SYNCS_PPM);
        f.short_ppm = rate(f.short_ppm, FaultKind::Short, SYNCS_PPM);
        f.slow_ppm = rate(f.slow_ppm, FaultKind::Slow, CALLS_PPM);
        if !set.has(FaultKind::Enospc) {
            f.capacity_bytes = u64::MAX;
        }
        f.power = PowerLoss {
            loses: set.has(FaultKind::Lost),
            tears: set.has(FaultKind::Torn),
            reorders: set.has(FaultKind::Reordered),
            garbage: set.has(FaultKind::Garbage),
            names_disordered: set.has(FaultKind::Reordered),
        };
        let b = &mut f.betrayal;
        b.lost_write_ppm = rate(b.lost_write_ppm, FaultKind::LostWrites, CALLS_PPM);
        b.misdirected_ppm = rate(b.misdirected_ppm, FaultKind::Misdirected, CALLS_PPM);
        b.stale_ppm = rate(b.stale_ppm, FaultKind::Stale, SYNCS_PPM);
        self.rots = set.has(FaultKind::Rot);
        self
    }

    /// The value of an option, if there is one of that name.
    pub fn get(&self, name: &str) -> Option<String> {
        let switch = SWITCHES.iter().find(|switch| switch.name == name)?;
        Some((switch.get)(self))
    }

    /// Gives an option another value.
    ///
    /// # Errors
    /// When there is no option of that name, or the text is no value of it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let switch = SWITCHES.iter().find(|switch| switch.name == name);
        let switch = switch.ok_or_else(|| format!("no option is called {name:?}"))?;
        match (switch.set)(self, value) {
            true => Ok(()),
            false => Err(format!("{value:?} is no value of the option {name:?}")),
        }
    }

    /// Every option, for people.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let unlimited =
            |switch: &&Switch| switch.name != "disk bytes" || self.faults.capacity_bytes < u64::MAX;
        let switches = SWITCHES.iter().filter(unlimited);
        let mut options: Vec<_> = switches.map(|s| (s.name, (s.get)(self))).collect();
        options.push(("failed sync", format!("{:?}", self.faults.sync_failure)));
        options
    }
}
