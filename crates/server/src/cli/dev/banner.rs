//! What `mintmark dev` prints once it is ready: a curl for each dialect that works when pasted, or one line of JSON.

use std::fmt::Write;
use std::path::Path;

use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::{Dialect, DialectSet, TokenAsk};
use serde_json::{Value, json};

use super::demo::{DemoClient, DemoClients};
use super::manager::Manager;
use crate::cli::place::DATA_DIR;

/// The environment that the banner's commands are for.
const SHOWN: &str = "sandbox";

pub(super) fn json(demo: &DemoClients, dialects: &DialectSet, manager: &Manager) -> Value {
    let environments: Vec<Value> = demo
        .environments
        .iter()
        .map(|environment| {
            let issuer = &environment.issuer;
            let endpoints: serde_json::Map<String, Value> = dialects
                .iter()
                .map(|dialect| (dialect.name.to_string(), format!("{issuer}{}", dialect.route.path).into()))
                .collect();
            json!({
                "name": environment.name,
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
                "token_endpoints": endpoints,
            })
        })
        .collect();
    let admin = json!({
        "dashboard": manager.dashboard,
        "set_up_link": manager.set_up_link.as_ref().map(SecretText::expose),
        "url": manager.url,
        "token_endpoint": format!("{}/token", manager.url),
        "client_id": manager.client_id,
        "client_secret": manager.client_secret.expose(),
    });
    json!({ "ready": true, "environments": environments, "clients": demo.clients, "admin": admin })
}

pub(super) fn text(demo: &DemoClients, dialects: &DialectSet, (folder, manager): (&Path, &Manager)) -> String {
    let mut text = String::from("Mintmark is ready. This is for trying out, on this machine alone; Ctrl-C stops it.\n\n");
    for environment in &demo.environments {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {:11} {}", environment.name, environment.issuer);
    }
    let _ = writeln!(text, "  {:11} {}", "dashboard", manager.dashboard);
    let _ = writeln!(text, "  {:11} {}/docs", "management", manager.url);
    let _ = writeln!(text, "  {:11} {}", "data", folder.display());
    if let Some(link) = &manager.set_up_link {
        let _ = writeln!(text, "\nThe dashboard has no members yet. This link makes you its admin, once, within 30 minutes:\n");
        let _ = writeln!(text, "  {}", link.expose());
    }
    let _ = writeln!(text, "\nA token from the {SHOWN}, in each dialect:");
    for dialect in dialects.iter() {
        if let Some((issuer, client)) = demo.find(SHOWN, dialect.name.as_str()) {
            let _ = write!(text, "\n# {}\n{}\n", dialect.name, curl(dialect, issuer, client));
        }
    }
    let (id, secret) = (&manager.client_id, manager.client_secret.expose());
    let _ = write!(
        text,
        "\n# a token of the management API, for its page above or for curl; the secret is another one at each start\n\
         curl -s {}/token -u {id}:{secret} -d grant_type=client_credentials\n",
        manager.url
    );
    text.push_str(&next_steps(demo, folder));
    text
}

fn curl(dialect: &Dialect, issuer: &str, client: &DemoClient) -> String {
    let secret = SecretText::new(client.client_secret.clone());
    let ask = TokenAsk {
        client_id: &client.client_id,
        client_secret: &secret,
        scope: client.scopes.first().map(String::as_str).filter(|_| dialect.needs_scope()),
        business_id: None,
        resources: &[],
        expires_in: None,
    };
    dialect.outgoing(&ask).0.to_curl(issuer)
}

fn next_steps(demo: &DemoClients, folder: &Path) -> String {
    let Some(issuer) = demo.environments.iter().find(|known| known.name == SHOWN).map(|known| &known.issuer) else {
        return String::new();
    };
    // As it was called, so that the lines work when pasted into another terminal in the same folder.
    let program = std::env::args().next().unwrap_or_else(|| "mintmark".to_owned());
    let folder = folder.display();
    let data = if folder.to_string() == DATA_DIR { String::new() } else { format!(" --data-dir {folder}") };
    format!(
        "\nThen, from another terminal:\n\n\
         # fetch a token, decode it and verify it\n\
         {program} token{data} | {program} inspect -{data}\n\n\
         # read a protected API with one\n\
         curl -s {issuer}/v0/business -H \"Authorization: Bearer $({program} token{data})\"\n\n\
         # the keys that services verify tokens with\n\
         curl -s {issuer}/.well-known/jwks.json\n\n\
         # a wire format, its example and its errors; --source prints the file to write your own from\n\
         {program} dialect show standard{data}\n"
    )
}
