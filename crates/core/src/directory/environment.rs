use mintmark_verify::{KeySource, VerifyingKey};
use std::sync::Arc;

use crate::crypto::Sealer;
use crate::keys::KeyRing;
use crate::model::{Environment, Resource, ResourceUri};
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
}

impl EnvironmentView {
    pub(super) fn build(record: EnvironmentRecord, sealer: &Sealer) -> Self {
        let ring = KeyRing::build(&record.environment.name, &record.keys, sealer);
        Self { environment: record.environment, resources: record.resources, ring }
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
