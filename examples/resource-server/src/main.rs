//! A small service that is protected by Mintmark's access tokens: keys and revocations are followed, tokens that are bound
//! to a key come with their proofs, and a route shows what the token says.
//!
//! ```text
//! mintmark-example-resource-server --issuer https://auth.example --audience https://api.example
//! curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/claims
//! ```

use std::{error::Error, net::SocketAddr, process::ExitCode, sync::Arc};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode, header::CONTENT_TYPE},
    routing::get,
};
use clap::Parser;
use mintmark_verify::{
    fetch::Issuer,
    layer::{Caller, Dpop, PublicUrlError, Refused, VerifyLayer},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A service that shows the claims of the access token that it is asked with.
#[derive(Parser)]
#[command(name = "mintmark-example-resource-server", version)]
struct Arguments {
    /// The issuer's URL, as it stands in its tokens
    #[arg(long)]
    issuer: String,
    /// Where the issuer's metadata are, if not at their well-known place
    #[arg(long)]
    metadata_uri: Option<String>,
    /// This service's name in tokens
    #[arg(long)]
    audience: String,
    /// The URL that clients know this service by, which their proofs are for; the audience if it is not given
    #[arg(long)]
    public_url: Option<String>,
    /// A scope that a token needs; may be given several times
    #[arg(long)]
    scope: Vec<String>,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Allow an issuer on this machine to speak http
    #[arg(long)]
    danger_allow_loopback_http: bool,
    /// Print what happens as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let builder = Issuer::builder(&arguments.issuer);
    let builder = if arguments.danger_allow_loopback_http { builder.danger_allow_loopback_http() } else { builder };
    let builder = match &arguments.metadata_uri {
        Some(uri) => builder.metadata_uri(uri),
        None => builder,
    };
    let issuer = builder.follow().await?;
    let router = router(issuer, &arguments)?;
    let listener = TcpListener::bind(arguments.listen).await?;
    let address = listener.local_addr()?;
    if arguments.json {
        println!("{}", json!({"event": "ready", "address": address.to_string()}));
    } else {
        println!("Ready at http://{address}/claims");
    }
    axum::serve(listener, router).await?;
    Ok(())
}

/// What protects a route: the three lines, and what is a matter of taste.
fn router(issuer: Issuer, arguments: &Arguments) -> Result<Router, PublicUrlError> {
    let verifier = issuer.verifier(&arguments.audience).cached(10_000);
    let url = arguments.public_url.as_ref().unwrap_or(&arguments.audience);
    let mut layer = VerifyLayer::cached(Arc::new(verifier)).dpop(Dpop::new(url)?);
    for scope in &arguments.scope {
        layer = layer.require_scope(scope);
    }
    let protected = Router::new().route("/claims", get(claims)).layer(layer.refuse_with(refuse));
    Ok(Router::new().route("/health", get(health)).with_state(issuer).merge(protected))
}

/// What the token says. Whose data a service shows is decided by `tenant` and `business`, not by anything in the request.
async fn claims(Extension(caller): Extension<Caller>) -> Json<Value> {
    Json(json!({
        "client": caller.client(),
        "tenant": caller.tenant(),
        "business": caller.business(),
        "claims": **caller.claims(),
    }))
}

/// Whether this service can decide on tokens: for a load balancer, which sends no token.
async fn health(State(issuer): State<Issuer>) -> (StatusCode, Json<Value>) {
    let status = issuer.status();
    let decides = status.keys > 0 && status.revocations_remaining_seconds != Some(0);
    let code = if decides { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let error = |error: Option<_>| error.as_ref().map(ToString::to_string);
    let document = json!({
        "keys": status.keys,
        "keys_age_seconds": status.keys_age.as_secs(),
        "keys_error": error(status.keys_error),
        "revocations_remaining_seconds": status.revocations_remaining_seconds,
        "revocations_error": error(status.revocations_error),
    });
    (code, Json(document))
}

/// The body of a refusal; the layer adds status and challenge. The cause goes to the log too, since it names no secret.
fn refuse(refused: &Refused) -> Response<Body> {
    eprintln!("refused: {refused}");
    let mut response = Response::new(Body::from(json!({"error": refused.to_string()}).to_string()));
    response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
    response
}
