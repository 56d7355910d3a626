//! Many clients, in few transactions: one is made by the registry, the others are copies of it with secrets of their own.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use mintmark::store::SqlStore;
use mintmark_bench::clock;
use mintmark_bench::failure::{Context, Done, Failure};
use mintmark_core::crypto::{ClientSecret, SecretOwner};
use mintmark_core::model::{BusinessAccess, Client, ClientId, CredentialId, EnvironmentName, Proof, TenantId};
use mintmark_core::registry::{ClientSecurity, CreatedClient, CreatedSecret, NewClient, Registry};
use mintmark_core::store::{AuditEntry, Change, Store, Subject, Write};
use serde_json::json;

use crate::Figures;
use crate::place::{PlaceArgs, environment};

/// How many clients one transaction makes.
const AT_ONCE: usize = 1000;

#[derive(Args, Debug)]
pub(crate) struct SeedArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// How many clients.
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// Where to write the clients with their secrets.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The feed names the tenant alone, so that nodes learn of the clients when they are started again.
pub(crate) async fn run(args: &SeedArgs) -> Done<Figures> {
    let registry = args.place.open().await?;
    let environment = environment()?;
    let start = clock::now();
    let tenant = registry.create_tenant(&format!("Fault tests {}", clock::unix_seconds())).await?.id;
    let model = make_model(&registry, &environment, tenant).await?;
    let mut text = String::new();
    let mut left = args.clients;
    while left > 0 {
        let count = left.min(AT_ONCE);
        left -= count;
        let mut writes = Vec::new();
        for _ in 0..count {
            let (client, created) = copy_of(&model, &registry)?;
            text.extend([client.id.as_str(), " ", created.secret.text().expose(), "\n"]);
            writes.push(Write::InsertClient(client));
            writes.push(Write::InsertCredential(created.credential));
        }
        let at = registry.clock.now();
        let subject = Subject::Tenant { id: tenant };
        let actor = registry.actor.who.clone();
        let audit = AuditEntry { after: Some(json!(count)), ..AuditEntry::local(at, actor, "client.seed", subject) };
        registry.store.commit(&Change { writes, audit }).await?;
    }
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&args.out);
    file.and_then(|mut file| file.write_all(text.as_bytes())).context(|| args.out.display().to_string())?;
    let seconds = clock::now().duration_since(start).as_secs_f64();
    Ok(Figures::new(json!({ "tenant": tenant, "clients": args.clients, "seconds": seconds })))
}

async fn make_model(registry: &Registry<SqlStore>, environment: &EnvironmentName, tenant_id: TenantId) -> Done<CreatedClient> {
    Ok(registry.create_client(new_client(environment, tenant_id)?).await?)
}

/// A client of the standard dialect, without grants.
pub(crate) fn new_client(environment: &EnvironmentName, tenant_id: TenantId) -> Done<NewClient> {
    Ok(NewClient {
        environment: environment.clone(),
        tenant_id,
        id: None,
        name: "Fault tests".to_owned(),
        dialects: vec!["standard".parse()?],
        grants: Vec::new(),
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: mintmark_core::model::Attributes::new(),
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    })
}

fn copy_of(model: &CreatedClient, registry: &Registry<SqlStore>) -> Done<(Client, CreatedSecret)> {
    let random = &*registry.random;
    let client = Client { id: ClientId::generate(random), ..model.client.clone() };
    let (environment, secret) = (&client.environment, ClientSecret::generate(&client.environment, random));
    let credential_id = CredentialId::generate(random);
    let owner = SecretOwner { environment, client_id: &client.id, credential_id };
    let stored = registry.root_keys.peppers.store(owner, secret.text());
    let mut credential = model.credential.clone();
    credential.id = credential_id;
    credential.client_id = client.id.clone();
    credential.hint = secret.hint();
    credential.proof = Proof::Secret(stored.ok_or_else(|| Failure("no pepper is loaded".to_owned()))?);
    Ok((client, CreatedSecret { secret, credential }))
}
