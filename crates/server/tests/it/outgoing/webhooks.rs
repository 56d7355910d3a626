//! Notices that are delivered: to a receiver of TLS on this machine, which keeps what it is sent.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mintmark::outgoing::{FetchLimits, GuardedClient, Rules};
use mintmark::webhooks::Courier;
use mintmark_core::clock::Clock;
use mintmark_core::model::{Delivery, DeliveryState, EnvironmentName, Status, TenantId, Webhook};
use mintmark_core::notice::NoticeKind;
use mintmark_core::registry::Grace;
use mintmark_core::store::{AuditFilter, NoticeStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{NAME, Names};
use crate::fixture::pki::Authority;
use crate::fixture::{ACME, GLOBEX, TestServer, get, in_time};
use crate::foreign::tools;

/// A request as a receiver has it.
#[derive(Clone, Debug)]
struct Received {
    method: String,
    uri: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A receiver. The path of a URL says what it answers: `/503` with that, `/silence` with nothing.
struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    folder: TempDir,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    async fn start() -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("authority.pem"), &authority.pem).unwrap();
        let acceptor = TlsAcceptor::from(authority.server(&[NAME]).server_config());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&received);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(receive(acceptor.clone(), stream, Arc::clone(&all)));
            }
        });
        Self { address, received, folder, task }
    }

    fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.address.port())
    }

    fn client(&self, clock: Arc<dyn Clock>) -> Arc<GuardedClient> {
        let here = vec![format!("{NAME}:{}", self.address.port())];
        self.client_by(Rules { allow: here.clone(), allow_tenants: here, ..Rules::default() }, clock)
    }

    fn client_by(&self, rules: Rules, clock: Arc<dyn Clock>) -> Arc<GuardedClient> {
        let limits = FetchLimits { total: Duration::from_millis(500), ..FetchLimits::default() };
        let (file, names) = (self.folder.path().join("authority.pem"), Names::all_at("127.0.0.1"));
        Arc::new(GuardedClient::new(rules, limits, Some(&file), names, clock).unwrap())
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn receive(acceptor: TlsAcceptor, stream: tokio::net::TcpStream, all: Arc<Mutex<Vec<Received>>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())).unwrap();
    let headers: BTreeMap<_, _> = lines.map(header).collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while read.len() < end + length {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
    }
    let uri = format!("https://{}{path}", headers["host"]);
    let body = read[end..end + length].to_vec();
    all.lock().unwrap().push(Received { method, uri, headers, body });
    if path == "/silence" {
        let _ = stream.read_to_end(&mut Vec::new()).await;
        return;
    }
    let status = path.trim_start_matches('/').split('?').next().unwrap().parse().unwrap_or(204);
    let answer = format!("HTTP/1.1 {status} x\r\nLocation: https://127.0.0.1/\r\nContent-Length: 1000000\r\n\r\nprivate");
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// A node that tells endpoints.
struct Telling {
    server: TestServer,
    receiver: Receiver,
    courier: Courier,
    environment: EnvironmentName,
}

impl Telling {
    async fn start() -> Self {
        let (server, receiver) = (TestServer::start().await, Receiver::start().await);
        let client = receiver.client(Arc::clone(&server.clock) as Arc<dyn Clock>);
        let courier = Courier::new(client, "node".to_owned());
        Self { server, receiver, courier, environment: "sandbox".parse().unwrap() }
    }

    /// One that lets the operator's endpoints alone be on this machine.
    async fn start_closed_to_tenants() -> Self {
        let mut telling = Self::start().await;
        let rules =
            Rules { allow: vec![format!("{NAME}:{}", telling.receiver.address.port())], private: true, ..Rules::default() };
        let client = telling.receiver.client_by(rules, Arc::clone(&telling.server.clock) as Arc<dyn Clock>);
        telling.courier = Courier::new(client, "node".to_owned());
        telling
    }

    async fn endpoint(&self, tenant: Option<&str>, path: &str) -> Webhook {
        self.endpoint_at(tenant, &self.receiver.url(path), &[]).await
    }

    async fn endpoint_at(&self, tenant: Option<&str>, url: &str, kinds: &[NoticeKind]) -> Webhook {
        let tenant: Option<TenantId> = tenant.map(|name| self.server.world.tenant(name));
        self.server.registry.add_webhook(&self.environment, tenant, url, kinds).await.unwrap()
    }

    async fn test(&self, webhook: &Webhook) -> String {
        self.server.registry.test_webhook(&self.environment, webhook.id).await.unwrap().id.to_string()
    }

    /// A round, and all that it begins.
    async fn round(&mut self) {
        let round = async {
            self.courier.round(&self.server.node).await.unwrap();
            self.courier.come_back().await;
        };
        Box::pin(in_time("deliveries", round)).await;
    }

    async fn deliveries(&self, webhook: &Webhook) -> Vec<Delivery> {
        self.server.registry.store.deliveries(webhook.id, None, 100).await.unwrap()
    }

    async fn rotate(&self, client: &str) {
        let known = self.server.world.client("sandbox", client);
        let (id, old) = (known.id.parse().unwrap(), known.credential_id.parse().unwrap());
        self.server.registry.start_rotation((&self.environment, &id), old, Grace::OneDay, None).await.unwrap();
    }

    /// The published key of a name.
    async fn key(&self, kid: &str) -> Vec<u8> {
        let answer = self.server.send(get("/.well-known/mintmark-webhook-keys", "")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwk-set+json")));
        let jwks: Value = answer.json();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap().clone();
        assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some("OKP"), Some("Ed25519")));
        URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap()
    }
}

/// What a receiver does with RFC 9421 and RFC 9530 in hand, from the headers alone.
async fn verified(telling: &Telling, received: &Received) -> Value {
    let input = received.headers["signature-input"].strip_prefix("mintmark=").unwrap().to_owned();
    let kid = input.split("keyid=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(input.contains(";alg=\"ed25519\"") && input.ends_with(";tag=\"mintmark-webhook\""), "{input}");
    let names = input.strip_prefix('(').unwrap().split(')').next().unwrap();
    let mut base = String::new();
    for name in names.split(' ') {
        let value = match name.trim_matches('"') {
            "@method" => received.method.clone(),
            "@target-uri" => received.uri.clone(),
            header => received.headers[header].clone(),
        };
        base.extend([name, ": ", &value, "\n"]);
    }
    base.extend(["\"@signature-params\": ", &input]);
    let signature = received.headers["signature"].strip_prefix("mintmark=:").unwrap().strip_suffix(':').unwrap();
    let key = telling.key(&kid).await;
    UnparsedPublicKey::new(&ED25519, key).verify(base.as_bytes(), &STANDARD.decode(signature).unwrap()).unwrap();
    let expected = format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, &received.body)));
    assert_eq!(received.headers["content-digest"], expected);
    serde_json::from_slice(&received.body).unwrap()
}

#[tokio::test]
async fn a_rotation_is_told_signed_to_its_tenant_and_the_operator_and_to_nobody_else() {
    let mut telling = Telling::start().await;
    let own = telling.endpoint(Some(ACME), "/204?who=acme").await;
    telling.endpoint(Some(GLOBEX), "/204?who=globex").await;
    telling.endpoint(None, "/200?who=operator").await;
    let url = telling.receiver.url("/204?who=choosy");
    telling.endpoint_at(Some(ACME), &url, &[NoticeKind::LeakQuarantined]).await;
    telling.rotate("standard").await;
    telling.round().await;
    telling.round().await;
    let mut received = telling.receiver.received();
    received.sort_by(|one, other| one.uri.cmp(&other.uri));
    assert_eq!(received.len(), 2, "{received:?}");
    let (operator, acme) = (verified(&telling, &received[0]).await, verified(&telling, &received[1]).await);
    assert!(received[0].uri.ends_with("/200?who=operator") && received[1].uri.ends_with("/204?who=acme"));
    assert_eq!(operator, acme, "the same notice");
    assert_eq!(acme["kind"], "secret.rotation");
    assert_eq!((&acme["environment"], &acme["data"]["step"]), (&json!("sandbox"), &json!("started")));
    assert_eq!(acme["tenant"], telling.server.world.tenant(ACME).to_string());
    assert!(!String::from_utf8_lossy(&received[1].body).contains("mms_"));
    let done = telling.deliveries(&own).await;
    assert_eq!((done.len(), done[0].state, done[0].answer, done[0].tries), (1, DeliveryState::Delivered, Some(204), 1));
}

#[tokio::test]
async fn what_fails_is_tried_again_later_with_the_same_id_and_body() {
    for path in ["/503", "/302", "/silence"] {
        let mut telling = Telling::start().await;
        let webhook = telling.endpoint(Some(ACME), path).await;
        let id = telling.test(&webhook).await;
        telling.round().await;
        telling.round().await;
        assert_eq!(telling.receiver.received().len(), 1, "{path}: not before the pause is over");
        let waiting = telling.deliveries(&webhook).await.remove(0);
        assert_eq!((waiting.state, waiting.tries), (DeliveryState::Waiting, 1));
        let answer = path.trim_start_matches('/').parse().unwrap_or(0);
        assert_eq!(waiting.answer, Some(answer), "{path}");
        telling.server.clock.advance(40);
        telling.round().await;
        let received = telling.receiver.received();
        assert_eq!(received.len(), 2, "{path}");
        assert_eq!(received[0].body, received[1].body);
        assert_eq!(verified(&telling, &received[1]).await["id"], id);
        assert_ne!(received[0].headers["signature"], received[1].headers["signature"], "a signature is of its own time");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_turned_off_and_the_audit_says_so() {
    let mut telling = Telling::start().await;
    let webhook = telling.endpoint(Some(ACME), "/410").await;
    for _ in 0..3 {
        telling.test(&webhook).await;
    }
    telling.round().await;
    assert_eq!(telling.receiver.received().len(), 1);
    let stored = telling.server.registry.store.webhook(&telling.environment, webhook.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.version), (Status::Disabled, 2));
    assert!(telling.deliveries(&webhook).await.iter().all(|one| one.state == DeliveryState::Failed));
    let row = telling.server.registry.store.audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.actor.as_str()), ("webhook.edit", "mintmark"));
}

#[tokio::test]
async fn a_dead_endpoint_with_much_that_waits_costs_one_try_and_delays_no_other() {
    let mut telling = Telling::start().await;
    let dead = telling.endpoint(Some(ACME), "/silence").await;
    let live = telling.endpoint(Some(GLOBEX), "/204").await;
    for _ in 0..20 {
        telling.test(&dead).await;
        telling.test(&live).await;
    }
    telling.round().await;
    telling.round().await;
    let received = telling.receiver.received();
    let silent = received.iter().filter(|one| one.uri.ends_with("/silence")).count();
    assert_eq!((silent, received.len() - silent), (1, 20));
    assert!(telling.deliveries(&live).await.iter().all(|one| one.state == DeliveryState::Delivered));
}

#[tokio::test]
async fn s21_an_endpoint_inside_the_servers_network_is_asked_for_nothing() {
    let mut telling = Telling::start().await;
    let trap = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = trap.local_addr().unwrap().port();
    for host in ["127.0.0.1", "[::1]", "169.254.169.254", "trap.example"] {
        let webhook = telling.endpoint_at(Some(GLOBEX), &format!("https://{host}:{port}/"), &[]).await;
        telling.test(&webhook).await;
        telling.round().await;
        let tried = telling.deliveries(&webhook).await.remove(0);
        assert_eq!((tried.state, tried.answer), (DeliveryState::Waiting, Some(0)), "{host}: and nothing more is told");
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), trap.accept()).await.is_err(), "somebody came");
}

#[tokio::test]
async fn s21_what_the_operator_opened_for_its_own_endpoints_is_closed_to_those_of_tenants() {
    let mut telling = Telling::start_closed_to_tenants().await;
    let tenants = telling.endpoint(Some(ACME), "/204?who=acme").await;
    let operators = telling.endpoint(None, "/204?who=operator").await;
    telling.test(&tenants).await;
    telling.test(&operators).await;
    telling.round().await;
    let received = telling.receiver.received();
    assert!(received.len() == 1 && received[0].uri.ends_with("who=operator"), "{received:?}");
    let tried = telling.deliveries(&tenants).await.remove(0);
    assert_eq!((tried.state, tried.answer), (DeliveryState::Waiting, Some(0)), "as where nobody takes a connection");
}

#[tokio::test]
async fn of_two_nodes_one_delivers() {
    let mut telling = Telling::start().await;
    let webhook = telling.endpoint(Some(ACME), "/204").await;
    telling.test(&webhook).await;
    let client = telling.receiver.client(Arc::clone(&telling.server.clock) as Arc<dyn Clock>);
    let mut other = Courier::new(client, "other".to_owned());
    telling.courier.round(&telling.server.node).await.unwrap();
    other.round(&telling.server.node).await.unwrap();
    other.come_back().await;
    telling.courier.come_back().await;
    assert_eq!(telling.receiver.received().len(), 1);
    telling.server.clock.advance(121);
    telling.test(&webhook).await;
    other.round(&telling.server.node).await.unwrap();
    other.come_back().await;
    assert_eq!(telling.receiver.received().len(), 2, "the lease was over");
}

#[tokio::test]
async fn a_tenant_has_ten_endpoints_and_their_urls_are_https() {
    let telling = Telling::start().await;
    let tenant = Some(telling.server.world.tenant(GLOBEX));
    let add = async |url: &str| telling.server.registry.add_webhook(&telling.environment, tenant, url, &[]).await;
    for bad in ["", "http://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#b", "https://a b/"] {
        let refused = add(bad).await.unwrap_err().to_string();
        assert!(refused.starts_with("url: expected a URL"), "{bad}: {refused}");
    }
    for _ in 0..10 {
        add("https://a.example/").await.unwrap();
    }
    assert!(add("https://a.example/").await.unwrap_err().to_string().contains("10 endpoints"));
}

/// Another implementation of RFC 9421 and RFC 9530 than ours.
#[tokio::test]
async fn a_foreign_implementation_verifies_a_delivery_and_refuses_each_change_of_it() {
    let Some(python) = tools::python_with_signatures() else { return };
    let mut telling = Telling::start().await;
    let webhook = telling.endpoint(Some(ACME), "/204?a=b").await;
    telling.test(&webhook).await;
    telling.round().await;
    let received = telling.receiver.received().remove(0);
    let jwks = telling.server.send(get("/.well-known/mintmark-webhook-keys", "")).await.json();
    let body = String::from_utf8(received.body.clone()).unwrap();
    let given = json!({
        "method": received.method, "url": received.uri, "headers": received.headers, "body": body, "jwks": jwks,
    });
    let file = telling.receiver.folder.path().join("delivery.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let script = tools::clients().join("python/webhook.py");
    let input = std::fs::File::open(&file).unwrap();
    let output = std::process::Command::new(python).arg(script).stdin(input).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && stdout.contains("verified"), "{stdout}{stderr}");
}
