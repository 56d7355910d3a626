//! Statements with their values, and the rows they find, of whichever engine.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query as SqlxQuery;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Decode, Postgres, Row as _, SqlStr, Sqlite, Type};

use super::super::statements::{ManyRows, Statement};
use super::{Transaction, WriteError};

/// A value as both engines keep it. A missing one keeps its type, since PostgreSQL asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Value {
    /// `BIGINT`; SQLite's `INTEGER`.
    Integer(Option<i64>),
    /// `TEXT`.
    Text(Option<String>),
    /// `BYTEA`; SQLite's `BLOB`.
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($from:ty => $variant:ident, |$value:ident| $convert:expr;)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                Value::$variant($convert)
            }
        })+
    };
}

values! {
    i64 => Integer, |value| Some(value);
    Option<i64> => Integer, |value| value;
    &str => Text, |value| Some(value.to_owned());
    Option<&str> => Text, |value| value.map(str::to_owned);
    String => Text, |value| Some(value);
    Option<String> => Text, |value| value;
    &[u8] => Bytes, |value| Some(value.to_vec());
    Option<&[u8]> => Bytes, |value| value.map(<[u8]>::to_vec);
}

/// A statement with the values for its placeholders.
#[derive(Clone, Debug)]
pub(in crate::store) struct Query {
    /// What logs call it.
    pub(super) name: &'static str,
    pub(super) sql: SqlStr,
    pub(super) values: Vec<Value>,
}

impl Statement {
    /// The statement, ready to be given values.
    pub(in crate::store) fn query(self) -> Query {
        Query { name: self.name, sql: sqlx::SqlSafeStr::into_sql_str(self.sql), values: Vec::new() }
    }
}

impl Statement {
    /// One insert for the rows of several inserts of this statement.
    pub(in crate::store) fn query_of_rows(self, rows: Vec<Query>) -> Query {
        let query = Query::of_text(self.name, self.sql_of_rows(rows.len()));
        let values = rows.into_iter().flat_map(|row| row.values).collect();
        Query { values, ..query }
    }
}

impl ManyRows {
    /// The statement for so many rows, ready to be given values.
    pub(in crate::store) fn query(&self, rows: usize) -> Query {
        Query::of_text(self.name, self.sql(rows))
    }
}

impl Query {
    /// A statement of another text than one of the `statements`. The text is made of constants alone.
    pub(in crate::store) fn of_text(name: &'static str, text: String) -> Self {
        Query { name, sql: sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(text)), values: Vec::new() }
    }

    /// Gives the next placeholder its value.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The rows it finds, within a transaction.
    pub(in crate::store) async fn rows(self, transaction: &mut Transaction) -> Result<Vec<Row>, sqlx::Error> {
        transaction.rows(self).await
    }

    /// The row it finds, within a transaction.
    pub(in crate::store) async fn row(self, transaction: &mut Transaction) -> Result<Option<Row>, sqlx::Error> {
        transaction.row(self).await
    }

    /// How many rows it changed, within a transaction.
    pub(in crate::store) async fn execute(self, transaction: &mut Transaction) -> Result<u64, WriteError> {
        Ok(transaction.execute(self).await?)
    }

    /// As SQLite takes it.
    pub(super) fn for_sqlite(self) -> SqlxQuery<'static, Sqlite, SqliteArguments> {
        self.values.into_iter().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        })
    }

    /// As PostgreSQL takes it. A statement that is not kept prepared may go through a pooler that gives each transaction
    /// another connection.
    pub(super) fn for_postgres(self, keep_prepared: bool) -> SqlxQuery<'static, Postgres, PgArguments> {
        let query = self.values.into_iter().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Integer(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Bytes(value) => query.bind(value),
        });
        query.persistent(keep_prepared)
    }
}

/// A row of an answer.
pub(in crate::store) enum Row {
    /// SQLite's.
    Sqlite(SqliteRow),
    /// PostgreSQL's.
    Postgres(PgRow),
}

impl Row {
    /// A column as its SQL type.
    pub(in crate::store) fn get<'r, T>(&'r self, column: &str) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        }
    }
}
