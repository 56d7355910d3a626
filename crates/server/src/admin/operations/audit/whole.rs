//! The log as a whole: its export, and whether a chain of it is as it was written.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use mintmark_core::audit::ChainName;
use mintmark_core::management::Permission;
use mintmark_core::model::Position;
use mintmark_core::registry::RegistryError;
use mintmark_core::store::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::patch::present;
use super::held::held;
use super::{AuditListFilter, read_chain, read_filter};
use crate::admin::trials::Trial;
use crate::admin::{Desk, Moment, Refusal};
use crate::audit_lines::{Format, Lines, PAGE};
use crate::store::SqlStore;

/// How long a chain is verified for whoever asks by the network, in seconds; on the machine there is no limit.
const VERIFY_SECONDS: u64 = 30;
/// How long an export takes at most for whoever asks by the network, however slowly it is taken.
pub(in crate::admin::operations) const EXPORT_TIME: Duration = Duration::from_mins(10);
/// How many rows one statement of an export looks through.
const LOOKED_AT: u32 = 20_000;

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

/// All changes within reach that a filter asks for, for other programs.
pub fn export(desk: &Desk, filter: &AuditListFilter, format: ExportFormat) -> Result<AuditExport, Refusal> {
    desk.require(Permission::ReadAudit)?;
    let filter = read_filter(desk, filter)?;
    let running = desk.begin(Trial::Audit)?;
    let (format, content_type, file_name) = match format {
        ExportFormat::Ndjson => (Format::Jsonl, "application/x-ndjson", "audit.ndjson"),
        ExportFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "audit.csv"),
    };
    let begun = Export { store: Arc::clone(&desk.registry.store), filter, format, next: Next::First };
    let lines = held(stream::try_unfold(begun, Export::page), running, EXPORT_TIME);
    Ok(AuditExport { content_type, file_name, lines })
}

/// An export on its way.
struct Export {
    store: Arc<SqlStore>,
    filter: AuditFilter,
    format: Format,
    next: Next,
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
        let mut written = Vec::new();
        // Where a filter leaves nothing of what was looked at, it goes on: there is nothing to send.
        while written.is_empty() {
            let before = match self.next {
                Next::First => None,
                Next::Before(position) => Some(position),
                Next::Nothing => return Ok(None),
            };
            let found = self.store.audit_among(&self.filter, before, (PAGE, LOOKED_AT)).await;
            let (rows, reached) = found.map_err(std::io::Error::other)?;
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
            let last = rows.last().filter(|_| is_full).map(|last| last.position);
            self.next = last.or(reached).map_or(Next::Nothing, Next::Before);
        }
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
