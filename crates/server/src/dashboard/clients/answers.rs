//! What somebody answered about a new client: as a form sends it, as the hidden fields of the page that sums it up, and as the
//! operation takes it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, CertificateName, DialectName, ResourceUri, ScopeToken};
use serde_json::{Value, json};

use super::public_key;
use crate::admin::Moment;
use crate::admin::operations::clients::{Businesses, GrantBody, NewClient};
use crate::admin::operations::credentials::{NewCredential, NewProof};
use crate::dashboard::forms::Fields;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::views::Method;
use crate::dashboard::words;

/// For how many days a credential may live; `never` is one more choice.
pub(super) const DAYS: [u16; 5] = [30, 90, 180, 365, 730];
/// What is chosen where nobody chose.
pub(super) const USUAL_DAYS: &str = "365";
pub(super) const NEVER: &str = "never";
/// The dialect of who chose none.
pub(super) const STANDARD: &str = "standard";

/// The answers, as they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) method: String,
    pub(super) public_key: String,
    pub(super) certificate: String,
    /// Each a resource and a scope, with a space between them.
    pub(super) scopes: Vec<String>,
    /// Identifiers with blanks between them; none for all.
    pub(super) businesses: String,
    pub(super) expiry: String,
    pub(super) dialects: Vec<String>,
}

impl Answers {
    pub(super) fn of(fields: &Fields) -> Self {
        let one = |name| fields.one(name).unwrap_or_default().trim().to_owned();
        let many = |name| fields.many(name).map(str::to_owned).collect::<Vec<_>>();
        Self {
            name: one("name"),
            tenant: one("tenant"),
            method: one("method"),
            public_key: one("public_key"),
            certificate: one("certificate"),
            scopes: many("scope"),
            businesses: many("business").join("\n"),
            expiry: one("expires_in_days"),
            dialects: many("dialect"),
        }
    }

    /// As a form that nobody has filled in yet.
    pub(super) fn blank() -> Self {
        let dialects = vec![STANDARD.to_owned()];
        Self { expiry: USUAL_DAYS.to_owned(), method: Method::Secret.as_str().to_owned(), dialects, ..Self::default() }
    }

    /// The fields again, for a page that sends them on.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let ones = [
            ("name", &self.name),
            ("tenant", &self.tenant),
            ("method", &self.method),
            ("public_key", &self.public_key),
            ("certificate", &self.certificate),
            ("business", &self.businesses),
            ("expires_in_days", &self.expiry),
        ];
        let ones = ones.into_iter().filter(|(_, value)| !value.is_empty());
        let scopes = self.scopes.iter().map(|scope| ("scope", scope));
        let all = ones.chain(scopes).chain(self.dialects.iter().map(|name| ("dialect", name)));
        all.map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    pub(super) fn method(&self) -> Method {
        Method::ALL.into_iter().find(|method| method.as_str() == self.method).unwrap_or(Method::Secret)
    }

    /// When the credential expires; never, where that was chosen.
    pub(super) fn expires_at(&self, now: Timestamp) -> Result<Option<Timestamp>, Mistake> {
        expiry(&self.expiry, now)
    }

    /// The businesses that were named, none for all.
    pub(super) fn businesses(&self) -> Result<Vec<BusinessId>, Mistake> {
        businesses(&self.businesses)
    }

    /// The scopes at each resource.
    pub(super) fn grants(&self) -> Result<Vec<GrantBody>, Mistake> {
        grants(self.scopes.iter().map(String::as_str))
    }

    /// What the operation is asked for.
    pub(super) fn new_client(&self, now: Timestamp) -> Result<NewClient, Mistake> {
        if self.name.is_empty() {
            return Err(Mistake::new("name", words::create::NAME_MISSING));
        }
        let tenant_id = match self.tenant.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Mistake::new("tenant_id", words::create::TENANT_WRONG))?),
        };
        let businesses = self.businesses()?;
        let proof = proof(self.method(), &self.public_key, &self.certificate)?;
        let expires_at = self.expires_at(now)?.map(Moment);
        Ok(NewClient {
            tenant_id,
            id: None,
            name: self.name.clone(),
            dialects: dialects(&self.dialects)?,
            grants: self.grants()?,
            businesses: (!businesses.is_empty()).then_some(Businesses::Only(businesses)),
            lifetime_max: None,
            attributes: mintmark_core::model::Attributes::default(),
            token_binding: mintmark_core::model::TokenBinding::default(),
            assertion_audience: mintmark_core::model::AssertionAudience::default(),
            profile: None,
            serves: Vec::new(),
            credential: Some(NewCredential { proof, expires_at }),
        })
    }

    /// The same for the API, to be shown.
    pub(super) fn body(&self, now: Timestamp) -> Value {
        let grants = self.grants().unwrap_or_default();
        let grants = grants.iter().map(|grant| json!({ "resource": grant.resource, "scopes": grant.scopes }));
        let mut body = json!({ "name": self.name, "dialects": self.dialects, "grants": grants.collect::<Vec<_>>() });
        let mut credential = json!({ "proof": self.proof_body() });
        if let Ok(Some(at)) = self.expires_at(now) {
            put(&mut credential, "expires_at", json!(Moment(at)));
        }
        put(&mut body, "credential", credential);
        if !self.tenant.is_empty() {
            put(&mut body, "tenant_id", json!(self.tenant));
        }
        if let Ok(ids) = self.businesses()
            && !ids.is_empty()
        {
            put(&mut body, "businesses", json!(ids));
        }
        body
    }

    fn proof_body(&self) -> Value {
        match proof(self.method(), &self.public_key, &self.certificate) {
            Ok(NewProof::PublicKey { jwk }) => json!({ "kind": "public_key", "jwk": jwk }),
            Ok(NewProof::Certificate { sha256 }) => json!({ "kind": "certificate", "sha256": sha256 }),
            Ok(NewProof::CertificateName { name }) => json!({ "kind": "certificate_name", "name": name }),
            _ => json!({ "kind": "secret" }),
        }
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// What a client is to prove itself with.
pub(super) fn proof(method: Method, key: &str, certificate: &str) -> Result<NewProof, Mistake> {
    match method {
        Method::KeyPair => {
            let jwk = public_key::read(key).ok_or_else(|| Mistake::new("public_key", words::create::PUBLIC_KEY_WRONG))?;
            Ok(NewProof::PublicKey { jwk })
        }
        Method::Certificate if certificate.is_empty() => Err(Mistake::new("certificate", words::create::CERTIFICATE_MISSING)),
        Method::Certificate => Ok(match fingerprint(certificate) {
            Some(sha256) => NewProof::Certificate { sha256 },
            None => NewProof::CertificateName { name: CertificateName::Subject(certificate.to_owned()) },
        }),
        Method::SharedKey => Ok(NewProof::SharedKey {}),
        Method::Secret | Method::Federated => Ok(NewProof::Secret {}),
    }
}

/// A SHA-256 in hexadecimal, with colons or without, or in base64url, as the operation takes it; nothing if it is none.
fn fingerprint(text: &str) -> Option<String> {
    let hex: String = text.chars().filter(|one| !matches!(one, ':' | ' ')).collect();
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let bytes: Option<Vec<u8>> =
            hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        return bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    }
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32).then(|| text.to_owned())
}

/// When something expires that is to live for a number of days, or for ever.
pub(super) fn expiry(days: &str, now: Timestamp) -> Result<Option<Timestamp>, Mistake> {
    if days == NEVER {
        return Ok(None);
    }
    let known = DAYS.into_iter().find(|known| known.to_string() == days);
    let days = known.ok_or_else(|| Mistake::new("expires_at", words::create::EXPIRY_WRONG))?;
    Ok(Some(now.plus(u32::from(days) * 86_400)))
}

/// The days to choose from, with their words.
pub(super) fn days() -> Vec<(String, String)> {
    let days = DAYS.map(|days| (days.to_string(), words::create::in_days(days)));
    days.into_iter().chain([(NEVER.to_owned(), words::create::NEVER.to_owned())]).collect()
}

/// The businesses that a text names.
pub(super) fn businesses(text: &str) -> Result<Vec<BusinessId>, Mistake> {
    let wrong = |_| Mistake::new("businesses", words::create::BUSINESSES_WRONG);
    text.split([' ', ',', '\n', '\r', '\t']).filter(|id| !id.is_empty()).map(|id| id.parse().map_err(wrong)).collect()
}

/// What the ticked scopes are at each resource, in their order.
pub(super) fn grants<'f>(ticked: impl Iterator<Item = &'f str>) -> Result<Vec<GrantBody>, Mistake> {
    let mut grants: Vec<GrantBody> = Vec::new();
    for text in ticked {
        let wrong = || Mistake::new("grants", words::create::SCOPES_WRONG);
        let (uri, scope) = text.split_once(' ').ok_or_else(wrong)?;
        let uri: ResourceUri = uri.parse().map_err(|_| wrong())?;
        let scope: ScopeToken = scope.parse().map_err(|_| wrong())?;
        match grants.iter_mut().find(|grant| grant.resource.as_ref() == Some(&uri)) {
            Some(grant) => grant.scopes.push(scope),
            None => grants.push(GrantBody { resource: Some(uri), scopes: vec![scope] }),
        }
    }
    Ok(grants)
}

/// The dialects that were ticked.
pub(super) fn dialects(ticked: &[String]) -> Result<Vec<DialectName>, Mistake> {
    let wrong = || Mistake::new("dialects", words::create::DIALECTS_WRONG);
    let names: Result<Vec<DialectName>, Mistake> = ticked.iter().map(|name| name.parse().map_err(|_| wrong())).collect();
    match names {
        Ok(names) if names.is_empty() => Err(wrong()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_told_from_a_subject() {
        let hex = "AB:".repeat(31) + "AB";
        let same = URL_SAFE_NO_PAD.encode([0xab; 32]);
        assert_eq!(fingerprint(&hex).as_deref(), Some(same.as_str()));
        assert_eq!(fingerprint(&same).as_deref(), Some(same.as_str()));
        assert_eq!(fingerprint("CN=billing,O=Example"), None);
    }

    #[test]
    fn ticked_scopes_are_told_apart_by_resource() {
        let ticked = ["https://a.example read", "https://b.example read", "https://a.example write"];
        let grants = grants(ticked.into_iter()).unwrap();
        let scopes: Vec<usize> = grants.iter().map(|grant| grant.scopes.len()).collect();
        assert_eq!(scopes, [2, 1]);
        assert!(super::grants(["nothing"].into_iter()).is_err());
    }

    #[test]
    fn what_was_answered_survives_the_page_that_sums_it_up() {
        let form = "name=a+b&method=key_pair&public_key=k%0Al&scope=https%3A%2F%2Fa.example+read&scope=https%3A%2F%2Fa.example+write\
                    &business=b1&dialect=standard&dialect=asset&expires_in_days=90";
        let answers = Answers::of(&Fields::parse(form.as_bytes()).unwrap());
        let pairs = answers.fields();
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let sent: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let again = Answers::of(&Fields::parse(sent.join("&").as_bytes()).unwrap());
        assert_eq!(again.fields(), pairs);
        assert_eq!(pairs.len(), 9);
    }
}
