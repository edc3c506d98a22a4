//! The simulated disk against its contract.

use proptest::prelude::*;
use quantadb::vfs::{File, OpenMode, SECTOR_BYTES, Vfs, read_exact_at, write_all_at};
use quantadb_sim::disk::{CrashKind, DiskFaults, Fault, PowerLoss, SimDisk, SyncFailure};
use quantadb_sim::phase::PhaseCell;
use quantadb_sim::streams::Streams;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

fn disk(seed: u64, faults: DiskFaults) -> SimDisk {
    SimDisk::new(Streams::new(seed).faults(), faults, PhaseCell::default())
}

fn quiet(seed: u64) -> SimDisk {
    disk(seed, DiskFaults::NONE)
}

/// A file whose name is durable.
fn durable_file(disk: &SimDisk, path: &Path) -> Arc<dyn File> {
    let file = disk.open(path, OpenMode::OpenOrCreate).unwrap();
    disk.sync_dir(path).unwrap();
    file
}

fn content(disk: &SimDisk, path: &Path) -> Vec<u8> {
    let file = disk.open(path, OpenMode::Existing).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    bytes
}

/// One thing that happens to a file of a few sectors.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write {
        sector: usize,
        sectors: usize,
        fill: u8,
    },
    Sync,
    PowerLoss,
    ProcessCrash,
}

const SECTORS: usize = 6;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..SECTORS, 1..SECTORS, 1..255u8).prop_map(|(sector, sectors, fill)| Step::Write {
            sector,
            sectors: sectors.min(SECTORS - sector),
            fill,
        }),
        2 => Just(Step::Sync),
        2 => Just(Step::PowerLoss),
        1 => Just(Step::ProcessCrash),
    ]
}

proptest! {
    /// Each sector holds what was last written before the last sync, or something written since; reads before a
    /// crash see the newest.
    #[test]
    fn a_power_loss_leaves_each_sector_old_or_new(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (disk, path) = (quiet(seed), Path::new("/f"));
        let mut file = durable_file(&disk, path);
        file.set_len((SECTORS * SECTOR_BYTES) as u64).unwrap();
        file.sync().unwrap();
        let mut newest = [0u8; SECTORS];
        let mut allowed: [BTreeSet<u8>; SECTORS] = std::array::from_fn(|_| BTreeSet::from([0]));
        for step in steps {
            match step {
                Step::Write { sector, sectors, fill } => {
                    write_all_at(&*file, &vec![fill; sectors * SECTOR_BYTES], (sector * SECTOR_BYTES) as u64).unwrap();
                    for i in sector..sector + sectors {
                        newest[i] = fill;
                        allowed[i].insert(fill);
                    }
                }
                Step::Sync => {
                    file.sync().unwrap();
                    allowed = std::array::from_fn(|i| BTreeSet::from([newest[i]]));
                }
                Step::PowerLoss | Step::ProcessCrash => {
                    let power = matches!(step, Step::PowerLoss);
                    disk.restart(if power { CrashKind::PowerLoss } else { CrashKind::Process });
                    prop_assert!(file.len().is_err(), "a file of an earlier life is dead");
                    file = disk.open(path, OpenMode::Existing).unwrap();
                    let bytes = content(&disk, path);
                    prop_assert_eq!(bytes.len(), SECTORS * SECTOR_BYTES);
                    for (i, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        prop_assert!(sector.iter().all(|&b| b == sector[0]), "sector {} is torn", i);
                        if power {
                            prop_assert!(allowed[i].contains(&sector[0]), "sector {} was never {}", i, sector[0]);
                            newest[i] = sector[0];
                            allowed[i] = BTreeSet::from([sector[0]]);
                        } else {
                            prop_assert_eq!(sector[0], newest[i], "the operating system keeps its writes");
                        }
                    }
                }
            }
        }
        let bytes = content(&disk, path);
        for (i, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
            prop_assert_eq!(sector[0], newest[i]);
        }
    }
}

#[test]
fn every_outcome_of_a_power_loss_happens() {
    let path = Path::new("/f");
    let mut outcomes = BTreeSet::new();
    for seed in 0..200 {
        let disk = quiet(seed);
        let file = durable_file(&disk, path);
        write_all_at(&*file, &[1; 2 * SECTOR_BYTES], 0).unwrap();
        file.sync().unwrap();
        write_all_at(&*file, &[2; 2 * SECTOR_BYTES], 0).unwrap();
        write_all_at(&*file, &[3; 2 * SECTOR_BYTES], 0).unwrap();
        disk.restart(CrashKind::PowerLoss);
        let bytes = content(&disk, path);
        outcomes.insert((bytes[0], bytes[SECTOR_BYTES]));
    }
    let all: BTreeSet<(u8, u8)> = (1..=3).flat_map(|a| (1..=3).map(move |b| (a, b))).collect();
    assert_eq!(outcomes, all, "old, between and new, independently");
}

#[test]
fn growth_and_names_are_volatile_until_synced() {
    let (a, b) = (Path::new("/d/a"), Path::new("/d/b"));
    let mut names = BTreeSet::new();
    let mut lengths = BTreeSet::new();
    for seed in 0..200 {
        let disk = quiet(seed);
        let file = durable_file(&disk, a);
        write_all_at(&*file, &[1; 700], 0).unwrap();
        file.sync().unwrap();
        write_all_at(&*file, &[2; 700], 700).unwrap();
        disk.rename(a, b).unwrap();
        let created = disk.open(a, OpenMode::CreateNew).unwrap();
        created.sync().unwrap();
        disk.restart(CrashKind::PowerLoss);
        let found: Vec<u64> = disk.files().into_iter().map(|(_, len)| len).collect();
        lengths.insert(*found.iter().max().unwrap());
        names.insert((disk.exists(a).unwrap(), disk.exists(b).unwrap()));
    }
    assert_eq!(lengths, BTreeSet::from([700, 1400]));
    let all = BTreeSet::from([(true, false), (false, true), (true, true)]);
    assert_eq!(
        names, all,
        "nothing renamed; renamed; renamed and created again"
    );
    let disk = quiet(7);
    durable_file(&disk, a);
    disk.rename(a, b).unwrap();
    disk.sync_dir(b).unwrap();
    disk.restart(CrashKind::PowerLoss);
    assert!(
        disk.exists(b).unwrap() && !disk.exists(a).unwrap(),
        "a synced rename stays"
    );
}

#[test]
fn a_failed_sync_forgets_or_keeps() {
    let path = Path::new("/f");
    for (model, expected) in [(SyncFailure::Dropped, 1), (SyncFailure::Kept, 2)] {
        for seed in 0..50 {
            let faults = DiskFaults {
                sync_failure: model,
                ..DiskFaults::NONE
            };
            let disk = disk(seed, faults);
            let file = durable_file(&disk, path);
            write_all_at(&*file, &[1; SECTOR_BYTES], 0).unwrap();
            file.sync().unwrap();
            write_all_at(&*file, &[2; SECTOR_BYTES], 0).unwrap();
            disk.arm_fault(1, Fault::Io);
            file.sync().unwrap_err();
            file.sync().expect("the next sync reports success");
            disk.restart(CrashKind::PowerLoss);
            assert_eq!(content(&disk, path)[0], expected, "{model:?}, seed {seed}");
        }
    }
}

#[test]
fn an_armed_crash_turns_the_machine_off() {
    let (disk, path) = (quiet(3), Path::new("/f"));
    let file = durable_file(&disk, path);
    file.lock_exclusive().unwrap();
    disk.arm_crash(2);
    write_all_at(&*file, &[1; 100], 0).unwrap();
    assert!(!disk.is_off());
    file.write_at(&[2; 100], 0).unwrap_err();
    assert!(disk.is_off());
    file.read_at(&mut [0; 10], 0).unwrap_err();
    disk.exists(path).unwrap_err();
    disk.restart(CrashKind::Process);
    assert!(disk.exists(path).unwrap());
    file.read_at(&mut [0; 10], 0)
        .expect_err("the old handle is dead");
    let again = disk.open(path, OpenMode::Existing).unwrap();
    again
        .lock_exclusive()
        .expect("the lock died with its holder");
    drop(file);
    let third = disk.open(path, OpenMode::Existing).unwrap();
    third
        .lock_exclusive()
        .expect_err("dropping the dead handle gives nobody's lock back");
}

#[test]
fn a_full_disk_refuses_growth_and_nothing_else() {
    let faults = DiskFaults {
        capacity_bytes: 10_000,
        ..DiskFaults::NONE
    };
    let (disk, path) = (disk(1, faults), Path::new("/f"));
    let file = durable_file(&disk, path);
    file.set_len(9_000).unwrap();
    write_all_at(&*file, &[1; 9_000], 0).expect("the space was reserved");
    let full = write_all_at(&*file, &[1; 2_000], 9_000).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    assert_eq!(
        file.set_len(20_000).unwrap_err().kind(),
        ErrorKind::StorageFull
    );
    assert_eq!(file.len().unwrap(), 9_000);
    file.sync().unwrap();
}

#[test]
fn transfers_fall_short_and_are_interrupted_without_loss() {
    let faults = DiskFaults {
        short_ppm: 300_000,
        interrupted_ppm: 300_000,
        ..DiskFaults::NONE
    };
    let (disk, path) = (disk(9, faults), Path::new("/f"));
    let file = durable_file(&disk, path);
    let bytes: Vec<u8> = (0..50_000u32).map(|i| (i % 253) as u8).collect();
    for (i, chunk) in bytes.chunks(600).enumerate() {
        write_all_at(&*file, chunk, 77 + i as u64 * 600).unwrap();
    }
    let mut found = vec![0; bytes.len()];
    read_exact_at(&*file, &mut found, 77).unwrap();
    assert!(found == bytes);
    assert!(disk.counters().faults.total() > 5);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_a_fork_goes_its_own_way() {
    let run = |seed| {
        let disk = quiet(seed);
        let file = durable_file(&disk, Path::new("/f"));
        for i in 0..50u64 {
            write_all_at(&*file, &[i as u8; 700], i * 311).unwrap();
        }
        disk.restart(CrashKind::PowerLoss);
        let bytes = content(&disk, Path::new("/f"));
        (disk, bytes)
    };
    let ((one, bytes), (two, same)) = (run(5), run(5));
    assert!(bytes == same);
    assert_eq!(one.trace_hash(), two.trace_hash());
    assert_ne!(one.trace_hash(), run(6).0.trace_hash());
    let fork = one.fork();
    fork.remove(Path::new("/f")).unwrap();
    assert!(one.exists(Path::new("/f")).unwrap());
    assert_ne!(one.trace_hash(), fork.trace_hash());
}

#[test]
fn other_outcomes_of_a_power_loss_differ_and_are_left_alone() {
    let path = Path::new("/f");
    let written = |seed| {
        let disk = quiet(seed);
        let file = durable_file(&disk, path);
        write_all_at(&*file, &[0; 10 * 512], 0).unwrap();
        file.sync().unwrap();
        for i in 0..10u64 {
            write_all_at(&*file, &[1 + i as u8; 512], i * 512).unwrap();
        }
        disk
    };
    let mut counts = BTreeSet::new();
    for seed in 0..40 {
        let (asked, alone) = (written(seed), written(seed));
        let others = asked.restart_each(CrashKind::PowerLoss, 8);
        alone.restart(CrashKind::PowerLoss);
        assert!(content(&asked, path) == content(&alone, path));
        counts.insert(others.len());
        let mut seen = BTreeSet::from([content(&asked, path)]);
        for other in &others {
            assert!(seen.insert(content(&other.disk, path)), "one comes twice");
            let file = other.disk.open(path, OpenMode::Existing).unwrap();
            write_all_at(&*file, &[99; 5000], 0).unwrap();
            other.disk.restart(CrashKind::PowerLoss);
        }
        assert!(content(&asked, path) == content(&alone, path));
        let (disk, path) = (written(seed), Path::new("/f"));
        disk.open(path, OpenMode::Existing).unwrap().sync().unwrap();
        assert!(disk.restart_each(CrashKind::PowerLoss, 8).is_empty());
        assert!(written(seed).restart_each(CrashKind::Process, 8).is_empty());
    }
    // Some moods leave few outcomes to choose from.
    assert!(counts.contains(&8) && counts.len() > 1, "{counts:?}");
}

#[test]
fn garbage_strikes_only_what_was_not_synced() {
    let path = Path::new("/f");
    let mut garbage = 0;
    for seed in 0..100 {
        let faults = DiskFaults {
            power: PowerLoss {
                garbage: true,
                ..DiskFaults::NONE.power
            },
            ..DiskFaults::NONE
        };
        let disk = disk(seed, faults);
        let file = durable_file(&disk, path);
        write_all_at(&*file, &[1; 8 * SECTOR_BYTES], 0).unwrap();
        file.sync().unwrap();
        write_all_at(&*file, &[2; 4 * SECTOR_BYTES], 0).unwrap();
        disk.restart(CrashKind::PowerLoss);
        let bytes = content(&disk, path);
        assert!(bytes[4 * SECTOR_BYTES..].iter().all(|&b| b == 1));
        let is_odd = |s: &&[u8]| s.iter().any(|&b| b != s[0] || !(1..=2).contains(&b));
        garbage += bytes.chunks(SECTOR_BYTES).filter(is_odd).count() as u64;
        assert_eq!(disk.counters().power_losses, 1);
    }
    assert!(garbage > 5, "{garbage} sectors in 100 crashes");
}
