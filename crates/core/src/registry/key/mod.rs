//! Signing keys. What becomes of them is planned by pure functions from the rows and the time; [`Registry::change_keys`] commits a
//! plan as a compare-and-swap: each row is written against the version that was read, so any number of nodes and commands may try
//! the same thing at once.
//!
//! | Operation | File |
//! |---|---|
//! | rotate | `rotation.rs` |
//! | remove, restore, delete | `removal.rs` |
//! | revoke | `revocation.rs` |
//! | all that is due by the schedule | `upkeep.rs` |

mod plan;
mod removal;
mod revocation;
mod rotation;
mod upkeep;

pub use plan::{KeyStep, Run};
pub use rotation::{Rotation, RotationRequest};
pub use upkeep::{KeyMaker, KeyUpkeep};

use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::keys::check_key;
use crate::model::{EnvironmentName, SigningKey};
use crate::store::{Store, Subject, Write};
use plan::{KeyPlan, Situation};

impl<S: Store> Registry<S> {
    /// Adds a signing key made by [`new_signing_key`](crate::keys::new_signing_key). There is at most one active key for each
    /// environment and algorithm: of several nodes that try at once, one succeeds and the others hear that it exists.
    pub async fn add_signing_key(&self, key: SigningKey) -> Outcome<SigningKey> {
        self.existing_environment(&key.environment).await?;
        let draft = Draft {
            tenant: None,
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
    /// publishes it and leaves the rest. `new` are keys in the state [`KeyState::Next`](crate::model::KeyState::Next): one, or two
    /// where a request that cannot wait may find no next key.
    ///
    /// Of any number that ask at once one rotates, and the others hear what it did.
    pub async fn rotate_signing_key(&self, request: RotationRequest<'_>, new: &[SigningKey], run: Run) -> Outcome<Rotation> {
        self.change_keys(request.environment, run, |situation| rotation::plan(situation, &request, new)).await
    }

    /// Takes a key out of the JWKS: a next one, or a retired one of which no token can be valid any more. One that is still
    /// needed is removed only if `confirmed` is its id, as somebody typed it. Says what becomes of which key.
    pub async fn remove_signing_key(
        &self,
        environment: &EnvironmentName,
        kid: &str,
        confirmed: Option<&str>,
        run: Run,
    ) -> Outcome<Vec<KeyStep>> {
        self.change_keys(environment, run, |situation| removal::plan_removal(situation, kid, confirmed)).await
    }

    /// Publishes a removed key again, as one that was retired now.
    pub async fn restore_signing_key(&self, environment: &EnvironmentName, kid: &str, run: Run) -> Outcome<Vec<KeyStep>> {
        self.change_keys(environment, run, |situation| removal::plan_restoration(situation, kid)).await
    }

    /// Ends a key that is in wrong hands, or may be. It leaves the JWKS, its private part is destroyed, and its id is among the
    /// [`revoked_kids`](crate::directory::EnvironmentView::revoked_kids) for ever. In the same transaction another key takes the
    /// place of an active one, even if verifiers may not know it yet. `new` are two keys in the state
    /// [`KeyState::Next`](crate::model::KeyState::Next), of which as many are used as it takes.
    pub async fn revoke_signing_key(
        &self,
        environment: &EnvironmentName,
        kid: &str,
        new: &[SigningKey],
        run: Run,
    ) -> Outcome<Vec<KeyStep>> {
        self.change_keys(environment, run, |situation| revocation::plan(situation, kid, new)).await
    }

    /// Reads the keys, plans, and commits what was planned; again from the start whenever somebody else was quicker.
    async fn change_keys<T>(
        &self,
        environment: &EnvironmentName,
        run: Run,
        plan: impl Fn(&Situation<'_>) -> Outcome<KeyPlan<T>>,
    ) -> Outcome<T> {
        for _ in 0..super::TRIES {
            let keys = self.existing_environment(environment).await?.keys;
            let planned = {
                let check = |key: &SigningKey| check_key(environment, key, &self.root_keys.sealer);
                plan(&Situation { environment, keys: &keys, now: self.clock.now(), check: &check })?
            };
            let KeyPlan { outcome, change } = planned;
            let Some(change) = change.filter(|_| run == Run::Commit) else { return Ok(outcome) };
            match self.insert(change.into_draft(environment), || "the key".to_owned()).await {
                Ok(()) => return Ok(outcome),
                // Somebody else's change came between; look at what it left.
                Err(RegistryError::Conflict | RegistryError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RegistryError::Conflict)
    }
}

#[cfg(test)]
mod tests;
