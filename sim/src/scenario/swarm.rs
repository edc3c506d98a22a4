//! Which features a seed turns on, and how large things are.
//!
//! Swarm testing: a run with everything on reaches few of the states that a run with a few things on reaches. So each
//! seed draws a subset, and sizes that make rare states common: a cache of 32 pages, segments of 4 KiB, a checkpoint
//! every few kilobytes.

use crate::disk::{Betrayal, DiskFaults, PowerLoss, SyncFailure};
use crate::lockstep::Shape;
use crate::sql::Generator;
use crate::streams::Streams;
use quantadb::storage::DiskOptions;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Everything that a seed decides before the run.
#[derive(Clone, Debug)]
pub struct SwarmOptions {
    /// Sizes of the engine.
    pub engine: DiskOptions,
    /// What may fail.
    pub faults: DiskFaults,
    /// When the machine crashes, and how often recoveries are looked at.
    pub crashes: Crashes,
    /// The workload on trees.
    pub shape: Shape,
    /// The SQL that is generated.
    pub generator: Generator,
    /// Whether SQL statements spill whatever they can.
    pub spills: bool,
    /// Rows that operators of SQL statements hand on at once.
    pub batch_rows: u32,
    /// Whether bits rot.
    pub rots: bool,
    /// Steps of the run.
    pub steps: u64,
}

/// When the machine crashes, and how often recoveries are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Crashes {
    /// Calls of the disk between two crashes, in the mean; 0 for no crashes.
    pub calls_mean: u64,
    /// How many of a hundred crashes are crashes of the process only.
    pub process_percent: u32,
    /// Whether recoveries are crashed.
    pub in_recovery: bool,
    /// How many of a hundred recoveries are done again.
    pub recover_again_percent: u32,
    /// How many other outcomes of a power loss are recovered and checked, beside the one that the run goes on with.
    pub other_outcomes: u32,
}

impl Crashes {
    /// The same, with so many calls between two at least.
    fn after_calls(self, calls: u64) -> Self {
        Self {
            calls_mean: self.calls_mean.max(calls),
            ..self
        }
    }
}

fn pick<T: Clone>(rng: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices.choose(rng).expect("there are choices").clone()
}

impl SwarmOptions {
    /// Crashes, and no failing calls but short and interrupted ones.
    pub(super) fn crashes(seed: u64) -> Self {
        let rng = &mut Streams::new(seed).options();
        // The first draw chooses the scenario.
        let _: u32 = rng.random();
        let page_bytes = pick(rng, &[4096, 4096, 4096, 8192, 32_768]);
        let engine = DiskOptions {
            page_bytes,
            cache_bytes: pick(rng, &[0, 0, 50, 1000]) * page_bytes,
            log_segment_bytes: pick(rng, &[4096, 4096, 8192, 65_536, 1 << 20]),
            checkpoint_bytes: pick(rng, &[4096, 20_000, 100_000, 1 << 20]),
            column_cache_bytes: [1 << 20, 30_000, 1 << 20, 0][(seed / 5 % 4) as usize],
            versions_slack: [1, 16, 4096][(seed % 3) as usize],
            ..DiskOptions::default()
        };
        let transfers = rng.random_bool(0.3);
        let faults = DiskFaults {
            short_ppm: if transfers { 20_000 } else { 0 },
            interrupted_ppm: if transfers { 20_000 } else { 0 },
            power: PowerLoss {
                garbage: rng.random_bool(0.3),
                names_disordered: rng.random_bool(0.3),
                ..DiskFaults::NONE.power
            },
            ..DiskFaults::NONE
        };
        let calls_mean = pick(rng, &[8, 40, 40, 200, 1000]);
        let crashes = Crashes {
            calls_mean,
            process_percent: pick(rng, &[0, 30, 30, 100]),
            in_recovery: rng.random_bool(0.6),
            recover_again_percent: pick(rng, &[0, 30]),
            other_outcomes: match seed / 7 % 8 {
                0 => 0,
                // What was long in coming is looked at more often.
                _ => (calls_mean / 6).clamp(8, 30) as u32,
            },
        };
        Self {
            engine,
            faults,
            crashes,
            shape: Shape {
                sessions: pick(rng, &[1, 2, 4, 8]),
                trees_max: pick(rng, &[1, 3, 6]),
                // An entry of the directory takes 13 bytes.
                trees_dropped: match page_bytes == 4096 && seed / 3 % 32 == 5 {
                    true => 400,
                    false => 0,
                },
                keys: pick(rng, &[4, 10, 60, 500]),
                key_bytes_max: pick(rng, &[8, 100, 600]),
                value_bytes_max: pick(rng, &[100, 3_000, 30_000]),
                burst_max: pick(rng, &[5, 40, 150]),
                schema_changes: rng.random_bool(0.6),
                maintenance: rng.random_bool(0.8),
            },
            generator: Generator {
                tables: pick(rng, &[1, 2, 3]),
                keys: pick(rng, &[10, 60, 500]),
                rows_max: pick(rng, &[3, 30, 120]),
                text_bytes_max: pick(rng, &[10, 300, 9_000]),
                definitions: rng.random_bool(0.6),
                transactions: rng.random_bool(0.8),
            },
            spills: (seed / 3).is_multiple_of(2),
            batch_rows: [2048, 3, 64, 2048, 64, 40, 64, 2048][(seed / 6 % 8) as usize],
            rots: false,
            steps: 600,
        }
    }

    /// Failing calls, and in half of the runs crashes too.
    pub(super) fn io_errors(seed: u64) -> Self {
        let mut options = Self::crashes(seed);
        let rng = &mut Streams::new(seed).options();
        rng.set_word_pos(1 << 20);
        let mut ppm = |choices: &[u32]| {
            if rng.random_bool(0.5) {
                pick(rng, choices)
            } else {
                0
            }
        };
        let rates = [200, 2_000, 10_000];
        options.faults = DiskFaults {
            read_error_ppm: ppm(&rates),
            write_error_ppm: ppm(&rates),
            // Of a hundred calls one is a sync.
            sync_error_ppm: ppm(&[2_000, 20_000, 100_000]),
            // Such calls are few: a rename happens once in the life of a database.
            metadata_error_ppm: ppm(&[2_000, 50_000, 200_000]),
            full_ppm: ppm(&[2_000, 50_000]),
            ..options.faults
        };
        options.faults.sync_failure = pick(
            rng,
            &[SyncFailure::Dropped, SyncFailure::Kept, SyncFailure::Mixed],
        );
        if rng.random_bool(0.25) {
            options.faults.capacity_bytes = pick(rng, &[150_000, 400_000, 1_500_000]);
        }
        if rng.random_bool(0.5) {
            options.crashes.calls_mean = 0;
        }
        options
    }

    /// A disk that breaks its contract, in one way or in several.
    pub(super) fn damage(seed: u64) -> Self {
        let options = Self::crashes(seed);
        let rng = &mut Streams::new(seed).options();
        rng.set_word_pos(1 << 21);
        let only = rng.random_range(0..6);
        let mut ppm = |way: u32, choices: &[u32]| match only == way || (only > 3 && rng.random()) {
            true => pick(rng, choices),
            false => 0,
        };
        let betrayal = Betrayal {
            lost_write_ppm: ppm(0, &[2_000, 20_000]),
            misdirected_ppm: ppm(1, &[2_000, 20_000]),
            stale_ppm: ppm(2, &[5_000, 50_000]),
        };
        let rots = ppm(3, &[1]) > 0;
        Self {
            engine: DiskOptions {
                cache_bytes: 0,
                ..options.engine
            },
            faults: DiskFaults {
                betrayal,
                power: options.faults.power,
                ..DiskFaults::NONE
            },
            crashes: Crashes {
                calls_mean: 0,
                other_outcomes: 0,
                ..options.crashes
            },
            rots,
            steps: 300,
            ..options
        }
    }

    /// Crashes under threads; a step is a few transactions of each.
    pub(super) fn sessions(seed: u64) -> Self {
        let options = Self::crashes(seed);
        Self {
            steps: 25,
            crashes: options.crashes.after_calls(40),
            ..options
        }
    }

    /// The same, with an engine that may forget early what commits wrote, and then refuses those who would have to know.
    pub(super) fn forgetful_sessions(seed: u64) -> Self {
        let options = Self::sessions(seed);
        Self {
            engine: DiskOptions {
                history_commits_max: [1 << 20, 2, 1 << 20, 20][(seed / 2 % 4) as usize],
                ..options.engine
            },
            ..options
        }
    }

    /// The same, and in half of the runs syncs or reads fail: whoever waits for what another does must hear of it.
    pub(super) fn failing_sessions(seed: u64) -> Self {
        let options = Self::forgetful_sessions(seed);
        Self {
            faults: DiskFaults {
                sync_error_ppm: [0, 0, 50_000, 0][(seed / 8 % 4) as usize],
                read_error_ppm: [0, 0, 0, 60_000][(seed / 8 % 4) as usize],
                sync_failure: [SyncFailure::Dropped, SyncFailure::Mixed][(seed / 32 % 2) as usize],
                ..options.faults
            },
            ..options
        }
    }

    /// Thousands of small entries at once, on small pages: many leaves in a row lose all of theirs.
    pub(super) fn removals(seed: u64) -> Self {
        let options = Self::crashes(seed);
        let rng = &mut Streams::new(seed).options();
        rng.set_word_pos(1 << 22);
        Self {
            engine: DiskOptions {
                page_bytes: 4096,
                ..options.engine
            },
            crashes: Crashes {
                calls_mean: pick(rng, &[0, 1000, 5000]),
                ..options.crashes
            },
            shape: Shape {
                sessions: pick(rng, &[1, 2, 3]),
                trees_max: 1,
                trees_dropped: 0,
                keys: 60,
                key_bytes_max: 30,
                value_bytes_max: pick(rng, &[20, 120]),
                burst_max: pick(rng, &[1500, 4000]),
                schema_changes: false,
                maintenance: true,
            },
            steps: 80,
            ..options
        }
    }

    /// A short run without crashes of its own.
    pub(super) fn every_call(seed: u64) -> Self {
        let options = Self::crashes(seed);
        Self {
            steps: 40,
            shape: Shape {
                trees_dropped: 0,
                ..options.shape
            },
            crashes: Crashes {
                calls_mean: 0,
                other_outcomes: options.crashes.other_outcomes.min(12),
                process_percent: options.crashes.process_percent.min(30),
                ..options.crashes
            },
            ..options
        }
    }

    /// Fewer steps: a statement does more than an operation on a tree.
    pub(super) fn sql(self) -> Self {
        Self { steps: 250, ..self }
    }

    /// Statements that spill, and enough rows to do so.
    pub(super) fn spilling(self) -> Self {
        let generator = Generator {
            keys: self.generator.keys.max(60),
            rows_max: self.generator.rows_max.max(30),
            ..self.generator
        };
        Self {
            spills: true,
            steps: 120,
            generator,
            ..self
        }
    }

    /// Crashes, not so often that no script comes to its end.
    pub(super) fn scripts(seed: u64) -> Self {
        let options = Self::crashes(seed);
        Self {
            crashes: options.crashes.after_calls(150),
            ..options
        }
    }
}
