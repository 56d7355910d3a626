//! What is told of a plan, for people and as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mintmark_core::model::EnvironmentName;
use mintmark_core::registry::{ConfigurationPlan, PlannedAction, PlannedChange};
use serde_json::{Value, json};

use crate::cli::output::{Output, plain};

/// What would change, line by line.
pub(super) fn pending(plan: &ConfigurationPlan, is_asked: bool) -> Output {
    let mut lines: Vec<String> = plan.changes.iter().flat_map(lines_of).collect();
    lines.extend(notes(&plan.notes));
    lines.push(match (plan.changes.len(), is_asked) {
        (0, _) => format!("{} is as the file says", plan.environment),
        (count, false) => format!("{} to make in {}", counted(count, "change"), plan.environment),
        (_, true) => "nothing was changed: what is marked with - would be turned off; if that is meant, add --yes".to_owned(),
    });
    let json = json!({
        "environment": plan.environment, "changes": plan.changes, "notes": plan.notes, "applied": false,
    });
    let output = Output::text(lines.join("\n"), json);
    if plan.changes.is_empty() { output } else { output.pending() }
}

/// What is told once the changes are made.
pub(super) struct Applied {
    environment: EnvironmentName,
    lines: Vec<String>,
    counts: BTreeMap<&'static str, usize>,
    changes: usize,
    json: Value,
    notes: Vec<String>,
    secrets_file: Option<PathBuf>,
}

impl Applied {
    pub(super) fn of(plan: &ConfigurationPlan, secrets_file: Option<PathBuf>, is_json: bool) -> Self {
        let mut counts = BTreeMap::new();
        for change in &plan.changes {
            *counts.entry(change.kind).or_default() += 1;
        }
        Self {
            environment: plan.environment.clone(),
            lines: if is_json { Vec::new() } else { plan.changes.iter().map(head).collect() },
            counts,
            changes: plan.changes.len(),
            json: if is_json { json!(plan.changes) } else { Value::Null },
            notes: plan.notes.clone(),
            secrets_file,
        }
    }

    pub(super) fn secrets_file(&self) -> Option<&Path> {
        self.secrets_file.as_deref()
    }

    pub(super) fn shown(self, transactions: usize) -> Output {
        let Self { environment, mut lines, counts, changes, json, notes: told, secrets_file } = self;
        lines.extend(notes(&told));
        let kinds: Vec<String> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        lines.push(match changes {
            0 => format!("{environment} is as the file says; nothing was changed"),
            count => format!("{} made in {environment}: {}", counted(count, "change"), kinds.join(", ")),
        });
        lines.extend(secrets_file.as_ref().map(|file| format!("the new secrets are in {}, and nowhere else", file.display())));
        let json = json!({
            "environment": environment, "changes": json, "notes": told, "applied": true, "transactions": transactions,
            "secrets_file": secrets_file,
        });
        Output::text(lines.join("\n"), json)
    }
}

/// An object with what differs, below it.
fn lines_of(change: &PlannedChange) -> Vec<String> {
    let mut lines = vec![head(change)];
    for one in &change.differences {
        let field = plain(&one.field);
        lines.extend(one.before.iter().map(|value| format!("    - {field} = {value}")));
        lines.extend(one.after.iter().map(|value| format!("    + {field} = {value}")));
    }
    lines
}

fn head(change: &PlannedChange) -> String {
    let sign = match change.action {
        PlannedAction::Create => '+',
        PlannedAction::Change => '~',
        PlannedAction::Prune => '-',
    };
    let (kind, id, name) = (change.kind, plain(&change.id), plain(&change.name));
    if name.is_empty() { format!("{sign} {kind} {id}") } else { format!("{sign} {kind} {id} ({name})") }
}

fn notes(notes: &[String]) -> impl Iterator<Item = String> + use<'_> {
    notes.iter().map(|note| format!("! {}", plain(note)))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
