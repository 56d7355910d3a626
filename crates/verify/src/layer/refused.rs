//! Causes of a refusal and the challenges of RFC 6750 section 3.

use std::fmt::{self, Write as _};

use http::StatusCode;

use crate::TokenError;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// No `Authorization` header, or one of another scheme than `Bearer`.
    TokenMissing,
    /// Two `Authorization` headers, or one that holds no single token.
    RequestMalformed,
    /// The token is refused.
    TokenInvalid(TokenError),
    /// The token is good but does not allow this.
    ScopeInsufficient {
        /// All scopes that are needed, separated by spaces.
        needed: String,
    },
}

impl Refused {
    /// The status of RFC 6750 section 3.1: 401, 400 or 403.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::TokenMissing | Self::TokenInvalid(_) => StatusCode::UNAUTHORIZED,
            Self::RequestMalformed => StatusCode::BAD_REQUEST,
            Self::ScopeInsufficient { .. } => StatusCode::FORBIDDEN,
        }
    }

    /// The value of the `WWW-Authenticate` header, with the URL of the resource's metadata if there is one (RFC 9728
    /// section 5.1).
    ///
    /// A client that sent no token is told no error code (RFC 6750 section 3.1).
    pub fn challenge(&self, resource_metadata: Option<&str>) -> String {
        let mut challenge = Challenge::default();
        match self {
            Self::TokenMissing => {}
            Self::RequestMalformed => {
                challenge.add("error", "invalid_request");
                challenge.add("error_description", &self.to_string());
            }
            Self::TokenInvalid(_) => {
                challenge.add("error", "invalid_token");
                challenge.add("error_description", &self.to_string());
            }
            Self::ScopeInsufficient { needed } => {
                challenge.add("error", "insufficient_scope");
                challenge.add("scope", needed);
            }
        }
        if let Some(url) = resource_metadata {
            challenge.add("resource_metadata", url);
        }
        challenge.finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenMissing => formatter.write_str("the request has no access token"),
            Self::RequestMalformed => formatter.write_str("the request must have one Authorization header with one token"),
            Self::TokenInvalid(cause) => cause.fmt(formatter),
            Self::ScopeInsufficient { needed } => write!(formatter, "the token must have the scope {needed}"),
        }
    }
}

impl std::error::Error for Refused {}

#[derive(Default)]
struct Challenge(String);

impl Challenge {
    /// Adds `name="value"`. What cannot stand in the quotes is percent-encoded (RFC 6750 section 3 allows %x20-21,
    /// %x23-5B and %x5D-7E), so that no value can end the header or begin another parameter.
    fn add(&mut self, name: &str, value: &str) {
        let separator = if self.0.is_empty() { " " } else { ", " };
        self.0.push_str(separator);
        self.0.push_str(name);
        self.0.push_str("=\"");
        for byte in value.bytes() {
            match byte {
                b'"' | b'\\' | 0..=0x1f | 0x7f.. => {
                    // Writing into a `String` cannot fail.
                    let _ = write!(self.0, "%{byte:02X}");
                }
                _ => self.0.push(byte.into()),
            }
        }
        self.0.push('"');
    }

    fn finish(self) -> String {
        format!("Bearer{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_token_the_challenge_has_no_error() {
        assert_eq!(Refused::TokenMissing.challenge(None), "Bearer");
        assert_eq!(
            Refused::TokenMissing.challenge(Some("https://api.example/.well-known/oauth-protected-resource")),
            r#"Bearer resource_metadata="https://api.example/.well-known/oauth-protected-resource""#
        );
    }

    #[test]
    fn each_error_has_its_code() {
        assert_eq!(
            Refused::TokenInvalid(TokenError::Expired).challenge(Some("https://m")),
            r#"Bearer error="invalid_token", error_description="the token has expired", resource_metadata="https://m""#
        );
        assert_eq!(
            Refused::RequestMalformed.challenge(None),
            concat!(
                r#"Bearer error="invalid_request", "#,
                r#"error_description="the request must have one Authorization header with one token""#
            )
        );
        let needed = "a b".to_owned();
        assert_eq!(Refused::ScopeInsufficient { needed }.challenge(None), r#"Bearer error="insufficient_scope", scope="a b""#);
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let challenge = Refused::TokenMissing.challenge(Some("https://m/\",\\ realm=\"\r\nX: é"));
        assert_eq!(challenge, r#"Bearer resource_metadata="https://m/%22,%5C realm=%22%0D%0AX: %C3%A9""#);
    }

    #[test]
    fn messages_about_tokens_can_stand_in_a_challenge() {
        use crate::Part;
        for cause in [
            TokenError::TooLong,
            TokenError::NotCompact,
            TokenError::Encoding(Part::Signature),
            TokenError::Malformed(Part::Header),
            TokenError::DuplicateMember(Part::Claims),
            TokenError::ForbiddenHeader("jku"),
            TokenError::UnknownKey,
            TokenError::ClaimMissing("client_id"),
            TokenError::SenderConstrained,
        ] {
            let text = cause.to_string();
            assert!(Refused::TokenInvalid(cause).challenge(None).contains(&text), "{text}");
        }
    }
}
