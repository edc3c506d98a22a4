//! Anybody's code on the simulated disk: what it forgets to make durable is noticed, and the line that is printed shows it
//! again.

use quantadb::Error;
use quantadb::api::Database;
use quantadb_sim::application::{Application, Complaint, Draws, Simulation};
use quantadb_sim::disk::FaultSet;

/// Who counts up in a table; with `LAZY` commits do not wait for the disk, and yet count as acknowledged.
#[derive(Default)]
struct Counter<const LAZY: bool> {
    acknowledged: i64,
    sent: i64,
}

fn number(database: &Database, sql: &str) -> Result<i64, Error> {
    let connection = database.connect()?;
    let mut rows = connection.query(sql, [])?;
    rows.next().map_or(Ok(0), |row| row.get(0usize))
}

impl<const LAZY: bool> Application for Counter<LAZY> {
    fn open(&mut self, database: &Database) -> Result<(), Error> {
        let connection = database.connect()?;
        connection.run("CREATE TABLE IF NOT EXISTS t (n BIGINT)")?;
        Ok(())
    }

    fn step(&mut self, database: &Database, _draws: &mut Draws) -> Result<(), Error> {
        let connection = database.connect()?;
        if LAZY {
            connection.run("SET synchronous = off")?;
        }
        self.sent = self.acknowledged + 1;
        connection.run("INSERT INTO t VALUES (1)")?;
        self.acknowledged = self.sent;
        Ok(())
    }

    fn check(&mut self, database: &Database) -> Result<(), Complaint> {
        let found = number(database, "SELECT count(*) FROM t")?;
        if !(self.acknowledged..=self.sent).contains(&found) {
            let expected = format!("{} to {}", self.acknowledged, self.sent);
            return Err(Complaint::new("rows that were added", expected, found));
        }
        (self.acknowledged, self.sent) = (found, found);
        Ok(())
    }
}

#[test]
fn what_waits_for_the_disk_survives() {
    let reports = Simulation::default().seeds(0..15).run::<Counter<false>>();
    assert_eq!(reports.len(), 15);
    let crashes: u64 = reports.iter().map(|r| r.disk.crashes.total()).sum();
    let lost: u64 = reports.iter().map(|r| r.disk.sectors_lost).sum();
    assert!(crashes > 0 && lost > 0);
}

#[test]
fn what_does_not_wait_is_noticed_and_shown_again() {
    let simulation = Simulation::default().steps(150);
    let failing = (0..50).find_map(|seed| simulation.run_seed::<Counter<true>>(seed).err());
    let violation = failing.expect("a commit that was not synced is lost sooner or later");
    assert_eq!(violation.mismatch.doing, "rows that were added");
    let line = format!(
        "QUANTA_SIM_SEED={} cargo test what_does_not_wait_is_noticed_and_shown_again",
        violation.seed
    );
    assert_eq!(violation.replay, line);
    let again = simulation.run_seed::<Counter<true>>(violation.seed);
    assert_eq!(again.err(), Some(violation));
}

#[test]
fn faults_beyond_the_contract_are_left_out() {
    let simulation = Simulation::default().seeds(0..3).steps(50);
    let reports = simulation.faults(FaultSet::all()).run::<Counter<false>>();
    assert_eq!(reports.len(), 3);
}

/// Who does not expect what may come.
#[derive(Default)]
struct Careless;

impl Application for Careless {
    fn open(&mut self, _database: &Database) -> Result<(), Error> {
        Ok(())
    }

    fn step(&mut self, database: &Database, _draws: &mut Draws) -> Result<(), Error> {
        database.connect()?.run("SELECT 1 / 0").map(drop)
    }

    fn check(&mut self, _database: &Database) -> Result<(), Complaint> {
        Ok(())
    }
}

#[test]
fn an_error_that_is_not_the_disks_is_the_applications() {
    let found = Simulation::default().run_seed::<Careless>(0);
    let violation = found.expect_err("nobody divides by zero");
    assert!(violation.mismatch.found.contains("22012"), "{violation}");
}
