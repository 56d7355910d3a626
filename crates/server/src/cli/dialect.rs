//! `mintmark dialect`

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::{
    AnswerContext, BUILT_IN, Dialect, DialectSet, Encoded, Fault, Granted, Origin, OutgoingRequest, Role, TokenAsk,
};
use mintmark_core::document::Source;
use mintmark_core::token::{Problem, ProblemPlace, RateStatus};
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::{Done, Failure, Shared};
use crate::dialect_files::{load_dialects, read_dialect, read_folder};

/// The moment at which the example takes place: 2026-05-01T16:39:28Z.
const EXAMPLE_NOW: Timestamp = Timestamp(1_777_653_568);
const EXAMPLE_ORIGIN: &str = "https://api.example.com";
/// Stands where a token would.
const EXAMPLE_TOKEN: &str = "eyJhbGciOi…";

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
    },
    /// Check a dialect file, together with those that it would live with.
    #[command(after_help = "Example: mintmark dialect check acme.toml")]
    Check {
        /// The file.
        file: PathBuf,
    },
}

pub(super) fn run(shared: &Shared, command: DialectCommand) -> Done {
    match command {
        DialectCommand::List => Ok(list(&load(shared)?)),
        DialectCommand::Show { name, source: true } => show_source(&name),
        DialectCommand::Show { name, source: false } => show(&load(shared)?, &name),
        DialectCommand::Check { file } => check(shared, &file),
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

fn show(set: &DialectSet, name: &str) -> Done {
    let dialect = set.get(name).ok_or_else(|| {
        let known: Vec<&str> = set.iter().map(|dialect| dialect.name.as_str()).collect();
        Failure(format!("there is no dialect {name:?}; there are: {}", known.join(", ")))
    })?;
    let secret = SecretText::new(dialect.example.client_secret.clone());
    let ask = TokenAsk {
        client_id: &dialect.example.client_id,
        client_secret: &secret,
        scope: dialect.example.scope.as_deref(),
        business_id: dialect.example.business_id.as_deref(),
        resources: &[],
        expires_in: None,
    };
    let (request, _) = dialect.outgoing(&ask);
    let answer = example_answer(dialect);
    let mut text = format!("{} ({})\n\n", dialect.name, dialect.file);
    text.push_str(&indent(&show_request(&request)));
    text.push_str("\n\n");
    text.push_str(&indent(&show_answer(&answer)));
    text.push_str("\n\nAs curl:\n\n");
    text.push_str(&indent(&request.to_curl(EXAMPLE_ORIGIN)));
    text.push_str("\n\nFaults:\n\n");
    let faults = show_faults(dialect);
    for (fault, status, body) in &faults {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {fault:22} {status}  {body}");
    }
    let json = json!({
        "name": dialect.name,
        "file": dialect.file,
        "request": show_request(&request),
        "answer": show_answer(&answer),
        "faults": faults.iter().map(|(fault, status, body)| json!({ "fault": fault, "status": status, "body": body })).collect::<Vec<_>>(),
    });
    Ok(Output::text(text.trim_end(), json))
}

fn example_context(dialect: &Dialect) -> AnswerContext<'_> {
    let rate = RateStatus { limit: 300, remaining: 299, reset: Timestamp(EXAMPLE_NOW.0 - EXAMPLE_NOW.0 % 60 + 60) };
    AnswerContext {
        issuer: EXAMPLE_ORIGIN,
        request_id: "0123456789abcdef00000000",
        path: &dialect.route.path,
        rate: Some(rate),
        retry_after: None,
        dpop_nonce: None,
        echo: &[],
    }
}

fn example_answer(dialect: &Dialect) -> Encoded {
    let granted = Granted {
        access_token: EXAMPLE_TOKEN,
        token_type: "Bearer",
        expires_at: EXAMPLE_NOW.plus(dialect.token.lifetime_default),
        now: EXAMPLE_NOW,
        scope: dialect.example.scope.as_deref().unwrap_or_default(),
    };
    dialect.encode_token(granted, example_context(dialect))
}

fn show_request(request: &OutgoingRequest) -> String {
    let mut lines = vec![format!("{} {} HTTP/1.1", request.method, request.target), "Host: api.example.com".to_owned()];
    lines.extend(request.authorization().map(|value| format!("Authorization: {value}")));
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if let Some((content_type, body)) = request.body() {
        lines.push(format!("Content-Type: {content_type}"));
        lines.push(String::new());
        lines.push(body);
    }
    lines.join("\n")
}

fn show_answer(answer: &Encoded) -> String {
    let mut lines = vec![format!("HTTP/1.1 {}", answer.status)];
    let headers = answer.headers.iter();
    lines.extend(headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))));
    lines.push(String::new());
    lines.push(String::from_utf8_lossy(&answer.body).into_owned());
    lines.join("\n")
}

fn show_faults(dialect: &Dialect) -> Vec<(&'static str, u16, String)> {
    let context = AnswerContext { rate: None, ..example_context(dialect) };
    let reachable = Fault::ALL.iter().filter(|fault| dialect.answers(**fault));
    reachable
        .map(|fault| {
            let answer = dialect.encode_fault(*fault, &[sample_problem(dialect, *fault)], context);
            (fault.as_str(), answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
        })
        .collect()
}

/// A parameter that the fault could be about.
fn sample_problem(dialect: &Dialect, fault: Fault) -> Problem {
    let role = match fault {
        Fault::GrantUnsupported => Some(Role::GrantType),
        Fault::LifetimeMalformed | Fault::LifetimeTooSmall => Some(Role::ExpiresIn),
        Fault::ScopeMalformed => Some(Role::Scope),
        Fault::ResourceMalformed => Some(Role::Resource),
        _ => None,
    };
    let mut parameters = dialect.request.parameters.iter();
    let parameter = match (fault, role) {
        (Fault::PageMalformed, _) => None,
        (Fault::ParameterMissing, _) => parameters.find(|parameter| parameter.required),
        (_, Some(role)) => parameters.find(|parameter| parameter.role == role),
        (_, None) => parameters.next(),
    };
    let in_query = parameter.is_none_or(|parameter| parameter.from.first() == Some(&Origin::Query));
    let name = parameter.map_or("page_size", |parameter| parameter.name.as_str());
    let place = if in_query { ProblemPlace::Query } else { ProblemPlace::Body };
    Problem { fault, parameter: name.to_owned(), place }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") }).collect::<Vec<_>>().join("\n")
}
