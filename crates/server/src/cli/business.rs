//! `mintmark business`

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget};
use mintmark_core::model::{Business, BusinessId, EnvironmentName, Status, TenantId};
use mintmark_core::registry::{BusinessEdit, NewBusiness};
use mintmark_core::store::{Page, Store};
use serde_json::json;

use super::output::Output;
use super::place::Place;
use super::{Done, Failure, time};

#[derive(Args, Debug)]
pub(super) struct Whose {
    /// The environment [default: the only one, or sandbox; listings show all].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// The tenant's id or name [default: the only one].
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Subcommand, Debug)]
pub(super) enum BusinessCommand {
    /// List businesses.
    #[command(after_help = "Example: mintmark business list --environment sandbox")]
    List(Whose),
    /// Make a business, or with --names one for each line of a file.
    #[command(after_help = "Example: mintmark business create 'Blue Bakery' --external-id 4711")]
    Create {
        /// Its name.
        #[arg(required_unless_present = "names", conflicts_with = "names")]
        name: Option<String>,
        /// The tenant's own name for it.
        #[arg(long, conflicts_with = "names")]
        external_id: Option<String>,
        /// A file with a name in each line. Each is committed by itself and, with --json, told in a line of its own as soon
        /// as it is durable.
        #[arg(long, value_name = "FILE")]
        names: Option<PathBuf>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Change a business; what is not named stays.
    #[command(after_help = "Example: mintmark business update biz_… --name 'Blue Bakery Ltd'")]
    Update {
        /// Which.
        id: BusinessId,
        /// Its name.
        #[arg(long)]
        name: Option<String>,
        /// The tenant's own name for it.
        #[arg(long)]
        external_id: Option<String>,
        #[command(flatten)]
        whose: Whose,
    },
    /// Turn a business off: no token is scoped to it, and those that are scoped to it are refused from then on.
    #[command(after_help = "Example: mintmark business disable biz_…")]
    Disable {
        /// Which.
        id: BusinessId,
        #[command(flatten)]
        whose: Whose,
    },
    /// Turn a business on again.
    #[command(after_help = "Example: mintmark business enable biz_…")]
    Enable {
        /// Which.
        id: BusinessId,
        #[command(flatten)]
        whose: Whose,
    },
}

pub(super) async fn run(place: &Place, command: BusinessCommand, json: bool) -> Done {
    match command {
        BusinessCommand::List(whose) => list(place, &whose).await,
        BusinessCommand::Create { name, external_id, names, whose } => {
            let (environment, tenant_id) = resolve(place, &whose).await?;
            if let Some(file) = names {
                return create_many(place, &environment, tenant_id, &file, json).await;
            }
            let name = name.unwrap_or_default();
            let business = place.registry.create_business(NewBusiness { environment, tenant_id, name, external_id }).await?;
            Ok(show(&business))
        }
        BusinessCommand::Update { id, name, external_id, whose } => {
            edit(place, &whose, id, BusinessEdit { name, external_id, ..BusinessEdit::default() }).await
        }
        BusinessCommand::Disable { id, whose } => {
            edit(place, &whose, id, BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() }).await
        }
        BusinessCommand::Enable { id, whose } => {
            edit(place, &whose, id, BusinessEdit { status: Some(Status::Active), ..BusinessEdit::default() }).await
        }
    }
}

async fn resolve(place: &Place, whose: &Whose) -> Result<(EnvironmentName, TenantId), Failure> {
    let environment = place.environment(whose.environment.as_ref()).await?.environment.name;
    Ok((environment, place.tenant(whose.tenant.as_deref()).await?.id))
}

async fn edit(place: &Place, whose: &Whose, id: BusinessId, edit: BusinessEdit) -> Done {
    let (environment, tenant) = resolve(place, whose).await?;
    Ok(show(&place.registry.edit_business(&environment, tenant, id, &edit).await?))
}

async fn create_many(place: &Place, environment: &EnvironmentName, tenant_id: TenantId, file: &Path, json: bool) -> Done {
    let failed = |error: std::io::Error| Failure(format!("{}: {error}", file.display()));
    let open = || std::fs::File::open(file).map(std::io::BufReader::new).map_err(failed);
    let total = open()?.lines().count();
    let progress = Progress::new(place, total);
    let mut made = 0_u64;
    for line in open()?.lines() {
        let name = line.map_err(failed)?;
        if name.trim().is_empty() {
            continue;
        }
        let new = NewBusiness { environment: environment.clone(), tenant_id, name, external_id: None };
        let created = place.registry.create_business(new).await;
        let business = created.map_err(|error| Failure(format!("after {made} businesses were made: {error}")))?;
        made += 1;
        progress.advance(place);
        if json {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}", json!(business));
            let _ = out.flush();
        }
    }
    progress.bar.finish_and_clear();
    let summary = if json { serde_json::Value::Null } else { json!({ "created": made }) };
    Ok(Output::text(format!("{made} businesses made"), summary))
}

/// A progress bar that appears once the work has taken a second, on a terminal alone.
struct Progress {
    bar: ProgressBar,
    started: u64,
}

impl Progress {
    fn new(place: &Place, total: usize) -> Self {
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), ProgressDrawTarget::hidden());
        Self { bar, started: place.registry.clock.boot_milliseconds() }
    }

    fn advance(&self, place: &Place) {
        let elapsed = place.registry.clock.boot_milliseconds().saturating_sub(self.started);
        if self.bar.is_hidden() && std::io::stderr().is_terminal() && elapsed > 1000 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
        self.bar.inc(1);
    }
}

async fn list(place: &Place, whose: &Whose) -> Done {
    let tenant = place.tenant(whose.tenant.as_deref()).await?.id;
    let mut all: Vec<Business> = Vec::new();
    for environment in place.environment_names(whose.environment.as_ref()).await? {
        let mut after: Option<BusinessId> = None;
        loop {
            let page = place.store.businesses(&environment, tenant, Page { after: after.as_ref(), limit: 500 }).await?;
            let is_last = page.len() < 500;
            after = page.last().map(|business| business.id);
            all.extend(page);
            if is_last {
                break;
            }
        }
    }
    let rows = all.iter().map(|one| {
        vec![
            one.id.to_string(),
            one.environment.to_string(),
            one.name.clone(),
            one.external_id.clone().unwrap_or_else(|| "-".to_owned()),
            one.status.as_str().to_owned(),
            time::show(one.created_at),
        ]
    });
    Ok(Output::table(&["ID", "ENVIRONMENT", "NAME", "EXTERNAL ID", "STATUS", "CREATED"], rows.collect(), json!(all)))
}

fn show(business: &Business) -> Output {
    let fields = vec![
        ("id", business.id.to_string()),
        ("name", business.name.clone()),
        ("environment", business.environment.to_string()),
        ("tenant", business.tenant_id.to_string()),
        ("status", business.status.as_str().to_owned()),
    ];
    Output::object(&fields, json!(business))
}
