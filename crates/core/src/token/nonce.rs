//! Nonces for `DPoP` proofs (RFC 9449 section 8): a time with a MAC, so that nothing is stored.
//!
//! There are two kinds. Shared ones are good at every node. While the store cannot say which proofs were used, a proof has to carry a
//! nonce of the very node that it comes to, and that node remembers it: so it is good at one node alone, and once (rule S16).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Timestamp;
use crate::crypto::{Purpose, RootKeys};
use crate::model::EnvironmentName;
use crate::random::Random;

/// For how many seconds a nonce is good. A proof is good for one minute, so this is when clients fetch another.
const NONCE_LIFE: i64 = 300;
/// How far the clocks of nodes may be apart, in seconds.
const LEEWAY: i64 = 30;
const MAC: usize = 16;

/// Where a nonce is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceKind {
    /// At every node.
    Shared,
    /// At the node that made it.
    Node,
}

/// What nonces are made with.
pub struct NonceKeys {
    shared: Vec<hmac::Key>,
    node: [hmac::Key; 1],
}

impl std::fmt::Debug for NonceKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[nonce keys]")
    }
}

impl NonceKeys {
    /// The keys that all nodes with these root keys have, and one that nobody else ever has.
    pub fn new(root_keys: &RootKeys, random: &dyn Random) -> Self {
        let mut own = [0; 32];
        random.fill(&mut own);
        let shared = root_keys.sealer.mac_keys(Purpose::DpopNonce);
        Self { shared, node: [hmac::Key::new(hmac::HMAC_SHA256, &own)] }
    }

    fn of(&self, kind: NonceKind) -> &[hmac::Key] {
        match kind {
            NonceKind::Shared => &self.shared,
            NonceKind::Node => &self.node,
        }
    }

    /// A nonce of this second. None if no master key is loaded.
    pub(super) fn make(&self, kind: NonceKind, environment: &EnvironmentName, now: Timestamp) -> Option<String> {
        let mut bytes = now.0.to_be_bytes().to_vec();
        let mac = hmac::sign(self.of(kind).first()?, &message(environment, now.0));
        bytes.extend_from_slice(mac.as_ref().get(..MAC)?);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Which kind a nonce is of; none if it was not made here, for this environment, within the last minutes.
    pub(super) fn check(&self, nonce: &str, environment: &EnvironmentName, now: Timestamp) -> Option<NonceKind> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).ok()?;
        let (made, mac) = bytes.split_first_chunk::<8>()?;
        let made = i64::from_be_bytes(*made);
        let age = now.0.saturating_sub(made);
        if mac.len() != MAC || !(-LEEWAY..=NONCE_LIFE).contains(&age) {
            return None;
        }
        let message = message(environment, made);
        let is_of = |kind: &NonceKind| {
            self.of(*kind).iter().any(|key| {
                let expected = hmac::sign(key, &message);
                expected
                    .as_ref()
                    .get(..MAC)
                    .is_some_and(|expected| aws_lc_rs::constant_time::verify_slices_are_equal(expected, mac).is_ok())
            })
        };
        [NonceKind::Shared, NonceKind::Node].into_iter().find(is_of)
    }
}

fn message(environment: &EnvironmentName, made: i64) -> Vec<u8> {
    let mut message = made.to_be_bytes().to_vec();
    message.extend_from_slice(environment.as_str().as_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn keys(seed: u64) -> NonceKeys {
        let root_keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap();
        NonceKeys::new(&root_keys, &SeededRandom::new(seed))
    }

    #[test]
    fn a_shared_nonce_is_good_at_every_node_and_a_nodes_own_at_that_one() {
        let (here, there) = (keys(1), keys(2));
        let (sandbox, now) = ("sandbox".parse().unwrap(), Timestamp(1_000));
        let shared = here.make(NonceKind::Shared, &sandbox, now).unwrap();
        let own = here.make(NonceKind::Node, &sandbox, now).unwrap();
        assert_eq!(there.check(&shared, &sandbox, now), Some(NonceKind::Shared));
        assert_eq!(here.check(&own, &sandbox, now), Some(NonceKind::Node));
        assert_eq!(there.check(&own, &sandbox, now), None);
    }

    #[test]
    fn a_nonce_is_good_for_minutes_in_its_environment() {
        let keys = keys(1);
        let (sandbox, production) = ("sandbox".parse().unwrap(), "production".parse().unwrap());
        let nonce = keys.make(NonceKind::Shared, &sandbox, Timestamp(1_000)).unwrap();
        for (now, good) in [(969, false), (970, true), (1_300, true), (1_301, false)] {
            assert_eq!(keys.check(&nonce, &sandbox, Timestamp(now)).is_some(), good, "{now}");
        }
        assert_eq!(keys.check(&nonce, &production, Timestamp(1_000)), None);
        for bad in ["", "AAAA", "not base64!", &format!("{nonce}A")] {
            assert_eq!(keys.check(bad, &sandbox, Timestamp(1_000)), None, "{bad}");
        }
    }
}
