//! An operation's answer with a token.

use std::collections::BTreeMap;

use http::HeaderName;

use super::document::Document;
use super::operation::Endpoint;
use super::sample::sample;
use crate::drafting::answer::{Shown, fill, good_scopes};
use crate::drafting::body;
use crate::drafting::draft::Told;
use crate::drafting::meaning::plain;
use crate::drafting::tree::Tree;

/// RFC 6749 section 5.1.
const STANDARD_ANSWER: &str = r#"{"access_token":"","token_type":"","expires_in":0,"scope":""}"#;
pub(super) struct Answer {
    pub(super) body: Told<String>,
    pub(super) expires_in: Told<&'static str>,
    pub(super) lifetime: Option<Told<(i64, i64)>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) scopes: Vec<String>,
}

/// The bodies of a response: its examples, or what its schema describes.
pub(super) fn bodies<'t>(document: Document<'t>, response: &'t Tree) -> Vec<Shown> {
    let content = response.get("content").map(Tree::entries).unwrap_or_default();
    let is_json = |name: &str| name.to_ascii_lowercase().contains("json");
    let media = content.iter().find(|(name, _)| is_json(name)).or_else(|| content.first());
    let Some((_, media)) = media else { return Vec::new() };
    let schema = media.get("schema");
    let told = schema.map(|schema| sample(document, schema));
    let hints = told.as_ref().map(|sample| sample.told.clone()).unwrap_or_default();
    let mut shown = Vec::new();
    let mut add = |label: &str, value: &Tree| {
        let (text, is_text) = match value {
            Tree::Text(text) if text.trim_start().starts_with(['{', '[']) => (text.trim().to_owned(), true),
            value => (value.to_json(), false),
        };
        if text.starts_with(['{', '[']) && body::leaves(&text).is_ok() {
            shown.push(Shown { label: label.to_owned(), text, is_example: true, is_text, told: hints.clone() });
        }
    };
    for (name, example) in media.get("examples").map(Tree::entries).unwrap_or_default() {
        let example = document.follow(example);
        let summary = example.text_of("summary").unwrap_or_default();
        if let Some(value) = example.get("value") {
            add(&format!("{name} {summary}"), value);
        }
    }
    let own = media.get("example").or_else(|| document.schema(schema?).example());
    if let Some(value) = own {
        add(response.text_of("description").unwrap_or_default(), value);
    }
    if let (true, Some(sample)) = (shown.is_empty(), told)
        && matches!(&sample.tree, Tree::Map(entries) if !entries.is_empty())
    {
        let text = sample.tree.to_json();
        shown.push(Shown { label: String::new(), text, is_example: false, is_text: false, told: hints });
    }
    shown
}

pub(super) fn read<'t>(document: Document<'t>, endpoint: &Endpoint<'t>, remarks: &mut Vec<String>) -> Answer {
    let responses = endpoint.operation.and_then(|operation| operation.get("responses")).map(Tree::entries).unwrap_or_default();
    let good = responses.iter().find(|(status, _)| status.starts_with('2'));
    if let Some((status, _)) = good.filter(|(status, _)| *status != "200" && *status != "2XX") {
        remarks.push(format!("it answers with {status}; Mintmark answers with 200"));
    }
    let response = good.map(|(_, response)| document.follow(response));
    let shown = response.map(|response| bodies(document, response)).unwrap_or_default().into_iter().next();
    let shown = shown.filter(|shown| shown.text.starts_with('{'));
    let is_shown = shown.is_some();
    let shown = shown.unwrap_or_else(|| Shown {
        label: String::new(),
        text: STANDARD_ANSWER.to_owned(),
        is_example: false,
        is_text: false,
        told: BTreeMap::new(),
    });
    let filled = fill(&shown, remarks);
    let note = match (is_shown, shown.is_text) {
        (false, _) => Some("not told: the answer; this is RFC 6749's".to_owned()),
        (true, false) => Some("not told: the spacing".to_owned()),
        (true, true) => None,
    };
    let mut scopes = filled.scopes;
    for (scope, _) in endpoint.flow.and_then(|flow| flow.get("scopes")).map(Tree::entries).unwrap_or_default() {
        scopes.push(scope.clone());
    }
    let headers = response.map(|response| headers(document, response, remarks)).unwrap_or_default();
    let body = Told { value: filled.body, note };
    Answer { body, expires_in: filled.expires_in, lifetime: filled.lifetime, headers, scopes: good_scopes(scopes) }
}

/// Headers of answers that tell of rate limits. Of the others a dialect sets none that varies.
fn headers<'t>(document: Document<'t>, response: &'t Tree, remarks: &mut Vec<String>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, header) in response.get("headers").map(Tree::entries).unwrap_or_default() {
        let header = document.follow(header);
        let name = name.to_ascii_lowercase();
        if HeaderName::try_from(name.as_str()).is_err()
            || ["cache-control", "pragma", "content-type", "date"].contains(&name.as_str())
        {
            continue;
        }
        let slot = match plain(&name) {
            plain if !plain.contains("ratelimit") => None,
            plain if plain.ends_with("remaining") => Some("<rate.remaining>"),
            plain if plain.ends_with("reset") => Some("<rate.reset>"),
            plain if plain.ends_with("limit") => Some("<rate.limit>"),
            _ => None,
        };
        if let Some(slot) = slot {
            headers.push((name, slot.to_owned()));
        } else {
            let told = header.text_of("description").map(|text| format!(" ({text})")).unwrap_or_default();
            remarks.push(format!("its answers have the header {name}{told}; this draft does not set it"));
        }
    }
    headers
}
