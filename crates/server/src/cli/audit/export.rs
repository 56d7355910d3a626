//! `mintmark audit export`: the log for other programs, page by page.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use mintmark_core::model::Position;
use mintmark_core::store::{AuditFilter, Store};
use serde_json::json;

use super::super::output::Output;
use super::super::place::Place;
use super::super::{Done, Failure};
use super::FilterArgs;
use crate::audit_lines::{Format, Lines, PAGE};

#[derive(Args, Debug)]
pub(in super::super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// The form: a JSON object in each line, or a table for spreadsheets.
    #[arg(long, value_enum, default_value_t = Form::Jsonl)]
    format: Form,
    /// The file to write, which must not exist [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A JSON object in each line.
    Jsonl,
    /// Comma-separated values (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Jsonl => Format::Jsonl,
            Form::Csv => Format::Csv,
        }
    }
}

pub(super) async fn run(place: &Place, args: ExportArgs) -> Done {
    let ExportArgs { filter, format, out } = args;
    let (filter, format) = (filter.read(place).await?, Format::from(format));
    let Some(path) = out else {
        let mut lines = Lines::new(format, io::stdout());
        return match write_all(place, &filter, &mut lines).await {
            // A reader that went away, as in `mintmark audit export | head`, is no failure.
            Ok(_) | Err(Stopped::Writing(ErrorKind::BrokenPipe, _)) => Ok(Output::nothing()),
            Err(stopped) => Err(stopped.into_failure("standard output")),
        };
    };
    let failed = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    let mut lines = Lines::new(format, BufWriter::new(file));
    match write_all(place, &filter, &mut lines).await {
        Ok(rows) => Ok(told(&path, rows)),
        Err(stopped) => {
            // Half of an export looks like a whole one.
            let _ = std::fs::remove_file(&path);
            Err(stopped.into_failure(&path.display().to_string()))
        }
    }
}

fn told(path: &Path, rows: u64) -> Output {
    let path = path.display().to_string();
    Output::object(&[("file", path.clone()), ("rows", rows.to_string())], json!({ "file": path, "rows": rows }))
}

/// Why an export was not written to its end.
enum Stopped {
    Reading(Failure),
    Writing(ErrorKind, String),
}

impl Stopped {
    fn into_failure(self, place: &str) -> Failure {
        match self {
            Stopped::Reading(failure) => failure,
            Stopped::Writing(_, cause) => Failure(format!("{place}: {cause}")),
        }
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Writing(error.kind(), error.to_string())
    }
}

/// Writes every row that there was at the beginning; gives how many.
async fn write_all<W: Write>(place: &Place, filter: &AuditFilter, lines: &mut Lines<W>) -> Result<u64, Stopped> {
    let (mut before, mut rows): (Option<Position>, u64) = (None, 0);
    lines.begin()?;
    loop {
        let page = place.store.audit(filter, before, PAGE).await.map_err(|error| Stopped::Reading(error.into()))?;
        for record in &page {
            lines.write(record)?;
        }
        rows += page.len() as u64;
        match page.last() {
            Some(last) if page.len() == PAGE as usize => before = Some(last.position),
            _ => break,
        }
    }
    lines.flush()?;
    Ok(rows)
}
