//! Signing keys: made, read and used through AWS-LC. A key is parsed once and then used for every token.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair,
};
use mintmark_verify::{Algorithm, Jwk};
use zeroize::Zeroizing;

/// A new private key: PKCS#8, wiped when dropped.
pub struct KeyMaterial(Zeroizing<Vec<u8>>);

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[private key]")
    }
}

/// The key could not be made, read or used with its algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyMaterialError;

impl fmt::Display for KeyMaterialError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the private key cannot be used with its algorithm")
    }
}

impl std::error::Error for KeyMaterialError {}

impl KeyMaterial {
    /// Makes a key. RSA takes 70 to 200 ms of CPU: not for a thread that serves requests.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyMaterialError> {
        let bytes = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyMaterialError)?;
                pair.to_pkcs8v1().map_err(|_| KeyMaterialError)?.as_ref().to_vec()
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::generate().map_err(|_| KeyMaterialError)?;
                pair.to_pkcs8v1().map_err(|_| KeyMaterialError)?.as_ref().to_vec()
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyMaterialError)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyMaterialError)?;
                der.as_ref().to_vec()
            }
        };
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// A key that was sealed.
    pub fn from_pkcs8(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The PKCS#8 bytes, to be sealed.
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

/// A signature in the form that JWS wants (RFC 7518 section 3, RFC 8037 section 3.1).
pub enum Signature {
    /// Of ECDSA with P-256 or of Ed25519.
    Short([u8; 64]),
    /// Of RSA.
    Long(Vec<u8>),
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Signature::Short(signature) => signature.as_ref(),
            Signature::Long(signature) => signature,
        }
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Signature({} bytes)", self.as_ref().len())
    }
}

/// A parsed private key with its one algorithm.
#[derive(Debug)]
pub struct SigningKeyPair {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
}

impl fmt::Debug for Pair {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[private key]")
    }
}

impl SigningKeyPair {
    /// Reads a key for its algorithm.
    pub fn parse(algorithm: Algorithm, material: &KeyMaterial) -> Result<Self, KeyMaterialError> {
        let pkcs8 = material.pkcs8();
        let rsa = |encoding| RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Pair::Rsa(Box::new(pair), encoding));
        let pair = match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Pair::Ecdsa),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::Ed25519),
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
        };
        Ok(Self { algorithm, pair: pair.map_err(|_| KeyMaterialError)? })
    }

    /// The one algorithm that the key is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether a signature takes so long (0.7 ms) that it must not be made on a thread that serves requests.
    pub fn is_slow(&self) -> bool {
        matches!(self.pair, Pair::Rsa(..))
    }

    /// How many bytes its signatures have.
    pub fn signature_length(&self) -> usize {
        match &self.pair {
            Pair::Ecdsa(_) | Pair::Ed25519(_) => 64,
            Pair::Rsa(pair, _) => pair.public_modulus_len(),
        }
    }

    /// The public key with its thumbprint as `kid`.
    pub fn public_jwk(&self) -> Result<Jwk, KeyMaterialError> {
        let jwk = match &self.pair {
            Pair::Ecdsa(pair) => Jwk::ec_p256(pair.public_key().as_ref()).map_err(|_| KeyMaterialError)?,
            Pair::Ed25519(pair) => Jwk::ed25519(pair.public_key().as_ref().try_into().map_err(|_| KeyMaterialError)?),
            Pair::Rsa(pair, _) => {
                let public = pair.public_key();
                Jwk::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                    self.algorithm,
                )
                .map_err(|_| KeyMaterialError)?
            }
        };
        let kid = jwk.thumbprint();
        Ok(jwk.with_kid(kid))
    }

    /// Signs.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, KeyMaterialError> {
        let signature = match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&SystemRandom::new(), message).and_then(|made| short(&made)),
            Pair::Ed25519(pair) => pair.try_sign(message).and_then(|made| short(&made)),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; self.signature_length()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature).map(|()| Signature::Long(signature))
            }
        };
        signature.map_err(|_| KeyMaterialError)
    }
}

/// AWS-LC's own type has room for every kind of signature there is, more than four thousand bytes, and is better left at once.
fn short(made: &aws_lc_rs::signature::Signature) -> Result<Signature, Unspecified> {
    made.as_ref().try_into().map(Signature::Short).map_err(|_| Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mintmark_verify::VerifyingKey;

    #[test]
    fn what_each_algorithm_signs_its_published_key_verifies() {
        for algorithm in Algorithm::ALL {
            let material = KeyMaterial::generate(algorithm).unwrap();
            let pair = SigningKeyPair::parse(algorithm, &material).unwrap();
            let signature = pair.sign(b"message").unwrap();
            assert_eq!(signature.as_ref().len(), pair.signature_length());
            let public = VerifyingKey::try_from(&pair.public_jwk().unwrap()).unwrap();
            public.verify(b"message", signature.as_ref()).unwrap();
            assert!(public.verify(b"messagE", signature.as_ref()).is_err());
            assert_eq!(pair.is_slow(), matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256));
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let material = KeyMaterial::generate(Algorithm::Es256).unwrap();
        assert!(SigningKeyPair::parse(Algorithm::EdDsa, &material).is_err());
        assert!(SigningKeyPair::parse(Algorithm::Rs256, &material).is_err());
        assert_eq!(format!("{material:?}"), "[private key]");
    }
}
