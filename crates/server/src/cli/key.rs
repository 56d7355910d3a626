//! `mintmark key`

use clap::Subcommand;
use mintmark_core::model::{EnvironmentName, SigningKey};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;
use serde_json::json;

use super::environment::make_key;
use super::output::Output;
use super::place::Place;
use super::{Done, time};

#[derive(Subcommand, Debug)]
pub(super) enum KeyCommand {
    /// List signing keys.
    #[command(after_help = "Example: mintmark key list --environment production")]
    List {
        /// Only this environment's.
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Make the signing key of an algorithm that the environment has none for yet.
    #[command(after_help = "Example: mintmark key create --algorithm EdDSA")]
    Create {
        /// ES256, RS256, PS256 or `EdDSA`.
        #[arg(long)]
        algorithm: Algorithm,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
}

pub(super) async fn run(place: &Place, command: KeyCommand) -> Done {
    match command {
        KeyCommand::List { environment } => {
            let all = place.store.environments().await?.value;
            let keys: Vec<SigningKey> = all
                .into_iter()
                .filter(|record| environment.as_ref().is_none_or(|name| *name == record.environment.name))
                .flat_map(|record| record.keys)
                .collect();
            Ok(show(&keys))
        }
        KeyCommand::Create { algorithm, environment } => {
            let name = place.environment(environment.as_ref()).await?.environment.name;
            let key = make_key(place, &name, algorithm).await?;
            Ok(show(&[place.registry.add_signing_key(key).await?]))
        }
    }
}

fn show(keys: &[SigningKey]) -> Output {
    let rows = keys.iter().map(|key| {
        vec![
            key.environment.to_string(),
            key.algorithm.to_string(),
            key.state.as_str().to_owned(),
            key.kid.clone(),
            time::show(key.created_at),
        ]
    });
    Output::table(&["ENVIRONMENT", "ALGORITHM", "STATE", "KID", "CREATED"], rows.collect(), json!(keys))
}
