//! `mintmark secret rotate`

use clap::{Args, Subcommand};
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Credential, CredentialId, SecretRotation};
use mintmark_core::registry::{Grace, RotationState, rotation_state, safe_to_retire};
use mintmark_core::store::Store;
use serde_json::json;

use super::super::output::Output;
use super::super::place::Place;
use super::super::{Done, Failure, time};
use super::{Owner, environment_of, from_now, shown_limits};

/// The secret that is rotated.
#[derive(Args, Debug)]
pub(in super::super) struct Old {
    #[command(flatten)]
    owner: Owner,
    /// Which secret: the old one.
    #[arg(long)]
    id: CredentialId,
}

#[derive(Subcommand, Debug)]
pub(in super::super) enum RotateCommand {
    /// Make the new secret, which is shown once, with the limits of the old one; the old one expires when the grace is over.
    #[command(after_help = "Example: mintmark secret rotate start cli_… --id crd_… --grace 24h")]
    Start {
        #[command(flatten)]
        old: Old,
        /// How long the old secret is in force beside the new one: now (it leaked: its tokens end too), 1h, 24h, 7d or 30d.
        #[arg(long, value_name = "GRACE", default_value = "24h", value_parser = parse_grace)]
        grace: Grace,
        /// How long the new secret is in force, such as 90d [default: as long as the old one was made for].
        #[arg(long, value_parser = time::parse_duration)]
        expires_in: Option<u32>,
    },
    /// Show where a rotation stands, which secret was used last, and whether the old one can go.
    #[command(after_help = "Example: mintmark secret rotate show cli_… --id crd_…")]
    Show(Old),
    /// End the new secret, with its tokens, and give the old one its own expiry back.
    #[command(after_help = "Example: mintmark secret rotate cancel cli_… --id crd_…")]
    Cancel(Old),
    /// End the old secret now. The tokens that it obtained live out their time; `mintmark revoke` ends them too.
    #[command(after_help = "Example: mintmark secret rotate complete cli_… --id crd_…")]
    Complete(Old),
    /// Keep the old secret in force for longer, counted from now, though never beyond its own expiry.
    #[command(after_help = "Example: mintmark secret rotate extend cli_… --id crd_… --grace 7d")]
    Extend {
        #[command(flatten)]
        old: Old,
        /// How long from now on: 1h, 24h, 7d or 30d.
        #[arg(long, value_name = "GRACE", value_parser = parse_grace)]
        grace: Grace,
    },
}

fn parse_grace(text: &str) -> Result<Grace, String> {
    Grace::from_word(text).ok_or_else(|| format!("expected {}", Grace::ALL.map(Grace::as_str).join(", ")))
}

pub(super) async fn run(place: &Place, command: RotateCommand) -> Done {
    match command {
        RotateCommand::Start { old, grace, expires_in } => start(place, &old, grace, expires_in).await,
        RotateCommand::Show(old) => show(place, &old).await,
        RotateCommand::Cancel(old) => {
            let environment = environment_of(place, &old.owner).await?;
            place.registry.cancel_rotation(&environment, &old.owner.client_id, old.id).await?;
            show(place, &old).await
        }
        RotateCommand::Complete(old) => {
            let environment = environment_of(place, &old.owner).await?;
            place.registry.complete_rotation(&environment, &old.owner.client_id, old.id).await?;
            show(place, &old).await
        }
        RotateCommand::Extend { old, grace } => {
            let environment = environment_of(place, &old.owner).await?;
            place.registry.extend_rotation((&environment, &old.owner.client_id), old.id, grace).await?;
            show(place, &old).await
        }
    }
}

async fn start(place: &Place, old: &Old, grace: Grace, expires_in: Option<u32>) -> Done {
    let environment = environment_of(place, &old.owner).await?;
    let expires_at = expires_in.map(|seconds| from_now(place, seconds));
    let client = (&environment, &old.owner.client_id);
    let created = place.registry.start_rotation(client, old.id, grace, expires_at).await?;
    let secret = created.secret.text().expose();
    let (before, _) = both(place, old).await?;
    let fields = vec![
        ("id", created.credential.id.to_string()),
        ("client_secret", secret.to_owned()),
        ("expires", time::show_or_never(created.credential.expires_at)),
        ("limits", shown_limits(&created.credential.limits)),
        ("old secret until", time::show_or_never(before.expires_at)),
        ("note", "the secret is shown this once".to_owned()),
    ];
    let json = json!({ "credential": created.credential, "client_secret": secret, "old": before });
    Ok(Output::object(&fields, json))
}

async fn show(place: &Place, old: &Old) -> Done {
    let (before, new) = both(place, old).await?;
    let now = place.registry.clock.now();
    let (state, rotation) = match rotation_state(&before, now) {
        RotationState::Idle => ("idle", None),
        RotationState::UnderWay(rotation) => ("under way", Some(rotation)),
        RotationState::Over(rotation) => ("over", Some(rotation)),
    };
    let mut fields = vec![
        ("rotation", state.to_owned()),
        ("old secret", before.id.to_string()),
        ("in force until", time::show_or_never(before.expires_at)),
        ("last used", time::show_or_never(before.last_used_at)),
    ];
    let mut json = json!({ "state": state, "old": before, "new": new });
    if let Some((rotation, new)) = rotation.zip(new.as_ref()) {
        fields.push(("new secret", new.id.to_string()));
        fields.push(("new one last used", time::show_or_never(new.last_used_at)));
        if state == "under way" {
            let (is_safe, words) = verdict(&before, new, &rotation, now);
            fields.push(("verdict", words.clone()));
            if let Some(members) = json.as_object_mut() {
                members.insert("safe_to_retire".to_owned(), json!(is_safe));
                members.insert("verdict".to_owned(), json!(words));
            }
        }
    }
    Ok(Output::object(&fields, json))
}

fn verdict(old: &Credential, new: &Credential, rotation: &SecretRotation, now: Timestamp) -> (bool, String) {
    let verdict = safe_to_retire(old.last_used_at, new.last_used_at, rotation.started_at, now);
    (verdict.is_safe(), verdict.to_string())
}

/// The old secret, and the new one if it is or was being rotated.
async fn both(place: &Place, old: &Old) -> Result<(Credential, Option<Credential>), Failure> {
    let environment = environment_of(place, &old.owner).await?;
    let client_id = &old.owner.client_id;
    let all = place.store.credentials(&environment, client_id).await?;
    let find = |id| all.iter().find(|credential| credential.id == id).cloned();
    let before = find(old.id);
    let before =
        before.ok_or_else(|| Failure(format!("there is no secret {} of the client {client_id} in {environment}", old.id)))?;
    let new = before.rotation.and_then(|rotation| find(rotation.new));
    Ok((before, new))
}
