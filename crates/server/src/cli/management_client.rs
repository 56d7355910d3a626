//! `mintmark management-client`

use clap::Subcommand;
use mintmark_core::management::{Reach, Role};
use mintmark_core::model::{ManagementClient, ManagementClientId, Status};
use mintmark_core::registry::{CreatedManagementClient, NewManagementClient};
use mintmark_core::store::{Page, PeopleStore};
use serde_json::json;

use super::member::{parse_role, tenant_of};
use super::output::Output;
use super::place::Place;
use super::{Done, time};

/// How many are read at a time.
const PAGE: u32 = 500;

#[derive(Subcommand, Debug)]
pub(super) enum ManagementClientCommand {
    /// List the programs that use the management API.
    #[command(after_help = "Example: mintmark management-client list")]
    List {
        /// Only those of this tenant: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Let a program use the management API. Its secret is shown once.
    #[command(after_help = "Example: mintmark management-client create terraform --role developer --tenant 'Acme Ltd'")]
    Create {
        /// Its name.
        name: String,
        /// What it may do: admin or auditor at the operator; owner, developer or viewer at a tenant.
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// The tenant that it belongs to: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Turn a program off: its tokens are dead at once.
    #[command(after_help = "Example: mintmark management-client disable mgc_…")]
    Disable {
        /// Which.
        id: ManagementClientId,
    },
    /// Turn a program on again.
    #[command(after_help = "Example: mintmark management-client enable mgc_…")]
    Enable {
        /// Which.
        id: ManagementClientId,
    },
    /// Give a program another secret, shown once. The one from before and its tokens are dead at once.
    #[command(after_help = "Example: mintmark management-client rotate mgc_…")]
    Rotate {
        /// Which.
        id: ManagementClientId,
    },
}

pub(super) async fn run(place: &Place, command: ManagementClientCommand) -> Done {
    match command {
        ManagementClientCommand::List { tenant } => list(place, tenant.as_deref()).await,
        ManagementClientCommand::Create { name, role, tenant } => {
            let tenant_id = tenant_of(place, role, tenant.as_deref()).await?;
            let new = NewManagementClient { name, role, tenant_id };
            Ok(show_created(&place.registry.create_management_client(new).await?))
        }
        ManagementClientCommand::Disable { id } => set_status(place, id, Status::Disabled).await,
        ManagementClientCommand::Enable { id } => set_status(place, id, Status::Active).await,
        ManagementClientCommand::Rotate { id } => Ok(show_created(&place.registry.rotate_management_client(id).await?)),
    }
}

async fn list(place: &Place, tenant: Option<&str>) -> Done {
    let reach = match tenant {
        Some(named) => Reach::Tenant(place.tenant(Some(named)).await?.id),
        None => Reach::Operator,
    };
    let mut all: Vec<ManagementClient> = Vec::new();
    loop {
        let after = all.last().map(|client| client.id);
        let page = place.store.management_clients(reach, Page { after: after.as_ref(), limit: PAGE }).await?;
        let is_last = page.len() < PAGE as usize;
        all.extend(page);
        if is_last {
            break;
        }
    }
    let row = |one: &ManagementClient| {
        let status = one.status.as_str().to_owned();
        let hint = format!("…{}", one.hint);
        vec![one.id.to_string(), one.name.clone(), one.role.to_string(), owner(one), status, hint, time::show(one.created_at)]
    };
    let headers = ["ID", "NAME", "ROLE", "TENANT", "STATUS", "SECRET", "CREATED"];
    Ok(Output::table(&headers, all.iter().map(row).collect(), json!(all)))
}

async fn set_status(place: &Place, id: ManagementClientId, status: Status) -> Done {
    let client = place.registry.set_management_client_status(id, status).await?;
    Ok(Output::object(&fields(&client), json!(client)))
}

fn owner(client: &ManagementClient) -> String {
    client.tenant_id.map_or_else(|| "(operator)".to_owned(), |id| id.to_string())
}

fn fields(client: &ManagementClient) -> Vec<(&'static str, String)> {
    vec![
        ("id", client.id.to_string()),
        ("name", client.name.clone()),
        ("role", client.role.to_string()),
        ("tenant", owner(client)),
        ("status", client.status.as_str().to_owned()),
    ]
}

fn show_created(created: &CreatedManagementClient) -> Output {
    let secret = created.secret.text().expose();
    let mut fields = fields(&created.client);
    fields.push(("secret", secret.to_owned()));
    Output::object(&fields, json!({ "client": created.client, "secret": secret }))
}
