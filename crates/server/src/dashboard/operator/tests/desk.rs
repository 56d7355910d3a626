//! A dashboard with an environment, a tenant and somebody signed in.

use std::sync::Arc;

use axum::response::Response;
use http::header::LOCATION;
use mintmark_core::clock::Timestamp;
use mintmark_core::keys::new_signing_key;
use mintmark_core::management::Role;
use mintmark_core::model::{
    EnvironmentName, KeyState, Member, MemberId, SensitiveAction, Session, SessionId, Status, StepUp, Tenant, TenantId,
    TokenDigest,
};
use mintmark_core::registry::{NewEnvironment, NewResource, Registry};
use mintmark_core::store::{AuditEntry, Change, Store, Subject, Write};
use mintmark_verify::Algorithm;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::dashboard::fixture::{Dashboard, text};
use crate::dashboard::security::token_of;
use crate::store::SqlStore;

pub(in crate::dashboard) const LEDGER: &str = "https://ledger.example";

pub(in crate::dashboard) fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

/// Somebody at their desk.
pub(in crate::dashboard) struct Desk {
    pub(in crate::dashboard) dashboard: Arc<Dashboard>,
    pub(in crate::dashboard) acme: Tenant,
    cookie: String,
    csrf: String,
}

impl Desk {
    /// Of the operator, having shown who they are for an action or for none.
    pub(in crate::dashboard) async fn of(role: Role, step_up: Option<SensitiveAction>) -> Self {
        let dashboard = Arc::new(Dashboard::new(false).await);
        let registry = registry(&dashboard);
        let key = |state| {
            let keys = &registry.root_keys;
            new_signing_key(&sandbox(), Algorithm::Es256, state, registry.clock.now(), (&keys.sealer, &*registry.random))
                .unwrap()
        };
        let new = NewEnvironment {
            name: sandbox(),
            issuer: "https://auth.example".to_owned(),
            algorithm: Algorithm::Es256,
            lifetime_max: 3600,
        };
        registry.create_environment(new, vec![key(KeyState::Active), key(KeyState::Next)]).await.unwrap();
        let scope =
            |name: &str| mintmark_core::model::ScopeDefinition { name: name.parse().unwrap(), description: String::new() };
        let resource = NewResource {
            environment: sandbox(),
            uri: LEDGER.parse().unwrap(),
            name: "Ledger".to_owned(),
            scopes: vec![scope("ledger:read"), scope("ledger:write")],
            algorithm: None,
            token_format: None,
        };
        registry.create_resource(resource).await.unwrap();
        let acme = registry.create_tenant("Acme <b>Ltd</b>").await.unwrap();
        let tenant = (!role.is_of_operator()).then_some(acme.id);
        let (cookie, csrf) = sign_in(&dashboard, role, tenant, step_up).await;
        Self { dashboard, acme, cookie, csrf }
    }

    /// The same dashboard, with somebody else of the tenant at it.
    pub(in crate::dashboard) async fn beside(&self, role: Role, tenant: TenantId) -> Self {
        let (cookie, csrf) = sign_in(&self.dashboard, role, Some(tenant), None).await;
        Self { dashboard: Arc::clone(&self.dashboard), acme: self.acme.clone(), cookie, csrf }
    }

    /// Somebody of the operator at it, who signed in just now.
    pub(in crate::dashboard) async fn again(&self, role: Role, step_up: Option<SensitiveAction>) -> Self {
        let (cookie, csrf) = sign_in(&self.dashboard, role, None, step_up).await;
        Self { dashboard: Arc::clone(&self.dashboard), acme: self.acme.clone(), cookie, csrf }
    }

    pub(in crate::dashboard) fn registry(&self) -> &Registry<SqlStore> {
        registry(&self.dashboard)
    }

    pub(in crate::dashboard) async fn page(&self, path: &str) -> String {
        self.dashboard.page(path, &self.cookie).await
    }

    pub(in crate::dashboard) async fn status(&self, path: &str) -> u16 {
        let request = http::Request::get(path).header("cookie", &self.cookie).body("".into()).unwrap();
        self.dashboard.answer(request).await.status().as_u16()
    }

    pub(in crate::dashboard) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut all = fields.to_vec();
        all.push(("csrf", &self.csrf));
        // What the pages' own forms say of their scopes; others have no such field.
        all.push(("scopes_shown", "yes"));
        let all = all.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        self.dashboard.send(path, &self.cookie, all.collect::<Vec<_>>().join("&")).await
    }

    /// Sends a form that is done, and follows to the page that says so.
    pub(in crate::dashboard) async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let response = self.send(path, fields).await;
        assert_eq!(response.status(), 303, "{path}: {}", text(response).await);
        let target = response.headers()[LOCATION].to_str().unwrap().to_owned();
        self.page(&target).await
    }
}

fn registry(dashboard: &Dashboard) -> &Registry<SqlStore> {
    &dashboard.app.management.registry
}

async fn sign_in(
    dashboard: &Dashboard,
    role: Role,
    tenant_id: Option<TenantId>,
    step_up: Option<SensitiveAction>,
) -> (String, String) {
    let registry = registry(dashboard);
    let (now, random) = (registry.clock.now(), &*registry.random);
    let id = MemberId::generate(random);
    let member = Member {
        id,
        tenant_id,
        email: format!("{}@example.com", id.to_string().to_lowercase()).parse().unwrap(),
        name: "Ada".to_owned(),
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
    let mut token = [0; 32];
    random.fill(&mut token);
    let token: String = token.iter().map(|byte| char::from(b'a' + byte % 26)).chain("abcdefghijk".chars()).collect();
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()).as_ref());
    let session = Session {
        id: SessionId::generate(random),
        digest: TokenDigest(digest),
        member_id: id,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(Session::LIFETIME),
        step_up: step_up.map(|action| StepUp { at: now, action }),
        source: None,
        user_agent: String::new(),
        version: 1,
    };
    let writes = vec![Write::InsertMember(member), Write::InsertSession(session)];
    registry.store.commit(&Change { writes, audit: audit(now, id) }).await.unwrap();
    let csrf = token_of(&token);
    (format!("__Host-mintmark={token}"), csrf)
}

fn audit(at: Timestamp, id: MemberId) -> AuditEntry {
    let (actor, subject) = ("a test".to_owned(), Subject::Member { id });
    AuditEntry {
        at,
        tenant: None,
        actor,
        source: None,
        request_id: None,
        action: "member.create",
        subject,
        before: None,
        after: None,
    }
}
