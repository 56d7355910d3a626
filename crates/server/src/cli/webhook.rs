//! `mintmark webhook`

use clap::Subcommand;
use mintmark_core::model::{Delivery, EnvironmentName, Webhook, WebhookId};
use mintmark_core::notice::NoticeKind;
use mintmark_core::store::{NoticeStore, Page};
use serde_json::json;

use super::output::{Output, plain, words};
use super::place::Place;
use super::{Done, time};

/// How many are read at a time.
const PAGE: u32 = 500;

#[derive(Subcommand, Debug)]
pub(super) enum WebhookCommand {
    /// Have an endpoint told what happens: a tenant's, or, without --tenant, the operator's, which is told everything.
    #[command(
        after_help = "Example: mintmark webhook add https://hooks.example.com/mintmark --tenant 'Acme Ltd' --kind leak.quarantined"
    )]
    Add {
        /// Its https URL.
        url: String,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// The tenant that it belongs to: its id or name.
        #[arg(long)]
        tenant: Option<String>,
        /// What it is told, such as secret.expiring; may be repeated [default: everything].
        #[arg(long, value_parser = parse_kind, value_name = "KIND")]
        kind: Vec<NoticeKind>,
    },
    /// List the endpoints.
    #[command(after_help = "Example: mintmark webhook list")]
    List {
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// Only those of this tenant: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Remove an endpoint, with its deliveries.
    #[command(after_help = "Example: mintmark webhook remove whk_…")]
    Remove {
        /// Which.
        id: WebhookId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Tell an endpoint a notice that says nothing; a running server sends it.
    #[command(after_help = "Example: mintmark webhook test whk_…")]
    Test {
        /// Which.
        id: WebhookId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Show what an endpoint was told, latest first, and what came of it.
    #[command(after_help = "Example: mintmark webhook deliveries whk_…")]
    Deliveries {
        /// Which.
        id: WebhookId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// How many to show.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        last: u32,
    },
}

fn parse_kind(text: &str) -> Result<NoticeKind, String> {
    let kind = NoticeKind::from_word(text).filter(|kind| *kind != NoticeKind::Test);
    kind.ok_or_else(|| {
        let known = NoticeKind::ALL.into_iter().filter(|kind| *kind != NoticeKind::Test).map(NoticeKind::as_str);
        format!("expected one of: {}", words(known))
    })
}

pub(super) async fn run(place: &Place, command: WebhookCommand) -> Done {
    match command {
        WebhookCommand::Add { url, environment, tenant, kind } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            let tenant = match tenant {
                Some(named) => Some(place.tenant(Some(&named)).await?.id),
                None => None,
            };
            Ok(show(&place.registry.add_webhook(&environment, tenant, &url, &kind).await?))
        }
        WebhookCommand::List { environment, tenant } => list(place, environment.as_ref(), tenant.as_deref()).await,
        WebhookCommand::Remove { id, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            Ok(show(&place.registry.remove_webhook(&environment, id).await?))
        }
        WebhookCommand::Test { id, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            let notice = place.registry.test_webhook(&environment, id).await?;
            let fields = [("notice", notice.id.to_string()), ("see", format!("mintmark webhook deliveries {id}"))];
            Ok(Output::object(&fields, json!({ "notice_id": notice.id })))
        }
        WebhookCommand::Deliveries { id, environment, last } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            deliveries(place, (&environment, id), last).await
        }
    }
}

async fn list(place: &Place, environment: Option<&EnvironmentName>, tenant: Option<&str>) -> Done {
    let environment = place.environment(environment).await?.environment.name;
    let of = match tenant {
        Some(named) => Some(Some(place.tenant(Some(named)).await?.id)),
        None => None,
    };
    let mut all: Vec<Webhook> = Vec::new();
    loop {
        let after = all.last().map(|webhook| webhook.id);
        let page = place.store.webhooks(&environment, of, Page { after: after.as_ref(), limit: PAGE }).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |one: &Webhook| vec![one.id.to_string(), owner(one), one.status.as_str().to_owned(), kinds(one), plain(&one.url)];
    Ok(Output::table(&["ID", "TENANT", "STATUS", "TOLD", "URL"], all.iter().map(row).collect(), json!(all)))
}

async fn deliveries(place: &Place, (environment, id): (&EnvironmentName, WebhookId), last: u32) -> Done {
    if place.store.webhook(environment, id).await?.is_none() {
        return Err(super::Failure(format!("there is no endpoint {id} in {environment}; `mintmark webhook list` shows them")));
    }
    let all = place.store.deliveries(id, None, last).await?;
    let row = |one: &Delivery| {
        let answer = match one.answer {
            None => "-".to_owned(),
            Some(0) => "none".to_owned(),
            Some(status) => status.to_string(),
        };
        let at = one.last_at.map_or_else(|| "-".to_owned(), time::show);
        let (kind, state) = (one.kind.as_str().to_owned(), one.state.as_str().to_owned());
        vec![one.notice_id.to_string(), kind, time::show(one.made_at), state, one.tries.to_string(), at, answer]
    };
    let headers = ["NOTICE", "KIND", "MADE", "STATE", "TRIES", "LAST TRY", "ANSWER"];
    Ok(Output::table(&headers, all.iter().map(row).collect(), json!(all)))
}

fn owner(webhook: &Webhook) -> String {
    webhook.tenant_id.map_or_else(|| "(operator)".to_owned(), |id| id.to_string())
}

fn kinds(webhook: &Webhook) -> String {
    if webhook.kinds.is_empty() { "everything".to_owned() } else { words(webhook.kinds.iter().map(|kind| kind.as_str())) }
}

fn show(webhook: &Webhook) -> Output {
    let fields = [
        ("id", webhook.id.to_string()),
        ("url", plain(&webhook.url)),
        ("tenant", owner(webhook)),
        ("environment", webhook.environment.to_string()),
        ("told", kinds(webhook)),
        ("status", webhook.status.as_str().to_owned()),
    ];
    Output::object(&fields, json!(webhook))
}
