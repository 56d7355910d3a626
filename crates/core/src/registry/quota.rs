use super::checks::{check_version, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::model::{EnvironmentName, Quota, QuotaLimits, QuotaMode, QuotaSubject, TenantId};
use crate::quota::QUOTAS_MAX;
use crate::store::{Store, Write};

/// What to change; what is `None` stays. A quota that is not there yet begins without limits, enforced and without headers.
#[derive(Clone, Debug, Default)]
pub struct QuotaEdit {
    /// How many tokens in a minute, or any number.
    pub per_minute: Option<Option<u32>>,
    /// How many in an hour.
    pub per_hour: Option<Option<u32>>,
    /// How many in a day.
    pub per_day: Option<Option<u32>>,
    /// What happens when they are used up.
    pub mode: Option<QuotaMode>,
    /// Whether answers tell what is left.
    pub headers: Option<bool>,
    /// Whose business it is, where the quota is a business's: one of another tenant is not found (rule S4).
    pub tenant_of_business: Option<TenantId>,
    /// The version that the quota must have: what the caller saw, 0 where there was none. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Sets the quota of a tenant, a client or a business in an environment. What was counted before stays counted.
    pub async fn edit_quota(&self, environment: &EnvironmentName, subject: &QuotaSubject, edit: &QuotaEdit) -> Outcome<Quota> {
        let edited = self.update(|| async {
            let tenant_id = self.tenant_of_quota(environment, subject, edit).await?;
            let held = self.store.quota(environment, subject).await?;
            check_version(edit.version, held.as_ref().map_or(0, |held| held.version))?;
            if held.is_none() {
                check_room(self.store.quotas().await?.len())?;
            }
            let before = held.clone().unwrap_or_else(|| unset(environment, subject, tenant_id));
            let mut after = apply(edit, before);
            check_limits(after.limits)?;
            (after.changed_at, after.version) = (self.clock.now(), after.version + 1);
            Ok((set_draft(held.as_ref(), &after), after))
        });
        // Somebody else has set the first one meanwhile.
        edited.await.map_err(|error| if matches!(error, RegistryError::Exists(_)) { RegistryError::Conflict } else { error })
    }

    /// Takes a quota away: its subject's tokens are counted no more, and none is refused for their number.
    pub async fn remove_quota(
        &self,
        environment: &EnvironmentName,
        subject: &QuotaSubject,
        version: Option<u64>,
    ) -> Outcome<Quota> {
        self.update(|| async {
            let held = self.store.quota(environment, subject).await?;
            let held = held.ok_or_else(|| RegistryError::NotFound(format!("quota of the {subject} in {environment}")))?;
            check_version(version, held.version)?;
            Ok((remove_draft(&held), held))
        })
        .await
    }

    /// The tenant of what the quota is about, which must be there.
    async fn tenant_of_quota(
        &self,
        environment: &EnvironmentName,
        subject: &QuotaSubject,
        edit: &QuotaEdit,
    ) -> Outcome<TenantId> {
        self.existing_environment(environment).await?;
        match subject {
            QuotaSubject::Tenant(id) => Ok(self.existing_tenant(*id).await?.id),
            QuotaSubject::Client(id) => Ok(self.existing_client(environment, id).await?.client.tenant_id),
            QuotaSubject::Business(id) => {
                // Whoever names a business knows its tenant; where nobody says it, the quota that is there does.
                let known = match edit.tenant_of_business {
                    Some(tenant) => Some(tenant),
                    None => self.store.quota(environment, subject).await?.map(|held| held.tenant_id),
                };
                let missing = || RegistryError::NotFound(format!("business {id} in {environment}"));
                Ok(self.existing_business(environment, known.ok_or_else(missing)?, *id).await?.tenant_id)
            }
        }
    }
}

/// Whether there may be one more. The store counts again when it is written, so that two who add the last one do not add two.
pub(super) fn check_room(held: usize) -> Outcome<()> {
    if held >= QUOTAS_MAX {
        return Err(RegistryError::NotAllowed(format!(
            "there are {QUOTAS_MAX} quotas, which is the most that every node holds; remove one first"
        )));
    }
    Ok(())
}

fn unset(environment: &EnvironmentName, subject: &QuotaSubject, tenant_id: TenantId) -> Quota {
    Quota {
        environment: environment.clone(),
        subject: subject.clone(),
        tenant_id,
        limits: QuotaLimits::default(),
        mode: QuotaMode::Enforce,
        headers: false,
        changed_at: Timestamp(0),
        version: 0,
    }
}

fn apply(edit: &QuotaEdit, mut quota: Quota) -> Quota {
    let limits = &mut quota.limits;
    limits.per_minute = edit.per_minute.unwrap_or(limits.per_minute);
    limits.per_hour = edit.per_hour.unwrap_or(limits.per_hour);
    limits.per_day = edit.per_day.unwrap_or(limits.per_day);
    quota.mode = edit.mode.unwrap_or(quota.mode);
    quota.headers = edit.headers.unwrap_or(quota.headers);
    quota
}

pub(super) fn check_limits(limits: QuotaLimits) -> Outcome<()> {
    if limits.is_empty() {
        return invalid("limits", "at least one of tokens per minute, hour and day; remove the quota to have none");
    }
    if limits.each().any(|(_, limit)| limit == 0) {
        return invalid("limits", "at least 1 token; disable a client or tenant that is to get none");
    }
    let numbers: Vec<u32> = limits.each().map(|(_, limit)| limit).collect();
    if numbers.windows(2).any(|two| matches!(two, [shorter, longer] if shorter > longer)) {
        return invalid("limits", "no more tokens in a shorter window than in a longer one");
    }
    Ok(())
}

pub(super) fn set_draft(held: Option<&Quota>, after: &Quota) -> Draft {
    let write = if held.is_some() { Write::UpdateQuota } else { Write::InsertQuota };
    Draft {
        tenant: Some(after.tenant_id),
        action: "quota.set",
        subject: after.subject.in_environment(&after.environment),
        before: held.and_then(audited),
        after: audited(after),
        writes: vec![write(after.clone())],
    }
}

pub(super) fn remove_draft(held: &Quota) -> Draft {
    Draft {
        tenant: Some(held.tenant_id),
        action: "quota.remove",
        subject: held.subject.in_environment(&held.environment),
        before: audited(held),
        after: None,
        writes: vec![Write::DeleteQuota(held.clone())],
    }
}
