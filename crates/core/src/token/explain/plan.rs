//! A request that nobody sends: what would be asked, and who is supposed to ask.

use std::net::IpAddr;

use mintmark_verify::Algorithm;

use super::DryRun;
use super::wire::Wire;
use crate::crypto::SecretText;
use crate::dialect::{Dialect, Role, TokenAsk};
use crate::model::{ClientId, CredentialId, EnvironmentName};
use crate::store::Store;
use crate::token::proof::HeldProof;
use crate::token::{ClientCertificate, Exchange, HerdRules, Presented, TokenEndpoint, TokenRequest};

/// What stands in a planned token for what only the client's key or certificate decides.
const OF_CLIENT: &str = "(of the key or certificate that the client shows)";

/// A request that nobody sends: what would be asked, whatever the endpoint's wire format is.
#[derive(Clone, Debug)]
pub struct PlannedRequest<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The endpoint's dialect.
    pub dialect: &'a Dialect,
    /// The client. Whoever asks must be allowed to see it: that is not checked here.
    pub client_id: &'a ClientId,
    /// What it would prove itself with; nothing for the first of its credentials that would be taken.
    pub credential_id: Option<CredentialId>,
    /// The scopes, with spaces between them.
    pub scope: Option<&'a str>,
    /// The resources.
    pub resources: &'a [String],
    /// The business.
    pub business_id: Option<&'a str>,
    /// The lifetime, in seconds.
    pub lifetime: Option<u32>,
    /// Where the request would come from.
    pub source: IpAddr,
    /// What the token could be bound to.
    pub binding: SupposedBinding,
}

/// What a request would show that a token can be bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SupposedBinding {
    /// Nothing.
    #[default]
    Nothing,
    /// A good `DPoP` proof.
    Dpop,
    /// A certificate on the connection.
    Certificate,
}

/// Who is supposed to have proved itself.
#[derive(Clone, Debug)]
pub(in crate::token) struct Supposed {
    pub(in crate::token) client_id: ClientId,
    pub(in crate::token) credential_id: Option<CredentialId>,
    binding: SupposedBinding,
}

impl Supposed {
    /// The proof that is supposed to be there.
    pub(in crate::token) fn proof(&self) -> Option<Box<HeldProof>> {
        let is_there = self.binding == SupposedBinding::Dpop;
        is_there.then(|| Box::new(HeldProof::supposed(OF_CLIENT.to_owned(), Algorithm::Es256)))
    }
}

/// Why a request cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unaskable {
    /// What the dialect has no place for: names of parameters.
    pub left: Vec<&'static str>,
}

impl std::fmt::Display for Unaskable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the dialect has no place for {}", self.left.join(", "))
    }
}

impl std::error::Error for Unaskable {}

impl PlannedRequest<'_> {
    /// The request that a client would send, but for its credentials.
    fn wire(&self) -> Result<Wire, Unaskable> {
        let secret = SecretText::new("supposed".to_owned());
        let ask = TokenAsk {
            client_id: self.client_id.as_str(),
            client_secret: &secret,
            scope: self.scope,
            business_id: self.business_id,
            resources: self.resources,
            expires_in: self.lifetime,
        };
        let (outgoing, left) = self.dialect.outgoing(&ask);
        if left.is_empty() { Ok(Wire::of(&outgoing)) } else { Err(Unaskable { left }) }
    }

    /// What the endpoint would read, with the client's name in place of credentials.
    fn decode(&self, wire: &Wire) -> TokenRequest {
        let mut request = self.dialect.decode(&wire.raw());
        request.presented = Presented::Named { client_id: Some(self.client_id.clone()) };
        request.faults.retain(|found| {
            let name = found.problem.as_ref().map(|problem| problem.parameter.as_str());
            !name.is_some_and(|name| is_of_credentials(self.dialect, name))
        });
        request
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// What a planned request would get. The client is supposed to prove itself; that it can is the one thing not looked at.
    ///
    /// # Errors
    /// [`Unaskable`] if the dialect has no place for something that is asked.
    pub async fn dry_run(&self, plan: &PlannedRequest<'_>) -> Result<DryRun, Unaskable> {
        let wire = plan.wire()?;
        let certificate = supposed_certificate(self.clock.now().0);
        let exchange = Exchange {
            environment: plan.environment,
            dialect: plan.dialect,
            raw: wire.raw(),
            path: &plan.dialect.route.path,
            request_id: "",
            source: plan.source,
            certificate: (plan.binding == SupposedBinding::Certificate).then_some(&certificate),
            herd: HerdRules::default(),
            times: None,
        };
        let supposed = Supposed { client_id: plan.client_id.clone(), credential_id: plan.credential_id, binding: plan.binding };
        let mut found = self.rehearse(&exchange, &plan.decode(&wire), Some(supposed)).await;
        hide_certificate(&mut found);
        Ok(found)
    }
}

/// Whether a parameter carries credentials: a plan has none.
fn is_of_credentials(dialect: &Dialect, name: &str) -> bool {
    let roles = [Role::ClientId, Role::ClientSecret, Role::ClientAssertion, Role::ClientAssertionType];
    dialect.request.parameters.iter().any(|parameter| parameter.name == name && roles.contains(&parameter.role))
}

/// A certificate that nobody has. It proves nobody: the client of a plan is supposed to have proved itself.
fn supposed_certificate(now: i64) -> ClientCertificate {
    ClientCertificate {
        sha256: [0; 32],
        is_trusted: false,
        subject: String::new(),
        dns_names: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        emails: Vec::new(),
        not_before: now,
        not_after: now,
    }
}

/// No token is bound to a certificate that nobody has.
fn hide_certificate(found: &mut DryRun) {
    let cnf = found.token.as_mut().and_then(|token| token.claims.get_mut("cnf"));
    if let Some(bound_to) = cnf.and_then(|cnf| cnf.get_mut("x5t#S256")) {
        *bound_to = OF_CLIENT.into();
    }
}
