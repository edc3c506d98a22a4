//! Results of shards: together they are those of the whole, a stopped sweep goes on, and what does not belong together is
//! refused.

use quantadb_sim::results::{BLOCK_SEEDS, Block, Shard, blocks_of, merge, read};
use quantadb_sim::scenario::{Request, scenario_by_name};
use quantadb_sim::sweep::{Found, Sweep};
use std::ops::Range;

const ASKED: &str = "quanta-sim --scenario storage --steps 30";

fn found(seeds: Range<u64>, shard: Shard) -> Found {
    let sweep = Sweep {
        seeds,
        shard,
        scenario: scenario_by_name("storage"),
        request: Request {
            steps: Some(30),
            ..Request::default()
        },
        jobs: 1,
        stops_at_violation: false,
    };
    sweep.run(&|_| {})
}

/// The file of one shard of the seeds up to `end`.
fn file(end: u64, shard: &str) -> String {
    let shard = Shard::parse(shard).unwrap();
    let lines = blocks_of(0..end).map(|seeds| {
        let found = found(seeds.clone(), shard);
        Block::new(seeds, shard, ASKED, &found).to_line() + "\n"
    });
    lines.collect()
}

#[test]
fn the_shards_together_are_the_whole() {
    let end = BLOCK_SEEDS + 20;
    let whole = merge(read(&file(end, "0/1")).unwrap(), Some(0..end)).unwrap();
    let files = ["0/3", "1/3", "2/3"].map(|shard| file(end, shard));
    let parts = merge(read(&files.concat()).unwrap(), Some(0..end)).unwrap();
    assert_eq!(whole, parts);
    assert_eq!(whole.totals["runs"], end);
    assert!(whole.missing.is_empty());
    assert_eq!(
        whole.totals,
        found(0..end, Shard::default()).totals.to_json()
    );
    // Run twice, counted once.
    let twice = merge(read(&(files.concat() + &files[1])).unwrap(), None).unwrap();
    assert_eq!(twice, whole);
}

#[test]
fn what_nobody_ran_is_named() {
    let end = 2 * BLOCK_SEEDS;
    let file = file(end, "1/2");
    // The machine stopped in the middle of the second line.
    let torn = &file[..file.len() - 30];
    let blocks = read(torn).unwrap();
    assert_eq!(blocks.len(), 1);
    let merged = merge(blocks, Some(0..end)).unwrap();
    let missing: Vec<String> = merged
        .missing
        .iter()
        .map(|(seeds, shard)| format!("{seeds:?} {shard}"))
        .collect();
    assert_eq!(missing, ["0..200 0/2", "100..200 1/2"]);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let one = file(10, "0/1");
    let other = one.replace("--steps 30", "--steps 31");
    let error = merge(read(&(one.clone() + &other)).unwrap(), None).unwrap_err();
    assert!(error.starts_with("results of different sweeps"), "{error}");
    let changed = one.replacen("\"runs\":10", "\"runs\":11", 1);
    assert_ne!(one, changed);
    let error = merge(read(&(one + &changed)).unwrap(), None).unwrap_err();
    assert_eq!(error, "seeds 0..10 of shard 0/1 gave different results");
    assert!(merge(Vec::new(), None).is_err());
    assert!(
        read("{}\n")
            .unwrap_err()
            .starts_with("line 1: results of version null")
    );
    for bad in ["1", "3/3", "x/2", "0/0", "-1/2"] {
        assert!(Shard::parse(bad).is_err(), "{bad}");
    }
}

/// The manifests give each machine a part, and no part is left out.
#[test]
fn the_manifests_run_all_shards() {
    let job = include_str!("../deploy/kubernetes.yaml");
    assert!(job.contains("completions: 100\n") && job.contains("completionMode: Indexed\n"));
    assert!(
        job.contains("--seeds 0..1000000") && job.contains("--shard \"$JOB_COMPLETION_INDEX/100\"")
    );
    let slurm = include_str!("../deploy/slurm.sh");
    assert!(
        slurm.contains("#SBATCH --array=0-99\n")
            && slurm.contains("--shard \"$SLURM_ARRAY_TASK_ID/100\"")
    );
    let xargs = include_str!("../deploy/xargs.sh");
    assert!(xargs.contains("seq 0 $((shards - 1))") && xargs.contains("--shard \"{}/$shards\""));
}
