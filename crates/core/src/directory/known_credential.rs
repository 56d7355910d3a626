//! A credential as a node holds it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mintmark_verify::VerifyingKey;

use super::footprint::{Footprint, heap_bytes, name_bytes};
use super::known_client::SharedValues;
use super::uses::LAST_USE_EXACT_TO;
use crate::clock::Timestamp;
use crate::crypto::HashScheme;
use crate::model::{
    BusinessId, Credential, CredentialId, CredentialLimits, IpNetwork, Proof, ScopeToken, Status, StoredMac, StoredSecret,
};

/// Before every use.
const NEVER: i64 = i64::MIN;
/// A scheme that no secret is stored with, for a MAC that is none: nothing matches it, at the usual cost.
pub(super) const NO_SCHEME: u32 = 0;
/// What a parsed key takes, in bytes: about as much as the largest, of RSA.
const PARSED_KEY_BYTES: usize = 1024;

/// A credential, as a token request needs it.
#[derive(Debug)]
pub struct KnownCredential {
    /// Its identifier.
    pub id: CredentialId,
    /// What proves the client.
    pub proof: KnownProof,
    /// A disabled credential proves nothing.
    pub status: Status,
    /// Whether it is disabled because it leaked, until somebody decides.
    pub is_quarantined: bool,
    /// From this second on it proves nothing.
    pub expires_at: Option<Timestamp>,
    /// What it may be used for; nothing for nearly all, which may be used for whatever their client may do.
    limits: Option<Box<CredentialLimits>>,
    /// The last use that the store has or is about to be given, in unix seconds; [`NEVER`] where there is none.
    stored_use: AtomicI64,
}

/// What proves a client, ready to be checked.
#[derive(Debug)]
pub enum KnownProof {
    /// A secret that is stored under a pepper: what nearly every client has.
    Secret(KnownSecret),
    /// Anything else, a secret's hash of another server among it.
    Other(Box<OtherProof>),
}

/// A proof that is no secret under a pepper.
#[derive(Debug)]
pub struct OtherProof {
    /// As it is stored.
    pub proof: Proof,
    /// What it owns, in bytes.
    bytes: usize,
    /// The parsed key of a [`Proof::PublicKey`]; none if the stored one cannot be used.
    pub key: Option<VerifyingKey>,
}

/// A stored secret. Like [`StoredSecret`] it does not print.
pub struct KnownSecret {
    form: Arc<SecretForm>,
    mac: [u8; 32],
}

/// How secrets are stored: alike for nearly all.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct SecretForm {
    scheme: u32,
    pepper_id: String,
}

impl KnownCredential {
    pub(super) fn build(credential: Credential, shared: &SharedValues) -> Self {
        Self {
            id: credential.id,
            proof: KnownProof::build(credential.proof, shared),
            status: credential.status,
            is_quarantined: credential.quarantined_at.is_some(),
            expires_at: credential.expires_at,
            limits: (!credential.limits.is_none()).then(|| Box::new(compact(credential.limits))),
            stored_use: AtomicI64::new(credential.last_used_at.map_or(NEVER, |at| at.0)),
        }
    }

    /// The secret, if it is one.
    pub fn secret(&self) -> Option<&KnownSecret> {
        match &self.proof {
            KnownProof::Secret(secret) => Some(secret),
            KnownProof::Other(_) => None,
        }
    }

    /// A secret that was brought along from another server as a slow hash, and was not presented yet.
    pub fn imported_hash(&self) -> Option<&StoredSecret> {
        match &self.proof {
            KnownProof::Secret(_) => None,
            KnownProof::Other(other) => other.proof.secret(),
        }
    }

    /// Whether the store still holds this very secret.
    pub(super) fn is_stored_as(&self, stored: &StoredSecret) -> bool {
        match self.secret() {
            Some(secret) => secret.is_stored_as(stored),
            None => self.imported_hash() == Some(stored),
        }
    }

    /// Anything but a secret that is stored under a pepper.
    pub fn other(&self) -> Option<&OtherProof> {
        match &self.proof {
            KnownProof::Secret(_) => None,
            KnownProof::Other(other) => Some(other),
        }
    }

    /// The memory that it has apart from itself.
    pub(super) fn owned_bytes(&self) -> usize {
        let proof = match &self.proof {
            KnownProof::Secret(_) => 0,
            KnownProof::Other(other) => heap_bytes(size_of::<OtherProof>()) + other.bytes,
        };
        proof + self.limits().map_or(0, limits_bytes)
    }

    /// What it may be used for, where that is less than what its client may do.
    pub fn limits(&self) -> Option<&CredentialLimits> {
        self.limits.as_deref()
    }

    /// Whether it proves its client now, to a request from an address.
    pub fn is_usable(&self, now: Timestamp, source: IpAddr) -> bool {
        self.is_in_force(now) && self.limits().is_none_or(|limits| limits.has_begun(now) && limits.permits_source(source))
    }

    /// Whether it proves its client now.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.status == Status::Active && !self.is_expired(now)
    }

    /// Whether its time is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the store's time of last use is too old for a use now.
    pub(super) fn is_use_due(&self, now: Timestamp) -> bool {
        self.stored_use.load(Ordering::Relaxed).saturating_add(LAST_USE_EXACT_TO) <= now.0
    }

    /// Takes it on to write a use down. `false` if another did so meanwhile.
    pub(super) fn claim_use(&self, now: Timestamp) -> bool {
        self.stored_use.fetch_max(now.0, Ordering::Relaxed).saturating_add(LAST_USE_EXACT_TO) <= now.0
    }
}

/// Without the room that lists keep for more.
fn compact(mut limits: CredentialLimits) -> CredentialLimits {
    limits.networks.shrink_to_fit();
    if let Some(businesses) = &mut limits.businesses {
        businesses.shrink_to_fit();
    }
    limits
}

/// What limits take behind a pointer of their own.
fn limits_bytes(limits: &CredentialLimits) -> usize {
    let scopes = limits.scopes.as_ref().map_or(0, |scopes| {
        let names: usize = scopes.iter().map(|scope| name_bytes(scope.as_str())).sum();
        names + heap_bytes(scopes.as_str().len()) + heap_bytes(scopes.iter().len() * size_of::<ScopeToken>())
    });
    let businesses = limits.businesses.as_ref().map_or(0, |list| heap_bytes(list.capacity() * size_of::<BusinessId>()));
    heap_bytes(size_of::<CredentialLimits>())
        + heap_bytes(limits.networks.capacity() * size_of::<IpNetwork>())
        + scopes
        + businesses
}

impl KnownProof {
    fn build(proof: Proof, shared: &SharedValues) -> Self {
        let proof = match proof {
            Proof::Secret(secret) if HashScheme::of_number(secret.scheme).is_none() => {
                return KnownProof::Secret(KnownSecret::build(secret, shared));
            }
            other => other,
        };
        let key = match &proof {
            Proof::PublicKey(key) => VerifyingKey::try_from(&key.jwk).ok(),
            _ => None,
        };
        let text = proof.details().map_or(0, |details| details.to_string().len());
        let hash = proof.secret().map_or(0, |secret| heap_bytes(secret.mac.capacity()));
        let bytes = text * 2 + hash + if key.is_some() { PARSED_KEY_BYTES } else { 0 };
        KnownProof::Other(Box::new(OtherProof { proof, bytes, key }))
    }

    /// As it is stored.
    pub fn to_proof(&self) -> Proof {
        match self {
            KnownProof::Secret(secret) => {
                let StoredMac { scheme, pepper_id, mac } = secret.into();
                Proof::Secret(StoredSecret { scheme, pepper_id: pepper_id.to_owned(), mac: mac.to_vec() })
            }
            KnownProof::Other(other) => other.proof.clone(),
        }
    }
}

impl KnownSecret {
    fn build(secret: StoredSecret, shared: &SharedValues) -> Self {
        let StoredSecret { scheme, pepper_id, mac } = secret;
        let mac = <[u8; 32]>::try_from(mac);
        let scheme = if mac.is_ok() { scheme } else { NO_SCHEME };
        let form = shared.secret_forms.share(SecretForm { scheme, pepper_id }).value;
        Self { form, mac: mac.unwrap_or_default() }
    }

    /// Whether the store still holds this very secret.
    pub(super) fn is_stored_as(&self, stored: &StoredSecret) -> bool {
        let is_same_form = self.form.scheme == stored.scheme && self.form.pepper_id == stored.pepper_id;
        is_same_form && verify_slices_are_equal(&self.mac, &stored.mac).is_ok()
    }
}

impl<'a> From<&'a KnownSecret> for StoredMac<'a> {
    fn from(known: &'a KnownSecret) -> Self {
        Self { scheme: known.form.scheme, pepper_id: &known.form.pepper_id, mac: &known.mac }
    }
}

impl fmt::Debug for KnownSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&StoredMac::from(self), out)
    }
}

impl Footprint for SecretForm {
    fn owned_bytes(&self) -> usize {
        heap_bytes(self.pepper_id.capacity())
    }
}
