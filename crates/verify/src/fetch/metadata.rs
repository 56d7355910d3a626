//! What an issuer says of itself (RFC 8414): where its keys and revocations are.

use std::time::Duration;

use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{FetchError, Get, address, transport::Fetcher};
use crate::json;

const TIME_LIMIT: Duration = Duration::from_secs(5);
const MAX_BODY: usize = 64 * 1024;

/// The members that are needed.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) jwks_uri: Uri,
    pub(super) revocations_uri: Option<Uri>,
}

/// The members as they are found; the flattened rest keeps serde from reading an array as an object.
#[derive(Deserialize)]
struct Members {
    issuer: Option<String>,
    jwks_uri: Option<String>,
    mintmark_revocations_uri: Option<String>,
    #[serde(flatten)]
    _others: Map<String, Value>,
}

impl Metadata {
    pub(super) async fn fetch(fetcher: &Fetcher, uri: Uri, issuer: &str) -> Result<Self, FetchError> {
        let get = Get { uri, headers: http::HeaderMap::new(), max_body: MAX_BODY };
        let answer = fetcher.get(get, TIME_LIMIT).await?;
        Self::read(&answer.body, issuer)
    }

    /// The issuer must be the very one that was asked for (RFC 8414 section 3.3): otherwise whoever can place a document on
    /// a host could speak for another one.
    fn read(bytes: &[u8], issuer: &str) -> Result<Self, FetchError> {
        let members: Members = json::from_slice(bytes).map_err(|_| FetchError::Metadata("it is no JSON object"))?;
        if members.issuer.as_deref() != Some(issuer) {
            return Err(FetchError::WrongIssuer);
        }
        let jwks_uri = members.jwks_uri.ok_or(FetchError::Metadata("it has no jwks_uri"))?;
        let revocations_uri = members.mintmark_revocations_uri.as_deref().map(address::parse).transpose()?;
        Ok(Self { jwks_uri: address::parse(&jwks_uri)?, revocations_uri })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://auth.example";

    #[test]
    fn metadata_name_keys_and_revocations() {
        let text = br#"{"issuer":"https://auth.example","jwks_uri":"https://auth.example/jwks","token_endpoint":"x"}"#;
        let metadata = Metadata::read(text, ISSUER);
        assert!(metadata.is_ok_and(|metadata| metadata.jwks_uri.path() == "/jwks" && metadata.revocations_uri.is_none()));
        let text = br#"{"issuer":"https://auth.example","jwks_uri":"/a","mintmark_revocations_uri":"https://auth.example/r"}"#;
        let revocations = Metadata::read(text, ISSUER).map(|metadata| metadata.revocations_uri);
        assert!(revocations.is_ok_and(|uri| uri.is_some_and(|uri| uri.path() == "/r")));
    }

    #[test]
    fn metadata_of_another_issuer_are_refused() {
        for issuer in ["https://other.example", "https://auth.example/", "HTTPS://auth.example"] {
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://auth.example/jwks"}}"#);
            assert!(matches!(Metadata::read(text.as_bytes(), ISSUER), Err(FetchError::WrongIssuer)), "{issuer}");
        }
        let without = Metadata::read(br#"{"jwks_uri":"https://auth.example/jwks"}"#, ISSUER);
        assert!(matches!(without, Err(FetchError::WrongIssuer)));
    }

    #[test]
    fn what_is_no_metadata_is_refused() {
        for text in [
            "",
            "<html>",
            "[]",
            r#"["https://auth.example","https://auth.example/jwks",null,{}]"#,
            r#"{"issuer":"https://auth.example"}"#,
            r#"{"issuer":"https://auth.example","jwks_uri":1}"#,
            r#"{"issuer":"https://auth.example","jwks_uri":"https://a","jwks_uri":"https://b"}"#,
        ] {
            assert!(matches!(Metadata::read(text.as_bytes(), ISSUER), Err(FetchError::Metadata(_))), "{text}");
        }
    }
}
