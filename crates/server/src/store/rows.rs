//! From rows to the model. A row that does not parse is named in the error; in lists it is left out and logged, so that one
//! bad row never takes the rest down.

use mintmark_core::audit::{ChainName, StoredRow};
use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::ChainLink;
use mintmark_core::model::{
    AssertionAudience, Business, Client, ClientId, Credential, Entitlement, Environment, EnvironmentName, KeyState, Position,
    Profile, Proof, ProofKind, Resource, RevocationKind, SealedBytes, SigningKey, Status, StoredSecret, Tenant, TokenBinding,
    TokenFormat,
};
use mintmark_core::registry::check_issuer;
use mintmark_core::store::{AuditRecord, FeedEntry, Mark, Read, StoreError, StoredRevocation, Subject};

use super::engine::Row;
use super::fields::Fields;

/// The rows that can be read; the others are logged.
pub(super) fn readable<T>(rows: &[Row], parse: fn(&Row) -> Read<T>) -> Vec<T> {
    let log = |error: &StoreError| tracing::error!(%error, "left out a row that cannot be read");
    rows.iter().filter_map(|row| parse(row).inspect_err(log).ok()).collect()
}

/// A row of `environment`.
pub(super) fn environment(row: &Row) -> Read<Environment> {
    let fields = Fields::of(row, "environment", "name");
    let issuer = fields.text("issuer")?;
    check_issuer(&issuer).map_err(|error| fields.corrupt("issuer", &error))?;
    Ok(Environment {
        name: fields.parsed("name")?,
        issuer,
        algorithm: fields.parsed("algorithm")?,
        lifetime_max: fields.number("lifetime_max")?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `tenant`.
pub(super) fn tenant(row: &Row) -> Read<Tenant> {
    let fields = Fields::of(row, "tenant", "id");
    Ok(Tenant {
        id: fields.parsed("id")?,
        name: fields.text("name")?,
        status: fields.word("status", Status::from_word)?,
        attributes: fields.json("attributes")?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `entitlement`.
pub(super) fn entitlement(row: &Row) -> Read<Entitlement> {
    let fields = Fields::of(row, "entitlement", "tenant_id");
    Ok(Entitlement {
        environment: fields.parsed("environment")?,
        tenant_id: fields.parsed("tenant_id")?,
        grants: fields.json("grants")?,
        dialects: fields.json("dialects")?,
        lifetime_max: fields.optional_number("lifetime_max")?,
        changed_at: fields.time("changed_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `business`.
pub(super) fn business(row: &Row) -> Read<Business> {
    let fields = Fields::of(row, "business", "id");
    Ok(Business {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        tenant_id: fields.parsed("tenant_id")?,
        name: fields.text("name")?,
        external_id: fields.optional_text("external_id")?,
        status: fields.word("status", Status::from_word)?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `client`.
pub(super) fn client(row: &Row) -> Read<Client> {
    let fields = Fields::of(row, "client", "id");
    Ok(Client {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        tenant_id: fields.parsed("tenant_id")?,
        name: fields.text("name")?,
        status: fields.word("status", Status::from_word)?,
        dialects: fields.json("dialects")?,
        grants: fields.json("grants")?,
        businesses: fields.json("businesses")?,
        lifetime_max: fields.optional_number("lifetime_max")?,
        attributes: fields.json("attributes")?,
        token_binding: fields.word("token_binding", TokenBinding::from_word)?,
        assertion_audience: fields.word("assertion_audience", AssertionAudience::from_word)?,
        profile: fields.optional_word("profile", Profile::from_word)?,
        serves: fields.json("serves")?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

/// The name in a row of `client`.
pub(super) fn client_name(row: &Row) -> Read<(EnvironmentName, ClientId)> {
    let fields = Fields::of(row, "client", "id");
    Ok((fields.parsed("environment")?, fields.parsed("id")?))
}

/// A row of `credential`.
pub(super) fn credential(row: &Row) -> Read<Credential> {
    let fields = Fields::of(row, "credential", "id");
    Ok(Credential {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        client_id: fields.parsed("client_id")?,
        hint: fields.text("hint")?,
        proof: proof(&fields)?,
        status: fields.word("status", Status::from_word)?,
        created_at: fields.time("created_at")?,
        expires_at: fields.optional_time("expires_at")?,
        limits: fields.json("limits")?,
        rotation: fields.optional_json("rotation")?,
        imported: fields.optional_json("imported")?,
        quarantined_at: fields.optional_time("quarantined_at")?,
        last_used_at: fields.optional_time("last_used_at")?,
        // One that was damaged says nothing, and stops no client.
        last_used_from: fields.optional_parsed("last_used_from").unwrap_or_default(),
        version: fields.number("version")?,
    })
}

fn proof(fields: &Fields<'_>) -> Read<Proof> {
    match fields.word("kind", ProofKind::from_word)? {
        ProofKind::Secret => Ok(Proof::Secret(StoredSecret {
            scheme: fields.number("secret_scheme")?,
            pepper_id: fields.text("secret_pepper_id")?,
            mac: fields.bytes("secret_mac")?,
        })),
        ProofKind::SharedKey => Ok(Proof::SharedKey(SealedBytes(fields.bytes("sealed")?))),
        kind => Proof::from_details(kind, fields.json("details")?).map_err(|error| fields.corrupt("details", &error)),
    }
}

/// A row of `resource`.
pub(super) fn resource(row: &Row) -> Read<Resource> {
    let fields = Fields::of(row, "resource", "id");
    Ok(Resource {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        uri: fields.parsed("uri")?,
        name: fields.text("name")?,
        scopes: fields.json("scopes")?,
        algorithm: fields.optional_parsed("algorithm")?,
        token_format: fields.optional_word("token_format", TokenFormat::from_word)?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `signing_key`.
pub(super) fn signing_key(row: &Row) -> Read<SigningKey> {
    let fields = Fields::of(row, "signing_key", "kid");
    Ok(SigningKey {
        kid: fields.text("kid")?,
        environment: fields.parsed("environment")?,
        algorithm: fields.parsed("algorithm")?,
        state: fields.word("state", KeyState::from_word)?,
        sealed: SealedBytes(fields.bytes("sealed")?),
        created_at: fields.time("created_at")?,
        activated_at: fields.optional_time("activated_at")?,
        retired_at: fields.optional_time("retired_at")?,
        withdrawn_at: fields.optional_time("withdrawn_at")?,
        version: fields.number("version")?,
    })
}

/// A row of `revocation`. Numbers that nobody wrote become the largest, so that a damaged row refuses all that is its.
pub(super) fn revocation(row: &Row) -> Read<StoredRevocation> {
    let fields = Fields::of(row, "revocation", "id");
    let environment = fields.text("environment")?;
    let environment = if environment.is_empty() { None } else { Some(fields.parsed("environment")?) };
    let position = fields.number::<u64>("position").ok().filter(|position| *position > 0);
    let expires_at = fields.time("expires_at").ok().filter(|at| at.0 > 0);
    if position.is_none() || expires_at.is_none() {
        let error = fields.corrupt("position", &"a number is out of its range: all tokens that it is about are refused");
        tracing::error!(%error, "a revocation is damaged");
    }
    Ok(StoredRevocation {
        kind: fields.word("kind", RevocationKind::from_word)?,
        environment,
        id: fields.text("id")?,
        position: Position(position.unwrap_or(i64::MAX.unsigned_abs())),
        expires_at: expires_at.unwrap_or(Timestamp(i64::MAX)),
    })
}

/// A row of `feed`.
pub(super) fn feed_entry(row: &Row) -> Read<FeedEntry> {
    let fields = Fields::of(row, "feed", "position");
    Ok(FeedEntry {
        position: Position(fields.number("position")?),
        subject: subject(&fields)?,
        mark: Mark(fields.number("mark")?),
    })
}

/// A row of `audit`.
pub(super) fn audit_record(row: &Row) -> Read<AuditRecord> {
    let fields = Fields::of(row, "audit", "position");
    Ok(AuditRecord {
        position: Position(fields.number("position")?),
        tenant: fields.parsed::<ChainName>("chain")?.0,
        sequence: fields.optional_number("ordinal")?,
        at: fields.time("made_at")?,
        actor: fields.text("actor")?,
        source: fields.optional_parsed("source")?,
        request_id: fields.optional_text("request_id")?,
        action: fields.text("action")?,
        subject: subject(&fields)?,
        before: fields.optional_json("state_before")?,
        after: fields.optional_json("state_after")?,
    })
}

/// A row of `audit` as it stands there, for verifying its chain. One without key or MAC has a link that nothing is linked with.
pub(super) fn chained_row(row: &Row) -> Read<StoredRow> {
    let fields = Fields::of(row, "audit", "position");
    Ok(StoredRow {
        chain: fields.text("chain")?,
        sequence: fields.number("ordinal")?,
        position: fields.number("position")?,
        at: fields.number("made_at")?,
        actor: fields.text("actor")?,
        source: fields.optional_text("source")?,
        request_id: fields.optional_text("request_id")?,
        action: fields.text("action")?,
        subject_kind: fields.text("subject_kind")?,
        subject_environment: fields.optional_text("subject_environment")?,
        subject_id: fields.text("subject_id")?,
        before: fields.optional_text("state_before")?,
        after: fields.optional_text("state_after")?,
        link: ChainLink {
            key_id: fields.optional_text("key_id")?.unwrap_or_default(),
            mac: fields.optional_bytes("mac")?.unwrap_or_default(),
        },
    })
}

fn subject(fields: &Fields<'_>) -> Read<Subject> {
    let id = "subject_id";
    let environment = || fields.parsed("subject_environment");
    match fields.text("subject_kind")?.as_str() {
        "environment" => Ok(Subject::Environment { environment: environment()? }),
        "tenant" => Ok(Subject::Tenant { id: fields.parsed(id)? }),
        "business" => Ok(Subject::Business { environment: environment()?, id: fields.parsed(id)? }),
        "client" => Ok(Subject::Client { environment: environment()?, id: fields.parsed(id)? }),
        "resource" => Ok(Subject::Resource { environment: environment()?, id: fields.parsed(id)? }),
        "signing_key" => Ok(Subject::SigningKey { environment: environment()?, kid: fields.text(id)? }),
        "token" => Ok(Subject::Token { environment: environment()?, id: fields.text(id)? }),
        "member" => Ok(Subject::Member { id: fields.parsed(id)? }),
        "invitation" => Ok(Subject::Invitation { id: fields.parsed(id)? }),
        "management_client" => Ok(Subject::ManagementClient { id: fields.parsed(id)? }),
        "store" => Ok(Subject::Store),
        _ => Err(fields.corrupt("subject_kind", &"the word is not known")),
    }
}

/// The columns `subject_kind`, `subject_environment` and `subject_id`.
pub(super) fn subject_columns(subject: &Subject) -> (&'static str, Option<String>, String) {
    let (kind, id) = match subject {
        Subject::Environment { environment } => ("environment", environment.to_string()),
        Subject::Tenant { id } => ("tenant", id.to_string()),
        Subject::Business { id, .. } => ("business", id.to_string()),
        Subject::Client { id, .. } => ("client", id.to_string()),
        Subject::Resource { id, .. } => ("resource", id.to_string()),
        Subject::SigningKey { kid, .. } => ("signing_key", kid.clone()),
        Subject::Token { id, .. } => ("token", id.clone()),
        Subject::Member { id } => ("member", id.to_string()),
        Subject::Invitation { id } => ("invitation", id.to_string()),
        Subject::ManagementClient { id } => ("management_client", id.to_string()),
        Subject::Store => ("store", String::new()),
    };
    (kind, subject.environment().map(ToString::to_string), id)
}
