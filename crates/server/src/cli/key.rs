//! `mintmark key`

mod change;
mod list;

use clap::Subcommand;
use mintmark_core::model::{EnvironmentName, KeyState};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;

use super::environment::make_key;
use super::place::Place;
use super::{Done, time};
use change::Change;

#[derive(Subcommand, Debug)]
pub(super) enum KeyCommand {
    /// List signing keys: since when each is what it is, from when on it may sign, and from when on it can be removed.
    #[command(after_help = "Example: mintmark key list --environment production")]
    List {
        /// Only this environment's.
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Make the signing key of an algorithm that the environment has none for yet.
    ///
    /// Do so a quarter of an hour before anything signs with it, so that verifiers know it by then.
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
    /// A server does so by itself when `keys.rotate_after` is over. Where there is no next key yet, one is published first: verifiers
    /// must know a key before it signs. Ask again when the time that is told has come. The replaced key stays published.
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
        /// Only tell what would happen.
        #[arg(long)]
        plan: bool,
    },
    /// Take a next or retired signing key out of the JWKS.
    ///
    /// A server does so by itself when no token of a retired key can be valid any more. Before that it is refused, unless the key's
    /// id is typed twice. It can be put back for thirty days: mintmark key restore
    #[command(after_help = "Example: mintmark key remove w0ECaqZSrQ2pbxgj5JbL6bFZ7hFIFP4yhVTHcPTWvbI --plan")]
    Remove {
        #[command(flatten)]
        key: KeyArgs,
        /// Remove it although tokens that it signed may still be valid: its id once more.
        #[arg(long, value_name = "KID", allow_hyphen_values = true)]
        force: Option<String>,
    },
    /// Publish a removed signing key again, as a retired one.
    #[command(after_help = "Example: mintmark key restore w0ECaqZSrQ2pbxgj5JbL6bFZ7hFIFP4yhVTHcPTWvbI")]
    Restore {
        #[command(flatten)]
        key: KeyArgs,
    },
    /// End a signing key that is in wrong hands, or may be, now and for ever.
    ///
    /// It leaves the JWKS, its private part is destroyed, and every token that it signed is refused by introspection and by verifiers
    /// that follow the revocation feed. Another key takes the place of an active one in the same moment.
    #[command(after_help = "Example: mintmark key revoke w0ECaqZSrQ2pbxgj5JbL6bFZ7hFIFP4yhVTHcPTWvbI --yes")]
    Revoke {
        #[command(flatten)]
        key: KeyArgs,
        /// Do it: without this, what would happen is told.
        #[arg(long)]
        yes: bool,
    },
}

/// One key.
#[derive(clap::Args, Debug)]
pub(super) struct KeyArgs {
    /// The key's id.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Its environment [default: the one that has the key].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// Only tell what would happen.
    #[arg(long)]
    plan: bool,
}

pub(super) async fn run(place: &Place, command: KeyCommand) -> Done {
    match command {
        KeyCommand::List { environment } => {
            let all = place.store.environments().await?.value;
            let is_asked = |name: &EnvironmentName| environment.as_ref().is_none_or(|environment| environment == name);
            let keys = all.into_iter().filter(|record| is_asked(&record.environment.name)).flat_map(|record| record.keys);
            Ok(list::show(place, &keys.collect::<Vec<_>>()))
        }
        KeyCommand::Create { algorithm, environment } => {
            let name = place.environment(environment.as_ref()).await?.environment.name;
            change::require_clock(place).await?;
            let key = make_key(place, &name, algorithm, KeyState::Active).await?;
            Ok(list::show(place, &[place.registry.add_signing_key(key).await?]))
        }
        KeyCommand::Rotate { algorithm, environment, from, now, plan } => {
            let record = place.environment(environment.as_ref()).await?;
            let algorithm = algorithm.unwrap_or(record.environment.algorithm);
            change::rotate(place, &record, (algorithm, from, now), plan).await
        }
        KeyCommand::Remove { key, force } => change::change(place, &key, Change::Remove { confirmed: force }).await,
        KeyCommand::Restore { key } => change::change(place, &key, Change::Restore).await,
        KeyCommand::Revoke { key, yes } => change::change(place, &key, Change::Revoke { yes }).await,
    }
}
