//! Every key of every built-in file is left out, misspelt and given a value of another kind, one at a time.

use std::sync::Arc;

use super::*;
use crate::dialect::BUILT_IN;
use crate::document::Source;
use crate::document::edit::{self, KeyPath};

/// Keys whose absence has a meaning, with the meaning.
const MAY_BE_ABSENT: &[(&str, &str)] = &[
    ("route.owns", "unknown paths are nobody's"),
    ("request.dpop", "proofs are not read"),
    ("request.echo", "no header comes back"),
    ("request.echo.*", "this header does not come back"),
    ("parameters.grant_type", "the parameter is not read"),
    ("parameters.scope", "the parameter is not read"),
    ("parameters.resource", "the parameter is not read"),
    ("parameters.business_id", "the parameter is not read"),
    ("parameters.expires_in", "the parameter is not read"),
    ("parameters.*.from", "it is in the body"),
    ("parameters.*.required", "it may be left out"),
    ("parameters.*.empty", "an empty value is none"),
    ("parameters.*.malformed_at", "with the other parameters"),
    ("token.algorithm", "the environment's"),
    ("token.claims", "tokens carry no claim of the dialect"),
    ("token.claims.*", "tokens do not carry this claim"),
    ("token.claims.*.required", "clients without the attribute may use the dialect"),
    ("limits", "nothing is limited"),
    ("limits.*", "this is not limited"),
    ("headers", "answers have no further header"),
    ("headers.*", "answers do not have this header"),
    ("example.scope", "the example asks for no scope"),
    ("example.business_id", "the example asks for no business"),
];

/// Keys that are names of the writer's choice: another name is another header or claim.
const MAY_BE_NAMED_OTHERWISE: &[&str] = &["request.echo.*", "token.claims.*", "headers.*"];

fn built_in() -> impl Iterator<Item = Document> {
    BUILT_IN.iter().map(|(name, text)| {
        let source = Arc::new(Source { name: (*name).to_owned(), text: (*text).to_owned() });
        Document::parse(&source, &Diagnostics::default()).unwrap()
    })
}

/// The lines of what is wrong with a file; nothing if it loads.
fn wrong_lines(document: &Document) -> Option<Vec<usize>> {
    let diagnostics = Diagnostics::default();
    let loaded = read(document, &diagnostics).is_some();
    let found = diagnostics.into_sorted();
    assert_eq!(loaded, found.is_empty(), "a file either loads or is diagnosed");
    (!loaded).then(|| found.iter().map(|one| one.line).collect())
}

fn spoil_each(spoil: fn(&Document, &KeyPath) -> Document, check: impl Fn(&KeyPath, Option<Vec<usize>>) -> Result<(), String>) {
    let mut complaints = Vec::new();
    for document in built_in() {
        let keys = edit::keys(&document);
        assert!(keys.len() > 100, "the walk finds the keys");
        for path in keys {
            let found = wrong_lines(&spoil(&document, &path));
            if let Err(complaint) = check(&path, found) {
                complaints.push(format!("{}:{}: {path}: {complaint}", document.root.place.file(), path.line));
            }
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_key_that_is_left_out_is_missed() {
    spoil_each(edit::delete, |path, found| match found {
        None if MAY_BE_ABSENT.iter().any(|(pattern, _)| path.is_like(pattern)) => Ok(()),
        None => Err("nobody misses it".to_owned()),
        Some(_) if MAY_BE_ABSENT.iter().any(|(pattern, _)| path.is_like(pattern)) => {
            Err("its absence has a meaning".to_owned())
        }
        Some(lines) if lines.contains(&path.table_line) || lines.contains(&path.line) => Ok(()),
        Some(lines) => Err(format!("missed at {lines:?}, not at the table in line {}", path.table_line)),
    });
}

#[test]
fn every_key_that_is_misspelt_is_pointed_at() {
    spoil_each(edit::misspell, |path, found| match found {
        None if MAY_BE_NAMED_OTHERWISE.iter().any(|pattern| path.is_like(pattern)) => Ok(()),
        None => Err("nobody notices".to_owned()),
        Some(lines) if lines.contains(&path.line) => Ok(()),
        Some(lines) => Err(format!("noticed at {lines:?}")),
    });
}

#[test]
fn every_value_of_another_kind_is_pointed_at() {
    spoil_each(edit::retype, |path, found| match found {
        None => Err("nobody notices".to_owned()),
        Some(lines) if lines.contains(&path.line) => Ok(()),
        Some(lines) => Err(format!("noticed at {lines:?}")),
    });
}

#[test]
fn each_exception_is_one_of_some_file() {
    let all: Vec<KeyPath> = built_in().flat_map(|document| edit::keys(&document)).collect();
    for (pattern, _) in MAY_BE_ABSENT {
        assert!(all.iter().any(|path| path.is_like(pattern)), "{pattern} is in no file");
    }
}
