//! Faults by name: each strikes where it is switched on and nowhere else, and what it does is borne or named.

use quantadb::vfs::{OpenMode, SECTOR_BYTES, Vfs, read_exact_at, write_all_at};
use quantadb_sim::disk::{CrashKind, DiskFaults, FaultKind, FaultSet, PowerLoss, SimDisk};
use quantadb_sim::phase::PhaseCell;
use quantadb_sim::report::Totals;
use quantadb_sim::results::Shard;
use quantadb_sim::scenario::{Request, scenario_by_name};
use quantadb_sim::streams::Streams;
use quantadb_sim::sweep::Sweep;
use std::ops::Range;
use std::path::Path;

fn clean(scenario: &str, seeds: Range<u64>, faults: Option<FaultSet>) -> Totals {
    let sweep = Sweep {
        seeds,
        shard: Shard::default(),
        scenario: scenario_by_name(scenario),
        request: Request {
            faults,
            ..Request::default()
        },
        jobs: 1,
        stops_at_violation: true,
    };
    let found = sweep.run(&|_| {});
    if let Some(violation) = found.violations.first() {
        panic!("{violation}");
    }
    found.totals
}

#[test]
fn names_are_read_as_they_are_written() {
    for kind in FaultKind::ALL {
        assert_eq!(FaultSet::parse(kind.name()), Ok(FaultSet::of(&[kind])));
    }
    let set = FaultSet::parse("torn, failed-sync").unwrap();
    assert_eq!(set.to_string(), "torn,failed-sync");
    assert_eq!(FaultSet::parse("none"), Ok(FaultSet::NONE));
    assert_eq!(FaultSet::parse("all"), Ok(FaultSet::all()));
    let error = FaultSet::parse("torn,bad").unwrap_err();
    assert!(
        error.contains("\"bad\"") && error.contains("lost-writes"),
        "{error}"
    );
}

#[test]
fn a_fault_strikes_where_it_is_switched_on_and_nowhere_else() {
    for kind in FaultKind::ALL {
        let scenario = match kind.is_within_contract() {
            true => "storage",
            false => "damage",
        };
        // What tears, reorders or spoils needs a power loss that takes something.
        let with = match kind {
            FaultKind::Torn | FaultKind::Reordered | FaultKind::Garbage => {
                FaultSet::of(&[kind, FaultKind::Lost])
            }
            _ => FaultSet::of(&[kind]),
        };
        let struck = clean(scenario, 0..25, Some(with)).disk;
        assert!(struck.of_kind(kind) > 0, "{kind} has not struck");
        for other in FaultKind::ALL.into_iter().filter(|&other| !with.has(other)) {
            // A power loss that takes back one write of two in a block has torn the block.
            let follows = with.has(FaultKind::Lost) && other == FaultKind::Torn;
            assert!(
                follows || struck.of_kind(other) == 0,
                "{other} beside {kind}"
            );
        }
    }
}

#[test]
fn damage_is_named_or_does_no_harm() {
    let totals = clean("damage", 0..100, None);
    for kind in FaultKind::ALL
        .into_iter()
        .filter(|k| !k.is_within_contract())
    {
        assert!(totals.disk.of_kind(kind) > 0, "no {kind}");
    }
    let damage = totals.work.damage;
    assert!(
        damage.named > 0 && damage.refused > 0 && damage.unharmed > 0,
        "{damage:?}"
    );
}

/// Bits that rot can take the last commit at the most, where the end of the log rots; an older page never passes for the
/// newer one while the process lasts that has seen that.
#[test]
fn rot_is_noticed_but_at_the_end_of_the_log() {
    let rot = clean("damage", 0..50, Some(FaultSet::of(&[FaultKind::Rot])));
    let (damage, runs) = (rot.work.damage, rot.runs);
    assert!(
        damage.named > 10 * damage.unnoticed,
        "{damage:?} in {runs} runs"
    );
}

/// Ten writes of three sectors each; which of them survive a power loss.
fn survivors(seed: u64, power: PowerLoss) -> Vec<Vec<bool>> {
    let faults = DiskFaults {
        power,
        ..DiskFaults::NONE
    };
    let disk = SimDisk::new(Streams::new(seed).faults(), faults, PhaseCell::default());
    let path = Path::new("/f");
    let file = disk.open(path, OpenMode::CreateNew).unwrap();
    disk.sync_dir(path).unwrap();
    file.set_len(30 * SECTOR_BYTES as u64).unwrap();
    file.sync().unwrap();
    for number in 0..10u8 {
        let at = u64::from(number) * 3 * SECTOR_BYTES as u64;
        write_all_at(&*file, &[number + 1; 3 * SECTOR_BYTES], at).unwrap();
    }
    drop(file);
    disk.restart(CrashKind::PowerLoss);
    let file = disk.open(path, OpenMode::Existing).unwrap();
    let mut bytes = vec![0; 30 * SECTOR_BYTES];
    read_exact_at(&*file, &mut bytes, 0).unwrap();
    let sectors: Vec<bool> = bytes.chunks(SECTOR_BYTES).map(|s| s[0] > 0).collect();
    sectors.chunks(3).map(<[bool]>::to_vec).collect()
}

#[test]
fn writes_survive_in_order_and_whole_where_they_must() {
    let all = DiskFaults::NONE.power;
    let (mut partly, mut torn, mut disordered) = (0, 0, 0);
    for seed in 0..200 {
        let in_order = survivors(
            seed,
            PowerLoss {
                reorders: false,
                ..all
            },
        )
        .concat();
        assert!(in_order.is_sorted_by(|a, b| a >= b), "{in_order:?}");
        let count = in_order.iter().filter(|kept| **kept).count();
        partly += u32::from(count > 0 && count < 30);
        torn += u32::from(count % 3 > 0);
        let whole = survivors(
            seed,
            PowerLoss {
                tears: false,
                ..all
            },
        );
        assert!(
            whole
                .iter()
                .all(|write| write.iter().all(|kept| *kept == write[0]))
        );
        disordered += u32::from(!whole.concat().is_sorted_by(|a, b| a >= b));
        let both = PowerLoss {
            tears: false,
            reorders: false,
            ..all
        };
        let count = survivors(seed, both)
            .concat()
            .iter()
            .filter(|k| **k)
            .count();
        assert_eq!(count % 3, 0);
        let kept = survivors(
            seed,
            PowerLoss {
                loses: false,
                ..all
            },
        )
        .concat();
        assert!(kept.iter().all(|kept| *kept), "nothing is lost: {kept:?}");
    }
    assert!(
        partly > 50 && torn > 20 && disordered > 50,
        "{partly} {torn} {disordered}"
    );
}
