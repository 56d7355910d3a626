//! `mintmark leak`

use std::io::Read;

use clap::Subcommand;
use mintmark_core::crypto::SecretText;
use mintmark_core::model::{EnvironmentName, Leak, LeakId};
use mintmark_core::registry::LeakReport;
use mintmark_core::store::{LeakStore, Page};
use serde_json::json;
use zeroize::Zeroizing;

use super::output::{Output, plain};
use super::place::{Files, Place};
use super::{Done, Failure, Shared, dev, time};
use crate::leaks::LeakRules;

/// How many are read at a time.
const PAGE: u32 = 500;
/// The longest secret that is read, in bytes.
const MAX_SECRET: u64 = 512;

#[derive(Subcommand, Debug)]
pub(super) enum LeakCommand {
    /// Report a secret that leaked, read from standard input, where no other user of the machine sees it. What follows is the
    /// configuration's to say: by default it gives no tokens any more, and is turned off for ever three days later.
    #[command(after_help = "Example: mintmark leak report --url https://github.com/acme/app/blob/main/.env < found.txt")]
    Report {
        /// Where it was found.
        #[arg(long, default_value = "", value_name = "URL")]
        url: String,
    },
    /// List credentials that were reported.
    #[command(after_help = "Example: mintmark leak list")]
    List {
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// Only those of this tenant: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Let the credential be used again.
    #[command(after_help = "Example: mintmark leak release lek_… --reason 'an example in our documentation'")]
    Release {
        /// Which leak.
        id: LeakId,
        /// Why, for those who ask later.
        #[arg(long)]
        reason: String,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Turn the credential off for ever, now, with its tokens.
    #[command(after_help = "Example: mintmark leak revoke lek_…")]
    Revoke {
        /// Which leak.
        id: LeakId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
}

pub(super) async fn run(place: &Place, shared: &Shared, command: LeakCommand) -> Done {
    match command {
        LeakCommand::Report { url } => report(place, shared, &url).await,
        LeakCommand::List { environment, tenant } => list(place, environment.as_ref(), tenant.as_deref()).await,
        LeakCommand::Release { id, reason, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            Ok(show(&place.registry.release_leak(&environment, id, &reason).await?))
        }
        LeakCommand::Revoke { id, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            Ok(show(&place.registry.revoke_leak(&environment, id).await?))
        }
    }
}

async fn report(place: &Place, shared: &Shared, url: &str) -> Done {
    let (files, config) = Files::find_with_config(shared)?;
    let config = match config {
        Some(config) => config,
        None => dev::settings(files.folder())?,
    };
    let rules = LeakRules::new(&config.leaks);
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MAX_SECRET).read_to_string(&mut text)?;
    let secret = SecretText::new(text.trim().to_owned());
    let reporter = place.registry.actor.who.as_str();
    let report = LeakReport { secret: &secret, found_at: url, reporter };
    let leak = place.registry.report_leak(&report, |environment| rules.policy(environment)).await?;
    match leak {
        Some(leak) => Ok(show(&leak)),
        None => Err(Failure("this is no secret that is in force here; nothing was changed".to_owned())),
    }
}

async fn list(place: &Place, environment: Option<&EnvironmentName>, tenant: Option<&str>) -> Done {
    let environment = place.environment(environment).await?.environment.name;
    let tenant = match tenant {
        Some(named) => Some(place.tenant(Some(named)).await?.id),
        None => None,
    };
    let mut all: Vec<Leak> = Vec::new();
    loop {
        let after = all.last().map(|leak| leak.id);
        let page = place.store.leaks(&environment, tenant, Page { after: after.as_ref(), limit: PAGE }).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |one: &Leak| {
        let revoked = one.revoke_at.map_or_else(|| "-".to_owned(), time::show);
        let (client, hint) = (plain(one.client_id.as_str()), format!("…{}", one.hint));
        vec![one.id.to_string(), client, hint, one.state.as_str().to_owned(), time::show(one.reported_at), revoked]
    };
    let headers = ["ID", "CLIENT", "SECRET", "STATE", "REPORTED", "REVOKED AT"];
    Ok(Output::table(&headers, all.iter().map(row).collect(), json!(all)))
}

fn show(leak: &Leak) -> Output {
    let mut fields = vec![
        ("id", leak.id.to_string()),
        ("client", plain(leak.client_id.as_str())),
        ("credential", leak.credential_id.to_string()),
        ("secret", format!("…{}", leak.hint)),
        ("state", leak.state.as_str().to_owned()),
        ("reported by", plain(&leak.reporter)),
        ("found at", plain(&leak.found_at)),
    ];
    fields.extend(leak.revoke_at.map(|at| ("revoked at", time::show(at))));
    if !leak.reason.is_empty() {
        fields.push(("reason", plain(&leak.reason)));
    }
    Output::object(&fields, json!(leak))
}
