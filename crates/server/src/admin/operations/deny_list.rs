//! What is revoked now. It names everybody's tokens, so it is the operator's.

use std::fmt;
use std::str::FromStr;

use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Position, RevocationKind};
use mintmark_core::store::{AuditFilter, AuditRecord, Store, StoredRevocation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, page_cut};
use crate::admin::{Desk, Moment, Refusal, schema};
use crate::store::{DenyFilter, DenyPlace};

/// Something whose tokens are refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Revocation)]
pub struct RevocationView {
    /// What it is: of all but `token`, the tokens from before `since` are refused.
    #[schema(value_type = schema::RevocationKind)]
    pub kind: RevocationKind,
    /// The environment; none for tenants, whose tokens are refused in each.
    #[schema(value_type = Option<schema::EnvironmentName>, required)]
    pub environment: Option<EnvironmentName>,
    /// Its identifier, or the token's `jti`.
    pub id: String,
    /// When that was last said; none if the audit does not reach back to it.
    #[schema(required)]
    pub since: Option<Moment>,
    /// Who said so.
    #[schema(required)]
    pub revoked_by: Option<String>,
    /// Until when it is kept: by then no such token can be valid.
    pub until: Moment,
}

/// Which revocations to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RevocationFilter {
    /// How many a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this kind alone.
    #[param(value_type = Option<schema::RevocationKind>)]
    pub kind: Option<RevocationKind>,
    /// Those that count in this environment.
    #[param(value_type = Option<schema::EnvironmentName>)]
    pub environment: Option<EnvironmentName>,
}

/// A place in the list, as cursors say it.
#[derive(Clone, Debug)]
struct Place(DenyPlace);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(DenyPlace { position, kind, id }) = self;
        write!(out, "{} {kind} {id}", position.0)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ' ');
        let (Some(position), Some(kind), Some(id)) = (parts.next(), parts.next(), parts.next()) else { return Err(()) };
        let position = Position(position.parse().map_err(|_| ())?);
        RevocationKind::from_word(kind).ok_or(())?;
        Ok(Self(DenyPlace { position, kind: kind.to_owned(), id: id.to_owned() }))
    }
}

/// What is revoked now, the latest first.
pub async fn list(desk: &Desk, filter: &RevocationFilter) -> Result<Page<RevocationView>, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let wanted = Wanted::<Place>::read(filter.limit, filter.cursor.as_deref())?;
    if let Some(name) = &filter.environment {
        desk.require_environment(name).await?;
    }
    let asked = DenyFilter { kind: filter.kind, environment: filter.environment.as_ref() };
    let limit = u32::try_from(wanted.size).unwrap_or(u32::MAX).saturating_add(1);
    let after = wanted.after.as_ref().map(|place| &place.0);
    let found = desk.store().deny_list(asked, after, desk.registry.clock.now(), limit).await?;
    let page = page_cut(found, wanted.size, place_of, |stored| stored);
    let mut items = Vec::with_capacity(page.items.len());
    for stored in page.items {
        let said = said(desk, &stored).await?;
        items.push(view(stored, said));
    }
    Ok(Page { items, next: page.next })
}

fn place_of(stored: &StoredRevocation) -> Place {
    Place(DenyPlace { position: stored.position, kind: stored.kind.as_str().to_owned(), id: stored.id.clone() })
}

/// The audit row of the change that revoked it.
async fn said(desk: &Desk, stored: &StoredRevocation) -> Result<Option<AuditRecord>, Refusal> {
    let after = Position(stored.position.0.saturating_add(1));
    let rows = desk.store().audit(&AuditFilter::default(), Some(after), 1).await?;
    Ok(rows.into_iter().find(|row| row.position == stored.position))
}

fn view(stored: StoredRevocation, said: Option<AuditRecord>) -> RevocationView {
    let StoredRevocation { kind, environment, id, expires_at, .. } = stored;
    RevocationView {
        kind,
        environment,
        id,
        since: said.as_ref().map(|row| row.at.into()),
        revoked_by: said.map(|row| row.actor),
        until: expires_at.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nothing_else_is_one() {
        for text in ["7 token a b:c", "18446744073709551615 client  ~", "1 tenant ten_1"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for bad in ["", "7", "7 token", "x token a", "7 nothing a", "-1 token a"] {
            assert!(bad.parse::<Place>().is_err(), "{bad}");
        }
    }
}
