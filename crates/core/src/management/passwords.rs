//! Passwords: Argon2id (RFC 9106), the hash sealed for its member.
//!
//! A hash takes memory and tens of milliseconds, so it is made on threads of its own, few at a time and behind a short queue: a flood
//! of sign-ins costs a bounded part of the machine.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use tokio::sync::{Semaphore, oneshot};
use zeroize::Zeroizing;

use super::{Managed, ManagementError};
use crate::crypto::{Sealer, SecretText, password_context};
use crate::model::{MemberId, PasswordHash, SealedBytes};
use crate::random::Random;
use crate::registry::RegistryError;

/// The shortest password, in characters. Length is all that is asked: rules about digits and signs make worse ones.
const SHORTEST: usize = 12;
/// The longest, in bytes.
const LONGEST: usize = 256;
/// How many are hashed at a time.
const AT_ONCE: usize = 2;
/// How many wait for that at most.
const WAITING: usize = 32;
const SALT: usize = 16;
const HASH: usize = 32;
/// Version, memory, passes, salt and hash.
const STORED: usize = 1 + 4 + 4 + SALT + HASH;
const VERSION: u8 = 1;
/// What a stored hash may ask for at most, so that a planted row takes no machine down.
const MEMORY_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 10;

/// What a new hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB and two passes: the least that OWASP recommends, since a code is needed besides.
    fn default() -> Self {
        Self { memory: 19 * 1024, passes: 2 }
    }
}

pub(super) struct Passwords {
    cost: PasswordCost,
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

type Hash = Zeroizing<[u8; HASH]>;

impl Passwords {
    pub(super) fn new(cost: PasswordCost) -> Self {
        Self { cost, places: Arc::new(Semaphore::new(AT_ONCE + WAITING)), threads: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// What is stored of a new password.
    pub(super) async fn store(
        &self,
        (keys, random): (&Sealer, &dyn Random),
        member: MemberId,
        password: &SecretText,
    ) -> Managed<PasswordHash> {
        check(password)?;
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let hash = self.hash(password, salt, self.cost).await?;
        let mut stored = Zeroizing::new(Vec::with_capacity(STORED));
        stored.push(VERSION);
        stored.extend_from_slice(&self.cost.memory.to_be_bytes());
        stored.extend_from_slice(&self.cost.passes.to_be_bytes());
        stored.extend_from_slice(&salt);
        stored.extend_from_slice(&*hash);
        let sealed = keys.seal(password_context(&member.to_text()), &stored, random).ok_or(ManagementError::Busy)?;
        Ok(PasswordHash(SealedBytes(sealed)))
    }

    /// Whether it is the member's password. Without a member, or where it has none, the same work is done for nothing.
    pub(super) async fn is(
        &self,
        sealer: &Sealer,
        stored: Option<(MemberId, &PasswordHash)>,
        password: &SecretText,
    ) -> Managed<bool> {
        let opened = stored.and_then(|(member, hash)| open(sealer, member, hash));
        let (cost, salt, expected) = match &opened {
            Some((cost, salt, expected)) => (*cost, *salt, Some(expected)),
            None => (self.cost, [0; SALT], None),
        };
        if password.expose().len() > LONGEST {
            return Ok(false);
        }
        let found = self.hash(password, salt, cost).await?;
        let is_equal = |expected: &Hash| verify_slices_are_equal(&**expected, &*found).is_ok();
        Ok(expected.is_some_and(is_equal))
    }

    async fn hash(&self, password: &SecretText, salt: [u8; SALT], cost: PasswordCost) -> Managed<Hash> {
        let _place = self.places.try_acquire().map_err(|_| ManagementError::Busy)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|_| ManagementError::Busy)?;
        let password = password.clone();
        let (answer, answered) = oneshot::channel();
        let work = move || {
            // Held until the work is done, also where nobody waits for it any more.
            let _thread = thread;
            let _ = answer.send(argon2id(&password, salt, cost));
        };
        std::thread::Builder::new().name("password".to_owned()).spawn(work).map_err(|_| ManagementError::Busy)?;
        answered.await.ok().flatten().ok_or(ManagementError::Busy)
    }
}

fn argon2id(password: &SecretText, salt: [u8; SALT], cost: PasswordCost) -> Option<Hash> {
    let params = Params::new(cost.memory, cost.passes, 1, Some(HASH)).ok()?;
    let mut hash = Zeroizing::new([0; HASH]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.expose().as_bytes(), &salt, &mut *hash).ok()?;
    Some(hash)
}

/// Whether a password is one that a member can have.
pub(super) fn check(password: &SecretText) -> Managed<()> {
    let text = password.expose();
    if text.len() > LONGEST || text.chars().count() < SHORTEST || text.chars().any(char::is_control) {
        let expected = format!("at least {SHORTEST} characters and at most {LONGEST} bytes");
        return Err(RegistryError::Invalid { field: "password", expected }.into());
    }
    Ok(())
}

fn open(sealer: &Sealer, member: MemberId, hash: &PasswordHash) -> Option<(PasswordCost, [u8; SALT], Hash)> {
    let log = |error: &_| tracing::error!(%member, %error, "a password cannot be read: nobody signs in with it");
    let stored = sealer.unseal(password_context(&member.to_text()), &hash.0.0).inspect_err(log).ok()?;
    let (&[version], rest) = stored.split_first_chunk::<1>()?;
    let (memory, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, rest) = rest.split_first_chunk::<SALT>()?;
    let cost = PasswordCost { memory: u32::from_be_bytes(*memory), passes: u32::from_be_bytes(*passes) };
    let is_known = version == VERSION && cost.memory <= MEMORY_MAX && cost.passes <= PASSES_MAX;
    let hash: [u8; HASH] = rest.try_into().ok()?;
    is_known.then(|| (cost, *salt, Zeroizing::new(hash)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    const CHEAP: PasswordCost = PasswordCost { memory: 8, passes: 1 };

    fn keys() -> (RootKeys, SeededRandom) {
        (RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap(), SeededRandom::new(2))
    }

    fn secret(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_its_members_alone() {
        let (keys, random) = keys();
        let passwords = Passwords::new(CHEAP);
        let (ann, bob) = (MemberId::generate(&random), MemberId::generate(&random));
        let stored = passwords.store((&keys.sealer, &random), ann, &secret("correct horse battery")).await.unwrap();
        let is = async |member, text| passwords.is(&keys.sealer, Some((member, &stored)), &secret(text)).await.unwrap();
        assert!(is(ann, "correct horse battery").await);
        assert!(!is(ann, "correct horse batterY").await);
        assert!(!is(bob, "correct horse battery").await, "s7: a row that was copied is worthless");
        assert!(!passwords.is(&keys.sealer, None, &secret("correct horse battery")).await.unwrap());
        assert!(!is(ann, &"x".repeat(257)).await);
    }

    #[tokio::test]
    async fn a_password_of_another_cost_still_opens() {
        let (keys, random) = keys();
        let ann = MemberId::generate(&random);
        let old = Passwords::new(CHEAP).store((&keys.sealer, &random), ann, &secret("correct horse battery")).await.unwrap();
        let dearer = Passwords::new(PasswordCost { memory: 16, passes: 2 });
        assert!(dearer.is(&keys.sealer, Some((ann, &old)), &secret("correct horse battery")).await.unwrap());
    }

    #[tokio::test]
    async fn short_and_endless_passwords_are_refused() {
        let (keys, random) = keys();
        for text in ["short", "elevenchars", &"x".repeat(257), "correct horse\nbattery"] {
            let stored = Passwords::new(CHEAP).store((&keys.sealer, &random), MemberId::none(), &secret(text)).await;
            assert!(
                matches!(stored, Err(ManagementError::Registry(RegistryError::Invalid { field: "password", .. }))),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_crowd_is_told_to_come_again() {
        let passwords = Passwords::new(CHEAP);
        let _all = passwords.places.acquire_many(u32::try_from(AT_ONCE + WAITING).unwrap()).await.unwrap();
        let (keys, _) = keys();
        let refused = passwords.is(&keys.sealer, None, &secret("correct horse battery")).await;
        assert!(matches!(refused, Err(ManagementError::Busy)));
    }
}
