//! Members, sessions, invitations and management clients: from rows to the model, and from the model to rows.

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Role;
use mintmark_core::model::{
    EmailAddress, Invitation, InvitationKind, ManagementClient, Member, MemberId, PasswordHash, SealedBytes, SensitiveAction,
    Session, SessionId, Status, StepUp, StoredSecret, TokenDigest,
};
use mintmark_core::store::{InvitationsToEnd, Read, SessionsToEnd};

use super::engine::{Query, Row, WriteError};
use super::fields::Fields;
use super::statements::{
    INVITATION_INSERT, INVITATION_UPDATE, INVITATIONS_END_BY, INVITATIONS_END_KIND, INVITATIONS_END_OF, INVITATIONS_FORGET,
    MANAGEMENT_CLIENT_INSERT, MANAGEMENT_CLIENT_UPDATE, MEMBER_DELETE, MEMBER_INSERT, MEMBER_UPDATE, SESSION_END,
    SESSION_INSERT, SESSION_KEEP, SESSION_UPDATE, SESSIONS_END, SESSIONS_END_OTHERS,
};
use super::writes::{big, json};

/// A row of `member`.
pub(super) fn member(row: &Row) -> Read<Member> {
    let fields = Fields::of(row, "member", "id");
    Ok(Member {
        id: fields.parsed("id")?,
        tenant_id: fields.optional_parsed("tenant_id")?,
        email: fields.parsed("email")?,
        name: fields.text("name")?,
        role: fields.word("role", Role::from_word)?,
        status: fields.word("status", Status::from_word)?,
        password: fields.optional_bytes("password")?.map(|sealed| PasswordHash(SealedBytes(sealed))),
        totp: fields.optional_bytes("totp")?.map(SealedBytes),
        totp_step: fields.number("totp_step")?,
        passkeys: fields.json("passkeys")?,
        created_at: fields.time("created_at")?,
        last_sign_in_at: fields.optional_time("last_sign_in_at")?,
        version: fields.number("version")?,
    })
}

pub(super) fn insert_member(row: &Member) -> Result<Query, WriteError> {
    Ok(columns_of_member(MEMBER_INSERT.query(), row)?.bind(row.created_at.0))
}

pub(super) fn update_member(row: &Member) -> Result<Query, WriteError> {
    columns_of_member(MEMBER_UPDATE.query(), row)
}

pub(super) fn delete_member(row: &Member) -> Query {
    MEMBER_DELETE.query().bind(row.id.to_string()).bind(big(row.version))
}

fn columns_of_member(query: Query, row: &Member) -> Result<Query, WriteError> {
    let query = query.bind(row.id.to_string()).bind(row.email.as_str()).bind(row.name.as_str());
    let query = query.bind(row.role.as_str()).bind(row.status.as_str());
    let query = query.bind(row.password.as_ref().map(|hash| hash.0.0.as_slice()));
    let query = query.bind(row.totp.as_ref().map(|sealed| sealed.0.as_slice())).bind(big(row.totp_step));
    let query = query.bind(json(&row.passkeys)?).bind(row.last_sign_in_at.map(|at| at.0));
    Ok(query.bind(big(row.version)).bind(row.tenant_id.map(|id| id.to_string())))
}

/// A row of `session`.
pub(super) fn session(row: &Row) -> Read<Session> {
    let fields = Fields::of(row, "session", "id");
    let action = fields.optional_word("step_up_for", SensitiveAction::from_word)?;
    let step_up = fields.optional_time("step_up_at")?.zip(action).map(|(at, action)| StepUp { at, action });
    Ok(Session {
        id: fields.parsed("id")?,
        digest: digest(&fields)?,
        member_id: fields.parsed("member_id")?,
        created_at: fields.time("created_at")?,
        last_seen_at: fields.time("last_seen_at")?,
        expires_at: fields.time("expires_at")?,
        step_up,
        source: fields.optional_parsed("source")?,
        user_agent: fields.text("user_agent")?,
        version: fields.number("version")?,
    })
}

fn digest(fields: &Fields<'_>) -> Read<TokenDigest> {
    let bytes = fields.bytes("digest")?.try_into();
    bytes.map(TokenDigest).map_err(|_| fields.corrupt("digest", &"it has not 32 bytes"))
}

pub(super) fn insert_session(row: &Session) -> Query {
    let query = columns_of_session(SESSION_INSERT.query(), row).bind(row.created_at.0).bind(row.last_seen_at.0);
    query.bind(row.expires_at.0).bind(row.source.map(|source| source.to_string())).bind(row.user_agent.as_str())
}

pub(super) fn update_session(row: &Session) -> Query {
    columns_of_session(SESSION_UPDATE.query(), row)
}

fn columns_of_session(query: Query, row: &Session) -> Query {
    let query = query.bind(row.id.to_string()).bind(&row.digest.0[..]).bind(row.member_id.to_string());
    let query = query.bind(row.step_up.map(|step_up| step_up.at.0)).bind(row.step_up.map(|step_up| step_up.action.as_str()));
    query.bind(big(row.version))
}

pub(super) fn end_sessions(member_id: MemberId, which: &SessionsToEnd) -> Query {
    match which {
        SessionsToEnd::All => SESSIONS_END.query().bind(member_id.to_string()),
        SessionsToEnd::Others(kept) => SESSIONS_END_OTHERS.query().bind(member_id.to_string()).bind(kept.to_string()),
        SessionsToEnd::One(one) => SESSION_END.query().bind(member_id.to_string()).bind(one.to_string()),
    }
}

pub(super) fn keep_session(id: SessionId, version: u64) -> Query {
    SESSION_KEEP.query().bind(id.to_string()).bind(big(version))
}

/// A row of `invitation`.
pub(super) fn invitation(row: &Row) -> Read<Invitation> {
    let fields = Fields::of(row, "invitation", "id");
    Ok(Invitation {
        id: fields.parsed("id")?,
        kind: fields.word("kind", InvitationKind::from_word)?,
        digest: digest(&fields)?,
        tenant_id: fields.optional_parsed("tenant_id")?,
        role: fields.word("role", Role::from_word)?,
        email: fields.optional_parsed("email")?,
        member_id: fields.optional_parsed("member_id")?,
        invited_by: fields.optional_parsed("invited_by")?,
        created_at: fields.time("created_at")?,
        expires_at: fields.time("expires_at")?,
        ended_at: fields.optional_time("ended_at")?,
        version: fields.number("version")?,
    })
}

pub(super) fn insert_invitation(row: &Invitation) -> Query {
    let query = columns_of_invitation(INVITATION_INSERT.query(), row).bind(row.tenant_id.map(|id| id.to_string()));
    let query = query.bind(row.kind.as_str()).bind(&row.digest.0[..]).bind(row.role.as_str());
    let query = query.bind(row.email.as_ref().map(EmailAddress::as_str)).bind(row.member_id.map(|id| id.to_string()));
    query.bind(row.invited_by.map(|who| who.to_string())).bind(row.created_at.0).bind(row.expires_at.0)
}

pub(super) fn update_invitation(row: &Invitation) -> Query {
    columns_of_invitation(INVITATION_UPDATE.query(), row)
}

fn columns_of_invitation(query: Query, row: &Invitation) -> Query {
    query.bind(row.id.to_string()).bind(row.ended_at.map(|at| at.0)).bind(big(row.version))
}

pub(super) fn end_invitations(which: InvitationsToEnd, at: Timestamp) -> Query {
    let query = match which {
        InvitationsToEnd::Of(member) => INVITATIONS_END_OF.query().bind(member.to_string()),
        InvitationsToEnd::By(who) => INVITATIONS_END_BY.query().bind(who.to_string()),
        InvitationsToEnd::SetUpCodes => INVITATIONS_END_KIND.query().bind(InvitationKind::SetUp.as_str()),
    };
    query.bind(at.0)
}

pub(super) fn forget_invitations(before: Timestamp) -> Query {
    INVITATIONS_FORGET.query().bind(before.0)
}

/// A row of `management_client`.
pub(super) fn management_client(row: &Row) -> Read<ManagementClient> {
    let fields = Fields::of(row, "management_client", "id");
    Ok(ManagementClient {
        id: fields.parsed("id")?,
        tenant_id: fields.optional_parsed("tenant_id")?,
        name: fields.text("name")?,
        role: fields.word("role", Role::from_word)?,
        status: fields.word("status", Status::from_word)?,
        secret_id: fields.parsed("secret_id")?,
        secret: StoredSecret {
            scheme: fields.number("secret_scheme")?,
            pepper_id: fields.text("secret_pepper_id")?,
            mac: fields.bytes("secret_mac")?,
        },
        hint: fields.text("hint")?,
        created_at: fields.time("created_at")?,
        version: fields.number("version")?,
    })
}

pub(super) fn insert_management_client(row: &ManagementClient) -> Query {
    columns_of_management_client(MANAGEMENT_CLIENT_INSERT.query(), row).bind(row.created_at.0)
}

pub(super) fn update_management_client(row: &ManagementClient) -> Query {
    columns_of_management_client(MANAGEMENT_CLIENT_UPDATE.query(), row)
}

fn columns_of_management_client(query: Query, row: &ManagementClient) -> Query {
    let query = query.bind(row.id.to_string()).bind(row.name.as_str()).bind(row.role.as_str()).bind(row.status.as_str());
    let query = query.bind(row.secret_id.to_string()).bind(i64::from(row.secret.scheme));
    let query = query.bind(row.secret.pepper_id.as_str()).bind(row.secret.mac.as_slice()).bind(row.hint.as_str());
    query.bind(big(row.version)).bind(row.tenant_id.map(|id| id.to_string()))
}
