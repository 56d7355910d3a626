//! The management API, over HTTP, with real tokens of the management issuer.

mod changes;
mod documents;
mod idempotency;
mod insight;
mod journey;
mod pages;
mod people;
mod permissions;
mod problems;
mod quotas;
mod receiving;
mod rights;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mintmark::admin::{self, AdminApp};
use mintmark::http::serve_socket;
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{Acceptance, AcceptanceMeans, Management, Origin, PasswordCost, Role, Visitor};
use mintmark_core::model::Member;
use mintmark_core::registry::{Actor, NewInvitation, NewManagementClient};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::fixture::{ACME, Answer, GLOBEX, TestServer, code, send};

const HOST: &str = "admin.mintmark.example";

/// A server with its management side, and a token for each role. Tenants' roles are Acme's; `globex` is an owner of the other tenant.
pub(crate) struct Office {
    pub(crate) server: TestServer,
    address: SocketAddr,
    tokens: BTreeMap<String, String>,
    /// The forms that the tokens were fetched with.
    forms: BTreeMap<String, String>,
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::of(TestServer::start().await).await
    }

    /// The office of a server.
    pub(crate) async fn of(server: TestServer) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let origin = Origin::parse(&format!("https://{HOST}")).unwrap();
        let service = admin::service(AdminApp::new(Arc::clone(&server.node), origin));
        // Whoever stops the server stops this too.
        tokio::spawn(serve_socket(socket, None, service, server.stopping()));
        let mut office = Self { server, address, tokens: BTreeMap::new(), forms: BTreeMap::new() };
        for role in Role::ALL {
            office.employ(role.as_str(), role, (!role.is_of_operator()).then_some(ACME)).await;
        }
        office.employ("globex", Role::Owner, Some(GLOBEX)).await;
        office
    }

    /// Makes a management client and fetches its token.
    async fn employ(&mut self, name: &str, role: Role, tenant: Option<&str>) {
        let tenant_id = tenant.map(|tenant| self.server.world.tenant(tenant));
        let new = NewManagementClient { name: name.to_owned(), role, tenant_id };
        let created = self.server.registry.create_management_client(new).await.unwrap();
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            created.client.id,
            created.secret.text().expose()
        );
        self.forms.insert(name.to_owned(), form);
        self.renew(name).await;
    }

    /// Fetches another token: each ends when its client changes.
    pub(crate) async fn renew(&mut self, name: &str) {
        let answer = self.token(&self.forms[name], "").await;
        let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        self.tokens.insert(name.to_owned(), token);
    }

    /// Has somebody accept an invitation; gives the member, who is signed in.
    pub(crate) async fn join(&self, email: &str, role: Role, tenant: Option<&str>) -> Member {
        let registry = &self.server.registry;
        let tenant_id = tenant.map(|tenant| self.server.world.tenant(tenant));
        let new = NewInvitation { email: email.parse().unwrap(), role, tenant_id };
        let token = registry.invite(&new, None).await.unwrap().token;
        let (origin, cost) = (Origin::parse(&format!("https://{HOST}")).unwrap(), PasswordCost { memory: 8, passes: 1 });
        let management = Management::with_password_cost(registry.acting_as(Actor::local("a test")), origin, cost);
        let view = management.view_invitation(&token, Visitor::default()).await.unwrap();
        let password = SecretText::new("correct horse battery".to_owned());
        let code = code(view.totp.secret.expose(), registry.clock.now());
        let means = AcceptanceMeans::Password { password: &password, handle: &view.totp.handle, code: &code };
        let acceptance = Acceptance { name: "Ann", email: None, means };
        management.accept_invitation(&token, &acceptance, Visitor::default()).await.unwrap().member
    }

    pub(crate) async fn token(&self, form: &str, headers: &str) -> Answer {
        let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
        self.send("POST", "/admin/v1/token", &headers, form).await
    }

    pub(crate) async fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n{headers}{length}\r\n{body}");
        send(self.address, request.as_bytes()).await
    }

    /// As somebody, with headers that end in CRLF.
    pub(crate) async fn ask(&self, who: &str, (method, target): (&str, &str), headers: &str, body: Option<&Value>) -> Answer {
        let content = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        let headers = format!("Authorization: Bearer {}\r\n{content}{headers}", self.tokens[who]);
        self.send(method, target, &headers, &body.map(Value::to_string).unwrap_or_default()).await
    }

    pub(crate) async fn get(&self, who: &str, target: &str) -> Answer {
        self.ask(who, ("GET", target), "", None).await
    }

    pub(crate) async fn post(&self, who: &str, target: &str, body: &Value) -> Answer {
        self.ask(who, ("POST", target), "", Some(body)).await
    }

    /// Changes whatever version there is.
    pub(crate) async fn patch(&self, who: &str, target: &str, body: &Value) -> Answer {
        self.ask(who, ("PATCH", target), "If-Match: *\r\n", Some(body)).await
    }

    /// The path of a client of the world.
    pub(crate) fn client(&self, name: &str) -> String {
        format!("/admin/v1/environments/sandbox/clients/{}", self.server.world.client("sandbox", name).id)
    }

    pub(crate) fn tenant(&self, name: &str) -> String {
        self.server.world.tenant(name).to_string()
    }
}

/// Sees that an answer is a problem of a kind.
#[track_caller]
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((problem["code"].as_str(), problem["status"].as_u64()), (Some(code), Some(status.into())), "{problem}");
    assert_eq!(problem["type"], format!("/admin/v1/docs#problem-{code}"));
    assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
}
