//! Who answers a token request (rule S26).
//!
//! | what the request names | who answers |
//! |---|---|
//! | a client that is moved | Mintmark |
//! | one that Mintmark cannot look up now | nobody: 503 |
//! | one that was turned off, or whose tenant was | nobody: it is refused |
//! | one of which a credential or the business was turned off or has expired | the existing endpoint, if Mintmark finds the client proved by something else |
//! | any other that Mintmark has | the existing endpoint, with Mintmark's answer compared |
//! | only such as Mintmark does not have | the existing endpoint |
//! | nobody | the existing endpoint, as long as it gives out nothing |
//!
//! It is the standing of the clients named that decides, and not what Mintmark would answer: a request that is malformed for Mintmark may
//! be good for the other server. The rows are gone through from the first, for all names together: of several the strictest counts.

use std::sync::Arc;

use mintmark_core::dialect::{Dialect, Fault, RawBody, RawRequest};
use mintmark_core::directory::KnownClient;
use mintmark_core::management::Reach;
use mintmark_core::model::{ClientId, Status};
use mintmark_core::store::Store;
use mintmark_core::token::{AskedBusiness, Denial, DryRun, Exchange, HerdRules, TokenRequest};

use super::Shadow;
use super::names::{self, Names};
use super::path::Spelling;
use crate::cli::local_proxy::Whole;

/// A request to a token endpoint.
pub(super) struct Asked {
    pub(super) dialect: Arc<Dialect>,
    pub(super) spelling: Spelling,
    pub(super) request: Whole,
}

/// Who answers.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Mintmark does, whatever it is.
    Mintmark(ClientId),
    /// Nobody is asked.
    Refused(Option<ClientId>, Denial),
    /// The existing endpoint.
    Upstream(Standing),
}

/// Why the existing endpoint answers.
#[derive(Debug)]
pub(super) enum Standing {
    /// Mintmark has the client, which is not moved. What it would answer, where that had to be found out first.
    Shadowed(ClientId, Option<Box<DryRun>>),
    /// Mintmark has none of the clients named.
    NotImported,
    /// The request names nobody.
    ///
    /// It cannot be moved, since nobody knows whose it is, and nothing that ended in Mintmark is known to be in it. Clients that are not
    /// moved get the endpoint's own error for it. A token would be one for a client that is named in a way which this proxy does not
    /// know, so it is not handed on.
    Nameless,
}

/// What is known of the clients that are named.
enum Known {
    /// One of them is moved.
    Moved(ClientId),
    /// None is, and these are there.
    Here(Vec<Arc<KnownClient>>),
}

impl<S: Store> Shadow<S> {
    pub(super) async fn verdict(&self, asked: &Asked) -> Verdict {
        let decoded = asked.dialect.decode(&raw(&asked.request));
        let Names { mut all, unreadable, is_foreign } = names::of_request(&asked.request);
        all.extend(decoded.presented.client_id().cloned().filter(|id| !all.contains(id)).into_iter().collect::<Vec<_>>());
        let known = match self.known(&all).await {
            Ok(Known::Moved(id)) => return Verdict::Mintmark(id),
            Ok(Known::Here(known)) => known,
            Err(denial) => return Verdict::Refused(None, denial),
        };
        let first = known.first().map(|client| client.id.clone());
        if let Some(off) = known.iter().find(|client| is_off(client)) {
            return Verdict::Refused(Some(off.id.clone()), Denial::ClientDisabled);
        }
        if unreadable.is_some() {
            let denial = Denial::Faulty { fault: Fault::PayloadRefused, problems: Vec::new() };
            return Verdict::Refused(first, denial);
        }
        match self.watched(&known, &decoded).await {
            Err(denial) => return Verdict::Refused(first, denial),
            Ok(Some(watched)) => return self.proved(asked, &watched).await,
            Ok(None) => {}
        }
        Verdict::Upstream(match first {
            Some(client) => Standing::Shadowed(client, None),
            None if all.is_empty() && !is_foreign => Standing::Nameless,
            None => Standing::NotImported,
        })
    }

    /// Why a token that the existing endpoint gave out is not handed on: it is of a client that the request did not seem to be of.
    pub(super) async fn refused_token(&self, standing: &Standing, body: &[u8]) -> Option<(Option<ClientId>, Denial)> {
        if matches!(standing, Standing::Nameless) && !body.is_empty() {
            return Some((None, Denial::CredentialsAbsent));
        }
        match self.known(&names::of_answer(body).all).await {
            Err(denial) => Some((None, denial)),
            Ok(Known::Moved(id)) => Some((Some(id), Denial::ClientDisabled)),
            Ok(Known::Here(known)) => {
                let judged = |client: &KnownClient| matches!(standing, Standing::Shadowed(id, _) if *id == client.id);
                let stopped = known.iter().find(|one| is_off(one) || (self.has_ended(one) && !judged(one)));
                stopped.map(|client| (Some(client.id.clone()), Denial::ClientDisabled))
            }
        }
    }

    /// Looks the names up. A store that does not answer, or was not read for too long, says nothing of who is imported (rule S14).
    async fn known(&self, names: &[ClientId]) -> Result<Known, Denial> {
        let mut known = Vec::new();
        let mut unavailable = self.endpoint.directory.fresh_position().err();
        let spelled = self.alike.load();
        let alike: Vec<ClientId> = names.iter().flat_map(|name| spelled.of(name)).collect();
        for name in names.iter().chain(&alike) {
            match self.endpoint.directory.client(&self.environment, name).await {
                Ok(Some(client)) if self.plan.moves(&client.id, client.tenant_id) => {
                    return Ok(Known::Moved(client.id.clone()));
                }
                Ok(Some(client)) => known.push(client),
                Ok(None) => {}
                // Mintmark itself knows, or says that it does not.
                Err(_) if self.plan.names(name) => return Ok(Known::Moved(name.clone())),
                Err(denial) => unavailable = unavailable.or(Some(denial)),
            }
        }
        unavailable.map_or(Ok(Known::Here(known)), Err)
    }

    /// The client of which something was turned off, so that it has to be proved by something else. Of two such no request proves both.
    async fn watched(&self, known: &[Arc<KnownClient>], decoded: &TokenRequest) -> Result<Option<ClientId>, Denial> {
        let mut watched: Option<ClientId> = None;
        for client in known {
            let is_closed = match decoded.business {
                Some(AskedBusiness::Named(id)) => {
                    let business = self.endpoint.directory.business(&self.environment, client.tenant_id, id).await?;
                    business.is_some_and(|business| business.status != Status::Active)
                }
                _ => false,
            };
            if is_closed || self.has_ended(client) {
                if watched.as_ref().is_some_and(|one| *one != client.id) {
                    return Err(Denial::ClientDisabled);
                }
                watched = Some(client.id.clone());
            }
        }
        Ok(watched)
    }

    /// Whether a credential of the client's was turned off or has expired.
    fn has_ended(&self, client: &KnownClient) -> bool {
        let now = self.endpoint.clock.now();
        client.credentials().iter().any(|credential| !credential.is_in_force(now))
    }

    /// The existing endpoint answers if Mintmark finds the client proved by what is in force. What it cannot tell from the secret that was
    /// turned off, such as a request that is malformed for it, is not handed on: it could be that secret, in a place where the other
    /// server looks for it.
    async fn proved(&self, asked: &Asked, watched: &ClientId) -> Verdict {
        let found = self.decide(asked).await;
        let is_proved = found.client_id.as_ref() == Some(watched) && (found.passed || found.credential_id.is_some());
        match &found.denial {
            Some(denial) if denial.is_ours() || !is_proved || is_turned_off(denial) => {
                Verdict::Refused(Some(watched.clone()), denial.clone())
            }
            None if !is_proved => Verdict::Refused(Some(watched.clone()), Denial::ClientDisabled),
            _ => Verdict::Upstream(Standing::Shadowed(watched.clone(), Some(Box::new(found)))),
        }
    }

    /// What Mintmark would answer: nothing is signed, counted or used up.
    pub(super) async fn decide(&self, asked: &Asked) -> DryRun {
        let exchange = Exchange {
            environment: &self.environment,
            dialect: &asked.dialect,
            raw: raw(&asked.request),
            path: asked.request.head.uri.path(),
            request_id: "shadow",
            source: self.sources.of(&asked.request),
            certificate: None,
            herd: HerdRules::default(),
            times: None,
        };
        Box::pin(self.endpoint.dry_run_request(&exchange, Reach::Operator)).await
    }
}

fn raw(request: &Whole) -> RawRequest<'_> {
    RawRequest { query: request.head.uri.query(), headers: &request.head.headers, body: RawBody::Whole(&request.body) }
}

fn is_off(client: &KnownClient) -> bool {
    client.status != Status::Active || client.tenant_status() != Status::Active
}

/// Somebody ended this in Mintmark: it is over wherever the client is served.
fn is_turned_off(denial: &Denial) -> bool {
    matches!(
        denial,
        Denial::ClientDisabled
            | Denial::TenantDisabled
            | Denial::SecretDisabled
            | Denial::SecretQuarantined
            | Denial::SecretExpired
            | Denial::BusinessDisabled(_)
    )
}
