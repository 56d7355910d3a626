//! `mintmark explain`: a reason in words, what a client would get, what a token is worth.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use clap::{Args, ValueEnum};
use mintmark_core::crypto::SignerThreads;
use mintmark_core::directory::{Directory, DirectoryLimits};
use mintmark_core::management::Reach;
use mintmark_core::model::{ClientId, CredentialId, EnvironmentName};
use mintmark_core::random::{Random, SystemRandom};
use mintmark_core::registry::Registry;
use mintmark_core::store::Store;
use mintmark_core::token::{
    CATALOGUE, DryRun, Explanation, FreshTokens, ImportedSecrets, Limits, LineVerdict, NonceKeys, PlannedRequest, ProofMemory,
    REFUSED_TRIES_PER_MINUTE, RemoteKeys, RemoteKeysError, RemoteKeysFuture, StepVerdict, SupposedBinding, TokenEndpoint,
    TokenReport, TokenStanding,
};
use mintmark_core::usage::Usage;
use serde_json::json;

use super::output::{Output, plain};
use super::place::Place;
use super::{Done, Failure, Shared, time};
use crate::store::SqlStore;

/// The longest text that is read as a token, in bytes.
const MAX_TOKEN: u64 = 64 * 1024;

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A reason, as logs and the dashboard name it, such as `assertion_expired` [default: all of them].
    #[arg(conflicts_with_all = ["client", "token"])]
    code: Option<String>,
    /// Decide what this client would get, step by step. Nothing is signed, counted or used up.
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    client: Option<ClientId>,
    /// Say what a token is worth, and why: a file, or - for standard input.
    #[arg(long, value_name = "FILE")]
    token: Option<String>,
    #[command(flatten)]
    plan: PlanArgs,
}

/// What a planned request asks for.
#[derive(Args, Debug)]
#[command(next_help_heading = "With --client")]
struct PlanArgs {
    /// The environment [default: the only one, or sandbox].
    #[arg(long, requires = "client")]
    environment: Option<EnvironmentName>,
    /// The endpoint, by its dialect.
    #[arg(long, default_value = "standard")]
    dialect: String,
    /// What the client would prove itself with [default: the first that would be taken].
    #[arg(long, value_name = "ID", requires = "client")]
    credential: Option<CredentialId>,
    /// The scopes, separated by spaces [default: all that are granted].
    #[arg(long, requires = "client")]
    scope: Option<String>,
    /// A resource; may be repeated.
    #[arg(long, requires = "client")]
    resource: Vec<String>,
    /// The business.
    #[arg(long, requires = "client")]
    business_id: Option<String>,
    /// The lifetime, in seconds.
    #[arg(long, requires = "client")]
    expires_in: Option<u32>,
    /// Where the request would come from.
    #[arg(long, value_name = "ADDRESS", requires = "client", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    source: IpAddr,
    /// What the request would show that a token can be bound to.
    #[arg(long, requires = "client")]
    shows: Option<Shows>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shows {
    /// A `DPoP` proof.
    Dpop,
    /// A certificate.
    Certificate,
}

pub(super) async fn run(shared: &Shared, args: ExplainArgs) -> Done {
    let ExplainArgs { code, client, token, plan } = args;
    if client.is_none() && token.is_none() {
        return explain_code(code.as_deref());
    }
    let text = token.map(|from| read_token(&from)).transpose()?;
    let place = Place::open(shared).await?;
    let done = match (client, text) {
        (Some(client), _) => explain_client(&place, &client, &plan).await,
        (None, text) => explain_token(&place, &text.unwrap_or_default()).await,
    };
    place.close().await;
    done
}

fn explain_code(code: Option<&str>) -> Done {
    let Some(code) = code else {
        let rows = CATALOGUE.iter().map(|entry| vec![entry.code.to_owned(), entry.what.to_owned()]).collect();
        let json = CATALOGUE.iter().filter_map(|entry| Explanation::of_code(entry.code)).collect::<Vec<_>>();
        return Ok(Output::table(&["CODE", "WHAT HAPPENED"], rows, json!(json)));
    };
    let explained = Explanation::of_code(code)
        .ok_or_else(|| Failure(format!("there is no reason {code:?}; `mintmark explain` lists them")))?;
    Ok(Output::text(tell(&explained), json!(explained)))
}

fn tell(explained: &Explanation) -> String {
    let link = explained.link.map(|link| format!("\n\nMore: {link}")).unwrap_or_default();
    format!("{}\n\n{}\n\nWhat to do: {}{link}", explained.code, explained.what, explained.fix)
}

async fn explain_client(place: &Place, client_id: &ClientId, plan: &PlanArgs) -> Done {
    let environment = place.environment(plan.environment.as_ref()).await?.environment.name;
    let dialect = place.registry.dialects.get(&plan.dialect).ok_or_else(|| {
        let known: Vec<&str> = place.registry.dialects.iter().map(|dialect| dialect.name.as_str()).collect();
        Failure(format!("there is no dialect {:?}; there are: {}", plan.dialect, known.join(", ")))
    })?;
    let binding = match plan.shows {
        None => SupposedBinding::Nothing,
        Some(Shows::Dpop) => SupposedBinding::Dpop,
        Some(Shows::Certificate) => SupposedBinding::Certificate,
    };
    let planned = PlannedRequest {
        environment: &environment,
        dialect,
        client_id,
        credential_id: plan.credential,
        scope: plan.scope.as_deref(),
        resources: &plan.resource,
        business_id: plan.business_id.as_deref(),
        lifetime: plan.expires_in,
        source: plan.source,
        binding,
    };
    let found = endpoint(place).await?.dry_run(&planned).await?;
    let output = Output::text(tell_dry_run(&found), json!(found));
    Ok(if found.passed { output } else { output.failed() })
}

fn tell_dry_run(found: &DryRun) -> String {
    let word = |verdict| match verdict {
        StepVerdict::Passed => "ok",
        StepVerdict::Failed => "FAILS",
        StepVerdict::NotReached => "-",
    };
    let mut lines: Vec<String> =
        found.steps.iter().map(|step| format!("{:<5}  {:<14}  {}", word(step.verdict), step.check, step.words)).collect();
    if let Some(explained) = &found.explanation {
        lines.push(format!("\nNo token: {}", tell(explained)));
    }
    if let Some(token) = &found.token {
        let claims = serde_json::to_string_pretty(&token.claims).unwrap_or_default();
        lines.push(format!("\nA token for {} s would be issued, with a random jti:\n{claims}", token.lifetime));
    }
    lines.join("\n")
}

async fn explain_token(place: &Place, text: &str) -> Done {
    let report = endpoint(place).await?.debug_token(text, Reach::Operator).await;
    let report = report.map_err(|denial| Failure(denial.to_string()))?;
    let output = Output::text(tell_token(&report), json!(report));
    Ok(if matches!(report.standing, TokenStanding::Live { .. }) { output } else { output.failed() })
}

fn tell_token(report: &TokenReport) -> String {
    let standing = match &report.standing {
        TokenStanding::Live { seconds_left } => format!("live, for {seconds_left} s more"),
        TokenStanding::Expired { seconds_ago } => format!("EXPIRED {seconds_ago} s ago"),
        TokenStanding::Revoked { by, when: Some(when) } => {
            format!("REVOKED with its {}, at {}", by.as_str(), time::show(*when))
        }
        TokenStanding::Revoked { by, when: None } => format!("REVOKED with its {}", by.as_str()),
        TokenStanding::NotYetValid { seconds } => format!("NOT GOOD YET, in {seconds} s"),
        TokenStanding::Invalid => "NOT GENUINE".to_owned(),
        TokenStanding::Foreign => "of another server".to_owned(),
        TokenStanding::Malformed => "no token".to_owned(),
    };
    let word = |verdict| match verdict {
        LineVerdict::Passed => "ok",
        LineVerdict::Failed => "FAILS",
        LineVerdict::Note => "note",
        LineVerdict::NotChecked => "-",
    };
    let lines =
        report.lines.iter().map(|line| format!("{:<5}  {:<10}  {}", word(line.verdict), line.check, plain(&line.detail)));
    let claims = report.claims.as_ref().and_then(|claims| serde_json::to_string_pretty(claims).ok());
    let claims = claims.map(|claims| format!("\n\nclaims {claims}")).unwrap_or_default();
    format!("{standing}\n\n{}{claims}", lines.collect::<Vec<_>>().join("\n"))
}

fn read_token(from: &str) -> Result<String, Failure> {
    let mut text = String::new();
    if from == "-" {
        std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(from).map_err(|error| Failure(format!("{from}: {error}")))?;
        file.take(MAX_TOKEN).read_to_string(&mut text)?;
    }
    Ok(text.trim().to_owned())
}

/// What decides as a server's does, on the same store. Limits that a running server has counted are not known here; of quotas is known
/// what nodes have written down.
pub(super) async fn endpoint(place: &Place) -> Result<TokenEndpoint<SqlStore>, Failure> {
    endpoint_of(&place.registry, DirectoryLimits::default(), 1).await
}

/// The same on any store, with so many threads for imported hashes.
pub(super) async fn endpoint_of<S: Store>(
    registry: &Registry<S>,
    limits: DirectoryLimits,
    hash_threads: usize,
) -> Result<TokenEndpoint<S>, Failure> {
    let (clock, root_keys) = (Arc::clone(&registry.clock), Arc::clone(&registry.root_keys));
    let store = Arc::clone(&registry.store);
    let directory = Directory::open(store, Arc::clone(&clock), Arc::clone(&root_keys), limits).await?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let (per_source, per_client) = REFUSED_TRIES_PER_MINUTE;
    let endpoint = TokenEndpoint {
        directory: Arc::new(directory),
        clock,
        nonces: NonceKeys::new(&root_keys, &*random),
        usage: Usage::new(&*random),
        fresh: FreshTokens::default(),
        random,
        root_keys,
        signers: SignerThreads::start(1)?,
        imported: ImportedSecrets::start(hash_threads)?,
        limits: Limits::new(per_source, per_client),
        remote_keys: Arc::new(NoKeys),
        proofs: ProofMemory::default(),
        // More than any command asks at once.
        in_flight_max: 1024,
        in_flight: AtomicUsize::new(0),
    };
    endpoint.learn_quotas().await?;
    Ok(endpoint)
}

/// Nothing is fetched: a planned request has no assertion to verify.
struct NoKeys;

impl RemoteKeys for NoKeys {
    fn jwks<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(async { Err(RemoteKeysError::Unavailable("nothing is fetched".to_owned())) })
    }

    fn issuer<'a>(&'a self, uri: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a> {
        self.jwks(uri, kid)
    }
}
