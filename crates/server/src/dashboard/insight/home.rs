//! Where one begins, and what an environment does.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::store::{self, Store};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::names;
use super::usage::{Range, chart_of};
use crate::admin::Refusal;
use crate::admin::operations::node;
use crate::admin::operations::refusals::{self, RefusalView, RefusalsFilter};
use crate::admin::operations::usage;
use crate::dashboard::components::{Banner, Button, Chart, thousands};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop};
use crate::dashboard::views::{Figure, OverviewPage};
use crate::dashboard::{AdminApp, problem, words};
use crate::store::ExpiringCredential;

/// Of how many of the last refusals the overview tells.
const REFUSALS: u32 = 100;
/// How many clients it names that were refused.
const NAMED: usize = 3;
/// How many credentials it names that expire.
const NAMED_EXPIRING: u32 = 5;
const DAY: i64 = 86_400;
/// An end this near is told, in seconds.
const SOON: i64 = 14 * DAY;

/// `GET /`: to the overview of the first environment, or to sign in.
pub(super) async fn begin(seat: Seat) -> Response {
    let first = seat.first_environment().map_or_else(|| "/account".to_owned(), |name| Section::Overview.href(name.as_str()));
    Redirect::to(&first).into_response()
}

/// `GET /{environment}`.
pub(super) async fn overview(
    State(app): State<AdminApp>,
    Path(name): Path<String>,
    headers: HeaderMap,
    seat: Result<Seat, Stop>,
) -> Answer {
    // What is no environment is a mistyped address: nobody is asked to sign in for it.
    let is_known = |name: EnvironmentName| app.node.endpoint.directory.view(&name).is_some();
    let seat = match seat {
        Ok(seat) => seat,
        Err(stop) if name.parse().is_ok_and(is_known) => return Err(stop),
        Err(_) => return Ok(problem::not_found(State(app), headers).await),
    };
    let environment = seat.environment(&name)?.environment.name.clone();
    let page = Box::pin(page(&seat, &environment)).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(problem::page(&page))
}

async fn page(seat: &Seat, environment: &EnvironmentName) -> Result<OverviewPage, Refusal> {
    let asked = Range::Day.asked(seat.app.now());
    // None of these waits for another.
    let (view, refused, expiring, has_clients) = tokio::try_join!(
        usage::read(&seat.desk, environment, &asked),
        refused_lately(seat, environment),
        expiring(seat, environment),
        has_clients(seat, environment),
    )?;
    let mut attention = most_refused(seat, environment, &refused).await?;
    attention.extend(expiring);
    let chart = chart_of("requests", words::overview::REQUESTS, Range::Day, &view);
    Ok(OverviewPage {
        frame: seat.frame_in(environment, words::overview::TITLE, Section::Overview),
        environment: environment.to_string(),
        figures: figures(&chart, refused.len()),
        attention,
        has_clients,
        may_edit: seat.may(Permission::EditClients),
        node: if seat.may(Permission::ReadOperator) { Some(node_line(seat)?) } else { None },
        chart,
    })
}

fn figures(chart: &Chart, refused_clients: usize) -> Vec<Figure> {
    let sum = |places: std::ops::Range<usize>| -> u64 {
        let counts = chart.columns.iter().flat_map(|column| column.counts.iter().skip(places.start).take(places.len()));
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    };
    let (issued, refused) = (sum(0..1), sum(1..6));
    let last_day = words::overview::LAST_DAY;
    vec![
        Figure { label: words::overview::ISSUED, value: thousands(issued), unit: last_day },
        Figure { label: words::overview::REFUSED, value: thousands(refused), unit: last_day },
        Figure { label: words::overview::SUCCEEDED, value: share(issued, refused), unit: words::overview::OF_REQUESTS },
        Figure { label: words::overview::REFUSED_CLIENTS, value: thousands(refused_clients as u64), unit: last_day },
    ]
}

/// The share of good requests in percent with one digit, rounded down: one refusal among a million is not nothing.
fn share(issued: u64, refused: u64) -> String {
    let all = u128::from(issued) + u128::from(refused);
    match (u128::from(issued) * 1000).checked_div(all) {
        Some(thousandths) => format!("{}.{}", thousandths / 10, thousandths % 10),
        None => "–".to_owned(),
    }
}

/// The clients that were refused in the last day, of the last refusals: how often, and the last of them.
async fn refused_lately(
    seat: &Seat,
    environment: &EnvironmentName,
) -> Result<BTreeMap<ClientId, (usize, RefusalView)>, Refusal> {
    let filter = RefusalsFilter { limit: Some(REFUSALS), ..RefusalsFilter::default() };
    let since = seat.app.now().0.saturating_sub(DAY);
    let mut refused: BTreeMap<ClientId, (usize, RefusalView)> = BTreeMap::new();
    for refusal in refusals::list(&seat.desk, environment, &filter).await?.items {
        if let Some(client) = refusal.client_id.clone().filter(|_| refusal.at.0.0 >= since) {
            refused.entry(client).or_insert((0, refusal)).0 += 1;
        }
    }
    Ok(refused)
}

/// Those that were refused most.
async fn most_refused(
    seat: &Seat,
    environment: &EnvironmentName,
    refused: &BTreeMap<ClientId, (usize, RefusalView)>,
) -> Result<Vec<Banner>, Refusal> {
    let mut most: Vec<_> = refused.iter().collect();
    most.sort_by_key(|(_, (count, last))| (std::cmp::Reverse(*count), std::cmp::Reverse(last.at.0)));
    most.truncate(NAMED);
    let ids = most.iter().map(|(id, _)| (*id).clone()).collect();
    let known = names::of_clients(seat, environment, ids).await?;
    let banner = |(id, (count, last)): (&ClientId, &(usize, RefusalView))| {
        let name = known.get(id).map_or_else(|| id.to_string(), Clone::clone);
        let explain = format!("/{environment}/explain/requests/{}", last.request_id);
        Banner::new(Tone::Bad, words::overview::refused(&name, *count), last.explanation.what.clone())
            .action(Button::plain(words::overview::EXPLAIN).to(explain))
    };
    Ok(most.into_iter().map(banner).collect())
}

/// Whether there is any client within reach.
async fn has_clients(seat: &Seat, environment: &EnvironmentName) -> Result<bool, Refusal> {
    let first = store::Page { after: None, limit: 1 };
    Ok(!seat.desk.store().clients(environment, names::own_tenant(seat), first).await?.is_empty())
}

/// Credentials that expire soon.
async fn expiring(seat: &Seat, environment: &EnvironmentName) -> Result<Vec<Banner>, Refusal> {
    let (own, now) = (names::own_tenant(seat), seat.app.now());
    let soon = (now, Timestamp(now.0.saturating_add(SOON)));
    let found = seat.desk.store().expiring_credentials((environment, own), soon, NAMED_EXPIRING).await?;
    let banner = |one: ExpiringCredential| {
        let when = jiff::Timestamp::from_second(one.expires_at.0).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
        let id = utf8_percent_encode(one.client_id.as_str(), NON_ALPHANUMERIC);
        let text = words::overview::expires_why(&one.hint, &when.unwrap_or_default());
        let open = Button::plain(words::overview::OPEN).to(format!("/{environment}/clients/{id}"));
        Banner::new(Tone::Warning, words::overview::expires(&one.client_name), text).action(open)
    };
    Ok(found.into_iter().map(banner).collect())
}

/// How the node and its database are, in one line.
fn node_line(seat: &Seat) -> Result<Banner, Refusal> {
    let view = node::read(&seat.desk)?;
    let details = Button::plain(words::overview::NODE_DETAILS).to(Section::Node.href(""));
    let banner = if let Some(reason) = view.reason {
        Banner::new(Tone::Bad, words::overview::NODE_NOT_READY, reason)
    } else {
        let position = view.position.map_or_else(|| "–".to_owned(), thousands);
        let text = words::overview::node(view.version, &position, &thousands(view.clients_held));
        Banner::new(Tone::Good, words::overview::NODE_READY, text)
    };
    Ok(banner.action(details))
}
