//! What is asked about tokens that exist: ending one (RFC 7009), what one is worth (RFC 7662), and whether a gateway may let one pass.
//!
//! Each asker proves itself by the same step as for a token, and learns nothing of tokens that are not meant for it.

mod gateway;
mod introspect;
mod opened;
mod revoke;
mod standing;

use http::HeaderMap;

pub use gateway::{Admitted, GatewayRefusal};
pub use introspect::Introspection;
pub use opened::{OpenedToken, open_token};
pub use revoke::RevocationResult;

pub(super) use standing::Dead;

use super::authenticate::Authenticated;
use super::{Caller, Denial, Found, InFlight, Presented, Problem, ProblemPlace, TokenEndpoint};
use crate::crypto::SecretText;
use crate::dialect::{Dialect, Fault, FormParameter, FormRequest, RawRequest};
use crate::directory::EnvironmentHandle;
use crate::model::{ClientId, CredentialId, Position};
use crate::store::Store;

/// The longest token, in bytes, as in `mint`.
const MAX_TOKEN: usize = 8 * 1024;
/// What both endpoints take. The hint (RFC 7009 section 2.1) tells nothing that the token does not.
const PARAMETERS: [FormParameter; 2] =
    [FormParameter { name: "token", max: MAX_TOKEN }, FormParameter { name: "token_type_hint", max: 128 }];

/// A request about a token.
#[derive(Clone, Copy, Debug)]
pub struct TokenCall<'a> {
    /// Who calls.
    pub caller: Caller<'a>,
    /// The id that the server gave the request.
    pub request_id: &'a str,
    /// The dialect whose ways to authenticate hold.
    pub dialect: &'a Dialect,
    /// The bytes.
    pub raw: RawRequest<'a>,
}

/// A gateway's question whether a request may pass.
#[derive(Clone, Copy, Debug)]
pub struct GatewayCall<'a> {
    /// Who calls.
    pub caller: Caller<'a>,
    /// The headers: of the gateway, and of the request that it asks about.
    pub headers: &'a HeaderMap,
    /// The resource that the route is configured for, as it was written.
    pub resource: &'a str,
    /// The query string of the route, where that is the gateway's and not the request's: `scope` names what the token must have.
    pub query: Option<&'a str>,
}

/// What became of a request about a token, for the log and the answer.
#[derive(Debug)]
pub struct Answered<T, E = Denial> {
    /// Who asked, if that was proved or there is a client of the name.
    pub client_id: Option<ClientId>,
    /// What proved it.
    pub credential_id: Option<CredentialId>,
    /// The answer.
    pub result: Result<T, E>,
}

/// A caller that proved itself, and what it asks about.
struct Called<'a> {
    authenticated: Authenticated,
    token: SecretText,
    environment: EnvironmentHandle,
    _in_flight: InFlight<'a>,
}

/// Why there is no [`Called`], with who it would be.
struct NotCalled {
    client_id: Option<ClientId>,
    denial: Denial,
}

impl<S: Store> TokenEndpoint<S> {
    /// The steps that both endpoints have in common: the form, then who asks.
    async fn receive(&self, call: &TokenCall<'_>) -> Result<Called<'_>, NotCalled> {
        let FormRequest { presented, values, faults } = call.dialect.decode_form(&call.raw, &PARAMETERS);
        let named = |denial: Denial| {
            let client_id = presented.client_id().filter(|_| denial.is_about_a_client()).cloned();
            NotCalled { client_id, denial }
        };
        let position = self.directory.fresh_position().map_err(named)?;
        let environment = self.directory.view(call.caller.environment).ok_or(Denial::EnvironmentMissing).map_err(named)?;
        let in_flight = self.admit().map_err(named)?;
        refuse_faults(&faults).map_err(named)?;
        let token = values.into_iter().next().flatten().ok_or_else(token_missing).map_err(named)?;
        let token = SecretText::new(token);
        let authenticated = self.prove(call, &presented, position).await.map_err(named)?;
        Ok(Called { authenticated, token, environment, _in_flight: in_flight })
    }

    async fn prove(&self, call: &TokenCall<'_>, presented: &Presented, position: Position) -> Result<Authenticated, Denial> {
        if presented.is_nothing(call.caller.certificate) {
            return Err(Denial::CredentialsAbsent);
        }
        let proved = self.authenticate(&call.caller, presented, position).await;
        let authenticated = proved.map_err(|refused| refused.denial)?;
        let counted = self.count_client(&call.caller, call.dialect.limits, &authenticated);
        counted.map_err(|refused| refused.denial)?;
        authenticated.note_use(&self.directory, (self.clock.now(), call.caller.source));
        Ok(authenticated)
    }
}

fn refuse_faults(faults: &[Found]) -> Result<(), Denial> {
    let Some(first) = faults.first() else { return Ok(()) };
    Err(Denial::Faulty { fault: first.fault, problems: first.problem.iter().cloned().collect() })
}

fn token_missing() -> Denial {
    let fault = Fault::ParameterMissing;
    let problem = Problem { fault, parameter: "token".to_owned(), place: ProblemPlace::Body };
    Denial::Faulty { fault, problems: vec![problem] }
}

impl Authenticated {
    fn answered<T, E>(&self, result: Result<T, E>) -> Answered<T, E> {
        Answered { client_id: Some(self.client().id.clone()), credential_id: Some(self.credential_id()), result }
    }
}

impl<T> From<NotCalled> for Answered<T> {
    fn from(NotCalled { client_id, denial }: NotCalled) -> Self {
        Self { client_id, credential_id: None, result: Err(denial) }
    }
}

#[cfg(test)]
mod tests;
