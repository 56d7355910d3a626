//! What can be changed of a client, and how it is turned off.

use std::collections::HashSet;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{ResourceUri, SensitiveAction, Status as Stored, TokenBinding};
use mintmark_core::store::EnvironmentRecord;

use super::credentials::{Asked, seen};
use super::{answers, new, one, show};
use crate::admin::Refusal;
use crate::admin::operations::clients::{self, All, Businesses, ClientPatch, ClientView};
use crate::admin::operations::entitlements::EntitlementView;
use crate::dashboard::components::{ResourceChoice, Scopes, Ticked};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::{ClientSettingsPage, ClientTab};
use crate::dashboard::{problem, words};

type Names = Path<(String, String)>;

const BINDINGS: [TokenBinding; 4] =
    [TokenBinding::Optional, TokenBinding::Dpop, TokenBinding::Certificate, TokenBinding::Either];

/// `GET /{environment}/clients/{client}/settings`.
pub(super) async fn form(seat: Seat, Path((name, id)): Names, Query(asked): Query<Asked>) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    page(&seat, &client, (asked.dialog, None)).await
}

async fn page(seat: &Seat, client: &ClientView, (dialog, mistake): (String, Option<Mistake>)) -> Answer {
    let record = seat.environment(client.environment.as_str())?;
    // What was typed comes back, but over a change of somebody else, which is to be seen.
    let again = mistake.as_ref().is_some_and(|mistake| !mistake.is_change()) && seat.fields.one("name").is_some();
    let typed = |name: &str, is: String| if again { seat.fields.one(name).unwrap_or_default().to_owned() } else { is };
    let bound = new::bound_by(seat, &client.environment).await?;
    let issued = show::lately_issued(seat, client).await.map_err(|error| seat.stop(error))?;
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ClientSettingsPage {
        frame: one::frame(seat, client, &client.name),
        head: one::head(seat, client, ClientTab::Settings),
        version: if again { seen(seat).unwrap_or(client.version) } else { client.version },
        name: typed("name", client.name.clone()),
        scopes: Scopes::new(resources(seat, client, (bound.as_ref(), again))?),
        businesses: typed("business", businesses_of(client)),
        dialects: dialects(seat, client, (bound.as_ref(), again)),
        lifetime: typed("lifetime_max", client.lifetime_max.map(|seconds| seconds.to_string()).unwrap_or_default()),
        binding: typed("token_binding", client.token_binding.as_str().to_owned()),
        bindings: BINDINGS.map(|one| (one.as_str().to_owned(), words::settings::binding(one.as_str()).to_owned())).into(),
        is_active: client.status == Stored::Active,
        may_edit: seat.may(Permission::EditClients),
        may_enable: seat.may(Permission::EditOperator),
        effect: words::client::effect(issued, show::token_minutes(seat, record, client)),
        dialog,
        mistake,
    };
    Ok((status, problem::page(&page)).into_response())
}

fn businesses_of(client: &ClientView) -> String {
    match &client.businesses {
        Businesses::All(_) => String::new(),
        Businesses::Only(ids) => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

/// The scopes that it has, and those that who looks may give it.
fn resources(
    seat: &Seat,
    client: &ClientView,
    (bound, again): (Option<&EntitlementView>, bool),
) -> Result<Vec<ResourceChoice>, Stop> {
    let record = seat.environment(client.environment.as_str())?;
    let held = client.grants.iter().filter_map(|grant| Some((grant.resource.as_ref()?, &grant.scopes)));
    let held: Vec<String> = held.flat_map(|(uri, scopes)| scopes.iter().map(move |scope| format!("{uri} {scope}"))).collect();
    let chosen: Vec<String> = if again { seat.fields.many("scope").map(str::to_owned).collect() } else { held.clone() };
    let ticked = Ticked::of(&chosen);
    let mut all = new::offered_resources(record, bound, &chosen);
    for grant in &client.grants {
        let Some(uri) = grant.resource.as_ref().map(ResourceUri::as_str) else { continue };
        let offered = all.iter_mut().find(|resource| resource.uri == uri);
        let known: HashSet<String> =
            offered.iter().flat_map(|resource| &resource.scopes).map(|(name, ..)| name.clone()).collect();
        let held = grant.scopes.iter().map(ToString::to_string).filter(|scope| !known.contains(scope));
        let held = held.map(|scope| (scope.clone(), String::new(), ticked.has(uri, &scope)));
        match offered {
            Some(resource) => resource.scopes.extend(held),
            None => all.push(ResourceChoice { name: name_of(record, uri), uri: uri.to_owned(), scopes: held.collect() }),
        }
    }
    all.retain(|resource| !resource.scopes.is_empty());
    Ok(all)
}

fn name_of(record: &EnvironmentRecord, uri: &str) -> String {
    let known = record.resources.iter().find(|resource| resource.uri.as_str() == uri);
    known.map_or_else(|| uri.to_owned(), |resource| resource.name.clone())
}

/// The wire formats that it has, and those that who looks may give it.
fn dialects(seat: &Seat, client: &ClientView, (bound, again): (Option<&EntitlementView>, bool)) -> Vec<(String, bool)> {
    let held: Vec<String> = client.dialects.iter().map(ToString::to_string).collect();
    let chosen = if again { seat.fields.many("dialect").map(str::to_owned).collect() } else { held.clone() };
    let mut all = new::offered_dialects(seat, bound, &chosen);
    for name in held {
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name.clone(), chosen.contains(&name)));
        }
    }
    all
}

/// `POST /{environment}/clients/{client}/settings`.
pub(super) async fn save(seat: Seat, Path((name, id)): Names) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    let patch = match typed(&seat, &client) {
        Ok(patch) => patch,
        Err(mistake) => return page(&seat, &client, (String::new(), Some(mistake))).await,
    };
    let of = (&client.environment, &client.id);
    match clients::widens(&seat.desk, of, &patch).await {
        Ok(true) => seat.require_step_up(SensitiveAction::Credentials)?,
        Ok(false) => {}
        Err(refusal) => return again(&seat, (&name, &id), refusal).await,
    }
    match clients::edit(&seat.desk, of, patch, seen(&seat)).await {
        Ok(client) => Ok(go(&format!("{}/settings", one::href(&client)), Some("client-saved"))),
        Err(refusal) => again(&seat, (&name, &id), refusal).await,
    }
}

/// What of the form differs from the client: what stays is not asked for, since it may be more than who asks could give.
fn typed(seat: &Seat, client: &ClientView) -> Result<ClientPatch, Mistake> {
    let one = |name| seat.fields.one(name).unwrap_or_default().trim();
    let mut grants = answers::grants(seat.fields.many("scope"))?;
    // An API without scopes, which has nothing to tick, stays.
    let bare = client.grants.iter().filter(|grant| grant.scopes.is_empty() && grant.resource.is_some());
    grants.extend(bare.map(|grant| clients::GrantBody { resource: grant.resource.clone(), scopes: Vec::new() }));
    let dialects = answers::dialects(&seat.fields.many("dialect").map(str::to_owned).collect::<Vec<_>>())?;
    let ids = answers::businesses(one("business"))?;
    let businesses = if ids.is_empty() { Businesses::All(All::All) } else { Businesses::Only(ids) };
    let binding = TokenBinding::from_word(one("token_binding"));
    Ok(ClientPatch {
        name: Some(one("name").to_owned()).filter(|name| *name != client.name),
        grants: Some(grants).filter(|grants| Scopes::were_shown(&seat.fields) && !are_the_same(grants, client)),
        dialects: Some(dialects).filter(|dialects| *dialects != client.dialects),
        businesses: Some(businesses).filter(|businesses| *businesses != client.businesses),
        lifetime_max: lifetime(one("lifetime_max"), client)?,
        token_binding: binding.filter(|binding| *binding != client.token_binding),
        ..ClientPatch::default()
    })
}

fn are_the_same(grants: &[clients::GrantBody], client: &ClientView) -> bool {
    let held = client.grants.iter().filter(|grant| grant.resource.is_some());
    let has = |grant: &clients::GrantBody| {
        let found = client.grants.iter().find(|held| held.resource == grant.resource);
        found.is_some_and(|held| {
            held.scopes.len() == grant.scopes.len() && grant.scopes.iter().all(|scope| held.scopes.contains(scope))
        })
    };
    held.count() == grants.len() && grants.iter().all(has)
}

fn lifetime(text: &str, client: &ClientView) -> Result<Option<u32>, Mistake> {
    match (text, client.lifetime_max) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(Mistake::new("lifetime_max", words::settings::LIFETIME_STAYS)),
        (text, held) => {
            let seconds = text.parse::<u32>().map_err(|_| Mistake::new("lifetime_max", words::settings::LIFETIME_WRONG))?;
            Ok(Some(seconds).filter(|seconds| Some(*seconds) != held))
        }
    }
}

/// The page with what is wrong, over the client as it is by now.
async fn again(seat: &Seat, names: (&str, &str), refusal: Refusal) -> Answer {
    let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
    let client = one::load(seat, names).await?;
    page(seat, &client, (String::new(), Some(mistake))).await
}

/// `POST /{environment}/clients/{client}/disable`: with its name typed.
pub(super) async fn disable(seat: Seat, Path((name, id)): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let client = one::load(&seat, (&name, &id)).await?;
    if seat.fields.one("confirmation") != Some(client.name.as_str()) {
        let mistake = Mistake::new("", words::client::NOT_CONFIRMED);
        return page(&seat, &client, ("disable".to_owned(), Some(mistake))).await;
    }
    set_status(&seat, (&name, &id), &client, Stored::Disabled, "client-disabled").await
}

/// `POST /{environment}/clients/{client}/enable`.
pub(super) async fn enable(seat: Seat, Path((name, id)): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let client = one::load(&seat, (&name, &id)).await?;
    set_status(&seat, (&name, &id), &client, Stored::Active, "client-enabled").await
}

async fn set_status(seat: &Seat, names: (&str, &str), client: &ClientView, to: Stored, done: &'static str) -> Answer {
    let patch = ClientPatch { status: Some(to), ..ClientPatch::default() };
    match clients::edit(&seat.desk, (&client.environment, &client.id), patch, None).await {
        Ok(client) => Ok(settled(&client, done)),
        Err(refusal) => again(seat, names, refusal).await,
    }
}

fn settled(client: &ClientView, done: &'static str) -> Response {
    go(&format!("{}/settings", one::href(client)), Some(done))
}

/// `POST /{environment}/clients/{client}/revoke`.
pub(super) async fn revoke(seat: Seat, Path((name, id)): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let client = one::load(&seat, (&name, &id)).await?;
    match clients::revoke(&seat.desk, &client.environment, &client.id).await {
        Ok(()) => Ok(settled(&client, "client-revoked")),
        Err(refusal) => again(&seat, (&name, &id), refusal).await,
    }
}
