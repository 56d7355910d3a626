//! How a secret is stored and compared (rule S7).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::SecretText;
use crate::model::{ClientId, CredentialId, EnvironmentName, StoredMac, StoredSecret};

/// The scheme that new secrets are stored with.
pub const PEPPER_SCHEME: u32 = 1;

/// Whose secret it is. All of it goes into the MAC, so that a row copied to another client is worthless.
#[derive(Clone, Copy, Debug)]
pub struct SecretOwner<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The client.
    pub client_id: &'a ClientId,
    /// The credential.
    pub credential_id: CredentialId,
}

/// The keys that secrets are hashed under. They are not in the database, so a stolen database is no list to guess against.
pub struct Peppers {
    /// The first one stores; all verify.
    keys: Vec<(String, hmac::Key)>,
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl Peppers {
    pub(super) fn new(keys: impl Iterator<Item = (String, [u8; 32])>) -> Self {
        Self { keys: keys.map(|(id, key)| (id, hmac::Key::new(hmac::HMAC_SHA256, &key))).collect() }
    }

    /// What is stored for a secret. `None` if no pepper is loaded.
    pub fn store(&self, owner: SecretOwner<'_>, secret: &SecretText) -> Option<StoredSecret> {
        let (pepper_id, key) = self.keys.first()?;
        let mac = mac(key, PEPPER_SCHEME, owner, secret).as_ref().to_vec();
        Some(StoredSecret { scheme: PEPPER_SCHEME, pepper_id: pepper_id.clone(), mac })
    }

    /// For each pepper, by its id, what it makes of a known text: enough to recognise it, nothing to find it by.
    pub(super) fn marks(&self) -> Vec<(String, String)> {
        let mark = |key| URL_SAFE_NO_PAD.encode(hmac::sign(key, b"mintmark pepper check"));
        self.keys.iter().map(|(id, key)| (id.clone(), mark(key))).collect()
    }

    /// Whether a secret is stored as new ones are.
    pub fn is_current<'a>(&self, stored: impl Into<StoredMac<'a>>) -> bool {
        let stored = stored.into();
        stored.scheme == PEPPER_SCHEME && self.keys.first().is_some_and(|(id, _)| id == stored.pepper_id)
    }

    /// Whether `secret` is the stored one, in a time that does not depend on where they differ. A secret under a pepper that
    /// is not loaded, or of an unknown scheme, matches nothing.
    pub fn matches<'a>(&self, stored: impl Into<StoredMac<'a>>, owner: SecretOwner<'_>, secret: &SecretText) -> bool {
        let stored = stored.into();
        let Some((_, key)) = self.keys.iter().find(|(id, _)| id == stored.pepper_id) else {
            return false;
        };
        let found = mac(key, stored.scheme, owner, secret);
        let equal = aws_lc_rs::constant_time::verify_slices_are_equal(found.as_ref(), stored.mac).is_ok();
        equal && stored.scheme == PEPPER_SCHEME
    }

    /// Does the work of [`Peppers::matches`] for nothing, so that an unknown client costs what a known one does.
    pub fn match_nothing(&self, environment: &EnvironmentName, client_id: &ClientId, secret: &SecretText) {
        if let Some((_, key)) = self.keys.first() {
            let owner = SecretOwner { environment, client_id, credential_id: CredentialId::none() };
            let found = mac(key, PEPPER_SCHEME, owner, secret);
            std::hint::black_box(aws_lc_rs::constant_time::verify_slices_are_equal(found.as_ref(), &[0; 32]).is_ok());
        }
    }
}

/// Each field goes in behind its length, so that no two owners give the same bytes.
fn mac(key: &hmac::Key, scheme: u32, owner: SecretOwner<'_>, secret: &SecretText) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    let mut field = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    field(&scheme.to_be_bytes());
    field(owner.environment.as_str().as_bytes());
    field(owner.client_id.as_str().as_bytes());
    field(&owner.credential_id.to_bytes());
    field(secret.expose().as_bytes());
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_stored_secret_matches_its_owner_alone() {
        let random = SeededRandom::new(1);
        let peppers = Peppers::new([("p1".to_owned(), [1; 32])].into_iter());
        let (sandbox, production) = ("sandbox".parse().unwrap(), "production".parse().unwrap());
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        let credential_id = CredentialId::generate(&random);
        let owner = SecretOwner { environment: &sandbox, client_id: &one, credential_id };
        let secret = SecretText::new("secret".to_owned());
        let stored = peppers.store(owner, &secret).unwrap();

        assert!(peppers.matches(&stored, owner, &secret));
        assert!(!peppers.matches(&stored, owner, &SecretText::new("secreT".to_owned())));
        assert!(!peppers.matches(&stored, SecretOwner { environment: &production, ..owner }, &secret));
        assert!(!peppers.matches(&stored, SecretOwner { client_id: &two, ..owner }, &secret));
        let other = CredentialId::generate(&random);
        assert!(!peppers.matches(&stored, SecretOwner { credential_id: other, ..owner }, &secret));
        assert!(!peppers.matches(&StoredSecret { scheme: 2, ..stored.clone() }, owner, &secret));
    }

    #[test]
    fn the_first_pepper_stores_and_all_verify() {
        let random = SeededRandom::new(1);
        let (old, new) = (("p1".to_owned(), [1; 32]), ("p2".to_owned(), [2; 32]));
        let (sandbox, client) = ("sandbox".parse().unwrap(), "one".parse().unwrap());
        let owner = SecretOwner { environment: &sandbox, client_id: &client, credential_id: CredentialId::generate(&random) };
        let secret = SecretText::new("secret".to_owned());
        let stored = Peppers::new([old.clone()].into_iter()).store(owner, &secret).unwrap();

        let both = Peppers::new([new.clone(), old].into_iter());
        assert!(both.matches(&stored, owner, &secret));
        assert_eq!(both.store(owner, &secret).unwrap().pepper_id, "p2");
        assert!(!Peppers::new([new].into_iter()).matches(&stored, owner, &secret));
    }
}
