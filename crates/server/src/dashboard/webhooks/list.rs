use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::TenantId;
use serde::Deserialize;

use super::{environment, path};
use crate::admin::operations::webhooks::{self, WebhookFilter, WebhookView};
use crate::dashboard::components::Pager;
use crate::dashboard::members::{filled, organisations, page_of, tenants_offered};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{WebhookListPage, WebhookRow, status_of};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    tenant: String,
    cursor: Option<String>,
}

/// `GET /{environment}/webhooks`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = environment(&seat, &name)?;
    let tenant = filled(Some(&asked.tenant));
    let filter = WebhookFilter {
        limit: None,
        cursor: asked.cursor.clone(),
        // What is no identifier is nobody's.
        tenant_id: tenant.map(|id| id.parse().unwrap_or_else(|_| TenantId::none())),
    };
    let page = webhooks::list(&seat.desk, &environment, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let owners = organisations(&seat, page.items.iter().map(|webhook| webhook.tenant_id).collect()).await?;
    let row = |webhook: WebhookView| WebhookRow {
        href: path(&environment, &format!("/{}", webhook.id)),
        id: webhook.id.to_string(),
        owner: owners.get(&webhook.tenant_id).cloned().unwrap_or_default(),
        told: words::webhooks::kinds(webhook.kinds.len()),
        status: status_of(webhook.status),
        url: webhook.url,
    };
    let rows: Vec<_> = page.items.into_iter().map(row).collect();
    let list = path(&environment, "");
    let of = |cursor: Option<&str>| page_of(&list, &[("tenant", tenant), ("cursor", cursor)]);
    let pager = Pager {
        showing: words::webhooks::showing(rows.len()),
        first: asked.cursor.as_ref().map(|_| of(None)),
        next: page.next.as_deref().map(|next| of(Some(next))),
    };
    Ok(problem::page(&WebhookListPage {
        frame: seat.frame_in(&environment, words::webhooks::TITLE, Section::Webhooks),
        shows_owner: seat.is_operator(),
        tenants: tenants_offered(&seat).await?,
        tenant: asked.tenant.trim().to_owned(),
        rows,
        pager,
        may_edit: seat.may(Permission::EditClients),
        href: list,
    }))
}
