//! Clients for lists: found by the beginning of a name, and each with what people look for beside it.

use std::fmt;
use std::str::FromStr;

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{Client, ClientId, EnvironmentName, ProofKind, Status, TenantId};
use mintmark_core::registry::MAX_NAME;

use super::Page;
use super::clients::ClientView;
use super::page::{Wanted, encode, read_page, unknown_cursor};
use crate::admin::{Desk, Refusal};
use crate::store::{ClientsOf, CredentialGlance, NamePlace};

/// What a list shows of a client besides what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGlance {
    /// What it proves itself with, of several the one that was used last; nothing where it cannot.
    pub kind: Option<ProofKind>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it can prove itself no more; never, where that is not decided.
    pub expires_at: Option<Timestamp>,
    /// The name of its tenant.
    pub owner: String,
}

/// Where a page of a search goes on.
#[derive(Clone, Debug)]
pub(super) enum SearchPlace {
    /// At the first of the names: behind a page of one that held the client whose identifier was looked for.
    Names,
    /// Behind this client.
    After(ClientId),
}

impl fmt::Display for SearchPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SearchPlace::Names => Ok(()),
            SearchPlace::After(id) => id.fmt(out),
        }
    }
}

impl FromStr for SearchPlace {
    type Err = <ClientId as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(SearchPlace::Names) } else { text.parse().map(SearchPlace::After) }
    }
}

/// The clients whose names begin so, by name; before them the one whose identifier it is, which comes once.
pub(super) async fn search(
    desk: &Desk,
    of: ClientsOf<'_>,
    term: &str,
    wanted: Wanted<SearchPlace>,
    view: impl Fn(Client) -> Option<ClientView>,
) -> Result<Page<ClientView>, Refusal> {
    if term.chars().count() > MAX_NAME {
        return Err(Refusal::Invalid { field: "search", expected: format!("at most {MAX_NAME} characters") });
    }
    let prefix = term.to_ascii_lowercase();
    let exact = identified(desk, of, term).await?;
    let is_exact = |client: &Client| exact.as_ref().is_some_and(|exact| exact.id == client.id);
    let others = |client: Client| if is_exact(&client) { None } else { view(client) };
    let read = |after: Option<SearchPlace>, limit| read_named(desk, of, &prefix, after, limit);
    let place_of = |client: &Client| SearchPlace::After(client.id.clone());
    let first = if wanted.after.is_none() { exact.clone().and_then(&view) } else { None };
    let Some(first) = first else { return read_page(wanted, read, place_of, others).await };
    // It takes the place of one. Where there is no other place, the next page begins with the names.
    let behind = Wanted { after: None, size: wanted.size.saturating_sub(1).max(1) };
    let rest = read_page(behind, read, place_of, others).await?;
    if wanted.size > 1 {
        return Ok(Page { items: std::iter::once(first).chain(rest.items).collect(), next: rest.next });
    }
    let has_more = !rest.items.is_empty() || rest.next.is_some();
    Ok(Page { items: vec![first], next: has_more.then(|| encode(&SearchPlace::Names)) })
}

async fn read_named(
    desk: &Desk,
    of: ClientsOf<'_>,
    prefix: &str,
    after: Option<SearchPlace>,
    limit: u32,
) -> Result<Vec<Client>, Refusal> {
    let place = match after {
        None | Some(SearchPlace::Names) => NamePlace { name: prefix.to_owned(), id: String::new() },
        Some(SearchPlace::After(id)) => {
            // A place is where the client that the page before ended with is by now.
            let found = desk.client(of.environment, &id).await;
            let client = found.map_err(|error| if matches!(error, Refusal::NotFound) { unknown_cursor() } else { error })?;
            let name = client.name.to_ascii_lowercase();
            if name.as_str() < prefix {
                NamePlace { name: prefix.to_owned(), id: String::new() }
            } else {
                NamePlace { name, id: id.to_string() }
            }
        }
    };
    Ok(desk.store().clients_by_name(of, prefix, &place, limit).await?)
}

/// The client of exactly this identifier.
async fn identified(desk: &Desk, of: ClientsOf<'_>, term: &str) -> Result<Option<Client>, Refusal> {
    match term.parse::<ClientId>() {
        Ok(id) => Ok(desk.store().client_of(of.environment, of.tenant, &id).await?),
        Err(_) => Ok(None),
    }
}

/// What a list shows of some clients, in their order.
pub async fn glances(
    desk: &Desk,
    environment: &EnvironmentName,
    clients: &[ClientView],
    now: Timestamp,
) -> Result<Vec<ClientGlance>, Refusal> {
    desk.require(Permission::Read)?;
    let within = |client: &&ClientView| desk.authority.reaches(client.tenant_id);
    let ids: Vec<&ClientId> = clients.iter().filter(within).map(|client| &client.id).collect();
    let mut tenants: Vec<TenantId> = clients.iter().filter(within).map(|client| client.tenant_id).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let credentials = desk.store().credentials_of(environment, &ids).await?;
    let names = desk.store().tenant_names(&tenants).await?;
    let owner = |id: TenantId| names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone()).unwrap_or_default();
    Ok(clients.iter().map(|client| glance(&client.id, &credentials, owner(client.tenant_id), now)).collect())
}

fn glance(id: &ClientId, credentials: &[CredentialGlance], owner: String, now: Timestamp) -> ClientGlance {
    let own = || credentials.iter().filter(|credential| credential.client_id == *id);
    let is_live = |one: &&CredentialGlance| one.status == Status::Active && one.expires_at.is_none_or(|end| end > now);
    let live = || own().filter(is_live);
    // None of those in force lives for ever: the last of them, or, where none is in force, the last that ended by its time.
    let ends = |of: Vec<Option<Timestamp>>| of.into_iter().collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let expires_at = if live().next().is_some() {
        ends(live().map(|one| one.expires_at).collect())
    } else {
        own().filter_map(|one| one.expires_at).max()
    };
    ClientGlance {
        // Of several that were used in one second it is always the same.
        kind: live().max_by_key(|one| (one.last_used_at, one.id)).map(|one| one.kind),
        last_used_at: own().filter_map(|one| one.last_used_at).max(),
        expires_at,
        owner,
    }
}

#[cfg(test)]
mod tests {
    use mintmark_core::model::CredentialId;
    use mintmark_core::random::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp(100);

    fn one(kind: ProofKind, status: Status, expires_at: Option<i64>, used: Option<i64>) -> CredentialGlance {
        let (client_id, id) = ("cli_a".parse().unwrap(), CredentialId::generate(&SeededRandom::new(kind as u64)));
        CredentialGlance {
            id,
            client_id,
            kind,
            status,
            expires_at: expires_at.map(Timestamp),
            last_used_at: used.map(Timestamp),
        }
    }

    fn seen(credentials: &[CredentialGlance]) -> (Option<ProofKind>, Option<i64>, Option<i64>) {
        let glance = glance(&"cli_a".parse().unwrap(), credentials, String::new(), NOW);
        (glance.kind, glance.last_used_at.map(|at| at.0), glance.expires_at.map(|at| at.0))
    }

    #[test]
    fn a_client_is_shown_with_what_it_used_last_and_with_when_it_can_prove_itself_no_more() {
        let secret = one(ProofKind::Secret, Status::Active, Some(200), Some(10));
        let key = one(ProofKind::PublicKey, Status::Active, Some(150), Some(90));
        assert_eq!(seen(&[secret.clone(), key.clone()]), (Some(ProofKind::PublicKey), Some(90), Some(200)));
        let endless = one(ProofKind::Secret, Status::Active, None, None);
        assert_eq!(seen(&[secret, key, endless]), (Some(ProofKind::PublicKey), Some(90), None));
    }

    #[test]
    fn of_what_was_used_in_one_second_the_same_is_shown_whatever_the_order() {
        let (secret, key) =
            (one(ProofKind::Secret, Status::Active, None, Some(90)), one(ProofKind::PublicKey, Status::Active, None, Some(90)));
        assert_eq!(seen(&[secret.clone(), key.clone()]).0, seen(&[key, secret]).0);
    }

    #[test]
    fn what_is_over_proves_nothing() {
        let disabled = one(ProofKind::Secret, Status::Disabled, Some(200), Some(50));
        let expired = one(ProofKind::Secret, Status::Active, Some(100), Some(60));
        assert_eq!(seen(&[expired]), (None, Some(60), Some(100)));
        assert_eq!(seen(&[disabled]), (None, Some(50), Some(200)));
        assert_eq!(seen(&[]), (None, None, None));
    }
}
