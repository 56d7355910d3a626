//! The page that shows a secret, in the answer to the form that made it and nowhere after.

use axum::response::Response;
use mintmark_core::model::{ProofKind, ResourceUri, ScopeToken};
use mintmark_core::registry::RegistryError;

use super::credentials::href as of_credential;
use super::one::href;
use super::{frame, snippets};
use crate::admin::Refusal;
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::{self, CredentialView};
use crate::admin::operations::environments::PageFilter;
use crate::dashboard::components::Code;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{ClientResultPage, Method, Snippet};
use crate::dashboard::{problem, words};

/// What was made.
#[derive(Clone)]
pub(super) struct Made<'a> {
    pub(super) kind: ProofKind,
    /// What is shown once.
    pub(super) secret: Option<&'a str>,
    /// Where another secret is made, if this one was shown before.
    pub(super) gone: Option<String>,
}

pub(super) fn page(seat: &Seat, client: &ClientView, heading: String, made: Made<'_>) -> ClientResultPage {
    let method = Method::of(made.kind);
    let issuer = seat.environment(client.environment.as_str()).map_or("", |record| record.environment.issuer.as_str());
    let asking = asking(client, method, made.secret, issuer);
    let makes_assertions = matches!(method, Method::KeyPair | Method::SharedKey);
    let claims =
        || Code { id: "claims", label: words::result::ASSERTION.to_owned(), text: snippets::assertion_claims(&asking) };
    ClientResultPage {
        frame: frame(seat, &client.environment, heading.clone()),
        heading,
        lead: if made.gone.is_some() { String::new() } else { words::result::DONE.to_owned() },
        name: client.name.clone(),
        client_id: client.id.to_string(),
        // A shared key signs assertions and is in no request: the programs read the assertion.
        secret: made.secret.map(str::to_owned),
        gone: made.gone,
        method,
        snippets: programs(seat, client, &asking),
        assertion: makes_assertions.then(claims),
        finish: href(client),
    }
}

/// What the programs of a client ask for: the first scope that it has.
pub(super) fn asking<'a>(
    client: &'a ClientView,
    method: Method,
    secret: Option<&'a str>,
    issuer: &'a str,
) -> snippets::Asking<'a> {
    let grant = client.grants.iter().find(|grant| !grant.scopes.is_empty());
    let resource = grant.and_then(|grant| grant.resource.as_ref()).map(ResourceUri::as_str);
    snippets::Asking {
        client_id: client.id.as_str(),
        method,
        secret: secret.filter(|_| method == Method::Secret),
        issuer,
        scope: grant.and_then(|grant| grant.scopes.first()).map(ScopeToken::as_str),
        resource: resource.filter(|uri| *uri != issuer),
    }
}

/// The programs for each wire format that a client may use.
pub(super) fn programs(seat: &Seat, client: &ClientView, asking: &snippets::Asking<'_>) -> Vec<Snippet> {
    let loaded = seat.desk.node.dialects.load();
    let dialects = client.dialects.iter().filter_map(|name| loaded.get(name.as_str()));
    dialects.flat_map(|dialect| snippets::of_dialect(dialect, asking)).collect()
}

/// The page of a form that came before and made a client: without the secret.
pub(super) async fn client_is_gone(seat: &Seat, client: &ClientView) -> Answer {
    let filter = PageFilter { limit: Some(1), ..PageFilter::default() };
    let first = credentials::list(&seat.desk, (&client.environment, &client.id), &filter).await;
    let first = first.map_err(|refusal| seat.stop(refusal))?.items.into_iter().next();
    Ok(gone(seat, client, words::result::title(&client.name), first.as_ref()))
}

/// The page of a form that came before and made a credential: without the secret.
pub(super) async fn credential_is_gone(seat: &Seat, client: &ClientView, id: &str) -> Answer {
    let id = id.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    let made = credentials::read(&seat.desk, (&client.environment, &client.id), id).await;
    let made = made.map_err(|refusal| seat.stop(refusal))?;
    Ok(gone(seat, client, words::result::made_title(&client.name), Some(&made)))
}

fn gone(seat: &Seat, client: &ClientView, heading: String, credential: Option<&CredentialView>) -> Response {
    let kind = credential.map_or(ProofKind::Secret, |credential| credential.kind);
    let gone = matches!(kind, ProofKind::Secret | ProofKind::SharedKey);
    let gone =
        gone.then(|| credential.map_or_else(|| format!("{}/credentials", href(client)), |one| of_credential(client, one)));
    problem::page(&page(seat, client, heading, Made { kind, secret: None, gone }))
}

/// Whether a refusal means for certain that nothing was changed.
pub(super) fn is_known_undone(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Registry(RegistryError::Unknown(_)))
}
