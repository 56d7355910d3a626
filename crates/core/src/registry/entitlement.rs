use super::checks::{check_lifetime, check_version, invalid};
use super::client::{NewGrant, has_repeats, resolve_grant};
use super::resource::find_resource;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::model::{DialectName, Entitlement, EnvironmentName, Grant, ResourceUri, TenantId};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// An entitlement names at most so many resources.
pub const MAX_ENTITLED_RESOURCES: usize = 500;
/// An entitlement names at most so many dialects.
pub const MAX_ENTITLED_DIALECTS: usize = 100;

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct EntitlementEdit {
    /// What the tenant's clients may be given, all of it.
    pub grants: Option<Vec<NewGrant>>,
    /// Scopes at one resource, in place of those there.
    pub grant: Option<NewGrant>,
    /// A resource that clients are to be given nothing at any more.
    pub revoke: Option<ResourceUri>,
    /// The dialects that clients may be given, all of them.
    pub dialects: Option<Vec<DialectName>>,
    /// The longest life of tokens, in seconds, or no limit.
    pub lifetime_max: Option<Option<u32>>,
    /// The version that the entitlement must have: what the caller saw, 0 where there was none. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Says what a tenant may give its own clients. Clients keep what they have.
    pub async fn edit_entitlement(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        edit: &EntitlementEdit,
    ) -> Outcome<Entitlement> {
        let edited = self.update(|| async {
            self.existing_tenant(tenant).await?;
            let record = self.existing_environment(environment).await?;
            let held = self.store.entitlement(environment, tenant).await?;
            let before = held.clone().unwrap_or_else(|| Entitlement::none(environment.clone(), tenant));
            check_version(edit.version, before.version)?;
            let mut after = apply(edit, before.clone(), &record)?;
            self.check_entitlement(&before, &after)?;
            (after.changed_at, after.version) = (self.clock.now(), before.version + 1);
            Ok((entitle_draft(held.as_ref(), &after), after))
        });
        // Somebody else has said the first word meanwhile.
        edited.await.map_err(|error| if matches!(error, RegistryError::Exists(_)) { RegistryError::Conflict } else { error })
    }

    /// Checks what was changed: an entitlement must be narrowed whatever has become of the dialects that it names.
    pub(super) fn check_entitlement(&self, before: &Entitlement, after: &Entitlement) -> Outcome<()> {
        after.lifetime_max.map_or(Ok(()), check_lifetime)?;
        if after.grants.len() > MAX_ENTITLED_RESOURCES || has_repeats(after.grants.iter().map(|grant| grant.resource)) {
            return invalid("grants", format!("at most {MAX_ENTITLED_RESOURCES} resources, each once"));
        }
        if after.dialects.len() > MAX_ENTITLED_DIALECTS || has_repeats(after.dialects.iter()) {
            return invalid("dialects", format!("at most {MAX_ENTITLED_DIALECTS}, each once"));
        }
        let is_unknown = |name: &&DialectName| !before.dialects.contains(name) && self.dialects.get(name.as_str()).is_none();
        match after.dialects.iter().find(is_unknown) {
            Some(unknown) => Err(RegistryError::NotFound(format!("dialect {unknown:?}"))),
            None => Ok(()),
        }
    }
}

/// An entitlement said anew; `held` is the one before, if anybody had said one.
pub(super) fn entitle_draft(held: Option<&Entitlement>, after: &Entitlement) -> Draft {
    let write = if held.is_some() { Write::UpdateEntitlement } else { Write::InsertEntitlement };
    Draft {
        tenant: Some(after.tenant_id),
        action: "tenant.entitle",
        subject: Subject::Tenant { id: after.tenant_id },
        before: held.and_then(audited),
        after: audited(after),
        writes: vec![write(after.clone())],
    }
}

fn apply(edit: &EntitlementEdit, mut entitlement: Entitlement, record: &EnvironmentRecord) -> Outcome<Entitlement> {
    if let Some(grants) = &edit.grants {
        if grants.len() > MAX_ENTITLED_RESOURCES {
            return invalid("grants", format!("at most {MAX_ENTITLED_RESOURCES} resources, each once"));
        }
        entitlement.grants = grants.iter().map(|grant| resolve_grant(record, grant)).collect::<Outcome<Vec<Grant>>>()?;
    }
    if let Some(grant) = &edit.grant {
        let grant = resolve_grant(record, grant)?;
        entitlement.grants.retain(|known| known.resource != grant.resource);
        entitlement.grants.push(grant);
    }
    if let Some(uri) = &edit.revoke {
        let resource = find_resource(record, uri)?.id;
        entitlement.grants.retain(|known| known.resource != resource);
    }
    if let Some(dialects) = &edit.dialects {
        entitlement.dialects.clone_from(dialects);
    }
    entitlement.lifetime_max = edit.lifetime_max.unwrap_or(entitlement.lifetime_max);
    Ok(entitlement)
}
