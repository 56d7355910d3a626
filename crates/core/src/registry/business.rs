use super::checks::{check_name, check_version, invalid};
use super::revocation::mark;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::model::{Business, BusinessId, EnvironmentName, RevocationSubject, Status, TenantId};
use crate::store::{Store, Subject, Write};

/// The longest name that a tenant itself has for a business, in bytes.
pub const MAX_EXTERNAL_ID: usize = 255;

/// What a new business is made of.
#[derive(Clone, Debug)]
pub struct NewBusiness {
    /// Where.
    pub environment: EnvironmentName,
    /// Whose.
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// The tenant's own name for it.
    pub external_id: Option<String>,
}

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct BusinessEdit {
    /// What people call it.
    pub name: Option<String>,
    /// The tenant's own name for it.
    pub external_id: Option<String>,
    /// Whether tokens can be scoped to it.
    pub status: Option<Status>,
    /// The version that the business must have: what the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Makes a business.
    pub async fn create_business(&self, new: NewBusiness) -> Outcome<Business> {
        check_business(&new.name, new.external_id.as_deref())?;
        self.existing_environment(&new.environment).await?;
        self.existing_tenant(new.tenant_id).await?;
        let business = Business {
            id: BusinessId::generate(&*self.random),
            environment: new.environment,
            tenant_id: new.tenant_id,
            name: new.name,
            external_id: new.external_id,
            status: Status::Active,
            created_at: self.clock.now(),
            version: 1,
        };
        self.insert(create_draft(&business), || format!("the business {}", business.id)).await?;
        Ok(business)
    }

    /// Changes a business of a tenant.
    pub async fn edit_business(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
        edit: &BusinessEdit,
    ) -> Outcome<Business> {
        if let Some(name) = &edit.name {
            check_name("name", name)?;
        }
        check_external_id(edit.external_id.as_deref())?;
        self.update(|| async {
            let before = self.existing_business(environment, tenant, id).await?;
            check_version(edit.version, before.version)?;
            let mut after = before.clone();
            after.name = edit.name.clone().unwrap_or(after.name);
            after.external_id = edit.external_id.clone().or(after.external_id);
            after.status = edit.status.unwrap_or(after.status);
            after.version += 1;
            Ok((edit_draft(&before, &after, self.clock.now()), after))
        })
        .await
    }

    pub(super) async fn existing_business(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Outcome<Business> {
        let found = self.store.business_of(environment, tenant, id).await?.value;
        found.ok_or_else(|| RegistryError::NotFound(format!("business {id} of the tenant {tenant} in {environment}")))
    }
}

/// The rules that hold for every business by itself.
pub(super) fn check_business(name: &str, external_id: Option<&str>) -> Outcome<()> {
    check_name("name", name)?;
    check_external_id(external_id)
}

/// A business made.
pub(super) fn create_draft(business: &Business) -> Draft {
    Draft {
        tenant: Some(business.tenant_id),
        action: "business.create",
        subject: subject_of(business),
        before: None,
        after: audited(business),
        writes: vec![Write::InsertBusiness(business.clone())],
    }
}

/// A business changed. Turned off, the tokens that are scoped to it are over.
pub(super) fn edit_draft(before: &Business, after: &Business, now: Timestamp) -> Draft {
    let mut writes = vec![Write::UpdateBusiness(after.clone())];
    if before.status == Status::Active && after.status == Status::Disabled {
        let whose = RevocationSubject::Business { environment: after.environment.clone(), id: after.id };
        writes.push(mark(whose, now));
    }
    Draft {
        tenant: Some(after.tenant_id),
        action: "business.edit",
        subject: subject_of(after),
        before: audited(before),
        after: audited(after),
        writes,
    }
}

fn subject_of(business: &Business) -> Subject {
    Subject::Business { environment: business.environment.clone(), id: business.id }
}

fn check_external_id(external_id: Option<&str>) -> Outcome<()> {
    let is_bad = |id: &str| id.is_empty() || id.len() > MAX_EXTERNAL_ID || id.chars().any(char::is_control);
    if external_id.is_some_and(is_bad) {
        return invalid("external_id", format!("1 to {MAX_EXTERNAL_ID} bytes, no control characters"));
    }
    Ok(())
}
