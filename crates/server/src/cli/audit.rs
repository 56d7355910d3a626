//! `mintmark audit`

mod export;
mod verify;

use clap::{Args, Subcommand};
use mintmark_core::clock::Clock;
use mintmark_core::model::{BusinessId, ClientId, EnvironmentName, Position, ResourceId};
use mintmark_core::store::{AuditFilter, Store, Subject};
use serde_json::json;

use super::Done;
use super::output::{Output, plain};
use super::place::Place;
use super::time::{self, Moment, parse_moment};
use crate::audit_lines::record_json;
use crate::cli::Failure;
use crate::clock::SystemClock;

#[derive(Subcommand, Debug)]
pub(super) enum AuditCommand {
    /// List changes, latest first.
    #[command(after_help = "Example: mintmark audit list --action client. --from 7d")]
    List(ListArgs),
    /// Write changes out, latest first, a line for each.
    #[command(after_help = "Example: mintmark audit export --format csv --from 2027-01-01 --out audit.csv")]
    Export(export::ExportArgs),
    /// Verify the chains: whether rows were changed, removed, added or moved. The exit code is 1 if so.
    #[command(after_help = "Example: mintmark audit verify --head heads-of-monday.json")]
    Verify(verify::VerifyArgs),
    /// Print where the chains end, as JSON that nobody can change without the master key: kept apart from the database, it shows later
    /// whether the log still holds what it held.
    #[command(after_help = "Example: mintmark audit head > heads-of-monday.json")]
    Head,
}

/// Which rows.
#[derive(Args, Debug)]
pub(super) struct FilterArgs {
    /// Of this tenant's chain: its id or name.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// Of the operator's own chain: what concerns no tenant.
    #[arg(long, conflicts_with = "tenant")]
    operator: bool,
    /// About this client and its credentials.
    #[arg(long, value_name = "ID", group = "object")]
    client: Option<ClientId>,
    /// About this business.
    #[arg(long, value_name = "ID", group = "object")]
    business: Option<BusinessId>,
    /// About this resource.
    #[arg(long, value_name = "ID", group = "object")]
    resource: Option<ResourceId>,
    /// About this signing key.
    #[arg(long, value_name = "KID", group = "object")]
    key: Option<String>,
    /// About this token.
    #[arg(long, value_name = "JTI", group = "object")]
    token: Option<String>,
    /// The environment of the object [default: the only one, or sandbox].
    #[arg(long, requires = "object")]
    environment: Option<EnvironmentName>,
    /// Made by them, exactly as the log names them.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Whose action begins so, such as client. or client.create.
    #[arg(long, value_name = "BEGINNING")]
    action: Option<String>,
    /// Made at this moment or later: 2027-01-15T09:30:00Z, 2027-01-15, or 7d for a week ago.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    from: Option<Moment>,
    /// Made before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = parse_moment)]
    to: Option<Moment>,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "NUMBER")]
    limit: u32,
    /// Those before this position, to go on after the last one listed.
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
}

pub(super) async fn run(place: &Place, command: AuditCommand, is_json: bool) -> Done {
    match command {
        AuditCommand::List(args) => list(place, args).await,
        AuditCommand::Export(args) => export::run(place, args).await,
        AuditCommand::Verify(args) => verify::run(place, args, is_json).await,
        AuditCommand::Head => verify::head(place).await,
    }
}

async fn list(place: &Place, args: ListArgs) -> Done {
    let filter = args.filter.read(place).await?;
    let records = place.store.audit(&filter, args.before.map(Position), args.limit).await?;
    let rows = records.iter().map(|record| {
        vec![
            record.position.0.to_string(),
            time::show(record.at),
            plain(&record.actor),
            record.source.map_or_else(|| "-".to_owned(), |source| source.to_string()),
            plain(&record.action),
            plain(&record.subject.to_string()),
        ]
    });
    let json = records.iter().map(record_json).collect::<Vec<_>>();
    Ok(Output::table(&["POSITION", "WHEN", "WHO", "FROM", "ACTION", "OBJECT"], rows.collect(), json!(json)))
}

impl FilterArgs {
    /// As the store takes it: names are looked up, and times ago counted from now.
    async fn read(self, place: &Place) -> Result<AuditFilter, Failure> {
        let tenant = match &self.tenant {
            Some(named) => Some(Some(place.tenant(Some(named)).await?.id)),
            None if self.operator => Some(None),
            None => None,
        };
        let now = SystemClock.now();
        let (from, to) = (self.from.map(|moment| moment.when(now)), self.to.map(|moment| moment.when(now)));
        let (who, action) = (self.who.clone(), self.action.clone());
        Ok(AuditFilter { tenant, subject: self.subject(place).await?, who, action, from, to })
    }

    async fn subject(self, place: &Place) -> Result<Option<Subject>, Failure> {
        let Self { client, business, resource, key, token, .. } = self;
        if client.is_none() && business.is_none() && resource.is_none() && key.is_none() && token.is_none() {
            return Ok(None);
        }
        let environment = place.environment(self.environment.as_ref()).await?.environment.name;
        Ok(match (client, business, resource, key, token) {
            (Some(id), ..) => Some(Subject::Client { environment, id }),
            (_, Some(id), ..) => Some(Subject::Business { environment, id }),
            (_, _, Some(id), ..) => Some(Subject::Resource { environment, id }),
            (.., Some(kid), _) => Some(Subject::SigningKey { environment, kid }),
            (.., Some(id)) => Some(Subject::Token { environment, id }),
            (.., None) => None,
        })
    }
}
