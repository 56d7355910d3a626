//! Problem details (RFC 9457): every error of the API. One table says the status of each kind.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mintmark_core::management::CALLS_PER_MINUTE;
use mintmark_core::registry::RegistryError;
use mintmark_core::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::{Moment, Refusal};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal $status:ident $title:literal;)+) => {
        /// The kinds of problems.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[schema(as = ProblemCode)]
        pub enum ProblemKind { $($(#[doc = $doc])+ #[serde(rename = $code)] #[schema(rename = $code)] $name),+ }

        impl ProblemKind {
            /// All of them.
            pub const ALL: &[ProblemKind] = &[$(ProblemKind::$name),+];

            /// Its name, which never changes.
            pub fn code(self) -> &'static str {
                match self { $(ProblemKind::$name => $code),+ }
            }

            /// Its status.
            pub fn status(self) -> StatusCode {
                match self { $(ProblemKind::$name => StatusCode::$status),+ }
            }

            /// A short name for people.
            pub fn title(self) -> &'static str {
                match self { $(ProblemKind::$name => $title),+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(ProblemKind::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

kinds! {
    /// The body or the query cannot be read.
    Malformed = "malformed" BAD_REQUEST "The request cannot be read";
    /// There is no token and no session.
    Unauthenticated = "unauthenticated" UNAUTHORIZED "Who are you?";
    /// The token or session is not, or no longer, good.
    TokenInvalid = "token_invalid" UNAUTHORIZED "The token is not valid";
    /// The role does not permit the operation, whatever the object; or, of a member that `field` names, only the operator may change it so.
    Forbidden = "forbidden" FORBIDDEN "Your role does not permit this";
    /// A page from elsewhere sent the request.
    OriginForeign = "origin_foreign" FORBIDDEN "A page from elsewhere asks";
    /// A session was to change something; that needs a token.
    SessionReadsOnly = "session_reads_only" FORBIDDEN "A session only reads here";
    /// There is no such object within reach, or no such path.
    NotFound = "not_found" NOT_FOUND "There is no such object";
    /// The path has no such method.
    MethodNotAllowed = "method_not_allowed" METHOD_NOT_ALLOWED "There is no such method here";
    /// The body did not arrive in time, or broke off.
    BodyIncomplete = "body_incomplete" REQUEST_TIMEOUT "The body did not arrive";
    /// There is an object of that name already.
    Exists = "exists" CONFLICT "There is one already";
    /// The rules do not allow it as things are.
    NotAllowed = "not_allowed" CONFLICT "The rules do not allow it";
    /// Somebody else is changing the same object; try again.
    Conflict = "conflict" CONFLICT "Somebody else is changing it";
    /// Tokens that the signing key signed may still be valid; `until` says until when.
    KeyNeeded = "key_needed" CONFLICT "The key is still needed";
    /// A request with this idempotency key is in work, or broke off: look whether it was done.
    RequestUnanswered = "request_unanswered" CONFLICT "The first request has no answer yet";
    /// The request was done before; its answer held a secret, which is shown once. `location` names what was made.
    SecretShown = "secret_shown" CONFLICT "The secret was shown already";
    /// The object has another version than `If-Match` says.
    Changed = "changed" PRECONDITION_FAILED "It has changed";
    /// The body is larger than a mebibyte.
    TooLarge = "too_large" PAYLOAD_TOO_LARGE "The body is too large";
    /// The body is no JSON.
    MediaType = "media_type" UNSUPPORTED_MEDIA_TYPE "The body must be JSON";
    /// A value is not of its form, or names something that does not exist; `field` says which.
    Invalid = "invalid" UNPROCESSABLE_ENTITY "A value is not as it should be";
    /// The idempotency key came before with another request.
    KeyReused = "key_reused" UNPROCESSABLE_ENTITY "The idempotency key was used for something else";
    /// A change needs `If-Match` with the entity tag of what you saw.
    MatchMissing = "match_missing" PRECONDITION_REQUIRED "If-Match is missing";
    /// More was asked for than one program or person may in a minute; `Retry-After` says when to go on.
    Limited = "limited" TOO_MANY_REQUESTS "Slow down";
    /// Whether the change was made is unknown: look before you try again.
    OutcomeUnknown = "outcome_unknown" INTERNAL_SERVER_ERROR "Whether it was done is unknown";
    /// A stored row cannot be read.
    Damaged = "damaged" INTERNAL_SERVER_ERROR "Something stored cannot be read";
    /// The store cannot be used now, or the clocks differ; nothing was changed.
    Unavailable = "unavailable" SERVICE_UNAVAILABLE "Not now";
}

/// A problem, as the API tells it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind_uri: Box<str>,
    /// The kind's short name.
    title: &'static str,
    /// The status.
    status: u16,
    /// The kind, for programs.
    code: ProblemKind,
    /// What happened, for people.
    detail: String,
    /// Which value is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    field: Option<&'static str>,
    /// Where the object is that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    location: Option<String>,
    /// In how many seconds to try again.
    #[serde(skip)]
    retry_after: u32,
    /// Until when it is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Moment, required = false)]
    until: Option<Moment>,
}

impl Problem {
    /// A problem of a kind, with what happened.
    pub fn new(code: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind_uri: format!("/admin/v1/docs#problem-{}", code.code()).into(),
            title: code.title(),
            status: code.status().as_u16(),
            code,
            detail: detail.into(),
            field: None,
            location: None,
            retry_after: 5,
            until: None,
        }
    }

    /// The status of its answer.
    pub(in crate::admin) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What happened, for people.
    pub(in crate::admin) fn detail(&self) -> &str {
        &self.detail
    }

    /// The same, about one value.
    pub(super) fn of_field(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// Where the object is.
    pub(super) fn at(self, location: Option<String>) -> Self {
        Self { location, ..self }
    }

    /// The one answer to whatever is not there or out of reach: it names nothing (rule S4).
    pub(in crate::admin) fn not_found() -> Self {
        Self::new(ProblemKind::NotFound, "There is no such object, or it is not yours.")
    }

    /// The one answer to whoever has a role that does not permit the operation.
    pub(in crate::admin) fn forbidden() -> Self {
        Self::new(ProblemKind::Forbidden, "Your role does not permit this.")
    }

    /// The answer to whoever asks too much.
    pub(in crate::admin) fn limited(seconds: u32) -> Self {
        let detail = format!("One program or person may send {CALLS_PER_MINUTE} requests in a minute. Wait {seconds} s.");
        Self { retry_after: seconds, ..Self::new(ProblemKind::Limited, detail) }
    }

    /// What the store's failure means. The cause is for the log.
    pub(in crate::admin) fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "management request not answered");
                Self::new(ProblemKind::Unavailable, "The store cannot be used now; nothing was changed.")
            }
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "management request not answered");
                Self::new(ProblemKind::Damaged, "A stored row cannot be read; the log says which.")
            }
        }
    }

    fn of_registry(error: RegistryError) -> Self {
        match error {
            RegistryError::Invalid { field, expected } => {
                Self::new(ProblemKind::Invalid, format!("{field}: expected {expected}")).of_field(field)
            }
            // The object itself was found before: this is about what it refers to.
            RegistryError::NotFound(what) => Self::new(ProblemKind::Invalid, format!("there is no {what}")),
            RegistryError::Exists(what) => Self::new(ProblemKind::Exists, format!("there is already {what}")),
            RegistryError::NotAllowed(why) => Self::new(ProblemKind::NotAllowed, why),
            RegistryError::KeyNeeded { kid, until } => {
                let detail = format!("tokens that {kid} signed may still be valid; to remove it all the same, confirm its id");
                Self { until: until.map(Moment::from), ..Self::new(ProblemKind::KeyNeeded, detail) }
            }
            RegistryError::Conflict => Self::new(ProblemKind::Conflict, RegistryError::Conflict.to_string()),
            RegistryError::Store(error) => Self::of_store(&error),
            RegistryError::Unknown(cause) => {
                tracing::error!(cause, "whether a management request was done is unknown");
                let detail = "The store was lost while it committed: look whether it was done before you try again.";
                Self::new(ProblemKind::OutcomeUnknown, detail)
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Forbidden(_) => Self::forbidden(),
            Refusal::OperatorOnly(member) => Self::new(ProblemKind::Forbidden, detail).of_field(member),
            Refusal::NotFound => Self::not_found(),
            Refusal::Invalid { field, .. } => Self::new(ProblemKind::Invalid, detail).of_field(field),
            Refusal::Changed => Self::new(ProblemKind::Changed, detail),
            Refusal::ClockOff(_) => Self::new(ProblemKind::Unavailable, detail),
            Refusal::Limited(seconds) => Self { retry_after: seconds, ..Self::new(ProblemKind::Limited, detail) },
            Refusal::Registry(error) => Self::of_registry(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.code {
            ProblemKind::Unauthenticated => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            ProblemKind::TokenInvalid => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
            }
            ProblemKind::Unavailable | ProblemKind::Limited => {
                headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after));
            }
            _ => {}
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_document_has_words_and_no_names_of_rust() {
        let document = serde_json::to_value(crate::admin::document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let named = schemas.iter().filter_map(|(name, schema)| Some((name, schema["enum"].as_array()?)));
        // Algorithms alone are called so.
        for (name, words) in named.filter(|(name, _)| *name != "Algorithm") {
            let is_word =
                |word: &Value| word.as_str().is_none_or(|word| !word.starts_with(|first: char| first.is_ascii_uppercase()));
            assert!(words.iter().all(is_word), "{name}: {words:?}");
        }
    }

    #[test]
    fn the_document_names_problems_as_answers_do() {
        let document = serde_json::to_value(crate::admin::document()).unwrap();
        let codes: Vec<Value> = ProblemKind::ALL.iter().map(|kind| json!(kind.code())).collect();
        assert_eq!(document.pointer("/components/schemas/ProblemCode/enum"), Some(&Value::Array(codes)));
    }
}
