//! `mintmark export` and `mintmark apply`: configuration as code.

mod report;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use clap::Args;
use mintmark_core::configuration::{ConfigurationFile, DialectPart, MAX_CONFIGURATION_FILE};
use mintmark_core::document::Source;
use mintmark_core::model::{EnvironmentName, KeyState};
use mintmark_core::registry::{ConfigurationPlan, PlanOptions, PlannedAction};
use serde_json::json;

use super::environment::make_key;
use super::output::Output;
use super::place::{Files, Place, mistakes_of};
use super::{Done, Failure, Shared};
use crate::dialect_files::read_folder;

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// The file to write, in place of standard output; one that is there is replaced.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct ApplyArgs {
    /// The file. It names its environment.
    file: PathBuf,
    /// Show what would change, and change nothing. Exit code 3 says that there is something.
    #[arg(long, conflicts_with = "new_secrets")]
    diff: bool,
    /// Also turn off what the environment has and the file does not name: clients, businesses, credentials, scopes of resources. Without
    /// --yes it is listed, and nothing is changed.
    #[arg(long)]
    prune: bool,
    /// Prune without asking.
    #[arg(long, requires = "prune")]
    yes: bool,
    /// Make the secrets and shared keys that the file names and the environment lacks, and write them to this file, which must not
    /// exist. They are shown nowhere else.
    #[arg(long, value_name = "FILE")]
    new_secrets: Option<PathBuf>,
}

/// Prints or writes an environment.
pub(super) async fn run_export(place: &Place, shared: &Shared, args: ExportArgs) -> Done {
    let environment = place.environment(args.environment.as_ref()).await?.environment.name;
    let text = place.registry.configuration(&environment, dialect_parts(place, shared)?).await?.to_toml();
    let Some(path) = args.output else {
        return Ok(Output::text(text.trim_end(), json!({ "environment": environment, "configuration": text })));
    };
    write_whole(&path, text.as_bytes())?;
    let said = format!("{environment} is written to {}", path.display());
    Ok(Output::text(said, json!({ "environment": environment, "file": path })))
}

/// Shows or makes the changes.
pub(super) async fn run_apply(place: &Place, shared: &Shared, args: ApplyArgs) -> Done {
    let file = read(place, &args.file)?;
    let options = PlanOptions { prune: args.prune, new_secrets: args.new_secrets.is_some(), differences: args.diff };
    let dialects = dialect_parts(place, shared)?;
    let plan = place.registry.configuration_plan(&file, &dialects, options).await?;
    let plan = plan.map_err(|mistakes| mistakes_of(&mistakes))?;
    drop(file);
    let prunes = plan.changes.iter().any(|change| change.action == PlannedAction::Prune);
    if args.diff || (prunes && !args.yes) {
        return Ok(report::pending(&plan, prunes && !args.diff));
    }
    apply(place, plan, args.new_secrets.as_deref(), shared.json).await
}

/// Secrets are written before they come into force: afterwards nobody could say what they are.
async fn apply(place: &Place, mut plan: ConfigurationPlan, new_secrets: Option<&Path>, is_json: bool) -> Done {
    let (secrets, environment) = (std::mem::take(&mut plan.secrets), plan.environment.clone());
    let written = match new_secrets.filter(|_| !secrets.is_empty()) {
        Some(path) => Some(secrets::write(path, &environment, &secrets)?),
        None => None,
    };
    for algorithm in plan.algorithms.clone() {
        let key = make_key(place, &environment, algorithm, KeyState::Active).await?;
        place.registry.add_signing_key(key).await?;
    }
    let report = report::Applied::of(&plan, written, is_json);
    let transactions = place.registry.apply_configuration(plan).await.map_err(|failure| {
        let besides = report
            .secrets_file()
            .map_or_else(String::new, |file| format!("; {} has secrets of which not all came into force", file.display()));
        Failure(format!("{failure}{besides}"))
    })?;
    Ok(report.shown(transactions))
}

fn read(place: &Place, path: &Path) -> Result<ConfigurationFile, Failure> {
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    if fs::metadata(path).map_err(failed)?.len() > MAX_CONFIGURATION_FILE {
        return Err(Failure(format!("{}: expected at most {MAX_CONFIGURATION_FILE} bytes", path.display())));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let source = Source { name: path.display().to_string(), text };
    ConfigurationFile::read(source, &*place.registry.random).map_err(|mistakes| mistakes_of(&mistakes))
}

/// The dialects that are files here.
fn dialect_parts(place: &Place, shared: &Shared) -> Result<Vec<DialectPart>, Failure> {
    let sources = read_folder(&Files::find(shared)?.dialects).map_err(|mistakes| mistakes_of(&mistakes))?;
    let parts = place.registry.dialects.iter().filter_map(|dialect| {
        let source = sources.iter().find(|source| source.name == dialect.file)?;
        let file = Path::new(&source.name).file_name()?.to_string_lossy().into_owned();
        let sha256 = digest(&SHA256, source.text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(DialectPart { name: dialect.name.clone(), file, sha256: Some(sha256) })
    });
    Ok(parts.collect())
}

/// Writes a file whole or not at all: one that is there stays as it was until then.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".unfinished");
    fs::write(&temporary, bytes).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)
}
