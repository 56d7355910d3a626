//! The list of members.

use axum::extract::Query;
use mintmark_core::management::Permission;
use mintmark_core::model::{Status, TenantId};
use serde::Deserialize;

use super::{MEMBERS, ROWS, filled, organisations, page_of, tabs, tenants_offered};
use crate::admin::Refusal;
use crate::admin::operations::members::{self, MemberFilter, MemberView};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{MemberListPage, MemberRow, status_of};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    tenant: Option<String>,
    status: Option<String>,
    cursor: Option<String>,
}

/// `GET /members`.
pub(super) async fn show(seat: Seat, Query(asked): Query<Asked>) -> Answer {
    let (tenant, status, cursor) =
        (filled(asked.tenant.as_deref()), filled(asked.status.as_deref()), filled(asked.cursor.as_deref()));
    let filter = MemberFilter {
        limit: Some(ROWS),
        cursor: cursor.map(str::to_owned),
        tenant_id: tenant.map(str::parse::<TenantId>).transpose().map_err(|_| seat.stop(Refusal::NotFound))?,
        status: status.and_then(Status::from_word),
        email: None,
    };
    let page = members::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let names = organisations(&seat, page.items.iter().map(|member| member.tenant_id).collect()).await?;
    let row = |member: &MemberView| MemberRow {
        organisation: names.get(&member.tenant_id).cloned().unwrap_or_default(),
        ..row_of(&seat, member)
    };
    let rows: Vec<_> = page.items.iter().map(row).collect();
    let filters = |cursor| [("tenant", tenant), ("status", status), ("cursor", cursor)];
    let pager = Pager {
        showing: words::members::showing(rows.len()),
        first: cursor.map(|_| page_of(MEMBERS, &filters(None))),
        next: page.next.as_deref().map(|next| page_of(MEMBERS, &filters(Some(next)))),
    };
    Ok(problem::page(&MemberListPage {
        frame: seat.frame(words::members::TITLE, Some(Section::Members)),
        tabs: tabs(&seat, MEMBERS),
        is_operator: seat.is_operator(),
        tenants: tenants_offered(&seat).await?,
        tenant: tenant.unwrap_or_default().to_owned(),
        status: status.unwrap_or_default().to_owned(),
        rows,
        pager,
        may_edit: seat.may(Permission::EditMembers),
    }))
}

/// A member as lists and pages show it.
pub(super) fn row_of(seat: &Seat, member: &MemberView) -> MemberRow {
    let passkeys = (member.passkeys > 0).then(|| words::members::passkeys(member.passkeys));
    let password = member.has_password.then(|| words::members::PASSWORD.to_owned());
    let means: Vec<_> = passkeys.into_iter().chain(password).collect();
    MemberRow {
        href: format!("{MEMBERS}/{}", member.id),
        name: member.name.clone(),
        email: member.email.clone(),
        role: member.role,
        organisation: String::new(),
        status: status_of(member.status),
        means: if means.is_empty() { words::members::NO_MEANS.to_owned() } else { means.join(", ") },
        last_sign_in: When::relative(member.last_sign_in_at.map(|at| at.0), seat.app.now()),
        is_self: member.id == seat.signed_in.member.id,
    }
}
