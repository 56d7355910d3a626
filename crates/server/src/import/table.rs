//! Tables: CSV with a line of names, and SQL dumps.

use std::collections::HashMap;

use super::{ImportError, Source, dump};

/// The most columns of a table.
const MOST_COLUMNS: usize = 200;
/// The longest field, in bytes.
const LONGEST_FIELD: usize = 64 * 1024;

/// A row: its place, and its columns by name or why it cannot be read. A missing value is not there.
pub(super) type Row = (String, Result<Columns, String>);

/// The fields of a row by the names of their columns.
#[derive(Debug, Default)]
pub(super) struct Columns(HashMap<String, String>);

impl Columns {
    /// A column's text, if there is any.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A column that says yes or no, as databases write it.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.text(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("t" | "true" | "1" | "yes") => Ok(Some(true)),
            Some("f" | "false" | "0" | "no") => Ok(Some(false)),
            Some(_) => Err(format!("{name}: expected true or false")),
        }
    }

    /// A column that is a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        self.text(name).map(str::parse).transpose().map_err(|_| format!("{name}: expected a whole number"))
    }
}

/// The rows of a table, which has at least these columns: of one of these tables where the file is an SQL dump, else CSV.
pub(super) fn rows(source: &Source, tables: &[&str], wanted: &[&str]) -> Result<Vec<Row>, ImportError> {
    if !is_dump(source.text()) {
        return csv(source, wanted);
    }
    let missing = || ImportError(format!("the dump has no rows of {}", tables.join(" or ")));
    dump::rows(source.text(), tables, wanted)?.ok_or_else(missing)
}

/// Whether a text begins as SQL dumps do. A line of names does not.
fn is_dump(text: &str) -> bool {
    const BEGINNINGS: [&str; 12] =
        ["--", "/*", "\\", "SET ", "PRAGMA ", "BEGIN", "START ", "CREATE ", "DROP ", "INSERT ", "REPLACE ", "COPY "];
    let text = text.trim_start();
    BEGINNINGS.iter().any(|begin| text.get(..begin.len()).is_some_and(|there| there.eq_ignore_ascii_case(begin)))
}

/// The rows of CSV (RFC 4180) whose first line names the columns.
pub(super) fn csv(source: &Source, wanted: &[&str]) -> Result<Vec<Row>, ImportError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(source.text().as_bytes());
    let headers = reader.headers().map_err(|error| ImportError(format!("expected CSV: {}", told(&error))))?.clone();
    let names: Vec<String> = headers.iter().map(str::to_ascii_lowercase).collect();
    check_names(&names, wanted, "the first line")?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let (line, row) = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                (line, columns(&names, record.iter().map(|field| Some(field.to_owned()))))
            }
            Err(error) => (error.position().map_or(0, csv::Position::line), Err(told(&error))),
        };
        rows.push((format!("line {line}"), row));
    }
    Ok(rows)
}

/// An error of CSV without a piece of the document.
fn told(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("expected {expected_len} fields, there are {len}"),
        csv::ErrorKind::Utf8 { .. } => "expected UTF-8".to_owned(),
        _ => "it cannot be read".to_owned(),
    }
}

pub(super) fn check_names(names: &[String], wanted: &[&str], place: &str) -> Result<(), ImportError> {
    if names.len() > MOST_COLUMNS {
        return Err(ImportError(format!("{place}: expected at most {MOST_COLUMNS} columns")));
    }
    let is_there = |name: &&&str| names.iter().any(|known| known == *name);
    match wanted.iter().find(|name| !is_there(name)) {
        Some(missing) => Err(ImportError(format!("{place}: expected the names of columns, {missing} among them"))),
        None => Ok(()),
    }
}

pub(super) fn columns(names: &[String], fields: impl Iterator<Item = Option<String>>) -> Result<Columns, String> {
    let mut columns = HashMap::new();
    for (name, field) in names.iter().zip(fields) {
        let Some(field) = field else { continue };
        if field.len() > LONGEST_FIELD {
            return Err(format!("{name}: expected at most {LONGEST_FIELD} bytes"));
        }
        columns.insert(name.clone(), field);
    }
    Ok(Columns(columns))
}

/// A field of `COPY`'s text form; none where it is `\N`.
pub(super) fn copied_field(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        text.push(match characters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some(other) => other,
            None => '\\',
        });
    }
    Some(text)
}
