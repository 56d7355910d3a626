//! What bills are written from.

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, TenantId};
use mintmark_core::usage::{CLOSED_AFTER, MeteredQuery, UsageStep};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::audit::{EXPORT_TIME, ExportFormat, held};
use super::usage::tenant;
use crate::admin::trials::Trial;
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::audit_lines::Format;
use crate::metered_lines::{MeteredExport, NotExported};

/// How much time one row is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BilledStep {
    /// An hour; kept for 90 days.
    Hour,
    /// A day of UTC; kept for two years.
    #[default]
    Day,
}

/// What to export.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MeteredFilter {
    /// From the beginning of the step that this moment is in; the last day that is closed, where nobody says.
    pub from: Option<Moment>,
    /// To this moment: the step that it is in is exported if it is not its first second.
    pub to: Option<Moment>,
    /// How much time one row is about.
    #[param(value_type = Option<BilledStep>)]
    pub step: BilledStep,
    /// Of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// The form.
    #[param(value_type = Option<ExportFormat>)]
    pub format: ExportFormat,
    /// Whether steps that are not closed are exported too, of which counts may still grow.
    pub open: bool,
}

/// What was metered, as it is read.
pub struct MeteredFile {
    /// The media type.
    pub content_type: &'static str,
    /// What to call the file.
    pub file_name: &'static str,
    /// Its bytes. An error breaks it off, so that half of an export does not look like a whole one.
    pub lines: BoxStream<'static, Result<Bytes, std::io::Error>>,
}

/// Tokens, and what quotas refused, within reach, by tenant, client, business and dialect.
pub async fn export(desk: &Desk, environment: &EnvironmentName, filter: &MeteredFilter) -> Result<MeteredFile, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let step = match filter.step {
        BilledStep::Hour => UsageStep::Hour,
        BilledStep::Day => UsageStep::Day,
    };
    let (format, content_type, file_name) = match filter.format {
        ExportFormat::Ndjson => (Format::Jsonl, "application/x-ndjson", "usage.ndjson"),
        ExportFormat::Csv => (Format::Csv, "text/csv; charset=utf-8", "usage.csv"),
    };
    let now = desk.registry.clock.now();
    let last_closed = UsageStep::Day.start(UsageStep::Day.period(Timestamp(now.0.saturating_sub(CLOSED_AFTER))));
    let to = filter.to.map_or(last_closed, |to| to.0);
    let from = filter.from.map_or(Timestamp(to.0.saturating_sub(UsageStep::Day.seconds())), |from| from.0);
    let query = MeteredQuery { environment: environment.clone(), tenant: tenant(desk, filter.tenant_id), step };
    let begun = MeteredExport::new((&desk.registry.store, now), query, (from, to), (format, filter.open));
    let begun = begun.map_err(|error| match &error {
        NotExported::Range(expected) => Refusal::Invalid { field: "from", expected: expected.clone() },
        NotExported::Open(_) => Refusal::Invalid { field: "to", expected: error.to_string() },
    })?;
    let running = desk.begin(Trial::Export)?;
    let parts =
        stream::try_unfold(begun, |mut export| async move { Ok(export.next().await?.map(|part| (Bytes::from(part), export))) });
    Ok(MeteredFile { content_type, file_name, lines: held(parts, running, EXPORT_TIME) })
}
