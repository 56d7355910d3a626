//! Who an admitted request is from.

use std::sync::Arc;

use crate::Claims;

/// Whom the token of an admitted request speaks for: a short way to the claims that most handlers need.
///
/// The layer puts it into the request's extensions, besides the `Arc<Claims>`.
#[derive(Clone, Debug)]
pub struct Caller(pub(super) Arc<Claims>);

impl Caller {
    /// The client that the token was issued to.
    pub fn client(&self) -> &str {
        &self.0.client_id
    }

    /// Who issued the token. During a change it may be the [issuer before](crate::PreviousIssuer), and tenant and business are
    /// names that it gave.
    pub fn issuer(&self) -> &str {
        &self.0.iss
    }

    /// The customer organisation that the client belongs to.
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant_id.as_deref()
    }

    /// The one business that the token is limited to. Without one it speaks for all of the tenant's.
    pub fn business(&self) -> Option<&str> {
        self.0.business_id.as_deref()
    }

    /// Whether the token allows `scope`; see [`Claims::has_scope`].
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.has_scope(scope)
    }

    /// All claims of the token.
    pub fn claims(&self) -> &Arc<Claims> {
        &self.0
    }
}
