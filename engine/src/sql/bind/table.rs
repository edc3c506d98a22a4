//! CREATE TABLE.

use super::call::refuse;
use super::context::{Binder, Clause};
use super::foreign_key::{Written, timing};
use super::names::{already_exists, at, fold, made_up, sql_error};
use super::pin::pinned;
use super::stored::{bind_stored, stored_text};
use crate::catalog::{
    Column, ConstraintTiming, ForeignKey, Index, RelationName, Sequence, Table, Types,
};
use crate::error::{Error, Result};
use crate::sql::bound::CreateTable;
use crate::sql::sequence::qualify_sequences;
use crate::sql::walk::columns_of;
use crate::storage::TreeId;
use crate::types::SqlType;
use sqlparser::ast;

/// Columns of the widest table, as in PostgreSQL.
pub(super) const COLUMNS_MAX: usize = 1600;

/// The tree of what has none yet.
pub(super) const NO_TREE: TreeId = TreeId(u32::MAX);

/// A table in the making.
pub(super) struct Draft {
    pub(super) name: RelationName,
    pub(super) columns: Vec<Column>,
    pub(super) primary_key: Option<DraftKey>,
    pub(super) unique: Vec<DraftKey>,
    pub(super) checks: Vec<(String, String)>,
    /// Names of constraints given or made up so far.
    pub(super) taken: Vec<String>,
    /// The sequences of new columns.
    pub(super) sequences: Vec<Sequence>,
    /// The types that can be named.
    pub(super) types: Types,
}

/// A key of a table in the making.
pub(super) struct DraftKey {
    pub(super) name: String,
    pub(super) columns: Vec<usize>,
    pub(super) timing: ConstraintTiming,
}

impl DraftKey {
    /// The index that it needs, without a tree.
    pub(super) fn index(&self) -> Index {
        let columns = self.columns.iter().map(|c| (*c, false)).collect();
        Index {
            unique: true,
            constraint: true,
            timing: self.timing,
            ..Index::over(self.name.clone(), NO_TREE, columns)
        }
    }
}

/// A key constraint as it was written, of a column or of the table.
struct Key<'a> {
    name: Option<&'a ast::Ident>,
    columns: Vec<usize>,
    timing: ConstraintTiming,
}

impl Binder<'_> {
    /// `CREATE TABLE`
    pub(super) fn bind_create_table(&mut self, create: &ast::CreateTable) -> Result<CreateTable> {
        let (name, ident) = self.new_name(&create.name)?;
        let exists = self.relation_exists(&name);
        if exists && !create.if_not_exists {
            return Err(already_exists(&name, ident));
        }
        self.refuse_type_name(&name)?;
        let mut draft = Draft::new(self, name, &create.columns)?;
        if let Some(like) = &create.like {
            draft.columns = self.columns_like(like)?;
        }
        draft.name_given(create)?;
        for (position, column) in create.columns.iter().enumerate() {
            for option in &column.options {
                draft.column_option(self, position, option)?;
            }
        }
        for constraint in &create.constraints {
            draft.table_constraint(self, constraint)?;
        }
        // They come last, for they may refer to any key of the table.
        let foreign_keys = match exists {
            true => Vec::new(),
            false => self.foreign_keys(&mut draft, &foreign_keys_of(create))?,
        };
        draft.finish(exists, foreign_keys)
    }

    /// `LIKE table`: its columns, without the constraints but `NOT NULL`.
    fn columns_like(&self, like: &ast::CreateTableLikeKind) -> Result<Vec<Column>> {
        let (ast::CreateTableLikeKind::Parenthesized(like) | ast::CreateTableLikeKind::Plain(like)) =
            like;
        let (folded, _) = self.relation(&like.name)?;
        refuse(self.schema.view(&folded).is_some(), "LIKE of a view")?;
        let mut columns = self.named_table(&like.name)?.columns.clone();
        for column in &mut columns {
            column.generated = None;
            column.identity = None;
            column.sequences = Vec::new();
            column.comment = None;
        }
        if like.defaults != Some(ast::CreateTableLikeDefaults::Including) {
            columns.iter_mut().for_each(|c| c.default = None);
        }
        Ok(columns)
    }

    /// Whether a table, an index, a view or a sequence has that name.
    pub(super) fn relation_exists(&self, name: &RelationName) -> bool {
        self.schema.relation_exists(name)
    }
}

impl Draft {
    fn new(
        binder: &Binder<'_>,
        name: RelationName,
        definitions: &[ast::ColumnDef],
    ) -> Result<Self> {
        if definitions.len() > COLUMNS_MAX {
            return Err(sql_error(
                "54011",
                format!("tables can have at most {COLUMNS_MAX} columns"),
            ));
        }
        let mut draft = Self {
            name,
            columns: Vec::new(),
            primary_key: None,
            unique: Vec::new(),
            checks: Vec::new(),
            taken: Vec::new(),
            sequences: Vec::new(),
            types: binder.schema.types().clone(),
        };
        for ast::ColumnDef {
            name: ident,
            data_type,
            options: _,
        } in definitions
        {
            let name = fold(ident)?;
            if draft.columns.iter().any(|c| c.name == name) {
                return Err(at(column_twice(&name), ident));
            }
            draft.add_column(binder, name, data_type)?;
        }
        Ok(draft)
    }

    /// Notes the names that the user gave, so that no name is made up that comes later in the text.
    fn name_given(&mut self, create: &ast::CreateTable) -> Result<()> {
        let of_columns = create
            .columns
            .iter()
            .flat_map(|c| &c.options)
            .filter_map(|o| o.name.as_ref());
        let of_table = create.constraints.iter().filter_map(|c| match c {
            ast::TableConstraint::Unique(unique) => unique.name.as_ref(),
            ast::TableConstraint::PrimaryKey(key) => key.name.as_ref(),
            ast::TableConstraint::Check(check) => check.name.as_ref(),
            ast::TableConstraint::ForeignKey(key) => key.name.as_ref(),
            _ => None,
        });
        for ident in of_columns.chain(of_table) {
            let name = fold(ident)?;
            if self.taken.contains(&name) {
                let message = format!(
                    "constraint \"{name}\" for relation \"{}\" already exists",
                    self.name
                );
                return Err(at(sql_error("42710", message), ident));
            }
            self.taken.push(name);
        }
        Ok(())
    }

    pub(super) fn column_option(
        &mut self,
        binder: &Binder<'_>,
        position: usize,
        option: &ast::ColumnOptionDef,
    ) -> Result<()> {
        let ast::ColumnOptionDef { name, option } = option;
        let column = &mut self.columns[position];
        match option {
            ast::ColumnOption::Null => {}
            ast::ColumnOption::NotNull => column.not_null = true,
            ast::ColumnOption::Default(expr) => {
                if column.default.is_some() {
                    let message = format!(
                        "multiple default values specified for column \"{}\"",
                        column.name
                    );
                    return Err(sql_error("42601", message));
                }
                let bind = |expr: &ast::Expr| {
                    let known: (&[Column], _) = (&[], &self.types);
                    bind_stored(expr, &column.name, known, Clause::Default, column.sql_type)
                };
                binder.check_sequences(expr, &self.sequences)?;
                let mut expr = pinned(expr, binder.reading.zone, bind)?.into_owned();
                qualify_sequences(&mut expr, binder.schema, &binder.reading.path);
                let text = stored_text(&expr, &bind(&expr)?, bind)?;
                column.default = Some(text);
                self.one_origin(position)?;
            }
            ast::ColumnOption::PrimaryKey(key) => {
                check_key_options(&key.index_type, &key.include, &key.index_options)?;
                let name = name.as_ref().or(key.name.as_ref());
                self.primary_key(Key {
                    name,
                    columns: vec![position],
                    timing: timing(key.characteristics.as_ref())?,
                })?;
            }
            ast::ColumnOption::Unique(unique) => {
                check_unique(unique)?;
                let name = name.as_ref().or(unique.name.as_ref());
                self.unique_key(
                    binder,
                    Key {
                        name,
                        columns: vec![position],
                        timing: timing(unique.characteristics.as_ref())?,
                    },
                )?;
            }
            ast::ColumnOption::Check(check) => self.check(binder, check, name.as_ref())?,
            ast::ColumnOption::ForeignKey(_) => {} // bound when all keys are known
            ast::ColumnOption::Generated { .. } => self.generated(binder, position, option)?,
            ast::ColumnOption::Identity(_) => return Err(Error::unsupported("IDENTITY (…)")),
            ast::ColumnOption::Collation(_) => return Err(Error::unsupported("COLLATE")),
            other => {
                return Err(Error::unsupported(format_args!(
                    "the column option {other}"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn table_constraint(
        &mut self,
        binder: &Binder<'_>,
        constraint: &ast::TableConstraint,
    ) -> Result<()> {
        match constraint {
            ast::TableConstraint::PrimaryKey(key) => {
                check_key_options(&key.index_type, &key.include, &key.index_options)?;
                let columns = self.key_columns(&key.columns, "primary key")?;
                self.primary_key(Key {
                    name: key.name.as_ref(),
                    columns,
                    timing: timing(key.characteristics.as_ref())?,
                })
            }
            ast::TableConstraint::Unique(unique) => {
                check_unique(unique)?;
                let columns = self.key_columns(&unique.columns, "unique")?;
                self.unique_key(
                    binder,
                    Key {
                        name: unique.name.as_ref(),
                        columns,
                        timing: timing(unique.characteristics.as_ref())?,
                    },
                )
            }
            ast::TableConstraint::Check(check) => self.check(binder, check, None),
            ast::TableConstraint::ForeignKey(_) => Ok(()), // bound when all keys are known
            ast::TableConstraint::Exclude(_) => Err(Error::unsupported("EXCLUDE")),
            _ => Err(Error::unsupported("this kind of table constraint")),
        }
    }

    fn key_columns(&self, written: &[ast::IndexColumn], kind: &str) -> Result<Vec<usize>> {
        let mut columns = Vec::new();
        for (position, ident) in super::index::plain_columns(written, &self.columns)? {
            if columns.contains(&position) {
                let name = &self.columns[position].name;
                let message = format!("column \"{name}\" appears twice in {kind} constraint");
                return Err(at(sql_error("42701", message), ident));
            }
            columns.push(position);
        }
        Ok(columns)
    }

    fn primary_key(&mut self, key: Key<'_>) -> Result<()> {
        if self.primary_key.is_some() {
            let message = format!(
                "multiple primary keys for table \"{}\" are not allowed",
                self.name
            );
            return Err(sql_error("42P16", message));
        }
        for position in &key.columns {
            self.columns[*position].not_null = true;
        }
        let name = match key.name {
            Some(ident) => fold(ident)?,
            None => self.make_up("", "pkey", |_| false),
        };
        self.primary_key = Some(DraftKey {
            name,
            columns: key.columns,
            timing: key.timing,
        });
        Ok(())
    }

    fn unique_key(&mut self, binder: &Binder<'_>, key: Key<'_>) -> Result<()> {
        let name = match key.name {
            Some(ident) => fold(ident)?,
            None => {
                let columns: Vec<&str> = key
                    .columns
                    .iter()
                    .map(|c| self.columns[*c].name.as_str())
                    .collect();
                let columns = columns.join("_");
                {
                    let of = self.name.clone();
                    self.make_up(&columns, "key", |name| {
                        binder.relation_exists(&of.beside(name))
                    })
                }
            }
        };
        self.unique.push(DraftKey {
            name,
            columns: key.columns,
            timing: key.timing,
        });
        Ok(())
    }

    fn check(
        &mut self,
        binder: &Binder<'_>,
        check: &ast::CheckConstraint,
        name: Option<&ast::Ident>,
    ) -> Result<()> {
        let ast::CheckConstraint {
            name: own_name,
            expr,
            no_inherit,
            enforced,
        } = check;
        refuse(*no_inherit || enforced.is_some(), "an option of CHECK")?;
        let bind = |expr: &ast::Expr| {
            bind_stored(
                expr,
                self.name.own(),
                (&self.columns, &self.types),
                Clause::Check,
                SqlType::Bool,
            )
        };
        let expr = &*pinned(&**expr, binder.reading.zone, bind)?;
        let bound = bind(expr)?;
        let text = stored_text(expr, &bound, bind)?;
        let name = match name.or(own_name.as_ref()) {
            Some(ident) => fold(ident)?,
            None => {
                let used = columns_of(&bound);
                let column = match used.as_slice() {
                    [only] => self.columns[*only].name.clone(),
                    _ => String::new(),
                };
                self.make_up(&column, "check", |_| false)
            }
        };
        self.checks.push((name, text));
        Ok(())
    }

    /// A name for a constraint that has none, with a number behind it if need be.
    pub(super) fn make_up(
        &mut self,
        columns: &str,
        label: &str,
        exists: impl Fn(&str) -> bool,
    ) -> String {
        let mut number = 0;
        loop {
            let label = if number == 0 {
                label.to_string()
            } else {
                format!("{label}{number}")
            };
            let name = made_up(self.name.own(), columns, &label);
            if !self.taken.contains(&name) && !exists(&name) {
                self.taken.push(name.clone());
                return name;
            }
            number += 1;
        }
    }

    fn finish(self, exists: bool, foreign_keys: Vec<ForeignKey>) -> Result<CreateTable> {
        let is_integer = |column: &usize| self.columns[*column].sql_type.is_integer();
        // A row id stands for one row at any time, so that a key that can be deferred needs an index.
        let row_id_column = match &self.primary_key {
            Some(DraftKey {
                columns,
                timing: ConstraintTiming::NotDeferrable,
                ..
            }) if columns.len() == 1 => columns.first().copied().filter(is_integer),
            _ => None,
        };
        let key_index = self.primary_key.iter().filter(|_| row_id_column.is_none());
        Ok(CreateTable {
            table: Table {
                indexes: key_index.chain(&self.unique).map(DraftKey::index).collect(),
                row_id_column,
                primary_key_name: self.primary_key.map(|key| key.name),
                checks: self.checks,
                foreign_keys,
                ..Table::new(self.name, NO_TREE, self.columns, self.types)
            },
            exists,
            sequences: self.sequences,
        })
    }
}

/// `42701`
pub(super) fn column_twice(name: &str) -> Error {
    sql_error(
        "42701",
        format!("column \"{name}\" specified more than once"),
    )
}

/// All foreign keys of the text, those of columns first.
fn foreign_keys_of(create: &ast::CreateTable) -> Vec<Written<'_>> {
    let columns = create.columns.iter().enumerate();
    let options = columns.flat_map(|(at, column)| column.options.iter().map(move |o| (at, o)));
    let of_columns = options.filter_map(|(at, option)| match &option.option {
        ast::ColumnOption::ForeignKey(constraint) => Some(Written {
            name: option.name.as_ref(),
            column: Some(at),
            constraint,
        }),
        _ => None,
    });
    let of_table = create.constraints.iter().filter_map(|c| match c {
        ast::TableConstraint::ForeignKey(constraint) => Some(Written {
            name: None,
            column: None,
            constraint,
        }),
        _ => None,
    });
    of_columns.chain(of_table).collect()
}

fn check_unique(unique: &ast::UniqueConstraint) -> Result<()> {
    let ast::UniqueConstraint {
        name: _,
        index_name,
        index_type_display: _,
        index_type,
        columns: _,
        include,
        index_options,
        characteristics: _,
        nulls_distinct,
    } = unique;
    refuse(index_name.is_some(), "a name of the index of UNIQUE")?;
    refuse(
        *nulls_distinct == ast::NullsDistinctOption::NotDistinct,
        "NULLS NOT DISTINCT",
    )?;
    check_key_options(index_type, include, index_options)
}

fn check_key_options(
    index_type: &Option<ast::IndexType>,
    include: &[ast::Ident],
    options: &[ast::IndexOption],
) -> Result<()> {
    refuse(!include.is_empty(), "INCLUDE")?;
    refuse(
        index_type.is_some() || !options.is_empty(),
        "an option of a key",
    )
}
