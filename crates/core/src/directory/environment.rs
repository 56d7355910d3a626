use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use mintmark_verify::{KeySet, KeySource, VerifyingKey};

use crate::crypto::Sealer;
use crate::keys::{KeyRing, verifying_key};
use crate::model::{Environment, EnvironmentName, KeyState, Resource, ResourceUri, SigningKey};
use crate::store::EnvironmentRecord;

/// An environment with everything that a token of it needs.
#[derive(Debug)]
pub struct EnvironmentView {
    /// The environment.
    pub environment: Environment,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Its keys.
    pub ring: KeyRing,
    /// The rows of its keys, for the snapshot.
    pub(super) keys: Vec<SigningKey>,
}

impl EnvironmentView {
    pub(super) fn build(record: EnvironmentRecord, sealer: &Sealer) -> Self {
        let EnvironmentRecord { mut environment, resources, keys } = record;
        // Also of a row that somebody else wrote: no token may outlive the publication of its key.
        environment.lifetime_max = environment.lifetime_max.min(Environment::LIFETIME_LIMIT);
        let ring = KeyRing::build(&environment.name, &keys, sealer);
        Self { environment, resources, ring, keys }
    }

    /// The ids of the revoked keys: every token that names one of them is to be refused.
    pub fn revoked_kids(&self) -> &[String] {
        &self.ring.revoked
    }

    /// All its keys as they are stored, whatever state they are in.
    pub fn signing_keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// A key that was removed, which signs and is published no more, for opening what it signed before; or why it cannot be used.
    pub(crate) fn removed_key(&self, kid: &str, sealer: &Sealer) -> Option<Result<KeySet, String>> {
        let is_it = |key: &&SigningKey| key.kid == kid && key.state == KeyState::Removed;
        self.keys.iter().find(is_it).map(|key| verifying_key(&self.environment.name, key, sealer))
    }

    /// What is known of a key, whatever state it is in.
    pub(crate) fn signing_key(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The resource that a URI names.
    pub fn resource(&self, uri: &ResourceUri) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.uri == *uri)
    }

    /// The resource that is the environment itself: the audience of a token whose request named none.
    pub fn own_resource(&self) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.uri.as_str() == self.environment.issuer)
    }
}

impl KeySource for EnvironmentView {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        self.ring.verifying.key(kid)
    }
}

/// All environments: few, and replaced together.
#[derive(Debug, Default)]
pub(super) struct Environments {
    views: ArcSwap<Vec<Arc<EnvironmentView>>>,
}

impl Environments {
    /// Puts these in the place of what was known.
    pub(super) fn replace(&self, views: Vec<Arc<EnvironmentView>>) {
        self.views.store(Arc::new(views));
    }

    pub(super) fn find(&self, name: &EnvironmentName) -> Option<EnvironmentHandle> {
        let views = self.views.load();
        let at = views.iter().position(|view| view.environment.name == *name)?;
        Some(EnvironmentHandle { views, at })
    }

    pub(super) fn all(&self) -> Vec<Arc<EnvironmentView>> {
        self.views.load().iter().cloned().collect()
    }
}

/// An environment as it was when asked for, for as long as this is kept.
///
/// Every request has one, on every core. A count of who has the view would be one place in memory for which all cores fight, so
/// this is a guard of `arc-swap`'s, which marks its use in a place of the thread's own. It may be kept across an await and sent
/// to another thread; a thread that has more than a few of them counts the further ones after all.
pub struct EnvironmentHandle {
    views: Guard<Arc<Vec<Arc<EnvironmentView>>>>,
    at: usize,
}

impl Deref for EnvironmentHandle {
    type Target = Arc<EnvironmentView>;

    #[expect(clippy::indexing_slicing, reason = "the view was found there, and what a guard holds does not change")]
    fn deref(&self) -> &Arc<EnvironmentView> {
        &self.views[self.at]
    }
}

impl fmt::Debug for EnvironmentHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

impl KeySource for EnvironmentHandle {
    fn key(&self, kid: &str) -> Option<Arc<VerifyingKey>> {
        (**self).key(kid)
    }
}
