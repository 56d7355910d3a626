//! How many tokens tenants, clients and businesses may be given. The operator says it; each tenant sees its own.

use mintmark_core::management::Permission;
use mintmark_core::model::{
    BusinessId, ClientId, EnvironmentName, Quota, QuotaKind, QuotaLimits, QuotaMode, QuotaSubject, TenantId,
};
use mintmark_core::quota::{QuotaQuery, QuotaUse};
use mintmark_core::registry::QuotaEdit;
use mintmark_core::store::Store;
use mintmark_core::usage::UsageStep;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::environments::PageFilter;
use super::page::{Wanted, read_page};
use super::patch::present;
use super::{Page, Patch};
use crate::admin::{Desk, Moment, Refusal, schema};

/// What a quota allows and what of it is used. Windows are the minute, hour and day of the calendar in UTC.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Quota)]
pub struct QuotaView {
    /// The environment.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// What it is about.
    #[schema(value_type = schema::QuotaKind)]
    pub kind: QuotaKind,
    /// Which tenant, client or business.
    pub id: String,
    /// The tenant that it is, or belongs to.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// How many tokens there may be in a minute.
    #[schema(required)]
    pub per_minute: Option<u32>,
    /// In an hour.
    #[schema(required)]
    pub per_hour: Option<u32>,
    /// In a day of UTC.
    #[schema(required)]
    pub per_day: Option<u32>,
    /// What happens when they are used up.
    #[schema(value_type = schema::QuotaMode)]
    pub mode: QuotaMode,
    /// Whether answers tell the client what is left, in the headers `RateLimit-Policy` and `RateLimit`.
    pub headers: bool,
    /// How many tokens of each window that has a limit are used, as far as nodes have written it down.
    pub used: UsedView,
    /// When it was last changed; nothing if there is no quota.
    #[schema(required)]
    pub changed_at: Option<Moment>,
    /// Counts the changes, from 0 where there is no quota; the entity tag is made of it.
    pub version: u64,
}

/// How many tokens were given in the windows that are now. Nothing where the window has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = QuotaUse)]
pub struct UsedView {
    /// In this minute.
    #[schema(required)]
    pub minute: Option<u64>,
    /// In this hour.
    #[schema(required)]
    pub hour: Option<u64>,
    /// Today.
    #[schema(required)]
    pub day: Option<u64>,
}

impl UsedView {
    fn set(&mut self, step: UsageStep, tokens: u64) {
        let place = match step {
            UsageStep::Minute => &mut self.minute,
            UsageStep::Hour => &mut self.hour,
            UsageStep::Day => &mut self.day,
        };
        *place = Some(tokens);
    }

    /// That of one window.
    pub fn of(&self, step: UsageStep) -> Option<u64> {
        match step {
            UsageStep::Minute => self.minute,
            UsageStep::Hour => self.hour,
            UsageStep::Day => self.day,
        }
    }
}

impl From<QuotaUse> for QuotaView {
    fn from(one: QuotaUse) -> Self {
        let mut used = UsedView::default();
        for (step, _) in one.quota.limits.each() {
            used.set(step, one.of(step));
        }
        Self::of(one.quota, used)
    }
}

impl QuotaView {
    fn of(quota: Quota, used: UsedView) -> Self {
        let Quota { environment, subject, tenant_id, limits, mode, headers, changed_at, version } = quota;
        let QuotaLimits { per_minute, per_hour, per_day } = limits;
        let (kind, id) = (subject.kind(), subject.id());
        let changed_at = (version > 0).then(|| changed_at.into());
        Self { environment, kind, id, tenant_id, per_minute, per_hour, per_day, mode, headers, used, changed_at, version }
    }

    /// Where nobody has set one.
    fn none(of: &Of<'_>) -> Self {
        Self {
            environment: of.environment.clone(),
            kind: of.subject.kind(),
            id: of.subject.id(),
            tenant_id: of.tenant,
            per_minute: None,
            per_hour: None,
            per_day: None,
            mode: QuotaMode::default(),
            headers: false,
            used: UsedView::default(),
            changed_at: None,
            version: 0,
        }
    }

    /// Its limits.
    pub fn limits(&self) -> QuotaLimits {
        QuotaLimits { per_minute: self.per_minute, per_hour: self.per_hour, per_day: self.per_day }
    }
}

/// A change of a quota. What is left out stays; `null` takes a limit away, and a quota without limits is removed.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaPatch {
    /// How many tokens there may be in a minute.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1)]
    pub per_minute: Option<Patch<u32>>,
    /// In an hour; no less than in a minute.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1)]
    pub per_hour: Option<Patch<u32>>,
    /// In a day of UTC; no less than in an hour.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1)]
    pub per_day: Option<Patch<u32>>,
    /// What happens when they are used up.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::QuotaMode, required = false)]
    pub mode: Option<QuotaMode>,
    /// Whether answers tell the client what is left: a provider's wire format has no such headers of its own.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    pub headers: Option<bool>,
}

/// Whose quota: within reach, and there.
pub struct Of<'a> {
    environment: &'a EnvironmentName,
    subject: QuotaSubject,
    tenant: TenantId,
}

/// That of a tenant.
pub async fn of_tenant<'a>(desk: &Desk, environment: &'a EnvironmentName, tenant: TenantId) -> Result<Of<'a>, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let tenant = desk.tenant(tenant).await?.id;
    Ok(Of { environment, subject: QuotaSubject::Tenant(tenant), tenant })
}

/// That of a client.
pub async fn of_client<'a>(desk: &Desk, environment: &'a EnvironmentName, id: &ClientId) -> Result<Of<'a>, Refusal> {
    desk.require(Permission::Read)?;
    let client = desk.client(environment, id).await?;
    Ok(Of { environment, subject: QuotaSubject::Client(client.id), tenant: client.tenant_id })
}

/// That of a business of a tenant.
pub async fn of_business<'a>(
    desk: &Desk,
    environment: &'a EnvironmentName,
    (tenant, id): (TenantId, BusinessId),
) -> Result<Of<'a>, Refusal> {
    desk.require(Permission::Read)?;
    let business = desk.business(environment, tenant, id).await?;
    Ok(Of { environment, subject: QuotaSubject::Business(business.id), tenant: business.tenant_id })
}

/// A quota, as far as one was set.
pub async fn read(desk: &Desk, of: Of<'_>) -> Result<QuotaView, Refusal> {
    match desk.store().quota(of.environment, &of.subject).await? {
        Some(quota) => shown(desk, quota).await,
        None => Ok(QuotaView::none(&of)),
    }
}

/// Sets a quota, of the version that the caller saw, or removes it.
pub async fn edit(desk: &Desk, of: Of<'_>, patch: QuotaPatch, seen: Option<u64>) -> Result<QuotaView, Refusal> {
    desk.require(Permission::EditOperator)?;
    let held = desk.store().quota(of.environment, &of.subject).await?;
    let limits = held.as_ref().map(|held| held.limits).unwrap_or_default();
    let left = |patch: Option<Patch<u32>>, limit: Option<u32>| patch.map_or(limit, Patch::into_option);
    let after = QuotaLimits {
        per_minute: left(patch.per_minute, limits.per_minute),
        per_hour: left(patch.per_hour, limits.per_hour),
        per_day: left(patch.per_day, limits.per_day),
    };
    if after.is_empty() {
        return remove(desk, of, held, seen).await;
    }
    let edit = QuotaEdit {
        per_minute: patch.per_minute.map(Patch::into_option),
        per_hour: patch.per_hour.map(Patch::into_option),
        per_day: patch.per_day.map(Patch::into_option),
        mode: patch.mode,
        headers: patch.headers,
        tenant_of_business: Some(of.tenant),
        version: seen,
    };
    let edited = desk.registry.edit_quota(of.environment, &of.subject, &edit).await;
    shown(desk, edited.map_err(|error| Refusal::of_change(error, seen))?).await
}

async fn remove(desk: &Desk, of: Of<'_>, held: Option<Quota>, seen: Option<u64>) -> Result<QuotaView, Refusal> {
    match (held, seen) {
        (Some(_), seen) => {
            let removed = desk.registry.remove_quota(of.environment, &of.subject, seen).await;
            removed.map_err(|error| Refusal::of_change(error, seen))?;
        }
        (None, Some(seen)) if seen > 0 => return Err(Refusal::Changed),
        (None, _) => {}
    }
    Ok(QuotaView::none(&of))
}

/// The quotas of an environment, within reach, by kind and id.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &PageFilter) -> Result<Page<QuotaView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let wanted = Wanted::<QuotaSubject>::read(filter.limit, filter.cursor.as_deref())?;
    let at = desk.registry.clock.now();
    let query = QuotaQuery { environment: environment.clone(), tenant: desk.only_tenant(), at };
    let read = |after: Option<QuotaSubject>, limit| {
        let query = &query;
        async move { Ok(desk.store().quotas_used(query, after.as_ref(), limit).await?) }
    };
    read_page(wanted, read, |one: &QuotaUse| one.quota.subject.clone(), |one| Some(QuotaView::from(one))).await
}

async fn shown(desk: &Desk, quota: Quota) -> Result<QuotaView, Refusal> {
    let (now, mut used) = (desk.registry.clock.now(), UsedView::default());
    for (step, _) in quota.limits.each() {
        let window = (step, step.period(now));
        used.set(step, desk.store().quota_used(&quota.environment, &quota.subject, window).await?);
    }
    Ok(QuotaView::of(quota, used))
}
