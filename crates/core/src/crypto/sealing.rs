//! Sealing: what must rest in the database and be read again (private keys) is encrypted under a key that is not in it.
//!
//! AES-256-GCM under a key derived by HKDF for each purpose; purpose, environment, identifier, algorithm and master-key id
//! are authenticated with it, so that a sealed value moved or relabelled in the database does not open (rule S8).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use mintmark_verify::Algorithm;
use zeroize::Zeroizing;

use crate::model::{ClientId, CredentialId, EnvironmentName};
use crate::random::Random;

/// The first byte of a sealed value.
const VERSION: u8 = 1;

/// What a value is sealed for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The private part of a signing key.
    SigningKey,
    /// A known text that shows at start whether the right master key is loaded.
    RootKeyCheck,
    /// What a node starts from while the store is away.
    Snapshot,
    /// A backup of the store.
    Backup,
    /// A key that a client makes MACs with.
    SharedKey,
    /// The hash of a member's password.
    Password,
    /// What a member's codes are made of.
    TotpSecret,
    /// What somebody has begun and is to finish: a challenge, a secret that is not confirmed yet.
    Ceremony,
    /// Nonces of `DPoP` proofs: nothing is sealed for it, a MAC is keyed.
    DpopNonce,
    /// The links of the audit chain: a MAC is keyed.
    AuditChain,
    /// Exported heads of audit chains: a MAC is keyed.
    AuditHead,
    /// Signatures of what is told to endpoints: a key pair is made of it.
    WebhookSigning,
}

impl Purpose {
    pub(super) fn label(self) -> &'static [u8] {
        match self {
            Purpose::SigningKey => b"mintmark 1 signing key",
            Purpose::RootKeyCheck => b"mintmark 1 root key check",
            Purpose::Password => b"mintmark 1 password",
            Purpose::TotpSecret => b"mintmark 1 totp secret",
            Purpose::Ceremony => b"mintmark 1 ceremony",
            Purpose::DpopNonce => b"mintmark 1 dpop nonce",
            Purpose::AuditChain => b"mintmark 1 audit chain",
            Purpose::AuditHead => b"mintmark 1 audit head",
            Purpose::WebhookSigning => b"mintmark 1 webhook signing key, environment: ",
            Purpose::SharedKey => b"mintmark 1 shared key",
            Purpose::Backup => b"mintmark 1 backup",
            Purpose::Snapshot => b"mintmark 1 snapshot",
        }
    }
}

/// What a sealed value is bound to.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The environment, or nothing where there is none.
    pub environment: &'a str,
    /// The identifier of the row that holds it.
    pub id: &'a str,
    /// The algorithm that the value is used with.
    pub algorithm: &'a str,
}

/// What the key of a `client_secret_jwt` client is bound to: [`shared_key_owner`].
pub fn shared_key_context<'a>(environment: &'a EnvironmentName, owner: &'a str) -> SealContext<'a> {
    SealContext { purpose: Purpose::SharedKey, environment: environment.as_str(), id: owner, algorithm: "HS256" }
}

/// Whose a shared key is: its client's and its credential's.
pub fn shared_key_owner(client: &ClientId, credential: CredentialId) -> String {
    format!("{client} {credential}")
}

/// What a signing key is bound to.
pub(crate) fn signing_key_context<'a>(environment: &'a EnvironmentName, kid: &'a str, algorithm: Algorithm) -> SealContext<'a> {
    SealContext { purpose: Purpose::SigningKey, environment: environment.as_str(), id: kid, algorithm: algorithm.as_str() }
}

/// What the hash of a member's password is bound to.
pub(crate) fn password_context(member: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Password, environment: "", id: member, algorithm: "argon2id" }
}

/// What the secret of a member's codes is bound to.
pub(crate) fn totp_context(member: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::TotpSecret, environment: "", id: member, algorithm: "totp-sha1" }
}

/// The id of the master key that a value says it is sealed under.
pub fn master_key_of(sealed: &[u8]) -> Option<&str> {
    parse(sealed).map(|(id, ..)| id)
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsealError {
    /// Its bytes are no sealed value.
    Malformed,
    /// It was sealed under a master key that is not loaded.
    MasterKeyUnknown(String),
    /// It was changed, or moved here from another row.
    NotAuthentic,
}

impl fmt::Display for UnsealError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnsealError::Malformed => out.write_str("it is not a sealed value"),
            UnsealError::MasterKeyUnknown(id) => write!(out, "it is sealed under the master key {id:?}, which is not loaded"),
            UnsealError::NotAuthentic => out.write_str("it was changed, or belongs to another row"),
        }
    }
}

impl std::error::Error for UnsealError {}

/// A master key as it stands among the root keys.
pub(super) struct MasterKey {
    pub(super) id: String,
    pub(super) key: [u8; 32],
    /// Whether it only opens what rests in the store.
    pub(super) retired: bool,
}

/// Seals and opens. The first master key seals, all open what rests in the store, and those that are not retired vouch for what
/// somebody brings.
pub struct Sealer {
    masters: Vec<Master>,
}

struct Master {
    id: String,
    key: hkdf::Prk,
    retired: bool,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.masters.iter().map(|master| &master.id)).finish()
    }
}

impl Sealer {
    pub(super) fn new(masters: impl Iterator<Item = MasterKey>) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"mintmark sealing");
        let extract = |master: MasterKey| Master { key: salt.extract(&master.key), id: master.id, retired: master.retired };
        Self { masters: masters.map(extract).collect() }
    }

    /// All master keys with their ids, retired ones too: for what rests in the store or the log.
    pub(super) fn masters(&self) -> impl Iterator<Item = (&str, &hkdf::Prk)> {
        self.masters.iter().map(|master| (master.id.as_str(), &master.key))
    }

    /// Those that vouch for what somebody brings, such as a token: whoever has stolen a key that is retired can make nothing that is
    /// believed. The first one makes and seals.
    pub(super) fn vouching(&self) -> impl Iterator<Item = (&str, &hkdf::Prk)> {
        self.masters.iter().filter(|master| !master.retired).map(|master| (master.id.as_str(), &master.key))
    }

    /// The ids of all master keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.masters.iter().map(|master| master.id.as_str())
    }

    /// The ids of the master keys that are retired.
    pub fn retired(&self) -> impl Iterator<Item = &str> {
        self.masters.iter().filter(|master| master.retired).map(|master| master.id.as_str())
    }

    /// Whether a value is sealed under the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        let sealing = self.vouching().next();
        parse(sealed).is_some_and(|(id, ..)| sealing.is_some_and(|(sealing, _)| sealing == id))
    }

    /// Keys for MACs of a purpose, one of each master key that vouches; the first one is for making.
    pub fn mac_keys(&self, purpose: Purpose) -> Vec<hmac::Key> {
        self.vouching().filter_map(|(_, master)| Self::mac_key(master, purpose)).collect()
    }

    /// The key for MACs of a purpose that is made of one master key.
    pub(super) fn mac_key(master: &hkdf::Prk, purpose: Purpose) -> Option<hmac::Key> {
        let info = [purpose.label()];
        master.expand(&info, hmac::HMAC_SHA256).ok().map(hmac::Key::from)
    }

    /// Seals a value. `None` if no master key is loaded or the cryptographic library failed.
    pub fn seal(&self, context: SealContext<'_>, value: &[u8], random: &dyn Random) -> Option<Vec<u8>> {
        let (master_id, master) = self.vouching().next()?;
        let key = purpose_key(master, context.purpose)?;
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = vec![VERSION, u8::try_from(master_id.len()).ok()?];
        sealed.extend_from_slice(master_id.as_bytes());
        sealed.extend_from_slice(&nonce);
        let mut text = Zeroizing::new(value.to_vec());
        let aad = Aad::from(associated_data(context, master_id));
        let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text).ok()?;
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// Opens a value of the store that was sealed in exactly this context.
    pub fn unseal(&self, context: SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        unseal_with(self.masters(), context, sealed)
    }

    /// Opens a value that was given out and is brought back: that it opens is all that vouches for it, so no retired key does.
    pub fn unseal_brought(&self, context: SealContext<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        unseal_with(self.vouching(), context, sealed)
    }
}

fn unseal_with<'a>(
    mut masters: impl Iterator<Item = (&'a str, &'a hkdf::Prk)>,
    context: SealContext<'_>,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
    let (master_id, nonce, text) = parse(sealed).ok_or(UnsealError::Malformed)?;
    let found = masters.find(|(id, _)| *id == master_id);
    let (_, master) = found.ok_or_else(|| UnsealError::MasterKeyUnknown(master_id.to_owned()))?;
    let key = purpose_key(master, context.purpose).ok_or(UnsealError::NotAuthentic)?;
    let mut buffer = Zeroizing::new(text.to_vec());
    let aad = Aad::from(associated_data(context, master_id));
    let length =
        key.open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut buffer).map_err(|_| UnsealError::NotAuthentic)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

fn purpose_key(master: &hkdf::Prk, purpose: Purpose) -> Option<LessSafeKey> {
    let info = [purpose.label()];
    let key: UnboundKey = master.expand(&info, &AES_256_GCM).ok()?.into();
    Some(LessSafeKey::new(key))
}

/// Each field behind its length, so that no two contexts give the same bytes.
fn associated_data(context: SealContext<'_>, master_id: &str) -> Vec<u8> {
    let mut data = vec![VERSION];
    let fields = [context.purpose.label(), context.environment.as_bytes(), context.id.as_bytes(), context.algorithm.as_bytes()];
    for field in fields.into_iter().chain([master_id.as_bytes()]) {
        data.extend_from_slice(&(field.len() as u64).to_be_bytes());
        data.extend_from_slice(field);
    }
    data
}

fn parse(sealed: &[u8]) -> Option<(&str, [u8; NONCE_LEN], &[u8])> {
    let (&[version, id_length], rest) = sealed.split_first_chunk::<2>()?;
    if version != VERSION {
        return None;
    }
    let (id, rest) = rest.split_at_checked(id_length.into())?;
    let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
    Some((std::str::from_utf8(id).ok()?, *nonce, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    const CONTEXT: SealContext<'static> =
        SealContext { purpose: Purpose::SigningKey, environment: "sandbox", id: "kid", algorithm: "ES256" };

    fn sealer(ids: &[(&str, u8)]) -> Sealer {
        sealer_with_retired(ids, "")
    }

    fn sealer_with_retired(ids: &[(&str, u8)], retired: &str) -> Sealer {
        let master = |(id, byte): &(&str, u8)| MasterKey { id: (*id).to_owned(), key: [*byte; 32], retired: *id == retired };
        Sealer::new(ids.iter().map(master))
    }

    #[test]
    fn opens_in_the_context_it_was_sealed_in_and_in_no_other() {
        let keys = sealer(&[("m1", 1)]);
        let sealed = keys.seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        assert_eq!(keys.unseal(CONTEXT, &sealed).unwrap().as_slice(), b"private");
        for other in [
            SealContext { purpose: Purpose::RootKeyCheck, ..CONTEXT },
            SealContext { environment: "production", ..CONTEXT },
            SealContext { id: "other", ..CONTEXT },
            SealContext { algorithm: "RS256", ..CONTEXT },
        ] {
            assert_eq!(keys.unseal(other, &sealed), Err(UnsealError::NotAuthentic));
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let keys = sealer(&[("m1", 1)]);
        let sealed = keys.seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys.unseal(CONTEXT, &changed).is_err(), "byte {at}");
            assert!(keys.unseal(CONTEXT, &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_first_master_key_seals_and_all_open() {
        let old = sealer(&[("m1", 1)]).seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        let both = sealer(&[("m2", 2), ("m1", 1)]);
        assert!(both.unseal(CONTEXT, &old).is_ok());
        let new = both.seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        assert_eq!(sealer(&[("m1", 1)]).unseal(CONTEXT, &new), Err(UnsealError::MasterKeyUnknown("m2".to_owned())));
    }

    #[test]
    fn s8_a_retired_master_key_opens_what_rests_and_vouches_for_nothing() {
        let old = sealer(&[("m1", 1)]);
        let sealed = old.seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        let keys = sealer_with_retired(&[("m2", 2), ("m1", 1)], "m1");
        assert!(keys.unseal(CONTEXT, &sealed).is_ok());
        assert_eq!(keys.unseal_brought(CONTEXT, &sealed), Err(UnsealError::MasterKeyUnknown("m1".to_owned())));
        assert_eq!((keys.mac_keys(Purpose::DpopNonce).len(), keys.retired().collect::<Vec<_>>()), (1, vec!["m1"]));
        let anew = keys.seal(CONTEXT, b"private", &SeededRandom::new(1)).unwrap();
        assert!(keys.unseal_brought(CONTEXT, &anew).is_ok());
        assert_eq!((keys.is_current(&sealed), keys.is_current(&anew), keys.is_current(b"")), (false, true, false));
        let both = sealer(&[("m2", 2), ("m1", 1)]);
        assert!(both.unseal_brought(CONTEXT, &sealed).is_ok(), "one that is not retired vouches still");
    }
}
