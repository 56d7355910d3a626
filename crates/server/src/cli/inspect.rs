//! `mintmark inspect`

use std::io::Read;

use clap::Args;
use mintmark_core::crypto::OPAQUE_PREFIX;
use mintmark_core::model::EnvironmentName;
use mintmark_core::store::Store;
use mintmark_verify::{Audience, Claims, Header, JwkSet, KeySet, Verifier, danger_decode_without_verifying};
use serde_json::{Value, json};

use super::fetch::{check_url, fetch_json};
use super::output::Output;
use super::place::Place;
use super::{Done, Failure, Shared, time};
use crate::clock::SystemClock;
use mintmark_core::clock::{Clock, Timestamp};

/// The longest text that is read as a token, in bytes.
const MAX_TOKEN: u64 = 64 * 1024;

#[derive(Args, Debug)]
pub(super) struct InspectArgs {
    /// The token, or - to read it from standard input.
    token: String,
    /// Verify with the keys that this issuer publishes [default: those of the local database].
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The audience that the token must be for [default: any].
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
}

pub(super) async fn run(shared: &Shared, args: InspectArgs) -> Done {
    let token = read_token(&args.token)?;
    if token.starts_with(OPAQUE_PREFIX) {
        return inspect_opaque(shared, &args, &token).await;
    }
    let (header, claims) =
        danger_decode_without_verifying(&token).map_err(|error| Failure(format!("this is no access token: {error}")))?;
    let verified = match keys_for(shared, &args, &claims).await {
        Ok((issuer, keys)) => verify(&token, &args, &claims, issuer, keys),
        Err(Failure(cause)) => Err(cause),
    };
    let output = show(&header, &claims, &verified, args.audience.is_some());
    Ok(if verified.is_ok() { output } else { output.failed() })
}

/// The claims of a sealed token, which this deployment alone can read.
async fn inspect_opaque(shared: &Shared, args: &InspectArgs, token: &str) -> Done {
    let place = Place::open(shared).await?;
    let opened = open_opaque(&place, token).await;
    place.close().await;
    let (_, claims) = opened?;
    let verified = if claims.exp <= SystemClock.now().0 {
        Err("the token has expired".to_owned())
    } else if args.audience.as_ref().is_some_and(|audience| !claims.aud.contains(audience)) {
        Err("the token is for another audience".to_owned())
    } else {
        Ok(())
    };
    let verdict = match &verified {
        Ok(()) => "opened: sealed here, and not expired; introspection tells whether it was revoked".to_owned(),
        Err(cause) => format!("NOT GOOD: {cause}"),
    };
    let text = format!("{verdict}\n\nclaims {}", serde_json::to_string_pretty(&claims).unwrap_or_default());
    let json = json!({ "verified": verified.is_ok(), "error": verified.as_ref().err(), "header": null, "claims": claims });
    let output = Output::text(text, json);
    Ok(if verified.is_ok() { output } else { output.failed() })
}

/// Opens a sealed token of any environment.
pub(super) async fn open_opaque(place: &Place, token: &str) -> Result<(EnvironmentName, Claims), Failure> {
    for record in place.store.environments().await?.value {
        let name = record.environment.name;
        if let Some(claims) = place.registry.root_keys.sealer.open_token(&name, token) {
            let claims = serde_json::from_slice(&claims);
            return Ok((name, claims.map_err(|_| Failure("the token holds no claims".to_owned()))?));
        }
    }
    Err(Failure("the token is of no environment here, or was changed".to_owned()))
}

fn read_token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.trim().to_owned());
    }
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_TOKEN).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// The issuer that is trusted, and its keys: never the one that an unverified token names, unless it is ours.
async fn keys_for(shared: &Shared, args: &InspectArgs, claims: &Claims) -> Result<(String, KeySet), Failure> {
    if let Some(issuer) = &args.issuer {
        check_url(issuer)?;
        let metadata: Value = fetch_json(&format!("{issuer}/.well-known/oauth-authorization-server")).await?;
        let uri = metadata
            .get("jwks_uri")
            .and_then(Value::as_str)
            .ok_or_else(|| Failure("the metadata has no jwks_uri".to_owned()))?;
        // Metadata that names another issuer is not this one's (RFC 8414 section 3.3).
        if metadata.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(Failure(format!("the metadata of {issuer} names another issuer")));
        }
        check_url(uri)?;
        let keys: JwkSet = fetch_json(uri).await?;
        return Ok((issuer.clone(), KeySet::from(&keys)));
    }
    let place = Place::open(shared).await?;
    let environments = place.store.environments().await;
    let found = environments.map(|all| all.value.into_iter().find(|record| record.environment.issuer == claims.iss));
    let keys = found.map(|record| {
        record.map(|record| {
            let sealer = &place.registry.root_keys.sealer;
            mintmark_core::keys::KeyRing::build(&record.environment.name, &record.keys, sealer).verifying
        })
    });
    place.close().await;
    let keys =
        keys?.ok_or_else(|| Failure("its issuer is no environment of the local database; try --issuer URL".to_owned()))?;
    Ok((claims.iss.clone(), keys))
}

fn verify(token: &str, args: &InspectArgs, claims: &Claims, issuer: String, keys: KeySet) -> Result<(), String> {
    let any = match &claims.aud {
        Audience::One(one) => one.clone(),
        Audience::Many(many) => many.first().cloned().unwrap_or_default(),
    };
    let audience = args.audience.clone().unwrap_or(any);
    let verifier = Verifier::new(issuer, audience, keys).accept_sender_constrained();
    verifier.verify(token, SystemClock.now().0).map(|_| ()).map_err(|error| error.to_string())
}

fn show(header: &Header, claims: &Claims, verified: &Result<(), String>, audience_checked: bool) -> Output {
    let verdict = match verified {
        Ok(()) if audience_checked => "verified: signature, issuer, audience and times are right".to_owned(),
        Ok(()) => "verified: signature, issuer and times are right; --audience URI checks the audience too".to_owned(),
        Err(cause) => format!("NOT VERIFIED: {cause}"),
    };
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let (header, claims_json) = (json!(header), json!(claims));
    let expires = time::show(Timestamp(claims.exp));
    let text = format!("{verdict}\nexpires {expires}\n\nheader {}\nclaims {}", pretty(&header), pretty(&claims_json));
    let error = verified.as_ref().err();
    Output::text(text, json!({ "verified": verified.is_ok(), "error": error, "header": header, "claims": claims_json }))
}
