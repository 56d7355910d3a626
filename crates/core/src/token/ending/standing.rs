//! Whether a token that is genuine is good at this moment.

use std::fmt;

use super::super::{Denial, TokenEndpoint};
use super::OpenedToken;
use crate::directory::Ended;
use crate::model::{BusinessId, ClientId, EnvironmentName, Status, TenantId};
use crate::store::Store;

/// Why a genuine token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::token) enum Dead {
    /// It was ended.
    Ended(Ended),
    /// Its client is not there any more, or is another tenant's.
    ClientGone,
    /// Its client is disabled.
    ClientOff,
    /// Its tenant is disabled.
    TenantOff,
    /// The credential that it was obtained with is disabled.
    CredentialOff,
    /// The business that it is scoped to is disabled, or not there.
    BusinessOff,
}

impl fmt::Display for Dead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dead::Ended(ended) => ended.fmt(out),
            Dead::ClientGone => out.write_str("the token's client is not there"),
            Dead::ClientOff => out.write_str("the token's client is disabled"),
            Dead::TenantOff => out.write_str("the token's tenant is disabled"),
            Dead::CredentialOff => out.write_str("the credential that the token was obtained with is disabled"),
            Dead::BusinessOff => out.write_str("the token's business is disabled or not there"),
        }
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Whether a token is good now. What this node has read of its client counts at once, before the mark that ends the tokens has
    /// come with the feed; a secret that merely expired ends nothing, nor does one in quarantine: a mark does, where that is wished.
    pub(in crate::token) async fn standing(
        &self,
        environment: &EnvironmentName,
        token: &OpenedToken,
    ) -> Result<Result<(), Dead>, Denial> {
        let stands = match self.owner_stands(environment, token).await? {
            Ok(tenant) => self.business_stands(environment, tenant, token).await?,
            Err(dead) => Err(dead),
        };
        // Last, and whatever was found before: so what takes long does not tell more than the answer.
        let ended = self.directory.ended(environment, &token.ids()).map_or(Ok(()), |ended| Err(Dead::Ended(ended)));
        // Once more, since the process may have been stopped since (rule S14).
        self.directory.fresh_position()?;
        Ok(stands.and(ended))
    }

    async fn owner_stands(&self, environment: &EnvironmentName, token: &OpenedToken) -> Result<Result<TenantId, Dead>, Denial> {
        let claims = &token.claims;
        let Ok(id) = claims.client_id.parse::<ClientId>() else { return Ok(Err(Dead::ClientGone)) };
        let Some(known) = self.directory.client(environment, &id).await? else { return Ok(Err(Dead::ClientGone)) };
        let is_tenants = claims.tenant_id.as_deref().is_some_and(|tenant| tenant == &*known.tenant_id.to_text());
        let is_disabled = known.credentials().iter().any(|credential| {
            let is_off = credential.status == Status::Disabled && !credential.is_quarantined;
            is_off && claims.credential_id.as_deref() == Some(&*credential.id.to_text())
        });
        Ok(if !is_tenants {
            Err(Dead::ClientGone)
        } else if known.status != Status::Active {
            Err(Dead::ClientOff)
        } else if known.tenant_status() != Status::Active {
            Err(Dead::TenantOff)
        } else if is_disabled {
            Err(Dead::CredentialOff)
        } else {
            Ok(known.tenant_id)
        })
    }

    async fn business_stands(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        token: &OpenedToken,
    ) -> Result<Result<(), Dead>, Denial> {
        let Some(business) = token.claims.business_id.as_deref() else { return Ok(Ok(())) };
        let Ok(id) = business.parse::<BusinessId>() else { return Ok(Err(Dead::BusinessOff)) };
        let found = self.directory.business(environment, tenant, id).await?;
        let is_active = found.is_some_and(|business| business.status == Status::Active);
        Ok(if is_active { Ok(()) } else { Err(Dead::BusinessOff) })
    }
}
