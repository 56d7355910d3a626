//! The form of one more credential of a client.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::SensitiveAction;

use super::answers::{self, USUAL_DAYS};
use super::credentials::href;
use super::{new, one, ready};
use crate::admin::operations::ShownSecret;
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::{self, NewCredential};
use crate::admin::{Moment, Refusal};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::once::{self, Sent};
use crate::dashboard::seat::{Answer, Seat, go};
use crate::dashboard::views::{ClientTab, CredentialFormPage, Method};
use crate::dashboard::{problem, words};

/// `GET /{environment}/clients/{client}/credentials/new`.
pub(super) async fn ask(seat: Seat, Path((name, id)): Path<(String, String)>) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    if !seat.may(Permission::EditClients) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditClients)));
    }
    Ok(form(&seat, &client, None).into_response())
}

fn form(seat: &Seat, client: &ClientView, mistake: Option<Mistake>) -> axum::response::Response {
    let typed = |name: &str| seat.fields.one(name).unwrap_or_default().to_owned();
    let method = Method::ALL.into_iter().find(|method| method.as_str() == typed("method"));
    let expires_in = Some(typed("expires_in_days")).filter(|days| !days.is_empty());
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = CredentialFormPage {
        frame: one::frame(seat, client, words::client::ADD_CREDENTIAL),
        head: one::head(seat, client, ClientTab::Credentials),
        once: once::token(seat.app.random()),
        method: method.unwrap_or(Method::Secret),
        public_key: typed("public_key"),
        certificate: typed("certificate"),
        expiry: answers::days(),
        expires_in: expires_in.unwrap_or_else(|| USUAL_DAYS.to_owned()),
        mistake,
    };
    (status, problem::page(&page)).into_response()
}

/// What was typed into the form of one more credential.
fn typed(seat: &Seat) -> Result<NewCredential, Mistake> {
    let one = |name| seat.fields.one(name).unwrap_or_default().trim();
    let method = Method::ALL.into_iter().find(|method| method.as_str() == one("method")).unwrap_or(Method::Secret);
    let proof = answers::proof(method, one("public_key"), one("certificate"))?;
    let expires_at = answers::expiry(one("expires_in_days"), seat.app.now())?.map(Moment);
    Ok(NewCredential { proof, expires_at })
}

/// `POST /{environment}/clients/{client}/credentials/new`.
pub(super) async fn add(seat: Seat, Path((name, id)): Path<(String, String)>) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let client = one::load(&seat, (&name, &id)).await?;
    let new = match typed(&seat) {
        Ok(new) => new,
        Err(mistake) => return Ok(form(&seat, &client, Some(mistake))),
    };
    let ticket = match once::begin(&seat).await? {
        Sent::First(ticket) => ticket,
        Sent::Before(id) => return ready::credential_is_gone(&seat, &client, &id).await,
        Sent::Unclear => return Ok(new::unclear(&seat, &client.environment)),
    };
    match credentials::create(&seat.desk, (&client.environment, &client.id), new).await {
        Ok(created) => {
            ticket.done(&seat, &created.credential.id.to_string()).await;
            let secret = created.secret.as_ref().map(ShownSecret::expose);
            if secret.is_none() {
                return Ok(go(&href(&client, &created.credential), Some("credential-added")));
            }
            let made = ready::Made { kind: created.credential.kind, secret, gone: None };
            Ok(problem::page(&ready::page(&seat, &client, words::result::secret_title(&client.name), made)))
        }
        Err(refusal) => {
            if ready::is_known_undone(&refusal) {
                ticket.undone(&seat).await;
            }
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            Ok(form(&seat, &client, Some(mistake)))
        }
    }
}
