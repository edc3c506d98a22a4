//! The ledger on a disk that loses power: no money appears or disappears, and what was acknowledged stays.

use quantadb::Error;
use quantadb::api::Database;
use quantadb_example_ledger::{Ledger, Transfer};
use quantadb_sim::application::{Application, Complaint, Draws, Simulation};
use rand::Rng;

const ACCOUNTS: i32 = 8;
const BALANCE: i64 = 100;

/// Whoever sends transfers, and remembers which were acknowledged.
#[derive(Default)]
struct Sender {
    /// The transfer that is being sent: its number, whence, whither, how much.
    sending: Option<(i64, i32, i32, i64)>,
    next: i64,
    acknowledged: i64,
}

impl Application for Sender {
    fn open(&mut self, database: &Database) -> Result<(), Error> {
        let ledger = Ledger::open(database)?;
        (0..ACCOUNTS).try_for_each(|id| ledger.open_account(id, BALANCE))
    }

    fn step(&mut self, database: &Database, draws: &mut Draws) -> Result<(), Error> {
        let mut account = || draws.random_range(0..ACCOUNTS);
        let (source, target) = (account(), account());
        let amount = draws.random_range(1..60);
        self.next += 1;
        // Whatever was not acknowledged is sent again first.
        let transfer = *self
            .sending
            .get_or_insert((self.next, source, target, amount));
        let (number, source, target, amount) = transfer;
        let done = Ledger::open(database)?.transfer(number, source, target, amount)?;
        self.acknowledged += i64::from(done != Transfer::Refused);
        self.sending = None;
        Ok(())
    }

    fn check(&mut self, database: &Database) -> Result<(), Complaint> {
        let ledger = Ledger::open(database)?;
        let (total, made) = (ledger.total()?, ledger.transfers()?);
        let expected = i64::from(ACCOUNTS) * BALANCE;
        if total != expected {
            return Err(Complaint::new("the money of all accounts", expected, total));
        }
        // The one that is being sent may have been made.
        let most = self.acknowledged + i64::from(self.sending.is_some());
        if !(self.acknowledged..=most).contains(&made) {
            let expected = format!("{} to {most}", self.acknowledged);
            return Err(Complaint::new("transfers made", expected, made));
        }
        Ok(())
    }
}

#[test]
fn no_money_is_lost_whenever_the_machine_goes_off() {
    let reports = Simulation::default().seeds(0..20).run::<Sender>();
    let crashes: u64 = reports.iter().map(|r| r.disk.crashes.total()).sum();
    assert!(crashes > 0, "nothing has crashed");
}
