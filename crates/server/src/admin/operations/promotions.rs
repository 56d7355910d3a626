//! Promotion: a client as it was tried out in one environment is made, or brought up to date, in another. It is reviewed first: to
//! apply a plan is to name its digest.

use mintmark_core::management::Permission;
use mintmark_core::model::{Client, ClientId, EnvironmentName};
use mintmark_core::registry::{PromotionPlan, RegistryError};
use mintmark_core::store::EnvironmentRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Patch;
use super::clients::{ClientPatch, ClientView, GrantBody};
use super::entitlement::{AskedFor, judge};
use crate::admin::trials::Trial;
use crate::admin::{Desk, Refusal, schema};

/// What a promotion would do, for review.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PromotionPlan)]
pub struct PromotionPlanView {
    /// The client, of one name in both environments.
    #[schema(value_type = schema::ClientId)]
    pub client_id: ClientId,
    /// Where it is taken from.
    #[schema(value_type = schema::EnvironmentName)]
    pub from: EnvironmentName,
    /// Where it is brought to.
    #[schema(value_type = schema::EnvironmentName)]
    pub to: EnvironmentName,
    /// Whether it is made there; it then needs a credential of its own before it gets tokens.
    pub creates: bool,
    /// What changes there; nothing if it is as it shall be.
    pub differences: Vec<DifferenceView>,
    /// What stays behind.
    pub blocked: Vec<BlockedView>,
    /// Why none of it can be done, if that is so.
    #[schema(required)]
    pub refusal: Option<String>,
    /// A member that only the operator may change so, if there is one: then the operator promotes.
    #[schema(required)]
    pub operator_only: Option<String>,
    /// What to name to apply exactly this.
    pub digest: String,
}

/// One thing that changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PromotionDifference)]
pub struct DifferenceView {
    /// What.
    pub field: String,
    /// What it is; nothing if it is not there.
    #[schema(required)]
    pub before: Option<String>,
    /// What it shall be; nothing if it shall not be there.
    #[schema(required)]
    pub after: Option<String>,
}

/// Something that a promotion leaves behind.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PromotionBlocked)]
pub struct BlockedView {
    /// What.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
}

/// The plan that is to be applied.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromotionBody {
    /// The digest of the plan that was reviewed.
    #[schema(max_length = 64)]
    pub digest: String,
}

/// What became of applying a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Promoted)]
pub struct PromotedView {
    /// The client where it was brought to.
    pub client: ClientView,
    /// Whether anything was changed: not if it was as it should be already.
    pub changed: bool,
}

/// Whose client, and from which environment to which.
pub type Way<'a> = (&'a ClientId, &'a EnvironmentName, &'a EnvironmentName);

/// What a promotion would do.
pub async fn plan(desk: &Desk, way: Way<'_>) -> Result<PromotionPlanView, Refusal> {
    desk.require(Permission::Read)?;
    let _running = desk.begin(Trial::Promotion)?;
    let (plan, record) = find_plan(desk, way).await?;
    let widened = widens(desk, &plan, &record).await?;
    let difference =
        |one: mintmark_core::registry::Difference| DifferenceView { field: one.field, before: one.before, after: one.after };
    Ok(PromotionPlanView {
        client_id: plan.client_id,
        from: plan.from,
        to: plan.to,
        creates: plan.creates,
        differences: plan.differences.into_iter().map(difference).collect(),
        blocked: plan.blocked.into_iter().map(|one| BlockedView { what: one.what, why: one.why }).collect(),
        refusal: plan.refusal,
        operator_only: widened.map(str::to_owned),
        digest: plan.digest,
    })
}

/// Applies the plan of a digest, or refuses if it would be another one by now. What widens a client there is judged as if somebody
/// changed it there by hand.
pub async fn apply(desk: &Desk, way: Way<'_>, body: PromotionBody) -> Result<PromotedView, Refusal> {
    desk.require(Permission::EditClients)?;
    let _running = desk.begin(Trial::Promotion)?;
    let (plan, record) = find_plan(desk, way).await?;
    if plan.digest != body.digest {
        let why = "that is not the plan as it is now: review the new plan and name its digest".to_owned();
        return Err(Refusal::Registry(RegistryError::NotAllowed(why)));
    }
    desk.leave_to_operator(widens(desk, &plan, &record).await?)?;
    let promoted = desk.registry.promote(way.0, (way.1, way.2), &body.digest).await?;
    Ok(PromotedView { client: ClientView::of(promoted.client, &record), changed: promoted.changed })
}

/// The plan for a client within reach, and the environment that it is brought to.
async fn find_plan(desk: &Desk, (id, from, to): Way<'_>) -> Result<(PromotionPlan, EnvironmentRecord), Refusal> {
    desk.client(from, id).await?;
    let record = desk.environment(to).await?;
    Ok((desk.registry.promotion_plan(id, from, to).await?, record))
}

/// The member that is given what the caller may not give there, if there is one.
async fn widens(desk: &Desk, plan: &PromotionPlan, record: &EnvironmentRecord) -> Result<Option<&'static str>, Refusal> {
    let (before, after) = (plan.before(), plan.after());
    let patch = patch_to(before, after, record);
    let bound = match judge(desk, record, (after.tenant_id, before), &AskedFor::from(&patch)).await {
        Ok(None) => return Ok(None),
        Ok(Some(entitlement)) => entitlement,
        Err(Refusal::OperatorOnly(member)) => return Ok(Some(member)),
        Err(other) => return Err(other),
    };
    // A limit that goes, or is not there from the beginning, is no number that could be too long.
    let is_limited = before.map_or(bound.lifetime_max, |client| client.lifetime_max).is_some();
    Ok((is_limited && after.lifetime_max.is_none()).then_some("lifetime_max"))
}

/// The change that makes of the client there what it shall be.
fn patch_to(before: Option<&Client>, after: &Client, record: &EnvironmentRecord) -> ClientPatch {
    let uri_of = |id| record.resources.iter().find(|known| known.id == id).map(|known| known.uri.clone());
    let grant =
        |grant: &mintmark_core::model::Grant| GrantBody { resource: uri_of(grant.resource), scopes: grant.scopes.clone() };
    let gone = before.into_iter().flat_map(|client| client.attributes.keys());
    let gone = gone.filter(|name| !after.attributes.contains_key(*name)).map(|name| (name.clone(), None));
    let set = after.attributes.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    ClientPatch {
        dialects: Some(after.dialects.clone()),
        grants: Some(after.grants.iter().map(grant).collect()),
        lifetime_max: after.lifetime_max,
        attributes: set.chain(gone).collect(),
        token_binding: Some(after.token_binding),
        assertion_audience: Some(after.assertion_audience),
        profile: Some(after.profile.map_or(Patch::Remove, Patch::Set)),
        serves: Some(after.serves.iter().filter_map(|id| uri_of(*id)).collect()),
        ..ClientPatch::default()
    }
}
