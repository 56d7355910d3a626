//! ONE TOKEN REQUEST. [`TokenEndpoint::respond`] reads top to bottom: decode, authenticate, authorize, mint, encode; one
//! file each, named after the step.
//!
//! A step cannot be forgotten: only [`authenticate`] makes an [`Authenticated`](authenticate::Authenticated), only
//! [`authorize`] makes an [`Authorized`](authorize::Authorized), and only that can be minted.

mod authenticate;
mod authorize;
mod certificate;
mod claims;
mod denial;
mod ending;
mod limits;
mod mint;
mod nonce;
mod proof;
mod remote_keys;
mod request;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use authenticate::{ASSERTION_LIFE, AssertionFault, FederationCheck, REFUSED_TRIES_PER_MINUTE, check_federation};
pub use certificate::ClientCertificate;
pub use denial::Denial;
pub use ending::{
    Admitted, Answered, GatewayCall, GatewayRefusal, Introspection, OpenedToken, RevocationResult, TokenCall, open_token,
};
pub(crate) use limits::{Counters, network_of, seconds_until};
pub use limits::{Limits, REVOCATIONS_PER_MINUTE, RateStatus};
pub use mint::AccessToken;
pub use nonce::{NonceKeys, NonceKind};
pub use proof::{ProofMemory, ProofRefusal};
pub use remote_keys::{RemoteKeySet, RemoteKeys, RemoteKeysError, RemoteKeysFuture};
pub use request::{AskedBusiness, ClientAssertion, Found, Presented, PresentedProof, Problem, ProblemPlace, TokenRequest};

use authorize::Shown;

use crate::clock::Clock;
use crate::crypto::{RootKeys, SignerThreads};
use crate::dialect::{AnswerContext, AuthMethods, Dialect, Encoded, Granted, RawRequest, Step};
use crate::directory::{Directory, EnvironmentView};
use crate::model::{ClientId, CredentialId, EnvironmentName, Position};
use crate::random::Random;
use crate::store::Store;

/// What token requests are answered with: one for a whole server.
pub struct TokenEndpoint<S> {
    /// What the node knows of the registry.
    pub directory: Arc<Directory<S>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for `jti`.
    pub random: Arc<dyn Random>,
    /// The peppers.
    pub root_keys: Arc<RootKeys>,
    /// Where slow signatures are made.
    pub signers: SignerThreads,
    /// The counters behind rate limits.
    pub limits: Limits,
    /// Keys that clients and other issuers publish.
    pub remote_keys: Arc<dyn RemoteKeys>,
    /// What nonces for `DPoP` proofs are made with.
    pub nonces: NonceKeys,
    /// The `DPoP` proofs that this node itself remembers.
    pub proofs: ProofMemory,
    /// How many requests may be in work at once; one more gets the dialect's 503.
    pub in_flight_max: usize,
    /// How many are.
    pub in_flight: AtomicUsize,
}

/// Who calls an endpoint, as far as the connection tells.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The environment, by listener or configured host.
    pub environment: &'a EnvironmentName,
    /// Who sent the request, on the network.
    pub source: IpAddr,
    /// The path of the endpoint that is called.
    pub path: &'a str,
    /// The ways in which a client may prove itself there.
    pub methods: AuthMethods,
    /// The certificate that the connection showed.
    pub certificate: Option<&'a ClientCertificate>,
}

/// A request as it arrived, with what the listener knows about it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The environment, by listener or configured host.
    pub environment: &'a EnvironmentName,
    /// The dialect, by path.
    pub dialect: &'a Dialect,
    /// The bytes.
    pub raw: RawRequest<'a>,
    /// The path as asked for.
    pub path: &'a str,
    /// The id that the server gave the request.
    pub request_id: &'a str,
    /// Who sent it, on the network.
    pub source: IpAddr,
    /// The certificate that the connection showed.
    pub certificate: Option<&'a ClientCertificate>,
}

impl<'a> Exchange<'a> {
    fn caller(&self) -> Caller<'a> {
        Caller {
            environment: self.environment,
            source: self.source,
            path: self.path,
            methods: self.dialect.request.methods,
            certificate: self.certificate,
        }
    }
}

/// What became of a request, for the log; it never goes to the wire.
#[derive(Debug)]
pub struct Outcome {
    /// The client, if there is one of the name given.
    pub client_id: Option<ClientId>,
    /// The credential that proved it.
    pub credential_id: Option<CredentialId>,
    /// The `jti` of the token, or why there is none.
    pub result: Result<String, Denial>,
}

/// A denial, with what is known by then about the client.
struct Refused {
    denial: Denial,
    credential_id: Option<CredentialId>,
    rate: Option<RateStatus>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self { denial, credential_id: None, rate: None }
    }
}

struct Issued {
    token: AccessToken,
    rate: Option<RateStatus>,
}

impl<S: Store> TokenEndpoint<S> {
    /// Answers one token request.
    pub async fn respond(&self, exchange: &Exchange<'_>) -> (Encoded, Outcome) {
        let request = exchange.dialect.decode(&exchange.raw);
        // The position first: whatever is read after it is at least as new, so no token claims more than was known (rule S11).
        let position = self.directory.fresh_position();
        let environment = self.directory.view(exchange.environment).ok_or(Denial::EnvironmentMissing);
        let outcome = match (position, &environment) {
            (Ok(position), Ok(environment)) => self.issue(exchange, &request, environment, position).await,
            (Err(denial), _) => Err(Refused::from(denial)),
            (_, Err(denial)) => Err(Refused::from(denial.clone())),
        };
        let issuer = environment.as_ref().map_or("", |environment| environment.environment.issuer.as_str());
        let nonce = self.next_nonce(exchange, &request, outcome.as_ref().err().map(|refused| &refused.denial));
        encode(exchange, &request, (issuer, nonce.as_deref()), outcome)
    }

    async fn issue(
        &self,
        exchange: &Exchange<'_>,
        request: &TokenRequest,
        environment: &Arc<EnvironmentView>,
        position: Position,
    ) -> Result<Issued, Refused> {
        let _in_flight = self.admit()?;
        let dialect = exchange.dialect;
        for step in dialect.request.order.iter().take_while(|step| **step != Step::Client) {
            request.refuse_faults_of(*step, dialect.request.report)?;
            if *step == Step::Credentials && request.presented.is_nothing(exchange.certificate) {
                return Err(Denial::CredentialsAbsent.into());
            }
        }
        let issuer = &environment.environment.issuer;
        let refused = |denial| self.refused_try(&exchange.caller(), &request.presented, denial);
        let proof = self.check_proof(exchange, request, issuer).map_err(refused)?;
        let authenticated = self.authenticate(&exchange.caller(), &request.presented, position).await?;
        let credential_id = Some(authenticated.credential_id());
        let rate = self.count_client(exchange.environment, exchange.dialect.limits, &authenticated)?;
        let refused = |denial| Refused { denial, credential_id, rate };

        let business = self.find_business(&authenticated, request).await.map_err(refused)?;
        let shown = Shown { proof: proof.as_deref(), certificate: exchange.certificate };
        let authorized =
            authorize::authorize(&authenticated, request, (business, shown), dialect, environment).map_err(refused)?;
        let rate = self.count_business(exchange, &authorized, rate)?;
        let refused = |denial| Refused { denial, credential_id, rate };
        if let Some(proof) = &proof {
            Box::pin(self.use_proof_up(proof, &authenticated.client().id)).await.map_err(refused)?;
        }
        // Once more, since the process may have been stopped since (rule S14).
        self.directory.fresh_position().map_err(refused)?;
        let token = self.mint(&authorized, environment).await.map_err(refused)?;
        authenticated.note_use(&self.directory, token.issued_at);
        Ok(Issued { token, rate })
    }

    /// One more request in work, if there is room.
    fn admit(&self) -> Result<InFlight<'_>, Denial> {
        let in_flight = InFlight(&self.in_flight);
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= self.in_flight_max {
            return Err(Denial::Overloaded);
        }
        Ok(in_flight)
    }
}

fn encode(
    exchange: &Exchange<'_>,
    request: &TokenRequest,
    (issuer, dpop_nonce): (&str, Option<&str>),
    outcome: Result<Issued, Refused>,
) -> (Encoded, Outcome) {
    let named = request.presented.client_id().cloned();
    let context = AnswerContext {
        issuer,
        request_id: exchange.request_id,
        path: exchange.path,
        rate: None,
        retry_after: None,
        dpop_nonce,
        echo: &request.echo,
    };
    match outcome {
        Ok(Issued { token, rate }) => {
            let granted = Granted {
                access_token: &token.text,
                token_type: token.token_type,
                expires_at: token.expires_at,
                now: token.issued_at,
                scope: &token.scope,
            };
            let encoded = exchange.dialect.encode_token(granted, AnswerContext { rate, ..context });
            (encoded, Outcome { client_id: named, credential_id: Some(token.credential_id), result: Ok(token.jti) })
        }
        Err(Refused { denial, credential_id, rate }) => {
            let context = AnswerContext { rate, retry_after: denial.retry_after(), ..context };
            let encoded = exchange.dialect.encode_fault(denial.fault(), denial.problems(), context);
            // A name that is no client's may be anything, also a secret in the wrong place.
            let client_id = named.filter(|_| credential_id.is_some() || denial.is_about_a_client());
            (encoded, Outcome { client_id, credential_id, result: Err(denial) })
        }
    }
}

/// Counts a request as in work until it is dropped.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
