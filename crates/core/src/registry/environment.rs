use mintmark_verify::Algorithm;

use super::checks::{check_issuer, check_lifetime, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::model::{Environment, EnvironmentName, Resource, ResourceId, ResourceUri, ScopeDefinition, ScopeToken, SigningKey};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// The scope that reading the business API needs; every environment's own resource understands it.
const BUSINESS_READ: &str = "business:read";

/// What paths of the management listener begin with: an environment's pages are at its name, and one of these names would have none.
/// A test of the dashboard compares this with its routes.
pub const RESERVED_ENVIRONMENT_NAMES: &[&str] = &[
    "account",
    "admin",
    "assets",
    "audit",
    "dialects",
    "invitation",
    "keys",
    "members",
    "node",
    "reasons",
    "resources",
    "revocations",
    "sign-in",
    "sign-out",
    "step-up",
    "tenants",
    "theme",
];

/// What a new environment is made of.
#[derive(Clone, Debug)]
pub struct NewEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// Its issuer URL.
    pub issuer: String,
    /// The algorithm where neither resource nor dialect names one.
    pub algorithm: Algorithm,
    /// The longest life of any token, in seconds.
    pub lifetime_max: u32,
}

impl<S: Store> Registry<S> {
    /// Makes an environment with the resource that is itself, and its first keys.
    pub async fn create_environment(&self, new: NewEnvironment, keys: Vec<SigningKey>) -> Outcome<Environment> {
        check_issuer(&new.issuer)?;
        check_lifetime(new.lifetime_max)?;
        check_is_no_page(&new.name)?;
        self.check_issuer_is_free(&new.name, &new.issuer).await?;
        let now = self.clock.now();
        let environment = Environment {
            name: new.name,
            issuer: new.issuer,
            algorithm: new.algorithm,
            lifetime_max: new.lifetime_max,
            created_at: now,
            version: 1,
        };
        let own = Resource {
            id: ResourceId::generate(&*self.random),
            environment: environment.name.clone(),
            uri: issuer_uri(&environment.issuer)?,
            name: format!("{} API", environment.name),
            scopes: own_scopes(),
            algorithm: None,
            token_format: None,
            created_at: now,
            version: 1,
        };
        let mut writes = vec![Write::InsertEnvironment(environment.clone()), Write::InsertResource(own)];
        writes.extend(keys.into_iter().map(Write::InsertSigningKey));
        let draft = Draft {
            tenant: None,
            action: "environment.create",
            subject: Subject::Environment { environment: environment.name.clone() },
            before: None,
            after: audited(&environment),
            writes,
        };
        self.insert(draft, || format!("an environment named {}", environment.name)).await?;
        Ok(environment)
    }

    /// Moves an environment to another issuer URL. Tokens of the old one are valid nowhere afterwards.
    pub async fn set_environment_issuer(&self, name: &EnvironmentName, issuer: &str) -> Outcome<Environment> {
        check_issuer(issuer)?;
        self.check_issuer_is_free(name, issuer).await?;
        self.update(|| async {
            let EnvironmentRecord { environment: before, resources, .. } = self.existing_environment(name).await?;
            let mut after = before.clone();
            issuer.clone_into(&mut after.issuer);
            after.version += 1;
            let mut writes = vec![Write::UpdateEnvironment(after.clone())];
            if let Some(own) = resources.into_iter().find(|resource| resource.uri.as_str() == before.issuer) {
                let version = own.version + 1;
                writes.push(Write::UpdateResource(Resource { uri: issuer_uri(issuer)?, version, ..own }));
            }
            let draft = Draft {
                tenant: None,
                action: "environment.set_issuer",
                subject: Subject::Environment { environment: name.clone() },
                before: audited(&before),
                after: audited(&after),
                writes,
            };
            Ok((draft, after))
        })
        .await
    }

    /// An environment, or the list of those that exist.
    pub(super) async fn existing_environment(&self, name: &EnvironmentName) -> Outcome<EnvironmentRecord> {
        let all = self.store.environments().await?.value;
        let known: Vec<String> = all.iter().map(|record| record.environment.name.to_string()).collect();
        all.into_iter()
            .find(|record| record.environment.name == *name)
            .ok_or_else(|| RegistryError::NotFound(format!("environment {name:?}; there are: {}", known.join(", "))))
    }

    /// Two environments with one issuer would accept each other's tokens.
    async fn check_issuer_is_free(&self, name: &EnvironmentName, issuer: &str) -> Outcome<()> {
        let all = self.store.environments().await?.value;
        let other = all.iter().find(|record| record.environment.issuer == issuer && record.environment.name != *name);
        other.map_or(Ok(()), |other| {
            Err(RegistryError::Exists(format!("an environment with this issuer, {}", other.environment.name)))
        })
    }
}

fn issuer_uri(issuer: &str) -> Outcome<ResourceUri> {
    issuer.parse().map_err(|_| RegistryError::Invalid { field: "issuer", expected: "an absolute URL".to_owned() })
}

fn check_is_no_page(name: &EnvironmentName) -> Outcome<()> {
    if !RESERVED_ENVIRONMENT_NAMES.contains(&name.as_str()) {
        return Ok(());
    }
    invalid("name", format!("another name than {name}, which is a page of the dashboard"))
}

fn own_scopes() -> Vec<ScopeDefinition> {
    let name = BUSINESS_READ.parse::<ScopeToken>();
    name.into_iter().map(|name| ScopeDefinition { name, description: "Read businesses".to_owned() }).collect()
}
