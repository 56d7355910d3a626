//! The test console: a real token request, built as a client builds it. The token is good, and it is counted.

use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::{OutgoingProof, TokenAsk};
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::token::{ConsoleExchange, ConsoleRequest};

use super::explain::{check_length, no_place, source, unknown_dialect};
use crate::admin::trials::Trial;
use crate::admin::{Desk, Refusal};

/// The longest secret, scope or other text of a request, in bytes.
const MAX_TEXT: usize = 4096;
/// How many resources a request names at most.
const MAX_RESOURCES: usize = 20;

/// What somebody asks for in a client's name. It holds the client's secret.
pub struct ConsoleAsk<'a> {
    /// The client.
    pub client_id: &'a ClientId,
    /// The endpoint, by its dialect.
    pub dialect: &'a str,
    /// The secret, as it was typed.
    pub secret: &'a SecretText,
    /// The scopes, with spaces between them.
    pub scope: Option<&'a str>,
    /// The resources.
    pub resources: &'a [String],
    /// The business.
    pub business_id: Option<&'a str>,
}

/// Sends the request.
pub async fn send(desk: &Desk, environment: &EnvironmentName, asked: &ConsoleAsk<'_>) -> Result<ConsoleExchange, Refusal> {
    desk.require(Permission::EditClients)?;
    desk.client(environment, asked.client_id).await?;
    check_length("secret", Some(asked.secret.expose()), MAX_TEXT)?;
    check_length("scope", asked.scope, MAX_TEXT)?;
    check_length("business_id", asked.business_id, MAX_TEXT)?;
    if asked.resources.len() > MAX_RESOURCES || asked.resources.iter().any(|uri| uri.len() > MAX_TEXT) {
        return Err(Refusal::Invalid { field: "resources", expected: format!("at most {MAX_RESOURCES} URIs") });
    }
    let _running = desk.begin(Trial::Token)?;
    let dialects = desk.node.dialects.load_full();
    let dialect = dialects.get(asked.dialect).ok_or_else(unknown_dialect)?;
    let request_id = desk.node.request_ids.next();
    let ask = TokenAsk {
        client_id: asked.client_id.as_str(),
        client_secret: asked.secret,
        scope: asked.scope,
        business_id: asked.business_id,
        resources: asked.resources,
        expires_in: None,
    };
    let request = ConsoleRequest {
        environment,
        dialect,
        ask,
        proof: OutgoingProof::Secret,
        dpop: None,
        certificate: None,
        request_id: request_id.as_str(),
        source: source(desk, None),
    };
    let exchanged = Box::pin(desk.node.endpoint.console_exchange(&request, desk.authority.reach())).await;
    let exchanged = exchanged.map_err(|unaskable| no_place(&unaskable.left))?;
    log(desk, &request, &exchanged);
    Ok(exchanged)
}

/// One line, as for each token request, with who sent it in the client's name. The endpoint has counted it.
fn log(desk: &Desk, request: &ConsoleRequest<'_>, exchanged: &ConsoleExchange) {
    let (jti, denial) = match &exchanged.outcome.result {
        Ok(jti) => (Some(jti.as_str()), None),
        Err(denial) => (None, Some(denial)),
    };
    tracing::info!(
        request_id = request.request_id,
        environment = request.environment.as_str(),
        dialect = request.dialect.name.as_str(),
        client_id = exchanged.outcome.client_id.as_ref().map(ClientId::as_str),
        sent_by = %desk.authority.principal(),
        status = exchanged.status,
        jti,
        code = denial.map(mintmark_core::token::Denial::code),
        reason = denial.map(ToString::to_string),
        "token request from the console"
    );
}
