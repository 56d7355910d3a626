//! What the schedule does without anybody: it publishes next keys, rotates, removes, and deletes.

use mintmark_verify::Algorithm;

use super::super::{Outcome, Registry, RegistryError};
use super::{Rotation, RotationRequest, Run, removal};
use crate::keys::{Due, algorithms_of, due};
use crate::model::{EnvironmentName, KeyState, SigningKey};
use crate::store::{EnvironmentRecord, Store};

/// Makes keys. RSA takes a quarter of a second of CPU: not for a thread that serves requests.
pub trait KeyMaker: Send + Sync {
    /// Makes and seals a key; nothing if no master key is loaded or the cryptographic library failed.
    fn make(
        &self,
        environment: &EnvironmentName,
        algorithm: Algorithm,
        state: KeyState,
    ) -> impl Future<Output = Option<SigningKey>> + Send;
}

/// What a round of upkeep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUpkeep {
    /// What was done, in words for the log.
    pub done: Vec<String>,
    /// What is due and cannot be done, and why.
    pub problems: Vec<String>,
}

impl<S: Store> Registry<S> {
    /// Does what is due for the keys of all environments; each thing apart, so that one that fails holds up no other. Any number of
    /// nodes may do it at once.
    pub async fn keep_keys(&self, rotate_after: u32, maker: &impl KeyMaker) -> Outcome<KeyUpkeep> {
        let mut kept = KeyUpkeep::default();
        for record in self.store.environments().await?.value {
            let wanted = algorithms_of(&record, &self.dialects);
            for work in due(&record.keys, &wanted, rotate_after, self.clock.now()) {
                match self.do_work(&record, &work, maker).await {
                    Ok(done) => kept.done.extend(done),
                    Err(error @ (RegistryError::Store(_) | RegistryError::Unknown(_))) => return Err(error),
                    Err(error) => kept.problems.push(format!("it is time in {} {work}: {error}", record.environment.name)),
                }
            }
        }
        Ok(kept)
    }

    async fn do_work(&self, record: &EnvironmentRecord, work: &Due, maker: &impl KeyMaker) -> Outcome<Option<String>> {
        let name = &record.environment.name;
        let steps = match work {
            Due::Create(algorithm) => {
                let key = make(maker, name, *algorithm, KeyState::Active).await?;
                return match self.add_signing_key(key).await {
                    Ok(added) => Ok(Some(format!("made the {algorithm} key {} of {name}", added.kid))),
                    // Another node was quicker.
                    Err(RegistryError::Exists(_)) => Ok(None),
                    Err(error) => Err(error),
                };
            }
            Due::Prepare { algorithm, active_kid } | Due::Rotate { algorithm, active_kid } => {
                let new = make(maker, name, *algorithm, KeyState::Next).await?;
                let request = RotationRequest { environment: name, algorithm: *algorithm, active_kid, at_once: false };
                let rotation = self.rotate_signing_key(request, std::slice::from_ref(&new), Run::Commit).await?;
                return Ok(told(name, &rotation, &new));
            }
            Due::NoteRetirement(kid) => {
                self.change_keys(name, Run::Commit, |situation| removal::plan_note(situation, kid)).await?
            }
            Due::Remove(kid) => self.remove_signing_key(name, kid, None, Run::Commit).await?,
            Due::Delete(kid) => self.change_keys(name, Run::Commit, |situation| removal::plan_deletion(situation, kid)).await?,
        };
        let state = |state: Option<KeyState>| state.map_or("deleted", KeyState::as_str);
        Ok(steps.first().map(|step| format!("the {} key {} of {name} is {}", step.algorithm, step.kid, state(step.to))))
    }
}

async fn make(
    maker: &impl KeyMaker,
    environment: &EnvironmentName,
    algorithm: Algorithm,
    state: KeyState,
) -> Outcome<SigningKey> {
    let failed = || RegistryError::NotAllowed(format!("a {algorithm} key could not be made"));
    maker.make(environment, algorithm, state).await.ok_or_else(failed)
}

/// What is to be told of a rotation; nothing if another node did it.
fn told(environment: &EnvironmentName, rotation: &Rotation, new: &SigningKey) -> Option<String> {
    match rotation {
        Rotation::Rotated { active } => Some(format!("the {} key {} of {environment} is active", active.algorithm, active.kid)),
        Rotation::Prepared { .. } => Some(format!("the {} key {} of {environment} is next", new.algorithm, new.kid)),
        Rotation::TooEarly { .. } | Rotation::Done { .. } => None,
    }
}
