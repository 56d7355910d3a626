//! One request for the issuer's key set, and how long its answer is good.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{AGE, CACHE_CONTROL, ETAG, IF_NONE_MATCH},
};

use super::{FetchError, Get, transport::Fetcher};
use crate::{JwkSet, KeySet, json};

const TIME_LIMIT: Duration = Duration::from_secs(5);
const MAX_BODY: usize = 64 * 1024;

/// What is assumed of an issuer that does not say how long its keys can be kept.
const DEFAULT_FRESHNESS: Duration = Duration::from_mins(5);
/// And of one that would have them kept by nobody.
const UNCACHED_FRESHNESS: Duration = Duration::from_mins(1);
const SHORTEST_FRESHNESS: Duration = Duration::from_secs(10);
const LONGEST_FRESHNESS: Duration = Duration::from_hours(1);

/// Where the keys are.
pub(super) struct Source {
    pub(super) fetcher: Fetcher,
    pub(super) uri: Uri,
}

/// A good answer.
pub(super) struct Fetched {
    /// Nothing where the issuer says that the keys are those that are held.
    pub(super) keys: Option<(KeySet, Option<HeaderValue>)>,
    /// How long the answer is good.
    pub(super) fresh_for: Duration,
    /// How old it was when it came: from a cache, or from a server that was cut off from its store.
    pub(super) age: Duration,
}

impl Source {
    /// Asks for the keys; with the tag of those that are held, for others only.
    pub(super) async fn fetch(&self, held: Option<HeaderValue>) -> Result<Fetched, FetchError> {
        let is_conditional = held.is_some();
        let headers = held.map(|tag| (IF_NONE_MATCH, tag)).into_iter().collect();
        let get = Get { uri: self.uri.clone(), headers, max_body: MAX_BODY };
        let answer = self.fetcher.get(get, TIME_LIMIT).await?;
        let (fresh_for, age) = (freshness(&answer.headers), age(&answer.headers));
        match answer.status {
            StatusCode::OK => {
                let keys = Some((read(&answer.body)?, answer.headers.get(ETAG).cloned()));
                Ok(Fetched { keys, fresh_for, age })
            }
            StatusCode::NOT_MODIFIED if is_conditional => Ok(Fetched { keys: None, fresh_for, age }),
            other => Err(FetchError::Status(other.as_u16())),
        }
    }
}

/// A set without a usable key is more likely a mistake than the truth: it would end every token at once.
fn read(bytes: &[u8]) -> Result<KeySet, FetchError> {
    let set: JwkSet = json::from_slice(bytes).map_err(|_| FetchError::KeysMalformed)?;
    let keys = KeySet::from(set);
    if keys.is_empty() { Err(FetchError::NoKeys) } else { Ok(keys) }
}

/// `max-age` less the time that the answer spent in caches (RFC 9111 section 4.2), within bounds: neither does an issuer
/// decide how often it is asked, nor for how long a withdrawn key is believed.
fn freshness(headers: &HeaderMap) -> Duration {
    let directives =
        headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut max_age = None;
    for directive in directives.map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return UNCACHED_FRESHNESS;
        }
        if name.eq_ignore_ascii_case("max-age") {
            max_age = value.trim_matches('"').parse().ok().map(Duration::from_secs);
        }
    }
    max_age.unwrap_or(DEFAULT_FRESHNESS).saturating_sub(age(headers)).clamp(SHORTEST_FRESHNESS, LONGEST_FRESHNESS)
}

/// RFC 9111 section 5.1; nothing where it is not told.
fn age(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(AGE).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map_or(Duration::ZERO, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh_for(headers: &[(&'static str, &'static str)]) -> u64 {
        let headers =
            headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        freshness(&headers.collect()).as_secs()
    }

    #[test]
    fn max_age_is_honoured_within_bounds() {
        let cache = |value| fresh_for(&[("cache-control", value)]);
        for (value, seconds) in [
            ("public, max-age=300, stale-while-revalidate=300, stale-if-error=86400", 300),
            ("Max-Age=\"600\"", 600),
            ("max-age=0", 10),
            ("max-age=9", 10),
            ("max-age=30", 30),
            ("max-age=3601", 3600),
            ("max-age=18446744073709551615", 3600),
            ("max-age=18446744073709551616", 300),
            ("max-age=-1", 300),
            ("max-age", 300),
            ("public", 300),
            ("", 300),
            ("no-store", 60),
            ("max-age=600, no-cache", 60),
        ] {
            assert_eq!(cache(value), seconds, "{value}");
        }
        assert_eq!(fresh_for(&[]), 300);
    }

    #[test]
    fn time_in_caches_counts() {
        assert_eq!(fresh_for(&[("cache-control", "max-age=600"), ("age", "100")]), 500);
        assert_eq!(fresh_for(&[("cache-control", "max-age=600"), ("age", "1000")]), 10);
        assert_eq!(fresh_for(&[("cache-control", "max-age=600"), ("age", "soon")]), 600);
    }

    #[test]
    fn a_set_has_usable_keys_and_no_member_twice() {
        let key = r#"{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        assert!(read(format!(r#"{{"keys":[{key},{{"kty":"oct"}}]}}"#).as_bytes()).is_ok_and(|keys| keys.len() == 1));
        for text in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct"}]}"#] {
            assert!(matches!(read(text.as_bytes()), Err(FetchError::NoKeys)), "{text}");
        }
        let twice = format!(r#"{{"keys":[],"keys":[{key}]}}"#);
        for text in ["", "null", "[]", "<html></html>", r#"{"keys":{}}"#, twice.as_str()] {
            assert!(matches!(read(text.as_bytes()), Err(FetchError::KeysMalformed)), "{text}");
        }
    }
}
