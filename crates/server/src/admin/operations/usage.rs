//! How many token requests there were, and what became of them.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{BusinessId, ClientId, CredentialId, EnvironmentName, TenantId};
use mintmark_core::store::Store;
use mintmark_core::usage::{OutcomeClass, UsageBy, UsageQuery, UsageRow, UsageStep};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::admin::{Desk, Moment, Refusal, schema};

/// How many steps can be told each in one answer: a day of minutes, or two years of days.
const MAX_STEPS: i64 = 1500;
/// How many sums an answer has at most.
const MAX_ROWS: usize = 10_000;
const DAY: i64 = 86_400;

/// How much time one count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageStep)]
pub enum Step {
    /// A minute; kept for 48 hours.
    Minute,
    /// An hour; kept for 90 days.
    Hour,
    /// A day of UTC; kept for two years.
    Day,
}

impl From<Step> for UsageStep {
    fn from(step: Step) -> Self {
        match step {
            Step::Minute => UsageStep::Minute,
            Step::Hour => UsageStep::Hour,
            Step::Day => UsageStep::Day,
        }
    }
}

/// What is told apart, besides outcome and reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UsageBy)]
pub enum By {
    /// Nothing.
    #[default]
    Nothing,
    /// Tenants.
    Tenant,
    /// Clients.
    Client,
    /// Credentials.
    Credential,
    /// Businesses.
    Business,
}

impl From<By> for UsageBy {
    fn from(by: By) -> Self {
        match by {
            By::Nothing => UsageBy::Nothing,
            By::Tenant => UsageBy::Tenant,
            By::Client => UsageBy::Client,
            By::Credential => UsageBy::Credential,
            By::Business => UsageBy::Business,
        }
    }
}

/// What to count.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct UsageFilter {
    /// From the beginning of the step that this moment is in; a day before the end where nobody says.
    pub from: Option<Moment>,
    /// To this moment: the step that it is in is counted if it is not its first second. Now, where nobody says.
    pub to: Option<Moment>,
    /// How fine the counts are; an hour where nobody says.
    #[param(value_type = Option<Step>)]
    pub step: Option<Step>,
    /// Whether to tell each step, of which there can be 1500 in an answer, or one sum of all.
    pub each_step: bool,
    /// What to tell apart.
    #[param(value_type = Option<By>)]
    pub by: By,
    /// Of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Of this client alone.
    #[param(value_type = Option<schema::ClientId>)]
    pub client_id: Option<ClientId>,
    /// Of what this credential proved alone.
    #[param(value_type = Option<schema::CredentialId>)]
    pub credential_id: Option<CredentialId>,
    /// Of tokens that are scoped to this business alone, and what was refused after it was known.
    #[param(value_type = Option<schema::BusinessId>)]
    pub business_id: Option<BusinessId>,
}

/// What was counted. A request is in it some seconds after its answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub struct UsageView {
    /// When the first step begins.
    pub from: Moment,
    /// When the last one ends.
    pub to: Moment,
    /// How fine the counts are.
    pub step: Step,
    /// The sums, by time, then by what is told apart.
    pub rows: Vec<UsageRowView>,
    /// Whether something is left out since there is too much of it: of steps the earliest, of sums the smallest. Ask for less at a time.
    pub is_cut: bool,
}

/// A sum. What was not told apart is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UsageRow)]
pub struct UsageRowView {
    /// When its step begins; for a sum of all when the first one does.
    pub start: Moment,
    /// The tenant.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// The client.
    #[schema(value_type = Option<schema::ClientId>, required)]
    pub client_id: Option<ClientId>,
    /// The credential.
    #[schema(value_type = Option<schema::CredentialId>, required)]
    pub credential_id: Option<CredentialId>,
    /// The business; null also for tokens that are scoped to none.
    #[schema(value_type = Option<schema::BusinessId>, required)]
    pub business_id: Option<BusinessId>,
    /// What became of the requests.
    #[schema(value_type = schema::Outcome)]
    pub outcome: OutcomeClass,
    /// Why they were refused: a word of docs/errors.md; null for tokens.
    #[schema(required)]
    pub code: Option<String>,
    /// How many.
    pub requests: u64,
}

impl From<UsageRow> for UsageRowView {
    fn from(row: UsageRow) -> Self {
        let UsageRow { start, tenant_id, client_id, credential_id, business_id, outcome, code, requests } = row;
        Self { start: start.into(), tenant_id, client_id, credential_id, business_id, outcome, code, requests }
    }
}

/// Counts of an environment, within reach: of a client, credential or business out of reach there are none.
pub async fn read(desk: &Desk, environment: &EnvironmentName, filter: &UsageFilter) -> Result<UsageView, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let query = query(desk, environment, filter)?;
    let answer = desk.store().usage(&query).await?;
    let is_cut = answer.is_cut || answer.rows.len() > MAX_ROWS;
    let rows = most(answer.rows, query.each_step);
    let (first, end) = query.periods();
    Ok(UsageView {
        from: query.step.start(first).into(),
        to: query.step.start(end).into(),
        step: filter.step.unwrap_or(Step::Hour),
        rows: rows.into_iter().map(Into::into).collect(),
        is_cut,
    })
}

fn query(desk: &Desk, environment: &EnvironmentName, filter: &UsageFilter) -> Result<UsageQuery, Refusal> {
    // The second that is not over yet is in it.
    let to = filter.to.map_or_else(|| desk.registry.clock.now().plus(1), |to| to.0);
    let from = filter.from.map_or(Timestamp(to.0.saturating_sub(DAY)), |from| from.0);
    if from.0 < 0 || from >= to {
        return Err(Refusal::Invalid { field: "from", expected: "a moment after 1970 and before `to`".to_owned() });
    }
    let step = UsageStep::from(filter.step.unwrap_or(Step::Hour));
    let query = UsageQuery {
        tenant: tenant(desk, filter.tenant_id),
        client: filter.client_id.clone(),
        credential: filter.credential_id,
        business: filter.business_id,
        each_step: filter.each_step,
        by: filter.by.into(),
        ..UsageQuery::of(environment.clone(), (from, to), step)
    };
    let (first, end) = query.periods();
    if query.each_step && end.saturating_sub(first) > MAX_STEPS {
        return Err(Refusal::Invalid { field: "step", expected: format!("at most {MAX_STEPS} steps from `from` to `to`") });
    }
    Ok(query)
}

/// The tenant that is asked about: one that is out of reach has nothing, as one has that does not exist.
pub(super) fn tenant(desk: &Desk, named: Option<TenantId>) -> Option<TenantId> {
    let within = named.map(|id| if desk.authority.reaches(id) { id } else { TenantId::none() });
    within.or(desk.only_tenant())
}

/// As many rows as an answer holds: the latest steps, or the largest sums, in their order.
fn most(mut rows: Vec<UsageRow>, each_step: bool) -> Vec<UsageRow> {
    let over = rows.len().saturating_sub(MAX_ROWS);
    if over > 0 && each_step {
        rows.drain(..over);
    } else if over > 0 {
        rows.sort_by_key(|row| std::cmp::Reverse(row.requests));
        rows.truncate(MAX_ROWS);
        rows.sort_unstable();
    }
    rows
}
