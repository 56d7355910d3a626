//! An operation's answer with a token.

use http::HeaderName;
use mintmark_core::model::ScopeSet;

use super::document::Document;
use super::operation::Endpoint;
use super::sample::sample;
use crate::drafting::body::{self, Leaf};
use crate::drafting::draft::Told;
use crate::drafting::meaning::{AnswerValue, answer_value, plain};
use crate::drafting::secrecy::{is_secret_name, looks_secret};
use crate::drafting::tree::Tree;
use std::collections::BTreeMap;

/// RFC 6749 section 5.1.
const STANDARD_ANSWER: &str = r#"{"access_token":"","token_type":"","expires_in":0,"scope":""}"#;
/// A number of seconds above this is a moment, not a lifetime.
const MOMENT: i64 = 1_000_000_000;
/// A number above this counts milliseconds.
const MILLISECONDS: i64 = 1_000_000_000_000;
const LONGEST_LIFE: i64 = 86_400;
const MAX_SCOPES: usize = 100;

pub(super) struct Answer {
    pub(super) body: Told<String>,
    pub(super) expires_in: Told<&'static str>,
    pub(super) lifetime: Option<Told<(i64, i64)>>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) scopes: Vec<String>,
}

/// A body that the document shows.
pub(super) struct Shown {
    pub(super) label: String,
    pub(super) text: String,
    /// Its values are real ones.
    pub(super) is_example: bool,
    /// So is its spacing.
    pub(super) is_text: bool,
    pub(super) told: BTreeMap<Vec<String>, String>,
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
    let mut reader = Reader { shown: &shown, expires_in: None, lifetime: None, scopes: Vec::new(), remarks };
    let body = reader.template();
    let note = match (is_shown, shown.is_text) {
        (false, _) => Some("not told: the answer; this is RFC 6749's".to_owned()),
        (true, false) => Some("not told: the spacing".to_owned()),
        (true, true) => None,
    };
    let expires_in = reader.expires_in.unwrap_or_else(|| Told::open("relative", "when tokens expire"));
    let (lifetime, mut scopes) = (reader.lifetime, reader.scopes);
    for (scope, _) in endpoint.flow.and_then(|flow| flow.get("scopes")).map(Tree::entries).unwrap_or_default() {
        scopes.push(scope.clone());
    }
    let headers = response.map(|response| headers(document, response, remarks)).unwrap_or_default();
    Answer { body: Told { value: body, note }, expires_in, lifetime, headers, scopes: good_scopes(scopes) }
}

fn good_scopes(scopes: Vec<String>) -> Vec<String> {
    let mut good: Vec<String> = Vec::new();
    for scope in scopes {
        let is_one = ScopeSet::parse(&scope).is_ok_and(|set| set.iter().count() == 1);
        if is_one && !good.contains(&scope) && !looks_secret(&scope) && good.len() < MAX_SCOPES {
            good.push(scope);
        }
    }
    good
}

struct Reader<'s, 'r> {
    shown: &'s Shown,
    expires_in: Option<Told<&'static str>>,
    lifetime: Option<Told<(i64, i64)>>,
    scopes: Vec<String>,
    remarks: &'r mut Vec<String>,
}

impl Reader<'_, '_> {
    fn template(&mut self) -> String {
        let leaves = body::leaves(&self.shown.text).unwrap_or_default();
        let shown = self.shown;
        let mut body = body::template(&shown.text, &leaves, |leaf| self.replace(leaf));
        let has = |body: &str, slot: &str| body.contains(&format!("<{slot}>"));
        for slot in ["access_token", "expires_in"] {
            if !has(&body, slot) {
                self.remarks.push(format!("its answer shows no {slot}, which clients of Mintmark need; it is added"));
                body = with_entry(&body, slot);
            }
        }
        body
    }

    fn replace(&mut self, leaf: &Leaf) -> Option<String> {
        let key = leaf.key();
        let in_list = leaf.path.last().is_some_and(|last| last == "[]");
        let is_text = matches!(leaf.value, Tree::Text(_));
        match answer_value(key) {
            AnswerValue::AccessToken => Some("<access_token>".to_owned()),
            AnswerValue::TokenType => match leaf.value.text() {
                Some(text) if !text.is_empty() && !looks_secret(text) => None,
                _ => Some("<token_type>".to_owned()),
            },
            AnswerValue::ExpiresIn => self.expiry(leaf),
            AnswerValue::IssuedAt => {
                let unit = if number_of(&leaf.value) > MILLISECONDS { "000" } else { "" };
                Some(if is_text { format!("\"<issued_at>{unit}\"") } else { format!("<issued_at>{unit}") })
            }
            AnswerValue::Scope if !in_list => {
                self.scopes.extend(leaf.value.text().unwrap_or_default().split_whitespace().map(str::to_owned));
                Some("<scope>".to_owned())
            }
            AnswerValue::Scope => {
                self.remarks.push(format!("its answer has {key} as a list, which nothing here can fill"));
                None
            }
            AnswerValue::ClientId => Some("<client_id>".to_owned()),
            AnswerValue::Issuer if is_text => Some("<issuer>".to_owned()),
            AnswerValue::RequestId if is_text => Some("<request_id>".to_owned()),
            AnswerValue::OtherToken => {
                self.remarks
                    .push(format!("its answer has {key}; there is none for client credentials (RFC 6749 section 4.4.3)"));
                Some("null".to_owned())
            }
            _ => self.other(leaf),
        }
    }

    /// A value that nothing here fills: as the document shows it, if it shows one.
    fn other(&mut self, leaf: &Leaf) -> Option<String> {
        let key = leaf.key();
        let is_secret = leaf.value.text().is_some_and(|text| looks_secret(text) || is_secret_name(key));
        if is_secret {
            self.remarks.push(format!("the value of {key} in its answer looks like a secret and is left out"));
            return Some("\"\"".to_owned());
        }
        let what = if self.shown.is_example { "is always that of the example" } else { "is not told, and always this" };
        self.remarks.push(format!("the value of {key} in the answer {what}: {}", leaf.value.to_json()));
        None
    }

    fn expiry(&mut self, leaf: &Leaf) -> Option<String> {
        let number = number_of(&leaf.value);
        let told = self.shown.told.get(&leaf.path).map(|text| text.to_ascii_lowercase()).unwrap_or_default();
        let is_date = leaf.value.text().is_some_and(|text| text.contains(['-', ':'])) || told.contains("iso 8601");
        let is_named_moment = matches!(plain(leaf.key()).as_str(), "expiresat" | "expireson" | "validuntil" | "expirationtime");
        let is_moment = number > MOMENT
            || (number == 0 && (is_named_moment || ["timestamp", "epoch", "unix"].iter().any(|word| told.contains(word))));
        let unit = if number > MILLISECONDS { "000" } else { "" };
        let is_text = matches!(leaf.value, Tree::Text(_));
        let piece = |slot: &str| if is_text { format!("\"<{slot}>{unit}\"") } else { format!("<{slot}>{unit}") };
        if !is_date && self.expires_in.is_some() && is_moment {
            return Some(piece("expires_at"));
        }
        if is_date || self.expires_in.is_some() {
            self.remarks.push(format!("nothing here can fill {} in its answer", leaf.key()));
            return Some(if is_text { "\"\"" } else { "0" }.to_owned());
        }
        let word = if is_moment { "absolute" } else { "relative" };
        let is_told = number > 0 || told.contains("second") || is_moment;
        self.expires_in =
            Some(if is_told { Told::told(word) } else { Told::open(word, "whether it is a number of seconds or a moment") });
        if !is_moment && number > 0 {
            self.lifetime = Some(lifetime(number));
        }
        Some(piece("expires_in"))
    }
}

fn lifetime(seconds: i64) -> Told<(i64, i64)> {
    let capped = seconds.min(LONGEST_LIFE);
    if capped < seconds {
        return Told::noted((capped, capped), format!("the example says {seconds}; no token lives longer than a day"));
    }
    Told::noted((capped, capped), "from the example; not told: the longest")
}

fn number_of(value: &Tree) -> i64 {
    value.integer().or_else(|| value.text()?.parse().ok()).unwrap_or_default()
}

/// A template of an object with one more entry.
fn with_entry(body: &str, slot: &str) -> String {
    let inner = body.trim_end().strip_suffix('}').unwrap_or(body).trim_end();
    let comma = if inner.ends_with('{') { "" } else { "," };
    format!("{inner}{comma}\"{slot}\":<{slot}>}}")
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
        match slot {
            Some(slot) => headers.push((name, slot.to_owned())),
            None => {
                let told = header.text_of("description").map(|text| format!(" ({text})")).unwrap_or_default();
                remarks.push(format!("its answers have the header {name}{told}; this draft does not set it"));
            }
        }
    }
    headers
}
