use std::cmp::Reverse;

use axum::extract::{Path, Query};
use mintmark_core::model::{LeakState, TenantId};
use serde::Deserialize;

use super::{path, path_of, verdict};
use crate::admin::operations::leaks::{self, LeakFilter, LeakView};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::insight::names;
use crate::dashboard::members::{filled, organisations, page_of, tenants_offered};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{LeakListPage, LeakRow};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    tenant: String,
    cursor: Option<String>,
}

/// `GET /{environment}/leaks`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let tenant = filled(Some(&asked.tenant));
    let state = filled(Some(&asked.state)).filter(|word| LeakState::from_word(word).is_some());
    let filter = LeakFilter {
        limit: None,
        cursor: asked.cursor.clone(),
        // What is no identifier is nobody's.
        tenant_id: tenant.map(|id| id.parse().unwrap_or_else(|_| TenantId::none())),
        state: state.and_then(LeakState::from_word),
    };
    let page = leaks::list(&seat.desk, &environment, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let mut found = page.items;
    // Pages go by identifier; on one, what waits for somebody comes first, and then the latest.
    found.sort_by_key(|leak| (!leak.state.is_open(), Reverse(leak.reported_at.0)));
    let owners = organisations(&seat, found.iter().map(|leak| Some(leak.tenant_id)).collect()).await?;
    let clients = found.iter().map(|leak| leak.client_id.clone()).collect();
    let clients = names::of_clients(&seat, &environment, clients).await.map_err(|refusal| seat.stop(refusal))?;
    let now = seat.app.now();
    let row = |leak: LeakView| LeakRow {
        href: path_of(&environment, leak.id),
        client: clients.get(&leak.client_id).cloned().unwrap_or_else(|| leak.client_id.to_string()),
        hint: leak.hint,
        owner: owners.get(&Some(leak.tenant_id)).cloned().unwrap_or_default(),
        state: verdict(leak.state),
        reported: When::relative(Some(leak.reported_at.0), now),
        revoked: leak.revoke_at.map(|at| When::end(Some(at.0), now)),
    };
    let rows: Vec<_> = found.into_iter().map(row).collect();
    let list = path(&environment, "");
    let of = |cursor: Option<&str>| page_of(&list, &[("state", state), ("tenant", tenant), ("cursor", cursor)]);
    let next = page.next.as_deref().map(|next| of(Some(next)));
    let goes_on = next.is_some() && rows.is_empty();
    let showing = if goes_on { words::leaks::GO_ON.to_owned() } else { words::leaks::showing(rows.len()) };
    Ok(problem::page(&LeakListPage {
        frame: seat.frame_in(&environment, words::leaks::TITLE, Section::Leaks),
        pager: Pager { showing, first: asked.cursor.as_ref().map(|_| of(None)), next },
        state: state.unwrap_or_default().to_owned(),
        shows_owner: seat.is_operator(),
        tenants: tenants_offered(&seat).await?,
        tenant: asked.tenant.trim().to_owned(),
        rows,
        href: list,
    }))
}
