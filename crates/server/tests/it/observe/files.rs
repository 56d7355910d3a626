//! The dashboard and the alert rules ask for nothing that the program does not tell.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use mintmark::metrics::{FAMILIES, Family, Kind};
use serde_json::Value;

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/observability").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of metrics in a text, and the label names that stand in braces behind them.
fn asked_for(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character: char| !is_part(character));
    words.filter(|word| (word.starts_with("mintmark_") || word.starts_with("process_")) && *word != "mintmark_").collect()
}

fn family_of(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| {
        let parts = ["_bucket", "_sum", "_count"].map(|suffix| format!("{}{suffix}", family.name));
        family.name == name && family.kind != Kind::Histogram
            || family.kind == Kind::Histogram && parts.iter().any(|part| part == name)
    })
}

/// The expressions of the dashboard's panels and variables.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_str().filter(|_| ["expr", "query", "definition"].contains(&key.as_str())) {
                    Some(text) => found.push(text.to_owned()),
                    None => expressions(member, found),
                }
            }
        }
        Value::Array(members) => members.iter().for_each(|member| expressions(member, found)),
        _ => {}
    }
}

#[test]
fn every_metric_of_the_dashboard_is_one_that_is_exposed() {
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).unwrap();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for name in found.iter().flat_map(|expression| asked_for(expression)) {
        assert!(family_of(name).is_some(), "the dashboard asks for {name}");
    }
}

#[test]
fn every_metric_of_the_alerts_is_one_that_is_exposed_and_every_alert_is_documented_and_tested() {
    let (rules, tests) = (file("alerts.yaml"), file("alerts-test.yaml"));
    let documentation = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md")).unwrap();
    for name in asked_for(&rules).into_iter().chain(asked_for(&tests)) {
        assert!(family_of(name).is_some(), "the alerts ask for {name}");
    }
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert} has no test");
        assert!(documentation.contains(&format!("### {alert}\n")), "{alert} is not in docs/observability.md");
        assert!(rules.contains(&format!("docs/observability.md#{}", alert.to_lowercase())), "{alert} links to no explanation");
    }
}

#[test]
fn labels_in_braces_are_those_of_the_metric() {
    let mut texts = Vec::new();
    expressions(&serde_json::from_str(&file("dashboard.json")).unwrap(), &mut texts);
    texts.push(file("alerts.yaml"));
    // `job` and `instance` are the scraper's.
    for text in &texts {
        for name in asked_for(text) {
            let family = family_of(name).unwrap();
            for (_, rest) in text.match_indices(name).map(|(at, name)| (at, &text[at + name.len()..])) {
                let Some(inside) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { continue };
                for label in
                    inside.0.split(',').filter_map(|pair| pair.split(['=', '!']).next()).filter(|label| !label.is_empty())
                {
                    let known = family.labels.contains(&label.trim()) || ["job", "instance", "le"].contains(&label.trim());
                    assert!(known, "{name} has no label {label}");
                }
            }
        }
    }
}
