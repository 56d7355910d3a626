//! `mintmark refusals`

use clap::Args;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::store::{Refusal, Store};
use mintmark_core::usage::{RefusalFilter, RefusedClient};
use serde_json::json;

use super::output::Output;
use super::place::Place;
use super::{Done, Failure, time};

#[derive(Args, Debug)]
pub(super) struct RefusalsArgs {
    /// The one request that its answer and the log name so [default: a list, the latest first].
    #[arg(conflicts_with_all = ["client", "unknown", "tenant", "code", "environment", "limit"])]
    request_id: Option<String>,
    /// Of this client alone.
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
    /// Where no client is known alone.
    #[arg(long, conflicts_with_all = ["client", "tenant"])]
    unknown: bool,
    /// Of this tenant's clients alone: its id or name.
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// For this reason alone, such as `secret_wrong`.
    #[arg(long, value_name = "WORD")]
    code: Option<String>,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2000))]
    limit: u32,
}

pub(super) async fn run(place: &Place, args: RefusalsArgs) -> Done {
    let RefusalsArgs { request_id, client, unknown, tenant, code, environment, limit } = args;
    if let Some(request_id) = request_id {
        let refusal = place.store.refusal(&request_id).await?;
        let missing = || Failure(format!("no refusal of the request {request_id} is kept: those of the last seven days are"));
        return Ok(show(&refusal.ok_or_else(missing)?));
    }
    let environment = place.environment(environment.as_ref()).await?.environment.name;
    let tenant = match &tenant {
        Some(named) => Some(place.tenant(Some(named)).await?.id),
        None => None,
    };
    let client = match client {
        Some(client) => RefusedClient::Only(client),
        None if unknown => RefusedClient::Unknown,
        None => RefusedClient::Any,
    };
    let filter = RefusalFilter { environment, tenant, client, code };
    let refusals = place.store.refusals(&filter, None, limit).await?;
    let rows = refusals.iter().map(|one| {
        let client = or_dash(one.client_id.as_ref());
        vec![time::show(one.at), one.request_id.clone(), client, one.source.to_string(), one.code.clone(), one.detail.clone()]
    });
    Ok(Output::table(&["AT", "REQUEST", "CLIENT", "SOURCE", "CODE", "DETAIL"], rows.collect(), json!(refusals)))
}

fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}

fn show(refusal: &Refusal) -> Output {
    let fields = [
        ("request", refusal.request_id.clone()),
        ("at", time::show(refusal.at)),
        ("environment", refusal.environment.to_string()),
        ("dialect", refusal.dialect.to_string()),
        ("client", or_dash(refusal.client_id.as_ref())),
        ("tenant", or_dash(refusal.tenant_id.as_ref())),
        ("credential", or_dash(refusal.credential_id.as_ref())),
        ("business", or_dash(refusal.business_id.as_ref())),
        ("source", refusal.source.to_string()),
        ("code", refusal.code.clone()),
        ("detail", refusal.detail.clone()),
    ];
    Output::object(&fields, json!(refusal))
}
