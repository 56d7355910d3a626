//! Signing keys rotated under steady load, in front of every kind of verifier at once: nobody who has a good token is refused.
//!
//! The schedule is the real one, made shorter: a key is published, those that keep keys fetch them anew, and only then it signs. Where
//! it is 900 s and 300 s in life, the verifiers here ask every second or sooner
//! (`mintmark-verify` every ten), and a key signs once each of them has asked twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as Segment, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::Value;
use tokio::task::JoinSet;

use super::guard::{Guard, client};
use super::languages::{AUTHLIB, GO, JOSE, PYJWT, of_go, of_node, of_python};
use super::upstream::Upstream;
use super::verify_endpoint::VerifyEndpoint;
use super::{caddy, envoy, haproxy, nginx, resource_server};
use crate::fixture::{Dev, Finished, eventually, missing};
use crate::foreign::tools::{node, python};

const ROTATIONS: usize = 3;
/// Requests that each verifier must have let pass with a token of the newest key before the next rotation.
const ENOUGH: u64 = 25;
/// The service of `examples/resource-server`.
const MINTMARK_VERIFY: &str = "mintmark-verify";
/// Between two requests of one stream.
const PACE: Duration = Duration::from_millis(20);
/// Tokens of each key that are in use at a time.
const TOKENS_OF_A_KEY: usize = 4;

/// Streams of requests to each verifier: one for the tests, more to see more (`MINTMARK_TEST_STREAMS`).
fn streams() -> usize {
    missing::variable("MINTMARK_TEST_STREAMS").map_or(1, |streams| streams.parse().unwrap())
}

/// The JWKS of a server at a path for each verifier, so that it is known who holds which keys.
#[derive(Clone, Default)]
struct Front {
    jwks_uri: String,
    metadata_uri: String,
    /// The key ids that a verifier was given last, and how often in a row.
    given: Arc<Mutex<BTreeMap<String, Given>>>,
}

type Given = (BTreeSet<String>, usize);

impl Front {
    /// Its keys may be kept for ten seconds, the shortest time that `mintmark-verify` hears.
    async fn jwks(State(front): State<Self>, Segment(verifier): Segment<String>) -> Result<impl IntoResponse, StatusCode> {
        // At the end of the test the server ends before those who ask it.
        let answer = client().get(&front.jwks_uri).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        let text = answer.text().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        let jwks: Value = serde_json::from_str(&text).unwrap();
        let kids = kids(&jwks["keys"]);
        let mut given = front.given.lock().unwrap();
        let (last, times) = given.entry(verifier).or_default();
        *times = if *last == kids { *times + 1 } else { 1 };
        *last = kids;
        Ok(([("cache-control", "max-age=10")], text))
    }

    /// What the issuer says of itself, but for where the keys are: for a follower that finds them so.
    async fn metadata(State(front): State<Self>, headers: HeaderMap, Segment(verifier): Segment<String>) -> String {
        let answer = client().get(&front.metadata_uri).send().await.unwrap();
        let mut metadata: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        metadata["jwks_uri"] = format!("http://{}/{verifier}/jwks.json", headers["host"].to_str().unwrap()).into();
        metadata.to_string()
    }

    /// Waits until each of these got the keys twice, and maybe others that the server has published meanwhile: with the second question the first answer is in force.
    async fn all_hold(&self, published: &BTreeSet<String>, followers: &[&str]) {
        eventually("every verifier asking for the keys", async || {
            let given = self.given.lock().unwrap();
            let has = |name: &&str| given.get(*name).is_some_and(|(kids, times)| kids.is_superset(published) && *times >= 2);
            followers.iter().all(has).then_some(())
        })
        .await;
    }
}

fn kids(keys: &Value) -> BTreeSet<String> {
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Where a verifier has its keys from.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    /// It has none: it asks Mintmark about each request.
    Elsewhere,
    /// It fetches them every now and then.
    Followed,
    /// They are put into its files.
    Fed,
}

/// A verifier under load.
struct Loaded {
    name: &'static str,
    guard: Guard,
    keys: Keys,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    passed: AtomicU64,
    /// Of these, with a token of the key that signs now.
    passed_new: AtomicU64,
    refused: AtomicU64,
    /// No answer, or one that says nothing of the token.
    failed: AtomicU64,
    last_trouble: Mutex<String>,
}

/// Tokens of all keys so far; the last entry's key signs now.
type Tokens = Arc<Mutex<Vec<(String, Vec<String>)>>>;

/// A server with what stands in front of its services.
struct Scene {
    dev: Dev,
    data: String,
    front: Front,
    front_uri: String,
    verifiers: Vec<Loaded>,
    tokens: Tokens,
    _kept: [Upstream; 2],
}

impl Scene {
    async fn set(data: &Path) -> Self {
        let dev = Dev::start(data).await;
        let issuer = dev.document["environments"][0]["issuer"].as_str().unwrap().to_owned();
        assert_eq!(dev.document["environments"][0]["name"], "sandbox");
        let well_known = |name| format!("{issuer}/.well-known/{name}");
        let (jwks_uri, metadata_uri) = (well_known("jwks.json"), well_known("oauth-authorization-server"));
        let front = Front { jwks_uri, metadata_uri, ..Front::default() };
        let routes = Router::new().route("/{verifier}/jwks.json", get(Front::jwks));
        let routes = routes.route("/{verifier}/metadata.json", get(Front::metadata)).with_state(front.clone());
        let front_server = Upstream::serve(routes).await;
        let front_uri = format!("http://{}", front_server.address);
        let upstream = Upstream::start().await;
        let data = data.to_str().unwrap().to_owned();
        let endpoint = VerifyEndpoint::of_dev(&dev, &data).await;
        let verifiers = verifiers(&issuer, &front_uri, &endpoint, &upstream).await;
        let tokens = Tokens::default();
        Self { dev, data, front, front_uri, verifiers, tokens, _kept: [upstream, front_server] }
    }

    /// `mintmark key`, and what it says.
    async fn key(&self, what: &[&str]) -> Value {
        let more = ["--environment", "sandbox", "--json", "--data-dir", &self.data];
        let words: Vec<String> = ["key"].iter().chain(what).chain(&more).map(|&word| word.to_owned()).collect();
        let run = move || Finished::good(&words.iter().map(String::as_str).collect::<Vec<_>>()).json();
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// What happens in life between the publication of a key and its use.
    async fn keys_are_fetched(&self) {
        let of = |keys| self.verifiers.iter().filter(move |verifier| verifier.keys == keys);
        let published = kids(&self.key(&["list"]).await);
        self.front.all_hold(&published, &of(Keys::Followed).map(|verifier| verifier.name).collect::<Vec<_>>()).await;
        for verifier in of(Keys::Fed) {
            let loads = || verifier.guard.program.log().matches("Loading success").count();
            let before = loads();
            if haproxy::feed(&verifier.guard, &format!("{}/{}/jwks.json", self.front_uri, verifier.name)).await {
                eventually("a reload", async || (loads() > before).then_some(())).await;
            }
        }
    }

    /// Fetches tokens until some are of the key that signs from now on, and lets everybody meet them.
    async fn everybody_meets_the_new_key(&self) {
        let known = self.tokens.lock().unwrap().len();
        for verifier in &self.verifiers {
            verifier.tally.passed_new.store(0, Ordering::SeqCst);
        }
        eventually("a token of the new key", async || {
            let (kid, token) = self.new_token().await;
            let mut tokens = self.tokens.lock().unwrap();
            if tokens.iter().all(|(other, _)| *other != kid) {
                tokens.push((kid, vec![token]));
            }
            (tokens.len() > known).then_some(())
        })
        .await;
        for _ in 1..TOKENS_OF_A_KEY {
            let (_, token) = self.new_token().await;
            self.tokens.lock().unwrap().last_mut().unwrap().1.push(token);
        }
    }

    /// Waits until each of these let enough tokens of the new key pass.
    async fn have_met_it(&self, of: impl Fn(&Loaded) -> bool) {
        let of = &of;
        eventually("requests with tokens of the new key", async || {
            let met = |tally: &Tally| tally.passed_new.load(Ordering::SeqCst) >= ENOUGH;
            self.verifiers.iter().all(|verifier| !of(verifier) || met(&verifier.tally)).then_some(())
        })
        .await;
    }

    /// By the token endpoint of the running server, and the key that signed it.
    async fn new_token(&self) -> (String, String) {
        let (id, secret) = ["client_id", "client_secret"].map(|member| self.dev.client("sandbox", "asset", member)).into();
        let url = format!("http://{}/v0/auth/token", self.dev.address("sandbox"));
        let form = format!("client_id={id}&client_secret={secret}&scope=ledger:read");
        let request = client().post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        (token.split('.').next().unwrap().to_owned(), token)
    }

    fn load(&self) -> JoinSet<()> {
        let mut load = JoinSet::new();
        for verifier in self.verifiers.iter().flat_map(|verifier| (0..streams()).map(move |_| verifier)) {
            load.spawn(ask_steadily(verifier.guard.url.clone(), Arc::clone(&verifier.tally), Arc::clone(&self.tokens)));
        }
        load
    }

    fn tell(&self, when: &str) {
        for Loaded { name, tally, .. } in &self.verifiers {
            let [passed, refused, failed] =
                [&tally.passed, &tally.refused, &tally.failed].map(|count| count.load(Ordering::SeqCst));
            eprintln!("{when}: {name}: {passed} let pass, {refused} refused, {failed} failed");
        }
    }

    fn nobody_was_turned_away(&self, of: impl Fn(&Loaded) -> bool) {
        for Loaded { name, tally, .. } in self.verifiers.iter().filter(|&verifier| of(verifier)) {
            let trouble = tally.last_trouble.lock().unwrap();
            let away = (tally.refused.load(Ordering::SeqCst), tally.failed.load(Ordering::SeqCst));
            assert_eq!(away, (0, 0), "{name}: {trouble}");
        }
    }
}

/// Those that this machine has, each with a path of its own for its keys. A further one is a further line. The one for Java is not
/// here: it allows no shorter time than half a minute.
async fn verifiers(issuer: &str, front: &str, endpoint: &VerifyEndpoint, upstream: &Upstream) -> Vec<Loaded> {
    let uri = |name: &str| format!("{front}/{name}/jwks.json");
    let uris = ["jose", "PyJWT", "Authlib", "golang-jwt"].map(uri);
    let [jose, pyjwt, authlib, go] = uris.each_ref().map(|uri| (issuer, issuer, uri.as_str()));
    let mut found = vec![
        ("nginx", Keys::Elsewhere, nginx::start(endpoint, upstream).await),
        ("Caddy", Keys::Elsewhere, caddy::start(endpoint, upstream).await),
        ("Envoy", Keys::Followed, envoy::start(issuer, issuer, &uri("Envoy"), "1s", upstream).await),
        ("HAProxy", Keys::Fed, haproxy::start(issuer, issuer, &uri("HAProxy"), upstream).await),
    ];
    let metadata = format!("{front}/{MINTMARK_VERIFY}/metadata.json");
    found.push((MINTMARK_VERIFY, Keys::Followed, resource_server::start(issuer, issuer, Some(&metadata)).await));
    if let Some(node) = node() {
        let shorten = [("REFRESH_MILLISECONDS = 300_000", "REFRESH_MILLISECONDS = 500")];
        found.push(("jose", Keys::Followed, Some(JOSE.start(jose, &shorten, of_node(&node)).await)));
    }
    if let Some(python) = python() {
        let shorten = [("REFRESH_SECONDS = 300", "REFRESH_SECONDS = 0.5")];
        found.push(("PyJWT", Keys::Followed, Some(PYJWT.start(pyjwt, &shorten, of_python(&python)).await)));
        found.push(("Authlib", Keys::Followed, Some(AUTHLIB.start(authlib, &shorten, of_python(&python)).await)));
    }
    if let Some(prepare) = of_go() {
        let shorten = [("300 * time.Second", "500 * time.Millisecond")];
        found.push(("golang-jwt", Keys::Followed, Some(GO.start(go, &shorten, prepare).await)));
    }
    let present =
        found.into_iter().filter_map(|(name, keys, guard)| Some(Loaded { name, keys, guard: guard?, tally: Arc::default() }));
    present.collect()
}

/// One request after another, half of them with tokens of the newest key, half with tokens of all keys in turn.
async fn ask_steadily(url: String, tally: Arc<Tally>, tokens: Tokens) {
    // A connection each: a gateway may end one between two requests, which says nothing of tokens.
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for turn in 0.. {
        pace.tick().await;
        let Some((kid, token, is_new)) = choose(&tokens, turn) else { continue };
        let answer = client.get(&url).bearer_auth(token).send().await;
        let (status, text) = match answer {
            Ok(answer) => (answer.status().as_u16(), format!("{answer:?}")),
            Err(error) => (0, format!("{error:?}")),
        };
        let count = match status {
            200 => &tally.passed,
            401 | 403 => &tally.refused,
            _ => &tally.failed,
        };
        count.fetch_add(1, Ordering::SeqCst);
        if status == 200 {
            let is_still_new = is_new && tokens.lock().unwrap().last().is_some_and(|(newest, _)| *newest == kid);
            tally.passed_new.fetch_add(u64::from(is_still_new), Ordering::SeqCst);
        } else {
            *tally.last_trouble.lock().unwrap() = text;
        }
    }
}

fn choose(tokens: &Tokens, turn: usize) -> Option<(String, String, bool)> {
    let tokens = tokens.lock().unwrap();
    let newest = tokens.len().checked_sub(1)?;
    let at = if turn.is_multiple_of(2) { newest } else { turn / 2 % tokens.len() };
    let (kid, of_the_key) = &tokens[at];
    Some((kid.clone(), of_the_key[turn % of_the_key.len()].clone(), at == newest))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_rotations_under_load_turn_nobody_away() {
    let folder = tempfile::tempdir().unwrap();
    let everybody = |_: &Loaded| true;
    let scene = Scene::set(&folder.path().join("data")).await;
    scene.key(&["rotate"]).await;
    scene.keys_are_fetched().await;
    scene.everybody_meets_the_new_key().await;
    let load = scene.load();
    scene.have_met_it(everybody).await;
    for _ in 0..ROTATIONS {
        scene.keys_are_fetched().await;
        assert_eq!(scene.key(&["rotate", "--now"]).await["result"], "rotated");
        scene.everybody_meets_the_new_key().await;
        scene.have_met_it(everybody).await;
    }
    scene.tell("three rotations");
    scene.nobody_was_turned_away(everybody);

    // Without the time in between: those that ask Mintmark about each request cannot be taken by surprise.
    for _ in 0..2 {
        assert_eq!(scene.key(&["rotate", "--now"]).await["result"], "rotated");
        scene.everybody_meets_the_new_key().await;
    }
    let asks_each_time = |verifier: &Loaded| verifier.keys == Keys::Elsewhere;
    scene.have_met_it(asks_each_time).await;
    scene.tell("and two without a wait");
    scene.nobody_was_turned_away(asks_each_time);
    drop(load);
}
