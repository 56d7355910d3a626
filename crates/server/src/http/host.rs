//! Which hosts a listener answers (rules S19 and S23). The environment is the listener's in any case: `Host` shapes no
//! issuer, no URL and no decision, it is only refused.

use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};

use super::answer;

/// Which hosts a listener answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Any: the listener says which environment is meant.
    Any,
    /// Exactly these; a port in the request is part of the comparison only where one is configured.
    Only(Vec<String>),
    /// Loopback names alone, and no page from elsewhere (`Origin`): `mintmark dev` against DNS rebinding.
    Loopback,
}

pub(super) fn misdirected() -> Response {
    answer::error(StatusCode::MISDIRECTED_REQUEST, "misdirected_request", "This host is not served here.")
}

/// Whether a request is for this listener.
pub(super) fn is_allowed(rule: &HostRule, uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        // HTTP/1.0 has no Host; any other request has one (RFC 9112 section 3.2).
        (None, _) if *rule == HostRule::Any => return true,
        _ => None,
    };
    let Some(host) = host else { return false };
    // An absolute request target must agree with the header (RFC 9112 section 3.2.2).
    if uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host)) {
        return false;
    }
    match rule {
        HostRule::Any => true,
        HostRule::Only(known) => {
            known.iter().any(|known| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(without_port(host)))
        }
        HostRule::Loopback => {
            let origins = headers.get_all(ORIGIN).iter();
            let is_local = |origin: &str| origin.strip_prefix("http://").is_some_and(|host| is_loopback(without_port(host)));
            is_loopback(without_port(host)) && origins.into_iter().all(|origin| origin.to_str().is_ok_and(is_local))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || matches!(host, "127.0.0.1" | "[::1]")
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rule: &HostRule, target: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        is_allowed(rule, &target.parse().unwrap(), &map)
    }

    #[test]
    fn s23_dev_answers_loopback_names_and_no_foreign_page() {
        let rule = HostRule::Loopback;
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080"] {
            assert!(allowed(&rule, "/", &[("host", host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example:8080", "192.168.1.1", "", "localhost.", "127.0.0.1:80:80"] {
            assert!(!allowed(&rule, "/", &[("host", host)]), "{host}");
        }
        assert!(!allowed(&rule, "/", &[]));
        assert!(!allowed(&rule, "/", &[("host", "localhost"), ("host", "evil.example")]));
        assert!(allowed(&rule, "/", &[("host", "localhost:1"), ("origin", "http://127.0.0.1:9")]));
        for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
            assert!(!allowed(&rule, "/", &[("host", "localhost"), ("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn s19_configured_hosts_are_exact() {
        let rule = HostRule::Only(vec!["api.example.com".to_owned(), "other.example:8443".to_owned()]);
        for host in ["api.example.com", "API.example.com:443", "other.example:8443"] {
            assert!(allowed(&rule, "/", &[("host", host)]), "{host}");
        }
        for host in ["example.com", "api.example.com.", "other.example", "other.example:1"] {
            assert!(!allowed(&rule, "/", &[("host", host)]), "{host}");
        }
        assert!(!allowed(&rule, "http://evil.example/", &[("host", "api.example.com")]));
        assert!(allowed(&HostRule::Any, "/", &[]));
    }
}
