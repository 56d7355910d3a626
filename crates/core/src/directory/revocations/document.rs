//! The document for those who verify tokens without asking (rule S17): what is in it, not its signature.

use std::fmt::Write;

use super::set::{Held, RevocationDigest, RevocationSet, Revocations};
use crate::base64url;
use crate::clock::Timestamp;
use crate::model::{EnvironmentName, Position};

/// For how many seconds a document proves that nothing newer is missing, at most.
pub const DOCUMENT_LIFETIME: u32 = 60;
/// Room for what each entry takes.
const ENTRY: usize = 56;

/// What a document is made of besides the set.
#[derive(Clone, Copy, Debug)]
pub struct DocumentParts<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// Its issuer.
    pub issuer: &'a str,
    /// The ids of the keys whose tokens are refused.
    pub keys: &'a [String],
    /// Only what was revoked after this position, where the verifier has the rest.
    pub since: Option<Position>,
    /// The moment up to which nothing is missing.
    pub as_of: Timestamp,
    /// Entries that are over by then are left out.
    pub now: Timestamp,
}

impl RevocationSet {
    /// The claims of a document, as JSON. Nothing before the store was read.
    pub fn document(&self, parts: &DocumentParts<'_>) -> Option<String> {
        let incarnation = self.incarnation.as_ref()?;
        let (marks, tokens) = self.entries(parts);
        let mut out = String::with_capacity(256 + ENTRY * (marks.len() + tokens.len()));
        let text = |text: &str| serde_json::Value::from(text);
        let _ = write!(out, "{{\"iss\":{},\"inc\":{},\"seq\":{}", text(parts.issuer), text(&incarnation.0), self.position.0);
        if let Some(since) = parts.since {
            let _ = write!(out, ",\"since\":{}", since.0);
        }
        let (from, to) = (parts.as_of.0, parts.as_of.plus(DOCUMENT_LIFETIME).0);
        let _ = write!(out, ",\"first\":{},\"iat\":{from},\"exp\":{to},\"marks\":{{", self.first.0);
        push_entries(&mut out, &marks, |out, held| {
            let _ = write!(out, "[{},{}]", held.position.0, held.expires_at.0);
        });
        out.push_str("},\"tokens\":{");
        push_entries(&mut out, &tokens, |out, held| {
            let _ = write!(out, "{}", held.expires_at.0);
        });
        let _ = write!(out, "}},\"keys\":{}}}", serde_json::Value::from(parts.keys));
        Some(out)
    }

    /// The marks and the tokens that belong into a document.
    fn entries(&self, parts: &DocumentParts<'_>) -> (Vec<Entry>, Vec<Entry>) {
        let own = self.environments.get(parts.environment);
        let all = self.tenants.iter().chain(own.into_iter().flat_map(Revocations::iter));
        let wanted =
            all.filter(|(_, held)| held.expires_at > parts.now && parts.since.is_none_or(|since| held.position > since));
        wanted.partition(|(_, held)| !held.is_token)
    }
}

type Entry = (RevocationDigest, Held);

fn push_entries(out: &mut String, entries: &[Entry], push: impl Fn(&mut String, &Held)) {
    for (at, (digest, held)) in entries.iter().enumerate() {
        out.push_str(if at == 0 { "\"" } else { ",\"" });
        base64url::push(out, &digest.0);
        out.push_str("\":");
        push(out, held);
    }
}
