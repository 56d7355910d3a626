//! Ending tokens before they expire (rule S11): of one token, and of a whole tenant. Of a credential, client or business see there.

use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName, TenantId};
use mintmark_core::registry::{TokenRevoked, TokenToRevoke};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::patch::present;
use crate::admin::{Desk, Moment, Refusal, schema};

/// One token to be revoked, by what is in it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRevocation {
    /// Its `jti`.
    #[schema(value_type = schema::TokenId)]
    pub jti: String,
    /// Whose it is; it counts towards that client's tokens that are revoked by themselves.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::ClientId, required = false)]
    pub client_id: Option<ClientId>,
    /// When it expires; as late as any can, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Moment, required = false)]
    pub expires_at: Option<Moment>,
}

/// What was revoked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Revoked {
    /// Whether all tokens of the client end, since too many of it were revoked by themselves.
    pub all_of_client: bool,
}

/// Ends one token. A `jti` says nothing of whose it is, so this is the operator's; tenants revoke their clients and credentials.
pub async fn revoke_token(desk: &Desk, environment: &EnvironmentName, token: &TokenRevocation) -> Result<Revoked, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.require_environment(environment).await?;
    let TokenRevocation { jti, client_id, expires_at } = token;
    let token = TokenToRevoke { environment, id: jti, client_id: client_id.as_ref(), expires_at: expires_at.map(|at| at.0) };
    let revoked = desk.registry.revoke_token(token).await?;
    Ok(Revoked { all_of_client: revoked == TokenRevoked::WithAllOfItsClient })
}

/// Ends the tokens of a tenant's clients, in every environment. They can obtain new ones.
pub async fn revoke_tenant(desk: &Desk, id: TenantId) -> Result<(), Refusal> {
    desk.require(Permission::EditClients)?;
    desk.tenant(id).await?;
    Ok(desk.registry.revoke_tenant(id).await?)
}
