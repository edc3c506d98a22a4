//! Transaction control and settings of a session: what is answered without a plan.

use crate::api::session::{Open, Ran, Savepoint, Session, aborted};
use crate::api::settings::{self, Settings};
use crate::error::{Error, ErrorKind, Result};
use crate::exec::{ResultRows, check_deferred};
use crate::sql::bound::{Scope, SettingStatement, TransactionModes, TransactionStatement};
use crate::types::Value;

fn only_in_block(what: &str) -> Error {
    let message = format!("{what} can only be used in transaction blocks");
    Error::new(ErrorKind::Sql, "25P01", message)
}

fn too_late(message: &str) -> Error {
    Error::new(ErrorKind::Sql, "25001", message)
}

/// The settings of the transaction under way, by PostgreSQL's names.
const ISOLATION: &str = "transaction_isolation";
const READ_ONLY: &str = "transaction_read_only";
const DEFERRABLE: &str = "transaction_deferrable";

impl Session {
    pub(super) fn control(&mut self, statement: TransactionStatement) -> Result<Ran> {
        let tag = match statement {
            TransactionStatement::Begin(modes) => self.begin_block(modes)?,
            TransactionStatement::Commit => match self.open.take() {
                Some(open) if open.failed => {
                    self.roll_back(open)?;
                    "ROLLBACK"
                }
                Some(open) => {
                    self.commit(open)?;
                    "COMMIT"
                }
                None => "COMMIT",
            },
            TransactionStatement::Rollback => {
                if let Some(open) = self.open.take() {
                    self.roll_back(open)?;
                }
                "ROLLBACK"
            }
            TransactionStatement::Savepoint(name) => self.savepoint(name)?,
            TransactionStatement::Release(name) => self.release(&name)?,
            TransactionStatement::RollbackTo(name) => self.rollback_to(&name)?,
            TransactionStatement::SetConstraints { names, deferred } => {
                self.set_constraints(names.as_deref(), deferred)?;
                "SET CONSTRAINTS"
            }
        };
        Ok(Ran::done(tag))
    }

    /// Commits; settings that were set in the transaction stay, unless it fails.
    pub(super) fn commit(&mut self, open: Open) -> Result<()> {
        let limits = self.wait_limits();
        let settings = std::mem::replace(&mut self.settings, open.outcomes.settings_before);
        let (mut txn, mut deferral) = (open.txn, open.deferral);
        txn.limit_waits(limits);
        let noted = match &open.own_schema {
            Some(schema) => self
                .sequences
                .get_mut()
                .write_notes(&mut *txn, Some(schema)),
            None => Ok(()),
        };
        let checked = noted.and_then(|()| check_deferred(&mut *txn, &mut deferral, true));
        if let Err(error) = checked {
            self.sequences.get_mut().forget_notes();
            txn.rollback()?;
            return Err(error);
        }
        self.sequences.get_mut().forget_notes();
        txn.set_synchronous(settings.synchronous);
        txn.commit()?;
        self.settings = open.outcomes.settings_after;
        Ok(())
    }

    pub(super) fn roll_back(&mut self, open: Open) -> Result<()> {
        self.settings = open.outcomes.settings_before;
        self.sequences.get_mut().forget_notes();
        open.txn.rollback()
    }

    fn begin_block(&mut self, modes: TransactionModes) -> Result<&'static str> {
        match &self.open {
            Some(open) if open.failed => return Err(aborted()),
            // PostgreSQL warns that there is a transaction already, and goes on with it; an implicit one becomes a block.
            Some(_) => self.change_modes(modes)?,
            None => self.begin(modes)?,
        }
        if let Some(open) = self.open.as_mut().filter(|open| !open.block) {
            open.block = true;
            self.blocks += 1;
        }
        Ok("BEGIN")
    }

    /// Changes the modes of the transaction under way, if one is.
    fn change_modes(&mut self, modes: TransactionModes) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(()); // PostgreSQL warns that it has no effect
        };
        let level = modes.isolation.unwrap_or(open.options.isolation);
        let read_only = modes.read_only.unwrap_or(open.read_only);
        if level != open.options.isolation {
            if open.has_run {
                return Err(too_late(
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query",
                ));
            }
            if !open.savepoints.is_empty() {
                return Err(too_late(
                    "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
                ));
            }
        }
        if open.read_only && !read_only {
            if !open.savepoints.is_empty() {
                return Err(too_late(
                    "cannot set transaction read-write mode inside a read-only transaction",
                ));
            }
            if open.has_run {
                return Err(too_late(
                    "transaction read-write mode must be set before any query",
                ));
            }
        }
        if modes.deferrable.is_some() && open.has_run {
            return Err(too_late(
                "SET TRANSACTION [NOT] DEFERRABLE must be called before any query",
            ));
        }
        open.deferrable = modes.deferrable.unwrap_or(open.deferrable);
        open.read_only = read_only;
        if !open.has_run && open.savepoints.is_empty() {
            // Nothing has been seen by it: another one in its place.
            open.options.isolation = level;
            open.options.read_only = read_only;
            open.txn = self.shared.backend.begin(open.options)?;
        }
        Ok(())
    }

    /// The open transaction block, for `what`. Errors: `25P01` without one.
    fn block_for(&mut self, what: &str) -> Result<&mut Open> {
        let open = self.open.as_mut().filter(|o| o.block);
        open.ok_or_else(|| only_in_block(what))
    }

    fn savepoint(&mut self, name: String) -> Result<&'static str> {
        let settings = self.settings.clone();
        let open = self.block_for("SAVEPOINT")?;
        if open.failed {
            return Err(aborted());
        }
        let savepoint = open.txn.savepoint();
        open.savepoints.push(Savepoint {
            name,
            savepoint,
            own_schema: open.own_schema.clone(),
            deferral: open.deferral.clone(),
            settings,
            settings_after: open.outcomes.settings_after.clone(),
            read_only: open.read_only,
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
        let savepoint = &open.savepoints[at];
        open.txn.rollback_to(savepoint.savepoint)?;
        open.own_schema = savepoint.own_schema.clone();
        open.deferral = savepoint.deferral.clone();
        open.outcomes.settings_after = savepoint.settings_after.clone();
        open.read_only = savepoint.read_only;
        open.failed = false;
        let settings = savepoint.settings.clone();
        open.savepoints.truncate(at + 1);
        self.settings = settings;
        Ok("ROLLBACK")
    }

    /// Runs a statement about the settings of this session.
    pub(super) fn run_setting(&mut self, statement: &SettingStatement) -> Result<Ran> {
        if self.has_failed() {
            return Err(aborted());
        }
        match statement {
            SettingStatement::Set { scope, name, value } => {
                match self.transaction_modes(name, value)? {
                    Some(modes) => self.change_modes(modes)?,
                    None => self.set(*scope, |settings| settings.set(name, value))?,
                }
                Ok(Ran::done("SET"))
            }
            SettingStatement::Reset { scope, name } => {
                let defaults = self.default_settings()?;
                let tag = if name.is_some() { "SET" } else { "RESET" };
                self.set(*scope, |settings| {
                    settings.reset(name.as_deref(), &defaults)
                })?;
                Ok(Ran::done(tag))
            }
            SettingStatement::Transaction(modes) => {
                self.change_modes(*modes)?;
                Ok(Ran::done("SET"))
            }
            SettingStatement::Characteristics(modes) => {
                self.set(Scope::Session, |settings| {
                    settings.isolation = modes.isolation.unwrap_or(settings.isolation);
                    settings.read_only = modes.read_only.unwrap_or(settings.read_only);
                    settings.deferrable = modes.deferrable.unwrap_or(settings.deferrable);
                    Ok(())
                })?;
                Ok(Ran::done("SET"))
            }
            SettingStatement::DiscardAll => {
                if self.open.is_some() {
                    let message = "DISCARD ALL cannot run inside a transaction block";
                    return Err(Error::new(ErrorKind::Sql, "25001", message));
                }
                self.settings = self.default_settings()?;
                Ok(Ran::done("DISCARD ALL"))
            }
            SettingStatement::Show(name) => self.show(name.as_deref(), statement),
            SettingStatement::OfDatabase(..) => Err(Error::misuse(
                "API-4: settings of the database are kept in it",
            )),
        }
    }

    /// Changes settings: for a transaction that is under way, also those that stay after its commit.
    fn set(&mut self, scope: Scope, change: impl Fn(&mut Settings) -> Result<()>) -> Result<()> {
        match (scope, &mut self.open) {
            (Scope::Local, None) => change(&mut self.settings.clone()), // PostgreSQL warns that it has no effect
            (Scope::Local, Some(_)) | (_, None) => change(&mut self.settings),
            (_, Some(open)) => {
                change(&mut self.settings)?;
                change(&mut open.outcomes.settings_after)
            }
        }
    }

    /// The modes that a setting of the transaction stands for.
    fn transaction_modes(&self, name: &str, value: &str) -> Result<Option<TransactionModes>> {
        let mut modes = TransactionModes::default();
        match name {
            ISOLATION => modes.isolation = Some(settings::isolation(name, value)?),
            READ_ONLY => modes.read_only = Some(settings::boolean(name, value)?),
            DEFERRABLE => modes.deferrable = Some(settings::boolean(name, value)?),
            _ => return Ok(None),
        }
        Ok(Some(modes))
    }

    /// The value of a setting of the transaction; outside of one, of the next.
    fn of_transaction(&self, name: &str) -> Option<String> {
        let (open, settings) = (self.open.as_ref(), &self.settings);
        Some(match name {
            ISOLATION => {
                let level = open.map_or(settings.isolation, |o| o.options.isolation);
                settings::isolation_name(level).to_owned()
            }
            READ_ONLY => settings::on_or_off(open.map_or(settings.read_only, |o| o.read_only)),
            DEFERRABLE => settings::on_or_off(open.map_or(settings.deferrable, |o| o.deferrable)),
            _ => return None,
        })
    }

    fn show(&self, name: Option<&str>, statement: &SettingStatement) -> Result<Ran> {
        let text = |texts: Vec<String>| texts.into_iter().map(Value::Text).collect();
        let rows: Vec<Vec<Value>> = match name {
            Some(name) => {
                let value = self.of_transaction(name);
                vec![text(vec![
                    value.map_or_else(|| self.settings.get(name), Ok)?,
                ])]
            }
            None => self.settings.all().map(|row| text(row.to_vec())).collect(),
        };
        Ok(Ran {
            columns: statement.columns().into(),
            count: rows.len() as u64,
            rows: Some(ResultRows::Values(rows)),
            tag: "SHOW",
            zone: self.settings.reading.zone,
        })
    }
}

impl Open {
    /// The innermost savepoint of that name. Errors: `3B001`.
    fn find(&self, name: &str) -> Result<usize> {
        let at = self.savepoints.iter().rposition(|s| s.name == name);
        at.ok_or_else(|| {
            let message = format!("savepoint \"{name}\" does not exist");
            Error::new(ErrorKind::Sql, "3B001", message)
        })
    }
}
