//! The node's part in the life of signing keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use mintmark_core::clock::Clock;
use mintmark_core::crypto::RootKeys;
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::{EnvironmentName, KeyState, SigningKey};
use mintmark_core::random::Random;
use mintmark_core::registry::{KeyMaker, Registry, RegistryError};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;

use super::{CLOCK_OFFSET_MAX, Node, StartError};

const CLOCK_IS_OFF: &str = "this machine's clock differs from the database's: signing keys are left alone";

/// Makes keys on threads of their own.
pub(crate) struct KeyThreads {
    root_keys: Arc<RootKeys>,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
}

impl KeyThreads {
    /// With the root keys, randomness and clock of a registry.
    pub(crate) fn of<S>(registry: &Registry<S>) -> Self {
        let Registry { root_keys, random, clock, .. } = registry;
        Self { root_keys: Arc::clone(root_keys), random: Arc::clone(random), clock: Arc::clone(clock) }
    }
}

impl KeyMaker for KeyThreads {
    async fn make(&self, environment: &EnvironmentName, algorithm: Algorithm, state: KeyState) -> Option<SigningKey> {
        let (root_keys, random) = (Arc::clone(&self.root_keys), Arc::clone(&self.random));
        let (environment, now) = (environment.clone(), self.clock.now());
        let make = move || new_signing_key(&environment, algorithm, state, now, (&root_keys.sealer, &*random));
        tokio::task::spawn_blocking(make).await.ok().flatten()
    }
}

impl Node {
    /// Makes the signing keys that the environments need and do not have: for their own algorithm, each resource's and each
    /// dialect's. Keys are made here, off the token path, which writes nothing.
    pub async fn ensure_keys(&self) -> Result<(), StartError> {
        let registry = self.registry();
        let mut made = false;
        for view in self.endpoint.directory.environments() {
            let dialects = self.dialects.load();
            let wanted = dialects
                .iter()
                .filter_map(|dialect| dialect.token.algorithm)
                .chain(view.resources.iter().filter_map(|resource| resource.algorithm))
                .chain([view.environment.algorithm]);
            // An active row that does not open keeps its place until somebody looks at it: another key could not be stored.
            let is_missing =
                |algorithm: &Algorithm| view.ring.active(*algorithm).is_none() && !view.ring.is_blocked(*algorithm);
            let missing: BTreeSet<Algorithm> = wanted.filter(is_missing).collect();
            for algorithm in missing {
                made |= add_key(&registry, &view.environment.name, algorithm).await?;
            }
        }
        if made {
            self.endpoint.directory.poll().await?;
        }
        Ok(())
    }

    /// Whether this machine and the database agree on the time. `told` are the problems that were told already.
    pub(super) async fn has_the_databases_time(&self, told: &mut BTreeSet<String>) -> bool {
        match self.endpoint.directory.store().clock_offset().await {
            Ok(offset) if offset.abs() <= CLOCK_OFFSET_MAX => true,
            Ok(offset) => {
                if told.insert(CLOCK_IS_OFF.to_owned()) {
                    tracing::warn!(seconds = offset, CLOCK_IS_OFF);
                }
                false
            }
            Err(error) => {
                tracing::debug!(%error, "the database's clock cannot be read");
                false
            }
        }
    }

    /// Does what is due for the signing keys by the schedule. `told` are the problems that were told already.
    pub(super) async fn keep_keys(&self, told: &mut BTreeSet<String>) {
        let registry = self.registry();
        match registry.keep_keys(self.rotate_after, &KeyThreads::of(&registry)).await {
            Ok(kept) => {
                for done in &kept.done {
                    tracing::info!("{done}");
                }
                let problems: BTreeSet<String> = kept.problems.into_iter().collect();
                for problem in problems.difference(told) {
                    tracing::warn!("{problem}");
                }
                *told = problems;
            }
            Err(error) => tracing::debug!(%error, "the signing keys cannot be looked after now"),
        }
    }
}

/// Makes a key. `false` if another node was quicker.
async fn add_key<S: Store>(
    registry: &Registry<S>,
    environment: &EnvironmentName,
    algorithm: Algorithm,
) -> Result<bool, StartError> {
    let made = KeyThreads::of(registry).make(environment, algorithm, KeyState::Active).await;
    let key = made.ok_or_else(|| StartError::Key(format!("{algorithm} in {environment}")))?;
    match registry.add_signing_key(key).await {
        Ok(key) => {
            tracing::info!(%environment, %algorithm, kid = key.kid, "made a signing key");
            Ok(true)
        }
        Err(RegistryError::Exists(_)) => Ok(true),
        Err(RegistryError::Store(error)) => Err(error.into()),
        Err(error) => Err(StartError::Key(error.to_string())),
    }
}
