//! Computing a slow hash and comparing it, in a time that does not depend on where they differ.

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, pbkdf2};
use zeroize::Zeroizing;

use super::{Function, HashScheme, ImportedHash, LONGEST_KEY};
use crate::crypto::SecretText;

/// What bcrypt reads of a secret: it never reads more, whichever program computed the hash.
const BCRYPT_READS: usize = 72;

impl ImportedHash {
    /// Whether it is the hash of a secret. It takes up to about a second of one core, so it belongs on a thread of its own:
    /// [`HashThreads`](crate::crypto::HashThreads).
    pub fn is_of(&self, secret: &SecretText) -> bool {
        let secret = secret.expose().as_bytes();
        match &self.function {
            Function::Pbkdf2 { iterations, salt, key } => is_pbkdf2(self.scheme, (*iterations, salt, key), secret),
            Function::Bcrypt { cost, salt, key } if self.scheme == HashScheme::BcryptSha256 => {
                is_bcrypt(*cost, *salt, key, &hexadecimal(digest::digest(&digest::SHA256, secret).as_ref()))
            }
            Function::Bcrypt { cost, salt, key } => is_bcrypt(*cost, *salt, key, secret),
            Function::Argon2 { memory, passes, lanes, salt, key } => {
                let algorithm = if self.scheme == HashScheme::Argon2i { Algorithm::Argon2i } else { Algorithm::Argon2id };
                let Ok(params) = Params::new(*memory, *passes, *lanes, Some(key.len())) else { return false };
                let argon2 = Argon2::new(algorithm, Version::V0x13, params);
                is_equal(key, |found| argon2.hash_password_into(secret, salt, found).is_ok())
            }
            Function::Scrypt { log_n, r, p, salt, key } => {
                let Ok(params) = scrypt::Params::new(*log_n, *r, *p) else { return false };
                is_equal(key, |found| scrypt::scrypt(secret, salt, &params, found).is_ok())
            }
        }
    }
}

fn is_pbkdf2(scheme: HashScheme, (iterations, salt, key): (u32, &[u8], &[u8]), secret: &[u8]) -> bool {
    let algorithm = match scheme {
        HashScheme::Pbkdf2Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        HashScheme::Pbkdf2Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        _ => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let Some(iterations) = NonZeroU32::new(iterations) else { return false };
    pbkdf2::verify(algorithm, iterations, salt, secret, key).is_ok()
}

/// bcrypt reads a secret with a zero byte behind it.
fn is_bcrypt(cost: u32, salt: [u8; 16], key: &[u8], secret: &[u8]) -> bool {
    let mut read = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
    read.extend_from_slice(secret);
    read.push(0);
    read.truncate(BCRYPT_READS);
    let found = Zeroizing::new(bcrypt::bcrypt(cost, salt, &read));
    // The last of its bytes is never written.
    found.split_last().is_some_and(|(_, found)| verify_slices_are_equal(found, key).is_ok())
}

/// Whether what is computed is the hash.
fn is_equal(key: &[u8], compute: impl FnOnce(&mut [u8]) -> bool) -> bool {
    let mut found = Zeroizing::new([0; LONGEST_KEY]);
    let Some(found) = found.get_mut(..key.len()) else { return false };
    compute(found) && verify_slices_are_equal(found, key).is_ok()
}

fn hexadecimal(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| DIGITS.get(usize::from(number & 15)).copied().unwrap_or(b'0');
    Zeroizing::new(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect())
}
