//! How a secret is stored and compared (rule S7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::SecretText;
use crate::model::{ClientId, CredentialId, EnvironmentName, ManagementClientId, StoredMac, StoredSecret};

/// The scheme that new secrets are stored with.
pub const PEPPER_SCHEME: u32 = 2;
/// In the place of the environment's name.
const NO_ENVIRONMENT: &str = "";

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
        let mut keyed = keyed(key, owner.environment.as_str(), owner.client_id.as_str(), secret);
        let mac = of_credential(&mut keyed, owner.credential_id).as_ref().to_vec();
        Some(StoredSecret { scheme: PEPPER_SCHEME, pepper_id: pepper_id.clone(), mac })
    }

    /// A secret that was sent for a client, ready to be compared with each of the client's: most of the work of a comparison
    /// is done once for all of them.
    pub fn present(&self, environment: &EnvironmentName, client_id: &ClientId, secret: &SecretText) -> PresentedSecret<'_> {
        let keyed =
            self.keys.iter().map(|(id, key)| (id.as_str(), keyed(key, environment.as_str(), client_id.as_str(), secret)));
        PresentedSecret { keyed: keyed.collect() }
    }

    /// What is stored for a management client's secret. No environment has an empty name, so none of their secrets is stored so.
    pub fn store_management(
        &self,
        client: ManagementClientId,
        secret_id: CredentialId,
        secret: &SecretText,
    ) -> Option<StoredSecret> {
        let (pepper_id, key) = self.keys.first()?;
        let mut keyed = keyed(key, NO_ENVIRONMENT, &client.to_text(), secret);
        let mac = of_credential(&mut keyed, secret_id).as_ref().to_vec();
        Some(StoredSecret { scheme: PEPPER_SCHEME, pepper_id: pepper_id.clone(), mac })
    }

    /// A secret that was sent for a management client, ready to be compared.
    pub fn present_management(&self, client: ManagementClientId, secret: &SecretText) -> PresentedSecret<'_> {
        let of_key = |key| keyed(key, NO_ENVIRONMENT, &client.to_text(), secret);
        PresentedSecret { keyed: self.keys.iter().map(|(id, key)| (id.as_str(), of_key(key))).collect() }
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
}

/// A secret that was sent for a client, under each pepper.
pub struct PresentedSecret<'a> {
    keyed: Vec<(&'a str, Keyed)>,
}

impl std::fmt::Debug for PresentedSecret<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("[secret]")
    }
}

impl PresentedSecret<'_> {
    /// Whether it is the stored secret of a credential, in a time that does not depend on where they differ. A secret under a
    /// pepper that is not loaded, or of an unknown scheme, matches nothing.
    pub fn is<'s>(&mut self, stored: impl Into<StoredMac<'s>>, credential_id: CredentialId) -> bool {
        let stored = stored.into();
        let Some((_, keyed)) = self.keyed.iter_mut().find(|(id, _)| *id == stored.pepper_id) else {
            self.is_nothing();
            return false;
        };
        let equal = verify_slices_are_equal(of_credential(keyed, credential_id).as_ref(), stored.mac).is_ok();
        equal && stored.scheme == PEPPER_SCHEME
    }

    /// Does the work of [`PresentedSecret::is`] for nothing, so that an unknown client costs what a known one does.
    pub fn is_nothing(&mut self) {
        if let Some((_, keyed)) = self.keyed.first_mut() {
            let found = of_credential(keyed, CredentialId::none());
            std::hint::black_box(verify_slices_are_equal(found.as_ref(), &[0; 32]).is_ok());
        }
    }
}

/// `HMAC(pepper, version | environment | client | secret)`: a secret as only somebody with the pepper can know it. Behind it is
/// room for a secret's id.
type Keyed = Zeroizing<[u8; KEYED + ID]>;

const KEYED: usize = 32;
const ID: usize = 16;

/// Each field goes in behind its length, so that no two owners give the same bytes.
fn keyed(key: &hmac::Key, environment: &str, client_id: &str, secret: &SecretText) -> Keyed {
    let version = PEPPER_SCHEME.to_be_bytes();
    let fields: [&[u8]; 4] = [&version, environment.as_bytes(), client_id.as_bytes(), secret.expose().as_bytes()];
    // As long as it gets and no longer, since what is reserved is wiped too.
    let length = fields.iter().map(|field| size_of::<u64>() + field.len()).sum();
    let mut message = Zeroizing::new(Vec::with_capacity(length));
    for field in fields {
        message.extend_from_slice(&(field.len() as u64).to_be_bytes());
        message.extend_from_slice(field);
    }
    let mut keyed = Zeroizing::new([0; KEYED + ID]);
    let (start, _) = keyed.split_at_mut(KEYED);
    start.copy_from_slice(hmac::sign(key, &message).as_ref());
    keyed
}

/// `SHA-256(keyed secret | secret id)`: what is stored. Both are of fixed length, and the first is as unknown as the pepper.
fn of_credential(keyed: &mut Keyed, credential_id: CredentialId) -> digest::Digest {
    let (_, end) = keyed.split_at_mut(KEYED);
    end.copy_from_slice(&credential_id.to_bytes());
    digest::digest(&digest::SHA256, &**keyed)
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

        let present =
            |environment, client_id, text: &str| peppers.present(environment, client_id, &SecretText::new(text.to_owned()));
        assert!(present(&sandbox, &one, "secret").is(&stored, credential_id));
        assert!(!present(&sandbox, &one, "secreT").is(&stored, credential_id));
        assert!(!present(&production, &one, "secret").is(&stored, credential_id));
        assert!(!present(&sandbox, &two, "secret").is(&stored, credential_id));
        assert!(!present(&sandbox, &one, "secret").is(&stored, CredentialId::generate(&random)));
        assert!(!present(&sandbox, &one, "secret").is(&StoredSecret { scheme: 1, ..stored.clone() }, credential_id));
        assert_eq!(format!("{:?}", present(&sandbox, &one, "secret")), "[secret]");
    }

    #[test]
    fn what_is_stored_is_the_same_for_ever() {
        // A change here makes every stored secret worthless.
        let peppers = Peppers::new([("p1".to_owned(), [1; 32])].into_iter());
        let (environment, client_id) = ("sandbox".parse().unwrap(), "one".parse().unwrap());
        let owner = SecretOwner { environment: &environment, client_id: &client_id, credential_id: CredentialId::none() };
        let stored = peppers.store(owner, &SecretText::new("secret".to_owned())).unwrap();
        assert_eq!(
            (stored.scheme, URL_SAFE_NO_PAD.encode(&stored.mac).as_str()),
            (2, "1ZK8B8-34_znNl7Fk8wERYR5uJpD6v8o5LJK17Da0VA")
        );
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
        assert!(both.present(&sandbox, &client, &secret).is(&stored, owner.credential_id));
        assert_eq!(both.store(owner, &secret).unwrap().pepper_id, "p2");
        assert!(!Peppers::new([new].into_iter()).present(&sandbox, &client, &secret).is(&stored, owner.credential_id));
    }
}
