//! The form of a credential's limits.

use axum::extract::Path;
use mintmark_core::model::{BusinessId, ScopeToken, SensitiveAction};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::answers;
use super::credentials::{Names, answer, load, page, seen};
use crate::admin::Moment;
use crate::admin::operations::Patch;
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::CredentialView;
use crate::admin::operations::limits::{self, LimitsPatch};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::Limits;
use crate::dashboard::words;

/// The limits as they are, or as they were typed into the form that is shown again.
pub(super) fn shown(seat: &Seat, client: &ClientView, credential: &CredentialView, again: bool) -> Limits {
    let is_typed = again && seat.fields.one("networks").is_some();
    let typed = |name: &str| seat.fields.one(name).unwrap_or_default().to_owned();
    let limits = &credential.limits;
    let mut scopes: Vec<String> = client.grants.iter().flat_map(|grant| &grant.scopes).map(ToString::to_string).collect();
    scopes.sort();
    scopes.dedup();
    let has = |scope: &String| {
        if is_typed {
            seat.fields.many("scope").any(|one| one == scope)
        } else {
            limits.scopes.as_ref().is_some_and(|has| has.iter().any(|one| one.as_str() == scope))
        }
    };
    let joined = |ids: &Vec<BusinessId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Limits {
        networks: if is_typed { typed("networks") } else { limits.networks.join("\n") },
        not_before: if is_typed { typed("not_before") } else { limits.not_before.map(text_of).unwrap_or_default() },
        scopes: scopes.into_iter().map(|scope| (scope.clone(), has(&scope))).collect(),
        businesses: if is_typed { typed("business") } else { limits.businesses.as_ref().map(joined).unwrap_or_default() },
    }
}

fn text_of(at: Moment) -> String {
    serde_json::to_value(at).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `POST .../credentials/{credential}/limits`.
pub(super) async fn set(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let patch = match typed(&seat, &client, &credential) {
        Ok(patch) => patch,
        Err(mistake) => return page(&seat, &client, &credential, (String::new(), Some(mistake))).await,
    };
    let of = (&client.environment, &client.id);
    let edited = limits::edit(&seat.desk, of, credential.id, (patch, seen(&seat))).await;
    answer(&seat, &names, (edited.map(drop), "credential-saved")).await
}

/// Something, or nothing where it is empty.
fn patch<T>(value: T, is_empty: bool) -> Patch<T> {
    if is_empty { Patch::Remove } else { Patch::Set(value) }
}

fn typed(seat: &Seat, client: &ClientView, credential: &CredentialView) -> Result<LimitsPatch, Mistake> {
    let one = |name| seat.fields.one(name).unwrap_or_default().trim();
    let networks = one("networks").split([' ', ',', '\n', '\r', '\t']).filter(|text| !text.is_empty());
    let not_before = match one("not_before") {
        "" => Some(Patch::Remove),
        text => Some(Patch::Set(moment(text).ok_or_else(|| Mistake::new("not_before", words::credential::NOT_BEFORE_WRONG))?)),
    };
    let scopes: Result<Vec<ScopeToken>, _> = seat.fields.many("scope").map(str::parse).collect();
    let scopes = scopes.map_err(|_| Mistake::new("scopes", words::credential::SCOPES_WRONG))?;
    let businesses = answers::businesses(one("business"))?;
    let (no_scopes, no_businesses) = (scopes.is_empty(), businesses.is_empty());
    Ok(LimitsPatch {
        networks: Some(networks.map(str::to_owned).collect()),
        not_before,
        scopes: (!no_scopes || is_seen(client, credential)).then(|| patch(scopes, no_scopes)),
        businesses: Some(patch(businesses, no_businesses)),
    })
}

/// Whether a scope of the limit was among those to choose from. Where the client has none of them any more, choosing none must not
/// take the limit away: it was not seen.
fn is_seen(client: &ClientView, credential: &CredentialView) -> bool {
    let held = |scope: &ScopeToken| client.grants.iter().any(|grant| grant.scopes.contains(scope));
    credential.limits.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(held))
}

fn moment(text: &str) -> Option<Moment> {
    let text: StrDeserializer<'_, Error> = text.into_deserializer();
    Moment::deserialize(text).ok()
}
