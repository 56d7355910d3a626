//! From a token or a fault to status, headers and body: copying segments and filling slots.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::fault::Fault;
use super::rules::{Dialect, ExpiresIn, FaultAnswer, Origin};
use super::template::{Fill, Slot, Template};
use crate::clock::Timestamp;
use crate::token::{Problem, RateStatus};

/// RFC 9449 section 8.
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Room for what nearly every answer has besides the token, in bytes.
const USUAL_REST: usize = 160;
/// Room for the headers of nearly every answer, with the request's id that the server adds.
const USUAL_HEADERS: usize = 6;

/// An answer, ready to be sent.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The status.
    pub status: StatusCode,
    /// All headers but those that frame the message.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What an answer may tell besides the token or the fault.
#[derive(Debug, Clone, Copy)]
pub struct AnswerContext<'a> {
    /// The environment's issuer URL.
    pub issuer: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// The path that was asked for.
    pub path: &'a str,
    /// The rate limit of an authenticated client.
    pub rate: Option<RateStatus>,
    /// When to try again, in seconds, on 429 and 503.
    pub retry_after: Option<u32>,
    /// A nonce for the client's next `DPoP` proof.
    pub dpop_nonce: Option<&'a str>,
    /// Headers that come back as sent.
    pub echo: &'a [(HeaderName, HeaderValue)],
}

/// A token, as an answer tells of it.
#[derive(Debug, Clone, Copy)]
pub struct Granted<'a> {
    /// The token.
    pub access_token: &'a str,
    /// How it is to be presented: `Bearer` or `DPoP`.
    pub token_type: &'a str,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Its scopes, as asked or as granted.
    pub scope: &'a str,
    /// Whose it is.
    pub client_id: &'a str,
}

impl Dialect {
    /// Answers with a token.
    pub fn encode_token(&self, granted: Granted<'_>, context: AnswerContext<'_>) -> Encoded {
        let expires_in = match self.answer.expires_in {
            ExpiresIn::Absolute => granted.expires_at.0,
            ExpiresIn::Relative => granted.expires_at.0.saturating_sub(granted.now.0),
        };
        let mut body = Vec::with_capacity(granted.access_token.len() + USUAL_REST);
        self.answer.body.render(&mut body, |slot| match slot {
            Slot::AccessToken => Fill::Text(granted.access_token),
            Slot::TokenType => Fill::Text(granted.token_type),
            Slot::ExpiresIn => Fill::Number(expires_in),
            Slot::ExpiresAt => Fill::Number(granted.expires_at.0),
            Slot::IssuedAt => Fill::Number(granted.now.0),
            Slot::ClientId => Fill::Text(granted.client_id),
            Slot::Scope => Fill::Text(granted.scope),
            Slot::Issuer => Fill::Text(context.issuer),
            _ => Fill::Text(context.request_id),
        });
        self.finish(StatusCode::OK, body, context)
    }

    /// Whether the file has an answer to a fault.
    pub fn answers(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Answers a fault.
    pub fn encode_fault(&self, fault: Fault, problems: &[Problem], context: AnswerContext<'_>) -> Encoded {
        let Some(answer) = self.faults.answer(fault) else {
            // The loader insists on an answer to internal faults, so this is a dialect that no loader made.
            return self.finish(StatusCode::INTERNAL_SERVER_ERROR, Vec::new(), context);
        };
        let listed = self.encode_problems(answer, problems);
        let mut body = Vec::with_capacity(256);
        answer.body.render(&mut body, |slot| match slot {
            Slot::Problems => Fill::Json(&listed),
            Slot::Path => Fill::Text(context.path),
            Slot::Issuer => Fill::Text(context.issuer),
            _ => Fill::Text(context.request_id),
        });
        let mut encoded = self.finish(answer.status, body, context);
        if let Some(challenge) = answer.challenge.as_ref().and_then(|template| header_value(template, context)) {
            encoded.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if fault == Fault::MethodRefused
            && let Ok(method) = HeaderValue::from_str(self.route.method.as_str())
        {
            encoded.headers.insert(ALLOW, method);
        }
        encoded
    }

    /// Sends a request to the endpoint's path as written, keeping method and body (RFC 9110 section 15.4.9).
    pub fn encode_redirect(&self, query: Option<&str>, context: AnswerContext<'_>) -> Encoded {
        let mut encoded = self.finish(StatusCode::PERMANENT_REDIRECT, Vec::new(), context);
        // A query that the dialect does not read is not repeated: somebody may have put a secret into it.
        let query = query.filter(|_| self.request.parameters.iter().any(|one| one.from.contains(&Origin::Query)));
        let location = query.map_or_else(|| self.route.path.clone(), |query| format!("{}?{query}", self.route.path));
        if let Ok(location) = HeaderValue::from_str(&location) {
            encoded.headers.insert(LOCATION, location);
        }
        encoded
    }

    fn encode_problems(&self, answer: &FaultAnswer, problems: &[Problem]) -> Vec<u8> {
        let mut listed = Vec::new();
        if answer.problem.is_none() {
            if let Some(template) = &answer.no_problem {
                template.render(&mut listed, |_| Fill::Json(b"null"));
            }
            return listed;
        }
        listed.push(b'[');
        for problem in problems {
            // Each problem is worded by its own fault's answer.
            let template = self.faults.answer(problem.fault).and_then(|own| own.problem.as_ref());
            let Some(template) = template.or(answer.problem.as_ref()) else { continue };
            if listed.len() > 1 {
                listed.push(b',');
            }
            template.render(&mut listed, |slot| match slot {
                Slot::In => Fill::Text(problem.place.as_str()),
                _ => Fill::Text(&problem.parameter),
            });
        }
        listed.push(b']');
        listed
    }

    fn finish(&self, status: StatusCode, body: Vec<u8>, context: AnswerContext<'_>) -> Encoded {
        let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(seconds) = context.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if context.rate.is_some() {
            for (name, template) in &self.headers {
                if let Some(value) = header_value(template, context) {
                    headers.insert(name.clone(), value);
                }
            }
        }
        if let Some(nonce) = context.dpop_nonce.and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
        for (name, value) in context.echo {
            headers.insert(name.clone(), value.clone());
        }
        Encoded { status, headers, body: Bytes::from(body) }
    }
}

fn header_value(template: &Template, context: AnswerContext<'_>) -> Option<HeaderValue> {
    let mut value = Vec::new();
    let rate = context.rate.unwrap_or_default();
    template.render(&mut value, |slot| match slot {
        Slot::RateLimit => Fill::Number(rate.limit.into()),
        Slot::RateRemaining => Fill::Number(rate.remaining.into()),
        Slot::RateReset => Fill::Number(rate.reset.0),
        _ => Fill::Text(context.issuer),
    });
    HeaderValue::from_bytes(&value).ok()
}

#[cfg(test)]
mod tests;
