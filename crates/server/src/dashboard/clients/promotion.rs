//! Bringing a client to another environment: the difference is shown, and exactly that is applied.

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, SensitiveAction};
use serde::Deserialize;

use super::{environment, one};
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::promotions::{self, PromotionBody, PromotionPlanView};
use crate::dashboard::frame::is_production;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::{ClientTab, DifferenceRow, Plan, PromotionPage};
use crate::dashboard::{problem, words};

/// Where to.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    to: String,
}

/// `GET /{environment}/clients/{client}/promotion`.
pub(super) async fn show(seat: Seat, Path((name, id)): Path<(String, String)>, Query(asked): Query<Asked>) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    page(&seat, &client, (&asked.to, None)).await
}

async fn page(seat: &Seat, client: &ClientView, (to, mistake): (&str, Option<Mistake>)) -> Answer {
    let plan = if to.is_empty() { None } else { Some(plan(seat, client, &environment(seat, to)?).await?) };
    let others = seat.environments().iter().map(|record| &record.environment.name).filter(|name| **name != client.environment);
    let status = if mistake.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let page = PromotionPage {
        frame: one::frame(seat, client, &client.name),
        head: one::head(seat, client, ClientTab::Promotion),
        targets: others.map(ToString::to_string).collect(),
        plan,
        may_edit: seat.may(Permission::EditClients),
        problem: mistake.map(|mistake| mistake.text),
    };
    Ok((status, problem::page(&page)).into_response())
}

async fn plan(seat: &Seat, client: &ClientView, to: &EnvironmentName) -> Result<Plan, Stop> {
    let plan = promotions::plan(&seat.desk, (&client.id, &client.environment, to)).await;
    let PromotionPlanView { to, creates, differences, blocked, refusal, operator_only, digest, .. } =
        plan.map_err(|refusal| seat.stop(refusal))?;
    let row = |one: promotions::DifferenceView| DifferenceRow { field: one.field, before: one.before, after: one.after };
    let operators = operator_only.map(|member| words::promotion::operator_only(&member));
    Ok(Plan {
        is_live: is_production(to.as_str()),
        to: to.to_string(),
        creates,
        differences: differences.into_iter().map(row).collect(),
        blocked: blocked.into_iter().map(|one| (one.what, one.why)).collect(),
        refusal: refusal.map(|why| words::mistake::sentence(&why)).or(operators),
        digest,
    })
}

/// `POST /{environment}/clients/{client}/promotion`: the plan of a digest.
pub(super) async fn apply(seat: Seat, Path((name, id)): Path<(String, String)>) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let client = one::load(&seat, (&name, &id)).await?;
    let field = |name: &str| seat.fields.one(name).unwrap_or_default().to_owned();
    let to = environment(&seat, &field("to"))?;
    let body = PromotionBody { digest: field("digest") };
    match promotions::apply(&seat.desk, (&client.id, &client.environment, &to), body).await {
        Ok(promoted) => Ok(go(&one::href(&promoted.client), Some("client-promoted"))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            page(&seat, &client, (to.as_str(), Some(mistake))).await
        }
    }
}
