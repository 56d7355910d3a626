//! `mintmark usage export`: what bills are written from.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mintmark_core::model::EnvironmentName;
use mintmark_core::usage::{MeteredQuery, UsageStep};
use serde_json::json;

use super::super::output::Output;
use super::super::place::Place;
use super::super::time::{Moment, parse_moment};
use super::super::{Done, Failure};
use crate::audit_lines::Format;
use crate::metered_lines::MeteredExport;
use crate::store::SqlStore;

#[derive(Args, Debug)]
pub(in super::super) struct ExportArgs {
    /// From this moment: a date, a time, or how long ago.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    from: Moment,
    /// To this moment, which is not in it: a date is its first moment.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    to: Moment,
    /// How much time one row is about.
    #[arg(long, value_enum, default_value_t = Step::Day)]
    step: Step,
    /// Of this tenant alone: its id or name.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// The form: a JSON object in each line, or a table.
    #[arg(long, value_enum, default_value_t = Form::Csv)]
    format: Form,
    /// Also periods that are not closed, two hours after their end: their counts may still grow, and their rows say so.
    #[arg(long)]
    open: bool,
    /// The file to write, which must not exist [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Kept for 90 days.
    Hour,
    /// Of UTC; kept for two years.
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A JSON object in each line.
    Jsonl,
    /// Comma-separated values (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
}

pub(super) async fn run(place: &Place, args: ExportArgs) -> Done {
    let environment = place.environment(args.environment.as_ref()).await?.environment.name;
    let tenant = match &args.tenant {
        Some(named) => Some(place.tenant(Some(named)).await?.id),
        None => None,
    };
    let now = place.registry.clock.now();
    let step = if args.step == Step::Hour { UsageStep::Hour } else { UsageStep::Day };
    let format = if args.format == Form::Csv { Format::Csv } else { Format::Jsonl };
    let query = MeteredQuery { environment, tenant, step };
    let range = (args.from.when(now), args.to.when(now));
    let begun = MeteredExport::new((&place.store, now), query, range, (format, args.open));
    let export = begun.map_err(|error| Failure(error.to_string()))?;
    let Some(path) = args.out else {
        return match write_all(export, &mut io::stdout()).await {
            // A reader that went away, as in `mintmark usage export | head`, is no failure.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure(format!("standard output: {error}"))),
            _ => Ok(Output::nothing()),
        };
    };
    let failed = |error: io::Error| Failure(format!("{}: {error}", path.display()));
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    match write_all(export, &mut BufWriter::new(file)).await {
        Ok(rows) => {
            let path = path.display().to_string();
            Ok(Output::object(&[("file", path.clone()), ("rows", rows.to_string())], json!({ "file": path, "rows": rows })))
        }
        Err(error) => {
            // Half of an export looks like a whole one.
            let _ = std::fs::remove_file(&path);
            Err(failed(error))
        }
    }
}

async fn write_all(mut export: MeteredExport<SqlStore>, out: &mut impl Write) -> io::Result<u64> {
    while let Some(part) = export.next().await? {
        out.write_all(&part)?;
    }
    out.flush()?;
    Ok(export.rows)
}
