//! The workloads, which are short: each call of the disk multiplies what there is to try.

/// One step of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A statement, which is a transaction.
    Sql(&'static str),
    /// A checkpoint.
    Checkpoint,
    /// VACUUM.
    Vacuum,
    /// The process ends, and another opens the database.
    Reopen,
}

/// In which state a workload finds the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Open, after a checkpoint.
    Open,
    /// As a process left it that ended in the middle of this transaction, with everything that it had written.
    Interrupted(&'static str),
    /// As a process left it whose commit of the last of these statements met a failed sync, which forgot what it should have
    /// written.
    SyncFailed(&'static [&'static str]),
}

/// A short workload.
#[derive(Debug)]
pub struct Workload {
    /// What it is called.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Rows of `t` at the beginning, and bytes of the text of each.
    pub(super) rows: (u32, usize),
    pub(super) found: Found,
    pub(super) steps: &'static [Step],
    /// What is asked to see in which state the database is.
    pub(super) questions: &'static [&'static str],
}

use Step::{Checkpoint, Reopen, Sql, Vacuum};

const ROWS: &[&str] = &["SELECT id, b, length(x) FROM t ORDER BY id"];

/// All workloads.
pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "commit",
        about: "one row is committed",
        rows: (3, 10),
        found: Found::Open,
        steps: &[Sql("INSERT INTO t VALUES (100, 1, 'one')")],
        questions: ROWS,
    },
    Workload {
        name: "split",
        about: "a row is added to a full leaf",
        rows: (9, 400),
        found: Found::Open,
        steps: &[Sql("INSERT INTO t SELECT 100, 1, x FROM t WHERE id = 1")],
        questions: ROWS,
    },
    Workload {
        name: "merge",
        about: "most rows go, and vacuum merges their leaves",
        rows: (30, 400),
        found: Found::Open,
        steps: &[Sql("DELETE FROM t WHERE id > 2"), Vacuum],
        questions: ROWS,
    },
    Workload {
        name: "overflow",
        about: "a value of several pages comes, is replaced, and goes",
        rows: (1, 10),
        found: Found::Open,
        steps: &[
            Sql("INSERT INTO t VALUES (100, 1, repeat('long', 3000))"),
            Sql("UPDATE t SET x = repeat('other', 2000) WHERE id = 100"),
            Sql("DELETE FROM t WHERE id = 100"),
        ],
        questions: ROWS,
    },
    Workload {
        name: "ddl",
        about: "a table is created, an index filled, a table dropped",
        rows: (5, 10),
        found: Found::Open,
        steps: &[
            Sql("CREATE TABLE u (id INTEGER PRIMARY KEY, y INTEGER NOT NULL)"),
            Sql("CREATE INDEX t_b ON t (b)"),
            Sql("DROP TABLE t"),
        ],
        questions: &[
            "SELECT id, b FROM t WHERE b = 2 ORDER BY id",
            "SELECT count(*) FROM u",
        ],
    },
    Workload {
        name: "checkpoint",
        about: "commits before and after a checkpoint",
        rows: (3, 10),
        found: Found::Open,
        steps: &[
            Sql("INSERT INTO t VALUES (100, 1, 'one')"),
            Checkpoint,
            Sql("UPDATE t SET b = 7 WHERE id = 100"),
        ],
        questions: ROWS,
    },
    Workload {
        name: "vacuum",
        about: "vacuum gives the pages of a dropped table back",
        rows: (40, 400),
        found: Found::Open,
        steps: &[
            Sql("CREATE TABLE u (id INTEGER PRIMARY KEY)"),
            Sql("DROP TABLE t"),
            Vacuum,
        ],
        questions: &["SELECT count(*) FROM t", "SELECT count(*) FROM u"],
    },
    Workload {
        name: "recovery",
        about: "recovery undoes a transaction, and then one row is committed",
        rows: (3, 10),
        found: Found::Interrupted("UPDATE t SET b = 7, x = repeat('changed', 400)"),
        steps: &[Reopen, Sql("INSERT INTO t VALUES (100, 1, 'one')")],
        questions: ROWS,
    },
    Workload {
        name: "failed-sync",
        about: "recovery decides on a commit whose sync failed, and then one row is committed",
        rows: (3, 10),
        found: Found::SyncFailed(&["UPDATE t SET b = 7"]),
        steps: &[Reopen, Sql("INSERT INTO t VALUES (100, 1, 'one')")],
        questions: ROWS,
    },
    Workload {
        name: "second-flush",
        about: "the same behind a flush that is durable, and lies in the segment that is copied",
        rows: (3, 10),
        found: Found::SyncFailed(&[
            "INSERT INTO t VALUES (50, 1, 'other')",
            "UPDATE t SET b = 7",
        ]),
        steps: &[Reopen, Sql("INSERT INTO t VALUES (100, 1, 'one')")],
        questions: ROWS,
    },
];

/// The workload called `name`.
pub fn workload_by_name(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().find(|workload| workload.name == name)
}
