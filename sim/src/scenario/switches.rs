//! Faults switched on and off by name, and every option for people.

use super::swarm::SwarmOptions;
use crate::disk::{FaultKind, FaultSet, PowerLoss};

/// What a fault that the seed left out gets, of a million calls: of calls, of syncs, of rare calls.
const CALLS_PPM: u32 = 2_000;
const SYNCS_PPM: u32 = 20_000;
const RARE_PPM: u32 = 50_000;

fn power_text(power: PowerLoss) -> String {
    let PowerLoss {
        loses,
        tears,
        reorders,
        garbage,
        names_disordered,
    } = power;
    let flags = [
        (loses, "loses"),
        (tears, "tears"),
        (reorders, "reorders"),
        (garbage, "garbage"),
        (names_disordered, "names"),
    ];
    let on = flags.iter().filter(|(on, _)| *on).map(|&(_, name)| name);
    on.collect::<Vec<_>>().join(" ")
}

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

    /// Every option, for people.
    pub fn describe(&self) -> Vec<(&'static str, String)> {
        let faults = &self.faults;
        let shape = &self.shape;
        let mut options = vec![
            ("page bytes", self.engine.page_bytes.to_string()),
            ("cache bytes", self.engine.cache_bytes.to_string()),
            (
                "log segment bytes",
                self.engine.log_segment_bytes.to_string(),
            ),
            ("checkpoint bytes", self.engine.checkpoint_bytes.to_string()),
            ("calls between crashes", self.crash_calls_mean.to_string()),
            ("process crashes %", self.process_crash_percent.to_string()),
            ("crash in recovery", self.crash_in_recovery.to_string()),
            ("recover again %", self.recover_again_percent.to_string()),
            ("short transfers ppm", faults.short_ppm.to_string()),
            ("interruptions ppm", faults.interrupted_ppm.to_string()),
            ("read errors ppm", faults.read_error_ppm.to_string()),
            ("write errors ppm", faults.write_error_ppm.to_string()),
            ("sync errors ppm", faults.sync_error_ppm.to_string()),
            ("other errors ppm", faults.metadata_error_ppm.to_string()),
            ("full disk ppm", faults.full_ppm.to_string()),
            ("slow calls ppm", faults.slow_ppm.to_string()),
            ("failed sync", format!("{:?}", faults.sync_failure)),
            ("power loss", power_text(faults.power)),
            (
                "lost writes ppm",
                faults.betrayal.lost_write_ppm.to_string(),
            ),
            (
                "misdirected ppm",
                faults.betrayal.misdirected_ppm.to_string(),
            ),
            ("stale reads ppm", faults.betrayal.stale_ppm.to_string()),
            ("rot", self.rots.to_string()),
            ("sessions", shape.sessions.to_string()),
            ("trees", shape.trees_max.to_string()),
            ("keys", shape.keys.to_string()),
            ("key bytes up to", shape.key_bytes_max.to_string()),
            ("value bytes up to", shape.value_bytes_max.to_string()),
            ("burst up to", shape.burst_max.to_string()),
            ("schema changes", shape.schema_changes.to_string()),
            ("maintenance", shape.maintenance.to_string()),
            ("SQL tables", self.generator.tables.to_string()),
            ("SQL keys", self.generator.keys.to_string()),
            ("SQL rows up to", self.generator.rows_max.to_string()),
            (
                "SQL text bytes up to",
                self.generator.text_bytes_max.to_string(),
            ),
            ("SQL definitions", self.generator.definitions.to_string()),
            ("SQL transactions", self.generator.transactions.to_string()),
            ("spills", self.spills.to_string()),
            ("steps", self.steps.to_string()),
        ];
        if faults.capacity_bytes != u64::MAX {
            options.push(("disk bytes", faults.capacity_bytes.to_string()));
        }
        options
    }
}
