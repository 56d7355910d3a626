use std::fmt;

use crate::registry::check_issuer;

/// Where the dashboard is: scheme, host and port, as browsers write it (RFC 6454 section 6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
}

/// Why a text is no origin to manage at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginError;

impl fmt::Display for OriginError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(
            "expected an origin as browsers write it: https://host or https://host:port (http on loopback), lower case",
        )
    }
}

impl std::error::Error for OriginError {}

impl Origin {
    /// Reads an origin.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        check_issuer(text).map_err(|_| OriginError)?;
        let uri = fluent_uri::Uri::parse(text).map_err(|_| OriginError)?;
        let authority = uri.authority().ok_or(OriginError)?;
        let default = if uri.scheme().as_str() == "https" { "443" } else { "80" };
        let port = authority.port().map(fluent_uri::pct_enc::EStr::as_str);
        let is_as_browsers_write =
            text.bytes().all(|byte| !byte.is_ascii_uppercase()) && port.is_none_or(|port| port != default);
        if !is_as_browsers_write || port.is_some_and(str::is_empty) || text.ends_with('/') {
            return Err(OriginError);
        }
        Ok(Self { text: text.to_owned(), host: authority.host().to_owned() })
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, which passkeys belong to (the `rpId` of Web Authentication section 5.4.2).
    pub fn relying_party_id(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_browsers_write_it() {
        for (text, host) in [
            ("https://admin.example", "admin.example"),
            ("https://admin.example:8443", "admin.example"),
            ("http://localhost:9010", "localhost"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().relying_party_id(), host);
        }
        for text in [
            "https://Admin.example",
            "https://admin.example/",
            "https://admin.example:443",
            "http://localhost:80",
            "https://admin.example:",
            "http://admin.example",
            "https://user@admin.example",
            "admin.example",
        ] {
            assert_eq!(Origin::parse(text), Err(OriginError), "{text}");
        }
    }
}
