//! `mintmark tenant entitle`

use clap::Args;
use mintmark_core::model::{DialectName, Entitlement, EnvironmentName, ResourceUri, ScopeSet};
use mintmark_core::registry::{EntitlementEdit, NewGrant};
use mintmark_core::store::{EnvironmentRecord, Store};
use serde_json::json;

use super::output::{Output, words};
use super::place::Place;
use super::resource::parse_scopes;
use super::{Done, Failure};

#[derive(Args, Debug)]
pub(super) struct EntitleArgs {
    /// The tenant's id or name.
    tenant: String,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// What its clients may be given to ask for at the resource, separated by spaces, in place of what is there.
    #[arg(long, value_parser = parse_scopes, value_name = "SCOPES")]
    scope: Option<ScopeSet>,
    /// The resource that --scope is about [default: the environment's own].
    #[arg(long, value_name = "URI", requires = "scope")]
    resource: Option<ResourceUri>,
    /// A resource at which its clients are to be given nothing more; those that have something keep it.
    #[arg(long, value_name = "URI")]
    revoke: Option<ResourceUri>,
    /// A dialect that its clients may be given besides standard, in place of those that are named; may be repeated.
    #[arg(long, value_name = "NAME")]
    dialect: Vec<DialectName>,
    /// Let its clients be given no dialect but standard.
    #[arg(long, conflicts_with = "dialect")]
    no_dialects: bool,
    /// The longest life of tokens that it may give a client, in seconds.
    #[arg(long, value_name = "SECONDS")]
    lifetime_max: Option<u32>,
    /// Take that limit away.
    #[arg(long, conflicts_with = "lifetime_max")]
    no_lifetime_max: bool,
}

impl EntitleArgs {
    fn changes(&self) -> bool {
        let is_told = self.scope.is_some() || self.revoke.is_some() || self.lifetime_max.is_some();
        is_told || !self.dialect.is_empty() || self.no_dialects || self.no_lifetime_max
    }

    fn edit(self) -> EntitlementEdit {
        let scopes = self.scope.map(|scopes| scopes.iter().cloned().collect());
        EntitlementEdit {
            grant: scopes.map(|scopes| NewGrant { resource: self.resource, scopes }),
            revoke: self.revoke,
            dialects: (self.no_dialects || !self.dialect.is_empty()).then_some(self.dialect),
            lifetime_max: if self.no_lifetime_max { Some(None) } else { self.lifetime_max.map(Some) },
            ..EntitlementEdit::default()
        }
    }
}

/// Shows what a tenant is entitled to, after the change that is asked for.
pub(super) async fn entitle(place: &Place, args: EntitleArgs) -> Done {
    let record = place.environment(args.environment.as_ref()).await?;
    let tenant = place.tenant(Some(&args.tenant)).await?.id;
    let name = &record.environment.name;
    let entitlement = if args.changes() {
        place.registry.edit_entitlement(name, tenant, &args.edit()).await?
    } else {
        let stored = place.store.entitlement(name, tenant).await.map_err(|error| Failure(error.to_string()))?;
        stored.unwrap_or_else(|| Entitlement::none(name.clone(), tenant))
    };
    Ok(show(&entitlement, &record))
}

fn show(entitlement: &Entitlement, record: &EnvironmentRecord) -> Output {
    let uri_of = |id| record.resources.iter().find(|known| known.id == id).map_or(String::new(), |known| known.uri.to_string());
    let grants = entitlement.grants.iter().map(|grant| format!("{}: {}", uri_of(grant.resource), words(&grant.scopes)));
    let fields = vec![
        ("tenant", entitlement.tenant_id.to_string()),
        ("environment", entitlement.environment.to_string()),
        ("may give", grants.collect::<Vec<_>>().join("; ")),
        ("dialects", words(std::iter::once(Entitlement::STANDARD).chain(entitlement.dialects.iter().map(DialectName::as_str)))),
        ("longest life", entitlement.lifetime_max.map_or_else(|| "no limit".to_owned(), |most| format!("{most} s"))),
    ];
    Output::object(&fields, json!(entitlement))
}
