//! `mintmark import`: clients of other servers.

mod report;

use std::path::PathBuf;

use clap::Args;
use mintmark_core::model::{DialectName, Entitlement, EnvironmentName, ResourceUri, ScopeSet};
use mintmark_core::registry::{ClientToImport, IMPORTED_AT_ONCE, Import, ImportPlace, ImportVerdict, ImportedClient};

use super::place::Place;
use super::{Done, Failure};
use crate::import::{Assumed, Format, Item, Read, Source, read};
use crate::store::SqlStore;
use report::{Line, Report};

#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// What wrote the file.
    #[arg(value_enum)]
    from: Format,
    /// The file, or - to read standard input.
    file: PathBuf,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// The tenant whose clients they become: its id or name [default: the only one].
    #[arg(long)]
    tenant: Option<String>,
    /// Say what would happen, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// The resource whose scopes theirs are [default: the environment's own].
    #[arg(long, value_name = "URI")]
    resource: Option<ResourceUri>,
    /// A dialect that they may use [default: standard]; may be repeated.
    #[arg(long, value_name = "NAME")]
    dialect: Vec<DialectName>,
    /// The scopes of clients of which the file names none, separated by spaces.
    #[arg(long, value_name = "SCOPES", value_parser = parse_scopes)]
    scope: Option<ScopeSet>,
    /// The API whose grants are meant, where clients of Auth0 have grants for several.
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
}

fn parse_scopes(text: &str) -> Result<ScopeSet, String> {
    ScopeSet::parse(text).map_err(|error| error.to_string())
}

pub(super) async fn run(place: &Place, args: ImportArgs) -> Done {
    let ImportArgs { from, file, environment, tenant, dry_run, resource, dialect, scope, audience } = args;
    let environment = place.environment(environment.as_ref()).await?.environment.name;
    let tenant = place.tenant(tenant.as_deref()).await?;
    let dialects = if dialect.is_empty() { vec![Entitlement::STANDARD.parse()?] } else { dialect };
    let source = Source::read(&file)?;
    let items = read(from, &source, &Assumed { scopes: scope, audience })?;
    drop(source);
    let to = ImportPlace { environment, tenant_id: tenant.id, from: from.as_str(), resource, dialects };
    let import = place.registry.import(to).await?;
    let mut report = Report::new(dry_run);
    let done = import_all(&import, items, dry_run, &mut report).await;
    // What was done before the store failed stays, and a second run goes on behind it.
    done.map_err(|Failure(error)| Failure(format!("{error}; before that: {}; run it again", report.summary())))?;
    Ok(report.into_output())
}

async fn import_all(import: &Import<'_, SqlStore>, items: Vec<Item>, is_dry: bool, report: &mut Report) -> Result<(), Failure> {
    let mut waiting: Vec<(Line, ClientToImport)> = Vec::with_capacity(IMPORTED_AT_ONCE);
    for Item { place, id, client, left_out } in items {
        let line = Line { place, id, left_out };
        match client {
            Read::Client(client) => waiting.push((line, *client)),
            Read::Skipped(why) => report.skipped(line, why),
            Read::Bad(why) => report.refused(line, why),
        }
        if waiting.len() == IMPORTED_AT_ONCE {
            import_some(import, std::mem::take(&mut waiting), is_dry, report).await?;
        }
    }
    import_some(import, waiting, is_dry, report).await
}

async fn import_some(
    import: &Import<'_, SqlStore>,
    some: Vec<(Line, ClientToImport)>,
    is_dry: bool,
    report: &mut Report,
) -> Result<(), Failure> {
    let (lines, clients): (Vec<Line>, Vec<ClientToImport>) = some.into_iter().unzip();
    let answers = import.run(clients, is_dry).await?;
    for (mut line, ImportedClient { verdict, left_out }) in lines.into_iter().zip(answers) {
        match verdict {
            ImportVerdict::Made => {
                line.left_out.extend(left_out);
                report.made(line);
            }
            ImportVerdict::Unchanged => report.unchanged(line),
            ImportVerdict::Differs(why) => report.differs(line, why),
            ImportVerdict::Refused(why) => report.refused(line, why),
        }
    }
    Ok(())
}
