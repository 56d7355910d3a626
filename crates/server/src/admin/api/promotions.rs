use mintmark_core::model::{ClientId, EnvironmentName};

use super::answer::Shown;
use super::extract::{Answer, Names, Sent};
use crate::admin::Desk;
use crate::admin::operations::promotions::{self, PromotedView, PromotionBody, PromotionPlanView};

type Way = (EnvironmentName, ClientId, EnvironmentName);

/// Read what bringing a client to another environment would do.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}/promotions/{target}", tag = "Promotion",
    params(("environment" = String, Path, description = "The environment that the client is taken from."), ("client" = String, Path, description = "The client's id."),
        ("target" = String, Path, description = "The environment that it is brought to.")),
    responses((status = 200, description = "The plan.", body = PromotionPlanView)))]
pub(in crate::admin) async fn plan_promotion(
    desk: Desk,
    Names((from, client, to)): Names<Way>,
) -> Answer<Shown<PromotionPlanView>> {
    Ok(Shown(promotions::plan(&desk, (&client, &from, &to)).await?))
}

/// Bring a client to another environment, exactly as the plan of a digest says.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/promotions/{target}", tag = "Promotion", request_body = PromotionBody,
    params(("environment" = String, Path, description = "The environment that the client is taken from."), ("client" = String, Path, description = "The client's id."),
        ("target" = String, Path, description = "The environment that it is brought to.")),
    responses((status = 200, description = "The client where it was brought to.", body = PromotedView)))]
pub(in crate::admin) async fn promote_client(
    desk: Desk,
    Names((from, client, to)): Names<Way>,
    Sent(body): Sent<PromotionBody>,
) -> Answer<Shown<PromotedView>> {
    Ok(Shown(promotions::apply(&desk, (&client, &from, &to), body).await?))
}
