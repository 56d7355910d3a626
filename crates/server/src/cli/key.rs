//! `mintmark key`

use clap::Subcommand;
use mintmark_core::model::{EnvironmentName, KeyState, SigningKey};
use mintmark_core::registry::{Rotation, RotationRequest};
use mintmark_core::store::{EnvironmentRecord, Store};
use mintmark_verify::Algorithm;
use serde_json::json;

use super::environment::make_key;
use super::output::Output;
use super::place::Place;
use super::{Done, Failure, time};

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
    /// Let the next signing key take the place of the active one, and publish a new next one.
    ///
    /// Where there is no next key yet, one is published first: verifiers must know a key before it signs. Ask again when the time
    /// that is told has come. The replaced key stays published.
    #[command(after_help = "Example: mintmark key rotate --environment production")]
    Rotate {
        /// ES256, RS256, PS256 or `EdDSA` [default: the environment's].
        #[arg(long)]
        algorithm: Option<Algorithm>,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
        /// Only if this key is the active one; so that of several who ask one rotates.
        #[arg(long, value_name = "KID", allow_hyphen_values = true)]
        from: Option<String>,
        /// Use the next key even if verifiers may not know it yet: they refuse its tokens for up to ten minutes.
        #[arg(long)]
        now: bool,
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
            let key = make_key(place, &name, algorithm, KeyState::Active).await?;
            Ok(show(&[place.registry.add_signing_key(key).await?]))
        }
        KeyCommand::Rotate { algorithm, environment, from, now } => {
            let record = place.environment(environment.as_ref()).await?;
            rotate(place, &record, (algorithm.unwrap_or(record.environment.algorithm), from, now)).await
        }
    }
}

async fn rotate(
    place: &Place,
    record: &EnvironmentRecord,
    (algorithm, from, at_once): (Algorithm, Option<String>, bool),
) -> Done {
    let name = &record.environment.name;
    let is_active = |key: &&SigningKey| key.algorithm == algorithm && key.state == KeyState::Active;
    let missing = || Failure(format!("there is no active {algorithm} key in {name}; make one: mintmark key create"));
    let active = record.keys.iter().find(is_active).ok_or_else(missing)?;
    let active_kid = from.as_ref().unwrap_or(&active.kid);
    let new = make_key(place, name, algorithm, KeyState::Next).await?;
    let request = RotationRequest { environment: name, algorithm, active_kid, at_once };
    let mut rotation = place.registry.rotate_signing_key(request, &new).await?;
    if at_once && matches!(rotation, Rotation::Prepared { .. }) {
        // What is wanted now needs a next key for afterwards too.
        let another = make_key(place, name, algorithm, KeyState::Next).await?;
        rotation = place.registry.rotate_signing_key(request, &another).await?;
    }
    let (what, kid, at) = match &rotation {
        Rotation::Rotated { active } => ("rotated: it signs from now on", Some(&active.kid), None),
        Rotation::Done { active } => ("nothing to do: another key is active already", Some(&active.kid), None),
        Rotation::Prepared { usable_at } => ("a next key is published; rotate again when it may sign", None, Some(*usable_at)),
        Rotation::TooEarly { usable_at } => {
            ("the next key is not known to all verifiers yet; rotate again", None, Some(*usable_at))
        }
    };
    let mut fields = vec![("result", what.to_owned())];
    fields.extend(kid.map(|kid| ("active", kid.clone())));
    fields.extend(at.map(|at| ("from", time::show(at))));
    let word = match rotation {
        Rotation::Rotated { .. } => "rotated",
        Rotation::Done { .. } => "done",
        Rotation::Prepared { .. } => "prepared",
        Rotation::TooEarly { .. } => "too_early",
    };
    Ok(Output::object(&fields, json!({ "result": word, "active": kid, "usable_at": at })))
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
