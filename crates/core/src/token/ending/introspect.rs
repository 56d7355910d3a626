//! What a token is worth (RFC 7662), told to those whom it concerns.

use serde_json::{Map, Value, json};

use super::super::{Denial, TokenEndpoint};
use super::{Answered, Called, OpenedToken, TokenCall, open_token};
use crate::directory::{EnvironmentView, KnownClient};
use crate::model::Resource;
use crate::store::Store;

/// What a caller learns about a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Introspection {
    /// It is good, and this is what it says to the caller.
    Active(Box<Map<String, Value>>),
    /// Nothing: it is no token, expired, ended, or none of the caller's. Why is for the log alone.
    Inactive(String),
}

impl Introspection {
    /// The document (RFC 7662 section 2.2).
    pub fn into_json(self) -> Value {
        match self {
            Introspection::Active(members) => Value::Object(*members),
            Introspection::Inactive(_) => json!({ "active": false }),
        }
    }
}

/// How much of a token a caller sees.
pub(super) enum Sight<'a> {
    /// All: it is the token's client.
    Whole,
    /// What concerns these resources, which it serves.
    Of(Vec<&'a Resource>),
}

impl<S: Store> TokenEndpoint<S> {
    /// Says what a token is worth, to its own client and to those who serve a resource that it is for.
    pub async fn introspect(&self, call: &TokenCall<'_>) -> Answered<Introspection> {
        match self.receive(call).await {
            Ok(called) => {
                let result = self.introspect_for(&called).await;
                called.authenticated.answered(result)
            }
            Err(refused) => refused.into(),
        }
    }

    async fn introspect_for(&self, called: &Called<'_>) -> Result<Introspection, Denial> {
        let (client, view) = (called.authenticated.client(), &called.environment);
        let inactive = |why: &str| Ok(Introspection::Inactive(why.to_owned()));
        let Some(opened) = open_token(view, &self.root_keys.sealer, called.token.expose(), self.clock.now()) else {
            return inactive("no token of this environment, or expired");
        };
        // Before anything is looked up about the token, so that its state changes nothing for those who may not know it.
        let Some(sight) = sight(client, &opened, view) else { return inactive("the token is not for the caller") };
        match self.standing(&client.environment, &opened).await? {
            Ok(()) => Ok(Introspection::Active(Box::new(describe(&opened, &sight)))),
            Err(dead) => inactive(&dead.to_string()),
        }
    }
}

/// How much of a token a client may see; nothing if it is neither its own nor for a resource that it serves.
fn sight<'a>(client: &KnownClient, token: &OpenedToken, view: &'a EnvironmentView) -> Option<Sight<'a>> {
    if token.claims.client_id == client.id.as_str() {
        return Some(Sight::Whole);
    }
    let is_for = |resource: &&Resource| token.claims.aud.contains(resource.uri.as_str());
    let served = view.resources.iter().filter(|resource| client.serves().contains(&resource.id));
    let resources: Vec<&Resource> = served.filter(is_for).collect();
    (!resources.is_empty()).then_some(Sight::Of(resources))
}

/// The scopes of a token that one of these resources understands.
pub(super) fn scope_at(token: &OpenedToken, resources: &[&Resource]) -> String {
    let understands = |resource: &&Resource, scope: &str| resource.scopes.iter().any(|known| known.name.as_str() == scope);
    let is_known = |scope: &&str| resources.iter().any(|resource| understands(resource, scope));
    token.claims.scopes().filter(is_known).collect::<Vec<_>>().join(" ")
}

/// The members of RFC 7662 section 2.2, and the token's own claims beside them. None of those can take the place of one here.
fn describe(token: &OpenedToken, sight: &Sight<'_>) -> Map<String, Value> {
    let mut members = match serde_json::to_value(&token.claims) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    // Not a claim for services: it is compared with marks, which has been done.
    members.remove("pos");
    // RFC 7662 gives it another meaning than an attribute's.
    members.remove("username");
    if let Sight::Of(resources) = sight {
        let audience: Vec<&str> = resources.iter().map(|resource| resource.uri.as_str()).collect();
        let audience = if let [only] = audience[..] { json!(only) } else { json!(audience) };
        members.insert("aud".to_owned(), audience);
        match scope_at(token, resources) {
            scope if scope.is_empty() => members.remove("scope"),
            scope => members.insert("scope".to_owned(), scope.into()),
        };
    }
    let is_bound_to_key = members.get("cnf").is_some_and(|cnf| cnf.get("jkt").is_some());
    members.insert("token_type".to_owned(), if is_bound_to_key { "DPoP" } else { "Bearer" }.into());
    members.insert("active".to_owned(), true.into());
    members
}
