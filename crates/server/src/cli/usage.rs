//! `mintmark usage`

mod export;

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{BusinessId, ClientId, CredentialId, EnvironmentName};
use mintmark_core::store::Store;
use mintmark_core::usage::{HERD_FACTOR, HerdClient, OutcomeClass, UsageBy, UsageQuery, UsageRow, UsageStep, herd};
use serde_json::json;

use super::output::Output;
use super::place::Place;
use super::{Done, time};

/// How many rows the table has: those with the most requests.
const TABLE_ROWS: usize = 100;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct UsageArgs {
    #[command(subcommand)]
    command: Option<UsageCommand>,
    /// What to tell apart.
    #[arg(long, value_enum, default_value_t = By::Client)]
    by: By,
    /// How far back to look, in whole steps: an hour in minutes, a day and a week in hours, a month in days.
    #[arg(long, value_enum, default_value_t = Last::Day)]
    last: Last,
    /// Of this client alone.
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
    /// Of this tenant's clients alone: its id or name.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Of what this secret, or other credential, proved alone.
    #[arg(long, value_name = "ID")]
    credential: Option<CredentialId>,
    /// Of tokens that are scoped to this business alone.
    #[arg(long, value_name = "ID")]
    business: Option<BusinessId>,
    /// Instead, the clients that obtained far more tokens than they need, since they do not keep them until they expire.
    #[arg(long, conflicts_with_all = ["by", "client", "credential", "business"])]
    herd: bool,
    /// With --herd: how many times as many tokens as needed a client may obtain.
    #[arg(long, value_name = "TIMES", default_value_t = HERD_FACTOR, requires = "herd", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    factor: u64,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
}

#[derive(Subcommand, Debug)]
enum UsageCommand {
    /// Export tokens, and what quotas refused, by tenant, client, business and dialect, for bills.
    #[command(after_help = "Example: mintmark usage export --from 2027-01-01 --to 2027-02-01 --out january.csv")]
    Export(export::ExportArgs),
}

/// What is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// Clients.
    Client,
    /// Tenants.
    Tenant,
    /// Secrets and other credentials.
    Credential,
    /// Businesses.
    Business,
    /// Why requests were refused.
    Reason,
    /// Moments.
    Time,
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Last {
    #[value(name = "1h")]
    Hour,
    #[value(name = "24h")]
    Day,
    #[value(name = "7d")]
    Week,
    #[value(name = "30d")]
    Month,
}

impl Last {
    fn seconds_and_step(self) -> (i64, UsageStep) {
        match self {
            Last::Hour => (3600, UsageStep::Minute),
            Last::Day => (86_400, UsageStep::Hour),
            Last::Week => (7 * 86_400, UsageStep::Hour),
            Last::Month => (30 * 86_400, UsageStep::Day),
        }
    }
}

pub(super) async fn run(place: &Place, args: UsageArgs) -> Done {
    if let Some(UsageCommand::Export(args)) = args.command {
        return export::run(place, args).await;
    }
    let query = query(place, &args).await?;
    if args.herd {
        return clients_that_ask_too_often(place, &query, args.factor).await;
    }
    let answer = place.store.usage(&query).await?;
    if answer.is_cut {
        eprintln!("mintmark: there is more than one question reads; some of it is left out: ask for less at a time");
    }
    let (rows, is_cut) = (answer.rows, answer.is_cut);
    let UsageQuery { environment, from, to, step, .. } = &query;
    let document = json!({ "environment": environment, "from": from, "to": to, "step": step, "is_cut": is_cut, "rows": rows });
    let table = match args.by {
        By::Reason => reasons(&rows),
        by => outcomes(by, &rows),
    };
    Ok(Output::table(&table.0, table.1, document))
}

/// A line for each client that obtained many times as many tokens as it needs, those with the most tokens first.
async fn clients_that_ask_too_often(place: &Place, query: &UsageQuery, factor: u64) -> Done {
    let record = place.environment(Some(&query.environment)).await?;
    let found = herd(&*place.store, &place.registry.dialects, &record.environment, (query, factor)).await?;
    let headers = vec!["CLIENT", "NAME", "TOKENS", "NEEDED", "TIMES", "LIFETIME"];
    let cells = |client: &HerdClient| {
        let HerdClient { client_id, name, tokens, needed, factor, lifetime, .. } = client;
        let numbers = [*tokens, *needed, *factor, u64::from(*lifetime)];
        [client_id.to_string(), name.clone()].into_iter().chain(numbers.iter().map(ToString::to_string)).collect()
    };
    let document = json!({
        "environment": query.environment, "from": query.from, "to": query.to, "factor": factor, "clients": found,
    });
    Ok(Output::table(&headers, found.iter().map(cells).collect(), document))
}

async fn query(place: &Place, args: &UsageArgs) -> Result<UsageQuery, super::Failure> {
    let environment = place.environment(args.environment.as_ref()).await?.environment.name;
    let tenant = match &args.tenant {
        Some(named) => Some(place.tenant(Some(named)).await?.id),
        None => None,
    };
    let to = place.registry.clock.now();
    let (seconds, step) = args.last.seconds_and_step();
    let from = Timestamp(to.0.saturating_sub(seconds));
    let by = match args.by {
        By::Client => UsageBy::Client,
        By::Tenant => UsageBy::Tenant,
        By::Credential => UsageBy::Credential,
        By::Business => UsageBy::Business,
        By::Reason | By::Time => UsageBy::Nothing,
    };
    Ok(UsageQuery {
        tenant,
        client: args.client.clone(),
        credential: args.credential,
        business: args.business,
        each_step: args.by == By::Time,
        by,
        // The second that is not over yet is in it.
        ..UsageQuery::of(environment, (from, to.plus(1)), step)
    })
}

type Table = (Vec<&'static str>, Vec<Vec<String>>);

/// A line for each thing that is told apart, the busiest first, with a column for each kind of end.
fn outcomes(by: By, rows: &[UsageRow]) -> Table {
    let mut things: BTreeMap<(Timestamp, String), BTreeMap<OutcomeClass, u64>> = BTreeMap::new();
    for row in rows {
        let moment = if by == By::Time { row.start } else { Timestamp(0) };
        *things.entry((moment, name_of(by, row))).or_default().entry(row.outcome).or_insert(0) += row.requests;
    }
    let sum = |counts: &BTreeMap<OutcomeClass, u64>| counts.values().sum::<u64>();
    let mut things: Vec<_> = things.into_iter().collect();
    if by != By::Time {
        things.sort_by_key(|(_, counts)| std::cmp::Reverse(sum(counts)));
        things.truncate(TABLE_ROWS);
    }
    let cells = |((_, name), counts): ((Timestamp, String), BTreeMap<OutcomeClass, u64>)| {
        let of_class = OutcomeClass::ALL.iter().map(|class| counts.get(class).copied().unwrap_or(0));
        [name].into_iter().chain(of_class.chain([sum(&counts)]).map(|number| number.to_string())).collect()
    };
    let headers = ["ISSUED", "CREDENTIALS", "REQUEST", "RIGHTS", "LIMITED", "UNAVAILABLE", "ALL"];
    let headers = [header(by)].into_iter().chain(headers).collect();
    (headers, things.into_iter().map(cells).collect())
}

fn header(by: By) -> &'static str {
    match by {
        By::Client => "CLIENT",
        By::Tenant => "TENANT",
        By::Credential => "CREDENTIAL",
        By::Business => "BUSINESS",
        By::Reason => "REASON",
        By::Time => "FROM",
    }
}

fn name_of(by: By, row: &UsageRow) -> String {
    let name = match by {
        By::Client => row.client_id.as_ref().map(ToString::to_string),
        By::Tenant => row.tenant_id.map(|id| id.to_string()),
        By::Credential => row.credential_id.map(|id| id.to_string()),
        By::Business => row.business_id.map(|id| id.to_string()),
        By::Reason => row.code.clone(),
        By::Time => Some(time::show(row.start)),
    };
    name.unwrap_or_else(|| "-".to_owned())
}

/// A line for each reason, the most frequent first.
fn reasons(rows: &[UsageRow]) -> Table {
    let mut refused: Vec<&UsageRow> = rows.iter().filter(|row| row.code.is_some()).collect();
    refused.sort_by_key(|row| std::cmp::Reverse(row.requests));
    let cells =
        |row: &UsageRow| vec![row.code.clone().unwrap_or_default(), row.outcome.as_str().to_owned(), row.requests.to_string()];
    (vec!["REASON", "OUTCOME", "REQUESTS"], refused.into_iter().map(cells).collect())
}
