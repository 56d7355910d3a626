//! The target of a request, in the form in which two spellings of one are equal (RFC 9449 section 4.3, RFC 3986 section
//! 6.2).

use std::fmt::Write as _;

/// Longest URI, in bytes.
const MAX_LENGTH: usize = 4096;

/// An `http` or `https` URI without query and fragment.
///
/// Scheme and host are in lower case, a scheme's own port is left out, an empty path is `/`, percent-encoding is in upper
/// case and only where it is needed. Dot segments stay as they are: what a server takes `/a/../b` for is its own
/// affair.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    is_secure: bool,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    /// `None` for a text that is no such URI, or has user information in it.
    pub(super) fn parse(uri: &str) -> Option<Self> {
        let is_printable = uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if uri.len() > MAX_LENGTH || !is_printable {
            return None;
        }
        let (scheme, rest) = uri.split_once("://")?;
        let (is_secure, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => (true, 443),
            "http" => (false, 80),
            _ => return None,
        };
        let rest = rest.split(['?', '#']).next()?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority)?;
        let port = port.map_or(Some(default_port), read_port)?;
        let path = if path.is_empty() { "/".to_owned() } else { normalize(path)? };
        Some(Self { is_secure, host: host.to_ascii_lowercase(), port, path })
    }
}

/// Host, and port if there is one. An empty port is none (RFC 3986 section 6.2.3).
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = if authority.starts_with('[') {
        let (address, rest) = authority.split_at_checked(authority.find(']')? + 1)?;
        (address, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(is_address),
        None => !host.is_empty() && host.bytes().all(is_name),
    };
    is_host.then_some((host, port.filter(|port| !port.is_empty())))
}

/// Digits only: `parse` alone takes a sign.
fn read_port(port: &str) -> Option<u16> {
    if port.bytes().all(|byte| byte.is_ascii_digit()) { port.parse().ok() } else { None }
}

/// RFC 3986 sections 6.2.2.1 and 6.2.2.2. `None` where `%` is not followed by two hexadecimal digits.
fn normalize(path: &str) -> Option<String> {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, encoded)) = rest.split_once('%') {
        normal.push_str(plain);
        let (digits, after) = encoded.split_at_checked(2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match u8::from_str_radix(digits, 16).ok()? {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => normal.push(byte.into()),
            // Writing into a `String` cannot fail.
            byte => _ = write!(normal, "%{byte:02X}"),
        }
        rest = after;
    }
    normal.push_str(rest);
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_target_are_equal() {
        let target = Target::parse("https://api.example/v1/a%2Fb~c");
        assert!(target.is_some());
        for other in [
            "HTTPS://API.Example/v1/a%2Fb~c",
            "https://api.example:443/v1/a%2Fb~c",
            "https://api.example:0443/v1/a%2Fb~c",
            "https://api.example:/v1/a%2Fb~c",
            "https://api.example/v1/a%2fb%7Ec",
            "https://api.example/%761/a%2Fb~c",
            "https://api.example/v1/a%2Fb~c?query=1#fragment",
            "https://api.example/v1/a%2Fb~c#fragment?/",
        ] {
            assert_eq!(Target::parse(other), target, "{other}");
        }
        for (one, other) in [
            ("http://api.example", "http://api.example:80/"),
            ("https://api.example?a=/b", "https://api.example/"),
            ("https://[2001:DB8::1]/", "https://[2001:db8::1]:443/"),
        ] {
            assert_eq!(Target::parse(one), Target::parse(other), "{one}");
            assert!(Target::parse(one).is_some(), "{one}");
        }
    }

    #[test]
    fn other_targets_differ() {
        let target = Target::parse("https://api.example/v1/a");
        for other in [
            "http://api.example/v1/a",
            "http://api.example:443/v1/a",
            "https://api.example:8443/v1/a",
            "https://api.example:80/v1/a",
            "https://api.example./v1/a",
            "https://api.example.evil/v1/a",
            "https://evil/api.example/v1/a",
            "https://api.example/v1/A",
            "https://api.example/v1/a/",
            "https://api.example//v1/a",
            "https://api.example/v1/./a",
            "https://api.example/v1%2Fa",
            "https://api.example/v1/a%3F",
            "https://api.example/v1/a;b",
            "https://api.example/",
        ] {
            assert!(Target::parse(other).is_some(), "{other}");
            assert_ne!(Target::parse(other), target, "{other}");
        }
    }

    #[test]
    fn what_is_no_absolute_http_uri_is_no_target() {
        let long = format!("https://api.example/{}", "a".repeat(MAX_LENGTH));
        for text in [
            "",
            "/v1/a",
            "//api.example/v1",
            "api.example/v1",
            "https:/api.example",
            "https:api.example",
            "https://",
            "https:///v1",
            "https://:443/",
            "https://user@api.example/",
            "https://user:password@api.example/",
            "https://api.example:port/",
            "https://api.example:+443/",
            "https://api.example:65536/",
            "https://api.example:443:443/",
            "https://[::1/",
            "https://[]/",
            "https://[::1]443/",
            "https://api.example/%",
            "https://api.example/%2",
            "https://api.example/%+1",
            "https://api.example/%zz",
            "https://api.example\\@evil/",
            "https://api.example/a b",
            " https://api.example/",
            "https://api.example/\n",
            "https://api.example/\u{e9}",
            "https://%61pi.example/",
            "ftp://api.example/",
            long.as_str(),
        ] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }
}
