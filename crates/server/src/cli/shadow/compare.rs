//! Where the existing endpoint's answer and Mintmark's differ. Neither is kept: the comparison is of what a recording would have.

use std::sync::PoisonError;

use http::{HeaderMap, StatusCode};
use mintmark_core::dialect::{AnswerContext, Dialect, Encoded, Fault, Granted};
use mintmark_core::model::ClientId;
use mintmark_core::store::Store;
use mintmark_core::token::{Denial, DryRun};

use super::Shadow;
use super::path::Spelling;
use super::verdict::Asked;
use crate::recording::{Difference, SeenAnswer, SeenRequest, TokenShape, differences, keep};

/// Stands where a token would.
const NO_TOKEN: &str = "none";

/// An answer of the existing endpoint.
pub(super) struct Seen {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl<S: Store> Shadow<S> {
    /// The differences to what Mintmark would answer, which is found out now if it was not before.
    pub(super) async fn compared(&self, asked: &Asked, seen: &Seen, found: Option<Box<DryRun>>) -> Vec<Difference> {
        let head = &asked.request.head;
        if asked.spelling == Spelling::Other {
            // The path itself may hold anything, so it is not told.
            let what = "path".to_owned();
            let recorded = format!("another spelling of {}", asked.dialect.route.path);
            return vec![Difference { what, recorded, mintmark: "not served as the token endpoint".to_owned() }];
        }
        let request = SeenRequest { method: &head.method, uri: &head.uri, headers: &head.headers, body: &asked.request.body };
        let answer = SeenAnswer { status: seen.status, headers: &seen.headers, body: &seen.body };
        let path = head.uri.path();
        if head.method != asked.dialect.route.method {
            let kept = keep(&mut self.placeholders.lock().unwrap_or_else(PoisonError::into_inner), request, answer);
            return differences(&kept.answer, &self.refusal(&asked.dialect, path, &Denial::MethodRefused));
        }
        let found = match found {
            Some(found) => found,
            None => Box::new(self.decide(asked).await),
        };
        let kept = keep(&mut self.placeholders.lock().unwrap_or_else(PoisonError::into_inner), request, answer);
        let mut differing = differences(&kept.answer, &self.answer_of(&asked.dialect, path, &found));
        if let (Some(shape), Some(token)) = (&kept.answer.token, &found.token) {
            differing.extend(claims_that_differ(shape, &token.claims));
        }
        differing
    }

    /// Mintmark's answer, without a token in it.
    fn answer_of(&self, dialect: &Dialect, path: &str, found: &DryRun) -> Encoded {
        let Some(token) = &found.token else {
            let denial = found.denial.clone().unwrap_or(Denial::Internal("a dry run without a reason"));
            return self.refusal(dialect, path, &denial);
        };
        let now = self.endpoint.clock.now();
        let granted = Granted {
            access_token: NO_TOKEN,
            token_type: token.token_type,
            expires_at: now.plus(token.lifetime),
            now,
            scope: &token.scope,
            client_id: found.client_id.as_ref().map_or("", ClientId::as_str),
        };
        dialect.encode_token(granted, self.context(path, "shadow"))
    }

    /// A refusal as the dialect tells it.
    pub(super) fn refusal(&self, dialect: &Dialect, path: &str, denial: &Denial) -> Encoded {
        let id = self.request_ids.next();
        let context = AnswerContext { retry_after: denial.retry_after(), ..self.context(path, id.as_str()) };
        // A fault that this endpoint's dialect cannot have is told as what every one can have.
        let fault = Some(denial.fault()).filter(|fault| dialect.answers(*fault)).unwrap_or(Fault::ClientRefused);
        dialect.encode_fault(fault, denial.problems(), context)
    }

    fn context<'a>(&'a self, path: &'a str, request_id: &'a str) -> AnswerContext<'a> {
        AnswerContext { issuer: &self.issuer, request_id, path, rate: None, retry_after: None, dpop_nonce: None, echo: &[] }
    }
}

/// Claims that services may rely on and Mintmark's tokens would lack, or have with another kind of value.
fn claims_that_differ(shape: &TokenShape, claims: &serde_json::Map<String, serde_json::Value>) -> Vec<Difference> {
    let kind = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "list",
        serde_json::Value::Object(_) => "object",
    };
    let differs = |(name, recorded): &(String, String)| {
        // It is random, so a dry run does not have it.
        let own = if name == "jti" { "text" } else { claims.get(name).map_or("(none)", kind) };
        (own != recorded).then(|| Difference {
            what: format!("claim {name}"),
            recorded: recorded.clone(),
            mintmark: own.to_owned(),
        })
    };
    shape.claims.iter().filter_map(differs).collect()
}
