//! Endpoints that are told notices: a tenant's own, and the operator's.

use mintmark_core::management::Permission;
use mintmark_core::model::{Delivery, DeliveryState, EnvironmentName, NoticeId, Status, TenantId, Webhook, WebhookId};
use mintmark_core::notice::NoticeKind;
use mintmark_core::registry::{RegistryError, WebhookEdit};
use mintmark_core::store::{self, NoticePlace, NoticeStore};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{Page, Wanted, page_cut, read_page, unknown_cursor};
use super::patch::present;
use crate::admin::trials::Trial;
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::outgoing::{ChosenBy, FetchError};

/// An endpoint that is told notices.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// Its identifier.
    #[schema(value_type = schema::WebhookId)]
    pub id: WebhookId,
    /// The environment.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The tenant that it belongs to; nothing for the operator's, which is told everything of the environment.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// Where it is.
    #[schema(value_type = schema::WebhookUrl)]
    pub url: String,
    /// What it is told; everything, if the list is empty.
    #[schema(value_type = Vec<schema::NoticeKind>)]
    pub kinds: Vec<NoticeKind>,
    /// A disabled one is told nothing.
    #[schema(value_type = schema::Status)]
    pub status: Status,
    /// How many notices it was not told because a thousand others waited.
    pub dropped: u64,
    /// When it was made.
    pub created_at: Moment,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let Webhook { id, environment, tenant_id, url, kinds, status, created_at, dropped, version } = webhook;
        Self { id, environment, tenant_id, url, kinds, status, dropped, created_at: created_at.into(), version }
    }
}

/// A new endpoint.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhookBody {
    /// Where it is.
    #[schema(value_type = schema::WebhookUrl)]
    pub url: String,
    /// What it is told; everything, if the list is empty or left out.
    #[serde(default)]
    #[schema(value_type = Vec<schema::NoticeKind>, required = false, max_items = 20)]
    pub kinds: Vec<NoticeKind>,
    /// The tenant that it belongs to. Left out, it is the caller's own, or the operator's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::TenantId, required = false)]
    pub tenant_id: Option<TenantId>,
}

/// A change of an endpoint. What is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookPatch {
    /// Where it is.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::WebhookUrl, required = false)]
    pub url: Option<String>,
    /// What it is told, all of it; everything, if the list is empty.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<schema::NoticeKind>, required = false, max_items = 20)]
    pub kinds: Option<Vec<NoticeKind>>,
    /// A disabled one is told nothing, and what waits for it is tried no more.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::Status, required = false)]
    pub status: Option<Status>,
}

/// Which endpoints to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct WebhookFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
}

/// One notice for one endpoint. Of an answer nothing is kept but its status.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// The notice: the `id` that the endpoint is told.
    #[schema(value_type = schema::NoticeId)]
    pub notice_id: NoticeId,
    /// The notice's kind.
    #[schema(value_type = schema::NoticeKind)]
    pub kind: NoticeKind,
    /// How far telling has come.
    #[schema(value_type = schema::DeliveryState)]
    pub state: DeliveryState,
    /// When there was something to tell.
    pub made_at: Moment,
    /// How often it was tried.
    pub tries: u32,
    /// When the next try is due, if there is going to be one.
    #[schema(required)]
    pub next_at: Option<Moment>,
    /// When it was last tried.
    #[schema(required)]
    pub last_at: Option<Moment>,
    /// The status of the last answer; 0 if there was none.
    #[schema(required)]
    pub answer: Option<u16>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let Delivery { notice_id, kind, state, made_at, tries, next_at, last_at, answer, webhook_id: _ } = delivery;
        let next_at = (state == DeliveryState::Waiting).then(|| next_at.into());
        Self { notice_id, kind, state, made_at: made_at.into(), tries, next_at, last_at: last_at.map(Into::into), answer }
    }
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// Where a page of deliveries ended.
#[derive(Clone, Copy)]
struct Place(NoticePlace);

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.0.0.0, self.0.1)
    }
}

impl std::str::FromStr for Place {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (at, id) = text.split_once(' ').ok_or_else(unknown_cursor)?;
        let at = at.parse().map_err(|_| unknown_cursor())?;
        Ok(Self((mintmark_core::clock::Timestamp(at), id.parse().map_err(|_| unknown_cursor())?)))
    }
}

/// Endpoints within reach, by identifier.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &WebhookFilter) -> Result<Page<WebhookView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let wanted = Wanted::<WebhookId>::read(filter.limit, filter.cursor.as_deref())?;
    let only = desk.only_tenant();
    // Of another tenant there are none, as of one that does not exist.
    let of = match (only, filter.tenant_id) {
        (Some(own), Some(asked)) if own != asked => Some(Some(TenantId::none())),
        (own, asked) => own.or(asked).map(Some),
    };
    let read = |after: Option<WebhookId>, limit| async move {
        Ok(desk.store().webhooks(environment, of, store::Page { after: after.as_ref(), limit }).await?)
    };
    read_page(wanted, read, |webhook| webhook.id, |webhook| Some(webhook.into())).await
}

/// One endpoint.
pub async fn read(desk: &Desk, environment: &EnvironmentName, id: WebhookId) -> Result<WebhookView, Refusal> {
    desk.require(Permission::Read)?;
    found(desk, environment, id).await.map(Into::into)
}

/// Has an endpoint told what happens.
pub async fn create(desk: &Desk, environment: &EnvironmentName, new: NewWebhookBody) -> Result<WebhookView, Refusal> {
    desk.require(Permission::EditClients)?;
    desk.require_environment(environment).await?;
    let tenant = new.tenant_id.or(desk.only_tenant());
    if let Some(tenant) = tenant {
        let missing = || Refusal::Invalid { field: "tenant_id", expected: "a tenant within reach".to_owned() };
        desk.tenant(tenant).await.map_err(|_| missing())?;
    }
    check_target(desk, &new.url, tenant)?;
    Ok(desk.registry.add_webhook(environment, tenant, &new.url, &new.kinds).await?.into())
}

/// Changes an endpoint, of the version that the caller saw.
pub async fn edit(
    desk: &Desk,
    (environment, id): (&EnvironmentName, WebhookId),
    patch: WebhookPatch,
    seen: Option<u64>,
) -> Result<WebhookView, Refusal> {
    desk.require(Permission::EditClients)?;
    let webhook = found(desk, environment, id).await?;
    if let Some(url) = &patch.url {
        check_target(desk, url, webhook.tenant_id)?;
    }
    let WebhookPatch { url, kinds, status } = patch;
    let edit = WebhookEdit { url, kinds, status, version: seen };
    let edited = desk.registry.edit_webhook(environment, id, &edit).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, seen))
}

/// Removes an endpoint that is turned off, with its deliveries.
pub async fn remove(desk: &Desk, environment: &EnvironmentName, id: WebhookId) -> Result<(), Refusal> {
    desk.require(Permission::EditClients)?;
    if found(desk, environment, id).await?.status != Status::Disabled {
        let why = "the endpoint is turned on; disable it first".to_owned();
        return Err(Refusal::Registry(RegistryError::NotAllowed(why)));
    }
    desk.registry.remove_webhook(environment, id).await?;
    Ok(())
}

/// Tells an endpoint a notice that says nothing. Gives the notice's identifier, by which its delivery is found.
pub async fn test(desk: &Desk, environment: &EnvironmentName, id: WebhookId) -> Result<TestedView, Refusal> {
    desk.require(Permission::EditClients)?;
    found(desk, environment, id).await?;
    let _running = desk.begin(Trial::Webhook)?;
    let notice = desk.registry.test_webhook(environment, id).await?;
    Ok(TestedView { notice_id: notice.id })
}

/// What was sent to see whether it arrives.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WebhookTest)]
pub struct TestedView {
    /// The notice, by which its delivery is found.
    #[schema(value_type = schema::NoticeId)]
    pub notice_id: NoticeId,
}

/// Deliveries of an endpoint, latest first.
pub async fn deliveries(
    desk: &Desk,
    (environment, id): (&EnvironmentName, WebhookId),
    filter: &DeliveryFilter,
) -> Result<Page<DeliveryView>, Refusal> {
    desk.require(Permission::Read)?;
    let webhook = found(desk, environment, id).await?;
    let Wanted { after, size } = Wanted::<Place>::read(filter.limit, filter.cursor.as_deref())?;
    let limit = u32::try_from(size).unwrap_or(u32::MAX).saturating_add(1);
    let rows = desk.store().deliveries(webhook.id, after.map(|place| place.0), limit).await?;
    Ok(page_cut(rows, size, |row| Place((row.made_at, row.notice_id)), Into::into))
}

/// An endpoint within reach (rule S4).
async fn found(desk: &Desk, environment: &EnvironmentName, id: WebhookId) -> Result<Webhook, Refusal> {
    let found = desk.store().webhook(environment, id).await?;
    let is_within = |webhook: &Webhook| desk.only_tenant().is_none_or(|own| webhook.tenant_id == Some(own));
    found.filter(is_within).ok_or(Refusal::NotFound)
}

/// What of a URL can be refused before it is ever asked for (rule S21). What its name stands for is looked at each time. An endpoint of a
/// tenant's is the tenant's choice, whoever wrote it down.
fn check_target(desk: &Desk, url: &str, tenant: Option<TenantId>) -> Result<(), Refusal> {
    let refused = |error: FetchError| Refusal::Invalid { field: "url", expected: format!("a URL that may be told; {error}") };
    desk.node.check_webhook_url(url, ChosenBy::owner(tenant)).map_err(refused)
}
