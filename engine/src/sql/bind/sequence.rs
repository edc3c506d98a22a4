//! Sequences: CREATE, ALTER and DROP SEQUENCE, the columns that have one, and what depends on them.

use super::call::refuse;
use super::context::Binder;
use super::data_type::sql_type;
use super::names::{already_exists, at, fold, made_up, parts, sql_error};
use super::table::{Draft, NO_TREE};
use crate::catalog::{Column, Counting, Identity, RelationName, Sequence, Table, Types};
use crate::error::{Error, ErrorKind, Result};
use crate::sql::bound::{AlterSequence, CreateSequence, SequenceOwner};
use crate::sql::sequence::{
    SequenceAction, SequenceChange, next_value_of, sequences_in, takes_values_of,
};
use crate::types::SqlType;
use sqlparser::ast;
use std::sync::Arc;

/// What options say; `None` where they say nothing.
#[derive(Clone, Debug, Default)]
struct Options {
    sql_type: Option<SqlType>,
    increment: Option<i64>,
    /// `Some(None)`: `NO MINVALUE`
    least: Option<Option<i64>>,
    greatest: Option<Option<i64>>,
    start: Option<i64>,
    cache: Option<i64>,
    cycles: Option<bool>,
    /// `Some(None)`: `OWNED BY NONE`
    owner: Option<Option<SequenceOwner>>,
}

impl Binder<'_> {
    /// `CREATE SEQUENCE`; `None` when IF NOT EXISTS found one. Errors: `42P07`, and `22023` for values that do not fit
    /// together.
    pub(super) fn bind_create_sequence(
        &self,
        statement: &ast::Statement,
    ) -> Result<Option<CreateSequence>> {
        let ast::Statement::CreateSequence {
            temporary,
            if_not_exists,
            name,
            sequence_options,
        } = statement
        else {
            return Err(Error::misuse("a sequence is bound as one"));
        };
        refuse(*temporary, "a temporary sequence")?;
        let (name, ident) = self.new_name(name)?;
        self.refuse_type_name(&name)?;
        if self.relation_exists(&name) {
            return match if_not_exists {
                true => Ok(None),
                false => Err(already_exists(&name, ident)),
            };
        }
        let options = self.sequence_options(sequence_options)?;
        may_own(&name, options.owner.as_ref())?;
        Ok(Some(CreateSequence {
            sequence: new_sequence(name, &options)?,
            owner: options.owner.flatten(),
        }))
    }

    /// `ALTER SEQUENCE`; `None` when IF EXISTS found none. Errors: `42P01`, `42809`, and as for [`Self::bind_create_sequence`].
    pub(super) fn bind_alter_sequence(
        &self,
        change: &SequenceChange,
    ) -> Result<Option<AlterSequence>> {
        let (name, _) = self.relation(&change.name)?;
        let Some(before) = self.schema.sequence(&name) else {
            let exists = self.relation_exists(&name);
            if change.if_exists && !exists {
                return Ok(None);
            }
            return Err(self.no_such("a sequence", &change.name));
        };
        let mut alter = AlterSequence {
            before: before.clone(),
            after: Sequence::clone(before),
            restart: None,
            owner: None,
        };
        let (options, restart) = match &change.action {
            SequenceAction::Rename(ident) => {
                let mut above = self.schema.dependents();
                if let Some(above) = above.find(|d| d.stands_on(&name)) {
                    return Err(Error::unsupported(format_args!(
                        "ALTER SEQUENCE … RENAME of what the {} \"{}\" takes values of",
                        above.kind(),
                        above.name()
                    )));
                }
                let name = name.beside(&fold(ident)?);
                if self.relation_exists(&name) {
                    return Err(already_exists(&name, ident));
                }
                self.refuse_type_name(&name)?;
                alter.after.name = name;
                return Ok(Some(alter));
            }
            SequenceAction::Options(options, restart) => (options, restart),
            SequenceAction::Unsupported(what) => return Err(Error::unsupported(what)),
        };
        let options = self.sequence_options(options)?;
        if options.owner.is_some() && self.identity_of(&name).is_some() {
            return Err(Error::unsupported(
                "OWNED BY of the sequence of an identity column",
            ));
        }
        may_own(&name, options.owner.as_ref())?;
        alter.after = changed(before, &options)?;
        alter.owner = options.owner;
        alter.restart = match restart {
            None => None,
            Some(None) => Some(alter.after.start),
            Some(Some(value)) => Some(integer(value)?),
        };
        if let Some(value) = alter.restart {
            alter.after.counting.refuse_beyond("RESTART", value)?;
        }
        Ok(Some(alter))
    }

    /// A sequence to drop by its name; `None` when there is none and that is fine.
    pub(super) fn sequence_to_drop(
        &self,
        name: &ast::ObjectName,
        if_exists: bool,
    ) -> Result<Option<Arc<Sequence>>> {
        let (folded, ident) = self.relation(name)?;
        match self.schema.sequence(&folded) {
            Some(_) if let Some((table, column)) = self.identity_of(&folded) => {
                let message = format!(
                    "cannot drop sequence {folded} because column {} of table {} requires it",
                    column.name, table.name
                );
                Err(at(sql_error("2BP01", message), ident))
            }
            Some(sequence) => Ok(Some(sequence.clone())),
            None => self.none_to_drop(("a", "sequence", "42P01"), name, if_exists),
        }
    }

    /// The identity column of the sequence of that name.
    fn identity_of(&self, name: &RelationName) -> Option<(&Table, &Column)> {
        let is_of = |column: &&Column| {
            column
                .identity
                .as_ref()
                .is_some_and(|i| i.sequence == *name)
        };
        let mut tables = self.schema.tables();
        tables.find_map(|table| Some((&**table, table.columns.iter().find(is_of)?)))
    }

    /// Refuses to drop `what`, and with it `sequences`, while defaults of columns that stay take values of those; `stays`
    /// says of a column whether it does. Errors: `2BP01`.
    pub(super) fn refuse_if_default(
        &self,
        what: &str,
        sequences: &[RelationName],
        stays: impl Fn(&Table, &Column) -> bool,
    ) -> Result<()> {
        if sequences.is_empty() {
            return Ok(());
        }
        for table in self.schema.tables() {
            for column in &table.columns {
                let Some(default) = &column.default else {
                    continue;
                };
                if !stays(table, column) || !takes_values_of(default, sequences)? {
                    continue;
                }
                let message = format!(
                    "cannot drop {what} because other objects depend on it: default value for column {} of table {} \
                     depends on sequence {} (use DROP ... CASCADE to drop the dependent objects too)",
                    column.name,
                    table.name,
                    sequences
                        .iter()
                        .map(RelationName::own)
                        .collect::<Vec<_>>()
                        .join(", ")
                );
                return Err(sql_error("2BP01", message));
            }
        }
        Ok(())
    }

    /// Sees that the sequences of a default exist. Errors: `3F000`, `42P01`, `42809`.
    pub(super) fn check_sequences(&self, default: &ast::Expr, made: &[Sequence]) -> Result<()> {
        for text in sequences_in(default) {
            let name = self.named(&text)?;
            if self.schema.sequence(&name).is_some() || made.iter().any(|s| s.name == name) {
                continue;
            }
            return Err(match self.relation_exists(&name) {
                true => sql_error("42809", format!("\"{name}\" is not a sequence")),
                false => sql_error("42P01", format!("relation \"{name}\" does not exist")),
            });
        }
        Ok(())
    }

    fn sequence_options(&self, written: &[ast::SequenceOptions]) -> Result<Options> {
        use ast::SequenceOptions as Written;
        let mut options = Options::default();
        let integer = |value: &ast::Expr| integer(&value.to_string());
        let maybe = |value: &Option<ast::Expr>| value.as_ref().map(integer).transpose();
        for option in written {
            match option {
                Written::DataType(data_type) => {
                    options.sql_type = Some(sql_type(data_type, &Types::default())?)
                }
                Written::IncrementBy(value, _) => options.increment = Some(integer(value)?),
                Written::MinValue(value) => options.least = Some(maybe(value)?),
                Written::MaxValue(value) => options.greatest = Some(maybe(value)?),
                Written::StartWith(value, _) => options.start = Some(integer(value)?),
                Written::Cache(value) => options.cache = Some(integer(value)?),
                // The parser has it the other way round.
                Written::Cycle(no) => options.cycles = Some(!no),
                Written::OwnedBy(None) => options.owner = Some(None),
                Written::OwnedBy(Some(name)) => options.owner = Some(Some(self.owner(name)?)),
            }
        }
        Ok(options)
    }

    /// The table and the column of `OWNED BY`.
    fn owner(&self, name: &ast::ObjectName) -> Result<SequenceOwner> {
        let idents = parts(name)?;
        let (column, table) = match idents.split_last() {
            Some((column, table)) if !table.is_empty() => (column, table),
            _ => return Err(sql_error("42601", "invalid OWNED BY option")),
        };
        let table: Vec<ast::Ident> = table.iter().map(|ident| (*ident).clone()).collect();
        let table = self.named_table(&ast::ObjectName::from(table))?;
        let at = super::alter_column::of_column(&table, column)?;
        Ok(SequenceOwner {
            column: table.columns[at].name.clone(),
            table: table.name.clone(),
        })
    }
}

/// Refuses an owner in another schema. Errors: `55000`.
fn may_own(sequence: &RelationName, owner: Option<&Option<SequenceOwner>>) -> Result<()> {
    match owner.and_then(Option::as_ref) {
        Some(owner) if owner.table.schema() != sequence.schema() => Err(Error::new(
            ErrorKind::Sql,
            "55000",
            "sequence must be in same schema as table it is linked to",
        )),
        _ => Ok(()),
    }
}

impl Draft {
    /// A new column, which a type `SERIAL` gives a sequence.
    pub(super) fn add_column(
        &mut self,
        binder: &Binder<'_>,
        name: String,
        data_type: &ast::DataType,
    ) -> Result<()> {
        let Some(of_sequence) = serial(data_type) else {
            self.columns
                .push(Column::new(name, sql_type(data_type, &self.types)?));
            return Ok(());
        };
        let options = Options {
            sql_type: Some(of_sequence),
            ..Options::default()
        };
        let sequence = self.sequence(binder, &name, &options)?;
        self.columns.push(Column {
            not_null: true,
            default: Some(next_value_of(&sequence)),
            sequences: vec![sequence],
            ..Column::new(name, of_sequence)
        });
        Ok(())
    }

    /// `GENERATED … AS IDENTITY`. Errors: `22023` for a column that is no integer, `42601` beside another origin of its
    /// values, and as for `CREATE SEQUENCE`.
    pub(super) fn identity(
        &mut self,
        binder: &Binder<'_>,
        position: usize,
        always: bool,
        options: &[ast::SequenceOptions],
    ) -> Result<()> {
        let column = &self.columns[position];
        let (name, sql_type) = (column.name.clone(), column.sql_type);
        if column.identity.is_some() {
            let message = format!(
                "multiple identity specifications for column \"{name}\" of table \"{}\"",
                self.name
            );
            return Err(sql_error("42601", message));
        }
        if !sql_type.is_integer() {
            let message = "identity column type must be smallint, integer, or bigint";
            return Err(sql_error("22023", message));
        }
        let mut options = binder.sequence_options(options)?;
        options.sql_type = Some(sql_type);
        let sequence = self.sequence(binder, &name, &options)?;
        let column = &mut self.columns[position];
        column.not_null = true;
        column.sequences.push(sequence.clone());
        column.identity = Some(Identity { always, sequence });
        self.one_origin(position)
    }

    /// Makes a sequence for a column; gives its name.
    fn sequence(
        &mut self,
        binder: &Binder<'_>,
        column: &str,
        options: &Options,
    ) -> Result<RelationName> {
        let is_taken = |name: &RelationName| {
            binder.relation_exists(name)
                || self.name == *name
                || self.sequences.iter().any(|s| s.name == *name)
        };
        let labels = std::iter::once("seq".to_owned()).chain((1..).map(|n| format!("seq{n}")));
        let mut names =
            labels.map(|label| self.name.beside(&made_up(self.name.own(), column, &label)));
        // There are more labels than relations.
        let name = names
            .find(|name| !is_taken(name))
            .unwrap_or_else(|| self.name.clone());
        self.sequences.push(new_sequence(name.clone(), options)?);
        Ok(name)
    }
}

/// The type of the values of a column of that type, if it is one with a sequence.
fn serial(data_type: &ast::DataType) -> Option<SqlType> {
    let ast::DataType::Custom(name, modifiers) = data_type else {
        return None;
    };
    let [ast::ObjectNamePart::Identifier(name)] = name.0.as_slice() else {
        return None;
    };
    if !modifiers.is_empty() {
        return None;
    }
    match fold(name).ok()?.as_str() {
        "serial" | "serial4" => Some(SqlType::Int4),
        "bigserial" | "serial8" => Some(SqlType::Int8),
        "smallserial" | "serial2" => Some(SqlType::Int2),
        _ => None,
    }
}

/// The SQL text of what a column is where a change says nothing.
pub(super) fn default_text(column: &Column) -> Option<String> {
    let of_identity = |identity: &Identity| next_value_of(&identity.sequence);
    let identity = column.identity.as_ref().map(of_identity);
    identity.or_else(|| column.default.clone())
}

/// The greatest and the least value of a type of sequences. Errors: `22023`.
fn limits(sql_type: SqlType) -> Result<(i64, i64)> {
    match sql_type {
        SqlType::Int2 => Ok((i64::from(i16::MIN), i64::from(i16::MAX))),
        SqlType::Int4 => Ok((i64::from(i32::MIN), i64::from(i32::MAX))),
        SqlType::Int8 => Ok((i64::MIN, i64::MAX)),
        _ => Err(sql_error(
            "22023",
            "sequence type must be smallint, integer, or bigint",
        )),
    }
}

/// A sequence that is to be made: it has no number and no tree yet. Errors: `22023`.
fn new_sequence(name: RelationName, options: &Options) -> Result<Sequence> {
    let sql_type = options.sql_type.unwrap_or(SqlType::Int8);
    let increment = options.increment.unwrap_or(1);
    let (least, greatest) = ends(sql_type, increment)?;
    let mut sequence = Sequence {
        name,
        number: 0,
        tree: NO_TREE,
        sql_type,
        start: 0,
        cache: options.cache.unwrap_or(1),
        counting: Counting {
            increment,
            least: options.least.flatten().unwrap_or(least),
            greatest: options.greatest.flatten().unwrap_or(greatest),
            cycles: options.cycles.unwrap_or(false),
        },
        comment: None,
    };
    let first = match increment > 0 {
        true => sequence.counting.least,
        false => sequence.counting.greatest,
    };
    sequence.start = options.start.unwrap_or(first);
    check(&sequence)?;
    Ok(sequence)
}

/// `before` with the options changed that are given. Errors: `22023`.
fn changed(before: &Sequence, options: &Options) -> Result<Sequence> {
    let mut sequence = before.clone();
    let counting = &mut sequence.counting;
    if let Some(sql_type) = options.sql_type {
        // Ends that were those of the type move with it.
        let (least, greatest) = limits(before.sql_type)?;
        let (new_least, new_greatest) = limits(sql_type)?;
        if counting.least == least {
            counting.least = new_least;
        }
        if counting.greatest == greatest {
            counting.greatest = new_greatest;
        }
        sequence.sql_type = sql_type;
    }
    counting.increment = options.increment.unwrap_or(counting.increment);
    let (least, greatest) = ends(sequence.sql_type, counting.increment)?;
    if let Some(given) = options.least {
        counting.least = given.unwrap_or(least);
    }
    if let Some(given) = options.greatest {
        counting.greatest = given.unwrap_or(greatest);
    }
    counting.cycles = options.cycles.unwrap_or(counting.cycles);
    sequence.start = options.start.unwrap_or(sequence.start);
    sequence.cache = options.cache.unwrap_or(sequence.cache);
    check(&sequence)?;
    Ok(sequence)
}

/// Where a sequence of that type ends that does not say so.
fn ends(sql_type: SqlType, increment: i64) -> Result<(i64, i64)> {
    let (least, greatest) = limits(sql_type)?;
    Ok(match increment > 0 {
        true => (1, greatest),
        false => (least, -1),
    })
}

/// Errors: `22023` when the values do not fit together.
fn check(sequence: &Sequence) -> Result<()> {
    let counting = &sequence.counting;
    let invalid = |message: String| Err(sql_error("22023", message));
    if counting.increment == 0 {
        return invalid("INCREMENT must not be zero".to_owned());
    }
    let range = limits(sequence.sql_type)?;
    let fits = |value: i64| (range.0..=range.1).contains(&value);
    for (name, value) in [
        ("MAXVALUE", counting.greatest),
        ("MINVALUE", counting.least),
    ] {
        if !fits(value) {
            return invalid(format!(
                "{name} ({value}) is out of range for sequence data type {}",
                sequence.sql_type
            ));
        }
    }
    if counting.least >= counting.greatest {
        return invalid(format!(
            "MINVALUE ({}) must be less than MAXVALUE ({})",
            counting.least, counting.greatest
        ));
    }
    counting.refuse_beyond("START", sequence.start)?;
    if sequence.cache < 1 {
        return invalid(format!(
            "CACHE ({}) must be greater than zero",
            sequence.cache
        ));
    }
    Ok(())
}

/// The integer of an option. Errors: `22P02` for another number, as in PostgreSQL.
fn integer(text: &str) -> Result<i64> {
    text.parse().map_err(|_| {
        let message = format!("invalid input syntax for type bigint: \"{text}\"");
        sql_error("22P02", message)
    })
}
