//! `mintmark check`

use std::sync::Arc;

use clap::Args;
use mintmark_core::clock::Clock;
use mintmark_core::dialect::DialectSet;
use mintmark_core::keys::{KeyRing, algorithms_of, overdue};
use mintmark_core::store::{EnvironmentRecord, Store};
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::reference::command_line;
use super::serve::{Secrets, management_tls, metrics_files};
use super::{Done, Failure, Shared, time};
use crate::clock::SystemClock;
use crate::config::{Config, MetricsSettings, reference};
use crate::dialect_files::load_dialects;
use crate::http::PreviousKeys;
use crate::outgoing::GuardedClient;

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Print the reference of all settings instead.
    #[arg(long)]
    reference: bool,
    /// Print the reference of all commands instead.
    #[arg(long, conflicts_with = "reference")]
    command_line: bool,
}

pub(super) async fn run(shared: &Shared, args: &CheckArgs) -> Done {
    if args.reference {
        return Ok(Output::text(reference().trim_end(), json!({ "reference": reference() })));
    }
    if args.command_line {
        return Ok(Output::text(command_line().trim_end(), json!({ "reference": command_line() })));
    }
    // The configuration stops everything else; of the rest, each part is looked at whatever the others are.
    let (files, config) = Files::find_with_config(shared)?;
    let dialects = load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes));
    let database = check_store(&files, dialects.as_ref().ok()).await;
    let mut parts = vec![
        ("dialects".to_owned(), dialects.map(|set| format!("{} known", set.iter().count()))),
        ("root keys".to_owned(), files.read_root_keys().map(|_| "readable".to_owned())),
        ("database".to_owned(), database),
    ];
    parts.extend(config.iter().flat_map(check_listeners));
    parts.extend(config.iter().flat_map(check_previous));
    parts.extend(config.iter().map(check_outgoing));
    parts.extend(config.iter().filter(|config| !config.leaks.reporters_file.is_empty()).map(check_reporters));
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
    let management = config.admin.iter().filter(|admin| admin.tls.is_some()).map(|admin| {
        let read = management_tls(admin, &config.folder).map(|tls| tls.map(|tls| tls.days_left()));
        let told = read.and_then(|days| match days {
            Some(days) if days < 0 => Err(Failure("the server's certificate has expired".to_owned())),
            days => Ok(format!("the certificate is good for {} days", days.unwrap_or_default())),
        });
        ("TLS of the management side".to_owned(), told)
    });
    let is_filed = |metrics: &&MetricsSettings| metrics.tls.is_some() || metrics.token_file.is_some();
    let metrics = config.metrics.iter().filter(is_filed).map(|metrics| {
        let days = metrics_files(metrics, &config.folder).map(|(_, tls)| tls.map(|tls| tls.days_left()));
        let told = days.and_then(|days| match days {
            Some(days) if days < 0 => Err(Failure("the server's certificate has expired".to_owned())),
            Some(days) => Ok(format!("the certificate is good for {days} days")),
            None => Ok("readable".to_owned()),
        });
        ("files of metrics".to_owned(), told)
    });
    checked.chain(management).chain(metrics).collect()
}

/// The keys of issuers before.
fn check_previous(config: &Config) -> Vec<(String, Result<String, Failure>)> {
    let configured = config.environments.iter().filter_map(|environment| Some((environment, environment.previous.as_ref()?)));
    let checked = configured.map(|(environment, settings)| {
        let told = PreviousKeys::open(settings).map_err(Failure::from).map(|keys| {
            let until = time::show(keys.until());
            if SystemClock.now() < keys.until() {
                format!("keys: {}, published at {} until {until}", keys.number(), keys.path())
            } else {
                format!("over since {until}: take the section out")
            }
        });
        (format!("previous issuer of {}", environment.name), told)
    });
    checked.collect()
}

/// What the requests need that the server makes itself.
fn check_reporters(config: &Config) -> (String, Result<String, Failure>) {
    ("leak reporters".to_owned(), super::serve::read_reporters(config).map(|_| "ready".to_owned()))
}

fn check_outgoing(config: &Config) -> (String, Result<String, Failure>) {
    let client = GuardedClient::open(&config.outgoing, &config.folder, Arc::new(SystemClock));
    ("outgoing requests".to_owned(), client.map(|_| "ready".to_owned()).map_err(Failure::from))
}

async fn check_store(files: &Files, dialects: Option<&DialectSet>) -> Result<String, Failure> {
    let keys = files.read_root_keys()?;
    let store = files.open_store(false).await?;
    let checked = async {
        files.check_root_keys(&store, &keys).await?;
        let environments = store.environments().await?.value;
        let mut unusable = Vec::new();
        let mut warnings = String::new();
        for record in &environments {
            warnings.extend(dialects.into_iter().flat_map(|dialects| overdue_keys(files, record, dialects)));
            let ring = KeyRing::build(&record.environment.name, &record.keys, &keys.sealer);
            unusable.extend(ring.unusable.into_iter().map(|(kid, reason)| format!("signing key {kid}: {reason}")));
        }
        if unusable.is_empty() {
            Ok(format!("environments: {}; all signing keys open{warnings}", environments.len()))
        } else {
            Err(Failure(unusable.join("; ")))
        }
    };
    let checked = checked.await;
    store.close().await;
    checked
}

/// Warnings about keys whose rotation nobody sees to.
fn overdue_keys(files: &Files, record: &EnvironmentRecord, dialects: &DialectSet) -> Vec<String> {
    let wanted = algorithms_of(record, dialects);
    let overdue = overdue(&record.keys, &wanted, files.rotate_after, SystemClock.now());
    let warning = |key: &mintmark_core::model::SigningKey| {
        let since = time::show(key.active_since());
        format!(
            "; warning: the {} key {} of {} signs since {since} and is not replaced: is a server running?",
            key.algorithm, key.kid, key.environment
        )
    };
    overdue.into_iter().map(warning).collect()
}
