//! Columns of one row, read with care: what the store holds is checked like anything else from outside.

use std::fmt::Display;
use std::str::FromStr;

use super::engine::Row;
use mintmark_core::clock::Timestamp;
use mintmark_core::store::{Read, StoreError};
use serde::de::DeserializeOwned;

/// Reads one row's columns, and knows how to name the row in an error.
pub(super) struct Fields<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static str,
}

impl<'r> Fields<'r> {
    /// The columns of a row of `table`, which the column `key` names within its environment.
    pub(super) fn of(row: &'r Row, table: &'static str, key: &'static str) -> Self {
        Self { row, table, key }
    }

    /// Text.
    pub(super) fn text(&self, column: &str) -> Read<String> {
        self.plain(column)
    }

    /// Text, if there is any.
    pub(super) fn optional_text(&self, column: &str) -> Read<Option<String>> {
        self.plain(column)
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: &str) -> Read<Vec<u8>> {
        self.plain(column)
    }

    /// Bytes, if there are any.
    pub(super) fn optional_bytes(&self, column: &str) -> Read<Option<Vec<u8>>> {
        self.plain(column)
    }

    /// A moment.
    pub(super) fn time(&self, column: &str) -> Read<Timestamp> {
        self.plain(column).map(Timestamp)
    }

    /// A moment, if there is one.
    pub(super) fn optional_time(&self, column: &str) -> Read<Option<Timestamp>> {
        Ok(self.plain::<Option<i64>>(column)?.map(Timestamp))
    }

    /// A number that the model gives fewer bits or no sign.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &str) -> Read<T> {
        let number: i64 = self.plain(column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, &"the number is out of its range"))
    }

    /// Such a number, if there is one.
    pub(super) fn optional_number<T: TryFrom<i64>>(&self, column: &str) -> Read<Option<T>> {
        let is_null = self.plain::<Option<i64>>(column)?.is_none();
        if is_null { Ok(None) } else { self.number(column).map(Some) }
    }

    /// A text of some grammar.
    pub(super) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Read<T> {
        self.plain::<&str>(column)?.parse().map_err(|cause| self.corrupt(column, &cause))
    }

    /// Such a text, if there is one.
    pub(super) fn optional_parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Read<Option<T>> {
        let text: Option<&str> = self.plain(column)?;
        text.map(|text| text.parse().map_err(|cause| self.corrupt(column, &cause))).transpose()
    }

    /// One of a few words.
    pub(super) fn word<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Read<T> {
        read(self.plain(column)?).ok_or_else(|| self.corrupt(column, &"the word is not known"))
    }

    /// One of a few words, if there is any.
    pub(super) fn optional_word<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Read<Option<T>> {
        let text: Option<&str> = self.plain(column)?;
        text.map(|text| read(text).ok_or_else(|| self.corrupt(column, &"the word is not known"))).transpose()
    }

    /// JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Read<T> {
        serde_json::from_str(self.plain(column)?).map_err(|cause| self.corrupt(column, &cause))
    }

    /// JSON, if there is any.
    pub(super) fn optional_json<T: DeserializeOwned>(&self, column: &str) -> Read<Option<T>> {
        let text: Option<&str> = self.plain(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|cause| self.corrupt(column, &cause))).transpose()
    }

    /// A column as its SQL type.
    fn plain<T>(&self, column: &str) -> Read<T>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
        T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        self.row.get(column).map_err(|cause| self.corrupt(column, &cause))
    }

    /// The error that names the row and says what is wrong with one of its columns.
    pub(super) fn corrupt(&self, column: &str, cause: &dyn Display) -> StoreError {
        // Quoted as Rust writes it: what a damaged row holds must not end a line of the log.
        let id = self.row.get::<String>(self.key).map(|id| format!("{id:?}"));
        let id = id.or_else(|_| self.row.get::<i64>(self.key).map(|id| id.to_string()));
        let place = self.row.get::<String>("environment").map_or_else(|_| String::new(), |name| format!(" in {name:?}"));
        let id = id.unwrap_or_else(|_| "with an unreadable key".to_owned());
        StoreError::Corrupt(format!("{} {id}{place}, column {column}: {cause}", self.table))
    }
}
