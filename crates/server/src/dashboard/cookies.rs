//! What browsers keep for the dashboard.

use http::HeaderMap;
use http::header::COOKIE;

use super::AdminApp;

/// The longest value that is looked at.
const VALUE_MAX: usize = 256;

/// The session's cookie. The prefix makes browsers insist on TLS, on this very host, and on the whole of it; without TLS, which
/// is for development on the same machine alone, they would not keep it.
pub(crate) fn session_name(app: &AdminApp) -> &'static str {
    if app.is_secure() { "__Host-mintmark" } else { "mintmark_dev" }
}

/// The value of a cookie; none where there are several of its name, since one of them is then somebody else's.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = found.next().filter(|value| !value.is_empty() && value.len() <= VALUE_MAX)?;
    found.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, http::HeaderValue::from_static(cookie))])
    }

    #[test]
    fn s24_a_cookie_planted_beside_ours_makes_both_worthless() {
        assert_eq!(value(&headers("a=1; mintmark_dev=x; b=2"), "mintmark_dev"), Some("x"));
        assert_eq!(value(&headers("mintmark_dev=planted; mintmark_dev=x"), "mintmark_dev"), None);
        assert_eq!(value(&headers("mintmark_dev="), "mintmark_dev"), None);
        assert_eq!(value(&headers("xmintmark_dev=1"), "mintmark_dev"), None);
    }
}
