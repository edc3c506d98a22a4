//! Why a transaction of a session does not go on.

use super::sums::wrong;
use crate::lockstep::{Mismatch, is_fault};
use quantadb::{Error, ErrorKind};

/// An error of one step of a transaction: the other's fault, the disk's, or the engine's.
pub(super) enum Stop {
    Refused,
    Fault(Error),
    Wrong(Mismatch),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Conflict | ErrorKind::Canceled => Stop::Refused,
            _ if is_fault(&error) => Stop::Fault(error),
            _ => Stop::Wrong(wrong(
                "an operation of a session",
                "done, or a conflict, or a failure of the disk".to_owned(),
                format!("{error:?}"),
            )),
        }
    }
}

/// How it went, for people.
pub(super) fn stop_text(stop: &Result<(), Stop>) -> String {
    match stop {
        Ok(()) => "done".to_owned(),
        Err(Stop::Refused) => "refused".to_owned(),
        Err(Stop::Fault(error)) => error.to_string(),
        Err(Stop::Wrong(mismatch)) => format!("wrong: {}", mismatch.found),
    }
}
