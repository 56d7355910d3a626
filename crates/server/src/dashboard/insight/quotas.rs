//! How many tokens a tenant, a client or a business may be given, how many were, and the form that says so.

use axum::extract::Path;
use mintmark_core::management::Permission;
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, QuotaKind, QuotaMode, TenantId};
use mintmark_core::usage::UsageStep;

use super::names;
use crate::admin::Refusal;
use crate::admin::operations::quotas::{self, Of, QuotaPatch, QuotaView};
use crate::admin::operations::{Patch, businesses};
use crate::dashboard::components::When;
use crate::dashboard::frame::Frame;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::insight::{QuotaCard, QuotaLine, QuotaPage};
use crate::dashboard::{problem, words};

/// The fields of the form, by window.
const FIELDS: [&str; 3] = ["per_minute", "per_hour", "per_day"];

/// Whose quota an address names.
enum Whose {
    Tenant(TenantId),
    Client(ClientId),
    /// Of a tenant, since businesses are looked up by theirs.
    Business(TenantId, BusinessId),
}

impl Whose {
    /// What an address of two words names. One of no form names nothing (rule S4).
    fn of(kind: &str, id: &str) -> Result<Self, Refusal> {
        let named = match QuotaKind::from_word(kind) {
            Some(QuotaKind::Tenant) => id.parse().ok().map(Self::Tenant),
            Some(QuotaKind::Client) => id.parse().ok().map(Self::Client),
            Some(QuotaKind::Business) | None => None,
        };
        named.ok_or(Refusal::NotFound)
    }

    /// The business of an address.
    fn business(tenant: &str, id: &str) -> Result<Self, Refusal> {
        let (tenant, id) = (tenant.parse().ok(), id.parse().ok());
        tenant.zip(id).map(|(tenant, id)| Self::Business(tenant, id)).ok_or(Refusal::NotFound)
    }

    /// The quota, within reach and there.
    async fn find<'a>(&self, seat: &Seat, environment: &'a EnvironmentName) -> Result<Of<'a>, Refusal> {
        match self {
            Self::Tenant(id) => quotas::of_tenant(&seat.desk, environment, *id).await,
            Self::Client(id) => quotas::of_client(&seat.desk, environment, id).await,
            Self::Business(tenant, id) => quotas::of_business(&seat.desk, environment, (*tenant, *id)).await,
        }
    }
}

fn title(kind: QuotaKind) -> &'static str {
    match kind {
        QuotaKind::Tenant => words::quotas::OF_TENANT,
        QuotaKind::Client => words::quotas::OF_CLIENT,
        QuotaKind::Business => words::quotas::OF_BUSINESS,
    }
}

/// What the usage page says of the quota of a client, or of one's own tenant.
pub(super) async fn card(
    seat: &Seat,
    environment: &EnvironmentName,
    client: Option<&ClientId>,
) -> Result<Option<QuotaCard>, Refusal> {
    let whose = match (client, seat.signed_in.member.tenant_id) {
        (Some(client), _) => Whose::Client(client.clone()),
        (None, Some(tenant)) => Whose::Tenant(tenant),
        (None, None) => return Ok(None),
    };
    match card_of(seat, environment, &whose).await {
        // The page says of a client that is none what it says of one that asked for nothing.
        Err(Refusal::NotFound) => Ok(None),
        card => card,
    }
}

/// What the page of a business says of its quota.
pub(in crate::dashboard) async fn card_of_business(
    seat: &Seat,
    environment: &EnvironmentName,
    (tenant, id): (TenantId, BusinessId),
) -> Result<Option<QuotaCard>, Refusal> {
    card_of(seat, environment, &Whose::Business(tenant, id)).await
}

/// Of no quota it is said to those who may set one.
async fn card_of(seat: &Seat, environment: &EnvironmentName, whose: &Whose) -> Result<Option<QuotaCard>, Refusal> {
    let view = quotas::read(&seat.desk, whose.find(seat, environment).await?).await?;
    let is_shown = view.version > 0 || seat.may(Permission::EditOperator);
    let card = || QuotaCard { title: title(view.kind), lines: lines(&view), observes: observes(&view), href: href(&view) };
    Ok(is_shown.then(card))
}

fn href(view: &QuotaView) -> String {
    let QuotaView { environment, kind, .. } = view;
    match kind {
        QuotaKind::Business => format!("{}/quota", business_href(view)),
        QuotaKind::Tenant | QuotaKind::Client => {
            let id = percent_encoding::utf8_percent_encode(&view.id, percent_encoding::NON_ALPHANUMERIC);
            format!("/{environment}/quotas/{}/{id}", kind.as_str())
        }
    }
}

/// The page of the business whose quota it is.
fn business_href(view: &QuotaView) -> String {
    format!("/{}/businesses/{}/{}", view.environment, view.tenant_id, view.id)
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
    show_of(&seat, &name, Whose::of(&kind, &id)).await
}

/// `GET /{environment}/businesses/{tenant}/{business}/quota`.
pub(super) async fn show_of_business(seat: Seat, Path((name, tenant, id)): Path<(String, String, String)>) -> Answer {
    show_of(&seat, &name, Whose::business(&tenant, &id)).await
}

async fn show_of(seat: &Seat, name: &str, whose: Result<Whose, Refusal>) -> Answer {
    let environment = seat.environment(name)?.environment.name.clone();
    let whose = whose.map_err(|refusal| seat.stop(refusal))?;
    let page = page(seat, &environment, &whose, None).await?;
    Ok(problem::page(&page))
}

/// What somebody typed, and what is wrong with it.
struct Typed {
    limits: [String; 3],
    mode: QuotaMode,
    headers: bool,
    mistake: Mistake,
}

async fn page(seat: &Seat, environment: &EnvironmentName, whose: &Whose, typed: Option<Typed>) -> Result<QuotaPage, Stop> {
    let of = whose.find(seat, environment).await.map_err(|refusal| seat.stop(refusal))?;
    let view = quotas::read(&seat.desk, of).await.map_err(|refusal| seat.stop(refusal))?;
    let name = name_of(seat, environment, whose).await.map_err(|refusal| seat.stop(refusal))?;
    let name = name.unwrap_or_else(|| view.id.clone());
    let limits = view.limits();
    let stored = UsageStep::ALL.map(|step| limits.of(step).map(|limit| limit.to_string()).unwrap_or_default());
    let (typed_limits, mode, headers, error) = match typed {
        Some(Typed { limits, mode, headers, mistake }) => (limits, mode, headers, Some(mistake.text)),
        None => (stored, view.mode, view.headers, None),
    };
    let title = title(view.kind);
    Ok(QuotaPage {
        frame: frame(seat, environment, &view, &name),
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

/// The page of a business's quota is below that of the business.
fn frame(seat: &Seat, environment: &EnvironmentName, view: &QuotaView, name: &str) -> Frame {
    if view.kind != QuotaKind::Business {
        return seat.frame_in(environment, title(view.kind), Section::Usage);
    }
    let mut frame = seat.frame_in(environment, title(view.kind), Section::Businesses);
    let list = format!("/{environment}/businesses?tenant={}", view.tenant_id);
    frame.breadcrumbs = crumbs([(words::businesses::TITLE.to_owned(), list), (name.to_owned(), business_href(view))]);
    frame
}

async fn name_of(seat: &Seat, environment: &EnvironmentName, whose: &Whose) -> Result<Option<String>, Refusal> {
    match whose {
        Whose::Tenant(id) => names::of_tenant(seat, *id).await,
        Whose::Client(id) => Ok(names::of_clients(seat, environment, vec![id.clone()]).await?.remove(id)),
        Whose::Business(tenant, id) => {
            let business = businesses::read(&seat.desk, (environment, *tenant), *id).await?;
            Ok(Some(business.name))
        }
    }
}

/// `POST /{environment}/quotas/{kind}/{id}`.
pub(super) async fn save(seat: Seat, Path((name, kind, id)): Path<(String, String, String)>) -> Answer {
    save_of(&seat, &name, Whose::of(&kind, &id)).await
}

/// `POST /{environment}/businesses/{tenant}/{business}/quota`.
pub(super) async fn save_of_business(seat: Seat, Path((name, tenant, id)): Path<(String, String, String)>) -> Answer {
    save_of(&seat, &name, Whose::business(&tenant, &id)).await
}

async fn save_of(seat: &Seat, name: &str, whose: Result<Whose, Refusal>) -> Answer {
    let environment = seat.environment(name)?.environment.name.clone();
    let whose = whose.map_err(|refusal| seat.stop(refusal))?;
    let field = |name: &str| seat.fields.one(name).unwrap_or_default().trim().to_owned();
    let limits = FIELDS.map(field);
    let mode = QuotaMode::from_word(&field("mode")).unwrap_or_default();
    let headers = seat.fields.one("headers").is_some();
    // A form without a version is none of ours.
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
    let seen: u64 = seen.ok_or_else(|| seat.stop(Refusal::Changed))?;
    let of = whose.find(seat, &environment).await.map_err(|refusal| seat.stop(refusal))?;
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
    let page = page(seat, &environment, &whose, typed).await?;
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
