//! The rotation of a secret: a new one takes the old one's place, and for a while both prove the client.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{Credential, CredentialId};
use mintmark_core::registry::{Grace, Retirement, Rotated, RotationState, rotation_state, safe_to_retire};
use mintmark_core::store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ShownSecret;
use super::credentials::{CredentialView, OfClient, find};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal};

/// For how long the old secret proves the client beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Grace)]
pub enum GraceWord {
    /// Not at all: it leaked. It ends at once, and so do its tokens.
    #[serde(rename = "now")]
    Now,
    /// An hour.
    #[serde(rename = "1h")]
    OneHour,
    /// A day.
    #[serde(rename = "24h")]
    OneDay,
    /// A week.
    #[serde(rename = "7d")]
    SevenDays,
    /// A month.
    #[serde(rename = "30d")]
    ThirtyDays,
}

impl From<GraceWord> for Grace {
    fn from(word: GraceWord) -> Self {
        match word {
            GraceWord::Now => Grace::Now,
            GraceWord::OneHour => Grace::OneHour,
            GraceWord::OneDay => Grace::OneDay,
            GraceWord::SevenDays => Grace::SevenDays,
            GraceWord::ThirtyDays => Grace::ThirtyDays,
        }
    }
}

/// The beginning of a rotation.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRotation {
    /// For how long the old secret proves the client beside the new one: a day, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = GraceWord, required = false)]
    pub grace: Option<GraceWord>,
    /// When the new secret expires; as long a life as the old one was made for, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Moment, required = false)]
    pub expires_at: Option<Moment>,
}

/// A later deadline.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationExtension {
    /// For how long from now on the old secret proves the client, though never longer than without the rotation.
    pub grace: GraceWord,
}

/// A secret that a rotation made, with the client's credential that it is. This is the one time that it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StartedRotation)]
pub struct StartedRotationView {
    /// The new secret's credential.
    pub credential: CredentialView,
    /// The new secret.
    pub secret: ShownSecret,
    /// The old one as it is now.
    pub old: CredentialView,
}

/// The two secrets of a rotation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RotatedSecrets)]
pub struct RotatedView {
    /// The one on its way out.
    pub old: CredentialView,
    /// Its successor.
    pub new: CredentialView,
}

impl From<Rotated> for RotatedView {
    fn from(rotated: Rotated) -> Self {
        Self { old: rotated.old.into(), new: rotated.new.into() }
    }
}

/// Where a rotation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RotationStateWord {
    /// There is none; it may be started.
    Idle,
    /// Both secrets prove the client, the old one until the deadline.
    UnderWay,
    /// The old secret is over.
    Over,
}

/// Where the rotation of a secret stands, and whether the old one can go.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RotationStatus)]
pub struct RotationStatusView {
    /// Where it stands.
    pub state: RotationStateWord,
    /// The two secrets; none where there is no rotation.
    #[schema(required)]
    pub secrets: Option<RotatedView>,
    /// Whether the old one can be ended without a client noticing, as far as its uses tell; nothing where that is no question.
    #[schema(required)]
    pub safe_to_retire: Option<bool>,
    /// The same in words.
    #[schema(required)]
    pub verdict: Option<String>,
}

/// Where the rotation stands that a secret is the old one of.
pub async fn read(desk: &Desk, of: OfClient<'_>, old: CredentialId) -> Result<RotationStatusView, Refusal> {
    desk.require(Permission::Read)?;
    let old = find(desk, of, old).await?;
    let all = desk.store().credentials(of.0, of.1).await?;
    Ok(status(old, &all, desk.registry.clock.now()))
}

/// The same from what was read.
fn status(old: Credential, all: &[Credential], now: Timestamp) -> RotationStatusView {
    let (state, rotation) = match rotation_state(&old, now) {
        RotationState::Idle => (RotationStateWord::Idle, None),
        RotationState::UnderWay(rotation) => (RotationStateWord::UnderWay, Some(rotation)),
        RotationState::Over(rotation) => (RotationStateWord::Over, Some(rotation)),
    };
    let pair = rotation.and_then(|rotation| Some((rotation, all.iter().find(|one| one.id == rotation.new)?.clone())));
    let verdict = pair
        .as_ref()
        .filter(|_| state == RotationStateWord::UnderWay)
        .map(|(rotation, new)| safe_to_retire(old.last_used_at, new.last_used_at, rotation.started_at, now));
    RotationStatusView {
        state,
        secrets: pair.map(|(_, new)| RotatedView { old: old.into(), new: new.into() }),
        safe_to_retire: verdict.map(Retirement::is_safe),
        verdict: verdict.map(|verdict| verdict.to_string()),
    }
}

/// Begins the rotation of a secret. A tenant's roles may: the new secret is good for what the old one was.
pub async fn start(desk: &Desk, of: OfClient<'_>, old: CredentialId, new: NewRotation) -> Result<StartedRotationView, Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, of, old).await?;
    let grace = new.grace.map_or(Grace::OneDay, Grace::from);
    let created = desk.registry.start_rotation(of, old, grace, new.expires_at.map(|at| at.0)).await?;
    let secret = ShownSecret::from(&created.secret);
    let old = find(desk, of, old).await?;
    Ok(StartedRotationView { credential: created.credential.into(), secret, old: old.into() })
}

/// Ends the new secret of a rotation with its tokens, and gives the old one back the expiry that it had.
pub async fn cancel(desk: &Desk, of: OfClient<'_>, old: CredentialId) -> Result<RotatedView, Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, of, old).await?;
    Ok(desk.registry.cancel_rotation(of.0, of.1, old).await?.into())
}

/// Ends the old secret of a rotation now. Tokens that it obtained live out their time.
pub async fn complete(desk: &Desk, of: OfClient<'_>, old: CredentialId) -> Result<RotatedView, Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, of, old).await?;
    Ok(desk.registry.complete_rotation(of.0, of.1, old).await?.into())
}

/// Puts the deadline of a rotation off.
pub async fn extend(
    desk: &Desk,
    of: OfClient<'_>,
    old: CredentialId,
    extension: RotationExtension,
) -> Result<RotatedView, Refusal> {
    desk.require(Permission::EditClients)?;
    find(desk, of, old).await?;
    Ok(desk.registry.extend_rotation(of, old, extension.grace.into()).await?.into())
}
