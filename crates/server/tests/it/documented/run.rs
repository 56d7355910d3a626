//! Running a page's commands.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::given::Given;
use super::page::{Page, Treatment};
use crate::fixture::{Dev, PostgresDatabase, free_base};

/// For how long a page's commands may take in all, in seconds: far more than they do, also on a busy machine.
const PATIENCE: u32 = 300;

/// Runs the blocks of a page, one after the other. The error says which one failed, and what was printed.
pub(super) async fn run(page: &Page) -> Result<(), String> {
    if !page.runs_any() {
        return Ok(());
    }
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for inner in ["bin", "etc", "var/backups"] {
        fs::create_dir_all(place.join(inner)).unwrap();
    }
    // A request that is refused is a failure of the page.
    fs::write(place.join(".curlrc"), "fail-with-body\n").unwrap();
    symlink(env!("CARGO_BIN_EXE_mintmark"), place.join("bin/mintmark")).unwrap();
    // Commands of a page find the data in the folder that they run in.
    let dev = Dev::start_with(&place.join("mintmark-data"), &[("MINTMARK_FEED_FLUSH_MILLISECONDS", "100")]).await;
    let databases = if page.text.contains("postgres://") { two_databases().await } else { Vec::new() };
    let server = free_base();
    let given = Given::make(&dev, server, &databases, place).await;
    let script = place.join("page.sh");
    fs::write(&script, script_of(page, &given)).unwrap();
    let outcome = shell(place, &script, server, &given.variables).await;
    for database in databases {
        database.remove().await;
    }
    outcome.map_err(|output| format!("{}: a block of commands fails; the last line with :: says which\n{output}", page.name))
}

/// None where there is no PostgreSQL.
async fn two_databases() -> Vec<PostgresDatabase> {
    match (PostgresDatabase::make().await, PostgresDatabase::make().await) {
        (Some(one), Some(other)) => vec![one, other],
        _ => Vec::new(),
    }
}

fn script_of(page: &Page, given: &Given) -> String {
    let mut script = String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n");
    for block in &page.blocks {
        let commands = given.put_into(&block.commands);
        let line = block.line;
        match &block.treatment {
            Treatment::NotRun(_) => {}
            Treatment::Run => writeln!(script, "echo ':: line {line}'\n{commands}").unwrap(),
            Treatment::Fails => {
                writeln!(script, "echo ':: line {line}'\nif ( {commands}\n); then echo 'it works'; exit 1; fi").unwrap();
            }
            Treatment::GoesOn(url) => {
                let up =
                    format!("timeout 60 bash -c 'until curl --silent {} > /dev/null; do sleep 0.1; done'", given.put_into(url));
                writeln!(script, "echo ':: line {line}'\n( exec {commands}\n) &\n{up}").unwrap();
            }
        }
    }
    script
}

async fn shell(place: &Path, script: &Path, server: u16, variables: &[(&str, String)]) -> Result<(), String> {
    let path = format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", place.join("bin").display());
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &PATIENCE.to_string(), "bash"]).arg(script).current_dir(place);
    command.env_clear().env("PATH", path).env("HOME", place).env("NO_PROXY", "*").env("LC_ALL", "C.UTF-8");
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    command.env("MINTMARK_ENVIRONMENTS_PRODUCTION_LISTEN", format!("127.0.0.1:{server}"));
    let finished = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    if finished.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&finished.stdout), String::from_utf8_lossy(&finished.stderr)))
}
