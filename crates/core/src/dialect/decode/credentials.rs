//! From the credentials of a request to the one that proves its client.

use http::HeaderMap;

use super::basic::{self, Basic};
use crate::crypto::{ClientSecret, SecretText};
use crate::dialect::auth_method::AuthMethod;
use crate::dialect::rules::RequestRules;
use crate::model::ClientId;
use crate::token::{ClientAssertion, Presented};

/// The one type of assertions (RFC 7523 section 2.2).
pub(in crate::dialect) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The parameters that have to do with who is calling.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) client_id: Option<String>,
    pub(super) secret: Option<SecretText>,
    pub(super) assertion: Option<SecretText>,
    pub(super) assertion_type: Option<String>,
}

impl Credentials {
    /// What proves the client: one credential in the places that the dialect reads, or the reason why there is none.
    pub(super) fn presented(self, rules: &RequestRules, headers: &HeaderMap) -> Presented {
        let basic = match rules.basic {
            Some(decoding) => basic::read(headers, decoding, rules.encoding),
            None => Basic::Absent,
        };
        let secret = self.secret.filter(|secret| !secret.is_empty());
        let has_assertion = self.assertion.is_some() || self.assertion_type.is_some();
        match (basic, secret, has_assertion) {
            (Basic::Repeated, ..) | (_, Some(_), true) => Presented::Repeated,
            (Basic::Malformed | Basic::Pair { .. }, secret, has_assertion) if secret.is_some() || has_assertion => {
                Presented::Repeated
            }
            (Basic::Malformed, ..) => Presented::Malformed,
            (Basic::Pair { client_id: named, .. }, ..) if self.client_id.as_ref().is_some_and(|other| *other != named) => {
                Presented::Repeated
            }
            (Basic::Pair { client_id, secret }, ..) => Presented::Secret { client_id: parse_id(&client_id), secret },
            (Basic::Absent, None, true) => assertion(self.client_id.as_deref(), self.assertion, self.assertion_type.as_deref()),
            (Basic::Absent, Some(secret), false) => match self.client_id {
                Some(client_id) if rules.methods.contains(AuthMethod::ClientSecretPost) => {
                    Presented::Secret { client_id: parse_id(&client_id), secret }
                }
                _ => Presented::Absent,
            },
            (Basic::Absent, None, false) => match self.client_id {
                Some(client_id) if rules.methods.take_certificates() => Presented::Named { client_id: parse_id(&client_id) },
                _ => Presented::Absent,
            },
        }
    }
}

/// A secret in the place of the name is no name, and so never gets into a log.
fn parse_id(id: &str) -> Option<ClientId> {
    id.parse::<ClientId>().ok().filter(|id| !ClientSecret::is_like(id.as_str()))
}

fn assertion(client_id: Option<&str>, text: Option<SecretText>, assertion_type: Option<&str>) -> Presented {
    match (text, assertion_type) {
        (Some(text), Some(JWT_BEARER)) => {
            let is_named = client_id.is_some();
            // An assertion that names its client itself need not be helped (RFC 7521 section 4.2).
            let client_id = match client_id {
                Some(id) => parse_id(id),
                None => ClientAssertion::subject_of(text.expose()).as_deref().and_then(parse_id),
            };
            Presented::Assertion(Box::new(ClientAssertion { client_id, is_named, text }))
        }
        _ => Presented::Malformed,
    }
}
