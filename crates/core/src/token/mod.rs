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
mod explain;
mod herd;
mod limits;
mod lock_outs;
mod mint;
mod nonce;
mod proof;
mod quota;
mod remote_keys;
mod request;
mod run;
mod timing;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use authenticate::{
    ASSERTION_LIFE, AssertionFault, FederationCheck, ImportedSecrets, REFUSED_TRIES_PER_MINUTE, check_federation,
};
pub use certificate::ClientCertificate;
pub use denial::Denial;
pub use ending::{
    Admitted, Answered, GatewayCall, GatewayRefusal, Introspection, OpenedToken, RevocationResult, TokenCall, open_token,
};
pub use explain::{
    CATALOGUE, CatalogueEntry, ConsoleExchange, ConsoleRequest, DryRun, DryRunStep, EndedBy, Explanation, LineVerdict,
    PlannedRequest, PlannedToken, ReportLine, StepVerdict, SupposedBinding, TokenReport, TokenStanding, Unaskable,
    catalogue_entry,
};
pub use herd::{FreshTokens, HerdRules};
pub(crate) use limits::{Counters, network_of, seconds_until};
pub use limits::{Limits, REVOCATIONS_PER_MINUTE, RateStatus};
pub use mint::AccessToken;
pub use nonce::{NonceKeys, NonceKind};
pub use proof::{ProofMemory, ProofRefusal};
pub use remote_keys::{RemoteKeySet, RemoteKeys, RemoteKeysError, RemoteKeysFuture};
pub use request::{AskedBusiness, ClientAssertion, Found, Presented, PresentedProof, Problem, ProblemPlace, TokenRequest};
pub use timing::{RequestStep, StepSpan, StepTimes};

use authenticate::Authenticated;
use authorize::{Authorized, Shown};
use explain::Supposed;
use run::{Real, Run};

use crate::clock::Clock;
use crate::crypto::{RootKeys, SignerThreads};
use crate::dialect::{AnswerContext, AuthMethods, Dialect, Encoded, Granted, RawRequest, Step};
use crate::directory::{Directory, EnvironmentView};
use crate::model::{BusinessId, ClientId, CredentialId, EnvironmentName, Position, TenantId};
use crate::quota::QuotaTold;
use crate::random::Random;
use crate::store::Store;
use crate::usage::{Asked, Usage, Who};

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
    /// Where secrets are compared with hashes that were imported.
    pub imported: ImportedSecrets,
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
    /// What became of requests, until it is written down.
    pub usage: Usage,
    /// Tokens that may be given again, where an environment's rules say so.
    pub fresh: FreshTokens,
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
    /// Whether it is a dry run: everything is looked up and decided, nothing is counted, used up or noted.
    pub is_rehearsal: bool,
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
    /// What is done about clients that ask far too often.
    pub herd: HerdRules,
    /// Where to note how long the steps take, if anybody wants to know.
    pub times: Option<&'a StepTimes>,
}

impl<'a> Exchange<'a> {
    /// Notes that a step went well.
    fn ended(&self, step: RequestStep, clock: &dyn Clock) {
        if let Some(times) = self.times {
            times.note(step, clock.boot_nanoseconds());
        }
    }

    fn asked(&self) -> Asked<'a> {
        let Self { environment, dialect, request_id, source, .. } = *self;
        Asked { environment, dialect: &dialect.name, request_id, source }
    }

    fn caller(&self) -> Caller<'a> {
        Caller {
            environment: self.environment,
            source: self.source,
            path: self.path,
            methods: self.dialect.request.methods,
            certificate: self.certificate,
            is_rehearsal: false,
        }
    }
}

/// What became of a request, for the log and the counts; it never goes to the wire.
#[derive(Debug)]
pub struct Outcome {
    /// The client, if there is one of the name given.
    pub client_id: Option<ClientId>,
    /// Whose client that is.
    pub tenant_id: Option<TenantId>,
    /// The credential that proved it.
    pub credential_id: Option<CredentialId>,
    /// The business that the token is scoped to, or would be.
    pub business_id: Option<BusinessId>,
    /// The `jti` of the token, or why there is none.
    pub result: Result<String, Denial>,
    /// Whether it is a token that was given out before.
    pub is_reused: bool,
}

impl Outcome {
    fn who(&self) -> Who<'_> {
        let Self { client_id, tenant_id, credential_id, business_id, .. } = self;
        Who { client_id: client_id.as_ref(), tenant_id: *tenant_id, credential_id: *credential_id, business_id: *business_id }
    }
}

/// What is known of a client that proved itself.
#[derive(Clone, Copy)]
struct Proved {
    tenant: TenantId,
    credential: CredentialId,
    business: Option<BusinessId>,
}

impl Proved {
    fn of(authenticated: &Authenticated) -> Self {
        let (tenant, credential) = (authenticated.client().tenant_id, authenticated.credential_id());
        Self { tenant, credential, business: None }
    }

    fn of_authorized(authorized: &Authorized<'_>) -> Self {
        let (tenant, credential) = (authorized.client().tenant_id, authorized.credential_id());
        Self { tenant, credential, business: authorized.business_id() }
    }

    fn refused(self, denial: Denial, rate: Option<RateStatus>) -> Refused {
        Refused { denial, proved: Some(Box::new(self)), rate, quota: None }
    }
}

/// A denial, with what is known by then about the client.
struct Refused {
    denial: Denial,
    proved: Option<Box<Proved>>,
    rate: Option<RateStatus>,
    quota: Option<Box<QuotaTold>>,
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Self {
        Self { denial, proved: None, rate: None, quota: None }
    }
}

struct Issued<T> {
    token: T,
    proved: Proved,
    rate: Option<RateStatus>,
    quota: Option<Box<QuotaTold>>,
}

impl<S: Store> TokenEndpoint<S> {
    /// Answers one token request.
    pub async fn respond(&self, exchange: &Exchange<'_>) -> (Encoded, Outcome) {
        let request = exchange.dialect.decode(&exchange.raw);
        exchange.ended(RequestStep::Decode, &*self.clock);
        // The position first: whatever is read after it is at least as new, so no token claims more than was known (rule S11).
        let position = self.directory.fresh_position();
        let environment = self.directory.view(exchange.environment).ok_or(Denial::EnvironmentMissing);
        let outcome = match (position, &environment) {
            (Ok(position), Ok(environment)) => self.issue(exchange, &request, (environment, position), &Real).await,
            (Err(denial), _) => Err(Refused::from(denial)),
            (_, Err(denial)) => Err(Refused::from(denial.clone())),
        };
        if let Some(times) = exchange.times {
            times.note_decided(self.clock.boot_nanoseconds());
        }
        let issuer = environment.as_ref().map_or("", |environment| environment.environment.issuer.as_str());
        let nonce = self.next_nonce(exchange, &request, outcome.as_ref().err().map(|refused| &refused.denial));
        let now = outcome.as_ref().map_or_else(|_| self.clock.now(), |issued| issued.token.issued_at);
        let (encoded, mut outcome) = encode(exchange, &request, (issuer, nonce.as_deref()), outcome);
        exchange.ended(RequestStep::Encode, &*self.clock);
        self.find_tenant(exchange.environment, &mut outcome);
        self.usage.note(&exchange.asked(), &outcome.who(), outcome.result.as_ref().map(|_| ()), now);
        (encoded, outcome)
    }

    /// Notes a refusal of what never became a request of a client.
    pub fn note_refusal(&self, asked: &Asked<'_>, denial: &Denial) {
        self.usage.note(asked, &Who::default(), Err(denial), self.clock.now());
    }

    /// Says whose client it is that did not prove itself: it was just looked up, so it is held. Behind a mistyped secret nobody was
    /// looked for: the name is kept if it happens to be held, which costs the same whether it is or not.
    fn find_tenant(&self, environment: &EnvironmentName, outcome: &mut Outcome) {
        if let (Some(client_id), None) = (&outcome.client_id, outcome.tenant_id) {
            outcome.tenant_id = self.directory.held_client(environment, client_id).map(|client| client.tenant_id);
            if outcome.tenant_id.is_none() && matches!(outcome.result, Err(Denial::SecretMistyped)) {
                outcome.client_id = None;
            }
        }
    }

    /// Decides, and makes a token if the run is a real one.
    async fn issue<R: Run>(
        &self,
        exchange: &Exchange<'_>,
        request: &TokenRequest,
        (environment, position): (&Arc<EnvironmentView>, Position),
        run: &R,
    ) -> Result<Issued<R::Token>, Refused> {
        let _in_flight = self.admit()?;
        let caller = Caller { is_rehearsal: R::IS_REHEARSAL, ..exchange.caller() };
        check_form(exchange, request, run.supposed().is_some())?;
        let issuer = &environment.environment.issuer;
        let refused = |denial| self.refused_try(&caller, &request.presented, denial);
        let proof = match run.supposed().and_then(Supposed::proof) {
            Some(supposed) => Some(supposed),
            None => self.check_proof(exchange, request, issuer).map_err(refused)?,
        };
        let authenticated = match run.supposed() {
            Some(supposed) => Box::pin(self.suppose(&caller, supposed, position)).await?,
            None => self.authenticate(&caller, &request.presented, position).await?,
        };
        exchange.ended(RequestStep::Authenticate, &*self.clock);
        let rate = self.count_client(&caller, exchange.dialect.limits, &authenticated)?;
        let refused = |denial| Proved::of(&authenticated).refused(denial, rate);

        let business = self.find_business(&authenticated, request).await.map_err(refused)?;
        let shown = Shown { proof: proof.as_deref(), certificate: exchange.certificate };
        let authorized =
            authorize::authorize(&authenticated, request, (business, shown), exchange.dialect, environment).map_err(refused)?;
        let rate = self.count_business(&caller, exchange.dialect.limits, &authorized, rate)?;
        let reserved = self.reserve(&caller, &authorized, rate)?;
        let refused = |denial| Proved::of_authorized(&authorized).refused(denial, rate);
        if let Some(proof) = &proof {
            Box::pin(self.use_proof_up(&caller, proof, &authenticated.client().id)).await.map_err(refused)?;
        }
        // Once more, since the process may have been stopped since (rule S14).
        self.directory.fresh_position().map_err(refused)?;
        exchange.ended(RequestStep::Authorize, &*self.clock);
        let token = run.mint(self, exchange, &authorized, environment).await.map_err(refused)?;
        exchange.ended(RequestStep::Mint, &*self.clock);
        if !R::IS_REHEARSAL {
            authenticated.note_use(&self.directory, (self.clock.now(), exchange.source));
        }
        let quota = reserved.and_then(|reserved| (*reserved).settle());
        Ok(Issued { token, proved: Proved::of_authorized(&authorized), rate, quota })
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

/// What is checked before anybody asks who calls, in the dialect's order.
fn check_form(exchange: &Exchange<'_>, request: &TokenRequest, is_supposed: bool) -> Result<(), Denial> {
    let rules = &exchange.dialect.request;
    for step in rules.order.iter().take_while(|step| **step != Step::Client) {
        request.refuse_faults_of(*step, rules.report)?;
        if *step == Step::Credentials && !is_supposed && request.presented.is_nothing(exchange.certificate) {
            return Err(Denial::CredentialsAbsent);
        }
    }
    Ok(())
}

fn encode(
    exchange: &Exchange<'_>,
    request: &TokenRequest,
    (issuer, dpop_nonce): (&str, Option<&str>),
    outcome: Result<Issued<AccessToken>, Refused>,
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
        Ok(Issued { token, proved, rate, quota }) => {
            let granted = Granted {
                access_token: &token.text,
                token_type: token.token_type,
                expires_at: token.expires_at,
                now: token.issued_at,
                scope: &token.scope,
                client_id: named.as_ref().map_or("", ClientId::as_str),
            };
            let mut encoded = exchange.dialect.encode_token(granted, AnswerContext { rate, ..context });
            if let Some(told) = quota {
                told.add_to(&mut encoded.headers);
            }
            let is_reused = token.is_reused;
            (encoded, Outcome { is_reused, ..outcome_of(named, Some(&proved), Ok(token.jti)) })
        }
        Err(Refused { denial, proved, rate, quota }) => {
            let context = AnswerContext { rate, retry_after: denial.retry_after(), ..context };
            let mut encoded = exchange.dialect.encode_fault(denial.fault(), denial.problems(), context);
            if let Some(told) = quota {
                told.add_to(&mut encoded.headers);
            }
            // A name that is no client's may be anything, also a secret in the wrong place.
            let may_be = proved.is_some() || denial.is_about_a_client() || matches!(denial, Denial::SecretMistyped);
            let client_id = named.filter(|_| may_be);
            (encoded, outcome_of(client_id, proved.as_deref(), Err(denial)))
        }
    }
}

fn outcome_of(client_id: Option<ClientId>, proved: Option<&Proved>, result: Result<String, Denial>) -> Outcome {
    let tenant_id = proved.map(|proved| proved.tenant);
    let credential_id = proved.map(|proved| proved.credential);
    let business_id = proved.and_then(|proved| proved.business);
    Outcome { client_id, tenant_id, credential_id, business_id, result, is_reused: false }
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
