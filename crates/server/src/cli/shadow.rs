//! `mintmark shadow`: a proxy in front of an existing token endpoint and of Mintmark, while clients move from one to the other.
//!
//! Rule S26: what is decided here beside the existing endpoint signs nothing and uses nothing up; only clients that are not
//! imported yet fall back to the existing endpoint; and what was turned off in Mintmark is refused wherever the client is served.

mod counts;
mod plan;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use mintmark_core::dialect::{AnswerContext, Dialect, Encoded, Granted, RawBody, RawRequest, Routed};
use mintmark_core::management::Reach;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::token::{Denial, DryRun, Exchange, HerdRules, TokenEndpoint};
use serde_json::json;
use tokio::sync::Notify;

use super::explain::endpoint;
use super::local_proxy::{Upstream, Whole, hand_on, listen, read, serve};
use super::output::Output;
use super::place::{Place, write_private};
use super::{Done, Failure, Shared};
use crate::recording::{Difference, Placeholders, SeenAnswer, SeenRequest, TokenShape, differences, keep};
use crate::store::SqlStore;
use counts::Counts;
use plan::{Plan, PlanArgs};

/// How often changes of the registry are looked for, and the report is written.
const POLL: Duration = Duration::from_secs(1);
/// Stands where a token would.
const NO_TOKEN: &str = "none";

#[derive(Args, Debug)]
pub(super) struct ShadowArgs {
    /// The existing endpoint's server, such as <https://api.example.com>. Its certificate is verified.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The Mintmark server that clients are moved to, such as <http://127.0.0.1:8080>. Without it none can be moved.
    #[arg(long, value_name = "URL")]
    mintmark: Option<String>,
    /// Where to listen: an address of this machine; whoever ends TLS for your clients hands requests on to it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8071")]
    listen: SocketAddr,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// Write the counts here once a second, as JSON, and at the end.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArgs,
}

/// What stands before both.
struct Shadow {
    upstream: Upstream,
    mintmark: Option<Upstream>,
    environment: EnvironmentName,
    issuer: String,
    dialects: mintmark_core::dialect::DialectSet,
    endpoint: TokenEndpoint<SqlStore>,
    plan: Plan,
    counts: Mutex<Counts>,
    placeholders: Mutex<Placeholders>,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answerer {
    Upstream,
    Mintmark,
    /// Neither is asked: what was turned off in Mintmark is refused.
    Refusal,
}

pub(super) async fn run(shared: &Shared, args: &ShadowArgs) -> Done {
    let upstream = Upstream::new(&args.upstream)?;
    let mintmark = args.mintmark.as_deref().map(Upstream::new).transpose()?;
    if mintmark.is_none() && args.plan.moves_any() {
        return Err(Failure("say where clients are moved to: --mintmark http://127.0.0.1:8080".to_owned()));
    }
    let place = Place::open(shared).await?;
    let record = place.environment(args.environment.as_ref()).await?;
    let plan = args.plan.plan(&place).await?;
    let listener = listen(args.listen).await?;
    let shadow = Arc::new(Shadow {
        upstream,
        mintmark,
        environment: record.environment.name,
        issuer: record.environment.issuer,
        dialects: place.registry.dialects.clone(),
        endpoint: endpoint(&place).await?,
        plan,
        counts: Mutex::default(),
        placeholders: Mutex::default(),
    });
    let address = listener.local_addr()?;
    if shared.json {
        println!("{}", json!({ "ready": true, "listen": address }));
    } else {
        eprintln!("Shadowing: send token requests to http://{address} instead of {}; Ctrl-C ends it.", shadow.upstream.url);
    }
    let following = tokio::spawn(follow(Arc::clone(&shadow), args.report.clone()));
    let handler = Arc::clone(&shadow);
    let handle = move |request| {
        let shadow = Arc::clone(&handler);
        async move { shadow.answer(request).await }
    };
    serve(&listener, &Notify::new(), handle).await?;
    following.abort();
    write_report(&shadow, args.report.as_ref());
    place.close().await;
    let counts = shadow.counts.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Output::table(counts::HEADERS, counts.rows(), counts.to_json()))
}

/// Keeps up with the registry: a client that is turned off is refused a moment later.
async fn follow(shadow: Arc<Shadow>, report: Option<PathBuf>) {
    loop {
        tokio::time::sleep(POLL).await;
        // A store that is away makes the decisions stale, and they say so themselves (rule S14).
        let _ = shadow.endpoint.directory.poll().await;
        write_report(&shadow, report.as_ref());
    }
}

fn write_report(shadow: &Shadow, report: Option<&PathBuf>) {
    let Some(report) = report else { return };
    let json = shadow.counts.lock().unwrap_or_else(PoisonError::into_inner).to_json();
    if let Err(Failure(message)) = write_private(report, json.to_string().as_bytes()) {
        eprintln!("mintmark: the report could not be written: {message}");
    }
}

impl Shadow {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let request = match read(request).await {
            Ok(request) => request,
            Err(refused) => return refused,
        };
        let path = request.head.uri.path();
        let dialect = match self.dialects.route(path) {
            Routed::Endpoint(dialect) if request.head.method == dialect.route.method => Arc::clone(dialect),
            // What is no token request of Mintmark's is none of this proxy's.
            _ => return ask(&self.upstream, &request).await.0,
        };
        let found = self.decide(&dialect, &request).await;
        let name = self.client_named(&found).await;
        match self.answerer(name.as_ref(), &found) {
            Answerer::Refusal => {
                self.count(name.as_ref(), |count| count.refused += 1);
                respond(self.encoded(&dialect, path, &found))
            }
            Answerer::Mintmark => {
                self.count(name.as_ref(), |count| count.moved += 1);
                let mintmark = self.mintmark.as_ref().unwrap_or(&self.upstream);
                ask(mintmark, &request).await.0
            }
            Answerer::Upstream => {
                let (response, seen) = ask(&self.upstream, &request).await;
                let is_imported = found.denial != Some(Denial::UnknownClient);
                if !is_imported {
                    self.count(None, |count| count.not_imported += 1);
                } else if let Some((status, headers, body)) = seen {
                    let answer = SeenAnswer { status, headers: &headers, body: &body };
                    let differing = self.compare(&dialect, &request, answer, &found);
                    self.count(name.as_ref(), |count| count.compared(&differing));
                }
                response
            }
        }
    }

    /// What Mintmark would answer: nothing is signed, counted or used up.
    async fn decide(&self, dialect: &Dialect, request: &Whole) -> DryRun {
        let Whole { head, body } = request;
        let exchange = Exchange {
            environment: &self.environment,
            dialect,
            raw: RawRequest { query: head.uri.query(), headers: &head.headers, body: RawBody::Whole(body) },
            path: head.uri.path(),
            request_id: "shadow",
            // Who sent it is known to whoever ends TLS; a client that is bound to addresses is told as a difference.
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificate: None,
            herd: HerdRules::default(),
            times: None,
        };
        Box::pin(self.endpoint.dry_run_request(&exchange, Reach::Operator)).await
    }

    /// The client that asks, if Mintmark has it.
    async fn client_named(&self, found: &DryRun) -> Option<(ClientId, mintmark_core::model::TenantId)> {
        let id = found.client_id.clone()?;
        let known = self.endpoint.directory.client(&self.environment, &id).await.ok().flatten()?;
        Some((id, known.tenant_id))
    }

    fn answerer(&self, client: Option<&(ClientId, mintmark_core::model::TenantId)>, found: &DryRun) -> Answerer {
        let Some((id, tenant)) = client else { return Answerer::Upstream };
        if self.plan.moves(id, *tenant) {
            return Answerer::Mintmark;
        }
        if found.denial.as_ref().is_some_and(is_turned_off) { Answerer::Refusal } else { Answerer::Upstream }
    }

    /// Where the existing endpoint's answer and Mintmark's differ. Neither is kept: the comparison is of what a recording would have.
    fn compare(&self, dialect: &Dialect, request: &Whole, answer: SeenAnswer<'_>, found: &DryRun) -> Vec<Difference> {
        let Whole { head, body } = request;
        let seen = SeenRequest { method: &head.method, uri: &head.uri, headers: &head.headers, body };
        let kept = keep(&mut self.placeholders.lock().unwrap_or_else(PoisonError::into_inner), seen, answer);
        let mut differing = differences(&kept.answer, &self.encoded(dialect, head.uri.path(), found));
        if let (Some(shape), Some(token)) = (&kept.answer.token, &found.token) {
            differing.extend(claims_that_differ(shape, &token.claims));
        }
        differing
    }

    /// Mintmark's answer, without a token in it.
    fn encoded(&self, dialect: &Dialect, path: &str, found: &DryRun) -> Encoded {
        let context = AnswerContext {
            issuer: &self.issuer,
            request_id: "shadow",
            path,
            rate: None,
            retry_after: None,
            dpop_nonce: None,
            echo: &[],
        };
        if let Some(token) = &found.token {
            let now = self.endpoint.clock.now();
            let granted = Granted {
                access_token: NO_TOKEN,
                token_type: token.token_type,
                expires_at: now.plus(token.lifetime),
                now,
                scope: &token.scope,
                client_id: found.client_id.as_ref().map_or("", ClientId::as_str),
            };
            return dialect.encode_token(granted, context);
        }
        let denial = found.denial.clone().unwrap_or(Denial::Internal("a dry run without a reason"));
        dialect.encode_fault(denial.fault(), denial.problems(), AnswerContext { retry_after: denial.retry_after(), ..context })
    }

    fn count(&self, client: Option<&(ClientId, mintmark_core::model::TenantId)>, note: impl FnOnce(&mut counts::Count)) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        note(counts.of(client.map(|(id, _)| id)));
    }
}

/// Hands a request on; the answer comes twice: for the client, and to be compared.
async fn ask(server: &Upstream, request: &Whole) -> (Response<Full<Bytes>>, Option<Seen>) {
    match server.send(request).await {
        Ok((status, answer)) => {
            let seen = (status, answer.headers.clone(), answer.body.clone());
            (hand_on(status, answer), Some(seen))
        }
        Err(failed) => (failed, None),
    }
}

/// An answer, to be compared.
type Seen = (http::StatusCode, http::HeaderMap, Vec<u8>);

/// Somebody ended this in Mintmark: it is over wherever the client is served.
fn is_turned_off(denial: &Denial) -> bool {
    matches!(
        denial,
        Denial::ClientDisabled
            | Denial::TenantDisabled
            | Denial::SecretDisabled
            | Denial::SecretQuarantined
            | Denial::SecretExpired
            | Denial::BusinessDisabled(_)
    )
}

/// Claims that services may rely on and Mintmark's tokens would lack, or have with another kind of value.
fn claims_that_differ(shape: &TokenShape, claims: &serde_json::Map<String, serde_json::Value>) -> Vec<Difference> {
    let kind = |value: &serde_json::Value| match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "boolean",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "text",
        serde_json::Value::Array(_) => "list",
        serde_json::Value::Object(_) => "object",
    };
    let differs = |(name, recorded): &(String, String)| {
        // It is random, so a dry run does not have it.
        let own = if name == "jti" { "text" } else { claims.get(name).map_or("(none)", kind) };
        (own != recorded).then(|| Difference {
            what: format!("claim {name}"),
            recorded: recorded.clone(),
            mintmark: own.to_owned(),
        })
    };
    shape.claims.iter().filter_map(differs).collect()
}

fn respond(encoded: Encoded) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(encoded.body));
    *response.status_mut() = encoded.status;
    *response.headers_mut() = encoded.headers;
    response
}
