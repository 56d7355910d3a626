use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Status as Stored, TenantId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::one::href;
use super::{environment, path};
use crate::admin::operations::client_lists::{self, ClientGlance};
use crate::admin::operations::clients::{self, ClientFilter, ClientView};
use crate::dashboard::components::{Pager, Status, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{ClientListPage, ClientRow, Method};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The beginning of a name, or a whole identifier.
    q: String,
    status: String,
    /// Those of one tenant: its identifier.
    tenant: String,
    cursor: Option<String>,
}

impl Asked {
    fn filter(&self) -> ClientFilter {
        ClientFilter {
            cursor: self.cursor.clone(),
            status: Stored::from_word(&self.status),
            // What is no identifier is nobody's.
            tenant_id: Some(&self.tenant).filter(|id| !id.is_empty()).map(|id| id.parse().unwrap_or_else(|_| TenantId::none())),
            search: Some(self.q.trim().to_owned()),
            ..ClientFilter::default()
        }
    }

    /// The address of another page of the same.
    fn page(&self, environment: &EnvironmentName, cursor: Option<&str>) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = [
            ("q", Some(self.q.as_str())),
            ("status", Some(self.status.as_str())),
            ("tenant", Some(self.tenant.as_str())),
            ("cursor", cursor),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        let query = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
        path(environment, &if query.is_empty() { query } else { format!("?{query}") })
    }
}

/// `GET /{environment}/clients`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = environment(&seat, &name)?;
    let page = clients::list(&seat.desk, &environment, &asked.filter()).await.map_err(|refusal| seat.stop(refusal))?;
    let now = seat.app.now();
    let glances = client_lists::glances(&seat.desk, &environment, &page.items, now).await;
    let glances = glances.map_err(|refusal| seat.stop(refusal))?;
    let next = page.next.map(|cursor| asked.page(&environment, Some(&cursor)));
    let first = asked.cursor.as_ref().map(|_| asked.page(&environment, None));
    let rows: Vec<_> = page.items.into_iter().zip(glances).map(|(client, glance)| row(&seat, client, glance)).collect();
    let showing =
        if next.is_some() && rows.is_empty() { words::list::GO_ON.to_owned() } else { words::list::showing(rows.len()) };
    Ok(problem::page(&ClientListPage {
        frame: seat.frame_in(&environment, words::list::TITLE, Section::Clients),
        environment: environment.to_string(),
        query: asked.q,
        status: asked.status,
        rows,
        pager: Pager { showing, first, next },
        shows_owner: seat.is_operator(),
        may_edit: seat.may(Permission::EditClients),
        problem: None,
    }))
}

fn row(seat: &Seat, client: ClientView, glance: ClientGlance) -> ClientRow {
    let now = seat.app.now();
    let can_prove_itself = glance.kind.is_some();
    let expires = When::end(glance.expires_at, now);
    let status = match client.status {
        Stored::Disabled => Status::Disabled,
        Stored::Active if !can_prove_itself && glance.expires_at.is_some_and(|end| end <= now) => Status::Expired,
        Stored::Active if expires.is_near() => Status::Expiring,
        Stored::Active => Status::Active,
    };
    ClientRow {
        href: href(&client),
        name: client.name,
        client_id: client.id.to_string(),
        method: glance.kind.map(Method::of),
        status,
        scopes: client.grants.iter().map(|grant| grant.scopes.len()).sum(),
        last_used: When::relative(glance.last_used_at, now),
        expires,
        owner: glance.owner,
    }
}
