//! `mintmark quota`

use clap::{Args, Subcommand, ValueEnum};
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, Quota, QuotaMode, QuotaSubject};
use mintmark_core::quota::{QuotaQuery, QuotaUse};
use mintmark_core::registry::QuotaEdit;
use mintmark_core::store::Store;
use mintmark_core::usage::UsageStep;
use serde_json::{Value, json};

use super::output::Output;
use super::place::Place;
use super::{Done, Failure};

/// How many are read at a time.
const PAGE: u32 = 500;

#[derive(Subcommand, Debug)]
pub(super) enum QuotaCommand {
    /// List quotas, with what of them is used.
    #[command(after_help = "Example: mintmark quota list --environment sandbox")]
    List {
        /// The environment [default: all].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Say how many tokens a tenant, client or business may be given in a minute, hour or day of UTC.
    #[command(after_help = "Example: mintmark quota set --tenant 'Acme Ltd' --per-day 100000 --mode observe")]
    Set(SetArgs),
    /// Take a quota away.
    #[command(after_help = "Example: mintmark quota remove --tenant 'Acme Ltd'")]
    Remove(SubjectArgs),
}

/// Whose quota.
#[derive(Args, Debug)]
pub(super) struct SubjectArgs {
    /// Of all clients of this tenant together: its id or name. With --business, the tenant whose business it is.
    #[arg(long, value_name = "ID", required_unless_present = "client")]
    tenant: Option<String>,
    /// Of this client.
    #[arg(long, value_name = "ID", conflicts_with_all = ["tenant", "business"])]
    client: Option<ClientId>,
    /// Of tokens that are scoped to this business of the tenant.
    #[arg(long, value_name = "ID", requires = "tenant")]
    business: Option<BusinessId>,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
}

#[derive(Args, Debug)]
pub(super) struct SetArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// How many tokens in a minute: a number, or none.
    #[arg(long, value_name = "TOKENS", value_parser = parse_limit)]
    per_minute: Option<Limit>,
    /// How many in an hour.
    #[arg(long, value_name = "TOKENS", value_parser = parse_limit)]
    per_hour: Option<Limit>,
    /// How many in a day of UTC.
    #[arg(long, value_name = "TOKENS", value_parser = parse_limit)]
    per_day: Option<Limit>,
    /// What happens when they are used up [default: enforce].
    #[arg(long, value_enum)]
    mode: Option<Mode>,
    /// Whether answers tell the client what is left, by `RateLimit-Policy` and `RateLimit` [default: off].
    #[arg(long, value_enum)]
    headers: Option<Switch>,
}

/// A number of tokens, or any.
#[derive(Clone, Copy, Debug)]
struct Limit(Option<u32>);

fn parse_limit(text: &str) -> Result<Limit, String> {
    match text {
        "none" => Ok(Limit(None)),
        number => {
            number.parse().map(|number| Limit(Some(number))).map_err(|_| "expected a number of tokens, or none".to_owned())
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// No more tokens until the next window.
    Enforce,
    /// Tokens go on; what would have been refused is counted and told.
    Observe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(super) async fn run(place: &Place, command: QuotaCommand) -> Done {
    match command {
        QuotaCommand::List { environment } => {
            let mut environments: Vec<EnvironmentName> = match environment {
                Some(name) => vec![name],
                None => place.store.environments().await?.value.into_iter().map(|record| record.environment.name).collect(),
            };
            environments.sort();
            let mut all = Vec::new();
            for environment in environments {
                all.extend(used_in(place, environment).await?);
            }
            Ok(show(&all))
        }
        QuotaCommand::Set(args) => {
            let (environment, subject, tenant) = find(place, &args.subject).await?;
            let edit = QuotaEdit {
                per_minute: args.per_minute.map(|limit| limit.0),
                per_hour: args.per_hour.map(|limit| limit.0),
                per_day: args.per_day.map(|limit| limit.0),
                mode: args.mode.map(|mode| match mode {
                    Mode::Enforce => QuotaMode::Enforce,
                    Mode::Observe => QuotaMode::Observe,
                }),
                headers: args.headers.map(|switch| switch == Switch::On),
                tenant_of_business: tenant,
                version: None,
            };
            let quota = place.registry.edit_quota(&environment, &subject, &edit).await?;
            let now = place.registry.clock.now();
            let mut tokens = [0; 3];
            for (tokens, step) in tokens.iter_mut().zip(UsageStep::ALL) {
                let window = (step, step.period(now));
                *tokens = place.store.quota_used(&quota.environment, &quota.subject, window).await?;
            }
            Ok(show(&[QuotaUse { quota, tokens }]))
        }
        QuotaCommand::Remove(subject) => {
            let (environment, subject, _) = find(place, &subject).await?;
            let removed = place.registry.remove_quota(&environment, &subject, None).await?;
            let document = json!({ "removed": document(&removed, [None; 3]) });
            Ok(Output::text(format!("removed the quota of the {subject} in {environment}"), document))
        }
    }
}

async fn find(
    place: &Place,
    args: &SubjectArgs,
) -> Result<(EnvironmentName, QuotaSubject, Option<mintmark_core::model::TenantId>), Failure> {
    let environment = place.environment(args.environment.as_ref()).await?.environment.name;
    if let Some(client) = &args.client {
        return Ok((environment, QuotaSubject::Client(client.clone()), None));
    }
    let tenant = place.tenant(args.tenant.as_deref()).await?.id;
    let subject = args.business.map_or(QuotaSubject::Tenant(tenant), QuotaSubject::Business);
    Ok((environment, subject, Some(tenant)))
}

/// All of an environment, read in pages.
async fn used_in(place: &Place, environment: EnvironmentName) -> Result<Vec<QuotaUse>, Failure> {
    let query = QuotaQuery { environment, tenant: None, at: place.registry.clock.now() };
    let mut all: Vec<QuotaUse> = Vec::new();
    loop {
        let after = all.last().map(|last| last.quota.subject.clone());
        let page = place.store.quotas_used(&query, after.as_ref(), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn show(all: &[QuotaUse]) -> Output {
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for one in all {
        let quota = &one.quota;
        let used = UsageStep::ALL.map(|step| quota.limits.of(step).map(|_| one.of(step)));
        let cell = |step| quota.limits.of(step).map_or("-".to_owned(), |limit| format!("{} of {limit}", one.of(step)));
        let windows = UsageStep::ALL.map(cell);
        let before = [quota.environment.to_string(), quota.subject.kind().as_str().to_owned(), quota.subject.id()];
        let headers = if quota.headers { "on" } else { "off" };
        let after = [quota.mode.as_str().to_owned(), headers.to_owned()];
        rows.push(before.into_iter().chain(windows).chain(after).collect());
        documents.push(document(quota, used));
    }
    let headers = ["ENVIRONMENT", "OF", "ID", "THIS MINUTE", "THIS HOUR", "TODAY", "MODE", "HEADERS"];
    Output::table(&headers, rows, Value::Array(documents))
}

fn document(quota: &Quota, [minute, hour, day]: [Option<u64>; 3]) -> Value {
    json!({
        "environment": quota.environment, "kind": quota.subject.kind(), "id": quota.subject.id(), "tenant_id": quota.tenant_id,
        "per_minute": quota.limits.per_minute, "per_hour": quota.limits.per_hour, "per_day": quota.limits.per_day,
        "mode": quota.mode, "headers": quota.headers, "used": { "minute": minute, "hour": hour, "day": day },
        "version": quota.version,
    })
}
