//! What `mintmark dev` makes to try things out with: a tenant, a business and a client for each dialect, in each environment.
//!
//! The secrets are kept in `dev-credentials.json`, which only `dev` does, so that a second run prints the same ones.

use std::path::Path;

use mintmark_core::dialect::Dialect;
use mintmark_core::model::{BusinessAccess, Environment, EnvironmentName, ScopeSet, Tenant};
use mintmark_core::registry::{ClientSecurity, NewBusiness, NewClient, NewEnvironment, NewGrant, ResourceEdit};
use mintmark_core::store::{EnvironmentRecord, Page, Store};
use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use crate::cli::Failure;
use crate::cli::place::{Place, write_private};
use crate::cli::resource::definitions;
use crate::serving::Door;

const CREDENTIALS: &str = "dev-credentials.json";
const TENANT: &str = "Demo tenant";
const BUSINESS: &str = "Demo business";
/// The demo clients with their secrets.
#[derive(Serialize, Deserialize, Debug, Default, Clone)]
pub(in crate::cli) struct DemoClients {
    pub(super) environments: Vec<DemoEnvironment>,
    pub(super) clients: Vec<DemoClient>,
}

/// An environment.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub(in crate::cli) struct DemoEnvironment {
    pub(super) name: String,
    pub(super) issuer: String,
}

/// A client.
#[derive(Serialize, Deserialize, Clone)]
pub(in crate::cli) struct DemoClient {
    pub(super) environment: String,
    pub(super) dialect: String,
    pub(in crate::cli) client_id: String,
    pub(in crate::cli) client_secret: String,
    pub(super) business_id: String,
    pub(in crate::cli) scopes: Vec<String>,
}

impl std::fmt::Debug for DemoClient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "DemoClient({} {})", self.environment, self.dialect)
    }
}

impl DemoClients {
    /// Those that an earlier run made; nothing if there was none.
    pub(in crate::cli) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(CREDENTIALS);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Failure(format!("{}: {error}; remove it to get new demo secrets", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure(format!("{}: {error}", path.display()))),
        }
    }

    /// The issuer of an environment.
    pub(in crate::cli) fn issuer(&self, environment: &str) -> Option<&str> {
        self.environments.iter().find(|known| known.name == environment).map(|known| known.issuer.as_str())
    }

    /// The client of a dialect, with its environment's issuer.
    pub(in crate::cli) fn find(&self, environment: &str, dialect: &str) -> Option<(&str, &DemoClient)> {
        let issuer = self.issuer(environment)?;
        let is_it = |client: &&DemoClient| client.environment == environment && client.dialect == dialect;
        self.clients.iter().find(is_it).map(|client| (issuer, client))
    }
}

/// Finds or makes everything, and moves issuers to the ports of this run.
pub(super) async fn ensure(place: &Place, folder: &Path, doors: &[Door]) -> Result<DemoClients, Failure> {
    let known = DemoClients::read(folder)?.unwrap_or_default();
    let tenant = ensure_tenant(place).await?;
    let mut demo = DemoClients::default();
    for door in doors {
        let issuer = format!("http://{}", door.socket.local_addr()?);
        let record = ensure_environment(place, &door.environment, &issuer).await?;
        let business_id = ensure_business(place, &record, &tenant).await?;
        for dialect in place.registry.dialects.iter() {
            let name = dialect.name.as_str();
            let kept = known.clients.iter().find(|one| one.environment == door.environment.as_str() && one.dialect == name);
            let kept = kept.filter(|one| one.business_id == business_id);
            let client = match kept {
                Some(client) if exists(place, &door.environment, client).await? => client.clone(),
                _ => create_client(place, &record, &tenant, dialect, &business_id).await?,
            };
            demo.clients.push(client);
        }
        demo.environments.push(DemoEnvironment { name: door.environment.to_string(), issuer });
    }
    write_private(&folder.join(CREDENTIALS), serde_json::to_string_pretty(&demo)?.as_bytes())?;
    Ok(demo)
}

async fn ensure_tenant(place: &Place) -> Result<Tenant, Failure> {
    let found = place.tenants().await?.into_iter().find(|tenant| tenant.name == TENANT);
    Ok(match found {
        Some(tenant) => tenant,
        None => place.registry.create_tenant(TENANT).await?,
    })
}

async fn ensure_environment(place: &Place, name: &EnvironmentName, issuer: &str) -> Result<EnvironmentRecord, Failure> {
    let find = async || -> Result<Option<EnvironmentRecord>, Failure> {
        Ok(place.store.environments().await?.value.into_iter().find(|record| record.environment.name == *name))
    };
    match find().await? {
        Some(record) if record.environment.issuer == issuer => {}
        Some(_) => {
            place.registry.set_environment_issuer(name, issuer).await?;
        }
        None => {
            let new = NewEnvironment {
                name: name.clone(),
                issuer: issuer.to_owned(),
                algorithm: Algorithm::Es256,
                lifetime_max: Environment::DEFAULT_LIFETIME_MAX,
            };
            crate::cli::environment::create(place, new).await?;
        }
    }
    let record = find().await?.ok_or_else(|| Failure(format!("the environment {name} went away")))?;
    ensure_catalogue(place, &record).await?;
    Ok(record)
}

/// Sees that the environment's own resource understands the scopes of all demo clients.
async fn ensure_catalogue(place: &Place, record: &EnvironmentRecord) -> Result<(), Failure> {
    let uri = record.environment.issuer.parse()?;
    let own = record.resources.iter().find(|resource| resource.uri == uri);
    let mut missing = Vec::new();
    for scope in place.registry.dialects.iter().flat_map(|dialect| dialect.example.granted.iter()) {
        if !missing.contains(scope) && !own.is_some_and(|own| own.understands(scope)) {
            missing.push(scope.clone());
        }
    }
    if !missing.is_empty() {
        let edit = ResourceEdit { add_scopes: definitions(Some(&ScopeSet::from_scopes(missing))), ..ResourceEdit::default() };
        place.registry.edit_resource(&record.environment.name, &uri, &edit).await?;
    }
    Ok(())
}

async fn ensure_business(place: &Place, record: &EnvironmentRecord, tenant: &Tenant) -> Result<String, Failure> {
    let environment = &record.environment.name;
    let page = Page { after: None, limit: 100 };
    let found = place.store.businesses(environment, tenant.id, page).await?.into_iter().find(|one| one.name == BUSINESS);
    if let Some(business) = found {
        return Ok(business.id.to_string());
    }
    let new =
        NewBusiness { environment: environment.clone(), tenant_id: tenant.id, name: BUSINESS.to_owned(), external_id: None };
    Ok(place.registry.create_business(new).await?.id.to_string())
}

async fn exists(place: &Place, environment: &EnvironmentName, client: &DemoClient) -> Result<bool, Failure> {
    let Ok(id) = client.client_id.parse() else { return Ok(false) };
    Ok(place.store.client_record(environment, &id).await?.value.is_some())
}

async fn create_client(
    place: &Place,
    record: &EnvironmentRecord,
    tenant: &Tenant,
    dialect: &Dialect,
    business_id: &str,
) -> Result<DemoClient, Failure> {
    let scopes = &dialect.example.granted;
    let created = place
        .registry
        .create_client(NewClient {
            environment: record.environment.name.clone(),
            tenant_id: tenant.id,
            id: None,
            name: format!("Demo {}", dialect.name),
            dialects: vec![dialect.name.clone()],
            grants: vec![NewGrant { resource: None, scopes: scopes.iter().cloned().collect() }],
            businesses: BusinessAccess::All,
            lifetime_max: None,
            attributes: dialect.example.attributes.clone(),
            security: ClientSecurity::default(),
            serves: Vec::new(),
            secret_expires_at: None,
        })
        .await?;
    Ok(DemoClient {
        environment: record.environment.name.to_string(),
        dialect: dialect.name.to_string(),
        client_id: created.client.id.to_string(),
        client_secret: created.secret.text().expose().to_owned(),
        business_id: business_id.to_owned(),
        scopes: scopes.iter().map(ToString::to_string).collect(),
    })
}
