//! Which hosts a listener answers (rules S19 and S23). The environment is the listener's in any case: `Host` shapes no
//! issuer, no URL and no decision, it is only refused. The same goes for the host that a client asks for in the TLS handshake.

use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, StatusCode, Version};

use super::answer;

/// Which hosts a listener answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Any: the listener says which environment is meant.
    Any,
    /// Exactly these; a port in the request is part of the comparison only where one is configured.
    Only(Vec<String>),
    /// The host of one origin and its port, which need not be named where it is the scheme's own.
    Origin {
        /// As browsers write it, with the port where it is not the scheme's own.
        host: String,
        /// The scheme's own port.
        default_port: u16,
    },
    /// Loopback names alone, and no page from elsewhere (`Origin`): `mintmark dev` against DNS rebinding.
    Loopback,
}

pub(super) fn misdirected() -> Response {
    answer::error(StatusCode::MISDIRECTED_REQUEST, "misdirected_request", "This host is not served here.")
}

/// Whether a request is for this listener. `server_name` is the host that the client asked for in the TLS handshake, if it did.
pub(super) fn is_allowed(rule: &HostRule, server_name: Option<&str>, parts: &Parts) -> bool {
    let host = match authority(parts) {
        Authority::Of(host) => host,
        // HTTP/1.0 has no Host; any other request has one (RFC 9112 section 3.2).
        Authority::Absent => return *rule == HostRule::Any,
        Authority::Unclear => return false,
    };
    // A client that asks for one host in the handshake and for another in the request is where neither expects it (RFC 9110
    // section 7.4).
    if server_name.is_some_and(|name| !name.eq_ignore_ascii_case(without_port(host))) {
        return false;
    }
    rule.allows(host, &parts.headers)
}

/// The host that a request names.
enum Authority<'a> {
    Of(&'a str),
    Absent,
    /// It is named twice and differently, or is no text.
    Unclear,
}

fn authority(parts: &Parts) -> Authority<'_> {
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        // In HTTP/2 the target names the host (RFC 9113 section 8.3.1).
        (None, _) if parts.version == Version::HTTP_2 => target,
        (None, _) => return Authority::Absent,
        _ => None,
    };
    match (host, target) {
        // An absolute request target must agree with the header (RFC 9112 section 3.2.2).
        (Some(host), Some(target)) if !target.eq_ignore_ascii_case(host) => Authority::Unclear,
        (Some(host), _) => Authority::Of(host),
        (None, _) => Authority::Unclear,
    }
}

impl HostRule {
    fn allows(&self, host: &str, headers: &HeaderMap) -> bool {
        match self {
            HostRule::Any => true,
            HostRule::Only(known) => {
                known.iter().any(|known| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(without_port(host)))
            }
            HostRule::Origin { host: known, default_port } => {
                let is_default = |port: &str| port.parse() == Ok(*default_port);
                let named = host.strip_prefix(without_port(host)).and_then(|port| port.strip_prefix(':'));
                let wanted = if named.is_some_and(is_default) { without_port(host) } else { host };
                known.eq_ignore_ascii_case(wanted)
            }
            HostRule::Loopback => {
                let origins = headers.get_all(ORIGIN).iter();
                let is_local =
                    |origin: &str| origin.strip_prefix("http://").is_some_and(|host| is_loopback(without_port(host)));
                is_loopback(without_port(host)) && origins.into_iter().all(|origin| origin.to_str().is_ok_and(is_local))
            }
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

    fn parts(version: Version, target: &str, headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = http::Request::builder().version(version).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn allowed(rule: &HostRule, target: &str, headers: &[(&'static str, &'static str)]) -> bool {
        is_allowed(rule, None, &parts(Version::HTTP_11, target, headers))
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

    #[test]
    fn s19_an_origin_is_its_host_and_its_port() {
        let rule = |host: &str| HostRule::Origin { host: host.to_owned(), default_port: 443 };
        let is_allowed = |known: &str, host: &'static str| allowed(&rule(known), "/", &[("host", host)]);
        for host in ["admin.example", "ADMIN.example", "admin.example:443"] {
            assert!(is_allowed("admin.example", host), "{host}");
        }
        for host in ["admin.example:80", "admin.example:8443", "admin.example:", "admin.example:44 3", "x.admin.example", ""] {
            assert!(!is_allowed("admin.example", host), "{host}");
        }
        assert!(is_allowed("admin.example:8443", "admin.example:8443") && is_allowed("[::1]:8090", "[::1]:8090"));
        for host in ["admin.example", "admin.example:443", "admin.example:84430"] {
            assert!(!is_allowed("admin.example:8443", host), "{host}");
        }
    }

    #[test]
    fn s19_the_host_of_the_handshake_is_that_of_the_request() {
        let allowed =
            |name, host: &'static str| is_allowed(&HostRule::Any, Some(name), &parts(Version::HTTP_11, "/", &[("host", host)]));
        assert!(allowed("auth.example", "auth.example") && allowed("auth.example", "AUTH.example:8443"));
        for host in
            ["other.example", "example", "auth.example.", "auth.example@other.example", "x@auth.example", "", "127.0.0.1"]
        {
            assert!(!allowed("auth.example", host), "{host}");
        }
        assert!(
            is_allowed(&HostRule::Any, Some("auth.example"), &parts(Version::HTTP_10, "/", &[])),
            "there is none to differ"
        );
    }

    #[test]
    fn s19_in_http_2_the_target_names_the_host() {
        let only = HostRule::Only(vec!["auth.example".to_owned()]);
        let allowed = |rule: &HostRule, target, headers: &[_]| {
            is_allowed(rule, Some("auth.example"), &parts(Version::HTTP_2, target, headers))
        };
        assert!(allowed(&only, "https://auth.example/token", &[]));
        assert!(allowed(&only, "https://auth.example:8443/token", &[("host", "auth.example:8443")]));
        for rule in [&only, &HostRule::Any] {
            assert!(!allowed(rule, "https://other.example/token", &[]));
            assert!(!allowed(rule, "https://auth.example/token", &[("host", "other.example")]));
            assert!(!allowed(rule, "/token", &[]), "no host at all");
        }
    }
}
