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

use crate::api::copy::Given;
use crate::api::database::Shared;
use crate::api::maintenance::SchemaVersion;
use crate::api::plans::{Job, Known, PlanCache, Planned};
use crate::api::sequences::{Sequences, SessionSequences};
use crate::api::settings::Settings;
use crate::api::{kind, utility};
use crate::catalog::{self, Schema};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{self, Deferral, RandomNumbers, ResultRows, check_deferred};
use crate::interrupt::{Interrupt, WaitLimits};
use crate::plan::{Body, plan};
use crate::sql::bound::{Filled, OutputColumn, Statement, TransactionModes};
use crate::sql::{Parsed, bind, bind_as, parse, parse_one};
use crate::storage::{IsolationLevel, StorageTxn, TxnOptions};
use crate::types::{Value, Zone};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The state of one connection.
pub(crate) struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(super) open: Option<Open>,
    pub(super) settings: Settings,
    /// Stops the statement that runs.
    pub(crate) interrupt: Arc<Interrupt>,
    /// Away while a statement of it runs.
    pub(super) plans: Option<Box<PlanCache>>,
    /// The schema last used, by its version.
    schema: Option<(SchemaVersion, Arc<Schema>)>,
    /// Its number among the connections of the database, from 1 on.
    pub(crate) id: u64,
    /// Counts transaction blocks, to tell them apart.
    pub(super) blocks: u64,
    /// What it knows of sequences.
    pub(super) sequences: RefCell<SessionSequences>,
    /// Where its random numbers come from.
    pub(super) random: RandomNumbers,
}

/// A transaction under way.
pub(super) struct Open {
    pub(super) txn: Box<dyn StorageTxn>,
    pub(super) options: TxnOptions,
    now_micros: i64,
    /// Changes are refused, whether or not the transaction began so.
    pub(super) read_only: bool,
    /// Taken note of for `SHOW`: as a transaction that only reads never fails, there is nothing to wait for.
    pub(super) deferrable: bool,
    /// Begun by `BEGIN`, not just by a string of several statements.
    pub(super) block: bool,
    /// A statement has run, so that its snapshot stays.
    pub(super) has_run: bool,
    pub(super) failed: bool,
    pub(super) savepoints: Vec<Savepoint>,
    /// The schema with this transaction's own changes, once it has made some.
    pub(super) own_schema: Option<Arc<Schema>>,
    /// The checks that wait for its end.
    pub(super) deferral: Deferral,
    pub(super) outcomes: Outcomes,
}

/// The settings when a transaction is rolled back, and when it commits.
pub(super) struct Outcomes {
    pub(super) settings_before: Settings,
    pub(super) settings_after: Settings,
}

/// A point of a transaction to roll back to.
pub(super) struct Savepoint {
    pub(super) name: String,
    pub(super) savepoint: usize,
    pub(super) own_schema: Option<Arc<Schema>>,
    pub(super) deferral: Deferral,
    pub(super) settings: Settings,
    pub(super) settings_after: Settings,
    pub(super) read_only: bool,
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
    /// The time zone that its rows are shown in.
    pub(crate) zone: Zone,
}

impl Ran {
    /// Of a statement without rows.
    pub(crate) fn done(tag: &'static str) -> Self {
        Self {
            columns: Arc::default(),
            rows: None,
            count: 0,
            tag,
            zone: Zone::UTC,
        }
    }
}

/// The error of a statement in a failed transaction.
pub(super) fn aborted() -> Error {
    Error::new(
        ErrorKind::Sql,
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

/// Whether a transaction has lost to another, so that trying all of it again can help.
pub(super) fn has_lost(error: &Error) -> bool {
    matches!(error.sqlstate(), "40001" | "40P01")
}

impl Session {
    /// Errors: those of reading the settings of the database.
    pub(crate) fn new(shared: Arc<Shared>) -> Result<Self> {
        let mut session = Self {
            open: None,
            settings: Settings::new(&shared.options),
            interrupt: Arc::new(Interrupt::new(shared.env.clone())),
            plans: None,
            schema: None,
            id: 1 + shared.connections.fetch_add(1, Ordering::Relaxed),
            blocks: 0,
            sequences: RefCell::default(),
            random: RandomNumbers::default(),
            shared,
        };
        session.settings = session.default_settings()?;
        Ok(session)
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
        let result =
            self.with_plans(
                |plans, session| match plans.run_known(session, text, parameters) {
                    Known::Ran(result) => result,
                    Known::Not(shape) => {
                        plans.run_new(session, text, parse_one(text)?, shape, parameters)
                    }
                },
            );
        self.fail(result)
    }

    fn with_plans<T>(&mut self, act: impl FnOnce(&mut PlanCache, &mut Self) -> T) -> T {
        let mut plans = self.plans.take().unwrap_or_default();
        let result = act(&mut plans, self);
        self.plans = Some(plans);
        result
    }

    /// The one statement of `text`; a transaction in which it is none has failed.
    pub(super) fn parsed(&mut self, text: &str) -> Result<Parsed> {
        self.fail(parse_one(text))
    }

    /// Runs all statements of `text`, each with `each`, as PostgreSQL's simple query does.
    pub(crate) fn run_script(
        &mut self,
        text: &str,
        each: &mut dyn FnMut(Ran) -> Result<()>,
    ) -> Result<()> {
        let shape = match self.with_plans(|plans, session| plans.run_known(session, text, &[])) {
            Known::Ran(result) => return each(result?),
            Known::Not(shape) => shape,
        };
        let mut statements = match parse(text) {
            Ok(statements) => statements,
            Err(error) => return self.fail(Err(error)),
        };
        if let [_] = statements.as_slice()
            && let Some(one) = statements.pop()
        {
            let run = |plans: &mut PlanCache, session: &mut Self| {
                plans.run_new(session, text, one, shape, &[])
            };
            return each(self.with_plans(run)?);
        }
        for statement in &statements {
            // BEGIN begins by itself, as it says.
            if self.open.is_none() && !kind::is_transaction_control(statement) {
                self.begin(TransactionModes::default())?;
            }
            let ran = self
                .run(&mut Job::new(statement, None, Given::only(&[])))
                .and_then(&mut *each);
            if let Err(error) = ran {
                if let Some(open) = self.open.take_if(|o| !o.block) {
                    self.roll_back(open)?;
                }
                return Err(error);
            }
        }
        match self.open.take_if(|o| !o.block) {
            Some(open) => self.commit(open),
            None => Ok(()),
        }
    }

    /// Runs a statement, planned already for some version of the schema or not.
    pub(super) fn run(&mut self, job: &mut Job<'_>) -> Result<Ran> {
        self.interrupt
            .begin(self.settings.statement_timeout_micros());
        if let Some(setting) = kind::setting(&job.parsed) {
            let result = self.run_setting(setting);
            return self.fail(result);
        }
        if kind::is_transaction_control(&job.parsed) {
            let Statement::Transaction(statement) =
                bind(&job.parsed, &Schema::default())?.statement
            else {
                return Err(Error::misuse("API-3: transaction control is bound as such"));
            };
            let result = self.control(statement);
            return self.fail(result);
        }
        if self.open.is_some() {
            let result = self.run_in_transaction(job);
            return self.fail(result);
        }
        let retries = self.shared.options.retries_max;
        let mut tries = 0;
        loop {
            match self.run_alone(job) {
                Err(error) if job.given.can_repeat() && tries < retries && has_lost(&error) => {
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
    fn run_alone(&mut self, job: &mut Job<'_>) -> Result<Ran> {
        if let Some(ran) = utility::maintenance(&self.shared, &job.parsed, &self.wait_limits())? {
            return Ok(ran);
        }
        if self.settings.read_only {
            kind::refuse_changes(&job.parsed)?;
        }
        // What changes nothing need not note what it reads.
        let options = self.txn_options(None, kind::is_query(&job.parsed));
        self.sequences.get_mut().forget_notes();
        let mut txn = self.shared.backend.begin(options)?;
        txn.limit_waits(self.wait_limits());
        if kind::changes_schema(&job.parsed) {
            // First of all, so that nothing that was read has to be given up for it.
            txn.mark_schema_changed()?;
        }
        let planned = self.planned(&*txn, None, job)?;
        let now_micros = self.shared.env.now_micros();
        let mut deferral = Deferral::default();
        let (ran, _) = self.execute(
            &mut *txn,
            planned,
            job.given,
            (now_micros, now_micros),
            self.settings.read_only,
            &mut deferral,
        )?;
        self.sequences.get_mut().write_notes(&mut *txn, None)?;
        check_deferred(&mut *txn, &mut deferral, true)?;
        txn.set_synchronous(self.settings.synchronous);
        txn.commit()?;
        Ok(ran)
    }

    fn run_in_transaction(&mut self, job: &mut Job<'_>) -> Result<Ran> {
        let Some(mut open) = self.open.take() else {
            return Err(Error::misuse("API-2: a transaction is open"));
        };
        let result = if open.failed {
            Err(aborted())
        } else {
            self.run_in(&mut open, job)
        };
        self.open = Some(open);
        result
    }

    fn run_in(&mut self, open: &mut Open, job: &mut Job<'_>) -> Result<Ran> {
        utility::refuse_in_transaction(&job.parsed)?;
        if open.read_only {
            kind::refuse_changes(&job.parsed)?;
        }
        open.has_run = true;
        open.txn.limit_waits(self.wait_limits());
        let savepoint = open.txn.savepoint();
        let waiting = open.deferral.position();
        let reads_committed = open.options.isolation == IsolationLevel::ReadCommitted;
        let mut tries = 0;
        loop {
            open.txn.refresh_snapshot();
            match self.run_step(open, job) {
                Ok((ran, changed_schema)) => {
                    if changed_schema {
                        let root = self.shared.backend.root_tree();
                        open.own_schema = Some(Arc::new(catalog::load(&*open.txn, root)?));
                    }
                    return Ok(ran);
                }
                Err(error) => {
                    open.txn.rollback_to(savepoint)?;
                    open.deferral.truncate(waiting);
                    // Another was faster: all of the statement again, as of now.
                    let again =
                        reads_committed && job.given.can_repeat() && error.sqlstate() == "40001";
                    if !again || tries >= self.shared.options.retries_max {
                        return Err(error);
                    }
                    tries += 1;
                }
            }
        }
    }

    fn run_step(&mut self, open: &mut Open, job: &mut Job<'_>) -> Result<(Ran, bool)> {
        if kind::changes_schema(&job.parsed) {
            open.txn.mark_schema_changed()?;
        }
        let planned = self.planned(&*open.txn, open.own_schema.as_ref(), job)?;
        if let Body::Utility(statement) = &planned.plan.body {
            utility::refuse_while_checks_wait(statement, &open.deferral)?;
        }
        self.execute(
            &mut *open.txn,
            planned,
            job.given,
            (open.now_micros, self.shared.env.now_micros()),
            open.read_only,
            &mut open.deferral,
        )
    }

    /// The plan of `job` for the schema that `txn` sees, which is `own_schema` once the transaction has changed it.
    fn planned(
        &mut self,
        txn: &dyn StorageTxn,
        own_schema: Option<&Arc<Schema>>,
        job: &mut Job<'_>,
    ) -> Result<Arc<Planned>> {
        let version = self.shared.schema_version(txn);
        match (own_schema, &job.planned) {
            (None, Some(known)) if known.is_for(version, &self.settings) => Ok(known.clone()),
            (None, _) => {
                job.take_as_written()?;
                let schema = self.schema(txn)?;
                let new = Arc::new(self.plan(&job.parsed, &schema, version)?);
                job.planned = Some(new.clone());
                Ok(new)
            }
            (Some(schema), _) => {
                job.take_as_written()?;
                self.plan(&job.parsed, schema, version).map(Arc::new)
            }
        }
    }

    fn execute(
        &self,
        txn: &mut dyn StorageTxn,
        planned: Arc<Planned>,
        given: Given<'_>,
        (now_micros, statement_micros): (i64, i64),
        read_only: bool,
        deferral: &mut Deferral,
    ) -> Result<(Ran, bool)> {
        let parameters = planned.parameters(given.parameters)?;
        let sequences = Sequences {
            backend: &*self.shared.backend,
            env: &*self.shared.env,
            counters: &self.shared.sequences,
            session: &self.sequences,
            schema: &planned.schema,
            path: &planned.reading.path,
            made: RefCell::default(),
            read_only,
            synchronous: self.settings.synchronous,
        };
        let around = self.around(now_micros, statement_micros, &sequences);
        let settings = self.exec_settings(&around, given);
        let root = self.shared.backend.root_tree();
        let (executed, changed_schema) = match &planned.plan.body {
            Body::Utility(statement) => utility::run(&self.shared, txn, statement, &around)?,
            Body::Fill(filled, _) => {
                let table = match filled {
                    Filled::New(create) => utility::create_table(txn, create, &sequences)?,
                    Filled::Refreshed(table) => utility::refresh(txn, root, table, true)?,
                };
                let rows = planned.plan.filling(table);
                let executed = exec::execute(txn, &rows, &parameters, settings, deferral)?;
                (executed, true)
            }
            _ => {
                let executed = exec::execute(txn, &planned.plan, &parameters, settings, deferral)?;
                (executed, false)
            }
        };
        let ran = Ran {
            columns: planned.columns.clone(),
            rows: executed.rows,
            count: executed.count,
            tag: planned.tag,
            zone: planned.reading.zone,
        };
        Ok((ran, changed_schema))
    }

    fn plan(
        &self,
        parsed: &Parsed,
        schema: &Arc<Schema>,
        schema_version: SchemaVersion,
    ) -> Result<Planned> {
        let bound = bind_as(parsed, schema, &self.settings.reading)?;
        let parameters = bound.parameters.len();
        let tag = kind::tag(&bound.statement);
        // Only who asks looks at the clock.
        let is_shown = matches!(bound.statement, Statement::Explain(..));
        let env = &self.shared.env;
        let started = is_shown.then(|| env.monotonic_micros());
        let options = self.settings.plan_options;
        let folder = exec::Folder {
            zone: self.settings.reading.zone,
        };
        let mut plan = plan(bound.statement, parameters, options, &folder)?;
        if let (Body::Explain(explain), Some(started)) = (&mut plan.body, started) {
            explain.planning_micros = env.monotonic_micros().saturating_sub(started);
            if explain.options.settings {
                explain.settings = self.settings.of_plans();
            }
        }
        Ok(Planned {
            columns: std::mem::take(&mut plan.output).into(),
            plan,
            tag,
            parameter_types: bound.parameters,
            schema_version,
            options,
            schema: schema.clone(),
            reading: self.settings.reading.clone(),
        })
    }

    /// The statement planned against the current schema, for its columns and parameters.
    pub(crate) fn describe(&mut self, parsed: &Parsed) -> Result<Arc<Planned>> {
        if let Some(open) = &self.open {
            let version = self.shared.schema_version(&*open.txn);
            let schema = match &open.own_schema {
                Some(schema) => schema.clone(),
                None => self.shared.schema(&*open.txn)?,
            };
            return Ok(Arc::new(self.plan(parsed, &schema, version)?));
        }
        let txn = self.shared.backend.begin(self.txn_options(None, true))?;
        let version = self.shared.schema_version(&*txn);
        let schema = self.schema(&*txn)?;
        Ok(Arc::new(self.plan(parsed, &schema, version)?))
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
        let version = self.shared.schema_version(txn);
        if let Some((known, schema)) = &self.schema
            && *known == version
        {
            return Ok(schema.clone());
        }
        let schema = self.shared.schema(txn)?;
        self.schema = Some((version, schema.clone()));
        Ok(schema)
    }

    /// How a transaction begins; `None` stands for what the session's settings say.
    fn txn_options(&self, isolation: Option<IsolationLevel>, read_only: bool) -> TxnOptions {
        TxnOptions {
            isolation: isolation.unwrap_or(self.settings.isolation),
            read_only,
            lock_timeout_micros: None, // each statement says so
            synchronous: self.settings.synchronous,
            session: self.id,
            beside_schema_changes: false,
        }
    }

    pub(super) fn begin(&mut self, modes: TransactionModes) -> Result<()> {
        let read_only = modes.read_only.unwrap_or(self.settings.read_only);
        let options = self.txn_options(modes.isolation, read_only);
        self.open = Some(Open {
            txn: self.shared.backend.begin(options)?,
            options,
            now_micros: self.shared.env.now_micros(),
            read_only,
            deferrable: modes.deferrable.unwrap_or(self.settings.deferrable),
            block: false,
            has_run: false,
            failed: false,
            savepoints: Vec::new(),
            own_schema: None,
            deferral: Deferral::default(),
            outcomes: Outcomes {
                settings_before: self.settings.clone(),
                settings_after: self.settings.clone(),
            },
        });
        Ok(())
    }

    /// Begins maintenance as a statement begins, and gives when it is given up.
    pub(crate) fn begin_maintenance(&self) -> WaitLimits {
        let timeout = self.settings.statement_timeout_micros();
        self.interrupt.begin(timeout);
        self.wait_limits()
    }

    /// When the statement that runs now gives up waiting.
    pub(super) fn wait_limits(&self) -> WaitLimits {
        WaitLimits {
            lock_timeout_micros: self.settings.lock_timeout_micros(),
            interrupt: Some(self.interrupt.clone()),
        }
    }

    /// What the settings are when nobody sets any.
    pub(super) fn default_settings(&mut self) -> Result<Settings> {
        let mut settings = Settings::new(&self.shared.options);
        for (name, value) in self.visible_schema()?.settings() {
            settings.set(name, value)?;
        }
        Ok(settings)
    }
}
