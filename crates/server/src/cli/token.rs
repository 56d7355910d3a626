//! `mintmark token`

use clap::Args;
use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::TokenAsk;
use serde_json::{Value, json};
use std::io::Read;

use super::dev::DemoClients;
use super::fetch::{check_url, client, send};
use super::output::Output;
use super::place::{Files, mistakes_of};
use super::{Done, Failure, Shared};
use crate::config::Variables;
use crate::dialect_files::load_dialects;

#[derive(Args, Debug)]
pub(super) struct TokenArgs {
    /// The dialect to speak.
    #[arg(long, default_value = "standard")]
    dialect: String,
    /// The server, such as <https://auth.example.com> [default: the one of `mintmark dev`].
    #[arg(long)]
    url: Option<String>,
    /// The client [default: the demo client of `mintmark dev` for the dialect].
    #[arg(long)]
    client_id: Option<String>,
    /// A file with the client's secret, or - for standard input [default: the variable `MINTMARK_CLIENT_SECRET`]. It is no
    /// option itself, since every user of the machine can read those.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<String>,
    /// Which demo client, where the server is that of `mintmark dev`.
    #[arg(long, default_value = "sandbox")]
    environment: String,
    /// The scopes to ask for, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// The business to ask for.
    #[arg(long)]
    business_id: Option<String>,
    /// A resource to ask for; may be repeated.
    #[arg(long)]
    resource: Vec<String>,
    /// The lifetime to ask for, in seconds.
    #[arg(long)]
    expires_in: Option<u32>,
}

struct Target {
    url: String,
    client_id: String,
    secret: SecretText,
    /// What the demo client may ask for, for dialects that want a scope named.
    default_scope: Option<String>,
}

pub(super) async fn run(shared: &Shared, args: TokenArgs) -> Done {
    let dialects = load_dialects(Some(&Files::find(shared)?.dialects)).map_err(|mistakes| mistakes_of(&mistakes))?;
    let dialect = dialects.get(&args.dialect).ok_or_else(|| {
        let known: Vec<&str> = dialects.iter().map(|dialect| dialect.name.as_str()).collect();
        Failure(format!("there is no dialect {:?}; there are: {}", args.dialect, known.join(", ")))
    })?;
    let target = find_target(shared, &args)?;
    check_url(&target.url)?;
    let ask = TokenAsk {
        client_id: &target.client_id,
        client_secret: &target.secret,
        scope: args.scope.as_deref().or(target.default_scope.as_deref().filter(|_| dialect.needs_scope())),
        business_id: args.business_id.as_deref(),
        resources: &args.resource,
        expires_in: args.expires_in,
    };
    let (outgoing, left) = dialect.outgoing(&ask);
    if !left.is_empty() {
        return Err(Failure(format!("the dialect {} has no place for {}", dialect.name, left.join(", "))));
    }
    let mut request = client()?.request(outgoing.method.clone(), format!("{}{}", target.url, outgoing.target));
    if let Some(authorization) = outgoing.authorization() {
        request = request.header(http::header::AUTHORIZATION, authorization);
    }
    for (name, value) in &outgoing.headers {
        request = request.header(name, value);
    }
    if let Some((content_type, body)) = outgoing.body() {
        request = request.header(http::header::CONTENT_TYPE, content_type).body(body);
    }
    let answer = send(request).await?;
    let text = String::from_utf8_lossy(&answer.body);
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let json = json!({ "status": answer.status, "body": body, "text": text });
    if let Some(token) = body.get("access_token").and_then(Value::as_str).filter(|_| answer.status == 200) {
        return Ok(Output::text(token, json));
    }
    let request_id = answer.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("none");
    eprintln!("mintmark: no token: status {}, request id {request_id}: {text}", answer.status);
    Ok(Output::text("", json).failed())
}

/// The client that was named, or the demo client.
fn find_target(shared: &Shared, args: &TokenArgs) -> Result<Target, Failure> {
    let folder = shared.data_dir.clone().unwrap_or_else(|| super::place::DATA_DIR.into());
    if let Some(client_id) = &args.client_id {
        let demo = DemoClients::read(&folder)?;
        let local = demo.as_ref().and_then(|demo| demo.issuer(&args.environment));
        let url = args.url.as_deref().or(local).ok_or_else(|| Failure("say which server: --url https://…".to_owned()))?;
        let url = url.to_owned();
        return Ok(Target { url, client_id: client_id.clone(), secret: read_secret(args)?, default_scope: None });
    }
    let demo = DemoClients::read(&folder)?
        .ok_or_else(|| Failure("say which client: --client-id ID --url https://… (or run `mintmark dev` first)".to_owned()))?;
    let (issuer, client) = demo
        .find(&args.environment, &args.dialect)
        .ok_or_else(|| Failure(format!("there is no demo client for the dialect {} in {}", args.dialect, args.environment)))?;
    Ok(Target {
        url: args.url.clone().unwrap_or_else(|| issuer.to_owned()),
        client_id: client.client_id.clone(),
        secret: SecretText::new(client.client_secret.clone()),
        default_scope: Some(client.scopes.join(" ")),
    })
}

fn read_secret(args: &TokenArgs) -> Result<SecretText, Failure> {
    let text = match args.client_secret_file.as_deref() {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().lock().take(4096).read_to_string(&mut text)?;
            text
        }
        Some(path) => std::fs::read_to_string(path).map_err(|error| Failure(format!("{path}: {error}")))?,
        None => Variables::client_secret().ok_or_else(|| {
            Failure("give the secret: --client-secret-file FILE, or the variable MINTMARK_CLIENT_SECRET".to_owned())
        })?,
    };
    Ok(SecretText::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
