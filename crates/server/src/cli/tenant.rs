//! `mintmark tenant`

use clap::Subcommand;
use mintmark_core::model::{AttributeValue, Status, Tenant};
use serde_json::json;

use super::client::{attributes, parse_attribute};
use super::entitlement::{EntitleArgs, entitle};
use super::output::{Output, words};
use super::place::Place;
use super::{Done, time};

#[derive(Subcommand, Debug)]
pub(super) enum TenantCommand {
    /// List tenants.
    #[command(after_help = "Example: mintmark tenant list")]
    List,
    /// Make a tenant.
    #[command(after_help = "Example: mintmark tenant create 'Acme Ltd'")]
    Create {
        /// Its name.
        name: String,
    },
    /// Give a tenant another name.
    #[command(after_help = "Example: mintmark tenant rename 'Acme Ltd' 'Acme Group'")]
    Rename {
        /// Its id or name.
        tenant: String,
        /// The new name.
        name: String,
    },
    /// Set what dialects may copy into the tokens of a tenant's clients.
    #[command(after_help = "Example: mintmark tenant attributes 'Acme Ltd' --set plan=gold --remove region")]
    Attributes {
        /// Its id or name.
        tenant: String,
        /// An attribute to set, as NAME=VALUE; may be repeated.
        #[arg(long, value_parser = parse_attribute, value_name = "NAME=VALUE")]
        set: Vec<(String, AttributeValue)>,
        /// An attribute to take away; may be repeated.
        #[arg(long, value_name = "NAME")]
        remove: Vec<String>,
    },
    /// Say what a tenant's own members may give its clients, or show it: clients that have more keep it.
    #[command(
        after_help = "Example: mintmark tenant entitle 'Acme Ltd' --resource https://api.example.com --scope 'invoice:read'"
    )]
    Entitle(EntitleArgs),
    /// Turn a tenant off: none of its clients gets a token, and those that they have are refused from then on.
    #[command(after_help = "Example: mintmark tenant disable 'Acme Ltd'")]
    Disable {
        /// Its id or name.
        tenant: String,
    },
    /// Turn a tenant on again.
    #[command(after_help = "Example: mintmark tenant enable 'Acme Ltd'")]
    Enable {
        /// Its id or name.
        tenant: String,
    },
}

pub(super) async fn run(place: &Place, command: TenantCommand) -> Done {
    match command {
        TenantCommand::List => {
            let tenants = place.tenants().await?;
            let rows = tenants.iter().map(|one| {
                vec![one.id.to_string(), one.name.clone(), one.status.as_str().to_owned(), time::show(one.created_at)]
            });
            Ok(Output::table(&["ID", "NAME", "STATUS", "CREATED"], rows.collect(), json!(tenants)))
        }
        TenantCommand::Create { name } => Ok(show(&place.registry.create_tenant(&name).await?)),
        TenantCommand::Rename { tenant, name } => {
            let id = place.tenant(Some(&tenant)).await?.id;
            Ok(show(&place.registry.rename_tenant(id, &name).await?))
        }
        TenantCommand::Attributes { tenant, set, remove } => {
            let id = place.tenant(Some(&tenant)).await?.id;
            Ok(show(&place.registry.set_tenant_attributes(id, &set.into_iter().collect(), &remove).await?))
        }
        TenantCommand::Entitle(args) => entitle(place, args).await,
        TenantCommand::Disable { tenant } => set_status(place, &tenant, Status::Disabled).await,
        TenantCommand::Enable { tenant } => set_status(place, &tenant, Status::Active).await,
    }
}

async fn set_status(place: &Place, tenant: &str, status: Status) -> Done {
    let id = place.tenant(Some(tenant)).await?.id;
    Ok(show(&place.registry.set_tenant_status(id, status).await?))
}

fn show(tenant: &Tenant) -> Output {
    let fields = vec![
        ("id", tenant.id.to_string()),
        ("name", tenant.name.clone()),
        ("status", tenant.status.as_str().to_owned()),
        ("attributes", words(attributes(&tenant.attributes))),
    ];
    Output::object(&fields, json!(tenant))
}
