//! Rows of any table: read in pages, written in batches, hashed, and as JSON.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::tables::{Kind, Table};
use crate::store::engine::{Query, Row, Transaction, Value, WriteError};

/// How many rows are read together.
pub(super) const PAGE: usize = 1000;
/// How many values one statement takes: below the limits of both engines.
const VALUES_MAX: usize = 30_000;

/// The values of one row, in the order of the table's columns.
pub(super) type Values = Vec<Value>;

/// Rows after a key, in its order.
pub(super) async fn page(
    transaction: &mut Transaction,
    table: &Table,
    after: Option<&[Value]>,
) -> Result<Vec<Values>, WriteError> {
    let mut query = Query::of_text("transfer.read", table.select(after.is_none()));
    for value in after.unwrap_or_default() {
        query = query.bind(value.clone());
    }
    let rows = query.bind(i64::try_from(PAGE).unwrap_or(i64::MAX)).rows(transaction).await?;
    rows.iter().map(|row| values(table, row)).collect()
}

fn values(table: &Table, row: &Row) -> Result<Values, WriteError> {
    let value = |(name, kind): &(&str, Kind)| match kind {
        Kind::Integer => row.get(name).map(Value::Integer),
        Kind::Text => row.get(name).map(Value::Text),
        Kind::Bytes => row.get(name).map(Value::Bytes),
    };
    let values = table.columns.iter().map(value).collect::<Result<_, sqlx::Error>>();
    values.map_err(|error| WriteError::Failed(format!("table {}: {error}", table.name)))
}

/// The key of a row.
pub(super) fn key<'v>(table: &Table, values: &'v [Value]) -> &'v [Value] {
    values.get(..table.key).unwrap_or_default()
}

/// Writes rows, each of which has a value for each of `columns`.
pub(super) async fn insert(
    transaction: &mut Transaction,
    table: &Table,
    columns: &[usize],
    rows: &[Values],
) -> Result<(), WriteError> {
    for batch in rows.chunks((VALUES_MAX / columns.len().max(1)).max(1)) {
        let query = Query::of_text("transfer.write", table.insert(columns, batch.len()));
        let query = batch.iter().flatten().fold(query, |query, value| query.bind(value.clone()));
        query.execute(transaction).await?;
    }
    Ok(())
}

/// A hash over rows in their order.
pub(super) struct Hash {
    context: digest::Context,
    pub(super) rows: u64,
}

impl Hash {
    pub(super) fn new() -> Self {
        Self { context: digest::Context::new(&digest::SHA256), rows: 0 }
    }

    /// Takes a row in: each value behind its kind and length, so that no two tables of rows give the same bytes.
    pub(super) fn add(&mut self, values: &[Value]) {
        self.rows += 1;
        for value in values {
            let number;
            let (kind, bytes): (u8, &[u8]) = match value {
                Value::Integer(None) | Value::Text(None) | Value::Bytes(None) => (0, &[]),
                Value::Integer(Some(value)) => {
                    number = value.to_be_bytes();
                    (1, &number)
                }
                Value::Text(Some(text)) => (2, text.as_bytes()),
                Value::Bytes(Some(bytes)) => (3, bytes),
            };
            self.context.update(&[kind]);
            self.context.update(&(bytes.len() as u64).to_be_bytes());
            self.context.update(bytes);
        }
    }

    /// The hash so far, in hexadecimal.
    pub(super) fn value(&self) -> String {
        let digest = self.context.clone().finish();
        digest.as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }
}

/// A row as JSON has it.
pub(super) fn to_json(values: &[Value]) -> Json {
    let value = |value: &Value| match value {
        Value::Integer(None) | Value::Text(None) | Value::Bytes(None) => Json::Null,
        Value::Integer(Some(number)) => Json::from(*number),
        Value::Text(Some(text)) => Json::from(text.as_str()),
        Value::Bytes(Some(bytes)) => Json::from(STANDARD.encode(bytes)),
    };
    values.iter().map(value).collect()
}

/// The row that JSON has; none if it is of another form.
pub(super) fn from_json(table: &Table, columns: &[usize], row: &Json) -> Option<Values> {
    let row = row.as_array().filter(|row| row.len() == columns.len())?;
    let value = |(at, value): (&usize, &Json)| {
        let (_, kind) = table.columns.get(*at)?;
        Some(match (kind, value) {
            (Kind::Integer, Json::Null) => Value::Integer(None),
            (Kind::Integer, number) => Value::Integer(Some(number.as_i64()?)),
            (Kind::Text, Json::Null) => Value::Text(None),
            (Kind::Text, text) => Value::Text(Some(text.as_str()?.to_owned())),
            (Kind::Bytes, Json::Null) => Value::Bytes(None),
            (Kind::Bytes, text) => Value::Bytes(Some(STANDARD.decode(text.as_str()?).ok()?)),
        })
    };
    columns.iter().zip(row).map(value).collect()
}
