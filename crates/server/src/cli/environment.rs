//! `mintmark environment`

use clap::Subcommand;
use mintmark_core::model::{Environment, EnvironmentName, KeyState, SigningKey};
use mintmark_core::registry::{KeyMaker, NewEnvironment};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;
use serde_json::json;

use super::output::{Output, words};
use super::place::Place;
use super::{Done, Failure};
use crate::node::KeyThreads;
use crate::store::StoreKind;

#[derive(Subcommand, Debug)]
pub(super) enum EnvironmentCommand {
    /// List environments.
    #[command(after_help = "Example: mintmark environment list")]
    List,
    /// Make an environment.
    #[command(after_help = "Example: mintmark environment create production --issuer https://auth.example.com")]
    Create {
        /// Its name, which will stand in every secret.
        name: EnvironmentName,
        /// Its issuer URL, such as <https://auth.example.com>
        #[arg(long)]
        issuer: String,
        /// The algorithm where neither resource nor dialect names one.
        #[arg(long, default_value = "ES256")]
        algorithm: Algorithm,
        /// The longest life of any token, in seconds.
        #[arg(long, default_value_t = Environment::DEFAULT_LIFETIME_MAX)]
        lifetime_max: u32,
    },
}

pub(super) async fn run(place: &Place, command: EnvironmentCommand) -> Done {
    match command {
        EnvironmentCommand::List => list(place).await,
        EnvironmentCommand::Create { name, issuer, algorithm, lifetime_max } => {
            if place.kind == StoreKind::Dev {
                return Err(Failure(
                    "`mintmark dev` serves its two environments only; a server is made by `mintmark init`".to_owned(),
                ));
            }
            create(place, NewEnvironment { name, issuer, algorithm, lifetime_max }).await
        }
    }
}

async fn list(place: &Place) -> Done {
    let all = place.store.environments().await?.value;
    let rows = all.iter().map(|record| {
        let environment = &record.environment;
        vec![
            environment.name.to_string(),
            environment.issuer.clone(),
            environment.algorithm.to_string(),
            environment.lifetime_max.to_string(),
            record.resources.len().to_string(),
        ]
    });
    let environments: Vec<_> = all.iter().map(|record| &record.environment).collect();
    Ok(Output::table(&["NAME", "ISSUER", "ALGORITHM", "LIFETIME MAX", "RESOURCES"], rows.collect(), json!(environments)))
}

pub(super) async fn create(place: &Place, new: NewEnvironment) -> Done {
    let mut algorithms: Vec<Algorithm> =
        place.registry.dialects.iter().filter_map(|dialect| dialect.token.algorithm).chain([new.algorithm]).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut keys = Vec::new();
    for algorithm in algorithms {
        keys.push(make_key(place, &new.name, algorithm, KeyState::Active).await?);
    }
    let environment = place.registry.create_environment(new, keys.clone()).await?;
    let fields = vec![
        ("name", environment.name.to_string()),
        ("issuer", environment.issuer.clone()),
        ("keys", words(keys.iter().map(|key| key.algorithm))),
        ("next", format!("add [environments.{}] with listen = \"…\" to mintmark.toml and restart", environment.name)),
    ];
    Ok(Output::object(&fields, json!(environment)))
}

/// Makes a signing key on a thread of its own, since RSA takes a quarter of a second.
pub(super) async fn make_key(
    place: &Place,
    name: &EnvironmentName,
    algorithm: Algorithm,
    state: KeyState,
) -> Result<SigningKey, Failure> {
    let made = KeyThreads::of(&place.registry).make(name, algorithm, state).await;
    made.ok_or_else(|| Failure(format!("a {algorithm} key could not be made")))
}
