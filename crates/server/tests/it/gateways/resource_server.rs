//! The service of `examples/resource-server`, which follows its issuer's keys and revocations, and how soon it and introspection
//! refuse a token once its client is turned off by the command line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::guard::{Guard, client};
use super::issuer::ENVIRONMENT;
use crate::fixture::{Dev, Finished, Program, eventually, in_time, mintmark, missing};

const ROUNDS: usize = 24;
/// How many more requests each round makes than the last one before its change.
const APART: usize = 4;
/// Between two questions.
const EVERY: Duration = Duration::from_millis(5);

/// The program, which cargo puts beside this one's.
fn program() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_mintmark")).with_file_name("mintmark-example-resource-server");
    if path.exists() {
        return Some(path);
    }
    let reason = "mintmark-example-resource-server is not built; scripts/test builds it";
    missing::skip(&missing::test_name(), reason)
}

/// The service on the keys and the list that the metadata name. `None` where it is not built.
pub(super) async fn start(issuer: &str, audience: &str, metadata_uri: Option<&str>) -> Option<Guard> {
    let program = program()?;
    let command = async |_: &Path, port: u16| {
        let mut command = Command::new(&program);
        command.args(["--issuer", issuer, "--audience", audience, "--scope", "ledger:read", "--danger-allow-loopback-http"]);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--json"]);
        command.args(metadata_uri.map(|uri| ["--metadata-uri", uri]).into_iter().flatten());
        command
    };
    Some(Guard::start_at("/claims", command).await)
}

/// A server, the service that follows it, and a client that is turned off and on.
struct Scene {
    dev: Dev,
    data: String,
    guard: Guard,
    client: reqwest::Client,
}

impl Scene {
    async fn set(data: &Path) -> Option<Self> {
        let dev = Dev::start(data).await;
        let issuer = dev.document["environments"][0]["issuer"].as_str().unwrap().to_owned();
        let guard = start(&issuer, &issuer, None).await?;
        Some(Self { dev, data: data.to_str().unwrap().to_owned(), guard, client: client() })
    }

    fn own(&self, member: &str) -> String {
        self.dev.client(ENVIRONMENT, "standard", member)
    }

    fn words(&self, what: &str) -> Vec<String> {
        let words = ["client", what, &self.own("client_id"), "--environment", ENVIRONMENT, "--data-dir", &self.data];
        words.map(str::to_owned).into()
    }

    async fn enable(&self) {
        let words = self.words("enable");
        let run = move || Finished::good(&words.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap();
    }

    /// The moment of the first word that the command says of its success.
    async fn disable(&self) -> Instant {
        let words = self.words("disable");
        let mut command = mintmark(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut program = Program::start(&mut command, Path::new(&self.data).with_extension("disable"));
        program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
        let acknowledged = Instant::now();
        assert!(program.end().await.0.success());
        acknowledged
    }

    async fn post(&self, path: &str, id: &str, secret: &str, more: &str) -> (StatusCode, Value) {
        let body = format!("client_id={id}&client_secret={secret}&{more}");
        let url = format!("http://{}{path}", self.dev.address(ENVIRONMENT));
        let request = self.client.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// A token that passes at the service and at introspection: one that was made before the server learned of the last change is
    /// refused.
    async fn good_token(&self) -> String {
        eventually("a token that passes", async || {
            let more = "grant_type=client_credentials&scope=ledger:read";
            let (status, answer) = self.post("/oauth/token", &self.own("client_id"), &self.own("client_secret"), more).await;
            let token = (status == 200).then(|| answer["access_token"].as_str().unwrap().to_owned())?;
            (self.passes(&token).await && self.is_active(&token).await).then_some(token)
        })
        .await
    }

    async fn passes(&self, token: &str) -> bool {
        let answer = self.client.get(&self.guard.url).bearer_auth(token).send().await.unwrap();
        assert!([200, 401].contains(&answer.status().as_u16()), "{answer:?}");
        answer.status() == 200
    }

    /// As the issuer's own resource is told, which another client serves.
    async fn is_active(&self, token: &str) -> bool {
        let [id, secret] = ["client_id", "client_secret"].map(|member| self.dev.client(ENVIRONMENT, "asset", member));
        let (status, answer) = self.post("/oauth/introspect", &id, &secret, &format!("token={token}")).await;
        assert_eq!(status, 200, "{answer}");
        answer["active"] == true
    }

    async fn serve_with_another_client(&self, issuer: &str) {
        let id = self.dev.client(ENVIRONMENT, "asset", "client_id");
        let words = ["client", "update", &id, "--environment", ENVIRONMENT, "--serve", issuer, "--data-dir", &self.data];
        let words = words.map(str::to_owned);
        let run = move || Finished::good(&words.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap();
    }
}

/// When somebody who asks again and again is refused first.
async fn refused_at(passes: impl AsyncFn() -> bool) -> Instant {
    let mut pace = tokio::time::interval(EVERY);
    in_time("a refusal", async {
        loop {
            pace.tick().await;
            if !passes().await {
                return Instant::now();
            }
        }
    })
    .await
}

/// Smallest, middle and largest.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let (least, middle, most) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    format!("min {} ms, median {} ms, max {} ms", least.as_millis(), middle.as_millis(), most.as_millis())
}

/// The figures of `docs/ending.md` are what this prints; run it with `--no-capture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_client_that_is_turned_off_has_its_tokens_refused_by_introspection_and_by_whoever_follows_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let Some(scene) = Scene::set(&folder.path().join("data")).await else { return };
    let issuer = scene.dev.document["environments"][0]["issuer"].as_str().unwrap().to_owned();
    scene.serve_with_another_client(&issuer).await;
    let (mut by_introspection, mut by_service) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let token = scene.good_token().await;
        // A change that followed at once would always meet the server at the same moment between two of its polls.
        let mut pace = tokio::time::interval(EVERY);
        for _ in 0..round * APART {
            pace.tick().await;
            assert!(scene.passes(&token).await);
        }
        let (asked, followed, acknowledged) = tokio::join!(
            refused_at(async || scene.is_active(&token).await),
            refused_at(async || scene.passes(&token).await),
            scene.disable(),
        );
        // Whoever is refused before the command has said a word is refused at once.
        by_introspection.push(asked.saturating_duration_since(acknowledged));
        by_service.push(followed.saturating_duration_since(acknowledged));
        scene.enable().await;
        assert!(!scene.passes(&token).await && !scene.is_active(&token).await, "those from before stay refused");
    }
    eprintln!("introspection, after {ROUNDS} acknowledgements: {}", spread(by_introspection));
    eprintln!("a service that follows the list: {}", spread(by_service));
}
