//! The keys that deliveries of notices are signed with: Ed25519, derived from the master keys for each environment.
//!
//! They are in no table, so that nobody who reads or writes the database has them, and all nodes have the same. They rotate with the
//! master keys: each that is loaded and not retired has its key published, and the first one signs. None of them signs tokens, and they
//! are published apart from those that do.

use std::fmt;

use aws_lc_rs::hkdf;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use mintmark_verify::Jwk;
use zeroize::Zeroizing;

use super::RootKeys;
use super::sealing::Purpose;
use crate::model::EnvironmentName;

/// A key that signs deliveries of one environment. It does not print.
pub struct WebhookKey {
    kid: String,
    public: [u8; 32],
    pair: Ed25519KeyPair,
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WebhookKey({})", self.kid)
    }
}

impl WebhookKey {
    /// Its name: the thumbprint (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// A signature. None if the cryptographic library failed.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(self.pair.try_sign(message).ok()?.as_ref().to_vec())
    }
}

impl RootKeys {
    /// The keys of an environment, one of each master key that is not retired; the first one signs.
    pub fn webhook_keys(&self, environment: &EnvironmentName) -> Vec<WebhookKey> {
        self.sealer.vouching().filter_map(|(_, master)| derive(master, environment)).collect()
    }

    /// The public ones, as a JWKS (RFC 7517, RFC 8037).
    pub fn webhook_jwks(&self, environment: &EnvironmentName) -> String {
        let jwk = |key: &WebhookKey| Jwk::ed25519(&key.public).with_kid(key.kid.clone());
        let keys: Vec<Jwk> = self.webhook_keys(environment).iter().map(jwk).collect();
        serde_json::json!({ "keys": keys }).to_string()
    }
}

fn derive(master: &hkdf::Prk, environment: &EnvironmentName) -> Option<WebhookKey> {
    // The label of no purpose begins with another one, so that no name of an environment makes another purpose's key.
    let info = [Purpose::WebhookSigning.label(), environment.as_str().as_bytes()];
    let mut seed = Zeroizing::new([0; 32]);
    master.expand(&info, hkdf::HKDF_SHA256).ok()?.fill(&mut *seed).ok()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).ok()?;
    let public: [u8; 32] = pair.public_key().as_ref().try_into().ok()?;
    Some(WebhookKey { kid: Jwk::ed25519(&public).thumbprint(), public, pair })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn kids(text: &str, environment: &str) -> Vec<String> {
        let keys = RootKeys::parse(text).unwrap().webhook_keys(&environment.parse().unwrap());
        keys.iter().map(|key| key.kid().to_owned()).collect()
    }

    #[test]
    fn keys_are_the_same_on_every_node_and_another_in_every_environment() {
        let text = RootKeys::generate(&SeededRandom::new(1));
        let sandbox = kids(&text, "sandbox");
        assert_eq!(sandbox.len(), 1);
        assert_eq!(sandbox, kids(&text, "sandbox"));
        assert_ne!(sandbox, kids(&text, "production"));
        assert_ne!(sandbox, kids(&RootKeys::generate(&SeededRandom::new(2)), "sandbox"));
    }

    #[test]
    fn a_master_key_that_is_replaced_stays_published_while_it_is_loaded() {
        let (old, new) = (RootKeys::generate(&SeededRandom::new(1)), RootKeys::generate(&SeededRandom::new(2)));
        let master = |text: &str| text.split("key = \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let pepper = old.split("[[pepper]]").nth(1).unwrap();
        let entry = |id: &str, key: &str| format!("[[master_key]]\nid = \"{id}\"\nkey = \"{key}\"\n");
        let both = format!("{}{}[[pepper]]{pepper}", entry("m2", &master(&new)), entry("m1", &master(&old)));
        let expected = [kids(&new, "sandbox"), kids(&old, "sandbox")].concat();
        assert_eq!(kids(&both, "sandbox"), expected);
        let environment = "sandbox".parse().unwrap();
        let jwks: serde_json::Value =
            serde_json::from_str(&RootKeys::parse(&both).unwrap().webhook_jwks(&environment)).unwrap();
        let published: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!(published, expected);
        assert!(jwks["keys"][0].get("d").is_none(), "{jwks}");
    }

    #[test]
    fn s8_a_retired_master_key_publishes_no_key() {
        let (old, new) = (RootKeys::generate(&SeededRandom::new(1)), RootKeys::generate(&SeededRandom::new(2)));
        let (head, tail) = old.split_once("[[pepper]]").unwrap();
        let (front, _) = new.split_once("[[pepper]]").unwrap();
        let both = format!("{}{head}retired = true\n[[pepper]]{tail}", front.replace("m1", "m2"));
        assert_eq!(kids(&both, "sandbox"), kids(&new, "sandbox"));
    }

    #[test]
    fn a_key_does_not_print() {
        let keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap();
        let key = keys.webhook_keys(&"sandbox".parse().unwrap()).remove(0);
        assert_eq!(format!("{key:?}"), format!("WebhookKey({})", key.kid()));
    }
}
