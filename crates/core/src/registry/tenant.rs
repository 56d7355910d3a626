use super::checks::{check_attributes, check_name, check_version};
use super::revocation::mark;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::model::{Attributes, RevocationSubject, Status, Tenant, TenantId};
use crate::store::{Store, Subject, Write};

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TenantEdit {
    /// What people call it.
    pub name: Option<String>,
    /// Whether its clients get tokens.
    pub status: Option<Status>,
    /// Attributes to set.
    pub attributes: Attributes,
    /// Attributes to take away.
    pub remove_attributes: Vec<String>,
    /// The version that the tenant must have: what the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Makes a tenant.
    pub async fn create_tenant(&self, name: &str) -> Outcome<Tenant> {
        check_name("name", name)?;
        let tenant = Tenant {
            id: TenantId::generate(&*self.random),
            name: name.to_owned(),
            status: Status::Active,
            attributes: Attributes::new(),
            created_at: self.clock.now(),
            version: 1,
        };
        self.insert(create_draft(&tenant), || format!("a tenant named {name:?}")).await?;
        Ok(tenant)
    }

    /// Turns a tenant off or on; turned off, none of its clients gets a token, and its members' sessions and its
    /// management clients' tokens are over for good.
    pub async fn set_tenant_status(&self, id: TenantId, status: Status) -> Outcome<Tenant> {
        self.change_tenant("tenant.set_status", id, |tenant| {
            tenant.status = status;
            Ok(())
        })
        .await
    }

    /// Gives a tenant another name.
    pub async fn rename_tenant(&self, id: TenantId, name: &str) -> Outcome<Tenant> {
        check_name("name", name)?;
        self.change_tenant("tenant.rename", id, |tenant| {
            name.clone_into(&mut tenant.name);
            Ok(())
        })
        .await
    }

    /// Sets attributes of a tenant, and takes others away: what dialects may copy into the tokens of its clients.
    pub async fn set_tenant_attributes(&self, id: TenantId, set: &Attributes, remove: &[String]) -> Outcome<Tenant> {
        self.change_tenant("tenant.set_attributes", id, |tenant| {
            tenant.attributes.retain(|name, _| !remove.contains(name));
            tenant.attributes.extend(set.clone());
            check_attributes(&tenant.attributes)
        })
        .await
    }

    /// Changes several things of a tenant at once.
    pub async fn edit_tenant(&self, id: TenantId, edit: &TenantEdit) -> Outcome<Tenant> {
        if let Some(name) = &edit.name {
            check_name("name", name)?;
        }
        self.change_tenant("tenant.edit", id, |tenant| {
            check_version(edit.version, tenant.version)?;
            tenant.name = edit.name.clone().unwrap_or_else(|| tenant.name.clone());
            tenant.status = edit.status.unwrap_or(tenant.status);
            tenant.attributes.retain(|name, _| !edit.remove_attributes.contains(name));
            tenant.attributes.extend(edit.attributes.clone());
            check_attributes(&tenant.attributes)
        })
        .await
    }

    async fn change_tenant(
        &self,
        action: &'static str,
        id: TenantId,
        edit: impl Fn(&mut Tenant) -> Outcome<()>,
    ) -> Outcome<Tenant> {
        self.update(|| async {
            let before = self.existing_tenant(id).await?;
            let mut after = before.clone();
            edit(&mut after)?;
            after.version += 1;
            Ok((change_draft(action, &before, &after, self.clock.now()), after))
        })
        .await
    }

    pub(super) async fn existing_tenant(&self, id: TenantId) -> Outcome<Tenant> {
        self.store.tenant(id).await?.ok_or_else(|| RegistryError::NotFound(format!("tenant {id}")))
    }
}

/// A tenant made.
pub(super) fn create_draft(tenant: &Tenant) -> Draft {
    Draft {
        tenant: Some(tenant.id),
        action: "tenant.create",
        subject: Subject::Tenant { id: tenant.id },
        before: None,
        after: audited(tenant),
        writes: vec![Write::InsertTenant(tenant.clone())],
    }
}

/// A tenant changed. Turned off, all that its clients and people have is over.
pub(super) fn change_draft(action: &'static str, before: &Tenant, after: &Tenant, now: Timestamp) -> Draft {
    let id = after.id;
    let mut writes = vec![Write::UpdateTenant(after.clone())];
    if before.status == Status::Active && after.status == Status::Disabled {
        writes.push(Write::EndAccessOfTenant { tenant_id: id });
        writes.push(mark(RevocationSubject::Tenant { id }, now));
    }
    let (tenant, subject) = (Some(id), Subject::Tenant { id });
    Draft { tenant, action, subject, before: audited(before), after: audited(after), writes }
}
