//! May they? Pure: no clock, no store, no await. The only way to an [`Authorized`].

use std::borrow::Cow;

use mintmark_verify::Algorithm;
use mintmark_verify::dpop::ProofError;

use super::authenticate::Authenticated;
use super::proof::HeldProof;
use super::{AskedBusiness, ClientCertificate, Denial, ProofRefusal, TokenEndpoint, TokenRequest};
use crate::dialect::{AttributeOf, ClaimRule, Dialect, DpopRule, Step};
use crate::directory::{AllowedBusinesses, EnvironmentView, KnownBusiness, KnownClient};
use crate::model::{
    AttributeValue, BusinessId, CredentialId, CredentialLimits, Position, Profile, Resource, ScopeSet, ScopeToken, Status,
    TokenBinding, TokenFormat,
};
use crate::store::Store;

/// What a client may have, decided.
pub(super) struct Authorized<'a> {
    client: &'a KnownClient,
    credential_id: CredentialId,
    position: Position,
    resources: Vec<&'a Resource>,
    scope: Cow<'a, ScopeSet>,
    business: Option<BusinessId>,
    lifetime: u32,
    algorithm: Algorithm,
    format: TokenFormat,
    bound_to: BoundTo<'a>,
    claims: Vec<(String, serde_json::Value)>,
}

/// What a request shows that a token can be bound to.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// A `DPoP` proof.
    pub(super) proof: Option<&'a HeldProof>,
    /// The connection's certificate.
    pub(super) certificate: Option<&'a ClientCertificate>,
}

/// Who alone can use a token: the claim `cnf` (RFC 7800).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BoundTo<'a> {
    /// The thumbprint of a key: `jkt` (RFC 9449 section 6.1).
    pub(super) key: Option<&'a str>,
    /// The SHA-256 of a certificate: `x5t#S256` (RFC 8705 section 3.1).
    pub(super) certificate: Option<&'a [u8; 32]>,
}

impl Authorized<'_> {
    pub(super) fn client(&self) -> &KnownClient {
        self.client
    }

    pub(super) fn credential_id(&self) -> CredentialId {
        self.credential_id
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// The audience, by the resources' URIs.
    pub(super) fn audience(&self) -> Vec<&str> {
        self.resources.iter().map(|resource| resource.uri.as_str()).collect()
    }

    pub(super) fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    pub(super) fn business_id(&self) -> Option<BusinessId> {
        self.business
    }

    /// The token's life, in seconds.
    pub(super) fn lifetime(&self) -> u32 {
        self.lifetime
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn format(&self) -> TokenFormat {
        self.format
    }

    pub(super) fn bound_to(&self) -> BoundTo<'_> {
        self.bound_to
    }

    /// The claims that the dialect adds.
    pub(super) fn claims(&self) -> &[(String, serde_json::Value)] {
        &self.claims
    }
}

/// What the store says of the business that was asked for.
#[derive(Clone, Copy)]
pub(super) enum BusinessStanding {
    NoneAsked,
    /// None of the tenant's, whether it is another tenant's or nobody's (rule S4).
    Unknown,
    Known(KnownBusiness),
}

impl<S: Store> TokenEndpoint<S> {
    /// Looks up the business that was asked for, or the only one that the client may act for, among those of its tenant.
    pub(super) async fn find_business(
        &self,
        authenticated: &Authenticated,
        request: &TokenRequest,
    ) -> Result<BusinessStanding, Denial> {
        let client = authenticated.client();
        let id = match (request.business, &client.businesses) {
            (Some(AskedBusiness::Named(id)), _) => id,
            (Some(AskedBusiness::Malformed), _) => return Ok(BusinessStanding::Unknown),
            (None, allowed) => match only_business(allowed, authenticated.limits()) {
                Some(only) => only,
                None => return Ok(BusinessStanding::NoneAsked),
            },
        };
        let found = self.directory.business(&client.environment, client.tenant_id, id).await?;
        Ok(found.map_or(BusinessStanding::Unknown, BusinessStanding::Known))
    }
}

/// The one business that there is to act for, if it is one.
fn only_business(allowed: &AllowedBusinesses, limits: Option<&CredentialLimits>) -> Option<BusinessId> {
    let limited = limits.and_then(|limits| limits.businesses.as_deref());
    let all = match (allowed, limited) {
        (AllowedBusinesses::Only(allowed), _) => allowed,
        (AllowedBusinesses::All, Some(limited)) => limited,
        (AllowedBusinesses::All, None) => return None,
    };
    let mut both = all.iter().filter(|id| limited.is_none_or(|limited| limited.contains(id)));
    let only = both.next()?;
    both.next().is_none().then_some(*only)
}

/// Decides what the client may have, in the dialect's order of checks.
pub(super) fn authorize<'a>(
    authenticated: &'a Authenticated,
    request: &'a TokenRequest,
    (business, shown): (BusinessStanding, Shown<'a>),
    dialect: &Dialect,
    environment: &'a EnvironmentView,
) -> Result<Authorized<'a>, Denial> {
    let client = authenticated.client();
    let rights = Rights { client, limits: authenticated.limits() };
    let resources = find_resources(client, request, environment);
    for step in &dialect.request.order {
        request.refuse_faults_of(*step, dialect.request.report)?;
        match step {
            Step::Permission => {
                check_permission(client, dialect)?;
                bind(client, shown, dialect)?;
            }
            Step::Scope => check_scope(rights, request, resources.as_deref(), environment)?,
            Step::Resource => check_resources(request, resources.as_deref())?,
            Step::Business => check_business(rights, &business)?,
            Step::Query | Step::Payload | Step::Parameters | Step::Credentials | Step::Client => {}
        }
    }
    let resources = resources.ok_or(Denial::Internal("the environment has no resource of its own"))?;
    Ok(Authorized {
        scope: request.scope.as_ref().map_or_else(|| Cow::Owned(granted_scopes(rights, &resources)), Cow::Borrowed),
        business: match business {
            BusinessStanding::Known(business) => Some(business.id),
            BusinessStanding::NoneAsked | BusinessStanding::Unknown => None,
        },
        lifetime: lifetime(client, request, dialect, environment),
        algorithm: algorithm(client, &resources, dialect, environment)?,
        format: format(&resources, dialect)?,
        bound_to: bind(client, shown, dialect)?,
        claims: claims(client, dialect),
        credential_id: authenticated.credential_id(),
        position: authenticated.position(),
        client,
        resources,
    })
}

/// A client with the limits of the credential that proved it: what is decided is within both.
#[derive(Clone, Copy)]
struct Rights<'a> {
    client: &'a KnownClient,
    limits: Option<&'a CredentialLimits>,
}

impl Rights<'_> {
    fn permits_scope(self, scope: &ScopeToken) -> bool {
        self.limits.is_none_or(|limits| limits.permits_scope(scope))
    }

    fn permits_business(self, id: BusinessId) -> bool {
        self.limits.is_none_or(|limits| limits.permits_business(id))
    }

    /// Whether the limits want each token to be scoped to a business.
    fn names_a_business(self) -> bool {
        self.limits.is_some_and(|limits| limits.businesses.is_some())
    }
}

/// The resources that were asked for; nothing if one does not exist, or the client has no grant there: the two are never told
/// apart. A request that names none gets the environment's own, which is for everybody: the scopes decide what the token is
/// good for there.
fn find_resources<'a>(
    client: &KnownClient,
    request: &TokenRequest,
    environment: &'a EnvironmentView,
) -> Option<Vec<&'a Resource>> {
    if request.resources.is_empty() {
        return environment.own_resource().map(|own| vec![own]);
    }
    let is_granted = |resource: &&Resource| client.grants().iter().any(|grant| grant.resource == resource.id);
    request.resources.iter().map(|uri| environment.resource(uri).filter(is_granted)).collect()
}

fn check_permission(client: &KnownClient, dialect: &Dialect) -> Result<(), Denial> {
    if !client.dialects().contains(&dialect.name) {
        return Err(Denial::DialectNotAllowed(dialect.name.clone()));
    }
    let missing = |rule: &&ClaimRule| rule.required && claim(client, rule).is_none();
    match dialect.token.claims.iter().find(missing) {
        Some(rule) => Err(Denial::AttributeMissing(rule.attribute.clone())),
        None => Ok(()),
    }
}

/// Refuses a scope outside the grant; nothing is silently narrowed. Where a resource was asked for that cannot be had, scopes
/// are looked for at all of the environment's: the resource itself is refused at its own step.
fn check_scope(
    rights: Rights<'_>,
    request: &TokenRequest,
    resources: Option<&[&Resource]>,
    environment: &EnvironmentView,
) -> Result<(), Denial> {
    let Some(asked) = &request.scope else { return Ok(()) };
    let is_granted = |scope: &ScopeToken| match resources {
        Some(resources) => may_carry(rights.client, resources, scope),
        None => environment.resources.iter().any(|resource| grants(rights.client, resource, scope)),
    };
    let refused = asked.iter().find(|scope| !is_granted(scope) || !rights.permits_scope(scope));
    refused.map_or(Ok(()), |scope| {
        if is_granted(scope) {
            return Err(Denial::ScopeOutsideLimits(scope.clone()));
        }
        let is_known = environment.resources.iter().any(|resource| resource.understands(scope));
        Err(Denial::ScopeNotGranted(is_known.then(|| scope.clone())))
    })
}

/// Whether a token for these resources may carry a scope: one of them grants it, and none understands it without granting it,
/// since each would take the scope for its own.
fn may_carry(client: &KnownClient, resources: &[&Resource], scope: &ScopeToken) -> bool {
    let mut understanding = resources.iter().filter(|resource| resource.understands(scope)).peekable();
    understanding.peek().is_some() && understanding.all(|resource| grants(client, resource, scope))
}

/// Whether the client has a scope at a resource: granted, still understood there, and none of Mintmark's own (rule S1).
fn grants(client: &KnownClient, resource: &Resource, scope: &ScopeToken) -> bool {
    let granted = client.grants().iter().any(|grant| grant.resource == resource.id && grant.scopes.contains(scope));
    granted && resource.understands(scope) && !scope.is_administrative()
}

/// All that the client has at these resources and its credential may obtain, in the catalogue's order.
fn granted_scopes(rights: Rights<'_>, resources: &[&Resource]) -> ScopeSet {
    let mut scopes: Vec<ScopeToken> = Vec::new();
    for resource in resources {
        for definition in &resource.scopes {
            let is_granted = may_carry(rights.client, resources, &definition.name) && rights.permits_scope(&definition.name);
            if is_granted && !scopes.contains(&definition.name) {
                scopes.push(definition.name.clone());
            }
        }
    }
    ScopeSet::from_scopes(scopes)
}

/// Refuses a resource outside the grant.
fn check_resources(request: &TokenRequest, resources: Option<&[&Resource]>) -> Result<(), Denial> {
    if resources.is_none() && !request.resources.is_empty() {
        return Err(Denial::ResourceNotGranted);
    }
    Ok(())
}

fn check_business(rights: Rights<'_>, business: &BusinessStanding) -> Result<(), Denial> {
    match (business, &rights.client.businesses) {
        (BusinessStanding::Unknown, _) => Err(Denial::BusinessUnknown),
        (BusinessStanding::NoneAsked, AllowedBusinesses::Only(_)) => Err(Denial::BusinessNotNamed),
        (BusinessStanding::Known(business), AllowedBusinesses::Only(allowed)) if !allowed.contains(&business.id) => {
            Err(Denial::BusinessNotAllowed(business.id))
        }
        (BusinessStanding::Known(business), _) if !rights.permits_business(business.id) => {
            Err(Denial::BusinessOutsideLimits(business.id))
        }
        (BusinessStanding::Known(business), _) if business.status != Status::Active => {
            Err(Denial::BusinessDisabled(business.id))
        }
        (BusinessStanding::NoneAsked, AllowedBusinesses::All) if rights.names_a_business() => Err(Denial::BusinessNotNamed),
        (BusinessStanding::NoneAsked, AllowedBusinesses::All) | (BusinessStanding::Known(_), _) => Ok(()),
    }
}

/// The least of what was asked, the client's, the dialect's and the environment's.
fn lifetime(client: &KnownClient, request: &TokenRequest, dialect: &Dialect, environment: &EnvironmentView) -> u32 {
    let rules = &dialect.token;
    let asked = request.lifetime.unwrap_or(rules.lifetime_default);
    let limits = [Some(rules.lifetime_max), client.lifetime_max(), Some(environment.environment.lifetime_max)];
    limits.into_iter().flatten().fold(asked, u32::min).max(1)
}

/// The resource's, else the dialect's, else the environment's.
fn algorithm(
    client: &KnownClient,
    resources: &[&Resource],
    dialect: &Dialect,
    environment: &EnvironmentView,
) -> Result<Algorithm, Denial> {
    let fallback = dialect.token.algorithm.unwrap_or(environment.environment.algorithm);
    let mut algorithms = resources.iter().map(|resource| resource.algorithm.unwrap_or(fallback));
    let first = algorithms.next().unwrap_or(fallback);
    if client.profile() == Some(Profile::Fapi2) && first == Algorithm::Rs256 {
        return Err(Denial::AlgorithmNotAllowed(first.to_string()));
    }
    if algorithms.all(|other| other == first) { Ok(first) } else { Err(Denial::ResourcesDisagree) }
}

/// The resource's, else the dialect's.
fn format(resources: &[&Resource], dialect: &Dialect) -> Result<TokenFormat, Denial> {
    let mut formats = resources.iter().map(|resource| resource.token_format.unwrap_or(dialect.token.format));
    let first = formats.next().unwrap_or(dialect.token.format);
    if formats.all(|other| other == first) { Ok(first) } else { Err(Denial::ResourcesDisagree) }
}

/// Whom the token is bound to: what the client's rule asks for, and a key wherever there is a proof.
fn bind<'a>(client: &KnownClient, shown: Shown<'a>, dialect: &Dialect) -> Result<BoundTo<'a>, Denial> {
    let rule = match (client.profile(), client.token_binding()) {
        (Some(Profile::Fapi2), TokenBinding::Optional) => TokenBinding::Either,
        (_, rule) => rule,
    };
    if client.profile() == Some(Profile::Fapi2) && shown.proof.is_some_and(|proof| proof.algorithm == Algorithm::Rs256) {
        return Err(ProofRefusal::Wrong(ProofError::AlgorithmNotAllowed).into());
    }
    let key = shown.proof.map(|proof| proof.thumbprint.as_str());
    let certificate = shown.certificate.map(|certificate| &certificate.sha256);
    let bound_to = match rule {
        TokenBinding::Optional | TokenBinding::Dpop => BoundTo { key, certificate: None },
        TokenBinding::Certificate => BoundTo { key, certificate },
        TokenBinding::Either => BoundTo { key, certificate: certificate.filter(|_| key.is_none()) },
    };
    let is_met = match rule {
        TokenBinding::Optional => true,
        TokenBinding::Dpop => bound_to.key.is_some(),
        TokenBinding::Certificate => bound_to.certificate.is_some(),
        TokenBinding::Either => bound_to != BoundTo::default(),
    };
    let reads_proofs = dialect.request.dpop != DpopRule::Ignore;
    match (is_met, rule) {
        (true, _) => Ok(bound_to),
        (false, TokenBinding::Dpop | TokenBinding::Either) if reads_proofs => Err(ProofRefusal::Missing.into()),
        (false, _) => Err(Denial::BindingMissing(rule)),
    }
}

fn claims(client: &KnownClient, dialect: &Dialect) -> Vec<(String, serde_json::Value)> {
    dialect.token.claims.iter().filter_map(|rule| Some((rule.claim.clone(), claim(client, rule)?))).collect()
}

fn claim(client: &KnownClient, rule: &ClaimRule) -> Option<serde_json::Value> {
    match rule.of {
        AttributeOf::Client => client.attribute(&rule.attribute).map(AttributeValue::to_json),
        AttributeOf::Tenant => client.tenant_attributes().get(&rule.attribute).map(AttributeValue::to_json),
    }
}
