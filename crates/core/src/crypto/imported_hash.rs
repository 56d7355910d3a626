//! Hashes of secrets that clients bring along from another server, in slow schemes (rule S9).
//!
//! Each is kept as one text, which says its scheme and parameters, until its secret is presented: then the secret is stored under the
//! pepper and the hash is gone. What a hash may cost is bounded when it is imported, and again when it is read from the store, so
//! that no row makes a server work for seconds.

mod verify;

use std::fmt;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, Engine as _};

use crate::model::StoredSecret;

/// The most iterations of PBKDF2, counted for each block of its output.
const PBKDF2_ITERATIONS_MAX: u32 = 2_000_000;
/// The largest cost of bcrypt, as the power of two that it is.
const BCRYPT_COST_MAX: u32 = 12;
/// The most memory of Argon2, in KiB.
const ARGON2_MEMORY_MAX: u32 = 128 * 1024;
/// The most passes of Argon2 over its memory.
const ARGON2_PASSES_MAX: u32 = 5;
/// The most of memory times passes of Argon2, in KiB.
const ARGON2_WORK_MAX: u32 = 320 * 1024;
/// The most lanes of Argon2.
const ARGON2_LANES_MAX: u32 = 16;
/// The largest `N * r` of scrypt: 64 MiB.
const SCRYPT_MEMORY_MAX: u64 = 1 << 19;
/// The largest `N * r * p` of scrypt.
const SCRYPT_WORK_MAX: u64 = 1 << 20;
/// The longest text of a hash, in bytes.
const LONGEST_TEXT: usize = 512;
/// The longest salt and the longest hash, in bytes.
const LONGEST_SALT: usize = 128;
const LONGEST_KEY: usize = 64;
/// The shortest hash, in bytes: a shorter one is no proof.
const SHORTEST_KEY: usize = 16;
/// The schemes of imported hashes begin here; those of Mintmark's own MACs are small numbers.
const FIRST_SCHEME: u32 = 100;

/// bcrypt's own base64. The last character of a salt has bits that nobody reads, which some programs set.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A slow hash of a secret. Like the secret it does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedHash {
    text: String,
    scheme: HashScheme,
    function: Function,
}

/// What computed a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the scheme of its name")]
pub enum HashScheme {
    Pbkdf2Sha1,
    Pbkdf2Sha256,
    Pbkdf2Sha512,
    Bcrypt,
    /// bcrypt of the SHA-256 of the secret in hexadecimal, as Django writes it.
    BcryptSha256,
    Argon2i,
    Argon2id,
    Scrypt,
}

#[derive(Clone, PartialEq, Eq)]
enum Function {
    Pbkdf2 { iterations: u32, salt: Vec<u8>, key: Vec<u8> },
    Bcrypt { cost: u32, salt: [u8; 16], key: Vec<u8> },
    Argon2 { memory: u32, passes: u32, lanes: u32, salt: Vec<u8>, key: Vec<u8> },
    Scrypt { log_n: u8, r: u32, p: u32, salt: Vec<u8>, key: Vec<u8> },
}

/// Why a text is no hash that can be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashError {
    /// It begins like none of the schemes.
    Unknown,
    /// It is not what its scheme writes.
    Malformed(&'static str),
    /// To verify it would cost too much.
    TooCostly(String),
}

impl fmt::Display for HashError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HashError::Unknown => out.write_str(
                "the hash is of a scheme that cannot be verified here; there are PBKDF2 (SHA-1, SHA-256, SHA-512), bcrypt, Argon2i, \
                 Argon2id and scrypt",
            ),
            HashError::Malformed(expected) => write!(out, "the hash cannot be read: expected {expected}"),
            HashError::TooCostly(what) => write!(out, "the hash costs too much to verify: {what}"),
        }
    }
}

impl std::error::Error for HashError {}

impl HashScheme {
    const ALL: [(HashScheme, u32, &'static str); 8] = [
        (HashScheme::Pbkdf2Sha1, FIRST_SCHEME, "pbkdf2-sha1"),
        (HashScheme::Pbkdf2Sha256, FIRST_SCHEME + 1, "pbkdf2-sha256"),
        (HashScheme::Pbkdf2Sha512, FIRST_SCHEME + 2, "pbkdf2-sha512"),
        (HashScheme::Bcrypt, FIRST_SCHEME + 3, "bcrypt"),
        (HashScheme::BcryptSha256, FIRST_SCHEME + 4, "bcrypt-sha256"),
        (HashScheme::Argon2i, FIRST_SCHEME + 5, "argon2i"),
        (HashScheme::Argon2id, FIRST_SCHEME + 6, "argon2id"),
        (HashScheme::Scrypt, FIRST_SCHEME + 7, "scrypt"),
    ];

    /// What people call it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(scheme, ..)| *scheme == self).map_or("", |(.., name)| name)
    }

    /// The scheme that a stored secret says it is of.
    pub fn of_number(number: u32) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == number).map(|(scheme, ..)| *scheme)
    }

    fn number(self) -> u32 {
        Self::ALL.iter().find(|(scheme, ..)| *scheme == self).map_or(0, |(_, number, _)| *number)
    }
}

impl ImportedHash {
    /// Reads a hash in the form that it is kept in: `$pbkdf2-sha256$i=25000,l=32$SALT$HASH` (Ory Hydra's), `$2b$12$...` (bcrypt),
    /// `$bcrypt-sha256$2b$12$...`, `$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH`, `$scrypt$ln=14,r=8,p=1$SALT$HASH`, with base64
    /// without padding.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.len() > LONGEST_TEXT {
            return Err(HashError::Malformed("at most 512 bytes"));
        }
        let fields: Vec<&str> = text.split('$').collect();
        match fields.as_slice() {
            ["", "pbkdf2-sha1", rest @ ..] => parse_pbkdf2(HashScheme::Pbkdf2Sha1, rest),
            ["", "pbkdf2-sha256", rest @ ..] => parse_pbkdf2(HashScheme::Pbkdf2Sha256, rest),
            ["", "pbkdf2-sha512", rest @ ..] => parse_pbkdf2(HashScheme::Pbkdf2Sha512, rest),
            ["", "2a" | "2b" | "2y", rest @ ..] => parse_bcrypt(HashScheme::Bcrypt, rest),
            ["", "bcrypt-sha256", "2a" | "2b" | "2y", rest @ ..] => parse_bcrypt(HashScheme::BcryptSha256, rest),
            ["", "argon2i", rest @ ..] => parse_argon2(HashScheme::Argon2i, rest),
            ["", "argon2id", rest @ ..] => parse_argon2(HashScheme::Argon2id, rest),
            ["", "scrypt", rest @ ..] => parse_scrypt(rest),
            _ => Err(HashError::Unknown),
        }
    }

    /// A hash of PBKDF2 by its parts; the scheme says with which hash function.
    pub fn pbkdf2(scheme: HashScheme, iterations: u32, salt: &[u8], key: &[u8]) -> Result<Self, HashError> {
        if !matches!(scheme, HashScheme::Pbkdf2Sha1 | HashScheme::Pbkdf2Sha256 | HashScheme::Pbkdf2Sha512) {
            return Err(HashError::Unknown);
        }
        check_lengths(salt, key)?;
        if iterations == 0 {
            return Err(HashError::Malformed("at least one iteration"));
        }
        let block = match scheme {
            HashScheme::Pbkdf2Sha1 => 20,
            HashScheme::Pbkdf2Sha256 => 32,
            _ => 64,
        };
        let blocks = u32::try_from(key.len().div_ceil(block)).unwrap_or(u32::MAX);
        if iterations.saturating_mul(blocks) > PBKDF2_ITERATIONS_MAX {
            let asked = format!(
                "{iterations} iterations for each of {blocks} blocks, of which at most {PBKDF2_ITERATIONS_MAX} are done"
            );
            return Err(HashError::TooCostly(asked));
        }
        let text = format!("${}$i={iterations},l={}${}${}", scheme.name(), key.len(), encode(salt), encode(key));
        Ok(Self { text, scheme, function: Function::Pbkdf2 { iterations, salt: salt.to_vec(), key: key.to_vec() } })
    }

    /// A hash of scrypt by its parts, `n` being the cost itself and not its logarithm.
    pub fn scrypt(n: u64, r: u32, p: u32, salt: &[u8], key: &[u8]) -> Result<Self, HashError> {
        check_lengths(salt, key)?;
        if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
            return Err(HashError::Malformed("a power of two as N, and r and p above 0"));
        }
        let memory = n.saturating_mul(u64::from(r));
        if memory > SCRYPT_MEMORY_MAX || memory.saturating_mul(u64::from(p)) > SCRYPT_WORK_MAX {
            let asked =
                format!("N={n}, r={r}, p={p}, where N*r is at most {SCRYPT_MEMORY_MAX} and N*r*p at most {SCRYPT_WORK_MAX}");
            return Err(HashError::TooCostly(asked));
        }
        let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
        let text = format!("$scrypt$ln={log_n},r={r},p={p}${}${}", encode(salt), encode(key));
        let function = Function::Scrypt { log_n, r, p, salt: salt.to_vec(), key: key.to_vec() };
        Ok(Self { text, scheme: HashScheme::Scrypt, function })
    }

    /// What computed it.
    pub fn scheme(&self) -> HashScheme {
        self.scheme
    }

    /// As the store keeps it: under no pepper.
    pub fn to_stored(&self) -> StoredSecret {
        StoredSecret { scheme: self.scheme.number(), pepper_id: String::new(), mac: self.text.as_bytes().to_vec() }
    }

    /// What a stored secret is, if it is a hash that was imported.
    pub fn from_stored(stored: &StoredSecret) -> Option<Self> {
        let scheme = HashScheme::of_number(stored.scheme)?;
        let text = std::str::from_utf8(&stored.mac).ok()?;
        Self::parse(text).ok().filter(|hash| hash.scheme == scheme)
    }
}

impl fmt::Debug for ImportedHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ImportedHash({})", self.scheme.name())
    }
}

fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// Base64 with or without its padding: both are written.
fn decode(text: &str) -> Result<Vec<u8>, HashError> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| HashError::Malformed("salt and hash in base64"))
}

fn check_lengths(salt: &[u8], key: &[u8]) -> Result<(), HashError> {
    if salt.is_empty() || salt.len() > LONGEST_SALT {
        return Err(HashError::Malformed("a salt of 1 to 128 bytes"));
    }
    if (SHORTEST_KEY..=LONGEST_KEY).contains(&key.len()) {
        Ok(())
    } else {
        Err(HashError::Malformed("a hash of 16 to 64 bytes"))
    }
}

/// The numbers of a field such as `m=65536,t=3,p=4`, which must have these names in this order.
fn numbers<const N: usize>(field: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut parts = field.split(',');
    for (place, name) in found.iter_mut().zip(names) {
        *place = parts.next()?.strip_prefix(name)?.strip_prefix('=')?.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn parse_pbkdf2(scheme: HashScheme, fields: &[&str]) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("$pbkdf2-...$i=ITERATIONS,l=LENGTH$SALT$HASH");
    let [parameters, salt, key] = fields else { return Err(malformed) };
    let Some([iterations, length]) = numbers(parameters, ["i", "l"]) else { return Err(malformed) };
    let (salt, key) = (decode(salt)?, decode(key)?);
    if usize::try_from(length).is_ok_and(|length| length != key.len()) {
        return Err(HashError::Malformed("a hash of the length that it says"));
    }
    ImportedHash::pbkdf2(scheme, iterations, &salt, &key)
}

fn parse_bcrypt(scheme: HashScheme, fields: &[&str]) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("$2b$COST$ and 53 characters");
    let [cost, rest] = fields else { return Err(malformed) };
    let (Ok(cost), Some((salt, key))) = (cost.parse::<u32>(), rest.split_at_checked(22)) else { return Err(malformed) };
    if cost > BCRYPT_COST_MAX {
        return Err(HashError::TooCostly(format!("bcrypt's cost {cost}, where {BCRYPT_COST_MAX} is the largest")));
    }
    let (Ok(salt_bytes), Ok(key_bytes)) = (BCRYPT.decode(salt), BCRYPT.decode(key)) else { return Err(malformed) };
    let salt_bytes = <[u8; 16]>::try_from(salt_bytes).map_err(|_| malformed.clone())?;
    if cost < 4 || key_bytes.len() != 23 {
        return Err(malformed);
    }
    let prefix = if scheme == HashScheme::BcryptSha256 { "$bcrypt-sha256" } else { "" };
    let text = format!("{prefix}$2b${cost:02}${salt}{key}");
    Ok(ImportedHash { text, scheme, function: Function::Bcrypt { cost, salt: salt_bytes, key: key_bytes } })
}

fn parse_argon2(scheme: HashScheme, fields: &[&str]) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("$argon2id$v=19$m=MEMORY,t=PASSES,p=LANES$SALT$HASH");
    let ["v=19", parameters, salt, key] = fields else { return Err(malformed) };
    let Some([memory, passes, lanes]) = numbers(parameters, ["m", "t", "p"]) else { return Err(malformed) };
    let (salt, key) = (decode(salt)?, decode(key)?);
    check_lengths(&salt, &key)?;
    if salt.len() < 8 || passes == 0 || lanes == 0 || memory < 8 * lanes.min(ARGON2_LANES_MAX) {
        return Err(HashError::Malformed(
            "Argon2 with a salt of 8 bytes or more, m of at least 8 for each lane, t and p above 0",
        ));
    }
    let is_much = memory > ARGON2_MEMORY_MAX
        || passes > ARGON2_PASSES_MAX
        || lanes > ARGON2_LANES_MAX
        || memory.saturating_mul(passes) > ARGON2_WORK_MAX;
    if is_much {
        return Err(HashError::TooCostly(format!(
            "m={memory}, t={passes}, p={lanes}, where m is at most {ARGON2_MEMORY_MAX}, t at most {ARGON2_PASSES_MAX}, p at most \
             {ARGON2_LANES_MAX}, m*t at most {ARGON2_WORK_MAX}"
        )));
    }
    let text = format!("${}$v=19$m={memory},t={passes},p={lanes}${}${}", scheme.name(), encode(&salt), encode(&key));
    Ok(ImportedHash { text, scheme, function: Function::Argon2 { memory, passes, lanes, salt, key } })
}

fn parse_scrypt(fields: &[&str]) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("$scrypt$ln=LOG2_OF_N,r=R,p=P$SALT$HASH");
    let [parameters, salt, key] = fields else { return Err(malformed) };
    let Some([log_n, r, p]) = numbers(parameters, ["ln", "r", "p"]) else { return Err(malformed) };
    let n = 1_u64.checked_shl(log_n).ok_or_else(|| HashError::TooCostly(format!("N is 2 to the {log_n}")))?;
    ImportedHash::scrypt(n, r, p, &decode(salt)?, &decode(key)?)
}

#[cfg(test)]
mod tests;
