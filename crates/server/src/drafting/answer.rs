//! From the body of an answer with a token to its template, and what it tells of lifetimes and scopes.

use std::collections::BTreeMap;

use mintmark_core::model::ScopeSet;

use super::body::{self, Leaf};
use super::draft::Told;
use super::meaning::{AnswerValue, answer_value, plain};
use super::secrecy::{is_secret_name, looks_secret};
use super::tree::Tree;

/// A number of seconds above this is a moment, not a lifetime.
const MOMENT: i64 = 1_000_000_000;
/// A number above this counts milliseconds.
const MILLISECONDS: i64 = 1_000_000_000_000;
/// No token lives longer than a day.
pub(super) const LONGEST_LIFE: i64 = 86_400;
const MAX_SCOPES: usize = 100;

/// A body that a source shows.
pub(super) struct Shown {
    pub(super) label: String,
    pub(super) text: String,
    /// Its values are real ones, not those of a type.
    pub(super) is_example: bool,
    /// So is its spacing.
    pub(super) is_text: bool,
    pub(super) told: BTreeMap<Vec<String>, String>,
}

/// What a body of an answer with a token tells.
pub(super) struct Filled {
    pub(super) body: String,
    pub(super) expires_in: Told<&'static str>,
    pub(super) lifetime: Option<Told<(i64, i64)>>,
    pub(super) scopes: Vec<String>,
}

/// Makes the template of a body.
pub(super) fn fill(shown: &Shown, remarks: &mut Vec<String>) -> Filled {
    let mut reader = Reader { shown, expires_in: None, lifetime: None, scopes: Vec::new(), remarks };
    let body = reader.template();
    let expires_in = reader.expires_in.unwrap_or_else(|| Told::open("relative", "when tokens expire"));
    Filled { body, expires_in, lifetime: reader.lifetime, scopes: reader.scopes }
}

/// Those that are scopes, once each.
pub(super) fn good_scopes(scopes: Vec<String>) -> Vec<String> {
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
            AnswerValue::ExpiresIn => Some(self.expiry(leaf)),
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
        if leaf.value.text().is_some_and(|text| text.contains("{{")) {
            self.remarks.push(format!("the value of {key} in its answer is not recorded; it is left empty"));
            return Some("\"\"".to_owned());
        }
        let is_secret = leaf.value.text().is_some_and(|text| looks_secret(text) || is_secret_name(key));
        if is_secret {
            self.remarks.push(format!("the value of {key} in its answer looks like a secret and is left out"));
            return Some("\"\"".to_owned());
        }
        let what = if self.shown.is_example { "is always that of the example" } else { "is not told, and always this" };
        self.remarks.push(format!("the value of {key} in the answer {what}: {}", leaf.value.to_json()));
        None
    }

    fn expiry(&mut self, leaf: &Leaf) -> String {
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
            return piece("expires_at");
        }
        if is_date || self.expires_in.is_some() {
            self.remarks.push(format!("nothing here can fill {} in its answer", leaf.key()));
            return if is_text { "\"\"" } else { "0" }.to_owned();
        }
        let word = if is_moment { "absolute" } else { "relative" };
        let is_told = number > 0 || told.contains("second") || is_moment;
        self.expires_in =
            Some(if is_told { Told::surely(word) } else { Told::open(word, "whether it is a number of seconds or a moment") });
        if !is_moment && number > 0 {
            self.lifetime = Some(lifetime(number));
        }
        piece("expires_in")
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
