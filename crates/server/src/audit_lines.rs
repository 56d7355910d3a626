//! Rows of the audit log for other programs: a JSON object in each line, or a table for spreadsheets.

use std::io::{self, Write};

use mintmark_core::audit::ChainName;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::EnvironmentName;
use mintmark_core::store::AuditRecord;
use serde_json::{Value, json};

/// How many rows are read at a time.
pub const PAGE: u32 = 1000;
/// The columns of the table.
const COLUMNS: [&str; 12] = [
    "position",
    "time",
    "chain",
    "sequence",
    "who",
    "source",
    "request_id",
    "action",
    "object",
    "environment",
    "before",
    "after",
];

/// The form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object in each line.
    Jsonl,
    /// Comma-separated values (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
}

/// A row for programs: the times as people write them, too.
pub fn record_json(record: &AuditRecord) -> Value {
    let mut value = json!(record);
    if let Some(fields) = value.as_object_mut() {
        fields.insert("time".to_owned(), json!(time_of(record.at)));
    }
    value
}

pub(crate) fn time_of(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0).map_or_else(|_| at.0.to_string(), |at| at.to_string())
}

/// Rows in one of the forms.
pub enum Lines<W: Write> {
    /// See [`Format::Jsonl`].
    Jsonl(W),
    /// See [`Format::Csv`].
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Lines<W> {
    /// Rows that are written there.
    pub fn new(format: Format, out: W) -> Self {
        match format {
            Format::Jsonl => Lines::Jsonl(out),
            Format::Csv => {
                let mut builder = csv::WriterBuilder::new();
                Lines::Csv(Box::new(builder.terminator(csv::Terminator::CRLF).from_writer(out)))
            }
        }
    }

    /// Writes what comes before the first row.
    pub fn begin(&mut self) -> io::Result<()> {
        match self {
            Lines::Jsonl(_) => Ok(()),
            Lines::Csv(table) => table.write_record(COLUMNS).map_err(io_error),
        }
    }

    /// Writes a row.
    pub fn write(&mut self, record: &AuditRecord) -> io::Result<()> {
        match self {
            Lines::Jsonl(out) => {
                serde_json::to_writer(&mut *out, &record_json(record))?;
                out.write_all(b"\n")
            }
            Lines::Csv(table) => table.write_record(cells(record)).map_err(io_error),
        }
    }

    /// Hands on all that was written.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Lines::Jsonl(out) => out.flush(),
            Lines::Csv(table) => table.flush(),
        }
    }
}

/// As the kind of error that the file or pipe gave.
pub(crate) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A row of the table, in the order of [`COLUMNS`].
fn cells(record: &AuditRecord) -> [String; 12] {
    let text = |value: Option<&str>| harmless(value.unwrap_or_default());
    let state = |state: &Option<Value>| state.as_ref().map_or_else(String::new, |state| harmless(&state.to_string()));
    [
        record.position.0.to_string(),
        time_of(record.at),
        ChainName(record.tenant).to_string(),
        record.sequence.map_or_else(String::new, |number| number.to_string()),
        harmless(&record.actor),
        record.source.map_or_else(String::new, |source| harmless(&source.to_string())),
        text(record.request_id.as_deref()),
        harmless(&record.action),
        harmless(&record.subject.to_string()),
        text(record.subject.environment().map(EnvironmentName::as_str)),
        state(&record.before),
        state(&record.after),
    ]
}

/// A text that no spreadsheet takes for a formula: one that begins as formulas do gets an apostrophe in front.
pub(crate) fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use mintmark_core::model::Position;
    use mintmark_core::store::Subject;

    use super::*;

    fn record(actor: &str) -> AuditRecord {
        AuditRecord {
            position: Position(7),
            tenant: None,
            sequence: Some(3),
            at: Timestamp(1_800_000_000),
            actor: actor.to_owned(),
            source: Some("::1".parse().unwrap()),
            request_id: None,
            action: "store.confirm_restore".to_owned(),
            subject: Subject::Store,
            before: None,
            after: Some(json!({ "name": "a, \"b\"\r\n=c" })),
        }
    }

    fn lines(format: Format, record: &AuditRecord) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(format, &mut out);
        lines.begin().unwrap();
        lines.write(record).unwrap();
        lines.flush().unwrap();
        drop(lines);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_read_back_by_who_knows_the_rules_of_csv() {
        let text = lines(Format::Csv, &record("zoë, \"the boss\"\n"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!((&row[0], &row[1], &row[2], &row[3]), ("7", "2027-01-15T08:00:00Z", "operator", "3"));
        assert_eq!((&row[4], &row[5], &row[8]), ("zoë, \"the boss\"\n", "::1", "the store"));
        let after: Value = serde_json::from_str(&row[11]).unwrap();
        assert_eq!(Some(after), record("").after);
    }

    #[test]
    fn no_cell_of_a_table_is_a_formula() {
        for first in ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"] {
            let actor = format!("{first}HYPERLINK(\"https://evil.example\")");
            let text = lines(Format::Csv, &record(&actor));
            let row = csv::Reader::from_reader(text.as_bytes()).records().next().unwrap().unwrap();
            assert_eq!(&row[4], format!("'{actor}"), "{first:?}");
        }
        assert_eq!(harmless("cli uid 0"), "cli uid 0");
    }

    #[test]
    fn a_line_of_json_is_one_object_whatever_it_holds() {
        let text = lines(Format::Jsonl, &record("one\ntwo"));
        assert_eq!(text.matches('\n').count(), 1);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&value["actor"], &value["time"]), (&json!("one\ntwo"), &json!("2027-01-15T08:00:00Z")));
    }
}
