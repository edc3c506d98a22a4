//! What a run did, and what it found: for people and as JSON.

use crate::disk::{Call, DiskCounters, FaultKind};
use crate::lockstep::Mismatch;
use crate::phase::Phase;
use serde_json::{Value, json};
use std::fmt;

/// Counts of anomalies that were seen where they are allowed; see [`crate::history`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// G-single and G-nonadjacent: read skew and its like.
    pub one_read_write: u64,
    /// G2-item: write skew.
    pub skews: u64,
    /// G2: phantoms.
    pub phantoms: u64,
    /// Two that replaced the same number.
    pub lost_updates: u64,
}

/// Counts of opens of an existing database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recoveries {
    /// That succeeded.
    pub done: u64,
    /// That a crash interrupted.
    pub crashed: u64,
    /// That a failing disk refused.
    pub failed: u64,
    /// That were done a second time to see that nothing changes.
    pub repeated: u64,
    /// Of what power losses could have left as well, beside those that the runs went on with: done, and all was right.
    pub aside: u64,
}

/// What came of a disk that broke its contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DamageCounts {
    /// Errors that named damage.
    pub named: u64,
    /// Databases that were refused when they were opened.
    pub refused: u64,
    /// Wrong answers where nobody could have noticed.
    pub unnoticed: u64,
    /// Runs in which every answer was right and none an error.
    pub unharmed: u64,
    /// Entries that were brought out at the end of a run, as far as the database could still say what they are.
    pub salvaged: u64,
}

impl DamageCounts {
    /// Whether nothing came of it so far.
    pub fn is_none(&self) -> bool {
        self.named + self.refused + self.unnoticed == 0
    }
}

/// Counts of the work done and of the recoveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkCounts {
    /// Operations or SQL statements performed and compared.
    pub statements: u64,
    /// Transactions whose commit was acknowledged.
    pub transactions: u64,
    /// Operations that both sides refused.
    pub refused: u64,
    /// Commits whose fate a recovery decided.
    pub commits_unknown: u64,
    /// Of those, how many were there.
    pub commits_unknown_found: u64,
    /// Opens of an existing database.
    pub recoveries: Recoveries,
    /// Clean closes.
    pub closes: u64,
    /// Pages that the engine's own check looked at.
    pub pages_checked: u64,
    /// Entries or rows compared one by one after recoveries.
    pub entries_compared: u64,
    /// Bytes of rows that did not stay in memory.
    pub spilled_bytes: u64,
    /// Anomalies that the isolation level allows, seen.
    pub anomalies: Anomalies,
    /// What came of damage.
    pub damage: DamageCounts,
}

impl WorkCounts {
    /// Adds another's counts.
    pub fn add(&mut self, other: &WorkCounts) {
        self.statements += other.statements;
        self.transactions += other.transactions;
        self.refused += other.refused;
        self.commits_unknown += other.commits_unknown;
        self.commits_unknown_found += other.commits_unknown_found;
        self.recoveries.done += other.recoveries.done;
        self.recoveries.crashed += other.recoveries.crashed;
        self.recoveries.failed += other.recoveries.failed;
        self.recoveries.repeated += other.recoveries.repeated;
        self.recoveries.aside += other.recoveries.aside;
        self.closes += other.closes;
        self.pages_checked += other.pages_checked;
        self.anomalies.one_read_write += other.anomalies.one_read_write;
        self.anomalies.skews += other.anomalies.skews;
        self.anomalies.phantoms += other.anomalies.phantoms;
        self.anomalies.lost_updates += other.anomalies.lost_updates;
        self.entries_compared += other.entries_compared;
        self.spilled_bytes += other.spilled_bytes;
        self.damage.named += other.damage.named;
        self.damage.refused += other.damage.refused;
        self.damage.unnoticed += other.damage.unnoticed;
        self.damage.unharmed += other.damage.unharmed;
        self.damage.salvaged += other.damage.salvaged;
    }
}

/// A run of one seed that found nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which scenario.
    pub scenario: &'static str,
    /// Which seed.
    pub seed: u64,
    /// Every option that the seed decided.
    pub options: Vec<(&'static str, String)>,
    /// The work done.
    pub work: WorkCounts,
    /// What the disk saw.
    pub disk: DiskCounters,
    /// Hash of every call of the disk.
    pub trace_hash: u64,
}

/// What each scenario made of one seed, when none found anything wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedReport {
    /// Which seed.
    pub seed: u64,
    /// One run of each scenario.
    pub runs: Vec<Report>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which scenario.
    pub scenario: &'static str,
    /// Which seed.
    pub seed: u64,
    /// Every option that the seed decided.
    pub options: Vec<(&'static str, String)>,
    /// The step at which it was found.
    pub step: u64,
    /// What the engine was asked at that moment.
    pub phase: Phase,
    /// What was expected and what was found.
    pub mismatch: Mismatch,
    /// The command that shows it again.
    pub replay: String,
}

/// Work and disk counts of many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// The work done.
    pub work: WorkCounts,
    /// What the disks saw.
    pub disk: DiskCounters,
}

impl Totals {
    /// Adds a run.
    pub fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.work.add(&report.work);
        self.disk.add(&report.disk);
    }
}

/// A line of label and number, right-aligned.
fn line(f: &mut fmt::Formatter<'_>, label: &str, number: u64, rest: &str) -> fmt::Result {
    writeln!(f, "  {label:<26}{number:>12}  {rest}")
}

fn write_counts(f: &mut fmt::Formatter<'_>, work: &WorkCounts, disk: &DiskCounters) -> fmt::Result {
    write_work(f, work)?;
    write_crashes(f, disk)?;
    write_disk(f, disk)?;
    write_faults(f, disk)?;
    write_recoveries(f, work)?;
    write_damage(f, &work.damage)
}

fn write_work(f: &mut fmt::Formatter<'_>, work: &WorkCounts) -> fmt::Result {
    let unknown = format!("of unknown fate, {} were there", work.commits_unknown_found);
    writeln!(f, "work")?;
    line(
        f,
        "statements",
        work.statements,
        "each compared with the model",
    )?;
    line(f, "transactions", work.transactions, "acknowledged")?;
    line(
        f,
        "refused",
        work.refused,
        "by both sides alike: conflicts, limits",
    )?;
    line(f, "commits", work.commits_unknown, &unknown)
}

fn write_crashes(f: &mut fmt::Formatter<'_>, disk: &DiskCounters) -> fmt::Result {
    let kinds = format!(
        "{} power losses, the rest process crashes",
        disk.power_losses
    );
    writeln!(f, "crashes")?;
    line(f, "all", disk.crashes.total(), &kinds)?;
    for phase in Phase::ALL {
        let crashes = disk.crashes.of_phase(phase);
        if crashes > 0 {
            line(f, &format!("during {phase}"), crashes, "")?;
        }
    }
    Ok(())
}

fn write_disk(f: &mut fmt::Formatter<'_>, disk: &DiskCounters) -> fmt::Result {
    writeln!(f, "disk")?;
    line(f, "calls", disk.calls.total(), "")?;
    line(
        f,
        "sectors lost",
        disk.sectors_lost,
        "written, never synced, gone",
    )?;
    line(
        f,
        "sectors kept",
        disk.sectors_kept,
        "written, never synced, there",
    )?;
    line(f, "sectors garbage", disk.sectors_garbage, "")?;
    line(
        f,
        "blocks torn",
        disk.blocks_torn,
        "4 KiB of which a part survived",
    )?;
    line(
        f,
        "sectors forgotten",
        disk.sectors_forgotten,
        "by failed syncs",
    )?;
    line(f, "names lost", disk.names_lost, "creations and renames")?;
    line(
        f,
        "lengths lost",
        disk.lengths_lost,
        "growth that was not synced",
    )?;
    line(f, "failed calls", disk.faults.total(), "")?;
    for call in Call::ALL {
        let faults = disk.faults.of_call(call);
        if faults > 0 {
            line(f, &format!("failed {call}"), faults, "")?;
        }
    }
    Ok(())
}

fn write_faults(f: &mut fmt::Formatter<'_>, disk: &DiskCounters) -> fmt::Result {
    writeln!(f, "faults by name")?;
    for kind in FaultKind::ALL {
        let rest = match kind.is_within_contract() {
            true => "",
            false => "beyond the disk contract",
        };
        if disk.of_kind(kind) > 0 {
            line(f, kind.name(), disk.of_kind(kind), rest)?;
        }
    }
    Ok(())
}

fn write_damage(f: &mut fmt::Formatter<'_>, damage: &DamageCounts) -> fmt::Result {
    if damage.is_none() && damage.unharmed == 0 {
        return Ok(());
    }
    writeln!(f, "damage")?;
    line(f, "named", damage.named, "errors of calls")?;
    line(f, "refused", damage.refused, "databases, when opened")?;
    line(
        f,
        "unharmed",
        damage.unharmed,
        "runs, every answer was right",
    )?;
    let salvaged = "entries, that the database itself still gave too";
    line(f, "salvaged", damage.salvaged, salvaged)?;
    let unnoticed = "wrong answers after another process began, where nobody could notice";
    line(f, "unnoticed", damage.unnoticed, unnoticed)
}

fn write_recoveries(f: &mut fmt::Formatter<'_>, work: &WorkCounts) -> fmt::Result {
    writeln!(f, "recoveries")?;
    line(f, "all", work.recoveries.done, "")?;
    line(
        f,
        "crashed again",
        work.recoveries.crashed,
        "during recovery",
    )?;
    line(
        f,
        "refused",
        work.recoveries.failed,
        "by a failing disk, then tried again",
    )?;
    line(
        f,
        "repeated",
        work.recoveries.repeated,
        "and nothing changed",
    )?;
    line(
        f,
        "aside",
        work.recoveries.aside,
        "of other outcomes of the same power losses",
    )?;
    line(f, "clean closes", work.closes, "")?;
    line(f, "pages checked", work.pages_checked, "")?;
    line(f, "entries compared", work.entries_compared, "")?;
    line(f, "bytes spilled", work.spilled_bytes, "for want of memory")?;
    let allowed = "where the isolation level allows it";
    line(f, "lost updates", work.anomalies.lost_updates, allowed)?;
    line(f, "read skews", work.anomalies.one_read_write, allowed)?;
    line(f, "write skews", work.anomalies.skews, allowed)?;
    line(f, "phantoms", work.anomalies.phantoms, allowed)
}

fn counts_json(work: &WorkCounts, disk: &DiskCounters) -> Value {
    let crashes: serde_json::Map<String, Value> = Phase::ALL
        .iter()
        .map(|&p| (p.to_string(), disk.crashes.of_phase(p).into()))
        .collect();
    let faults: serde_json::Map<String, Value> = Call::ALL
        .iter()
        .map(|&c| (c.to_string(), disk.faults.of_call(c).into()))
        .collect();
    let names: serde_json::Map<String, Value> = FaultKind::ALL
        .iter()
        .map(|&kind| (kind.to_string(), disk.of_kind(kind).into()))
        .collect();
    json!({
        "statements": work.statements,
        "transactions": work.transactions,
        "refused": work.refused,
        "commits_unknown": work.commits_unknown,
        "commits_unknown_found": work.commits_unknown_found,
        "crashes": disk.crashes.total(),
        "power_losses": disk.power_losses,
        "crashes_by_phase": crashes,
        "disk_calls": disk.calls.total(),
        "sectors_lost": disk.sectors_lost,
        "sectors_kept": disk.sectors_kept,
        "sectors_garbage": disk.sectors_garbage,
        "blocks_torn": disk.blocks_torn,
        "sectors_forgotten": disk.sectors_forgotten,
        "names_lost": disk.names_lost,
        "lengths_lost": disk.lengths_lost,
        "faults_by_call": faults,
        "recoveries": work.recoveries.done,
        "recoveries_crashed": work.recoveries.crashed,
        "recoveries_failed": work.recoveries.failed,
        "recoveries_repeated": work.recoveries.repeated,
        "recoveries_aside": work.recoveries.aside,
        "closes": work.closes,
        "pages_checked": work.pages_checked,
        "entries_compared": work.entries_compared,
        "spilled_bytes": work.spilled_bytes,
        "lost_updates": work.anomalies.lost_updates,
        "read_skews": work.anomalies.one_read_write,
        "write_skews": work.anomalies.skews,
        "phantoms": work.anomalies.phantoms,
        "faults_by_name": names,
        "damage_named": work.damage.named,
        "damage_refused": work.damage.refused,
        "damage_unnoticed": work.damage.unnoticed,
        "damage_unharmed": work.damage.unharmed,
        "damage_salvaged": work.damage.salvaged,
    })
}

fn options_json(options: &[(&'static str, String)]) -> Value {
    let pairs = options.iter().map(|(k, v)| ((*k).to_owned(), json!(v)));
    Value::Object(pairs.collect())
}

fn write_options(f: &mut fmt::Formatter<'_>, options: &[(&'static str, String)]) -> fmt::Result {
    writeln!(f, "options")?;
    for (name, value) in options {
        writeln!(f, "  {name:<26}{value:>12}")?;
    }
    Ok(())
}

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "outcome": "clean",
            "scenario": self.scenario,
            "seed": self.seed,
            "options": options_json(&self.options),
            "counts": counts_json(&self.work, &self.disk),
            "trace_hash": format!("{:016x}", self.trace_hash),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} of scenario {}: clean", self.seed, self.scenario)?;
        write_options(f, &self.options)?;
        write_counts(f, &self.work, &self.disk)?;
        write!(f, "trace {:016x}", self.trace_hash)
    }
}

impl SeedReport {
    /// All runs together.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.runs.iter().for_each(|run| totals.add(run));
        totals
    }

    /// A hash over those of all runs.
    pub fn trace_hash(&self) -> u64 {
        let mix = |hash: u64, run: &Report| hash.rotate_left(9) ^ run.trace_hash;
        self.runs.iter().fold(0, mix)
    }

    /// The report as JSON.
    pub fn to_json(&self) -> Value {
        let runs: Vec<Value> = self.runs.iter().map(Report::to_json).collect();
        json!({
            "outcome": "clean",
            "seed": self.seed,
            "totals": self.totals().to_json(),
            "trace_hash": format!("{:016x}", self.trace_hash()),
            "runs": runs,
        })
    }
}

impl fmt::Display for SeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for run in &self.runs {
            writeln!(
                f,
                "{:<12}{:>8} statements{:>8} commits{:>7} crashes{:>7} recoveries   trace {:016x}",
                run.scenario,
                run.work.statements,
                run.work.transactions,
                run.disk.crashes.total(),
                run.work.recoveries.done,
                run.trace_hash
            )?;
        }
        let totals = self.totals();
        write!(f, "\n{totals}")?;
        let (crashes, trace) = (totals.disk.crashes.total(), self.trace_hash());
        writeln!(
            f,
            "seed {}: clean, {crashes} crashes survived, trace {trace:016x}",
            self.seed
        )?;
        write!(
            f,
            "--scenario NAME --seed {} shows one of the runs with its options",
            self.seed
        )
    }
}

impl Totals {
    /// The totals as JSON.
    pub fn to_json(&self) -> Value {
        json!({ "runs": self.runs, "counts": counts_json(&self.work, &self.disk) })
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} runs", self.runs)?;
        write_counts(f, &self.work, &self.disk)
    }
}

impl Violation {
    /// The violation as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "outcome": "violation",
            "scenario": self.scenario,
            "seed": self.seed,
            "options": options_json(&self.options),
            "step": self.step,
            "phase": self.phase.to_string(),
            "doing": self.mismatch.doing,
            "expected": self.mismatch.expected,
            "found": self.mismatch.found,
            "replay": self.replay,
        })
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {} of scenario {}: VIOLATION",
            self.seed, self.scenario
        )?;
        write_options(f, &self.options)?;
        writeln!(f, "step {}, during {}", self.step, self.phase)?;
        writeln!(f, "{}", self.mismatch)?;
        write!(f, "replay with: {}", self.replay)
    }
}
