//! Which addresses are fetched from, and where an issuer's metadata are.

use std::net::IpAddr;

use http::{Uri, uri::Scheme};

use super::FetchError;

/// `https`, or `http` to this very machine where that is allowed. Without user information, which would be a secret in an
/// address.
pub(super) fn check(uri: &Uri, allows_loopback_http: bool) -> Result<(), FetchError> {
    let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(FetchError::Address("it is not absolute"));
    };
    if authority.as_str().contains('@') {
        return Err(FetchError::Address("it has user information in it"));
    }
    if *scheme == Scheme::HTTPS {
        return Ok(());
    }
    if *scheme != Scheme::HTTP {
        return Err(FetchError::Address("it is not of the scheme https"));
    }
    match (allows_loopback_http, is_loopback(authority.host())) {
        (true, true) => Ok(()),
        (true, false) => Err(FetchError::Address("http is allowed to a loopback address only")),
        (false, _) => Err(FetchError::Address("it is not of the scheme https")),
    }
}

/// `localhost` is a loopback name everywhere (RFC 6761 section 6.3).
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

pub(super) fn parse(text: &str) -> Result<Uri, FetchError> {
    text.parse().map_err(|_| FetchError::Address("it is no URI"))
}

/// The address of an issuer's metadata: the well-known part goes between host and path (RFC 8414 section 3.1).
pub(super) fn metadata(issuer: &str) -> Result<Uri, FetchError> {
    const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";
    if issuer.contains(['?', '#']) {
        return Err(FetchError::Address("an issuer has neither query nor fragment"));
    }
    let (scheme, rest) = issuer.split_once("://").ok_or(FetchError::Address("it is not absolute"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    parse(&format!("{scheme}://{authority}{WELL_KNOWN}{}", path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, allows_loopback_http: bool) -> bool {
        parse(text).is_ok_and(|uri| check(&uri, allows_loopback_http).is_ok())
    }

    #[test]
    fn addresses_are_https() {
        for text in ["https://auth.example/jwks", "HTTPS://auth.example:8443", "https://[::1]/"] {
            assert!(checked(text, false), "{text}");
        }
        for text in
            ["http://auth.example", "http://127.0.0.1", "ftp://auth.example", "/jwks", "auth.example", "file:///etc/passwd"]
        {
            assert!(!checked(text, false), "{text}");
        }
    }

    #[test]
    fn http_is_for_this_machine_and_only_where_it_is_allowed() {
        for text in
            ["http://127.0.0.1:80/x", "http://127.9.9.9/", "http://[::1]:8080/", "http://localhost:8080/", "http://LOCALHOST/"]
        {
            assert!(checked(text, true) && !checked(text, false), "{text}");
        }
        for text in
            ["http://auth.example", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/", "http://10.0.0.1/"]
        {
            assert!(!checked(text, true), "{text}");
        }
    }

    #[test]
    fn an_address_has_no_user_information() {
        assert!(!checked("https://user:password@auth.example/", false));
        assert!(!checked("http://localhost@evil.example/", true));
    }

    #[test]
    fn metadata_are_between_host_and_path() {
        let metadata = |issuer| metadata(issuer).map(|uri| uri.to_string()).ok();
        let well_known = "https://auth.example/.well-known/oauth-authorization-server";
        assert_eq!(metadata("https://auth.example").as_deref(), Some(well_known));
        assert_eq!(metadata("https://auth.example/").as_deref(), Some(well_known));
        assert_eq!(metadata("https://auth.example/a/b"), Some(format!("{well_known}/a/b")));
        for issuer in ["https://auth.example?a", "https://auth.example/#a", "auth.example", ""] {
            assert_eq!(metadata(issuer), None, "{issuer}");
        }
    }
}
