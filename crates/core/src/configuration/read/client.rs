//! Clients and what proves them.

use std::str::FromStr;

use serde_json::{Map, Value as Json};

use super::lists::{attributes, grants, parsed_list, required_list};
use super::quota::quota;
use super::{STATUS, identifier, lifetime, proposed_credential};
use crate::clock::Timestamp;
use crate::configuration::{ClientPart, CredentialPart, ProofPart};
use crate::document::{Node, TableReader, Value};
use crate::model::{
    AssertionAudience, BusinessAccess, ClientId, CredentialLimits, Profile, Proof, ProofKind, ScopeSet, ScopeToken, Status,
    TokenBinding,
};
use crate::random::Random;

const TOKEN_BINDING: [(&str, TokenBinding); 4] = [
    ("optional", TokenBinding::Optional),
    ("dpop", TokenBinding::Dpop),
    ("certificate", TokenBinding::Certificate),
    ("either", TokenBinding::Either),
];
const ASSERTION_AUDIENCE: [(&str, AssertionAudience); 2] =
    [("issuer", AssertionAudience::Issuer), ("legacy", AssertionAudience::Legacy)];
const PROFILE: [(&str, Profile); 1] = [("fapi2", Profile::Fapi2)];

pub(super) fn client(table: &TableReader<'_>, random: &dyn Random) -> Option<ClientPart> {
    let id = identifier(table, || ClientId::generate(random).to_string());
    let (tenant, name) = (table.required_parsed("tenant"), table.required_text("name"));
    let status = table.choice("status", &STATUS).unwrap_or(Status::Active);
    let dialects = required_list(table, "dialects");
    let businesses = businesses(table);
    let token_binding = table.choice("token_binding", &TOKEN_BINDING).unwrap_or_default();
    let assertion_audience = table.choice("assertion_audience", &ASSERTION_AUDIENCE).unwrap_or_default();
    let profile = table.choice("profile", &PROFILE);
    let serves = parsed_list(table, "serves").unwrap_or_default();
    let lifetime_max = lifetime(table);
    let (attributes, grants, quota) = (attributes(table), grants(table), quota(table));
    let mut credentials = Vec::new();
    for one in table.tables("credential").unwrap_or_default() {
        credentials.extend(credential(&one, random));
        one.finish();
    }
    Some(ClientPart {
        id: id?,
        tenant: tenant?,
        name: name?.to_owned(),
        status,
        dialects: dialects?,
        businesses: businesses?,
        lifetime_max,
        token_binding,
        assertion_audience,
        profile,
        serves,
        attributes,
        grants,
        quota,
        credentials,
    })
}

/// It must be said: what a slip would leave out is the most that a client can have.
fn businesses(table: &TableReader<'_>) -> Option<BusinessAccess> {
    let expected = "expected \"all\" or a list of businesses";
    let Some(node) = table.node("businesses") else {
        table.report(format!("`{}` is missing: {expected}", table.path_of("businesses")));
        return None;
    };
    match &node.value {
        Value::Text(text) if text == "all" => Some(BusinessAccess::All),
        Value::Array(_) => parsed_list(table, "businesses").map(BusinessAccess::Only),
        other => {
            let message = format!("`{}`: {expected}, found {}", table.path_of("businesses"), other.kind());
            table.diagnostics().report(&node.place, message);
            None
        }
    }
}

fn credential(table: &TableReader<'_>, random: &dyn Random) -> Option<CredentialPart> {
    let id = identifier(table, || proposed_credential(random));
    let proof = proof(table);
    let expires_at = table.parsed::<Moment>("expires_at").map(|moment| moment.0);
    let limits = CredentialLimits {
        networks: parsed_list(table, "networks").unwrap_or_default(),
        not_before: table.parsed::<Moment>("not_before").map(|moment| moment.0),
        scopes: parsed_list::<ScopeToken>(table, "scopes").map(ScopeSet::from_scopes),
        businesses: parsed_list(table, "businesses"),
    };
    Some(CredentialPart { id: id?, proof: proof?, expires_at, limits })
}

fn proof(table: &TableReader<'_>) -> Option<ProofPart> {
    const KINDS: [&str; 7] = ["secret", "shared_key", "public_key", "key_set", "certificate_name", "certificate", "federated"];
    let words = KINDS.map(|word| (word, word));
    let kind = table.required_choice("kind", &words).and_then(ProofKind::from_word);
    let keys: &[&'static str] = match kind? {
        ProofKind::Secret => return Some(ProofPart::Secret),
        ProofKind::SharedKey => return Some(ProofPart::SharedKey),
        ProofKind::PublicKey => &["jwk"],
        ProofKind::KeySet => &["uri"],
        ProofKind::CertificateName => &["subject", "dns", "uri", "ip", "email"],
        ProofKind::Certificate => &["sha256"],
        ProofKind::Federated => &["issuer", "jwks_uri", "conditions", "single_use"],
    };
    let mut details = Map::new();
    for key in keys {
        details.extend(table.node(key).map(|node| ((*key).to_owned(), json(node))));
    }
    let proof = Proof::from_details(kind?, Json::Object(details));
    let told = |error| table.report(format!("`{}`: expected {}: {error}", table.path_of("kind"), keys.join(", ")));
    proof.map(ProofPart::Public).map_err(told).ok()
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Boolean(value) => (*value).into(),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Table(table) => table.iter().map(|(key, node)| (key.name.clone(), json(node))).collect(),
        // No proof has one: it is refused where a member of its kind is expected.
        Value::Other(_) => Json::Null,
    }
}

/// A moment as RFC 3339 writes it, to the second.
struct Moment(Timestamp);

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let moment = text.parse::<jiff::Timestamp>().ok().filter(|moment| moment.subsec_nanosecond() == 0);
        moment.map(|moment| Moment(Timestamp(moment.as_second()))).ok_or("expected a moment such as 2027-01-15T09:30:00Z")
    }
}
