//! `mintmark secret`

use clap::{Args, Subcommand};
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{ClientId, Credential, CredentialId, EnvironmentName, ProofKind};
use mintmark_core::registry::CreatedSecret;
use mintmark_core::store::Store;
use serde_json::json;

mod limits;
mod rotate;

use limits::LimitsArgs;
pub(super) use limits::{LimitArgs, shown as shown_limits};
use rotate::RotateCommand;

use super::output::Output;
use super::place::Place;
use super::{Done, Failure, time};

#[derive(Args, Debug)]
pub(super) struct Owner {
    /// The client.
    pub(super) client_id: ClientId,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
}

#[derive(Subcommand, Debug)]
pub(super) enum SecretCommand {
    /// List the secrets of a client.
    #[command(after_help = "Example: mintmark secret list cli_…")]
    List(Owner),
    /// Give a client one more secret. It is shown once; those that the client has stay in force.
    #[command(alias = "create", after_help = "Example: mintmark secret add cli_… --expires-in 90d")]
    Add {
        #[command(flatten)]
        owner: Owner,
        /// How long it is in force, such as 90d.
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: Option<u32>,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Show what a secret, or other credential, may be used for, or change it.
    #[command(after_help = "Example: mintmark secret limits cli_… --id crd_… --network 10.0.0.0/8 --only-scope 'ledger:read'")]
    Limits(LimitsArgs),
    /// Let a new secret take the place of one, with both in force for a while.
    #[command(subcommand, after_help = "Example: mintmark secret rotate start cli_… --id crd_… --grace 24h")]
    Rotate(RotateCommand),
    /// Set when a secret expires, counted from now.
    #[command(after_help = "Example: mintmark secret expire cli_… --id crd_… --expires-in 24h")]
    Expire {
        #[command(flatten)]
        owner: Owner,
        /// Which secret.
        #[arg(long)]
        id: CredentialId,
        /// How long it is still in force, such as 24h.
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: u32,
    },
    /// Turn a secret off, for good; the tokens obtained with it are refused from then on.
    #[command(after_help = "Example: mintmark secret disable cli_… --id crd_…")]
    Disable {
        #[command(flatten)]
        owner: Owner,
        /// Which secret.
        #[arg(long)]
        id: CredentialId,
    },
}

pub(super) async fn run(place: &Place, command: SecretCommand) -> Done {
    match command {
        SecretCommand::List(owner) => {
            let environment = environment_of(place, &owner).await?;
            if place.store.client_record(&environment, &owner.client_id).await?.value.is_none() {
                return Err(Failure(format!("there is no client {} in {environment}", owner.client_id)));
            }
            let mut credentials = place.store.credentials(&environment, &owner.client_id).await?;
            credentials.retain(|credential| credential.proof.kind() == ProofKind::Secret);
            Ok(show(&credentials))
        }
        SecretCommand::Add { owner, expires_in, limits } => {
            let environment = environment_of(place, &owner).await?;
            let expires_at = expires_in.map(|seconds| from_now(place, seconds));
            let limits = limits.read(place);
            let created = place.registry.add_limited_secret(&environment, &owner.client_id, expires_at, &limits).await?;
            Ok(show_created(&created))
        }
        SecretCommand::Limits(args) => limits::run(place, args).await,
        SecretCommand::Rotate(command) => rotate::run(place, command).await,
        SecretCommand::Expire { owner, id, expires_in } => {
            let environment = environment_of(place, &owner).await?;
            let expires_at = from_now(place, expires_in);
            Ok(show(&[place.registry.expire_secret(&environment, &owner.client_id, id, expires_at).await?]))
        }
        SecretCommand::Disable { owner, id } => {
            let environment = environment_of(place, &owner).await?;
            Ok(show(&[place.registry.disable_secret(&environment, &owner.client_id, id).await?]))
        }
    }
}

fn show_created(created: &CreatedSecret) -> Output {
    let secret = created.secret.text().expose();
    let fields = vec![
        ("id", created.credential.id.to_string()),
        ("client_secret", secret.to_owned()),
        ("expires", time::show_or_never(created.credential.expires_at)),
        ("limits", shown_limits(&created.credential.limits)),
        ("note", "the secret is shown this once".to_owned()),
    ];
    Output::object(&fields, json!({ "credential": created.credential, "client_secret": secret }))
}

pub(super) async fn environment_of(place: &Place, owner: &Owner) -> Result<EnvironmentName, Failure> {
    Ok(place.environment(owner.environment.as_ref()).await?.environment.name)
}

fn from_now(place: &Place, seconds: u32) -> Timestamp {
    place.registry.clock.now().plus(seconds)
}

/// Where a credential was brought along from, and as what: it should be rotated.
pub(super) fn shown_import(credential: &Credential) -> String {
    credential.imported.as_ref().map_or_else(|| "-".to_owned(), |imported| format!("{} ({})", imported.from, imported.scheme))
}

fn show(credentials: &[Credential]) -> Output {
    let rows = credentials.iter().map(|one| {
        vec![
            one.id.to_string(),
            format!("…{}", one.hint),
            one.status.as_str().to_owned(),
            time::show(one.created_at),
            time::show_or_never(one.expires_at),
            time::show_or_never(one.last_used_at),
            one.last_used_from.map_or_else(|| "-".to_owned(), |address| address.to_string()),
            shown_limits(&one.limits),
            shown_import(one),
        ]
    });
    let headers = ["ID", "SECRET", "STATUS", "CREATED", "EXPIRES", "LAST USED", "FROM", "LIMITS", "IMPORTED"];
    Output::table(&headers, rows.collect(), json!(credentials))
}
