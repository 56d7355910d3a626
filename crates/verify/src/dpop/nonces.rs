//! Nonces that a server gives out, so that no proof can be made in advance (RFC 9449 sections 8 and 9).

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};

use crate::base64url;

/// Each nonce is given out for this long, and is good for as much longer, in seconds.
const PERIOD_SECONDS: i64 = 120;
const LENGTH: usize = 16;

/// Makes nonces, and knows its own again without keeping them: a nonce is the MAC of a period of time.
///
/// Two servers with one key accept each other's nonces. With a key of its own, a server accepts no proof that was made for
/// another one: a proof that was sent to one of them cannot be replayed to the next.
#[derive(Clone)]
pub struct Nonces {
    key: hmac::Key,
}

/// What a nonce is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceAge {
    /// It is the nonce that is given out now.
    Current,
    /// It is good, and another one is given out by now.
    Previous,
}

impl Nonces {
    /// With a key of the caller's, which is secret and random.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    /// The nonce to give out.
    pub fn current(&self, now_unix_seconds: i64) -> String {
        self.of(period(now_unix_seconds))
    }

    /// Whether a nonce can be accepted. One from the next period can, since clocks of servers with one key differ.
    pub fn check(&self, nonce: &str, now_unix_seconds: i64) -> Option<NonceAge> {
        let now = period(now_unix_seconds);
        let is_of = |period| verify_slices_are_equal(nonce.as_bytes(), self.of(period).as_bytes()).is_ok();
        if is_of(now) || is_of(now.saturating_add(1)) {
            return Some(NonceAge::Current);
        }
        is_of(now.saturating_sub(1)).then_some(NonceAge::Previous)
    }

    fn of(&self, period: i64) -> String {
        let mac = hmac::sign(&self.key, &period.to_be_bytes());
        base64url::encode(mac.as_ref().get(..LENGTH).unwrap_or_default())
    }
}

const fn period(now_unix_seconds: i64) -> i64 {
    now_unix_seconds.div_euclid(PERIOD_SECONDS)
}

/// Without the key.
impl fmt::Debug for Nonces {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Nonces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_nonce_is_good_for_two_periods() {
        let nonces = Nonces::new(&[7; 32]);
        let nonce = nonces.current(NOW);
        assert_eq!(nonce.len(), 22);
        for (now, expected) in [
            (NOW, Some(NonceAge::Current)),
            (NOW + 119, Some(NonceAge::Current)),
            (NOW + 120, Some(NonceAge::Previous)),
            (NOW + 239, Some(NonceAge::Previous)),
            (NOW + 240, None),
            (NOW - 1, Some(NonceAge::Current)),
            (NOW - 121, None),
        ] {
            assert_eq!(nonces.check(&nonce, now), expected, "{now}");
        }
        assert!(nonces.check(&nonce, i64::MAX).is_none() && nonces.check(&nonce, i64::MIN).is_none());
    }

    #[test]
    fn nonces_of_other_keys_and_other_texts_are_refused() {
        let nonces = Nonces::new(&[7; 32]);
        assert_eq!(nonces.check(&Nonces::new(&[8; 32]).current(NOW), NOW), None);
        for text in ["", "nonce", "AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(nonces.check(text, NOW), None, "{text}");
        }
        assert_eq!(nonces.check(&nonces.current(NOW)[1..], NOW), None);
        assert_eq!(Nonces::new(&[7; 32]).check(&nonces.current(NOW), NOW), Some(NonceAge::Current));
    }
}
