//! What was observed.

use std::fmt;

/// One operation of a transaction, with what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Appended a number, which nobody else appends, to a list.
    Append {
        /// Which list.
        list: u32,
        /// The number.
        number: u64,
    },
    /// Read a list.
    Read {
        /// Which list.
        list: u32,
        /// The numbers in it.
        numbers: Vec<u64>,
    },
    /// Read all lists from `from` to `to`, both included, that there were.
    Scan {
        /// The first list that it would have seen.
        from: u32,
        /// The last one.
        to: u32,
        /// The lists that there were, ascending, with their numbers.
        lists: Vec<(u32, Vec<u64>)>,
    },
    /// Put a number, which nobody else puts, in place of what a register held.
    Write {
        /// Which register.
        register: u32,
        /// The number.
        number: u64,
    },
    /// Read a register.
    Look {
        /// Which register.
        register: u32,
        /// What it held; `None`: nothing yet.
        number: Option<u64>,
    },
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its commit was acknowledged.
    Committed,
    /// It was rolled back.
    Aborted,
    /// Its commit was interrupted.
    Unknown,
}

/// A transaction as its session saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who ran it.
    pub session: usize,
    /// What it did.
    pub operations: Vec<Operation>,
    /// What became of it.
    pub outcome: Outcome,
    /// When it began: before its first operation.
    pub began: u64,
    /// When its outcome was known.
    pub ended: u64,
}

impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "session {} at {}..{}:",
            self.session, self.began, self.ended
        )?;
        for operation in &self.operations {
            match operation {
                Operation::Append { list, number } => write!(f, " append {list} {number};")?,
                Operation::Read { list, numbers } => write!(f, " read {list} {numbers:?};")?,
                Operation::Scan { from, to, lists } => {
                    write!(f, " scan {from}..={to} {lists:?};")?;
                }
                Operation::Write { register, number } => {
                    write!(f, " write register {register} {number};")?;
                }
                Operation::Look { register, number } => {
                    write!(f, " look at register {register} {number:?};")?;
                }
            }
        }
        write!(f, " {:?}", self.outcome)
    }
}

/// Transactions in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// All of them.
    pub transactions: Vec<Transaction>,
}
