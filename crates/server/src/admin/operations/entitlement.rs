//! What a tenant's role cannot give its own clients (rule S1: nobody grants what they do not hold).
//!
//! A tenant's roles take away and narrow, and give what the tenant's [`Entitlement`] holds; what a client is given beyond both what it
//! had and that, the operator gives. Without an entitlement a new client has nothing but the dialect [`Entitlement::STANDARD`].

use mintmark_core::management::Permission;
use mintmark_core::model::{
    AssertionAudience, AttributeValue, Attributes, BusinessAccess, Client, DialectName, Entitlement, Profile, ResourceId,
    ResourceUri, ScopeToken, Status, TenantId, TokenBinding,
};
use mintmark_core::store::EnvironmentRecord;

use super::clients::{Businesses, ClientPatch, GrantBody, NewClient};
use super::entitlements::stored;
use super::patch::AttributePatch;
use crate::admin::{Desk, Refusal};

/// What a new client or a change asks for, of what only the operator may give. What is `None` or empty asks for nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AskedFor<'a> {
    id: bool,
    status: Option<Status>,
    grants: &'a [GrantBody],
    serves: &'a [ResourceUri],
    dialects: &'a [DialectName],
    attributes: Option<&'a Attributes>,
    attribute_changes: Option<&'a AttributePatch>,
    lifetime_max: Option<u32>,
    token_binding: Option<TokenBinding>,
    assertion_audience: Option<AssertionAudience>,
    has_no_profile: bool,
}

impl<'a> From<&'a NewClient> for AskedFor<'a> {
    fn from(new: &'a NewClient) -> Self {
        Self {
            // Whether an identifier is taken tells of other tenants' clients (rule S4).
            id: new.id.is_some(),
            grants: &new.grants,
            serves: &new.serves,
            dialects: &new.dialects,
            attributes: Some(&new.attributes),
            lifetime_max: new.lifetime_max,
            token_binding: Some(new.token_binding),
            assertion_audience: Some(new.assertion_audience),
            ..Self::default()
        }
    }
}

impl<'a> From<&'a ClientPatch> for AskedFor<'a> {
    fn from(patch: &'a ClientPatch) -> Self {
        Self {
            status: patch.status,
            grants: patch.grants.as_deref().unwrap_or_default(),
            serves: patch.serves.as_deref().unwrap_or_default(),
            dialects: patch.dialects.as_deref().unwrap_or_default(),
            attribute_changes: Some(&patch.attributes),
            lifetime_max: patch.lifetime_max,
            token_binding: patch.token_binding,
            assertion_audience: patch.assertion_audience,
            has_no_profile: patch.profile.is_some_and(|profile| profile.into_option() != Some(Profile::Fapi2)),
            ..Self::default()
        }
    }
}

/// Sees that a new client or a change asks for nothing that the caller may not give. Gives the entitlement that binds the caller; none
/// for the operator, whom nothing binds.
pub(super) async fn judge(
    desk: &Desk,
    record: &EnvironmentRecord,
    (tenant, before): (TenantId, Option<&Client>),
    asked: &AskedFor<'_>,
) -> Result<Option<Entitlement>, Refusal> {
    if desk.authority.permits(Permission::EditOperator) {
        return Ok(None);
    }
    let entitlement = stored(desk, &record.environment.name, tenant).await?;
    desk.leave_to_operator(needs_operator(before, asked, record, &entitlement))?;
    Ok(Some(entitlement))
}

/// The member that asks for what only the operator may give, if there is one. `before` is the client as it is; none for a new one.
fn needs_operator(
    before: Option<&Client>,
    asked: &AskedFor<'_>,
    record: &EnvironmentRecord,
    entitlement: &Entitlement,
) -> Option<&'static str> {
    let checks = [
        ("id", asked.id),
        // Nobody notes who turned it off: what the operator turned off stays off.
        ("status", asked.status == Some(Status::Active) && before.is_some_and(|client| client.status != Status::Active)),
        ("grants", asked.grants.iter().any(|grant| !is_granted((before, entitlement), grant, record))),
        ("serves", asked.serves.iter().any(|uri| !is_served(before, uri, record))),
        ("dialects", asked.dialects.iter().any(|name| !is_spoken((before, entitlement), name))),
        ("attributes", changes_attributes(before, asked)),
        ("lifetime_max", is_longer((before, entitlement), asked.lifetime_max)),
        ("token_binding", asked.token_binding.is_some_and(|wanted| is_looser(before, wanted))),
        ("assertion_audience", takes_legacy(before, asked.assertion_audience)),
        ("profile", asked.has_no_profile && before.is_some_and(|client| client.profile == Some(Profile::Fapi2))),
    ];
    checks.into_iter().find_map(|(member, is_more)| is_more.then_some(member))
}

/// Whether a change gives a client more than it has: more to ask for, by another dialect, for another business, for longer, or on
/// easier terms. Who asks for that shows who they are (rule S24); to take away they need not.
pub(super) fn widens(client: &Client, patch: &ClientPatch, record: &EnvironmentRecord) -> bool {
    let none = Entitlement::none(client.environment.clone(), client.tenant_id);
    let dialects = patch.dialects.as_deref().unwrap_or_default();
    needs_operator(Some(client), &AskedFor::from(patch), record, &none).is_some()
        // An entitlement always has the standard one.
        || dialects.iter().any(|name| !client.dialects.contains(name))
        || patch.businesses.as_ref().is_some_and(|wanted| acts_for_more(&client.businesses, wanted))
}

fn acts_for_more(held: &BusinessAccess, wanted: &Businesses) -> bool {
    match (held, wanted) {
        (BusinessAccess::All, _) => false,
        (BusinessAccess::Only(_), Businesses::All(_)) => true,
        (BusinessAccess::Only(held), Businesses::Only(wanted)) => wanted.iter().any(|id| !held.contains(id)),
    }
}

fn resource(uri: &ResourceUri, record: &EnvironmentRecord) -> Option<ResourceId> {
    record.resources.iter().find(|known| known.uri == *uri).map(|known| known.id)
}

/// Whether the client has a grant at that resource, or the tenant may give one, and all of these scopes are in either.
fn is_granted<'a>(
    (before, entitlement): (Option<&'a Client>, &Entitlement),
    grant: &GrantBody,
    record: &EnvironmentRecord,
) -> bool {
    let own = || record.environment.issuer.parse().ok();
    let id = grant.resource.clone().or_else(own).and_then(|uri| resource(&uri, record));
    let Some(id) = id else { return false };
    let of_client = |client: &'a Client| client.grants.iter().find(|held| held.resource == id);
    let held = before.and_then(of_client).map(|grant| grant.scopes.as_slice());
    let entitled = entitlement.scopes_at(id);
    let has = |scopes: Option<&[ScopeToken]>, scope| scopes.is_some_and(|scopes| scopes.contains(scope));
    (held.is_some() || entitled.is_some()) && grant.scopes.iter().all(|scope| has(held, scope) || has(entitled, scope))
}

fn is_served(before: Option<&Client>, uri: &ResourceUri, record: &EnvironmentRecord) -> bool {
    before.zip(resource(uri, record)).is_some_and(|(client, id)| client.serves.contains(&id))
}

fn is_spoken((before, entitlement): (Option<&Client>, &Entitlement), name: &DialectName) -> bool {
    entitlement.has_dialect(name) || before.is_some_and(|client| client.dialects.contains(name))
}

fn changes_attributes(before: Option<&Client>, asked: &AskedFor<'_>) -> bool {
    let held = |name: &String| before.and_then(|client| client.attributes.get(name));
    let is_other = |(name, value): (&String, Option<&AttributeValue>)| held(name) != value;
    let set = asked.attributes.into_iter().flatten().map(|(name, value)| (name, Some(value)));
    let changed = asked.attribute_changes.into_iter().flatten().map(|(name, value)| (name, value.as_ref()));
    set.chain(changed).any(is_other)
}

/// A client without a limit of its own is given one only to narrow it: the dialect's and the environment's count besides. Of a new one
/// the entitlement alone says how long it may be.
fn is_longer((before, entitlement): (Option<&Client>, &Entitlement), wanted: Option<u32>) -> bool {
    let Some(wanted) = wanted else { return false };
    let is_in = |most: Option<u32>| most.is_some_and(|most| wanted <= most);
    let held = match before {
        Some(client) => client.lifetime_max.is_none_or(|held| wanted <= held),
        None => entitlement.lifetime_max.is_none(),
    };
    !held && !is_in(entitlement.lifetime_max)
}

fn is_looser(before: Option<&Client>, wanted: TokenBinding) -> bool {
    match before.map_or(TokenBinding::default(), |client| client.token_binding) {
        TokenBinding::Optional => false,
        TokenBinding::Either => wanted == TokenBinding::Optional,
        held @ (TokenBinding::Dpop | TokenBinding::Certificate) => wanted != held,
    }
}

fn takes_legacy(before: Option<&Client>, wanted: Option<AssertionAudience>) -> bool {
    let held = before.map_or(AssertionAudience::default(), |client| client.assertion_audience);
    wanted == Some(AssertionAudience::Legacy) && held != AssertionAudience::Legacy
}
