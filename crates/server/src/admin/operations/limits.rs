//! What a credential may be used for, where that is less than what its client may do.

use mintmark_core::management::Permission;
use mintmark_core::model::{BusinessId, CredentialId, CredentialLimits, IpNetwork, ScopeSet, ScopeToken};
use mintmark_core::registry::MAX_NETWORKS;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Patch;
use super::credentials::{CredentialView, OfClient, find};
use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// A change of a credential's limits. What is left out stays; `null` takes a limit away.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsPatch {
    /// It proves the client only to requests from one of these networks; from everywhere if there is none.
    #[serde(default, deserialize_with = "present")]
    #[schema(required = false, max_items = 32)]
    pub networks: Option<Vec<String>>,
    /// Before this moment it proves nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Moment>, required = false)]
    pub not_before: Option<Patch<Moment>>,
    /// Its tokens carry these scopes at most, all of them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<schema::ScopeTokens>, required = false)]
    pub scopes: Option<Patch<Vec<ScopeToken>>>,
    /// Its tokens are each scoped to one of these businesses, all of them: 1 to 100.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<schema::BusinessId>>, required = false, max_items = 100)]
    pub businesses: Option<Patch<Vec<BusinessId>>>,
}

/// Changes the limits of a credential, of the version that the caller saw. A tenant's roles may also take a limit away: they could
/// give the client another credential without any, and what its client may do stays the limit of each.
pub async fn edit(
    desk: &Desk,
    of: OfClient<'_>,
    id: CredentialId,
    (patch, seen): (LimitsPatch, Option<u64>),
) -> Result<CredentialView, Refusal> {
    desk.require(Permission::EditClients)?;
    let before = find(desk, of, id).await?;
    let limits = patched(before.limits, patch)?;
    // What is left out stays as it was read here: somebody's change meanwhile is not undone.
    let version = seen.unwrap_or(before.version);
    let edited = desk.registry.set_limits(of.0, of.1, id, &limits, Some(version)).await;
    edited.map(Into::into).map_err(|error| Refusal::of_change(error, Some(version)))
}

fn patched(limits: CredentialLimits, patch: LimitsPatch) -> Result<CredentialLimits, Refusal> {
    let networks = match patch.networks {
        None => limits.networks,
        Some(texts) => networks(&texts)?,
    };
    let expected = || Refusal::Invalid { field: "scopes", expected: format!("1 to {} scopes", ScopeSet::MAX_SCOPES) };
    let scopes = match patch.scopes {
        None => limits.scopes,
        Some(Patch::Remove) => None,
        Some(Patch::Set(scopes)) => Some(ScopeSet::try_from(scopes).map_err(|_| expected())?),
    };
    Ok(CredentialLimits {
        networks,
        not_before: patch.not_before.map_or(limits.not_before, |patch| patch.into_option().map(|at| at.0)),
        scopes,
        businesses: patch.businesses.map_or(limits.businesses, Patch::into_option),
    })
}

fn networks(texts: &[String]) -> Result<Vec<IpNetwork>, Refusal> {
    let expected = || Refusal::Invalid {
        field: "networks",
        expected: format!("at most {MAX_NETWORKS} networks, such as 192.0.2.0/24 or 2001:db8::/32"),
    };
    if texts.len() > MAX_NETWORKS {
        return Err(expected());
    }
    texts.iter().map(|text| text.parse().map_err(|_| expected())).collect()
}
