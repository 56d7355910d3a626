use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, LOCATION};
use http::{Request, StatusCode};
use mintmark_core::keys::new_signing_key;
use mintmark_core::management::Role;
use mintmark_core::model::{
    Attributes, BusinessAccess, EnvironmentName, KeyState, Member, MemberId, Session, SessionId, Status, TenantId, TokenDigest,
};
use mintmark_core::registry::{ClientSecurity, CreatedClient, NewBusiness, NewClient, NewEnvironment, NewGrant, Registry};
use mintmark_core::store::{AuditEntry, Change, Store, Subject, Write};
use mintmark_core::usage::{OutcomeClass, UsageBatch, UsageCount, WriterId};
use mintmark_verify::Algorithm;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::dashboard::access::tests::hidden;
use crate::dashboard::fixture::{Dashboard, START, text};
use crate::dashboard::security::token_of;
use crate::store::SqlStore;

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

/// A dashboard with an environment, and a client of each of two tenants.
struct House {
    dashboard: Dashboard,
    acme: TenantId,
    own: CreatedClient,
    foreign: CreatedClient,
}

/// Somebody who is signed in.
struct Guest {
    cookie: String,
    csrf: String,
}

impl House {
    async fn new() -> Self {
        let dashboard = Box::pin(Dashboard::new(false)).await;
        let registry = &dashboard.app.management.registry;
        let (issuer, algorithm) = ("https://auth.example".to_owned(), Algorithm::Es256);
        let new = NewEnvironment { name: sandbox(), issuer, algorithm, lifetime_max: 3600 };
        let (sealer, random) = (&registry.root_keys.sealer, &*registry.random);
        let key = new_signing_key(&sandbox(), algorithm, KeyState::Active, registry.clock.now(), (sealer, random)).unwrap();
        registry.create_environment(new, vec![key]).await.unwrap();
        let (acme, globex) = (tenant(registry, "Acme").await, tenant(registry, "Globex").await);
        let own = client(registry, acme, "Billing <b>worker</b>").await;
        let foreign = client(registry, globex, "Theirs").await;
        dashboard.app.node.endpoint.directory.poll().await.unwrap();
        Self { dashboard, acme, own, foreign }
    }

    fn registry(&self) -> &Registry<SqlStore> {
        &self.dashboard.app.management.registry
    }

    /// Signs somebody in.
    async fn guest(&self, role: Role) -> Guest {
        let (registry, tenant_id) = (self.registry(), (!role.is_of_operator()).then_some(self.acme));
        let (now, random) = (registry.clock.now(), &*registry.random);
        let id = MemberId::generate(random);
        let member = Member {
            id,
            tenant_id,
            email: format!("{role}@example.com").parse().unwrap(),
            name: format!("Ada the {role}"),
            role,
            status: Status::Active,
            password: None,
            totp: None,
            totp_step: 0,
            passkeys: Vec::new(),
            created_at: now,
            last_sign_in_at: None,
            version: 1,
        };
        let token = format!("{role}-with-a-token-that-is-long-enough-to-be-one");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
        let session = Session {
            id: SessionId::generate(random),
            digest: TokenDigest(digest.as_ref().try_into().unwrap()),
            member_id: id,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(Session::LIFETIME),
            step_up: None,
            source: None,
            user_agent: "Test/1".to_owned(),
            version: 1,
        };
        let audit = AuditEntry::local(now, "a test", "member.create", Subject::Member { id });
        let writes = vec![Write::InsertMember(member), Write::InsertSession(session)];
        registry.store.commit(&Change { writes, audit }).await.unwrap();
        Guest { csrf: token_of(&token), cookie: format!("__Host-mintmark={token}") }
    }

    async fn get(&self, guest: &Guest, path: &str) -> Response {
        self.dashboard.answer(Request::get(path).header("cookie", &guest.cookie).body(Body::empty()).unwrap()).await
    }

    async fn page(&self, guest: &Guest, path: &str) -> String {
        self.dashboard.page(path, &guest.cookie).await
    }

    async fn send(&self, guest: &Guest, path: &str, fields: &[(&str, &str)]) -> Response {
        let all = fields.iter().copied().chain([("csrf", guest.csrf.as_str())]);
        let all = all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        self.dashboard.send(path, &guest.cookie, all.collect::<Vec<_>>().join("&")).await
    }

    /// Sends a real request by the console; gives the page.
    async fn console(&self, guest: &Guest, client: &CreatedClient, secret: &str) -> Response {
        let fields = [("client", client.client.id.as_str()), ("secret", secret), ("dialect", "standard"), ("scope", "")];
        self.send(guest, "/sandbox/console", &fields).await
    }

    /// Has requests of one hour ago counted.
    async fn count(&self, outcome: OutcomeClass, code: &'static str, requests: u64) {
        let client = &self.own.client;
        let counts = vec![UsageCount {
            environment: sandbox(),
            tenant_id: Some(client.tenant_id),
            client_id: Some(client.id.clone()),
            credential_id: None,
            business_id: None,
            outcome,
            code,
            dialect: "standard".parse().unwrap(),
            minute: (START - 3600) / 60,
            requests,
        }];
        let writer = WriterId([u8::try_from(requests % 251).unwrap(); 16]);
        let at = self.registry().clock.now();
        let batch = UsageBatch { writer, sequence: 1, at, counts, refusals: Vec::new() };
        self.registry().store.record_usage(&batch).await.unwrap();
    }

    async fn write_usage_down(&self) {
        let (node, now) = (&self.dashboard.app.node, self.registry().clock.now());
        node.endpoint.usage.flush_all(&*self.registry().store, now).await.unwrap();
    }
}

async fn tenant(registry: &Registry<SqlStore>, name: &str) -> TenantId {
    registry.create_tenant(name).await.unwrap().id
}

pub(in crate::dashboard) async fn client(registry: &Registry<SqlStore>, tenant_id: TenantId, name: &str) -> CreatedClient {
    let new = NewClient {
        environment: sandbox(),
        tenant_id,
        id: None,
        name: name.to_owned(),
        dialects: vec!["standard".parse().unwrap()],
        grants: vec![NewGrant { resource: None, scopes: ["business:read".parse().unwrap()].into() }],
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: Attributes::new(),
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    };
    registry.create_client(new).await.unwrap()
}

fn location(response: &Response) -> &str {
    response.headers()[LOCATION].to_str().unwrap()
}

/// The id of the request that a page of explanations was made for, in the first link to one.
fn first_request(page: &str) -> &str {
    page.split("/explain/requests/").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn one_begins_at_the_overview_of_the_first_environment() {
    let house = House::new().await;
    let viewer = house.guest(Role::Viewer).await;
    assert_eq!(location(&house.get(&viewer, "/").await), "/sandbox");
    assert_eq!(location(&house.dashboard.answer(Request::get("/").body(Body::empty()).unwrap()).await), "/sign-in");
    assert_eq!(house.get(&viewer, "/staging").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.dashboard.answer(Request::get("/_x").body(Body::empty()).unwrap()).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_overview_has_the_figures_of_the_last_day_and_names_who_was_refused() {
    let house = House::new().await;
    let (developer, admin) = (house.guest(Role::Developer).await, house.guest(Role::Admin).await);
    house.count(OutcomeClass::Issued, "", 1996).await;
    house.count(OutcomeClass::Credentials, "wrong_secret", 3).await;
    house.console(&developer, &house.own, "wrong").await;
    house.write_usage_down().await;
    let page = house.page(&developer, "/sandbox").await;
    for told in ["1\u{202f}996", "99.8", "Billing &#60;b&#62;worker&#60;/b&#62; was refused once lately"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("This node is ready") && !page.contains("expires soon"));
    let soon = house.registry().clock.now().plus(86_400);
    for client in [&house.own.client, &house.foreign.client] {
        house.registry().add_secret(&client.environment, &client.id, Some(soon)).await.unwrap();
    }
    let page = house.page(&developer, "/sandbox").await;
    assert!(page.contains("A credential of Billing") && page.contains("2027-01-16 08:00 UTC"), "{page}");
    assert!(!page.contains("A credential of Theirs"), "s4: {page}");
    assert!(house.page(&admin, "/sandbox").await.contains("A credential of Theirs"));
    assert!(house.page(&admin, "/sandbox").await.contains("This node is ready"));
}

#[tokio::test]
async fn s4_usage_is_told_by_name_and_of_ones_own_alone() {
    let house = House::new().await;
    let (viewer, admin) = (house.guest(Role::Viewer).await, house.guest(Role::Admin).await);
    house.count(OutcomeClass::Issued, "", 40).await;
    house.count(OutcomeClass::Rights, "scope_not_granted", 2).await;
    for range in ["1h", "24h", "7d", "30d"] {
        let page = house.page(&viewer, &format!("/sandbox/usage?range={range}")).await;
        assert_eq!(page.contains("Billing &#60;b&#62;worker"), range != "1h", "{range}");
        assert!(!page.contains("by=tenant") && !page.contains("value=\"tenant\""), "{range}");
    }
    let by_tenant = house.page(&admin, "/sandbox/usage").await;
    assert!(by_tenant.contains(">Acme</a>"), "{by_tenant}");
    let reasons = house.page(&viewer, "/sandbox/usage?by=reason").await;
    assert!(reasons.contains("/sandbox/explain?code=scope%5Fnot%5Fgranted"), "{reasons}");
    let foreign = house.page(&viewer, &format!("/sandbox/usage?client={}", house.foreign.client.id)).await;
    assert!(foreign.contains("No requests in this time"), "{foreign}");
    let wrong = house.get(&viewer, "/sandbox/usage?client=%0A").await;
    assert_eq!(wrong.status(), StatusCode::OK, "space around an id is nothing");
    let wrong = house.get(&viewer, "/sandbox/usage?client=%C3%A9").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn s5_a_refusal_is_found_by_its_request_and_by_its_client() {
    let house = House::new().await;
    let (developer, admin) = (house.guest(Role::Developer).await, house.guest(Role::Admin).await);
    house.console(&developer, &house.own, "wrong").await;
    house.console(&admin, &house.foreign, "wrong").await;
    house.write_usage_down().await;
    let list = house.page(&developer, "/sandbox/explain").await;
    assert!(list.contains("Billing &#60;b&#62;worker") && !list.contains("Theirs"), "{list}");
    let id = first_request(&list).to_owned();
    let found = house.get(&developer, &format!("/sandbox/explain?q={id}")).await;
    assert_eq!(location(&found), format!("/sandbox/explain/requests/{id}"));
    let refusal = house.page(&developer, location(&found)).await;
    for told in ["What happened", "What to do", "/reasons#", "dry-run?client="] {
        assert!(refusal.contains(told), "{told}: {refusal}");
    }
    let by_client = house.page(&developer, &format!("/sandbox/explain?q={}", house.own.client.id)).await;
    assert_eq!(first_request(&by_client), id);
    let foreign = house.page(&admin, &format!("/sandbox/explain?q={}", house.foreign.client.id)).await;
    let foreign = first_request(&foreign);
    for path in [format!("/sandbox/explain/requests/{foreign}"), format!("/sandbox/explain/requests/{}", "0".repeat(32))] {
        assert_eq!(house.get(&developer, &path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for nothing in [foreign, house.foreign.client.id.as_str(), "\u{e9}"] {
        let encoded = utf8_percent_encode(nothing, NON_ALPHANUMERIC);
        let page = house.page(&developer, &format!("/sandbox/explain?q={encoded}")).await;
        assert!(page.contains("No refusal matches"), "{nothing}");
    }
}

#[tokio::test]
async fn every_reason_has_its_anchor() {
    let house = House::new().await;
    let page = house.page(&house.guest(Role::Viewer).await, "/reasons").await;
    for entry in mintmark_core::token::CATALOGUE {
        assert!(page.contains(&format!("<div id=\"{}\">", entry.code)), "{}", entry.code);
    }
}

#[tokio::test]
async fn a_dry_run_shows_every_step_and_a_mistake_keeps_what_was_typed() {
    let house = House::new().await;
    let developer = house.guest(Role::Developer).await;
    let path = "/sandbox/explain/dry-run";
    let id = house.own.client.id.as_str();
    let good = house.send(&developer, path, &[("client", id), ("dialect", "standard")]).await;
    let good = text(good).await;
    assert!(
        good.contains("There would be a token") && good.contains("business:read") && !good.contains("Not reached"),
        "{good}"
    );
    let refused = text(house.send(&developer, path, &[("client", id), ("dialect", "standard"), ("scope", "all")]).await).await;
    assert!(refused.contains("/reasons#scope_unknown") && refused.contains("Not reached"), "{refused}");
    for (fields, error) in [
        ([("client", house.foreign.client.id.as_str()), ("source", "")], "field-client-error"),
        ([("client", "cli_nobody"), ("source", "")], "field-client-error"),
        ([("client", id), ("source", "here & <there>")], "field-source-error"),
    ] {
        let all = [("dialect", "standard"), ("scope", "a<b"), fields[0], fields[1]];
        let wrong = house.send(&developer, path, &all).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let wrong = text(wrong).await;
        assert!(wrong.contains(&format!("id=\"{error}\"")) && wrong.contains("value=\"a&#60;b\""), "{wrong}");
    }
    let viewer = house.guest(Role::Viewer).await;
    assert!(!house.page(&viewer, path).await.contains("name=\"client\""), "what one may not do is not offered");
    let forced = house.send(&viewer, path, &[("client", id), ("dialect", "standard")]).await;
    assert_eq!(forced.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn s5_a_token_goes_in_and_does_not_come_back() {
    let house = House::new().await;
    let developer = house.guest(Role::Developer).await;
    let issued = text(house.console(&developer, &house.own, house.own.secret.text().expose()).await).await;
    let token = issued.split("access_token&#34;: &#34;").nth(1).unwrap().split('&').next().unwrap();
    let path = "/sandbox/explain/token";
    let looked = house.send(&developer, path, &[("token", token)]).await;
    assert_eq!(looked.headers()[CACHE_CONTROL], "no-store");
    let looked = text(looked).await;
    assert!(looked.contains("This token is live") && looked.contains("Environment: sandbox"), "{looked}");
    assert!(!looked.contains(token));
    let theirs =
        text(house.console(&house.guest(Role::Admin).await, &house.foreign, house.foreign.secret.text().expose()).await);
    let theirs = theirs.await;
    let theirs = theirs.split("access_token&#34;: &#34;").nth(1).unwrap().split('&').next().unwrap();
    let foreign = text(house.send(&developer, path, &[("token", theirs)]).await).await;
    assert!(foreign.contains("This token is not yours to see"), "{foreign}");
    for nothing in ["", "  "] {
        let wrong = house.send(&developer, path, &[("token", nothing)]).await;
        assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(text(house.send(&developer, path, &[("token", "<b>a.b")]).await).await.contains("This is no token"));
}

#[tokio::test]
async fn the_console_sends_a_real_request_and_shows_no_secret() {
    let house = House::new().await;
    let developer = house.guest(Role::Developer).await;
    let secret = house.own.secret.text().expose().to_owned();
    let good = house.console(&developer, &house.own, &secret).await;
    assert_eq!(good.headers()[CACHE_CONTROL], "no-store");
    let good = text(good).await;
    assert!(good.contains("A token was issued") && good.contains("This token is live"), "{good}");
    assert!(good.contains("base64(") && !good.contains(&secret), "{good}");
    let refused = text(house.console(&developer, &house.own, "wrong<>").await).await;
    assert!(
        refused.contains("The request was refused") && refused.contains("What to do") && !refused.contains("wrong&#60;"),
        "{refused}"
    );
    house.write_usage_down().await;
    let page = house.page(&developer, "/sandbox/usage?range=1h").await;
    assert!(page.contains("<td class=\"number\" data-label=\"All\">2</td>"), "each is counted once: {page}");
    let foreign = house.console(&developer, &house.foreign, "x").await;
    assert_eq!(foreign.status(), StatusCode::UNPROCESSABLE_ENTITY);
    // The token of forms is another text in each answer.
    let told = |page: String, id: &str| page.replace(hidden(&page, "csrf"), "").replace(id, "");
    let foreign = told(text(foreign).await, house.foreign.client.id.as_str());
    let nobody =
        house.send(&developer, "/sandbox/console", &[("client", "cli_nobody"), ("secret", "x"), ("dialect", "standard")]);
    assert_eq!(foreign, told(text(nobody.await).await, "cli_nobody"), "s4: one cannot tell that it exists");
    let viewer = house.guest(Role::Viewer).await;
    assert!(!house.page(&viewer, "/sandbox/console").await.contains("name=\"secret\""));
    assert_eq!(house.console(&viewer, &house.own, &secret).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn s4_the_audit_log_is_ones_own_with_names_and_what_changed() {
    let house = House::new().await;
    let (owner, admin) = (house.guest(Role::Owner).await, house.guest(Role::Admin).await);
    let own = house.page(&owner, "/audit").await;
    assert!(own.contains("client.create") && own.contains(house.own.client.id.as_str()), "{own}");
    assert!(own.contains("Billing &#60;b&#62;worker&#60;/b&#62;"), "what changed is there: {own}");
    assert!(!own.contains(house.foreign.client.id.as_str()) && !own.contains("environment.create"), "{own}");
    let all = house.page(&admin, "/audit").await;
    assert!(all.contains(house.foreign.client.id.as_str()) && all.contains("environment.create"), "{all}");
    let filtered = house.page(&admin, "/audit?action=environment.&from=2027-01-15").await;
    assert!(filtered.contains("environment.create") && !filtered.contains("client.create"), "{filtered}");
    assert!(filtered.contains("format=csv&#38;action=environment%2E"), "the export is of what is shown: {filtered}");
    for wrong in ["from=yesterday", "kind=client&id=x", "chain=x"] {
        assert_eq!(house.get(&admin, &format!("/audit?{wrong}")).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert!(house.page(&owner, "/audit?who=nobody").await.contains("No change matches"));
    assert_eq!(house.get(&house.guest(Role::Viewer).await, "/audit").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_audit_log_is_exported_and_verified_from_its_page() {
    let house = House::new().await;
    let owner = house.guest(Role::Owner).await;
    let export = house.get(&owner, "/audit/export?format=csv&action=client.").await;
    assert_eq!(export.headers()[CONTENT_DISPOSITION], "attachment; filename=\"audit.csv\"");
    let export = text(export).await;
    assert!(export.lines().count() == 2 && export.contains(house.own.client.id.as_str()), "{export}");
    let lines = text(house.get(&owner, "/audit/export?format=ndjson").await).await;
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{lines}");
    let verified = text(house.send(&owner, "/audit/verify", &[("chain", "")]).await).await;
    assert!(verified.contains("Chain verified") && verified.contains("the chain Acme"), "{verified}");
    assert_eq!(house.send(&owner, "/audit/verify", &[("chain", "operator")]).await.status(), StatusCode::NOT_FOUND);
    let admin = house.guest(Role::Admin).await;
    let verified = text(house.send(&admin, "/audit/verify", &[("chain", "operator")]).await).await;
    assert!(verified.contains("the chain the operator"), "{verified}");
}

#[tokio::test]
async fn a_quota_is_set_by_the_operator_and_seen_with_the_usage_of_its_client() {
    let house = House::new().await;
    let (owner, admin) = (house.guest(Role::Owner).await, house.guest(Role::Admin).await);
    let client = house.own.client.id.to_string();
    let (path, usage) = (format!("/sandbox/quotas/client/{client}"), format!("/sandbox/usage?client={client}"));
    let page = house.page(&admin, &path).await;
    assert!(page.contains("No quota") && page.contains("name=\"per_day\""), "{page}");
    assert!(!house.page(&owner, &path).await.contains("name=\"per_day\""), "a tenant sees and does not set");
    let fields = |version, day| {
        [("version", version), ("per_minute", "10"), ("per_hour", ""), ("per_day", day), ("mode", "observe"), ("headers", "on")]
    };
    let wrong = house.send(&admin, &path, &fields("0", "5")).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let wrong = text(wrong).await;
    assert!(wrong.contains("no more tokens in a shorter window") && wrong.contains("value=\"10\""), "{wrong}");
    let saved = house.send(&admin, &path, &fields("0", "1000")).await;
    assert_eq!(location(&saved), format!("{}?done=quota-saved", path.replace('_', "%5F")));
    for guest in [&owner, &admin] {
        let page = house.page(guest, &usage).await;
        assert!(page.contains("0 of 1\u{202f}000") && page.contains("This quota observes"), "{page}");
    }
    let stale = house.send(&admin, &path, &fields("0", "2000")).await;
    assert_eq!(stale.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let removed = [("version", "1"), ("per_minute", ""), ("per_hour", ""), ("per_day", ""), ("mode", "enforce")];
    let removed = house.send(&admin, &path, &removed).await;
    assert!(location(&removed).ends_with("?done=quota-removed"));
}

#[tokio::test]
async fn s4_the_quota_of_another_tenant_is_not_found_and_nobody_but_the_operator_sets_one() {
    let house = House::new().await;
    let owner = house.guest(Role::Owner).await;
    let (own, foreign) = (&house.own.client, &house.foreign.client);
    let found = |path: String| async {
        let path = path;
        house.get(&owner, &path).await.status()
    };
    assert_eq!(found(format!("/sandbox/quotas/client/{}", foreign.id)).await, StatusCode::NOT_FOUND);
    assert_eq!(found(format!("/sandbox/quotas/tenant/{}", foreign.tenant_id)).await, StatusCode::NOT_FOUND);
    assert_eq!(found("/sandbox/quotas/client/nobody".to_owned()).await, StatusCode::NOT_FOUND);
    assert_eq!(found("/sandbox/quotas/moon/x".to_owned()).await, StatusCode::NOT_FOUND);
    assert_eq!(found(format!("/sandbox/quotas/tenant/{}", own.tenant_id)).await, StatusCode::OK);
    let fields = [("version", "0"), ("per_day", "5"), ("mode", "enforce")];
    let refused = house.send(&owner, &format!("/sandbox/quotas/client/{}", own.id), &fields).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_quota_of_a_business_is_below_its_page_and_s4_of_another_tenants_it_is_not_found() {
    let house = House::new().await;
    let (owner, admin) = (house.guest(Role::Owner).await, house.guest(Role::Admin).await);
    let business = async |tenant: TenantId, name: &str| {
        let new = NewBusiness { environment: sandbox(), tenant_id: tenant, name: name.to_owned(), external_id: None };
        house.registry().create_business(new).await.unwrap().id
    };
    let globex = house.foreign.client.tenant_id;
    let (bakery, theirs) = (business(house.acme, "Blue <b>Bakery").await, business(globex, "Theirs").await);
    let place = format!("/sandbox/businesses/{}/{bakery}", house.acme);
    let path = format!("{place}/quota");
    assert!(house.page(&admin, &place).await.contains(&format!("href=\"{path}\"")), "the operator may set one");
    assert!(!house.page(&owner, &place).await.contains(&path), "there is nothing to see");
    let page = house.page(&admin, &path).await;
    assert!(page.contains("Quota of the business: Blue &#60;b&#62;Bakery") && page.contains("No quota"), "{page}");
    assert!(page.contains(&format!("href=\"{place}\"")), "there is a way back: {page}");

    let fields = |version| [("version", version), ("per_minute", "3"), ("per_hour", ""), ("per_day", ""), ("mode", "enforce")];
    assert_eq!(house.send(&owner, &path, &fields("0")).await.status(), StatusCode::FORBIDDEN);
    let saved = house.send(&admin, &path, &fields("0")).await;
    assert_eq!(location(&saved), format!("{path}?done=quota-saved"));
    for guest in [&owner, &admin] {
        let page = house.page(guest, &place).await;
        assert!(page.contains("Quota of the business") && page.contains("0 of 3"), "{page}");
    }
    let page = house.page(&owner, &path).await;
    assert!(page.contains("0 of 3") && !page.contains("name=\"per_day\""), "a tenant sees and does not set: {page}");
    let stale = house.send(&admin, &path, &fields("0")).await;
    assert_eq!(stale.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let without_token = house.dashboard.send(&path, &admin.cookie, "version=1&per_minute=9&mode=enforce".to_owned()).await;
    assert_eq!(without_token.status(), StatusCode::FORBIDDEN, "s24: a form without the session's token");

    for wrong in [
        format!("/sandbox/businesses/{globex}/{theirs}/quota"),
        format!("/sandbox/businesses/{}/{theirs}/quota", house.acme),
        format!("/sandbox/businesses/{}/x/quota", house.acme),
        format!("/sandbox/quotas/business/{bakery}"),
    ] {
        assert_eq!(house.get(&owner, &wrong).await.status(), StatusCode::NOT_FOUND, "{wrong}");
    }
    let removed = [("version", "1"), ("per_minute", ""), ("per_hour", ""), ("per_day", ""), ("mode", "enforce")];
    assert!(location(&house.send(&admin, &path, &removed).await).ends_with("?done=quota-removed"));
}
