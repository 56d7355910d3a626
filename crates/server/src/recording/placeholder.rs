//! What stands in place of a value: its kind and a number. Equal values have equal placeholders, so that it is still seen where an
//! answer repeats what was asked.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// So many values are told apart; more are all alike.
const MAX_VALUES: usize = 200_000;
/// So many values of one exchange are looked for elsewhere in it. What may be kept of a request or an answer has fewer.
const MAX_CURRENT: usize = 1000;
/// A shorter value says too little to be looked for inside a text, but for what proves somebody.
const SHORTEST_FOUND: usize = 6;
const SHORTEST_SECRET: usize = 3;
/// Kinds of values that prove somebody.
const SECRETS: &[&str] = &["client_secret", "client_assertion", "credential", "token"];

/// The placeholders of a recording. Values are kept as digests, and as they are only while their exchange is looked at.
#[derive(Default)]
pub struct Placeholders {
    known: HashMap<[u8; 32], String>,
    counts: HashMap<&'static str, usize>,
    /// The longest first, since one may be part of another.
    current: Vec<Current>,
    in_answer: bool,
}

/// A value of the exchange that is looked at.
struct Current {
    value: Zeroizing<String>,
    /// The ways in which it may stand inside a text; none where it says too little.
    forms: Vec<Zeroizing<String>>,
    is_secret: bool,
    is_of_answer: bool,
    placeholder: String,
}

impl std::fmt::Debug for Placeholders {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Placeholders({})", self.known.len())
    }
}

impl Placeholders {
    /// Another exchange begins.
    pub(super) fn begin(&mut self) {
        self.current.clear();
        self.in_answer = false;
    }

    /// Its answer begins.
    pub(super) fn begin_answer(&mut self) {
        self.in_answer = true;
    }

    /// Its answer is looked at once more. What proves somebody in it stays known, what else it has may well stand in it twice.
    pub(super) fn begin_again(&mut self) {
        self.current.retain(|known| known.is_secret || !known.is_of_answer);
    }

    /// What stands in place of a value.
    pub(super) fn of(&mut self, kind: &'static str, value: &str) -> String {
        let mut key = [0; 32];
        key.copy_from_slice(digest(&SHA256, value.as_bytes()).as_ref());
        let known = self.known.get(&key).cloned();
        let placeholder = known.unwrap_or_else(|| {
            if self.known.len() >= MAX_VALUES {
                return format!("{{{{{kind}:many}}}}");
            }
            let count = self.counts.entry(kind).or_default();
            *count += 1;
            let placeholder = format!("{{{{{kind}:{count}}}}}");
            self.known.insert(key, placeholder.clone());
            placeholder
        });
        self.note(SECRETS.contains(&kind), value, &placeholder);
        placeholder
    }

    fn note(&mut self, is_secret: bool, value: &str, placeholder: &str) {
        let at = self.current.partition_point(|known| known.value.len() > value.len());
        let mut alike = self.current.iter_mut().skip(at).take_while(|known| known.value.len() == value.len());
        if let Some(known) = alike.find(|known| known.value.as_str() == value) {
            // It may be known from elsewhere as something harmless.
            if is_secret && !known.is_secret {
                (known.is_secret, known.forms) = (true, forms(value, SHORTEST_SECRET));
            }
        } else if self.current.len() < MAX_CURRENT {
            let forms = forms(value, if is_secret { SHORTEST_SECRET } else { SHORTEST_FOUND });
            let value = Zeroizing::new(value.to_owned());
            let (is_of_answer, placeholder) = (self.in_answer, placeholder.to_owned());
            self.current.insert(at, Current { value, forms, is_secret, is_of_answer, placeholder });
        }
    }

    /// The placeholder of a value that this exchange had before.
    pub(super) fn seen(&self, value: &str) -> Option<&str> {
        self.current.iter().find(|known| known.value.as_str() == value).map(|known| known.placeholder.as_str())
    }

    /// Whether a text repeats no value that this exchange has elsewhere, such as a secret in the place of a scope.
    pub(super) fn is_clean(&self, text: &str) -> bool {
        !self.current.iter().any(|known| (known.is_secret && known.value.as_str() == text) || known.is_in(text))
    }

    /// Whether a text repeats something that proves somebody.
    pub(super) fn has_secret(&self, text: &str) -> bool {
        self.current.iter().any(|known| known.is_secret && (known.value.as_str() == text || known.is_in(text)))
    }

    /// A text with the values of this exchange replaced, which it may repeat.
    pub(super) fn without_seen(&self, text: &str) -> String {
        self.current.iter().fold(text.to_owned(), |text, known| {
            if known.is_secret && known.value.as_str() == text {
                return known.placeholder.clone();
            }
            known.forms.iter().fold(text, |text, form| {
                let is_there = memmem::find(text.as_bytes(), form.as_bytes()).is_some();
                if is_there { text.replace(form.as_str(), &known.placeholder) } else { text }
            })
        })
    }
}

impl Current {
    fn is_in(&self, text: &str) -> bool {
        self.forms.iter().any(|form| memmem::find(text.as_bytes(), form.as_bytes()).is_some())
    }
}

/// A value as it is, and as texts have it that repeat it encoded.
fn forms(value: &str, shortest: usize) -> Vec<Zeroizing<String>> {
    if value.len() < shortest {
        return Vec::new();
    }
    let escaped = serde_json::Value::from(value).to_string();
    let percent = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut forms: Vec<String> = vec![
        value.to_owned(),
        // As it is read where somebody wrote it into a query as it is.
        value.replace('+', " "),
        escaped.trim_matches('"').to_owned(),
        with_small_escapes(&percent),
        percent.replace("%20", "+"),
        percent,
        form_encoded(value),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE_NO_PAD.encode(value),
    ];
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().filter(|form| form.len() >= shortest).map(Zeroizing::new).collect()
}

/// A percent-encoded text whose escapes have small letters.
fn with_small_escapes(percent: &str) -> String {
    let mut parts = percent.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (escape, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        text + "%" + &escape.to_ascii_lowercase() + rest
    })
}

/// As browsers and most libraries write it.
fn form_encoded(value: &str) -> String {
    const PLAIN: &percent_encoding::AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'~');
    utf8_percent_encode(value, PLAIN).to_string().replace("%20", "+")
}
