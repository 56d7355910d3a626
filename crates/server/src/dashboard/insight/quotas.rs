//! How many tokens a tenant or a client may be given, how many were, and the form that says so.

use axum::extract::Path;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName, QuotaKind, QuotaMode, TenantId};
use mintmark_core::usage::UsageStep;

use super::names;
use crate::admin::Refusal;
use crate::admin::operations::Patch;
use crate::admin::operations::quotas::{self, Of, QuotaPatch, QuotaView};
use crate::dashboard::components::When;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::insight::{QuotaCard, QuotaLine, QuotaPage};
use crate::dashboard::{problem, words};

/// The fields of the form, by window.
const FIELDS: [&str; 3] = ["per_minute", "per_hour", "per_day"];

/// The quota that an address names. One of no form names nothing (rule S4).
async fn find<'a>(seat: &Seat, environment: &'a EnvironmentName, kind: &str, id: &str) -> Result<Of<'a>, Refusal> {
    match QuotaKind::from_word(kind) {
        Some(QuotaKind::Tenant) => {
            let tenant: TenantId = id.parse().map_err(|_| Refusal::NotFound)?;
            quotas::of_tenant(&seat.desk, environment, tenant).await
        }
        Some(QuotaKind::Client) => {
            let client: ClientId = id.parse().map_err(|_| Refusal::NotFound)?;
            quotas::of_client(&seat.desk, environment, &client).await
        }
        Some(QuotaKind::Business) | None => Err(Refusal::NotFound),
    }
}

/// What the usage page says of the quota of a client, or of one's own tenant.
pub(super) async fn card(
    seat: &Seat,
    environment: &EnvironmentName,
    client: Option<&ClientId>,
) -> Result<Option<QuotaCard>, Refusal> {
    let of = match (client, seat.signed_in.member.tenant_id) {
        (Some(client), _) => quotas::of_client(&seat.desk, environment, client).await,
        (None, Some(tenant)) => quotas::of_tenant(&seat.desk, environment, tenant).await,
        (None, None) => return Ok(None),
    };
    let of = match of {
        // The page says of a client that is none what it says of one that asked for nothing.
        Err(Refusal::NotFound) => return Ok(None),
        of => of?,
    };
    let view = quotas::read(&seat.desk, of).await?;
    let is_shown = view.version > 0 || seat.may(Permission::EditOperator);
    let title = if view.kind == QuotaKind::Tenant { words::quotas::OF_TENANT } else { words::quotas::OF_CLIENT };
    Ok(is_shown.then(|| QuotaCard { title, lines: lines(&view), observes: observes(&view), href: href(&view) }))
}

fn href(view: &QuotaView) -> String {
    let id = percent_encoding::utf8_percent_encode(&view.id, percent_encoding::NON_ALPHANUMERIC);
    format!("/{}/quotas/{}/{id}", view.environment, view.kind.as_str())
}

fn observes(view: &QuotaView) -> bool {
    view.version > 0 && view.mode == QuotaMode::Observe
}

fn lines(view: &QuotaView) -> Vec<QuotaLine> {
    let line = |(step, limit): (UsageStep, u32)| QuotaLine {
        window: match step {
            UsageStep::Minute => words::quotas::MINUTE,
            UsageStep::Hour => words::quotas::HOUR,
            UsageStep::Day => words::quotas::DAY,
        },
        used: view.used.of(step).unwrap_or(0),
        limit: limit.into(),
    };
    view.limits().each().map(line).collect()
}

/// `GET /{environment}/quotas/{kind}/{id}`.
pub(super) async fn show(seat: Seat, Path((name, kind, id)): Path<(String, String, String)>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let page = page(&seat, &environment, (&kind, &id), None).await?;
    Ok(problem::page(&page))
}

/// What somebody typed, and what is wrong with it.
struct Typed {
    limits: [String; 3],
    mode: QuotaMode,
    headers: bool,
    mistake: Mistake,
}

async fn page(
    seat: &Seat,
    environment: &EnvironmentName,
    (kind, id): (&str, &str),
    typed: Option<Typed>,
) -> Result<QuotaPage, Stop> {
    let of = find(seat, environment, kind, id).await.map_err(|refusal| seat.stop(refusal))?;
    let view = quotas::read(&seat.desk, of).await.map_err(|refusal| seat.stop(refusal))?;
    let name = name_of(seat, environment, &view).await.map_err(|refusal| seat.stop(refusal))?;
    let limits = view.limits();
    let stored = UsageStep::ALL.map(|step| limits.of(step).map(|limit| limit.to_string()).unwrap_or_default());
    let (typed_limits, mode, headers, error) = match typed {
        Some(Typed { limits, mode, headers, mistake }) => (limits, mode, headers, Some(mistake.text)),
        None => (stored, view.mode, view.headers, None),
    };
    let title = if view.kind == QuotaKind::Tenant { words::quotas::OF_TENANT } else { words::quotas::OF_CLIENT };
    Ok(QuotaPage {
        frame: seat.frame_in(environment, title, Section::Usage),
        title,
        name,
        id: view.id.clone(),
        action: href(&view),
        version: view.version,
        changed: view.changed_at.map(|at| When::relative(Some(at.0), seat.app.now())),
        lines: lines(&view),
        observes: observes(&view),
        limits: typed_limits,
        mode: mode.as_str(),
        headers,
        error,
        may_edit: seat.may(Permission::EditOperator),
    })
}

async fn name_of(seat: &Seat, environment: &EnvironmentName, view: &QuotaView) -> Result<String, Refusal> {
    let name = match view.kind {
        QuotaKind::Tenant => names::of_tenant(seat, view.tenant_id).await?,
        QuotaKind::Client | QuotaKind::Business => match view.id.parse::<ClientId>() {
            Ok(id) => names::of_clients(seat, environment, vec![id.clone()]).await?.get(&id).cloned(),
            Err(_) => None,
        },
    };
    Ok(name.unwrap_or_else(|| view.id.clone()))
}

/// `POST /{environment}/quotas/{kind}/{id}`.
pub(super) async fn save(seat: Seat, Path((name, kind, id)): Path<(String, String, String)>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let field = |name: &str| seat.fields.one(name).unwrap_or_default().trim().to_owned();
    let limits = FIELDS.map(field);
    let mode = QuotaMode::from_word(&field("mode")).unwrap_or_default();
    let headers = seat.fields.one("headers").is_some();
    // A form without a version is none of ours.
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
    let seen: u64 = seen.ok_or_else(|| seat.stop(Refusal::Changed))?;
    let of = find(&seat, &environment, &kind, &id).await.map_err(|refusal| seat.stop(refusal))?;
    let refusal = match patch(&limits, mode, headers) {
        Ok(patch) => match quotas::edit(&seat.desk, of, patch, Some(seen)).await {
            Ok(view) => {
                let done = if view.version == 0 { "quota-removed" } else { "quota-saved" };
                return Ok(go(&href(&view), Some(done)));
            }
            Err(refusal) => refusal,
        },
        Err(refusal) => refusal,
    };
    let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
    // What is shown after somebody else's change is what is stored, so that nobody overwrites what they have not seen.
    let was_changed = mistake.is_change();
    let error = mistake.text.clone();
    let typed = (!was_changed).then_some(Typed { limits, mode, headers, mistake });
    let page = page(&seat, &environment, (&kind, &id), typed).await?;
    Ok(problem::again(&QuotaPage { error: Some(error), ..page }))
}

/// All that the form says.
fn patch(limits: &[String; 3], mode: QuotaMode, headers: bool) -> Result<QuotaPatch, Refusal> {
    let read = |text: &String| {
        let expected = || Refusal::Invalid { field: "limits", expected: words::quotas::EXPECTED.to_owned() };
        if text.is_empty() { Ok(Patch::Remove) } else { text.parse().map(Patch::Set).map_err(|_| expected()) }
    };
    let [minute, hour, day] = limits;
    Ok(QuotaPatch {
        per_minute: Some(read(minute)?),
        per_hour: Some(read(hour)?),
        per_day: Some(read(day)?),
        mode: Some(mode),
        headers: Some(headers),
    })
}
