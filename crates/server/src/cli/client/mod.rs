//! `mintmark client`

use clap::{Args, Subcommand};
use mintmark_core::model::{
    AssertionAudience, AttributeValue, Attributes, BusinessAccess, BusinessId, Client, ClientId, DialectName, EnvironmentName,
    Profile, ResourceUri, ScopeSet, Status, TenantId, TokenBinding,
};
use mintmark_core::registry::{ClientEdit, ClientSecurity, CreatedClient, NewClient, NewCredential, NewGrant};
use mintmark_core::store::{Page, Store};
use serde_json::json;

mod promote;

use super::credential::ProofArgs;
use super::output::{Output, words};
use super::place::Place;
use super::resource::parse_scopes;
use super::{Done, Failure, time};

#[derive(Subcommand, Debug)]
pub(super) enum ClientCommand {
    /// List clients.
    #[command(after_help = "Example: mintmark client list --environment production")]
    List {
        /// Only this environment's.
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// Only this tenant's: its id or name.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Show a client.
    #[command(after_help = "Example: mintmark client show cli_…")]
    Show {
        /// Which.
        client_id: ClientId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Make a client with a secret, which is shown once, or with another proof.
    #[command(after_help = "Example: mintmark client create billing --dialect standard --scope 'ledger:read'")]
    Create(Box<CreateArgs>),
    /// Change a client; what is not named stays.
    #[command(after_help = "Example: mintmark client update cli_… --add-dialect acme")]
    Update(Box<UpdateArgs>),
    /// Bring a client to another environment, as a plan that was reviewed says; secrets stay behind.
    #[command(after_help = "Example: mintmark client promote cli_… --plan")]
    Promote(promote::PromoteArgs),
    /// Turn a client off: it gets no tokens, and those that it has are refused from then on.
    #[command(after_help = "Example: mintmark client disable cli_…")]
    Disable {
        /// Which.
        client_id: ClientId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Turn a client on again; the tokens from before stay refused.
    #[command(after_help = "Example: mintmark client enable cli_…")]
    Enable {
        /// Which.
        client_id: ClientId,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
}

/// What both making and changing a client take.
#[derive(Args, Debug)]
pub(super) struct Settings {
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// A dialect that it may use; may be repeated.
    #[arg(long, value_name = "NAME")]
    dialect: Vec<DialectName>,
    /// What it may ask for at the resource, separated by spaces.
    #[arg(long, value_parser = parse_scopes, value_name = "SCOPES")]
    scope: Option<ScopeSet>,
    /// The resource that --scope is about [default: the environment's own].
    #[arg(long, value_name = "URI")]
    resource: Option<ResourceUri>,
    /// A business that it may act for [default: all of the tenant's]; may be repeated.
    #[arg(long, value_name = "ID")]
    business: Vec<BusinessId>,
    /// A resource that it is the server or gateway of: it may ask about tokens for it. May be repeated.
    #[arg(long, value_name = "URI")]
    serve: Vec<ResourceUri>,
    /// The longest life of its tokens, in seconds.
    #[arg(long, value_name = "SECONDS")]
    lifetime_max: Option<u32>,
    /// An attribute that dialects may copy into its tokens, as NAME=VALUE; may be repeated.
    #[arg(long, value_parser = parse_attribute, value_name = "NAME=VALUE")]
    attribute: Vec<(String, AttributeValue)>,
    /// Whom its tokens are bound to: optional, dpop, certificate or either.
    #[arg(long, value_name = "RULE", value_parser = parse_binding)]
    token_binding: Option<TokenBinding>,
    /// What its assertions may name as audience: issuer, or legacy for clients that name the token endpoint.
    #[arg(long, value_name = "RULE", value_parser = parse_audience)]
    assertion_audience: Option<AssertionAudience>,
    /// A security profile that it keeps to: fapi2.
    #[arg(long, value_name = "NAME", value_parser = parse_profile)]
    profile: Option<Profile>,
}

#[derive(Args, Debug)]
pub(super) struct CreateArgs {
    /// What people call it.
    name: String,
    /// The tenant's id or name [default: the only one].
    #[arg(long)]
    tenant: Option<String>,
    /// Its `client_id`, if it brings one along.
    #[arg(long)]
    id: Option<ClientId>,
    /// How long its first secret is in force, such as 90d [default: until it is turned off].
    #[arg(long, value_parser = time::parse_duration)]
    secret_expires_in: Option<u32>,
    #[command(flatten)]
    proof: ProofArgs,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args, Debug)]
pub(super) struct UpdateArgs {
    /// Which.
    client_id: ClientId,
    /// What people call it.
    #[arg(long)]
    name: Option<String>,
    /// A dialect that it may use besides, where --dialect replaces those that it has; may be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "dialect")]
    add_dialect: Vec<DialectName>,
    /// A resource that it may ask for no more; tokens that it has live on, see `mintmark revoke`.
    #[arg(long, value_name = "URI")]
    revoke: Option<ResourceUri>,
    /// A resource that it serves no more.
    #[arg(long, value_name = "URI")]
    serve_no_more: Option<ResourceUri>,
    /// An attribute to take away; may be repeated.
    #[arg(long, value_name = "NAME")]
    remove_attribute: Vec<String>,
    /// Let it act for all businesses of its tenant.
    #[arg(long, conflicts_with = "business")]
    all_businesses: bool,
    /// Take its security profile away.
    #[arg(long, conflicts_with = "profile")]
    no_profile: bool,
    #[command(flatten)]
    settings: Settings,
}

fn parse_binding(text: &str) -> Result<TokenBinding, String> {
    TokenBinding::from_word(text).ok_or_else(|| "expected optional, dpop, certificate or either".to_owned())
}

fn parse_audience(text: &str) -> Result<AssertionAudience, String> {
    AssertionAudience::from_word(text).ok_or_else(|| "expected issuer or legacy".to_owned())
}

fn parse_profile(text: &str) -> Result<Profile, String> {
    Profile::from_word(text).ok_or_else(|| "expected fapi2".to_owned())
}

/// `true`, `false` and whole numbers are what they look like, everything else is a text.
pub(super) fn parse_attribute(text: &str) -> Result<(String, AttributeValue), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "expected NAME=VALUE".to_owned())?;
    let value = match (value, value.parse::<i64>()) {
        ("true", _) => AttributeValue::Boolean(true),
        ("false", _) => AttributeValue::Boolean(false),
        (_, Ok(number)) if number.to_string() == value => AttributeValue::Integer(number),
        _ => AttributeValue::Text(value.to_owned()),
    };
    Ok((name.to_owned(), value))
}

pub(super) async fn run(place: &Place, command: ClientCommand) -> Done {
    match command {
        ClientCommand::List { environment, tenant } => list(place, environment.as_ref(), tenant.as_deref()).await,
        ClientCommand::Show { client_id, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment.name;
            let found = place.store.client_record(&environment, &client_id).await?.value;
            let record = found.ok_or_else(|| Failure(format!("there is no client {client_id} in {environment}")))?;
            Ok(show(&record.client))
        }
        ClientCommand::Create(args) => create(place, *args).await,
        ClientCommand::Update(args) => update(place, *args).await,
        ClientCommand::Promote(args) => promote::run(place, args).await,
        ClientCommand::Disable { client_id, environment } => {
            set_status(place, &client_id, environment.as_ref(), Status::Disabled).await
        }
        ClientCommand::Enable { client_id, environment } => {
            set_status(place, &client_id, environment.as_ref(), Status::Active).await
        }
    }
}

async fn create(place: &Place, args: CreateArgs) -> Done {
    let CreateArgs { name, tenant, id, secret_expires_in, proof, settings } = args;
    let environment = place.environment(settings.environment.as_ref()).await?.environment.name;
    let tenant_id = place.tenant(tenant.as_deref()).await?.id;
    if settings.dialect.is_empty() {
        let known = words(place.registry.dialects.iter().map(|dialect| &dialect.name));
        return Err(Failure(format!("say which dialects the client may use: --dialect NAME; there are: {known}")));
    }
    let expires_at = secret_expires_in.map(|seconds| place.registry.clock.now().plus(seconds));
    let new = NewClient {
        environment,
        tenant_id,
        id,
        name,
        grants: grant(&settings).into_iter().collect(),
        businesses: businesses(&settings).unwrap_or(BusinessAccess::All),
        dialects: settings.dialect,
        lifetime_max: settings.lifetime_max,
        attributes: settings.attribute.into_iter().collect(),
        security: ClientSecurity {
            token_binding: settings.token_binding.unwrap_or_default(),
            assertion_audience: settings.assertion_audience.unwrap_or_default(),
            profile: settings.profile,
        },
        serves: settings.serve,
        secret_expires_at: expires_at,
    };
    if proof.is_given() {
        let credential = NewCredential { proof: proof.read()?, expires_at };
        let (client, credential) = place.registry.create_client_with(new, credential).await?;
        let mut fields = fields(&client);
        fields.insert(1, ("credential", format!("{} {}", credential.proof.kind().as_str(), credential.hint)));
        return Ok(Output::object(&fields, json!({ "client": client, "credential": credential })));
    }
    Ok(show_created(&place.registry.create_client(new).await?))
}

async fn update(place: &Place, args: UpdateArgs) -> Done {
    let UpdateArgs {
        client_id,
        name,
        add_dialect,
        revoke,
        serve_no_more,
        remove_attribute,
        all_businesses,
        no_profile,
        settings,
    } = args;
    let environment = place.environment(settings.environment.as_ref()).await?.environment.name;
    let edit = ClientEdit {
        name,
        add_dialects: add_dialect,
        revoke,
        remove_attributes: remove_attribute,
        serve: settings.serve.clone(),
        serve_no_more,
        grant: grant(&settings),
        businesses: if all_businesses { Some(BusinessAccess::All) } else { businesses(&settings) },
        dialects: Some(settings.dialect).filter(|dialects| !dialects.is_empty()),
        lifetime_max: settings.lifetime_max,
        attributes: settings.attribute.into_iter().collect(),
        token_binding: settings.token_binding,
        assertion_audience: settings.assertion_audience,
        profile: if no_profile { Some(None) } else { settings.profile.map(Some) },
        ..ClientEdit::default()
    };
    Ok(show(&place.registry.edit_client(&environment, &client_id, &edit).await?))
}

async fn set_status(place: &Place, id: &ClientId, environment: Option<&EnvironmentName>, status: Status) -> Done {
    let environment = place.environment(environment).await?.environment.name;
    let edit = ClientEdit { status: Some(status), ..ClientEdit::default() };
    Ok(show(&place.registry.edit_client(&environment, id, &edit).await?))
}

fn grant(settings: &Settings) -> Option<NewGrant> {
    let scopes = settings.scope.as_ref()?.iter().cloned().collect();
    Some(NewGrant { resource: settings.resource.clone(), scopes })
}

fn businesses(settings: &Settings) -> Option<BusinessAccess> {
    if settings.business.is_empty() { None } else { Some(BusinessAccess::Only(settings.business.clone())) }
}

async fn list(place: &Place, environment: Option<&EnvironmentName>, tenant: Option<&str>) -> Done {
    let tenant: Option<TenantId> = match tenant {
        Some(named) => Some(place.tenant(Some(named)).await?.id),
        None => None,
    };
    let mut clients: Vec<Client> = Vec::new();
    for environment in place.environment_names(environment).await? {
        let mut after: Option<ClientId> = None;
        loop {
            let page = place.store.clients(&environment, tenant, Page { after: after.as_ref(), limit: 500 }).await?;
            let is_last = page.len() < 500;
            after = page.last().map(|client| client.id.clone());
            clients.extend(page);
            if is_last {
                break;
            }
        }
    }
    let rows = clients.iter().map(|client| {
        vec![
            client.id.to_string(),
            client.environment.to_string(),
            client.name.clone(),
            client.status.as_str().to_owned(),
            words(&client.dialects),
            words(client.grants.iter().flat_map(|grant| &grant.scopes)),
        ]
    });
    Ok(Output::table(&["CLIENT ID", "ENVIRONMENT", "NAME", "STATUS", "DIALECTS", "SCOPES"], rows.collect(), json!(clients)))
}

fn show(client: &Client) -> Output {
    Output::object(&fields(client), json!(client))
}

fn show_created(created: &CreatedClient) -> Output {
    let secret = created.secret.text().expose();
    let mut fields = fields(&created.client);
    fields.insert(1, ("client_secret", secret.to_owned()));
    fields.push(("note", "the secret is shown this once".to_owned()));
    let json = json!({ "client": created.client, "credential": created.credential, "client_secret": secret });
    Output::object(&fields, json)
}

fn fields(client: &Client) -> Vec<(&'static str, String)> {
    let businesses = match &client.businesses {
        BusinessAccess::All => "all".to_owned(),
        BusinessAccess::Only(ids) => words(ids),
    };
    vec![
        ("client_id", client.id.to_string()),
        ("name", client.name.clone()),
        ("environment", client.environment.to_string()),
        ("tenant", client.tenant_id.to_string()),
        ("status", client.status.as_str().to_owned()),
        ("dialects", words(&client.dialects)),
        ("scopes", words(client.grants.iter().flat_map(|grant| &grant.scopes))),
        ("businesses", businesses),
        ("serves", words(&client.serves)),
        ("attributes", words(attributes(&client.attributes))),
        ("token binding", client.token_binding.as_str().to_owned()),
        ("assertion audience", client.assertion_audience.as_str().to_owned()),
        ("profile", client.profile.map_or("-", Profile::as_str).to_owned()),
    ]
}

pub(super) fn attributes(attributes: &Attributes) -> impl Iterator<Item = String> {
    attributes.iter().map(|(name, value)| format!("{name}={}", value.to_json()))
}
