//! `mintmark doctor`: what is wrong with a deployment, or soon will be, and what to do about it.
//!
//! Nothing is changed: not even the schema of a database that an older program made. Each part is looked at whatever the others are.

mod database;
mod machine;

use mintmark_core::dialect::DialectSet;
use serde::Serialize;
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::{Done, Failure, Shared};
use crate::config::Config;
use crate::dialect_files::load_dialects;
use crate::store::StoreKind;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    Ok,
    /// It works, and should be seen to.
    Warn,
    /// Something does not work.
    Fail,
}

/// One line.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    standing: Standing,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), standing: Standing::Ok, found: found.into(), advice: None }
    }

    fn warn(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), standing: Standing::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    fn fail(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), standing: Standing::Fail, found: found.into(), advice: Some(advice.into()) }
    }

    fn line(&self) -> String {
        let word = match self.standing {
            Standing::Ok => "ok  ",
            Standing::Warn => "warn",
            Standing::Fail => "fail",
        };
        // Several mistakes of a file are several lines.
        let found = self.found.replace('\n', "\n        ");
        let advice = self.advice.as_ref().map(|advice| format!("\n        to do: {advice}")).unwrap_or_default();
        format!("{word}  {}: {found}{advice}", self.what)
    }
}

/// Looks at everything. The exit code is 1 if something does not work.
pub(super) async fn run(shared: &Shared) -> Done {
    let mut findings = Vec::new();
    match Files::find_with_config(shared) {
        Ok((files, config)) => examine(&files, config.as_ref(), &mut findings).await,
        Err(Failure(mistakes)) => {
            findings.push(Finding::fail("configuration", mistakes, "correct the file; docs/configuration.md has all settings"));
        }
    }
    Ok(shown(&findings))
}

async fn examine(files: &Files, config: Option<&Config>, findings: &mut Vec<Finding>) {
    findings.push(match config {
        Some(config) => Finding::ok("configuration", format!("serves {}", served(config))),
        None => Finding::ok("configuration", "that of mintmark dev"),
    });
    if files.kind == StoreKind::Dev {
        let found = "it was made by mintmark dev, whose secrets lie beside it";
        findings.push(Finding::warn("data", found, "for a server that others use begin with: mintmark init DIR"));
    }
    let dialects = examine_dialects(files, findings);
    machine::examine_root_keys(files, findings);
    machine::examine_space(files, config, findings);
    if let Some(config) = config {
        machine::examine_certificates(config, findings);
        examine_outage(config, findings);
    }
    database::examine(files, config, dialects.as_ref(), findings).await;
}

fn served(config: &Config) -> String {
    let names: Vec<String> = config.environments.iter().map(|one| format!("{} at {}", one.name, one.listen)).collect();
    names.join(", ")
}

fn examine_dialects(files: &Files, findings: &mut Vec<Finding>) -> Option<DialectSet> {
    match load_dialects(Some(&files.dialects)) {
        Ok(set) => {
            findings.push(Finding::ok("dialects", format!("{} known", set.iter().count())));
            Some(set)
        }
        Err(mistakes) => {
            let Failure(mistakes) = mistakes_of(&mistakes);
            findings.push(Finding::fail("dialects", mistakes, "correct the files, then: mintmark dialect check FILE"));
            None
        }
    }
}

/// For how long a client that was disabled gets tokens during an outage is the operator's choice, and is to be seen (rule S14).
fn examine_outage(config: &Config, findings: &mut Vec<Finding>) {
    const USUAL: u64 = 240;
    let longest = config.outage.max_staleness;
    let found = format!("without the database tokens are given out for {longest} s");
    findings.push(if longest > USUAL {
        let advice = format!(
            "a client that is disabled during an outage gets tokens for so long, and they live on after it; the default is {USUAL} s: \
             outage.max_staleness"
        );
        Finding::warn("outage", found, advice)
    } else {
        Finding::ok("outage", found)
    });
}

fn shown(findings: &[Finding]) -> Output {
    let count = |standing| findings.iter().filter(|one| one.standing == standing).count();
    let (failed, warned) = (count(Standing::Fail), count(Standing::Warn));
    let mut lines: Vec<String> = findings.iter().map(Finding::line).collect();
    lines.push(format!("{failed} failed, {warned} to be seen to, {} well", count(Standing::Ok)));
    let worst = findings.iter().map(|one| one.standing).max();
    let output = Output::text(lines.join("\n"), json!({ "standing": worst, "findings": findings }));
    if failed > 0 { output.failed() } else { output }
}
