//! The rows of a change.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{
    Business, Client, Credential, Entitlement, Environment, Position, Profile, Proof, Resource, SigningKey, Tenant, TokenFormat,
};
use mintmark_core::random::Random;
use mintmark_core::store::Write;
use mintmark_verify::Algorithm;
use serde::Serialize;

use super::engine::{Query, Transaction, WriteError};
use super::statements::{
    BUSINESS_INSERT, BUSINESS_UPDATE, CLIENT_INSERT, CLIENT_UPDATE, CREDENTIAL_INSERT, CREDENTIAL_UPDATE, ENTITLEMENT_INSERT,
    ENTITLEMENT_UPDATE, ENVIRONMENT_INSERT, ENVIRONMENT_UPDATE, MANAGEMENT_CLIENTS_TOUCH, MEMBER_KEEP_ADMIN, RESOURCE_INSERT,
    RESOURCE_UPDATE, SESSIONS_END_OF_TENANT, SIGNING_KEY_DELETE, SIGNING_KEY_INSERT, SIGNING_KEY_UPDATE, STORE_CONFIRM,
    TENANT_INSERT, TENANT_UPDATE,
};
use super::{leaks, notices, people_rows, quota, revocations, webhooks};

/// Writes one row. An update that finds no row of the version before is a conflict; so is one that would move a row to
/// another tenant or client, since what it belongs to is part of the question.
pub(super) async fn write(transaction: &mut Transaction, write: &Write, position: Position) -> Result<(), WriteError> {
    let query = match write {
        Write::InsertEnvironment(row) => insert_environment(row),
        Write::UpdateEnvironment(row) => update_environment(row),
        Write::InsertTenant(row) => insert_tenant(row)?,
        Write::UpdateTenant(row) => update_tenant(row)?,
        Write::InsertEntitlement(row) => entitlement(ENTITLEMENT_INSERT.query(), row)?,
        Write::UpdateEntitlement(row) => entitlement(ENTITLEMENT_UPDATE.query(), row)?,
        Write::InsertQuota(row) => quota::insert(row)?,
        Write::UpdateQuota(row) => quota::update(row)?,
        Write::DeleteQuota(row) => quota::delete(row),
        Write::InsertBusiness(row) => insert_business(row),
        Write::UpdateBusiness(row) => update_business(row),
        Write::InsertClient(row) => insert_client(row)?,
        Write::UpdateClient(row) => update_client(row)?,
        Write::InsertCredential(row) => insert_credential(row, position)?,
        Write::UpdateCredential(row) => update_credential(row)?,
        Write::InsertResource(row) => insert_resource(row, position)?,
        Write::UpdateResource(row) => update_resource(row)?,
        Write::InsertSigningKey(row) => insert_signing_key(row, position),
        Write::UpdateSigningKey(row) => update_signing_key(row),
        Write::DeleteSigningKey(row) => delete_signing_key(row),
        Write::Revoke(row) => revocations::upsert(row, position),
        Write::ConfirmRestore => STORE_CONFIRM.query(),
        Write::InsertMember(row) => people_rows::insert_member(row)?,
        Write::UpdateMember(row) => people_rows::update_member(row)?,
        Write::DeleteMember(row) => people_rows::delete_member(row),
        Write::KeepAnAdmin => MEMBER_KEEP_ADMIN.query(),
        Write::InsertSession(row) => people_rows::insert_session(row),
        Write::UpdateSession(row) => people_rows::update_session(row),
        Write::KeepSession { id, version } => people_rows::keep_session(*id, *version),
        Write::InsertInvitation(row) => people_rows::insert_invitation(row),
        Write::UpdateInvitation(row) => people_rows::update_invitation(row),
        Write::InsertManagementClient(row) => people_rows::insert_management_client(row),
        Write::UpdateManagementClient(row) => people_rows::update_management_client(row),
        Write::EndSessions { member_id, which } => {
            return people_rows::end_sessions(*member_id, which).execute(transaction).await.map(|_| ());
        }
        Write::EndAccessOfTenant { tenant_id } => {
            let id = tenant_id.to_string();
            SESSIONS_END_OF_TENANT.query().bind(id.as_str()).execute(transaction).await?;
            return MANAGEMENT_CLIENTS_TOUCH.query().bind(id.as_str()).execute(transaction).await.map(|_| ());
        }
        Write::EndInvitations { which, at } => {
            return people_rows::end_invitations(*which, *at).execute(transaction).await.map(|_| ());
        }
        Write::InsertLeak(row) => leaks::insert(row),
        Write::UpdateLeak(row) => leaks::update(row),
        Write::InsertWebhook(row) => webhooks::insert(row)?,
        // First the endpoint, which whoever hands a delivery over holds meanwhile: then what was handed over is there to be ended.
        Write::UpdateWebhook(row) => {
            one(webhooks::update(row)?.execute(transaction).await?)?;
            return webhooks::end_waiting(transaction, row).await;
        }
        Write::DeleteWebhook(row) => {
            one(webhooks::delete(row).execute(transaction).await?)?;
            return webhooks::delete_deliveries(transaction, row).await;
        }
        // One that is there already is no conflict.
        Write::AddNotice(notice) => return notices::insert(notice)?.execute(transaction).await.map(|_| ()),
        Write::ForgetInvitations { before } => {
            return people_rows::forget_invitations(*before).execute(transaction).await.map(|_| ());
        }
    };
    one(query.execute(transaction).await?)
}

/// What somebody else was quicker with changes no row.
fn one(changed: u64) -> Result<(), WriteError> {
    if changed == 1 { Ok(()) } else { Err(WriteError::Conflict) }
}

/// A counter as SQL keeps it. None comes near the end of the range.
pub(super) fn big(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a change leaves at its position.
pub(super) fn random_mark(random: &dyn Random) -> i64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    i64::from_be_bytes(bytes)
}

/// JSON as SQL keeps it.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, WriteError> {
    serde_json::to_string(value).map_err(|error| WriteError::Failed(error.to_string()))
}

fn insert_environment(row: &Environment) -> Query {
    let query = ENVIRONMENT_INSERT.query().bind(row.name.as_str()).bind(row.issuer.as_str()).bind(row.algorithm.as_str());
    query.bind(i64::from(row.lifetime_max)).bind(row.created_at.0).bind(big(row.version))
}

fn update_environment(row: &Environment) -> Query {
    let query = ENVIRONMENT_UPDATE.query().bind(row.name.as_str()).bind(row.issuer.as_str()).bind(row.algorithm.as_str());
    query.bind(i64::from(row.lifetime_max)).bind(big(row.version))
}

fn insert_tenant(row: &Tenant) -> Result<Query, WriteError> {
    let query = TENANT_INSERT.query().bind(row.id.to_string()).bind(row.name.as_str()).bind(row.status.as_str());
    Ok(query.bind(json(&row.attributes)?).bind(row.created_at.0).bind(big(row.version)))
}

fn update_tenant(row: &Tenant) -> Result<Query, WriteError> {
    let query = TENANT_UPDATE.query().bind(row.id.to_string()).bind(row.name.as_str()).bind(row.status.as_str());
    Ok(query.bind(json(&row.attributes)?).bind(big(row.version)))
}

fn entitlement(query: Query, row: &Entitlement) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.tenant_id.to_string());
    let query = query.bind(json(&row.grants)?).bind(json(&row.dialects)?).bind(row.lifetime_max.map(i64::from));
    Ok(query.bind(row.changed_at.0).bind(big(row.version)))
}

fn insert_business(row: &Business) -> Query {
    business(BUSINESS_INSERT.query(), row).bind(row.created_at.0).bind(big(row.version))
}

fn update_business(row: &Business) -> Query {
    business(BUSINESS_UPDATE.query(), row).bind(big(row.version))
}

fn business(query: Query, row: &Business) -> Query {
    let query = query.bind(row.environment.as_str()).bind(row.id.to_string()).bind(row.tenant_id.to_string());
    query.bind(row.name.as_str()).bind(row.external_id.as_deref()).bind(row.status.as_str())
}

pub(super) fn insert_client(row: &Client) -> Result<Query, WriteError> {
    Ok(client(CLIENT_INSERT.query(), row)?.bind(row.created_at.0).bind(big(row.version)))
}

fn update_client(row: &Client) -> Result<Query, WriteError> {
    Ok(client(CLIENT_UPDATE.query(), row)?.bind(big(row.version)))
}

fn client(query: Query, row: &Client) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.id.as_str()).bind(row.tenant_id.to_string());
    let query = query.bind(row.name.as_str()).bind(row.status.as_str());
    let query = query.bind(json(&row.dialects)?).bind(json(&row.grants)?).bind(json(&row.businesses)?);
    let query = query.bind(row.lifetime_max.map(i64::from)).bind(json(&row.attributes)?);
    let query = query.bind(row.token_binding.as_str()).bind(row.assertion_audience.as_str());
    Ok(query.bind(row.profile.map(Profile::as_str)).bind(json(&row.serves)?))
}

pub(super) fn insert_credential(row: &Credential, position: Position) -> Result<Query, WriteError> {
    let query = credential(CREDENTIAL_INSERT.query(), row)?.bind(row.created_at.0).bind(big(position.0));
    let query = query.bind(row.expires_at.map(|at| at.0)).bind(row.last_used_at.map(|at| at.0));
    let query = query.bind(row.last_used_from.map(|address| address.to_string())).bind(big(row.version));
    Ok(query.bind(row.imported.as_ref().map(json).transpose()?))
}

fn update_credential(row: &Credential) -> Result<Query, WriteError> {
    Ok(credential(CREDENTIAL_UPDATE.query(), row)?
        .bind(row.expires_at.map(|at| at.0))
        .bind(big(row.version))
        .bind(row.quarantined_at.map(|at| at.0)))
}

fn credential(query: Query, row: &Credential) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.id.to_string()).bind(row.client_id.as_str());
    let query = query.bind(row.hint.as_str());
    let query = match &row.proof {
        Proof::Secret(secret) => {
            query.bind(i64::from(secret.scheme)).bind(secret.pepper_id.as_str()).bind(secret.mac.as_slice())
        }
        _ => query.bind(0_i64).bind("").bind([].as_slice()),
    };
    let details = row.proof.details().map(|details| json(&details)).transpose()?;
    let sealed = match &row.proof {
        Proof::SharedKey(sealed) => Some(sealed.0.as_slice()),
        _ => None,
    };
    let query = query.bind(row.proof.kind().as_str()).bind(details).bind(sealed).bind(row.status.as_str());
    Ok(query.bind(json(&row.limits)?).bind(row.rotation.as_ref().map(json).transpose()?))
}

fn insert_resource(row: &Resource, position: Position) -> Result<Query, WriteError> {
    let query = resource(RESOURCE_INSERT.query(), row)?.bind(row.created_at.0);
    Ok(query.bind(big(position.0)).bind(big(row.version)))
}

fn update_resource(row: &Resource) -> Result<Query, WriteError> {
    Ok(resource(RESOURCE_UPDATE.query(), row)?.bind(big(row.version)))
}

fn resource(query: Query, row: &Resource) -> Result<Query, WriteError> {
    let query = query.bind(row.environment.as_str()).bind(row.id.to_string()).bind(row.uri.as_str());
    Ok(query
        .bind(row.name.as_str())
        .bind(json(&row.scopes)?)
        .bind(row.algorithm.map(Algorithm::as_str))
        .bind(row.token_format.map(TokenFormat::as_str)))
}

fn insert_signing_key(row: &SigningKey, position: Position) -> Query {
    signing_key(SIGNING_KEY_INSERT.query(), row).bind(row.created_at.0).bind(big(position.0)).bind(big(row.version))
}

fn update_signing_key(row: &SigningKey) -> Query {
    signing_key(SIGNING_KEY_UPDATE.query(), row).bind(big(row.version))
}

fn delete_signing_key(row: &SigningKey) -> Query {
    signing_key_id(SIGNING_KEY_DELETE.query(), row).bind(big(row.version))
}

fn signing_key(query: Query, row: &SigningKey) -> Query {
    let moment = |at: Option<Timestamp>| at.map(|at| at.0);
    let query = signing_key_id(query, row).bind(row.state.as_str()).bind(row.sealed.0.as_slice());
    query.bind(moment(row.activated_at)).bind(moment(row.retired_at)).bind(moment(row.withdrawn_at))
}

fn signing_key_id(query: Query, row: &SigningKey) -> Query {
    query.bind(row.environment.as_str()).bind(row.kid.as_str()).bind(row.algorithm.as_str())
}
