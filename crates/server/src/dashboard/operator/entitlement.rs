//! The form of what a tenant may give its clients.

use std::collections::BTreeMap;

use axum::extract::Path;
use mintmark_core::management::Permission;
use mintmark_core::model::{DialectName, Entitlement, EnvironmentName, ResourceUri, ScopeToken, SensitiveAction, TenantId};
use mintmark_core::store::EnvironmentRecord;

use super::tenants::{id_of, page_of};
use crate::admin::Refusal;
use crate::admin::operations::Patch;
use crate::admin::operations::clients::{GrantBody, GrantView};
use crate::admin::operations::entitlements::{self, ClientBeyondView, EntitlementPatch, EntitlementView};
use crate::admin::operations::environments::PageFilter;
use crate::dashboard::components::{Code, ResourceChoice, Scopes, Ticked, When};
use crate::dashboard::mistake::{self, Mistake};
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::{BeyondRow, CheckRow, EntitlementForm};
use crate::dashboard::{problem, words};

/// What somebody typed into the form, and what is wrong with it.
pub(super) struct Typed {
    scopes: Vec<String>,
    dialects: Vec<String>,
    lifetime: String,
    mistake: Mistake,
}

/// The form in one environment.
pub(super) async fn form(
    seat: &Seat,
    tenant: TenantId,
    environment: &str,
    typed: Option<Typed>,
) -> Result<EntitlementForm, Stop> {
    let record = seat.environment(environment)?;
    let name = &record.environment.name;
    let of = (name, tenant);
    let view = entitlements::read(&seat.desk, of).await.map_err(|refusal| seat.stop(refusal))?;
    let beyond = entitlements::list_beyond(&seat.desk, of, &PageFilter::default()).await;
    let beyond = beyond.map_err(|refusal| seat.stop(refusal))?;
    let chosen = chosen(&view, typed.as_ref());
    let lifetime = view.lifetime_max.map(|seconds| seconds.to_string()).unwrap_or_default();
    let mistake = typed.as_ref().map(|typed| &typed.mistake);
    Ok(EntitlementForm {
        environment: name.to_string(),
        action: format!("/tenants/{tenant}/{name}"),
        version: view.version,
        changed: view.changed_at.map(|at| When::relative(Some(at.0), seat.app.now())),
        scopes: Scopes::new(resources(record, &chosen)),
        dialects: dialects(seat, &view, typed.as_ref()),
        lifetime_error: mistake::at(mistake, &["lifetime_max"]).map(str::to_owned),
        error: mistake.filter(|mistake| mistake.field != "lifetime_max").map(|mistake| mistake.text.clone()),
        lifetime: typed.map_or(lifetime, |typed| typed.lifetime),
        has_more_beyond: beyond.next.is_some(),
        beyond: beyond.items.into_iter().map(|client| beyond_row(name, client)).collect(),
        api: api(&view),
    })
}

/// Each resource and scope that is chosen, as the form has them.
fn chosen(view: &EntitlementView, typed: Option<&Typed>) -> Vec<String> {
    if let Some(typed) = typed {
        return typed.scopes.clone();
    }
    let of_grant = |grant: &GrantView| {
        let uri = grant.resource.as_ref().map(ToString::to_string).unwrap_or_default();
        grant.scopes.iter().map(|scope| format!("{uri} {scope}")).collect::<Vec<_>>()
    };
    view.grants.iter().flat_map(of_grant).collect()
}

fn resources(record: &EnvironmentRecord, chosen: &[String]) -> Vec<ResourceChoice> {
    let ticked = Ticked::of(chosen);
    let with_scopes = record.resources.iter().filter(|resource| !resource.scopes.is_empty());
    with_scopes.map(|resource| ResourceChoice::of(resource, &ticked, |_| true)).collect()
}

/// The dialects that there are, and those that are named though they are gone.
fn dialects(seat: &Seat, view: &EntitlementView, typed: Option<&Typed>) -> Vec<CheckRow> {
    let loaded = seat.desk.node.dialects.load();
    let is_chosen = |name: &str| match typed {
        Some(typed) => typed.dialects.iter().any(|chosen| chosen == name),
        None => view.dialects.iter().any(|chosen| chosen.as_str() == name),
    };
    let known = loaded.iter().map(|dialect| {
        let name = dialect.name.to_string();
        let fixed = name == Entitlement::STANDARD;
        let means = if fixed {
            words::tenants::STANDARD.to_owned()
        } else {
            format!("{} {}", dialect.route.method, dialect.route.path)
        };
        CheckRow { checked: fixed || is_chosen(&name), means, fixed, value: name }
    });
    let gone = view.dialects.iter().filter(|name| loaded.get(name.as_str()).is_none()).map(|name| CheckRow {
        value: name.to_string(),
        means: words::tenants::GONE.to_owned(),
        checked: is_chosen(name.as_str()),
        fixed: false,
    });
    known.chain(gone).collect()
}

fn beyond_row(environment: &EnvironmentName, client: ClientBeyondView) -> BeyondRow {
    let scopes = client.grants.iter().flat_map(|grant| grant.scopes.iter().map(ToString::to_string));
    let dialects = client.dialects.iter().map(ToString::to_string);
    let longer = client.lifetime.then(|| words::tenants::LONGER.to_owned());
    BeyondRow {
        what: scopes.chain(dialects).chain(longer).collect(),
        href: format!("/{environment}/clients/{}", super::encoded(client.id.as_str())),
        id: client.id.to_string(),
        name: client.name,
    }
}

/// The same as a request of the API.
fn api(view: &EntitlementView) -> Code {
    let grants: Vec<_> =
        view.grants.iter().map(|grant| serde_json::json!({ "resource": grant.resource, "scopes": grant.scopes })).collect();
    let body = serde_json::json!({ "grants": grants, "dialects": view.dialects, "lifetime_max": view.lifetime_max });
    let body = serde_json::to_string_pretty(&body).unwrap_or_default();
    let (environment, tenant, version) = (&view.environment, view.tenant_id, view.version);
    let text = format!(
        "PATCH /admin/v1/environments/{environment}/tenants/{tenant}/entitlement\nIf-Match: \"{version}\"\n\
         Content-Type: application/json\n\n{body}"
    );
    Code { id: "entitlement-api", label: words::operator::API.to_owned(), text }
}

/// `POST /tenants/{tenant}/{environment}`.
pub(super) async fn save(seat: Seat, Path((tenant, environment)): Path<(String, String)>) -> Answer {
    let id = id_of(&seat, &tenant)?;
    let name = seat.environment(&environment)?.environment.name.clone();
    let lifetime = seat.fields.one("lifetime_max").unwrap_or_default().trim().to_owned();
    let refusal = match patch(&seat, &lifetime) {
        Ok(patch) => {
            // A form without a version is none of ours.
            let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
            let seen = seen.ok_or_else(|| seat.stop(Refusal::Changed))?;
            let held = entitlements::read(&seat.desk, (&name, id)).await.map_err(|refusal| seat.stop(refusal))?;
            if seat.may(Permission::EditOperator) && patch.widens(&held) {
                seat.require_step_up(SensitiveAction::Access)?;
            }
            match entitlements::edit(&seat.desk, (&name, id), patch, Some(seen)).await {
                Ok(_) => return Ok(go(&format!("/tenants/{id}/{name}"), Some("entitlement-saved"))),
                Err(refusal) => refusal,
            }
        }
        Err(refusal) => refusal,
    };
    let was_changed = matches!(refusal, Refusal::Changed);
    let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
    let of = |field: &str| seat.fields.many(field).map(str::to_owned).collect();
    let typed = Typed { scopes: of("scope"), dialects: of("dialect"), lifetime, mistake };
    let mut page = page_of(&seat, id, name.as_str(), Some(typed)).await?;
    if was_changed {
        // What is shown is what is stored, so that nobody overwrites by a second press what they have not seen.
        let error = page.entitlement.take().and_then(|form| form.error);
        let form = form(&seat, id, name.as_str(), None).await?;
        page.entitlement = Some(EntitlementForm { error, ..form });
    }
    Ok(problem::again(&page))
}

/// What the form asks for.
fn patch(seat: &Seat, lifetime: &str) -> Result<EntitlementPatch, Refusal> {
    let unknown = |field: &'static str| move || Refusal::Invalid { field, expected: "what the form offers".to_owned() };
    let mut grants: BTreeMap<ResourceUri, Vec<ScopeToken>> = BTreeMap::new();
    for chosen in seat.fields.many("scope") {
        let pair = chosen.split_once(' ').and_then(|(uri, scope)| Some((uri.parse().ok()?, scope.parse().ok()?)));
        let (uri, scope) = pair.ok_or_else(unknown("grants"))?;
        grants.entry(uri).or_default().push(scope);
    }
    let dialects: Result<Vec<DialectName>, Refusal> =
        seat.fields.many("dialect").map(|name| name.parse().map_err(|_| unknown("dialects")())).collect();
    let wrong = |_| Refusal::Invalid { field: "lifetime_max", expected: "a whole number from 1 to 86400".to_owned() };
    let lifetime = if lifetime.is_empty() { Patch::Remove } else { Patch::Set(lifetime.parse().map_err(wrong)?) };
    let body = |(uri, scopes)| GrantBody { resource: Some(uri), scopes };
    Ok(EntitlementPatch {
        grants: Scopes::were_shown(&seat.fields).then(|| grants.into_iter().map(body).collect()),
        dialects: Some(dialects?),
        lifetime_max: Some(lifetime),
    })
}
