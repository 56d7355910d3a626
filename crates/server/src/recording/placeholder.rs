//! What stands in place of a value: its kind and a number. Equal values have equal placeholders, so that it is still seen where an
//! answer repeats what was asked.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

/// So many values are told apart; more are all alike.
const MAX_VALUES: usize = 200_000;
/// A shorter value says too little to be looked for inside a text.
const SHORTEST_FOUND: usize = 4;

/// The placeholders of a recording. Values are kept as digests, and as they are only while their exchange is looked at.
#[derive(Default)]
pub struct Placeholders {
    known: HashMap<[u8; 32], String>,
    counts: HashMap<&'static str, usize>,
    current: Vec<(Zeroizing<String>, String)>,
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
        self.current.push((Zeroizing::new(value.to_owned()), placeholder.clone()));
        placeholder
    }

    /// The placeholder of a value that this exchange had before.
    pub(super) fn seen(&self, value: &str) -> Option<&str> {
        self.current.iter().find(|(known, _)| known.as_str() == value).map(|(_, placeholder)| placeholder.as_str())
    }

    /// A text with the values of this exchange replaced, which it may repeat.
    pub(super) fn without_seen(&self, text: &str) -> String {
        let mut values: Vec<&(Zeroizing<String>, String)> =
            self.current.iter().filter(|(value, _)| value.len() >= SHORTEST_FOUND).collect();
        // The longest first: one may be part of another.
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        values.iter().fold(text.to_owned(), |text, (value, placeholder)| text.replace(value.as_str(), placeholder))
    }
}
