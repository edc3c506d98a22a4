//! A session: at most one transaction, its states as in PostgreSQL, and the way of a statement through it.
//!
//! ```text
//!              BEGIN                      error
//!     idle ───────────▶ in transaction ───────────▶ failed ──┐ every statement but ROLLBACK [TO]: 25P02
//!      ▲                   │    ▲                     │      │
//!      └── COMMIT, ROLLBACK┘    └──── ROLLBACK TO ────┤ ◀────┘
//!      └──────────────── COMMIT (rolls back), ROLLBACK┘
//! ```
//!
//! A statement outside of a transaction block is a transaction of its own and is tried again when it loses to another.
//! Several statements in one string outside of a block are one implicit transaction, as in PostgreSQL's simple query.

use crate::api::database::Shared;
use crate::api::plans::{PlanCache, Planned};
use crate::api::{convert, kind, utility};
use crate::catalog::{self, Schema};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{self, ResultRows, Settings};
use crate::plan::{Body, plan};
use crate::sql::bound::{OutputColumn, Statement, TransactionStatement};
use crate::sql::{Parsed, bind, parse};
use crate::storage::{IsolationLevel, StorageTxn, TxnOptions};
use crate::types::Value;
use std::sync::Arc;

/// The state of one connection.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    open: Option<Open>,
    plans: PlanCache,
    /// The schema last used, by its version.
    schema: Option<(u64, Arc<Schema>)>,
    /// Counts transaction blocks, to tell them apart.
    blocks: u64,
}

/// A transaction under way.
struct Open {
    txn: Box<dyn StorageTxn>,
    options: TxnOptions,
    now_micros: i64,
    /// Begun by `BEGIN`, not just by a string of several statements.
    block: bool,
    failed: bool,
    savepoints: Vec<Savepoint>,
    /// The schema with this transaction's own changes, once it has made some.
    own_schema: Option<Arc<Schema>>,
}

/// A point of a transaction to roll back to.
struct Savepoint {
    name: String,
    savepoint: usize,
    own_schema: Option<Arc<Schema>>,
}

/// What a statement gave.
pub(crate) struct Ran {
    /// Its result columns.
    pub(crate) columns: Arc<[OutputColumn]>,
    /// Its rows; `None` for a statement that gives none.
    pub(crate) rows: Option<ResultRows>,
    /// Rows given, added, changed or removed.
    pub(crate) count: u64,
    /// What it did, in the word of PostgreSQL's command tag.
    pub(crate) tag: &'static str,
}

impl Ran {
    /// Of a statement without rows.
    pub(crate) fn done(tag: &'static str) -> Self {
        Self {
            columns: Arc::default(),
            rows: None,
            count: 0,
            tag,
        }
    }
}

/// The error of a statement in a failed transaction.
fn aborted() -> Error {
    Error::new(
        ErrorKind::Sql,
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

fn only_in_block(what: &str) -> Error {
    Error::new(
        ErrorKind::Sql,
        "25P01",
        format!("{what} can only be used in transaction blocks"),
    )
}

/// The one statement of `text`. Errors: `42601` when there are none or several.
pub(crate) fn parse_one(text: &str) -> Result<Parsed> {
    let mut all = parse(text)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Error::new(ErrorKind::Sql, "42601", "there is no statement")),
        (Some(_), false) => Err(Error::new(
            ErrorKind::Sql,
            "42601",
            "cannot insert multiple commands into a prepared statement",
        )),
    }
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            open: None,
            plans: PlanCache::default(),
            schema: None,
            blocks: 0,
        }
    }

    /// The number of the transaction block that is open, if one is.
    pub(crate) fn block(&self) -> Option<u64> {
        self.open.as_ref().filter(|o| o.block).map(|_| self.blocks)
    }

    /// Whether the open transaction has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.open.as_ref().is_some_and(|o| o.failed)
    }

    /// Runs the one statement of `text`.
    pub(crate) fn run_text(&mut self, text: &str, parameters: &[Value]) -> Result<Ran> {
        let mut plans = std::mem::take(&mut self.plans);
        let result = match plans.entry(text, parse_one) {
            Ok(prepared) => self.run(&prepared.parsed, &mut prepared.planned, parameters),
            Err(error) => self.fail(Err(error)),
        };
        self.plans = plans;
        result
    }

    /// Runs all statements of `text`, each with `each`, as PostgreSQL's simple query does.
    pub(crate) fn run_script(
        &mut self,
        text: &str,
        each: &mut dyn FnMut(Ran) -> Result<()>,
    ) -> Result<()> {
        let statements = match parse(text) {
            Ok(statements) => statements,
            Err(error) => return self.fail(Err(error)),
        };
        if let [one] = statements.as_slice() {
            return each(self.run(one, &mut None, &[])?);
        }
        for statement in &statements {
            // BEGIN begins by itself, as it says.
            if self.open.is_none() && !kind::is_transaction_control(statement) {
                self.begin(None, false, false)?;
            }
            let ran = self.run(statement, &mut None, &[]).and_then(&mut *each);
            if let Err(error) = ran {
                if self.open.as_ref().is_some_and(|o| !o.block) {
                    self.open = None;
                }
                return Err(error);
            }
        }
        match self.open.take_if(|o| !o.block) {
            Some(open) => open.txn.commit(),
            None => Ok(()),
        }
    }

    /// Runs a statement, planned already for some version of the schema or not.
    pub(crate) fn run(
        &mut self,
        parsed: &Parsed,
        planned: &mut Option<Arc<Planned>>,
        parameters: &[Value],
    ) -> Result<Ran> {
        if kind::is_transaction_control(parsed) {
            let result = self.control(parsed);
            return self.fail(result);
        }
        if self.open.is_some() {
            let result = self.run_in_transaction(parsed, planned, parameters);
            return self.fail(result);
        }
        let mut tries = 0;
        loop {
            match self.run_alone(parsed, planned, parameters) {
                Err(error)
                    if tries < self.shared.options.retries_max
                        && matches!(error.sqlstate(), "40001" | "40P01") =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// Marks the open transaction as failed after an error.
    fn fail<T>(&mut self, result: Result<T>) -> Result<T> {
        if let (Err(_), Some(open)) = (&result, &mut self.open) {
            open.failed = true;
        }
        result
    }

    /// A statement as a transaction of its own.
    fn run_alone(
        &mut self,
        parsed: &Parsed,
        planned: &mut Option<Arc<Planned>>,
        parameters: &[Value],
    ) -> Result<Ran> {
        if let Some(ran) = utility::maintenance(&self.shared, parsed)? {
            return Ok(ran);
        }
        // What changes nothing need not note what it reads.
        let options = self.txn_options(None, kind::is_query(parsed));
        let mut txn = self.shared.backend.begin(options)?;
        if kind::changes_schema(parsed) {
            // First of all, so that nothing that was read has to be given up for it.
            txn.mark_schema_changed()?;
        }
        let version = txn.schema_version();
        let now_planned = match planned {
            Some(known) if known.schema_version == version => known.clone(),
            _ => {
                let schema = self.schema(&*txn)?;
                let new = Arc::new(self.plan(parsed, &schema, version)?);
                *planned = Some(new.clone());
                new
            }
        };
        let moment = (IsolationLevel::default(), self.shared.env.now_micros());
        let (ran, _) = self.execute(&mut *txn, now_planned, parameters, moment)?;
        txn.commit()?;
        Ok(ran)
    }

    fn run_in_transaction(
        &mut self,
        parsed: &Parsed,
        planned: &mut Option<Arc<Planned>>,
        parameters: &[Value],
    ) -> Result<Ran> {
        let Some(mut open) = self.open.take() else {
            return Err(Error::misuse("API-2: a transaction is open"));
        };
        let result = if open.failed {
            Err(aborted())
        } else {
            self.run_in(&mut open, parsed, planned, parameters)
        };
        self.open = Some(open);
        result
    }

    fn run_in(
        &mut self,
        open: &mut Open,
        parsed: &Parsed,
        planned: &mut Option<Arc<Planned>>,
        parameters: &[Value],
    ) -> Result<Ran> {
        utility::refuse_in_transaction(parsed)?;
        if open.options.isolation == IsolationLevel::ReadCommitted {
            open.txn.refresh_snapshot();
        }
        let savepoint = open.txn.savepoint();
        let result = self.run_step(open, parsed, planned, parameters);
        match result {
            Ok((ran, changed_schema)) => {
                if changed_schema {
                    let root = self.shared.backend.root_tree();
                    open.own_schema = Some(Arc::new(catalog::load(&*open.txn, root)?));
                }
                Ok(ran)
            }
            Err(error) => {
                open.txn.rollback_to(savepoint)?;
                Err(error)
            }
        }
    }

    fn run_step(
        &mut self,
        open: &mut Open,
        parsed: &Parsed,
        planned: &mut Option<Arc<Planned>>,
        parameters: &[Value],
    ) -> Result<(Ran, bool)> {
        if kind::changes_schema(parsed) {
            open.txn.mark_schema_changed()?;
        }
        let version = open.txn.schema_version();
        let now_planned = match (&open.own_schema, &planned) {
            (Some(schema), _) => Arc::new(self.plan(parsed, schema, version)?),
            (None, Some(known)) if known.schema_version == version => known.clone(),
            (None, _) => {
                let schema = self.schema(&*open.txn)?;
                let new = Arc::new(self.plan(parsed, &schema, version)?);
                *planned = Some(new.clone());
                new
            }
        };
        let moment = (open.options.isolation, open.now_micros);
        self.execute(&mut *open.txn, now_planned, parameters, moment)
    }

    fn execute(
        &self,
        txn: &mut dyn StorageTxn,
        planned: Arc<Planned>,
        parameters: &[Value],
        (isolation, now_micros): (IsolationLevel, i64),
    ) -> Result<(Ran, bool)> {
        let parameters = convert::parameters(parameters, &planned.parameter_types)?;
        let (executed, changed_schema) = match &planned.plan.body {
            Body::Utility(statement) => utility::run(&self.shared, txn, isolation, statement)?,
            _ => {
                let settings = Settings {
                    work_mem_bytes: self.shared.options.work_mem_bytes,
                    now_micros,
                };
                let executed = exec::execute(txn, &planned.plan, &parameters, settings)?;
                (executed, false)
            }
        };
        let ran = Ran {
            columns: planned.columns.clone(),
            rows: executed.rows,
            count: executed.count,
            tag: planned.tag,
        };
        Ok((ran, changed_schema))
    }

    fn plan(&self, parsed: &Parsed, schema: &Schema, schema_version: u64) -> Result<Planned> {
        let bound = bind(parsed, schema)?;
        let parameters = bound.parameters.len();
        let tag = kind::tag(&bound.statement);
        let mut plan = plan(bound.statement, parameters, &exec::Folder)?;
        Ok(Planned {
            columns: std::mem::take(&mut plan.output).into(),
            plan,
            tag,
            parameter_types: bound.parameters,
            schema_version,
        })
    }

    /// The statement planned against the current schema, for its columns and parameters.
    pub(crate) fn describe(&mut self, parsed: &Parsed) -> Result<Arc<Planned>> {
        if let Some(open) = &self.open {
            let version = open.txn.schema_version();
            let schema = match &open.own_schema {
                Some(schema) => schema.clone(),
                None => self.shared.schema(&*open.txn)?,
            };
            return Ok(Arc::new(self.plan(parsed, &schema, version)?));
        }
        let txn = self.shared.backend.begin(self.txn_options(None, true))?;
        let schema = self.schema(&*txn)?;
        Ok(Arc::new(self.plan(
            parsed,
            &schema,
            txn.schema_version(),
        )?))
    }

    /// The schema as the next statement would see it.
    pub(crate) fn visible_schema(&mut self) -> Result<Arc<Schema>> {
        if let Some(open) = &self.open {
            return match &open.own_schema {
                Some(schema) => Ok(schema.clone()),
                None => self.shared.schema(&*open.txn),
            };
        }
        let txn = self.shared.backend.begin(self.txn_options(None, true))?;
        self.schema(&*txn)
    }

    fn schema(&mut self, txn: &dyn StorageTxn) -> Result<Arc<Schema>> {
        let version = txn.schema_version();
        if let Some((known, schema)) = &self.schema
            && *known == version
        {
            return Ok(schema.clone());
        }
        let schema = self.shared.schema(txn)?;
        self.schema = Some((version, schema.clone()));
        Ok(schema)
    }

    fn txn_options(&self, isolation: Option<IsolationLevel>, read_only: bool) -> TxnOptions {
        let timeout = self.shared.options.lock_timeout;
        TxnOptions {
            isolation: isolation.unwrap_or_default(),
            read_only,
            lock_timeout_micros: timeout.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)),
        }
    }

    fn begin(
        &mut self,
        isolation: Option<IsolationLevel>,
        read_only: bool,
        block: bool,
    ) -> Result<()> {
        let options = self.txn_options(isolation, read_only);
        self.blocks += u64::from(block);
        self.open = Some(Open {
            txn: self.shared.backend.begin(options)?,
            options,
            now_micros: self.shared.env.now_micros(),
            block,
            failed: false,
            savepoints: Vec::new(),
            own_schema: None,
        });
        Ok(())
    }

    fn control(&mut self, parsed: &Parsed) -> Result<Ran> {
        let Statement::Transaction(statement) = bind(parsed, &Schema::default())?.statement else {
            return Err(Error::misuse("API-3: transaction control is bound as such"));
        };
        let tag = match statement {
            TransactionStatement::Begin {
                isolation,
                read_only,
            } => self.begin_block(isolation, read_only)?,
            TransactionStatement::Commit => match self.open.take() {
                Some(open) if open.failed => {
                    open.txn.rollback()?;
                    "ROLLBACK"
                }
                Some(open) => {
                    open.txn.commit()?;
                    "COMMIT"
                }
                None => "COMMIT",
            },
            TransactionStatement::Rollback => {
                if let Some(open) = self.open.take() {
                    open.txn.rollback()?;
                }
                "ROLLBACK"
            }
            TransactionStatement::Savepoint(name) => self.savepoint(name)?,
            TransactionStatement::Release(name) => self.release(&name)?,
            TransactionStatement::RollbackTo(name) => self.rollback_to(&name)?,
        };
        Ok(Ran::done(tag))
    }

    fn begin_block(
        &mut self,
        isolation: Option<IsolationLevel>,
        read_only: bool,
    ) -> Result<&'static str> {
        match &mut self.open {
            Some(open) if open.failed => return Err(aborted()),
            // PostgreSQL warns that there is a transaction already, and goes on with it; an implicit one becomes a block.
            Some(open) => {
                if isolation.is_some_and(|level| level != open.options.isolation) {
                    return Err(Error::new(
                        ErrorKind::Sql,
                        "25001",
                        "SET TRANSACTION ISOLATION LEVEL must be called before any query",
                    ));
                }
                if read_only && !open.options.read_only {
                    return Err(Error::unsupported("READ ONLY for a transaction under way"));
                }
                if !open.block {
                    open.block = true;
                    self.blocks += 1;
                }
            }
            None => self.begin(isolation, read_only, true)?,
        }
        Ok("BEGIN")
    }

    /// The open transaction block, for `what`. Errors: `25P01` without one.
    fn block_for(&mut self, what: &str) -> Result<&mut Open> {
        self.open
            .as_mut()
            .filter(|o| o.block)
            .ok_or_else(|| only_in_block(what))
    }

    fn savepoint(&mut self, name: String) -> Result<&'static str> {
        let open = self.block_for("SAVEPOINT")?;
        if open.failed {
            return Err(aborted());
        }
        let savepoint = open.txn.savepoint();
        open.savepoints.push(Savepoint {
            name,
            savepoint,
            own_schema: open.own_schema.clone(),
        });
        Ok("SAVEPOINT")
    }

    fn release(&mut self, name: &str) -> Result<&'static str> {
        let open = self.block_for("RELEASE SAVEPOINT")?;
        if open.failed {
            return Err(aborted());
        }
        let at = open.find(name)?;
        open.savepoints.truncate(at);
        Ok("RELEASE")
    }

    fn rollback_to(&mut self, name: &str) -> Result<&'static str> {
        let open = self.block_for("ROLLBACK TO SAVEPOINT")?;
        let at = open.find(name)?;
        open.txn.rollback_to(open.savepoints[at].savepoint)?;
        open.savepoints.truncate(at + 1);
        open.own_schema = open.savepoints[at].own_schema.clone();
        open.failed = false;
        Ok("ROLLBACK")
    }
}

impl Open {
    /// The innermost savepoint of that name. Errors: `3B001`.
    fn find(&self, name: &str) -> Result<usize> {
        self.savepoints
            .iter()
            .rposition(|s| s.name == name)
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Sql,
                    "3B001",
                    format!("savepoint \"{name}\" does not exist"),
                )
            })
    }
}
