use mintmark_verify::Algorithm;

use super::checks::{check_grantable, check_name, check_version, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::model::{EnvironmentName, Resource, ResourceId, ResourceUri, ScopeDefinition, TokenFormat};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// How many scopes a resource understands at most.
pub const MAX_SCOPES: usize = 500;
const MAX_RESOURCES: usize = 500;

/// What a new resource is made of.
#[derive(Clone, Debug)]
pub struct NewResource {
    /// Where.
    pub environment: EnvironmentName,
    /// The URI that requests name.
    pub uri: ResourceUri,
    /// What people call it.
    pub name: String,
    /// Its scopes, in the catalogue's order.
    pub scopes: Vec<ScopeDefinition>,
    /// The algorithm of its tokens.
    pub algorithm: Option<Algorithm>,
    /// The form of its tokens.
    pub token_format: Option<TokenFormat>,
}

/// What to change.
#[derive(Clone, Debug, Default)]
pub struct ResourceEdit {
    /// Scopes to add; one that is there gets the new description.
    pub add_scopes: Vec<ScopeDefinition>,
    /// Scopes to take away: nobody gets them any more, whatever was granted.
    pub remove_scopes: Vec<crate::model::ScopeToken>,
    /// What people call it.
    pub name: Option<String>,
    /// The form of its tokens.
    pub token_format: Option<TokenFormat>,
    /// The version that the resource must have: what the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Makes a resource.
    pub async fn create_resource(&self, new: NewResource) -> Outcome<Resource> {
        check_resource(&new.name, &new.scopes)?;
        let record = self.existing_environment(&new.environment).await?;
        check_resource_count(record.resources.len())?;
        let resource = Resource {
            id: ResourceId::generate(&*self.random),
            environment: new.environment,
            uri: new.uri,
            name: new.name,
            scopes: new.scopes,
            algorithm: new.algorithm,
            token_format: new.token_format,
            created_at: self.clock.now(),
            version: 1,
        };
        self.insert(create_draft(&resource), || format!("a resource {} in {}", resource.uri, resource.environment)).await?;
        Ok(resource)
    }

    /// Changes a resource.
    pub async fn edit_resource(
        &self,
        environment: &EnvironmentName,
        uri: &ResourceUri,
        edit: &ResourceEdit,
    ) -> Outcome<Resource> {
        if let Some(name) = &edit.name {
            check_name("name", name)?;
        }
        self.update(|| async {
            let record = self.existing_environment(environment).await?;
            let before = find_resource(&record, uri)?.clone();
            check_version(edit.version, before.version)?;
            let mut after = before.clone();
            after.name = edit.name.clone().unwrap_or(after.name);
            after.token_format = edit.token_format.or(after.token_format);
            for scope in &edit.add_scopes {
                match after.scopes.iter_mut().find(|known| known.name == scope.name) {
                    Some(known) => known.description.clone_from(&scope.description),
                    None => after.scopes.push(scope.clone()),
                }
            }
            after.scopes.retain(|scope| !edit.remove_scopes.contains(&scope.name));
            check_scopes(&after.scopes)?;
            after.version += 1;
            Ok((edit_draft(&before, &after), after))
        })
        .await
    }
}

/// The rules that hold for every resource by itself.
pub(super) fn check_resource(name: &str, scopes: &[ScopeDefinition]) -> Outcome<()> {
    check_name("name", name)?;
    check_scopes(scopes)
}

/// Whether there may be one more where there are so many.
pub(super) fn check_resource_count(count: usize) -> Outcome<()> {
    if count >= MAX_RESOURCES {
        return Err(RegistryError::NotAllowed(format!("an environment has at most {MAX_RESOURCES} resources")));
    }
    Ok(())
}

/// A resource made.
pub(super) fn create_draft(resource: &Resource) -> Draft {
    Draft {
        tenant: None,
        action: "resource.create",
        subject: subject_of(resource),
        before: None,
        after: audited(resource),
        writes: vec![Write::InsertResource(resource.clone())],
    }
}

/// A resource changed.
pub(super) fn edit_draft(before: &Resource, after: &Resource) -> Draft {
    Draft {
        tenant: None,
        action: "resource.edit",
        subject: subject_of(after),
        before: audited(before),
        after: audited(after),
        writes: vec![Write::UpdateResource(after.clone())],
    }
}

fn subject_of(resource: &Resource) -> Subject {
    Subject::Resource { environment: resource.environment.clone(), id: resource.id }
}

/// The resource of a URI.
pub(super) fn find_resource<'a>(record: &'a EnvironmentRecord, uri: &ResourceUri) -> Outcome<&'a Resource> {
    let found = record.resources.iter().find(|resource| resource.uri == *uri);
    found.ok_or_else(|| RegistryError::NotFound(format!("resource {uri} in {}", record.environment.name)))
}

fn check_scopes(scopes: &[ScopeDefinition]) -> Outcome<()> {
    if scopes.len() > MAX_SCOPES {
        return invalid("scopes", format!("at most {MAX_SCOPES}"));
    }
    for (at, scope) in scopes.iter().enumerate() {
        check_grantable(&scope.name)?;
        if scope.description.chars().count() > 200 || scope.description.chars().any(char::is_control) {
            return invalid("scopes", "descriptions of at most 200 characters, no control characters");
        }
        if scopes.iter().take(at).any(|other| other.name == scope.name) {
            return invalid("scopes", format!("each scope once; {} is there twice", scope.name));
        }
    }
    Ok(())
}
