//! A request is gone through for real, or as a dry run. The steps are the same; what changes something is here.

use std::sync::Arc;

use super::authorize::Authorized;
use super::explain::Supposed;
use super::{AccessToken, Denial, Exchange, TokenEndpoint};
use crate::directory::EnvironmentView;
use crate::store::Store;

/// A way to go through the steps.
pub(super) trait Run: Send + Sync {
    /// What comes out at the end.
    type Token: Send;

    /// Whether nothing may be counted, used up, noted or signed.
    const IS_REHEARSAL: bool;

    /// The client that is supposed to have proved itself: dry runs can do without credentials.
    fn supposed(&self) -> Option<&Supposed>;

    /// The last step.
    fn mint<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        exchange: &Exchange<'_>,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> impl Future<Output = Result<Self::Token, Denial>> + Send;
}

/// A request of a client.
pub(super) struct Real;

impl Run for Real {
    type Token = AccessToken;

    const IS_REHEARSAL: bool = false;

    fn supposed(&self) -> Option<&Supposed> {
        None
    }

    async fn mint<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        exchange: &Exchange<'_>,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> Result<AccessToken, Denial> {
        endpoint.mint(exchange, authorized, environment).await
    }
}
