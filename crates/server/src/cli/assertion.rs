//! `mintmark credential test`: why an assertion of another issuer does not prove a client.

use mintmark_core::clock::Clock;
use mintmark_core::model::{Credential, Federation, Proof, Status};
use mintmark_core::store::Store;
use mintmark_core::token::{FederationCheck, RemoteKeys, check_federation};
use mintmark_verify::Algorithm;
use mintmark_verify::jws::{EmbeddedKey, Jws};
use serde_json::{Value, json};

use super::dev;
use super::output::Output;
use super::place::{Files, Place};
use super::secret::{Owner, environment_of};
use super::serve::remote_keys;
use super::{Done, Failure, Shared};
use crate::clock::SystemClock;

/// Looks at an assertion as the token endpoint does, for each issuer that the client trusts.
pub(super) async fn test(place: &Place, shared: &Shared, owner: &Owner, text: &str) -> Done {
    let environment = environment_of(place, owner).await?;
    let record = place.environment(Some(&environment)).await?.environment;
    let jws = Jws::parse(text, EmbeddedKey::Refused).map_err(|error| Failure(format!("this is no assertion: {error}")))?;
    let found = place.store.client_record(&environment, &owner.client_id).await?.value;
    let client = found.ok_or_else(|| Failure(format!("there is no client {} in {environment}", owner.client_id)))?;
    let trusted: Vec<(&Credential, &Federation)> = client
        .credentials
        .iter()
        .filter_map(|credential| match &credential.proof {
            Proof::Federated(federation) => Some((credential, federation)),
            _ => None,
        })
        .collect();
    let issuer = jws.claims().get("iss").and_then(Value::as_str).unwrap_or_default();
    let judged: Vec<_> = trusted.iter().filter(|(_, federation)| federation.issuer == issuer).collect();
    if judged.is_empty() {
        let known: Vec<&str> = trusted.iter().map(|(_, federation)| federation.issuer.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Failure(format!("the assertion is of the issuer {issuer:?}; the client trusts: {known}")));
    }
    let (files, config) = Files::find_with_config(shared)?;
    let config = match config {
        Some(config) => config,
        None => dev::settings(files.folder())?,
    };
    let keys = remote_keys(&config)?;
    let mut checks = Vec::new();
    for &(credential, federation) in judged {
        checks.push((credential, standing(credential)));
        checks.push((credential, signature(&*keys, federation, &jws).await));
        let claims = check_federation(federation, jws.claims(), &record.issuer, SystemClock.now());
        checks.extend(claims.into_iter().map(|check| (credential, check)));
    }
    Ok(show(&checks))
}

fn standing(credential: &Credential) -> FederationCheck {
    let is_over = credential.status != Status::Active || credential.is_expired(SystemClock.now());
    FederationCheck {
        claim: "(credential)".to_owned(),
        expected: "in force".to_owned(),
        found: Some(if is_over { "disabled or expired" } else { "in force" }.to_owned()),
        passes: !is_over,
    }
}

async fn signature(keys: &dyn RemoteKeys, federation: &Federation, jws: &Jws<'_>) -> FederationCheck {
    let published = match &federation.jwks_uri {
        Some(uri) => keys.jwks(uri, jws.key_id()).await,
        None => keys.issuer(&federation.issuer, jws.key_id()).await,
    };
    let found = match (published, jws.algorithm().parse::<Algorithm>()) {
        (Err(error), _) => error.to_string(),
        (_, Err(error)) => error.to_string(),
        (Ok(set), Ok(algorithm)) => {
            let mut named = set.find(jws.key_id(), algorithm).peekable();
            if named.peek().is_none() {
                format!(
                    "no {algorithm} key {}",
                    jws.key_id().map_or_else(|| "without an id".to_owned(), |kid| format!("{kid:?}"))
                )
            } else if named.any(|key| jws.verify(key).is_ok()) {
                "right".to_owned()
            } else {
                "wrong".to_owned()
            }
        }
    };
    let passes = found == "right";
    FederationCheck {
        claim: "(signature)".to_owned(),
        expected: "of a key that the issuer publishes".to_owned(),
        found: Some(found),
        passes,
    }
}

fn show(checks: &[(&Credential, FederationCheck)]) -> Output {
    let rows = checks.iter().map(|(credential, check)| {
        vec![
            credential.id.to_string(),
            check.claim.clone(),
            if check.passes { "ok" } else { "FAILS" }.to_owned(),
            check.found.clone().unwrap_or_else(|| "(missing)".to_owned()),
            check.expected.clone(),
        ]
    });
    let json: Vec<Value> =
        checks.iter().map(|(credential, check)| json!({ "credential": credential.id, "check": check })).collect();
    let output = Output::table(&["CREDENTIAL", "CLAIM", "RESULT", "FOUND", "EXPECTED"], rows.collect(), json!(json));
    // One issuer may be trusted in several ways: one that holds is enough.
    let ids = checks.iter().map(|(credential, _)| credential.id);
    let holds = |id| checks.iter().filter(|(credential, _)| credential.id == id).all(|(_, check)| check.passes);
    if ids.into_iter().any(holds) { output } else { output.failed() }
}
