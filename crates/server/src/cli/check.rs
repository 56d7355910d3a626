//! `mintmark check`

use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::serve::Secrets;
use super::{Done, Failure, Shared};
use crate::clock::SystemClock;
use crate::config::{Config, reference};
use crate::dialect_files::load_dialects;
use crate::outgoing::GuardedClient;

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Print the reference of all settings instead.
    #[arg(long)]
    reference: bool,
}

pub(super) async fn run(shared: &Shared, args: &CheckArgs) -> Done {
    if args.reference {
        return Ok(Output::text(reference().trim_end(), json!({ "reference": reference() })));
    }
    // The configuration stops everything else; of the rest, each part is looked at whatever the others are.
    let (files, config) = Files::find_with_config(shared)?;
    let dialects = load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes));
    let mut parts = vec![
        ("dialects".to_owned(), dialects.map(|set| format!("{} known", set.iter().count()))),
        ("root keys".to_owned(), files.read_root_keys().map(|_| "readable".to_owned())),
        ("database".to_owned(), check_store(&files).await),
    ];
    parts.extend(config.iter().flat_map(check_listeners));
    parts.extend(config.iter().map(check_outgoing));
    let failed = parts.iter().any(|(_, result)| result.is_err());
    let lines = parts.iter().map(|(part, result)| match result {
        Ok(found) => format!("ok      {part}: {found}"),
        Err(Failure(message)) => format!("failed  {part}: {message}"),
    });
    let json: serde_json::Map<String, serde_json::Value> = parts
        .iter()
        .map(|(part, result)| {
            let value = match result {
                Ok(found) => json!({ "ok": true, "found": found }),
                Err(Failure(message)) => json!({ "ok": false, "error": message }),
            };
            (part.clone(), value)
        })
        .collect();
    let output = Output::text(lines.collect::<Vec<_>>().join("\n"), json.into());
    Ok(if failed { output.failed() } else { output })
}

/// The files that listeners need, for each environment that has any.
fn check_listeners(config: &Config) -> Vec<(String, Result<String, Failure>)> {
    let secured = config.environments.iter().filter(|environment| environment.tls.is_some() || environment.proxy.is_some());
    let checked = secured.map(|environment| {
        let part = if environment.tls.is_some() { "TLS" } else { "proxies" };
        let read =
            Secrets::read(environment, &config.folder).and_then(|secrets| match secrets.tls.map(|tls| tls.days_left()) {
                Some(days) if days < 0 => Err(Failure("the server's certificate has expired".to_owned())),
                Some(days) => Ok(format!("the certificate is good for {days} days")),
                None => Ok("readable".to_owned()),
            });
        (format!("{part} of {}", environment.name), read)
    });
    checked.collect()
}

/// What the requests need that the server makes itself.
fn check_outgoing(config: &Config) -> (String, Result<String, Failure>) {
    let client = GuardedClient::open(&config.outgoing, &config.folder, Arc::new(SystemClock));
    ("outgoing requests".to_owned(), client.map(|_| "ready".to_owned()).map_err(Failure::from))
}

async fn check_store(files: &Files) -> Result<String, Failure> {
    use mintmark_core::store::Store;
    let keys = files.read_root_keys()?;
    let store = files.open_store(false).await?;
    let checked = async {
        files.check_root_keys(&store, &keys).await?;
        let environments = store.environments().await?.value;
        let mut unusable = Vec::new();
        for record in &environments {
            let ring = mintmark_core::keys::KeyRing::build(&record.environment.name, &record.keys, &keys.sealer);
            unusable.extend(ring.unusable.into_iter().map(|(kid, reason)| format!("signing key {kid}: {reason}")));
        }
        if unusable.is_empty() {
            Ok(format!("environments: {}; all signing keys open", environments.len()))
        } else {
            Err(Failure(unusable.join("; ")))
        }
    };
    let checked = checked.await;
    store.close().await;
    checked
}
