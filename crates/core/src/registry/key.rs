use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::keys::KeyRing;
use crate::model::{EnvironmentName, KeyState, SigningKey};
use crate::store::{Store, Subject, Write};
use mintmark_verify::Algorithm;

/// For how many seconds a next key is published before it may sign: longer than verifiers keep the JWKS, which tells them
/// `max-age` and `stale-while-revalidate` of five minutes each, and some more for their clocks.
pub const PUBLISHED_BEFORE_USE: i64 = 900;

/// What asking for a rotation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next key signs from now on, and the new key is the next one.
    Rotated {
        /// The key that signs now.
        active: SigningKey,
    },
    /// There was no next key: the new key is published as one, and the active one goes on signing.
    Prepared {
        /// From when on the next key may sign.
        usable_at: Timestamp,
    },
    /// The next key is not known to verifiers for long enough.
    TooEarly {
        /// From when on it may sign.
        usable_at: Timestamp,
    },
    /// Somebody else was quicker: another key is active than the one that was to be replaced.
    Done {
        /// The key that signs now.
        active: SigningKey,
    },
}

/// What to rotate.
#[derive(Clone, Copy, Debug)]
pub struct RotationRequest<'a> {
    /// Where.
    pub environment: &'a EnvironmentName,
    /// Which key: there is one active for each algorithm.
    pub algorithm: Algorithm,
    /// The key id that the caller saw active and wants replaced. Of any number that ask with one id, one rotates.
    pub active_kid: &'a str,
    /// Whether to use a next key that verifiers may not know yet. Those that keep the JWKS refuse its tokens for some minutes.
    pub at_once: bool,
}

impl<S: Store> Registry<S> {
    /// Adds a signing key made by [`new_signing_key`](crate::keys::new_signing_key). There is at most one active key for each
    /// environment and algorithm: of several nodes that try at once, one succeeds and the others hear that it exists.
    pub async fn add_signing_key(&self, key: SigningKey) -> Outcome<SigningKey> {
        self.existing_environment(&key.environment).await?;
        let draft = Draft {
            action: "signing_key.create",
            subject: Subject::SigningKey { environment: key.environment.clone(), kid: key.kid.clone() },
            before: None,
            after: audited(&key),
            writes: vec![Write::InsertSigningKey(key.clone())],
        };
        self.insert(draft, || format!("an active {} key in {}", key.algorithm, key.environment)).await?;
        Ok(key)
    }

    /// Lets the next key sign in the place of the active one, and publishes `new` as the next; where there is no next key yet,
    /// publishes it and leaves the rest. `new` is a key in the state [`KeyState::Next`].
    ///
    /// It is a compare-and-swap: each row is written against the version that was read, so that of any number of nodes that try
    /// at once one adds its key and the others hear what it did.
    pub async fn rotate_signing_key(&self, request: RotationRequest<'_>, new: &SigningKey) -> Outcome<Rotation> {
        for _ in 0..super::TRIES {
            let keys = self.signing_keys(&request).await?;
            let (draft, outcome) = match self.plan_rotation(&request, &keys, new)? {
                Planned::Nothing(outcome) => return Ok(outcome),
                Planned::Change(draft, outcome) => (draft, outcome),
            };
            match self.insert(*draft, || "the key".to_owned()).await {
                Ok(()) => return Ok(outcome),
                // Another node's rotation came between; look at what it left.
                Err(RegistryError::Conflict | RegistryError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RegistryError::Conflict)
    }

    async fn signing_keys(&self, request: &RotationRequest<'_>) -> Outcome<Vec<SigningKey>> {
        let records = self.store.environments().await?.value;
        let record = records.into_iter().find(|record| record.environment.name == *request.environment);
        let record = record.ok_or_else(|| RegistryError::NotFound(format!("environment {}", request.environment)))?;
        Ok(record.keys.into_iter().filter(|key| key.algorithm == request.algorithm).collect())
    }

    fn plan_rotation(&self, request: &RotationRequest<'_>, keys: &[SigningKey], new: &SigningKey) -> Outcome<Planned> {
        let of_state = |state| keys.iter().find(move |key: &&SigningKey| key.state == state);
        let missing = || RegistryError::NotFound(format!("active {} key in {}", request.algorithm, request.environment));
        let active = of_state(KeyState::Active).ok_or_else(missing)?;
        if active.kid != request.active_kid {
            return Ok(Planned::Nothing(Rotation::Done { active: active.clone() }));
        }
        let usable_at = |key: &SigningKey| Timestamp(key.created_at.0.saturating_add(PUBLISHED_BEFORE_USE));
        let next = match of_state(KeyState::Next) {
            Some(next) if request.at_once || usable_at(next) <= self.clock.now() => next,
            Some(next) => return Ok(Planned::Nothing(Rotation::TooEarly { usable_at: usable_at(next) })),
            None => {
                // With the active key's version, so that a rotation that comes between is noticed.
                let unchanged = SigningKey { version: active.version + 1, ..active.clone() };
                let writes = vec![Write::UpdateSigningKey(unchanged), Write::InsertSigningKey(new.clone())];
                let draft = Draft {
                    action: "signing_key.prepare",
                    subject: Subject::SigningKey { environment: new.environment.clone(), kid: new.kid.clone() },
                    before: None,
                    after: audited(new),
                    writes,
                };
                return Ok(Planned::Change(Box::new(draft), Rotation::Prepared { usable_at: usable_at(new) }));
            }
        };
        // A key that does not open, or is not the one that its id says, would be an active one that signs nothing.
        let ring = KeyRing::build(request.environment, std::slice::from_ref(next), &self.root_keys.sealer);
        if let Some((kid, reason)) = ring.unusable.into_iter().next() {
            return Err(RegistryError::NotAllowed(format!("the next key {kid} cannot be used: {reason}")));
        }
        let retired = SigningKey { state: KeyState::Retired, version: active.version + 1, ..active.clone() };
        let activated = SigningKey { state: KeyState::Active, version: next.version + 1, ..next.clone() };
        let draft = Draft {
            action: "signing_key.rotate",
            subject: Subject::SigningKey { environment: activated.environment.clone(), kid: activated.kid.clone() },
            before: audited(active),
            after: audited(&activated),
            // The active one gives its place up first: at no moment are there two.
            writes: vec![
                Write::UpdateSigningKey(retired),
                Write::UpdateSigningKey(activated.clone()),
                Write::InsertSigningKey(new.clone()),
            ],
        };
        Ok(Planned::Change(Box::new(draft), Rotation::Rotated { active: activated }))
    }
}

/// What a rotation would do.
enum Planned {
    Nothing(Rotation),
    Change(Box<Draft>, Rotation),
}
