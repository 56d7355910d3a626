//! `mintmark revoke`

use std::io::Read;

use clap::{ArgGroup, Args};
use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::OPAQUE_PREFIX;
use mintmark_core::model::{BusinessId, ClientId, CredentialId, EnvironmentName};
use mintmark_core::registry::{TokenRevoked, TokenToRevoke};
use mintmark_core::store::Store;
use mintmark_verify::danger_decode_without_verifying;
use serde_json::json;

use super::inspect::open_opaque;
use super::output::Output;
use super::place::Place;
use super::{Done, Failure};

/// The longest token, in bytes.
const MAX_TOKEN: u64 = 8 * 1024;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("whose").required(true).multiple(true))]
pub(super) struct RevokeArgs {
    /// All tokens of this client.
    #[arg(long, value_name = "ID", group = "whose", conflicts_with_all = ["business", "tenant", "token"])]
    client: Option<ClientId>,
    /// Of the client's tokens those alone that it obtained with this secret.
    #[arg(long, value_name = "ID", requires = "client")]
    secret: Option<CredentialId>,
    /// All tokens that are scoped to this business.
    #[arg(long, value_name = "ID", group = "whose", conflicts_with = "token")]
    business: Option<BusinessId>,
    /// All tokens of this tenant's clients, in every environment: its id or name; with --business, whose that is [default: the only
    /// one].
    #[arg(long, value_name = "ID", group = "whose", conflicts_with = "token")]
    tenant: Option<String>,
    /// One token: its `jti`, the token itself, or - to read either from standard input, where no other user of the machine sees it.
    #[arg(long, value_name = "TOKEN_OR_JTI", group = "whose", allow_hyphen_values = true)]
    token: Option<String>,
    /// The environment [default: the only one, or sandbox; a token names its own].
    #[arg(long)]
    environment: Option<EnvironmentName>,
}

pub(super) async fn run(place: &Place, args: RevokeArgs) -> Done {
    let RevokeArgs { client, secret, business, tenant, token, environment } = args;
    if let Some(token) = token {
        return revoke_token(place, environment.as_ref(), token).await;
    }
    if let (None, None, Some(named)) = (&client, business, &tenant) {
        let tenant = place.tenant(Some(named)).await?;
        place.registry.revoke_tenant(tenant.id).await?;
        return Ok(told("tenant", &tenant.id.to_string()));
    }
    let environment = place.environment(environment.as_ref()).await?.environment.name;
    match (client, secret, business) {
        (Some(client), Some(secret), _) => {
            place.registry.revoke_credential(&environment, &client, secret).await?;
            Ok(told("secret", &secret.to_string()))
        }
        (Some(client), None, _) => {
            place.registry.revoke_client(&environment, &client).await?;
            Ok(told("client", client.as_str()))
        }
        (None, _, Some(business)) => {
            let tenant = place.tenant(tenant.as_deref()).await?.id;
            place.registry.revoke_business(&environment, tenant, business).await?;
            Ok(told("business", &business.to_string()))
        }
        (None, _, None) => Err(Failure("say whose tokens: --client, --business, --tenant or --token".to_owned())),
    }
}

/// What there is to know of a token that is to be ended.
struct Named {
    environment: EnvironmentName,
    id: String,
    client_id: Option<ClientId>,
    expires_at: Option<Timestamp>,
}

async fn revoke_token(place: &Place, environment: Option<&EnvironmentName>, token: String) -> Done {
    let text = if token == "-" { read_input()? } else { token };
    let named = name_token(place, environment, text.trim()).await?;
    let token = TokenToRevoke {
        environment: &named.environment,
        id: &named.id,
        client_id: named.client_id.as_ref(),
        expires_at: named.expires_at,
    };
    match place.registry.revoke_token(token).await? {
        TokenRevoked::Alone => Ok(told("token", &named.id)),
        TokenRevoked::WithAllOfItsClient => {
            let client = named.client_id.map(|id| id.to_string()).unwrap_or_default();
            Ok(told("client", &client))
        }
    }
}

/// By its claims, whoever wrote them: who may use this command may end any token. By its `jti` alone where it is no token.
async fn name_token(place: &Place, environment: Option<&EnvironmentName>, text: &str) -> Result<Named, Failure> {
    if text.starts_with(OPAQUE_PREFIX) {
        let (environment, claims) = open_opaque(place, text).await?;
        let (client_id, expires_at) = (claims.client_id.parse().ok(), Some(Timestamp(claims.exp)));
        return Ok(Named { environment, id: claims.jti, client_id, expires_at });
    }
    let Ok((_, claims)) = danger_decode_without_verifying(text) else {
        if text.contains('.') {
            return Err(Failure("this is neither a token nor a jti".to_owned()));
        }
        let environment = place.environment(environment).await?.environment.name;
        return Ok(Named { environment, id: text.to_owned(), client_id: None, expires_at: None });
    };
    let all = place.store.environments().await?.value;
    let own = all.into_iter().map(|record| record.environment).find(|environment| environment.issuer == claims.iss);
    let own = own.ok_or_else(|| Failure(format!("the token is of no environment here, but of {:?}", claims.iss)))?.name;
    if environment.is_some_and(|named| *named != own) {
        return Err(Failure(format!("the token is of the environment {own}")));
    }
    Ok(Named {
        environment: own,
        id: claims.jti,
        client_id: claims.client_id.parse().ok(),
        expires_at: Some(Timestamp(claims.exp)),
    })
}

fn read_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_TOKEN + 2).read_to_string(&mut text)?;
    Ok(text)
}

fn told(kind: &'static str, id: &str) -> Output {
    let what = if kind == "token" { "this token is refused" } else { "tokens from before are refused" };
    let fields = [(kind, id.to_owned()), ("result", format!("revoked: {what} from now on"))];
    Output::object(&fields, json!({ "revoked": { "kind": kind, "id": id } }))
}
