//! Sealing anew what rests in the store under a master key that is to go.

use std::fmt;

use super::sealing::{SealContext, password_context, shared_key_context, shared_key_owner, signing_key_context, totp_context};
use super::{Sealer, UnsealError};
use crate::model::{ClientId, CredentialId, EnvironmentName, MemberId};
use crate::random::Random;
use mintmark_verify::Algorithm;

/// A place of the store where something sealed rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// The private part of a signing key.
    SigningKey {
        /// The environment.
        environment: EnvironmentName,
        /// The key's id.
        kid: String,
        /// What it signs with.
        algorithm: Algorithm,
    },
    /// A key that a client makes MACs with.
    SharedKey {
        /// The environment.
        environment: EnvironmentName,
        /// The client.
        client_id: ClientId,
        /// The credential.
        id: CredentialId,
    },
    /// The hash of a member's password.
    Password(MemberId),
    /// What a member's codes are made of.
    TotpSecret(MemberId),
}

impl fmt::Display for SealedPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SigningKey { environment, kid, .. } => write!(out, "signing key {kid} of {environment}"),
            Self::SharedKey { environment, client_id, id } => {
                write!(out, "shared key {id} of the client {client_id} in {environment}")
            }
            Self::Password(member) => write!(out, "password of {member}"),
            Self::TotpSecret(member) => write!(out, "authenticator of {member}"),
        }
    }
}

impl SealedPlace {
    /// Opens what rests there, and seals it under the master key that seals now. Which place it is for stays as it was, so a value that was
    /// moved there from another one does not become good by it (rule S8).
    pub fn seal_anew(&self, keys: &Sealer, sealed: &[u8], random: &dyn Random) -> Result<Vec<u8>, UnsealError> {
        match self {
            Self::SigningKey { environment, kid, algorithm } => {
                anew(keys, signing_key_context(environment, kid, *algorithm), sealed, random)
            }
            Self::SharedKey { environment, client_id, id } => {
                anew(keys, shared_key_context(environment, &shared_key_owner(client_id, *id)), sealed, random)
            }
            Self::Password(member) => anew(keys, password_context(&member.to_text()), sealed, random),
            Self::TotpSecret(member) => anew(keys, totp_context(&member.to_text()), sealed, random),
        }
    }
}

fn anew(keys: &Sealer, context: SealContext<'_>, sealed: &[u8], random: &dyn Random) -> Result<Vec<u8>, UnsealError> {
    let text = keys.unseal(context, sealed)?;
    keys.seal(context, &text, random).ok_or(UnsealError::NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    #[test]
    fn s8_what_is_sealed_anew_opens_in_its_place_and_what_was_moved_does_not() {
        let random = SeededRandom::new(1);
        let (old, new) = (RootKeys::generate(&random), RootKeys::generate(&random).replace("\"m1\"", "\"m2\""));
        let (front, _) = new.split_once("[[pepper]]").unwrap();
        let (head, tail) = old.split_once("[[pepper]]").unwrap();
        let both = RootKeys::parse(&format!("{front}{head}retired = true\n[[pepper]]{tail}")).unwrap().sealer;
        let (old, new) = (RootKeys::parse(&old).unwrap().sealer, RootKeys::parse(&new).unwrap().sealer);
        let (ann, bob) = (MemberId::generate(&random), MemberId::generate(&random));
        let (ann_text, place) = (ann.to_text(), SealedPlace::Password(ann));
        let sealed = old.seal(password_context(&ann_text), b"hash", &random).unwrap();
        let anew = place.seal_anew(&both, &sealed, &random).unwrap();
        assert_eq!(new.unseal(password_context(&ann_text), &anew).unwrap().as_slice(), b"hash");
        for wrong in [SealedPlace::Password(bob), SealedPlace::TotpSecret(ann)] {
            assert_eq!(wrong.seal_anew(&both, &sealed, &random), Err(UnsealError::NotAuthentic), "{wrong}");
        }
        assert_eq!(place.seal_anew(&new, &sealed, &random), Err(UnsealError::MasterKeyUnknown("m1".to_owned())));
    }
}
