//! A prepared statement.

use crate::api::connection::{Connection, rows_of};
use crate::api::copy::Given;
use crate::api::plans::{Job, Planned};
use crate::api::rows::{Column, Rows};
use crate::api::session::Ran;
use crate::error::Result;
use crate::sql::Parsed;
use crate::types::{SqlType, Value};
use std::cell::RefCell;
use std::sync::Arc;

/// A statement of a [`Connection`], parsed once.
#[derive(Debug)]
pub struct Statement<'c> {
    connection: &'c Connection,
    parsed: Parsed,
    planned: RefCell<Option<Arc<Planned>>>,
    columns: Arc<[Column]>,
    parameter_types: Vec<SqlType>,
}

impl<'c> Statement<'c> {
    pub(crate) fn new(connection: &'c Connection, parsed: Parsed, planned: Arc<Planned>) -> Self {
        Self {
            connection,
            parsed,
            columns: planned.columns.clone(),
            parameter_types: planned.parameter_types.clone(),
            planned: RefCell::new(Some(planned)),
        }
    }

    /// Runs the statement; see [`Connection::execute`].
    pub fn execute(&self, parameters: impl AsRef<[Value]>) -> Result<u64> {
        Ok(self.run(parameters.as_ref())?.count)
    }

    /// Runs the statement and gives its rows; see [`Connection::query`].
    pub fn query(&self, parameters: impl AsRef<[Value]>) -> Result<Rows> {
        self.run(parameters.as_ref()).map(rows_of)
    }

    fn run(&self, parameters: &[Value]) -> Result<Ran> {
        let mut session = self.connection.session.borrow_mut();
        let mut planned = self.planned.borrow_mut();
        let mut job = Job::new(&self.parsed, planned.take(), Given::only(parameters));
        let result = session.run(&mut job);
        *planned = job.planned;
        result
    }

    /// The result columns when it was prepared.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The types of `$1`, `$2`, … when it was prepared.
    pub fn parameter_types(&self) -> &[SqlType] {
        &self.parameter_types
    }
}
