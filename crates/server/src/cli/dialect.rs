//! `mintmark dialect`

mod draft;
mod from_openapi;
mod record;
mod verify;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use mintmark_core::dialect::{BUILT_IN, DialectSet};
use mintmark_core::document::Source;
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::{Done, Failure, Shared};
use crate::dialect_example::example_of;
use crate::dialect_files::{load_dialects, read_dialect, read_folder};
use crate::dialect_page::page_of;

#[derive(Subcommand, Debug)]
pub(super) enum DialectCommand {
    /// List the dialects that this server knows.
    #[command(after_help = "Example: mintmark dialect list")]
    List,
    /// Show a dialect: its route, an example exchange, and its answer to each fault.
    #[command(after_help = "Example: mintmark dialect show standard --source")]
    Show {
        /// Which.
        name: String,
        /// Print the file of a built-in dialect instead, to write your own from.
        #[arg(long)]
        source: bool,
        /// Print it as a page of documentation.
        #[arg(long, conflicts_with = "source")]
        markdown: bool,
    },
    /// Check a dialect file, together with those that it would live with.
    #[command(after_help = "Example: mintmark dialect check acme.toml")]
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Draft a dialect from an OpenAPI document's token operation.
    ///
    /// What the document does not tell is marked in the file. Nothing is fetched.
    #[command(after_help = "Example: mintmark dialect from-openapi openapi.yaml --name acme --output acme.toml")]
    FromOpenapi(from_openapi::FromOpenapiArgs),
    /// Record what an existing token endpoint answers, as a local proxy in front of it.
    ///
    /// Secrets, tokens, and every other value that is not known to be harmless are replaced before anything is written.
    #[command(after_help = "Example: mintmark dialect record --upstream https://api.example.com --out recording")]
    Record(record::RecordArgs),
    /// Draft a dialect from a recording.
    #[command(after_help = "Example: mintmark dialect draft recording --openapi openapi.yaml --name acme --output acme.toml")]
    Draft(draft::DraftArgs),
    /// Ask Mintmark what was recorded, and show where its answers differ. No server and no data are needed.
    #[command(after_help = "Example: mintmark dialect verify acme.toml recording")]
    Verify(verify::VerifyArgs),
}

pub(super) async fn run(shared: &Shared, command: DialectCommand) -> Done {
    match command {
        DialectCommand::List => Ok(list(&load(shared)?)),
        DialectCommand::Show { name, source: true, .. } => show_source(&name),
        DialectCommand::Show { name, markdown, .. } => show(&load(shared)?, &name, markdown),
        DialectCommand::Check { file } => check(shared, &file),
        DialectCommand::FromOpenapi(args) => from_openapi::run(&args),
        DialectCommand::Record(args) => record::run(shared, &args).await,
        DialectCommand::Draft(args) => draft::run(&args),
        DialectCommand::Verify(args) => verify::run(shared, &args).await,
    }
}

fn load(shared: &Shared) -> Result<DialectSet, Failure> {
    let files = Files::find(shared)?;
    load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes))
}

fn list(set: &DialectSet) -> Output {
    let rows = set.iter().map(|dialect| {
        vec![dialect.name.to_string(), dialect.route.method.to_string(), dialect.route.path.clone(), dialect.file.clone()]
    });
    let json: Vec<_> = set
        .iter()
        .map(|dialect| {
            json!({
                "name": dialect.name, "method": dialect.route.method.as_str(), "path": dialect.route.path, "file": dialect.file,
            })
        })
        .collect();
    Output::table(&["NAME", "METHOD", "PATH", "FILE"], rows.collect(), json!(json))
}

/// A file is checked with the dialects that it would live with, since it may extend one and two may collide.
fn check(shared: &Shared, file: &Path) -> Done {
    let source = read_dialect(file).map_err(|message| Failure(format!("{}: {message}", file.display())))?;
    let mut sources = neighbours(shared, file);
    sources.push(source);
    match DialectSet::load(&sources) {
        Ok(set) => {
            let name = set.iter().last().map(|dialect| dialect.name.to_string()).unwrap_or_default();
            Ok(Output::text(format!("{}: the dialect {name} is good", file.display()), json!({ "name": name, "mistakes": [] })))
        }
        Err(mistakes) => {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Ok(Output::text(lines.join("\n"), json!({ "mistakes": mistakes })).failed())
        }
    }
}

/// The other files of the dialect folder; none if they have mistakes of their own.
fn neighbours(shared: &Shared, file: &Path) -> Vec<Arc<Source>> {
    let Ok(files) = Files::find(shared) else { return Vec::new() };
    let mut sources = read_folder(&files.dialects).unwrap_or_default();
    let same = |name: &str| std::fs::canonicalize(name).ok() == std::fs::canonicalize(file).ok();
    sources.retain(|source| !same(&source.name));
    if DialectSet::load(&sources).is_ok() { sources } else { Vec::new() }
}

fn show_source(name: &str) -> Done {
    let file = format!("{name}.toml");
    let found = BUILT_IN.iter().find(|(known, _)| *known == file);
    let (_, text) = found.ok_or_else(|| Failure(format!("there is no built-in dialect {name:?}")))?;
    Ok(Output::text(text.trim_end(), json!({ "source": text })))
}

fn show(set: &DialectSet, name: &str, as_page: bool) -> Done {
    let dialect = set.get(name).ok_or_else(|| {
        let known: Vec<&str> = set.iter().map(|dialect| dialect.name.as_str()).collect();
        Failure(format!("there is no dialect {name:?}; there are: {}", known.join(", ")))
    })?;
    if as_page {
        let page = page_of(dialect);
        return Ok(Output::text(page.trim_end(), json!({ "name": dialect.name, "page": page })));
    }
    let example = example_of(dialect);
    let mut text = format!("{} ({})\n\n", dialect.name, dialect.file);
    text.push_str(&indent(&example.request));
    text.push_str("\n\n");
    text.push_str(&indent(&example.answer));
    text.push_str("\n\nAs curl:\n\n");
    text.push_str(&indent(&example.curl));
    text.push_str("\n\nFaults:\n\n");
    let faults = &example.faults;
    for (fault, status, body) in faults {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {fault:22} {status}  {body}");
    }
    let json = json!({
        "name": dialect.name,
        "file": dialect.file,
        "request": example.request,
        "answer": example.answer,
        "faults": faults.iter().map(|(fault, status, body)| json!({ "fault": fault, "status": status, "body": body })).collect::<Vec<_>>(),
    });
    Ok(Output::text(text.trim_end(), json))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect::<Vec<_>>().join("\n")
}
