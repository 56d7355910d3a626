use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, Status as Stored, TenantId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{offered_tenants, path};
use crate::admin::Refusal;
use crate::admin::operations::businesses::{self, BusinessFilter, BusinessView};
use crate::dashboard::components::{Pager, Status, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop};
use crate::dashboard::views::{BusinessListPage, BusinessRow};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    status: String,
    tenant: String,
    cursor: Option<String>,
}

impl Asked {
    /// The address of another page of the same.
    fn page(&self, environment: &EnvironmentName, cursor: Option<&str>) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let texts = [("q", &self.q), ("status", &self.status), ("tenant", &self.tenant)];
        let texts =
            texts.into_iter().map(|(name, value)| (name, value.as_str())).chain(cursor.map(|cursor| ("cursor", cursor)));
        let pairs = texts.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encode(value)));
        path(environment, &format!("?{}", pairs.collect::<Vec<_>>().join("&")))
    }
}

/// `GET /{environment}/businesses`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(mut asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let (tenants, types_tenant) = offered_tenants(&seat).await?;
    if asked.tenant.is_empty() && !types_tenant {
        asked.tenant = tenants.first().map(|(id, _)| id.clone()).unwrap_or_default();
    }
    let tenant = tenant(&seat, &asked.tenant)?;
    let page = match tenant {
        Some(tenant) => list(&seat, (&environment, tenant), &asked).await?,
        None => crate::admin::operations::Page { items: Vec::new(), next: None },
    };
    let next = page.next.map(|cursor| asked.page(&environment, Some(&cursor)));
    let first = asked.cursor.as_ref().map(|_| asked.page(&environment, None));
    let rows: Vec<_> = page.items.into_iter().map(|business| row(&seat, business)).collect();
    let showing = if next.is_some() && rows.is_empty() {
        words::businesses::GO_ON.to_owned()
    } else {
        words::businesses::showing(rows.len())
    };
    let add = tenant
        .filter(|_| seat.may(Permission::EditBusinesses))
        .map(|_| path(&environment, &format!("/new?tenant={}", asked.tenant)));
    Ok(problem::page(&BusinessListPage {
        frame: seat.frame_in(&environment, words::businesses::TITLE, Section::Businesses),
        href: path(&environment, ""),
        tenants,
        types_tenant,
        tenant: asked.tenant,
        query: asked.q,
        status: asked.status,
        rows,
        pager: Pager { showing, first, next },
        add,
    }))
}

/// The tenant whose businesses are shown: one's own, or the one that the operator chose.
fn tenant(seat: &Seat, chosen: &str) -> Result<Option<TenantId>, Stop> {
    match seat.signed_in.member.tenant_id {
        Some(own) => Ok(Some(own)),
        None if chosen.is_empty() => Ok(None),
        None => chosen.parse().map(Some).map_err(|_| seat.stop(Refusal::NotFound)),
    }
}

async fn list(
    seat: &Seat,
    of: (&EnvironmentName, TenantId),
    asked: &Asked,
) -> Result<crate::admin::operations::Page<BusinessView>, Stop> {
    let filter = BusinessFilter {
        cursor: asked.cursor.clone(),
        status: Stored::from_word(&asked.status),
        name: Some(asked.q.trim().to_owned()).filter(|name| !name.is_empty()),
        ..BusinessFilter::default()
    };
    businesses::list(&seat.desk, of, &filter).await.map_err(|refusal| seat.stop(refusal))
}

fn row(seat: &Seat, business: BusinessView) -> BusinessRow {
    BusinessRow {
        href: path(&business.environment, &format!("/{}/{}", business.tenant_id, business.id)),
        name: business.name,
        id: business.id.to_string(),
        external_id: business.external_id,
        status: if business.status == Stored::Active { Status::Active } else { Status::Disabled },
        created: When::relative(Some(business.created_at.0), seat.app.now()),
    }
}
