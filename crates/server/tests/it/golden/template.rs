//! Placeholders in golden files: `{client_id}`, `{client_secret:NAME}`, `{repeat:3:text}` and so on. A brace before anything
//! but a small letter is itself, so JSON needs no escaping.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fixture::{ACME, GLOBEX, World};

/// What placeholders stand for. Names of clients are the world's; without one the dialect's own client is meant.
pub(super) struct Values<'a> {
    pub(super) world: &'a World,
    pub(super) dialect: &'a str,
    /// `{kid:ALG}`, `{jti}`, `{pos}`, `{token}`: known while the exchange is played.
    pub(super) played: Vec<(String, String)>,
}

impl Values<'_> {
    /// Fills in all placeholders but `{access_token}`, which stays. Bytes, since `{byte:ff}` need not be text.
    pub(super) fn fill(&self, text: &str) -> Result<Vec<u8>, String> {
        let mut filled = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from_brace) = rest.split_at(at);
            filled.extend_from_slice(before.as_bytes());
            if from_brace[1..].starts_with(|next: char| next.is_ascii_lowercase()) {
                let end = closing_brace(from_brace).ok_or_else(|| format!("nothing closes {from_brace:?}"))?;
                filled.extend(self.value(&from_brace[1..end])?);
                rest = &from_brace[end + 1..];
            } else {
                filled.push(b'{');
                rest = &from_brace[1..];
            }
        }
        filled.extend_from_slice(rest.as_bytes());
        Ok(filled)
    }

    pub(super) fn fill_text(&self, text: &str) -> Result<String, String> {
        String::from_utf8(self.fill(text)?).map_err(|_| format!("not UTF-8: {text:?}"))
    }

    fn value(&self, placeholder: &str) -> Result<Vec<u8>, String> {
        if placeholder == "access_token" {
            return Ok(b"{access_token}".to_vec());
        }
        if let Some((_, value)) = self.played.iter().find(|(name, _)| name == placeholder) {
            return Ok(value.clone().into_bytes());
        }
        let (name, argument) = placeholder.split_once(':').map_or((placeholder, None), |(name, rest)| (name, Some(rest)));
        let client = || self.world.client("sandbox", argument.unwrap_or(self.dialect));
        let value = match (name, argument) {
            ("client_id", _) => client().id.clone(),
            ("client_secret", _) => client().secret.clone(),
            ("credential_id", _) => client().credential_id.clone(),
            ("basic", _) => STANDARD.encode(format!("{}:{}", client().id, client().secret)),
            ("base64", Some(text)) => STANDARD.encode(self.fill(text)?),
            ("business_id", named) => self.world.business("sandbox", named.unwrap_or("bakery")).to_string(),
            // By their place in lists, since ids are random.
            ("listed_business", Some(at)) => self.listed(at)?.to_string(),
            ("listed_name", Some(at)) => self.name_of(at)?.to_owned(),
            ("listed_status", Some(at)) => if self.name_of(at)? == "closed" { "disabled" } else { "active" }.to_owned(),
            ("page_token", Some(text)) => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.fill(text)?),
            ("other_tenant_business_id", None) => self.world.business("sandbox", "foreign").to_string(),
            ("tenant_id", None) => self.world.tenant(ACME).to_string(),
            ("other_tenant_id", None) => self.world.tenant(GLOBEX).to_string(),
            ("crlf", None) => "\r\n".to_owned(),
            ("byte", Some(hex)) => {
                return u8::from_str_radix(hex, 16).map(|byte| vec![byte]).map_err(|_| format!("no byte: {hex}"));
            }
            ("repeat", Some(rest)) => {
                let (count, text) = rest.split_once(':').ok_or("expected {repeat:COUNT:text}")?;
                let count: usize = count.parse().map_err(|_| format!("no count: {count}"))?;
                return Ok(self.fill(text)?.repeat(count));
            }
            _ => return Err(format!("there is no placeholder {{{placeholder}}}")),
        };
        Ok(value.into_bytes())
    }

    fn listed(&self, at: &str) -> Result<mintmark_core::model::BusinessId, String> {
        let at: usize = at.parse().map_err(|_| format!("no number: {at}"))?;
        self.world.businesses_of_acme("sandbox").get(at).copied().ok_or_else(|| format!("no business {at}"))
    }

    fn name_of(&self, at: &str) -> Result<&'static str, String> {
        let id = self.listed(at)?;
        let names = ["bakery", "closed", "depot"];
        names.into_iter().find(|name| self.world.business("sandbox", name) == id).ok_or_else(|| "no such business".to_owned())
    }
}

/// Where the brace at the start is closed.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
