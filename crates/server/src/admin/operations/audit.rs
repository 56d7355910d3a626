//! The audit log: who changed what. A tenant sees its own chain, the operator all of them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use mintmark_core::audit::ChainName;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Position, TenantId};
use mintmark_core::registry::RegistryError;
use mintmark_core::store::{AuditFilter, AuditRecord, Store, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, page_cut};
use super::patch::present;
use crate::admin::trials::{Running, Trial};
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::audit_lines::{Format, Lines, PAGE};
use crate::store::SqlStore;

/// The longest text of a filter, in characters.
const MAX_TEXT: usize = 256;
/// How long a chain is verified for whoever asks by the network, in seconds; on the machine there is no limit.
const VERIFY_SECONDS: u64 = 30;

/// One change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub struct AuditView {
    /// Its place among all changes.
    pub position: u64,
    /// Whose chain it is in: a tenant's id, or `operator`.
    pub chain: String,
    /// Which row of the chain it is; null for rows from before there were chains.
    #[schema(required)]
    pub sequence: Option<u64>,
    /// When it was made.
    pub at: Moment,
    /// Who made it: the id of a member or management client, or what the machine calls them.
    pub who: String,
    /// From where on the network, if they came by it.
    #[schema(value_type = Option<String>, required)]
    pub source: Option<IpAddr>,
    /// The request that brought it, if one did.
    #[schema(required)]
    pub request_id: Option<String>,
    /// What was done, such as `client.create`.
    pub action: String,
    /// To which object.
    pub object: ObjectView,
    /// The object before; of secrets there are hints alone.
    #[schema(value_type = Option<Object>, required)]
    pub before: Option<Value>,
    /// The object after.
    #[schema(value_type = Option<Object>, required)]
    pub after: Option<Value>,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditObject)]
pub struct ObjectView {
    /// What it is.
    pub kind: ObjectKind,
    /// Where, if it belongs to an environment.
    #[schema(value_type = Option<schema::EnvironmentName>, required)]
    pub environment: Option<EnvironmentName>,
    /// Its id; of an environment and of the store there is none.
    #[schema(required)]
    pub id: Option<String>,
}

macro_rules! object_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal;)+) => {
        /// A kind of object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[schema(as = AuditObjectKind)]
        pub enum ObjectKind { $($(#[doc = $doc])+ #[serde(rename = $word)] $name),+ }

        impl ObjectKind {
            /// All of them.
            pub const ALL: &[ObjectKind] = &[$(ObjectKind::$name),+];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self { $(ObjectKind::$name => $word),+ }
            }
        }
    };
}

object_kinds! {
    /// A client with its credentials.
    Client = "client";
    /// A business.
    Business = "business";
    /// A tenant.
    Tenant = "tenant";
    /// A person with their sessions.
    Member = "member";
    /// An invitation.
    Invitation = "invitation";
    /// A program that manages the server.
    ManagementClient = "management_client";
    /// A token, by its `jti`.
    Token = "token";
    /// A resource with its scopes.
    Resource = "resource";
    /// A signing key, by its `kid`.
    SigningKey = "signing_key";
    /// An environment.
    Environment = "environment";
    /// The store as a whole.
    Store = "store";
}

impl From<Subject> for ObjectView {
    fn from(subject: Subject) -> Self {
        let environment = subject.environment().cloned();
        let (kind, id) = match subject {
            Subject::Environment { .. } => (ObjectKind::Environment, None),
            Subject::Store => (ObjectKind::Store, None),
            Subject::Tenant { id } => (ObjectKind::Tenant, Some(id.to_string())),
            Subject::Business { id, .. } => (ObjectKind::Business, Some(id.to_string())),
            Subject::Client { id, .. } => (ObjectKind::Client, Some(id.to_string())),
            Subject::Resource { id, .. } => (ObjectKind::Resource, Some(id.to_string())),
            Subject::SigningKey { kid, .. } => (ObjectKind::SigningKey, Some(kid)),
            Subject::Token { id, .. } => (ObjectKind::Token, Some(id)),
            Subject::Member { id } => (ObjectKind::Member, Some(id.to_string())),
            Subject::Invitation { id } => (ObjectKind::Invitation, Some(id.to_string())),
            Subject::ManagementClient { id } => (ObjectKind::ManagementClient, Some(id.to_string())),
        };
        Self { kind, environment, id }
    }
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { position, tenant, sequence, at, actor, source, request_id, action, subject, before, after } = record;
        Self {
            position: position.0,
            chain: ChainName(tenant).to_string(),
            sequence,
            at: at.into(),
            who: actor,
            source,
            request_id,
            action,
            object: subject.into(),
            before,
            after,
        }
    }
}

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

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A JSON object in each line.
    #[default]
    Ndjson,
    /// Comma-separated values (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
}

/// Changes for other programs, as they are read.
pub struct AuditExport {
    /// The media type.
    pub content_type: &'static str,
    /// What to call the file.
    pub file_name: &'static str,
    /// Its bytes. An error breaks it off, so that half of an export does not look like a whole one.
    pub lines: BoxStream<'static, Result<Bytes, std::io::Error>>,
}

/// Which chain to verify.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainToVerify {
    /// A tenant's id, or `operator`; one's own where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 256)]
    pub chain: Option<String>,
}

/// What was found of a chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = VerifiedChain)]
pub struct ChainView {
    /// Whose chain.
    pub chain: String,
    /// Whether every row, from the first to the last, is as it was written.
    pub intact: bool,
    /// How many rows, from the first, are.
    pub intact_rows: u64,
    /// When that was found.
    pub verified_at: Moment,
    /// The first thing that is wrong.
    #[schema(required)]
    pub fault: Option<FaultView>,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChainFault)]
pub struct FaultView {
    /// At which row of the chain.
    pub row: i64,
    /// A word for it.
    pub kind: &'static str,
    /// The same in words.
    pub what: String,
}

/// Changes within reach, latest first.
pub async fn list(desk: &Desk, filter: &AuditListFilter) -> Result<Page<AuditView>, Refusal> {
    desk.require(Permission::ReadAudit)?;
    let wanted = Wanted::<u64>::read(filter.limit, filter.cursor.as_deref())?;
    let asked = read_filter(desk, filter)?;
    let limit = u32::try_from(wanted.size).unwrap_or(u32::MAX).saturating_add(1);
    let found = desk.store().audit(&asked, wanted.after.map(Position), limit).await?;
    Ok(page_cut(found, wanted.size, |record| record.position.0, Into::into))
}

/// All changes within reach that a filter asks for, for other programs.
pub fn export(desk: &Desk, filter: &AuditListFilter, format: ExportFormat) -> Result<AuditExport, Refusal> {
    desk.require(Permission::ReadAudit)?;
    let filter = read_filter(desk, filter)?;
    let running = desk.begin(Trial::Audit)?;
    let (format, content_type, file_name) = match format {
        ExportFormat::Ndjson => (Format::Jsonl, "application/x-ndjson", "audit.ndjson"),
        ExportFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "audit.csv"),
    };
    let begun = Export { store: Arc::clone(&desk.registry.store), filter, format, next: Next::First, _running: running };
    let lines = stream::try_unfold(begun, Export::page);
    Ok(AuditExport { content_type, file_name, lines: lines.boxed() })
}

/// An export on its way.
struct Export {
    store: Arc<SqlStore>,
    filter: AuditFilter,
    format: Format,
    next: Next,
    _running: Running,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    First,
    Before(Position),
    Nothing,
}

impl Export {
    /// The next rows; nothing after the last.
    async fn page(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        let before = match self.next {
            Next::First => None,
            Next::Before(position) => Some(position),
            Next::Nothing => return Ok(None),
        };
        let rows = self.store.audit(&self.filter, before, PAGE).await.map_err(std::io::Error::other)?;
        let mut written = Vec::new();
        let mut lines = Lines::new(self.format, &mut written);
        if before.is_none() {
            lines.begin()?;
        }
        for row in &rows {
            lines.write(row)?;
        }
        lines.flush()?;
        drop(lines);
        let is_full = rows.len() == PAGE as usize;
        self.next = rows.last().filter(|_| is_full).map_or(Next::Nothing, |last| Next::Before(last.position));
        Ok(Some((written.into(), self)))
    }
}

/// Verifies a chain from its first row to its head.
pub async fn verify(desk: &Desk, asked: &ChainToVerify) -> Result<ChainView, Refusal> {
    desk.require(Permission::ReadAudit)?;
    let chain = match &asked.chain {
        Some(named) => read_chain(named)?,
        None => ChainName(desk.only_tenant()),
    };
    match (chain.0, desk.only_tenant()) {
        (Some(tenant), _) => drop(desk.tenant(tenant).await?),
        (None, Some(_)) => return Err(Refusal::NotFound),
        (None, None) => {}
    }
    let _running = desk.begin(Trial::Audit)?;
    let name = chain.to_string();
    let verified = tokio::time::timeout(Duration::from_secs(VERIFY_SECONDS), desk.store().verify_audit_chain(&name, None));
    let report = verified.await.map_err(|_| too_long())??;
    let fault = report.fault.map(|fault| FaultView { row: fault.sequence, kind: fault.kind.as_str(), what: fault.to_string() });
    let verified_at = desk.registry.clock.now().into();
    Ok(ChainView { chain: report.chain, intact: fault.is_none(), intact_rows: report.intact, verified_at, fault })
}

fn too_long() -> Refusal {
    let why = format!("verifying this chain takes longer than {VERIFY_SECONDS} s: run `mintmark audit verify` on the machine");
    Refusal::Registry(RegistryError::NotAllowed(why))
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
        let is_plain = id.is_none();
        let expected = || Refusal::Invalid { field: "object_kind", expected: "the kind of the object of this id".to_owned() };
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
