//! A signing key used directly, without Mintmark's own wrapper: what the cryptographic library can do.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_verify::{Algorithm, Jwk};

use crate::failure::{Context, Done, fail};

/// A private key, parsed once.
pub(crate) enum Signer {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    /// A new key, made as Mintmark makes its own, and its public half.
    pub(crate) fn generate(algorithm: Algorithm) -> Done<(Self, Jwk)> {
        let material = KeyMaterial::generate(algorithm)?;
        let jwk = SigningKeyPair::parse(algorithm, &material)?.public_jwk()?;
        let pkcs8 = material.pkcs8();
        let signer = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Signer::Ecdsa),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Signer::Ed25519),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Signer::Rsa(Box::new(pair))),
            Algorithm::Ps256 => return fail!("expected ES256, EdDSA or RS256, found {algorithm}"),
        };
        Ok((signer.context(|| format!("the {algorithm} key cannot be read"))?, jwk))
    }

    /// The signature; nothing if the library failed.
    pub(crate) fn sign(&self, random: &SystemRandom, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Signer::Ecdsa(pair) => pair.sign(random, message).ok().map(|made| made.as_ref().to_vec()),
            Signer::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Signer::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}
