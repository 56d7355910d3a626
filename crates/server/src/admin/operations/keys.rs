//! Signing keys.

use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, KeyState, SigningKey};
use mintmark_core::registry::{KeyMaker, KeyStep, Rotation, RotationRequest, Run};
use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Page;
use super::environments::PageFilter;
use super::page::{Wanted, page_of};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::node::KeyThreads;

/// A signing key. Its private part is in no answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct KeyView {
    /// Its id: the thumbprint of the public key (RFC 7638).
    pub kid: String,
    /// The environment it signs for.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The one algorithm it is used with.
    #[schema(value_type = schema::Algorithm)]
    pub algorithm: Algorithm,
    /// Where it stands in its life.
    #[schema(value_type = schema::KeyState)]
    pub state: KeyState,
    /// When it was made and published.
    pub created_at: Moment,
    /// When it became the active one.
    #[schema(required)]
    pub activated_at: Option<Moment>,
    /// When another one took its place, or when it was put back.
    #[schema(required)]
    pub retired_at: Option<Moment>,
    /// When it was removed or revoked.
    #[schema(required)]
    pub withdrawn_at: Option<Moment>,
    /// From when on a next key may sign: verifiers know it by then.
    #[schema(required)]
    pub usable_at: Option<Moment>,
    /// From when on no token of a retired key can be valid.
    #[schema(required)]
    pub removable_at: Option<Moment>,
    /// Counts the changes.
    pub version: u64,
}

impl From<SigningKey> for KeyView {
    fn from(key: SigningKey) -> Self {
        let moment = |at: Option<mintmark_core::clock::Timestamp>| at.map(Moment::from);
        Self {
            usable_at: (key.state == KeyState::Next).then(|| key.usable_at().into()),
            removable_at: moment(key.removable_at()),
            kid: key.kid,
            environment: key.environment,
            algorithm: key.algorithm,
            state: key.state,
            created_at: key.created_at.into(),
            activated_at: moment(key.activated_at),
            retired_at: moment(key.retired_at),
            withdrawn_at: moment(key.withdrawn_at),
            version: key.version,
        }
    }
}

/// What to rotate.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyRotation)]
pub struct RotateKey {
    /// The algorithm: there is one active key for each.
    #[schema(value_type = schema::Algorithm)]
    pub algorithm: Algorithm,
    /// The key that you saw active and want replaced. Of any number that ask with one id, one rotates.
    pub active_kid: String,
    /// Whether to use a next key that verifiers may not know yet: some refuse its tokens for some minutes.
    #[serde(default)]
    #[schema(required = false)]
    pub at_once: bool,
    /// Whether to tell what would happen, and change nothing.
    #[serde(default)]
    #[schema(required = false)]
    pub plan: bool,
}

/// How a key is to be withdrawn.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawKey {
    /// Whether to tell what would happen, and change nothing.
    #[serde(default)]
    pub plan: bool,
    /// The key's id once more, where it is to be removed though tokens that it signed may still be valid.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    pub confirmed_kid: Option<String>,
}

/// What came of a rotation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "result")]
#[schema(as = KeyRotationResult)]
pub enum RotationView {
    /// The next key signs from now on.
    Rotated {
        /// It.
        active: KeyView,
    },
    /// There was no next key: one is published, and the active one goes on signing.
    Prepared {
        /// From when on the next one may sign.
        usable_at: Moment,
    },
    /// The next key is not known to verifiers for long enough; nothing was changed.
    TooEarly {
        /// From when on it may sign.
        usable_at: Moment,
    },
    /// Another key is active than the one that was to be replaced; nothing was changed.
    Done {
        /// It.
        active: KeyView,
    },
}

impl From<Rotation> for RotationView {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Rotated { active } => RotationView::Rotated { active: active.into() },
            Rotation::Prepared { usable_at } => RotationView::Prepared { usable_at: usable_at.into() },
            Rotation::TooEarly { usable_at } => RotationView::TooEarly { usable_at: usable_at.into() },
            Rotation::Done { active } => RotationView::Done { active: active.into() },
        }
    }
}

/// What became, or would become, of keys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeySteps {
    /// Each key that changes; none if it is so already.
    pub keys: Vec<KeyStepView>,
}

/// What becomes of one key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeyStep)]
pub struct KeyStepView {
    /// The key's id.
    pub kid: String,
    /// Its algorithm.
    #[schema(value_type = schema::Algorithm)]
    pub algorithm: Algorithm,
    /// Its state before; nothing for a new key.
    #[schema(value_type = Option<schema::KeyState>, required)]
    pub from: Option<KeyState>,
    /// Its state after; nothing for one that is deleted.
    #[schema(value_type = Option<schema::KeyState>, required)]
    pub to: Option<KeyState>,
}

impl From<Vec<KeyStep>> for KeySteps {
    fn from(steps: Vec<KeyStep>) -> Self {
        let view = |KeyStep { kid, algorithm, from, to }| KeyStepView { kid, algorithm, from, to };
        Self { keys: steps.into_iter().map(view).collect() }
    }
}

fn run(plan: bool) -> Run {
    if plan { Run::Plan } else { Run::Commit }
}

/// All keys of an environment, in the order they were made.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &PageFilter) -> Result<Page<KeyView>, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all = desk.environment(environment).await?.keys;
    page_of(all, &wanted, |key| key.kid.clone(), Into::into)
}

/// One key.
pub async fn read(desk: &Desk, environment: &EnvironmentName, kid: &str) -> Result<KeyView, Refusal> {
    desk.require(Permission::ReadOperator)?;
    Ok(find(desk, environment, kid).await?.into())
}

/// Lets the next key sign in the place of the active one.
pub async fn rotate(desk: &Desk, environment: &EnvironmentName, request: &RotateKey) -> Result<RotationView, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.require_environment(environment).await?;
    if !request.plan {
        desk.require_clock().await?;
    }
    let new = next_keys(desk, environment, request.algorithm).await?;
    let RotateKey { algorithm, active_kid, at_once, plan } = request;
    let request = RotationRequest { environment, algorithm: *algorithm, active_kid, at_once: *at_once };
    Ok(desk.registry.rotate_signing_key(request, &new, run(*plan)).await?.into())
}

/// Takes a key out of the JWKS of which no token can be valid any more.
pub async fn remove(desk: &Desk, (environment, kid): (&EnvironmentName, &str), how: &WithdrawKey) -> Result<KeySteps, Refusal> {
    desk.require(Permission::EditOperator)?;
    find(desk, environment, kid).await?;
    if !how.plan {
        desk.require_clock().await?;
    }
    let confirmed = how.confirmed_kid.as_deref();
    Ok(desk.registry.remove_signing_key(environment, kid, confirmed, run(how.plan)).await?.into())
}

/// Publishes a removed key again.
pub async fn restore(
    desk: &Desk,
    (environment, kid): (&EnvironmentName, &str),
    how: &WithdrawKey,
) -> Result<KeySteps, Refusal> {
    desk.require(Permission::EditOperator)?;
    find(desk, environment, kid).await?;
    if !how.plan {
        desk.require_clock().await?;
    }
    Ok(desk.registry.restore_signing_key(environment, kid, run(how.plan)).await?.into())
}

/// Ends a key that is in wrong hands, or may be, with every token that it signed. It cannot wait for a clock.
pub async fn revoke(desk: &Desk, (environment, kid): (&EnvironmentName, &str), how: &WithdrawKey) -> Result<KeySteps, Refusal> {
    desk.require(Permission::EditOperator)?;
    let key = find(desk, environment, kid).await?;
    let new = next_keys(desk, environment, key.algorithm).await?;
    Ok(desk.registry.revoke_signing_key(environment, kid, &new, run(how.plan)).await?.into())
}

async fn find(desk: &Desk, environment: &EnvironmentName, kid: &str) -> Result<SigningKey, Refusal> {
    let all = desk.environment(environment).await?.keys;
    all.into_iter().find(|key| key.kid == kid).ok_or(Refusal::NotFound)
}

/// Two next keys: as many as any change may need.
async fn next_keys(desk: &Desk, environment: &EnvironmentName, algorithm: Algorithm) -> Result<[SigningKey; 2], Refusal> {
    let maker = KeyThreads::of(&desk.registry);
    let failed = || {
        let why = format!("a {algorithm} key could not be made: no master key is loaded, or the cryptographic library failed");
        Refusal::Registry(mintmark_core::registry::RegistryError::NotAllowed(why))
    };
    let make = async || maker.make(environment, algorithm, KeyState::Next).await.ok_or_else(failed);
    Ok([make().await?, make().await?])
}
