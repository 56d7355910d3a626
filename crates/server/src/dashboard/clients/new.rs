//! A new client: the form, the page that sums it up, and the page that shows its secret.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::tz::TimeZone;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Resource, SensitiveAction};
use mintmark_core::store::EnvironmentRecord;

use super::answers::{self, Answers, STANDARD};
use super::{environment, frame, path, ready};
use crate::admin::Refusal;
use crate::admin::operations::clients;
use crate::admin::operations::entitlements::{self, EntitlementView};
use crate::admin::operations::tenants::{self, TenantFilter};
use crate::dashboard::components::{Code, ResourceChoice, Scopes, Ticked};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::once::{self, Sent};
use crate::dashboard::seat::{Answer, Seat, Stop};
use crate::dashboard::views::{ClientFormPage, ClientReviewPage};
use crate::dashboard::{problem, words};

/// How many tenants are offered by name.
const TENANTS_MAX: u32 = 200;

/// `GET /{environment}/clients/new`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = environment(&seat, &name)?;
    may(&seat)?;
    form(&seat, &environment, &Answers::blank(), None).await
}

/// `POST /{environment}/clients/new`: what was answered, to be summed up, changed once more, or done.
pub(super) async fn send(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = environment(&seat, &name)?;
    may(&seat)?;
    let answers = Answers::of(&seat.fields);
    match seat.fields.one("step") {
        Some("create") => create(&seat, &environment, &answers).await,
        Some("review") => review(&seat, &environment, &answers).await,
        _ => form(&seat, &environment, &answers, None).await,
    }
}

/// Sees that who looks may make clients: a form that cannot be sent is not shown.
fn may(seat: &Seat) -> Result<(), Stop> {
    let permission = Permission::EditClients;
    if seat.may(permission) { Ok(()) } else { Err(seat.stop(Refusal::Forbidden(permission))) }
}

async fn form(seat: &Seat, environment: &EnvironmentName, answers: &Answers, mistake: Option<Mistake>) -> Answer {
    let record = seat.environment(environment.as_str())?;
    let (tenants, types_tenant) = offered_tenants(seat).await?;
    let bound = bound_by(seat, environment).await?;
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ClientFormPage {
        frame: frame(seat, environment, words::create::TITLE),
        action: path(environment, "/new"),
        name: answers.name.clone(),
        tenants,
        types_tenant,
        tenant: answers.tenant.clone(),
        method: answers.method(),
        public_key: answers.public_key.clone(),
        certificate: answers.certificate.clone(),
        scopes: Scopes::new(offered_resources(record, bound.as_ref(), &answers.scopes)),
        businesses: answers.businesses.clone(),
        dialects: offered_dialects(seat, bound.as_ref(), &answers.dialects),
        expiry: answers::days(),
        expires_in: answers.expiry.clone(),
        mistake,
    };
    Ok((status, problem::page(&page)).into_response())
}

/// The tenants that a client may be made for, and whether there are more than are offered. Who is of a tenant has no choice.
async fn offered_tenants(seat: &Seat) -> Result<(Vec<(String, String)>, bool), Stop> {
    if !seat.is_operator() {
        return Ok((Vec::new(), false));
    }
    let filter = TenantFilter { limit: Some(TENANTS_MAX), ..TenantFilter::default() };
    let page = tenants::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let tenants = page.items.into_iter().map(|tenant| (tenant.id.to_string(), tenant.name)).collect();
    Ok((tenants, page.next.is_some()))
}

/// What binds who asks: their tenant's entitlement; nothing binds the operator.
pub(super) async fn bound_by(seat: &Seat, environment: &EnvironmentName) -> Result<Option<EntitlementView>, Stop> {
    match seat.signed_in.member.tenant_id {
        None => Ok(None),
        Some(tenant) => {
            let found = entitlements::read(&seat.desk, (environment, tenant)).await;
            found.map(Some).map_err(|refusal| seat.stop(refusal))
        }
    }
}

/// The scopes that who asks may give a client.
pub(super) fn offered_resources(
    record: &EnvironmentRecord,
    bound: Option<&EntitlementView>,
    chosen: &[String],
) -> Vec<ResourceChoice> {
    let ticked = Ticked::of(chosen);
    let choice = |resource: &Resource| {
        let held = bound.map(|bound| bound.grants.iter().find(|grant| grant.resource_id == resource.id));
        ResourceChoice::of(resource, &ticked, |scope| match held {
            None => true,
            Some(grant) => grant.is_some_and(|grant| grant.scopes.contains(&scope.name)),
        })
    };
    record.resources.iter().map(choice).filter(|choice| !choice.scopes.is_empty()).collect()
}

/// The wire formats that who asks may give a client; none where there is nothing to choose.
pub(super) fn offered_dialects(seat: &Seat, bound: Option<&EntitlementView>, chosen: &[String]) -> Vec<(String, bool)> {
    let loaded = seat.desk.node.dialects.load();
    let is_offered =
        |name: &str| name == STANDARD || bound.is_none_or(|bound| bound.dialects.iter().any(|known| known.as_str() == name));
    let names = loaded.iter().map(|dialect| dialect.name.to_string()).filter(|name| is_offered(name));
    let all: Vec<(String, bool)> = names.map(|name| (name.clone(), chosen.contains(&name))).collect();
    if all.len() > 1 { all } else { Vec::new() }
}

async fn review(seat: &Seat, environment: &EnvironmentName, answers: &Answers) -> Answer {
    let now = seat.app.now();
    if let Err(mistake) = answers.new_client(now) {
        return form(seat, environment, answers, Some(mistake)).await;
    }
    let tenant = match named_tenant(seat, answers).await? {
        Ok(tenant) => tenant,
        Err(mistake) => return form(seat, environment, answers, Some(mistake)).await,
    };
    let record = seat.environment(environment.as_str())?;
    let expires = answers.expires_at(now).ok().flatten();
    let page = ClientReviewPage {
        frame: frame(seat, environment, words::create::REVIEW_TITLE),
        action: path(environment, "/new"),
        fields: answers.fields(),
        once: once::token(seat.app.random()),
        name: answers.name.clone(),
        tenant,
        method: answers.method(),
        access: access(record, answers),
        businesses: answers.businesses().map_or(0, |ids| ids.len()),
        dialects: answers.dialects.clone(),
        token_minutes: token_minutes(seat, record, &answers.dialects),
        expires: expires.map(day),
        nonce: asks_who(seat).then(|| once::token(seat.app.random())),
        api: by_api(seat, environment, answers),
    };
    Ok(problem::page(&page))
}

/// Whether the page that sums up asks for password and code, so that another page need not. Who has other means is asked there.
fn asks_who(seat: &Seat) -> bool {
    let member = &seat.signed_in.member;
    let has_both = member.password.is_some() && member.totp.is_some();
    has_both && seat.signed_in.check_stepped_up(SensitiveAction::Credentials, seat.app.now()).is_err()
}

/// The name of the tenant that the operator chose.
async fn named_tenant(seat: &Seat, answers: &Answers) -> Result<Result<Option<String>, Mistake>, Stop> {
    if !seat.is_operator() {
        return Ok(Ok(None));
    }
    let wrong = || Mistake::new("tenant_id", words::create::TENANT_WRONG);
    let Ok(id) = answers.tenant.parse() else { return Ok(Err(wrong())) };
    match tenants::read(&seat.desk, id).await {
        Ok(tenant) => Ok(Ok(Some(tenant.name))),
        Err(Refusal::NotFound) => Ok(Err(wrong())),
        Err(other) => Err(seat.stop(other)),
    }
}

/// The APIs by name, with the scopes on each.
fn access(record: &EnvironmentRecord, answers: &Answers) -> Vec<(String, Vec<String>)> {
    let grants = answers.grants().unwrap_or_default();
    let named = grants.into_iter().filter_map(|grant| {
        let resource = record.resources.iter().find(|known| Some(&known.uri) == grant.resource.as_ref())?;
        Some((resource.name.clone(), grant.scopes.iter().map(ToString::to_string).collect()))
    });
    named.collect()
}

/// How long a token lives that asks for no other time, in minutes: the longest of the chosen wire formats.
pub(super) fn token_minutes(seat: &Seat, record: &EnvironmentRecord, dialects: &[String]) -> u32 {
    let loaded = seat.desk.node.dialects.load();
    let lives = dialects.iter().filter_map(|name| loaded.get(name)).map(|dialect| dialect.token.lifetime_default);
    let seconds = lives.max().unwrap_or(record.environment.lifetime_max).min(record.environment.lifetime_max);
    seconds.div_ceil(60)
}

/// A day as people of all countries read it.
pub(super) fn day(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(at.0).map(|at| at.to_zoned(TimeZone::UTC));
    moment.map(|moment| moment.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn by_api(seat: &Seat, environment: &EnvironmentName, answers: &Answers) -> Code {
    let body = answers.body(seat.app.now()).to_string().replace('\'', r"'\''");
    let text = format!(
        "curl -X POST {}/admin/v1/environments/{environment}/clients \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H \
         \"Content-Type: application/json\" \\\n  -d '{body}'",
        seat.app.origin()
    );
    Code { id: "api", label: "curl".to_owned(), text }
}

async fn create(seat: &Seat, environment: &EnvironmentName, answers: &Answers) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let new = match answers.new_client(seat.app.now()) {
        Ok(new) => new,
        Err(mistake) => return form(seat, environment, answers, Some(mistake)).await,
    };
    let ticket = match once::begin(seat).await? {
        Sent::First(ticket) => ticket,
        Sent::Before(id) => return gone(seat, environment, &id).await,
        Sent::Unclear => return Ok(unclear(seat, environment)),
    };
    match clients::create(&seat.desk, environment, new).await {
        Ok(created) => {
            ticket.done(seat, created.client.id.as_str()).await;
            let secret = created.secret.as_ref().map(crate::admin::operations::ShownSecret::expose);
            let made = ready::Made { kind: created.credential.kind, secret, gone: None };
            Ok(problem::page(&ready::page(seat, &created.client, words::result::title(&created.client.name), made)))
        }
        Err(refusal) => {
            if ready::is_known_undone(&refusal) {
                ticket.undone(seat).await;
            }
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            form(seat, environment, answers, Some(mistake)).await
        }
    }
}

/// The form came before: its client is there, its secret was shown.
async fn gone(seat: &Seat, environment: &EnvironmentName, id: &str) -> Answer {
    let id = id.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    let client = clients::read(&seat.desk, environment, &id).await.map_err(|refusal| seat.stop(refusal))?;
    ready::client_is_gone(seat, &client).await
}

/// The form came before, and nobody knows what became of it.
pub(super) fn unclear(seat: &Seat, environment: &EnvironmentName) -> Response {
    let page = crate::dashboard::views::ClientUnclearPage {
        frame: frame(seat, environment, words::result::UNCLEAR),
        list: path(environment, ""),
    };
    (StatusCode::CONFLICT, problem::page(&page)).into_response()
}
