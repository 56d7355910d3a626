//! Who answers which request, and what becomes of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Request;
use http_body_util::BodyExt;
use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::{HashScheme, ImportedHash, RootKeys};
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::ScopeDefinition;
use mintmark_core::model::{BusinessAccess, BusinessId, KeyState, Status, TenantId};
use mintmark_core::random::SeededRandom;
use mintmark_core::registry::{
    Actor, BusinessEdit, ClientEdit, ClientSecurity, ClientToImport, CreatedClient, CredentialToImport, ImportPlace,
    ImportVerdict, NewBusiness, NewClient, NewEnvironment, NewGrant, ProofToImport, ResourceEdit,
};
use mintmark_core::store::memory::MemoryStore;
use mintmark_verify::Algorithm;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const NOW: i64 = 1_777_653_568;
/// What the existing endpoint answers.
const OLD: &str = r#"{"access_token":"old","token_type":"Bearer","expires_in":300}"#;
const FORM: &str = "application/x-www-form-urlencoded";

/// A server that answers everything alike, and counts.
struct Server {
    url: String,
    asked: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(status: &'static str, body: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, heads) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, noted) = (Arc::clone(&asked), Arc::clone(&heads));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut received = vec![0; 64 * 1024];
                // What is sent here comes in one piece.
                let read = stream.read(&mut received).await.unwrap_or(0);
                count.fetch_add(1, Ordering::Relaxed);
                noted.lock().unwrap().push(String::from_utf8_lossy(&received[..read]).to_lowercase());
                let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
                let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
            }
        });
        Self { url, asked, heads }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

struct World {
    registry: Registry<MemoryStore>,
    clock: Arc<FakeClock>,
    tenant: TenantId,
    old: Server,
    new: Server,
    shadow: Arc<Shadow<MemoryStore>>,
}

fn name() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

impl World {
    async fn new() -> Self {
        Self::with("200 OK", OLD.to_owned(), &["moved"]).await
    }

    async fn with(status: &'static str, answered: String, moved: &[&str]) -> Self {
        let clock = Arc::new(FakeClock::at(NOW));
        let root_keys = Arc::new(RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap());
        let registry = Registry {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(3)),
            root_keys,
            dialects: DialectSet::load(&[]).unwrap(),
            actor: Actor::local("test"),
        };
        let issuer = "https://mintmark.invalid";
        let new = NewEnvironment { name: name(), issuer: issuer.to_owned(), algorithm: Algorithm::Es256, lifetime_max: 3600 };
        let sealer = (&registry.root_keys.sealer, &*registry.random);
        let key = new_signing_key(&name(), Algorithm::Es256, KeyState::Active, registry.clock.now(), sealer).unwrap();
        registry.create_environment(new, vec![key]).await.unwrap();
        let scope = ScopeDefinition { name: "read".parse().unwrap(), description: String::new() };
        let edit = ResourceEdit { add_scopes: vec![scope], ..ResourceEdit::default() };
        registry.edit_resource(&name(), &issuer.parse().unwrap(), &edit).await.unwrap();
        let tenant = registry.create_tenant("Acme").await.unwrap().id;
        let old = Server::start(status, answered).await;
        let new = Server::start("200 OK", r#"{"from":"mintmark"}"#.to_owned()).await;
        let record = registry.store.environments().await.unwrap().value.remove(0);
        let servers = (Upstream::new(&old.url).unwrap(), Some(Upstream::new(&new.url).unwrap()));
        let plan = Plan::of(moved.iter().map(|id| id.parse().unwrap()));
        let shadow = Shadow::new(&registry, record, DirectoryLimits::default(), servers, (plan, Sources::default())).await;
        let world = Self { registry, clock, tenant, old, new, shadow: Arc::new(shadow.unwrap()) };
        for id in ["active", "moved", "off"] {
            world.client(id).await;
        }
        world.edit("off", |edit| edit.status = Some(Status::Disabled)).await;
        world
    }

    async fn client(&self, id: &str) -> CreatedClient {
        let created = self.registry.create_client(NewClient {
            environment: name(),
            tenant_id: self.tenant,
            id: Some(id.parse().unwrap()),
            name: id.to_owned(),
            dialects: vec!["standard".parse().unwrap()],
            grants: vec![NewGrant { resource: None, scopes: vec!["read".parse().unwrap()].into_iter().collect() }],
            businesses: BusinessAccess::All,
            lifetime_max: None,
            attributes: std::collections::BTreeMap::new(),
            security: ClientSecurity::default(),
            serves: Vec::new(),
            secret_expires_at: None,
        });
        let created = created.await.unwrap();
        self.poll().await;
        created
    }

    async fn edit(&self, id: &str, change: impl FnOnce(&mut ClientEdit)) {
        let mut edit = ClientEdit::default();
        change(&mut edit);
        self.registry.edit_client(&name(), &id.parse().unwrap(), &edit).await.unwrap();
        self.poll().await;
    }

    async fn import(&self, id: &str, secret: &str) {
        let mut key = [0; 32];
        derive(PBKDF2_HMAC_SHA256, std::num::NonZeroU32::MIN, b"salt", secret.as_bytes(), &mut key);
        let hash = ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha256, 1, b"salt", &key).unwrap();
        let dialects = vec!["standard".parse().unwrap()];
        let place = ImportPlace { environment: name(), tenant_id: self.tenant, from: "hydra", resource: None, dialects };
        let client = ClientToImport {
            id: id.parse().unwrap(),
            name: None,
            status: Status::Active,
            scopes: vec!["read".parse().unwrap()],
            lifetime_max: None,
            credentials: vec![CredentialToImport { proof: ProofToImport::Hash(hash), expires_at: None }],
        };
        let done = self.registry.import(place).await.unwrap().run(vec![client], false).await.unwrap();
        assert_eq!(done[0].verdict, ImportVerdict::Made);
        self.poll().await;
    }

    async fn poll(&self) {
        self.shadow.endpoint.directory.poll().await.unwrap();
    }

    async fn ask(&self, request: Whole) -> (u16, String) {
        let response = Arc::clone(&self.shadow).answer(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Whether the existing endpoint's answer comes back.
    async fn is_old(&self, request: Whole) -> bool {
        self.ask(request).await == (200, OLD.to_owned())
    }

    /// The count of a client, once no comparison is under way.
    async fn counted(&self, who: &str) -> serde_json::Value {
        drop(self.shadow.comparing.acquire_many(COMPARED_AT_ONCE).await.unwrap());
        let counts = self.shadow.counts.lock().unwrap().to_json();
        let mut all = counts["clients"].as_array().unwrap().iter();
        all.find(|one| one["client_id"] == who).unwrap_or_else(|| panic!("{who}: {counts}")).clone()
    }
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Whole {
    let mut built = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        built = built.header(*name, *value);
    }
    let (head, ()) = built.body(()).unwrap().into_parts();
    Whole { peer: "127.0.0.1:5".parse().unwrap(), head, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn form(body: &str) -> Whole {
    request("POST", "/oauth/token", &[("content-type", FORM)], body)
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

const GRANT: &str = "grant_type=client_credentials";

fn good(id: &str, secret: &str) -> Whole {
    form(&format!("{GRANT}&client_id={id}&client_secret={secret}"))
}

/// Requests in which a client can be meant that Mintmark's dialect does not read as a good request of its.
fn variants(id: &str) -> Vec<Whole> {
    let authorization = basic(id, "x");
    let other = basic("stranger", "x");
    let json = format!(r#"{{"client_id":"stranger","client_id":"{id}","client_secret":"x"}}"#);
    let part = format!("--B\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\n{id}\r\n--B--\r\n");
    let encoded = id.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"));
    let type_form = ("content-type", FORM);
    vec![
        good(id, "x"),
        form(&format!("client_id={id}&client_secret=x")),
        form(&format!("{GRANT}&{GRANT}&client_id={id}&client_secret=x")),
        form(&format!("{GRANT}&client_id={id}&client_secret=x&client_secret=y")),
        form(&format!("{GRANT}&client_id=stranger&client_id={id}&client_secret=x")),
        form(&format!("{GRANT}&client_id={id}&client_id=stranger&client_secret=x")),
        form(&format!("{GRANT}&client_id={id}&client_secret=mms_sandbox_broken")),
        form(&format!("grant_type=password&username=u&password=p&client_id={id}&client_secret=x")),
        form(&format!("{GRANT}&client%5fid={encoded}&client_secret=x")),
        form(&format!("{GRANT}&clientId={id}&secret=x")),
        form(&format!("{GRANT}&client_id={id}")),
        request(
            "POST",
            "/oauth/token",
            &[type_form, ("authorization", &authorization)],
            &format!("{GRANT}&client_id=stranger"),
        ),
        request(
            "POST",
            "/oauth/token",
            &[type_form, ("authorization", &other)],
            &format!("{GRANT}&client_id={id}&client_secret=x"),
        ),
        request("POST", "/oauth/token", &[("authorization", &other), ("authorization", &authorization)], GRANT),
        request("POST", &format!("/oauth/token?client_id={id}&client_secret=x"), &[type_form], GRANT),
        request("GET", &format!("/oauth/token?{GRANT}&client_id={id}&client_secret=x"), &[], ""),
        request("PUT", "/oauth/token", &[type_form, ("authorization", &authorization)], GRANT),
        request("POST", "/oauth/token", &[("content-type", "application/json")], &json),
        request("POST", "/oauth/token", &[("content-type", "text/plain")], &format!("client_id={id}")),
        request("POST", "/oauth/token", &[], &format!("client_id={id}")),
        request("POST", "/oauth/token", &[("content-type", "multipart/form-data; boundary=B")], &part),
        request("POST", "/oauth/token/", &[type_form, ("authorization", &authorization)], GRANT),
        request("POST", "//oauth/token", &[type_form, ("authorization", &authorization)], GRANT),
        request("POST", "/oauth/%74oken", &[type_form, ("authorization", &authorization)], GRANT),
        request("POST", "/oauth/x/../token", &[type_form, ("authorization", &authorization)], GRANT),
        request("POST", "/OAUTH/TOKEN", &[type_form, ("authorization", &authorization)], GRANT),
    ]
}

#[tokio::test]
async fn s26_a_client_that_was_turned_off_gets_nothing_from_the_old_endpoint_however_it_asks() {
    let world = World::new().await;
    for (at, request) in variants("off").into_iter().enumerate() {
        let (status, body) = world.ask(request).await;
        assert!(status >= 400 && body != OLD, "{at}: {status} {body}");
    }
    assert_eq!((world.old.asked(), world.new.asked()), (0, 0), "nobody is asked");
}

#[tokio::test]
async fn s26_a_client_that_was_moved_is_answered_by_mintmark_alone_however_it_asks() {
    let world = World::new().await;
    let variants = variants("moved");
    let count = variants.len();
    for (at, request) in variants.into_iter().enumerate() {
        assert_eq!(world.ask(request).await.1, r#"{"from":"mintmark"}"#, "{at}");
    }
    assert_eq!((world.old.asked(), world.new.asked()), (0, count));
}

#[tokio::test]
async fn clients_that_mintmark_does_not_have_and_those_that_are_not_moved_are_answered_by_the_old_endpoint() {
    let world = World::new().await;
    for id in ["active", "stranger"] {
        for (at, request) in variants(id).into_iter().enumerate() {
            // The one with two media types, and others that no two servers read alike, are told apart in the tests of names.
            assert!(world.is_old(request).await, "{id} {at}");
        }
    }
    assert!(world.counted("(unknown)").await["not_imported"].as_u64().unwrap() > 10);
}

/// As a database compares that knows no capitals (hazard: CVE-2026-55170).
#[tokio::test]
async fn s26_a_name_that_the_old_endpoint_may_take_for_that_of_a_client_that_was_turned_off_is_its_name() {
    let world = World::new().await;
    world.shadow.keep_alike().await.unwrap();
    for name in ["OFF", "Off", "off%20", "%20off", "oFF+"] {
        assert_eq!(world.ask(good(name, "x")).await.0, 401, "{name}");
    }
    assert_eq!(world.ask(good("MOVED", "x")).await.1, r#"{"from":"mintmark"}"#);
    assert_eq!(world.old.asked(), 0);
    assert!(world.is_old(good("ACTIVE", "x")).await);
}

#[tokio::test]
async fn s26_reading_the_names_of_all_clients_delays_no_change() {
    let world = World::new().await;
    let mut paused = world.registry.store.pause_reads();
    let names = tokio::spawn(keep_names(Arc::clone(&world.shadow)));
    paused.holding(1).await;
    let tenant = world.registry.create_tenant("Globex").await.unwrap();
    let head = world.registry.store.feed(mintmark_core::model::Position(0), 1).await.unwrap().head;
    let following = tokio::spawn(follow(Arc::clone(&world.shadow)));
    let applied = async {
        while world.shadow.endpoint.directory.applied_position() < head {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), applied).await.unwrap_or_else(|_| panic!("{} is not known", tenant.name));
    assert!(!names.is_finished());
    names.abort();
    following.abort();
}

#[tokio::test]
async fn the_report_is_written_when_there_is_more_to_tell_and_whole_at_the_end() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (report, end) = (folder.path().join("report.json"), Arc::new(Notify::new()));
    assert!(world.is_old(good("stranger", "x")).await);
    end.notify_one();
    keep_report(Arc::clone(&world.shadow), Some(report.clone()), Arc::clone(&end)).await;
    let read = || serde_json::from_slice::<serde_json::Value>(&std::fs::read(&report).unwrap()).unwrap();
    let first = read();
    let copy = world.shadow.counted();
    assert!(world.is_old(good("stranger", "x")).await);
    assert_eq!(first, copy.to_json(), "a copy stays what it was");
    assert!(world.shadow.notes() > copy.notes());
    end.notify_one();
    keep_report(Arc::clone(&world.shadow), Some(report.clone()), end).await;
    assert_ne!(read(), first);
}

#[tokio::test]
async fn s26_a_clients_tenant_that_was_turned_off_ends_it_too() {
    let world = World::new().await;
    world.registry.set_tenant_status(world.tenant, Status::Disabled).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(good("active", "x")).await.0, 401);
    assert_eq!(world.old.asked(), 0);
}

#[tokio::test]
async fn s26_nobody_is_taken_for_not_imported_while_the_store_is_away() {
    let world = World::new().await;
    assert!(world.is_old(good("active", "x")).await);
    let asked_before = world.old.asked();
    world.registry.store.fail(true);
    for id in ["unheard-of", "stranger"] {
        let (status, body) = world.ask(good(id, "x")).await;
        assert!(status == 503 && body.contains("temporarily_unavailable"), "{id}: {status} {body}");
    }
    assert_eq!(world.old.asked(), asked_before);
    assert!(world.is_old(good("active", "x")).await, "what is held is decided from for a while");
    world.clock.advance(300);
    for request in [good("active", "x"), good("off", "x"), good("stranger", "x")] {
        assert_eq!(world.ask(request).await.0, 503, "but not for ever (S14)");
    }
    assert_eq!(world.ask(form(GRANT)).await.0, 503);
    assert_eq!(world.ask(good("moved", "x")).await.0, 200, "Mintmark says itself what it can decide");
    assert!(world.counted("(no name)").await["unavailable"].as_u64().unwrap() >= 4);
    world.registry.store.fail(false);
    world.poll().await;
    assert!(world.is_old(good("stranger", "x")).await);
}

#[tokio::test]
async fn s26_a_secret_that_was_turned_off_is_refused_wherever_it_stands_and_another_one_is_not() {
    let world = World::new().await;
    let first = world.client("two-secrets").await;
    let two: ClientId = "two-secrets".parse().unwrap();
    let second = world.registry.add_secret(&name(), &two, None).await.unwrap();
    world.registry.disable_secret(&name(), &two, first.credential.id).await.unwrap();
    world.poll().await;
    let (ended, live) = (first.secret.text().expose().to_owned(), second.secret.text().expose().to_owned());
    let authorization = basic("two-secrets", "guess");
    let double = |secret: &str| format!("{GRANT}&client_id=two-secrets&client_secret={secret}");
    for (at, request) in [
        good("two-secrets", &ended),
        form(&format!("{}&{GRANT}", double(&ended))),
        form(&format!("{}&client_secret=y", double(&ended))),
        form(&format!("client_id=two-secrets&client_secret={ended}")),
        request("POST", "/oauth/token", &[("content-type", FORM), ("authorization", &authorization)], &double(&ended)),
        request(
            "POST",
            "/oauth/token",
            &[("content-type", FORM), ("authorization", &authorization)],
            &format!("{GRANT}&s={ended}"),
        ),
        good("two-secrets", "unknown-to-mintmark"),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, body) = world.ask(request).await;
        assert!(status >= 400 && body != OLD, "{at}: {status} {body}");
    }
    assert_eq!(world.old.asked(), 0);
    assert!(world.is_old(good("two-secrets", &live)).await);
}

#[tokio::test]
async fn s26_an_imported_secret_that_was_turned_off_is_refused_while_it_is_still_a_hash() {
    let world = World::new().await;
    world.import("imported", "old secret").await;
    let ask = || good("imported", "old+secret");
    assert!(world.is_old(ask()).await);
    assert_eq!(world.counted("imported").await["not_compared"], 0);
    let id: ClientId = "imported".parse().unwrap();
    let record = world.registry.store.client_record(&name(), &id).await.unwrap().value.unwrap();
    world.registry.disable_secret(&name(), &id, record.credentials[0].id).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(ask()).await.0, 401);
    assert_eq!(world.old.asked(), 1);
}

#[tokio::test]
async fn s26_a_business_that_was_turned_off_is_refused() {
    let world = World::new().await;
    let new = NewBusiness { environment: name(), tenant_id: world.tenant, name: "Shop".to_owned(), external_id: None };
    let shop: BusinessId = world.registry.create_business(new).await.unwrap().id;
    let ask = || form(&format!("{GRANT}&client_id=active&client_secret=x&business_id={shop}"));
    assert!(world.is_old(ask()).await);
    let closed = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&name(), world.tenant, shop, &closed).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(ask()).await.0, 401);
    assert!(world.is_old(good("active", "x")).await, "without it the client is served");
}

#[tokio::test]
async fn a_request_without_a_name_gets_the_old_endpoints_error_and_no_token() {
    let failing = World::with("400 Bad Request", r#"{"error":"invalid_request"}"#.to_owned(), &[]).await;
    assert_eq!(failing.ask(form(GRANT)).await, (400, r#"{"error":"invalid_request"}"#.to_owned()));
    let world = World::new().await;
    let (status, body) = world.ask(form(GRANT)).await;
    assert!(status == 401 && body != OLD, "{status} {body}");
    assert_eq!(world.counted("(no name)").await["refused"], 1);
}

#[tokio::test]
async fn s26_a_token_that_says_it_is_of_a_client_that_was_turned_off_is_not_handed_on() {
    for of in ["off", "moved"] {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(format!(r#"{{"azp":"{of}"}}"#)));
        let world = World::with("200 OK", format!(r#"{{"access_token":"{token}"}}"#), &["moved"]).await;
        let (status, body) = world.ask(good("stranger", "x")).await;
        assert!(status == 401 && !body.contains("access_token"), "{of}: {status} {body}");
    }
}

#[tokio::test]
async fn what_no_two_servers_read_alike_is_handed_to_none() {
    let world = World::new().await;
    let typed = |value: &str| request("POST", "/oauth/token", &[("content-type", value)], "client_id=stranger&client_secret=x");
    for odd in ["application/x-www-form-urlencoded; charset=ibm037", "application/xml"] {
        assert_eq!(world.ask(typed(odd)).await.0, 400, "{odd}");
    }
    let often = format!("/oauth/%{}74oken", "25".repeat(20));
    assert_eq!(world.ask(request("POST", &often, &[], "")).await.0, 400);
    assert_eq!(world.old.asked(), 0);
}

#[tokio::test]
async fn other_paths_are_handed_on_and_none_is_named_by_a_header() {
    let world = World::new().await;
    let headers = [("x-original-url", "/oauth/token"), ("x-rewrite-url", "/oauth/token"), ("mintmark-proxy-secret", "s3cret")];
    assert!(world.is_old(request("POST", "/other?client_id=off", &headers, "client_id=off")).await);
    let heads = world.old.heads.lock().unwrap().clone();
    assert!(heads[0].starts_with("post /other?client_id=off "), "{heads:?}");
    assert!(!heads[0].contains("/oauth/token") && !heads[0].contains("s3cret"), "{heads:?}");
}

#[tokio::test]
async fn differences_are_found_without_keeping_anybody_waiting_and_hold_no_secret() {
    let world = World::new().await;
    assert!(world.is_old(good("active", "a-secret-of-the-old-server")).await);
    let counted = world.counted("active").await;
    assert_eq!((&counted["different"], &counted["not_compared"]), (&1.into(), &0.into()), "{counted}");
    assert!(counted.to_string().contains("invalid_client") && !counted.to_string().contains("a-secret-of"), "{counted}");
    assert!(world.is_old(request("POST", "/oauth//token", &[("content-type", FORM)], "client_id=active")).await);
    assert!(world.counted("active").await.to_string().contains("another spelling of /oauth/token"));
}

#[tokio::test]
async fn an_old_endpoint_that_is_away_is_told_without_what_is_behind() {
    let world = World::new().await;
    let gone = Upstream::new("http://127.0.0.1:1").unwrap();
    let record = world.registry.store.environments().await.unwrap().value.remove(0);
    let parts = (Plan::default(), Sources::default());
    let shadow = Shadow::new(&world.registry, record, DirectoryLimits::default(), (gone, None), parts).await.unwrap();
    let response = Arc::new(shadow).answer(good("active", "x")).await;
    assert_eq!(response.status(), 502);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "mintmark: the token endpoint gave no answer\n");
}
