//! The audit log: who changed what. A tenant sees its own chain, the operator all of them.

mod held;
mod view;
mod whole;

use mintmark_core::audit::ChainName;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Position, TenantId};
use mintmark_core::store::{AuditFilter, Subject};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;

pub(super) use held::held;
pub use view::{AuditView, ObjectKind, ObjectView};
pub(super) use whole::EXPORT_TIME;
pub use whole::{AuditExport, ChainToVerify, ChainView, ExportFormat, FaultView, export, verify};

use super::Page;
use super::page::{Wanted, encode, page_cut};
use crate::admin::{Desk, Moment, Refusal, schema};

/// How many rows are looked through for one page of those that a filter takes: a log has no end, and a filter may take none of it.
const MAX_LOOKED_AT: u32 = 10_000;
/// The longest text of a filter, in characters.
const MAX_TEXT: usize = 256;

/// Which changes to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AuditListFilter {
    /// How many a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of one chain alone: a tenant's id, or `operator`.
    #[param(max_length = 256)]
    pub chain: Option<String>,
    /// About objects of this kind: with `object_id`, and `environment` where objects belong to one.
    #[param(value_type = Option<ObjectKind>)]
    pub object_kind: Option<ObjectKind>,
    /// About the object of this id.
    #[param(max_length = 256)]
    pub object_id: Option<String>,
    /// The environment of the object.
    #[param(value_type = Option<schema::EnvironmentName>)]
    pub environment: Option<EnvironmentName>,
    /// Made by them, exactly.
    #[param(max_length = 256)]
    pub who: Option<String>,
    /// Whose action begins so, such as `client.`.
    #[param(max_length = 256)]
    pub action: Option<String>,
    /// Made at this moment or later.
    pub from: Option<Moment>,
    /// Made before this moment.
    pub to: Option<Moment>,
}

/// Changes within reach, latest first. Of a long log a page that a filter leaves little of ends early, and tells where to go on.
pub async fn list(desk: &Desk, filter: &AuditListFilter) -> Result<Page<AuditView>, Refusal> {
    desk.require(Permission::ReadAudit)?;
    let wanted = Wanted::<u64>::read(filter.limit, filter.cursor.as_deref())?;
    let asked = read_filter(desk, filter)?;
    let limit = u32::try_from(wanted.size).unwrap_or(u32::MAX).saturating_add(1);
    let (found, reached) = desk.store().audit_among(&asked, wanted.after.map(Position), (limit, MAX_LOOKED_AT)).await?;
    let page = page_cut(found, wanted.size, |record| record.position.0, Into::into);
    let next = page.next.or_else(|| reached.map(|position| encode(&position.0)));
    Ok(Page { next, ..page })
}

fn read_chain(text: &str) -> Result<ChainName, Refusal> {
    let expected = || Refusal::Invalid { field: "chain", expected: "a tenant's id, or `operator`".to_owned() };
    text.parse().map_err(|_| expected())
}

/// What the store is asked for. A chain out of reach has nothing in it, as that of a tenant has which does not exist.
fn read_filter(desk: &Desk, filter: &AuditListFilter) -> Result<AuditFilter, Refusal> {
    let present = |field: &'static str, text: &Option<String>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(Refusal::Invalid { field, expected: format!("at most {MAX_TEXT} characters") })
        }
        Some(text) => Ok(Some(text.to_owned())),
    };
    let chain = present("chain", &filter.chain)?.map(|chain| read_chain(&chain)).transpose()?;
    let tenant = match (desk.only_tenant(), chain) {
        (None, chain) => chain.map(|chain| chain.0),
        (Some(own), Some(ChainName(asked))) if asked != Some(own) => Some(Some(TenantId::none())),
        (Some(own), _) => Some(Some(own)),
    };
    Ok(AuditFilter {
        tenant,
        subject: read_subject(filter, present("object_id", &filter.object_id)?)?,
        who: present("who", &filter.who)?,
        action: present("action", &filter.action)?,
        from: filter.from.map(|from| from.0),
        to: filter.to.map(|to| to.0),
    })
}

/// The object that is asked about: its kind, its id, and its environment, as far as it has them.
fn read_subject(filter: &AuditListFilter, id: Option<String>) -> Result<Option<Subject>, Refusal> {
    let Some(kind) = filter.object_kind else {
        let is_plain = id.is_none() && filter.environment.is_none();
        let expected =
            || Refusal::Invalid { field: "object_kind", expected: "the kind of the object that is asked for".to_owned() };
        return if is_plain { Ok(None) } else { Err(expected()) };
    };
    let missing = |field: &'static str| Refusal::Invalid { field, expected: format!("one, for a {}", kind.as_str()) };
    let mut members = Map::from_iter([("kind".to_owned(), Value::from(kind.as_str()))]);
    let needs_environment = !matches!(
        kind,
        ObjectKind::Tenant | ObjectKind::Member | ObjectKind::Invitation | ObjectKind::ManagementClient | ObjectKind::Store
    );
    if needs_environment {
        let environment = filter.environment.as_ref().ok_or_else(|| missing("environment"))?;
        members.insert("environment".to_owned(), environment.as_str().into());
    }
    if !matches!(kind, ObjectKind::Environment | ObjectKind::Store) {
        let member = if kind == ObjectKind::SigningKey { "kid" } else { "id" };
        members.insert(member.to_owned(), id.ok_or_else(|| missing("object_id"))?.into());
    }
    // Each kind is read as the log itself writes it.
    let read = serde_json::from_value(Value::Object(members));
    read.map(Some).map_err(|_| Refusal::Invalid { field: "object_id", expected: format!("the id of a {}", kind.as_str()) })
}
