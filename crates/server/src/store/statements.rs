//! Every SQL text, once, each with the name that logs give it.
//!
//! The texts keep to what SQLite and PostgreSQL both understand: `$1` placeholders, time as an argument, ids compared byte
//! for byte, JSON as text, computed integers cast. A test below refuses what only one of them knows.

/// An SQL text and its name in logs (field `query`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// Declares statements and collects them in [`ALL`], so that none can escape the test.
macro_rules! statements {
    ($($constant:ident = $name:literal: $sql:expr;)+) => {
        $(pub(super) const $constant: Statement = Statement { name: $name, sql: $sql };)+

        #[cfg(test)]
        const ALL: &[Statement] = &[$($constant),+];
    };
}

macro_rules! business {
    () => {
        "SELECT environment, id, tenant_id, name, external_id, status, created_at, version FROM business WHERE "
    };
}

macro_rules! client {
    () => {
        "SELECT environment, id, tenant_id, name, status, dialects, grants, businesses, lifetime_max, attributes, token_binding, \
         assertion_audience, profile, serves, created_at, version FROM client WHERE "
    };
}

macro_rules! revocation {
    () => {
        "SELECT kind, environment, id, position, expires_at FROM revocation WHERE "
    };
}

macro_rules! member {
    () => {
        "SELECT id, tenant_id, email, name, role, status, password, totp, totp_step, passkeys, created_at, last_sign_in_at, \
         version FROM member WHERE "
    };
}

macro_rules! session {
    () => {
        "SELECT id, digest, member_id, created_at, last_seen_at, expires_at, step_up_at, step_up_for, source, user_agent, \
         version FROM session WHERE "
    };
}

macro_rules! invitation {
    () => {
        "SELECT id, kind, digest, tenant_id, role, email, member_id, invited_by, created_at, expires_at, ended_at, version \
         FROM invitation WHERE "
    };
}

macro_rules! management_client {
    () => {
        "SELECT id, tenant_id, name, role, status, secret_id, secret_scheme, secret_pepper_id, secret_mac, hint, created_at, \
         version FROM management_client WHERE "
    };
}

/// How many credentials [`CREDENTIALS_USED`] takes.
pub(super) const USES_AT_ONCE: usize = 50;

statements! {
    // The store itself. The counter comes first in every change: its row lock puts changes in one order, which is the
    // order of their positions (rule S12).
    STORE_CREATE = "store.create":
        "INSERT INTO store (id, incarnation, kind, position, created_at, usable_from) VALUES (1, $1, $2, 0, $3, $4) \
         ON CONFLICT (id) DO NOTHING";
    STORE = "store.read":
        "SELECT incarnation, kind, position, mark, first_position, unconfirmed FROM store WHERE id = 1";
    STORE_IS_THERE = "store.is_there": "SELECT id FROM store WHERE id = 1";
    STORE_ADVANCE = "store.advance":
        "UPDATE store SET position = position + 1, mark = $1 WHERE id = 1 RETURNING position";
    STORE_BEGIN_HISTORY = "store.begin_history":
        "UPDATE store SET incarnation = $1, position = $2, first_position = $2, mark = $3, unconfirmed = 1 WHERE id = 1";
    STORE_CONFIRM = "store.confirm": "UPDATE store SET unconfirmed = 0 WHERE id = 1 AND unconfirmed = 1";
    STORE_ROOT_KEY_CHECK = "store.root_key_check": "SELECT root_key_check FROM store WHERE id = 1";
    STORE_SET_ROOT_KEY_CHECK = "store.set_root_key_check":
        "UPDATE store SET root_key_check = $1 WHERE id = 1 AND root_key_check IS NULL";

    // The table is the migration library's.
    SCHEMA_VERSION = "schema.version": "SELECT CAST(coalesce(max(version), 0) AS BIGINT) AS version FROM _sqlx_migrations";
    SCHEMA_USABLE_FROM = "schema.usable_from": "SELECT usable_from AS version FROM store WHERE id = 1";

    ENVIRONMENT_INSERT = "environment.insert":
        "INSERT INTO environment (name, issuer, algorithm, lifetime_max, created_at, version) VALUES ($1, $2, $3, $4, $5, $6)";
    ENVIRONMENT_UPDATE = "environment.update":
        "UPDATE environment SET issuer = $2, algorithm = $3, lifetime_max = $4, version = $5 \
         WHERE name = $1 AND version + 1 = $5";
    ENVIRONMENTS = "environment.list":
        "SELECT name, issuer, algorithm, lifetime_max, created_at, version FROM environment ORDER BY created_at, name";

    TENANT_INSERT = "tenant.insert":
        "INSERT INTO tenant (id, name, status, attributes, created_at, version) VALUES ($1, $2, $3, $4, $5, $6)";
    TENANT_UPDATE = "tenant.update":
        "UPDATE tenant SET name = $2, status = $3, attributes = $4, version = $5 WHERE id = $1 AND version + 1 = $5";
    TENANT = "tenant.read": "SELECT id, name, status, attributes, created_at, version FROM tenant WHERE id = $1";
    TENANTS = "tenant.list":
        "SELECT id, name, status, attributes, created_at, version FROM tenant WHERE id > $1 ORDER BY id LIMIT $2";

    BUSINESS_INSERT = "business.insert":
        "INSERT INTO business (environment, id, tenant_id, name, external_id, status, created_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    BUSINESS_UPDATE = "business.update":
        "UPDATE business SET name = $4, external_id = $5, status = $6, version = $7 \
         WHERE environment = $1 AND id = $2 AND tenant_id = $3 AND version + 1 = $7";
    // The tenant is part of the question, so that another tenant's business is not found by the same work (rule S4).
    BUSINESS = "business.read": concat!(business!(), "environment = $1 AND id = $2 AND tenant_id = $3");
    BUSINESSES_AFTER = "business.list": concat!(business!(),
        "environment = $1 AND tenant_id = $2 AND id > $3 ORDER BY id LIMIT $4");
    BUSINESSES_BEFORE = "business.list_before": concat!(business!(),
        "environment = $1 AND tenant_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");

    CLIENT_INSERT = "client.insert":
        "INSERT INTO client (environment, id, tenant_id, name, status, dialects, grants, businesses, lifetime_max, attributes, \
         token_binding, assertion_audience, profile, serves, created_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    CLIENT_UPDATE = "client.update":
        "UPDATE client SET name = $4, status = $5, dialects = $6, grants = $7, businesses = $8, lifetime_max = $9, \
         attributes = $10, token_binding = $11, assertion_audience = $12, profile = $13, serves = $14, version = $15 \
         WHERE environment = $1 AND id = $2 AND tenant_id = $3 AND version + 1 = $15";
    CLIENT = "client.read": concat!(client!(), "environment = $1 AND id = $2");
    CLIENTS_AFTER = "client.list": concat!(client!(), "environment = $1 AND id > $2 ORDER BY id LIMIT $3");
    CLIENTS_OF_TENANT_AFTER = "client.list_of_tenant": concat!(client!(),
        "environment = $1 AND tenant_id = $2 AND id > $3 ORDER BY id LIMIT $4");
    // The index of the primary key holds all of it. A pair is compared as a whole, so that a page goes on in the next environment.
    CLIENT_NAMES = "client.names":
        "SELECT environment, id FROM client WHERE (environment, id) > ($1, $2) ORDER BY environment, id LIMIT $3";

    CREDENTIAL_INSERT = "credential.insert":
        "INSERT INTO credential (environment, id, client_id, hint, secret_scheme, secret_pepper_id, secret_mac, kind, \
         details, sealed, status, created_at, created_position, expires_at, last_used_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    // Uses are not changes: an update must not take `last_used_at` back to what its writer had read.
    CREDENTIAL_UPDATE = "credential.update":
        "UPDATE credential SET hint = $4, secret_scheme = $5, secret_pepper_id = $6, secret_mac = $7, kind = $8, \
         details = $9, sealed = $10, status = $11, expires_at = $12, version = $13 \
         WHERE environment = $1 AND id = $2 AND client_id = $3 AND version + 1 = $13";
    // For [`USES_AT_ONCE`] credentials, so that a crowd's uses are few statements.
    CREDENTIALS_USED = "credential.used":
        "UPDATE credential SET last_used_at = $1 WHERE environment = $2 AND (last_used_at IS NULL OR last_used_at < $1) \
         AND id IN ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, \
         $48, $49, $50, $51, $52)";
    CREDENTIALS = "credential.list":
        "SELECT environment, id, client_id, hint, secret_scheme, secret_pepper_id, secret_mac, kind, details, sealed, status, \
         created_at, expires_at, last_used_at, version FROM credential WHERE environment = $1 AND client_id = $2 ORDER BY created_position, id";

    RESOURCE_INSERT = "resource.insert":
        "INSERT INTO resource (environment, id, uri, name, scopes, algorithm, token_format, created_at, created_position, \
         version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    RESOURCE_UPDATE = "resource.update":
        "UPDATE resource SET uri = $3, name = $4, scopes = $5, algorithm = $6, token_format = $7, version = $8 \
         WHERE environment = $1 AND id = $2 AND version + 1 = $8";
    RESOURCES = "resource.list":
        "SELECT environment, id, uri, name, scopes, algorithm, token_format, created_at, version FROM resource \
         ORDER BY environment, created_position, id";

    SIGNING_KEY_INSERT = "signing_key.insert":
        "INSERT INTO signing_key (environment, kid, algorithm, state, sealed, activated_at, retired_at, withdrawn_at, created_at, \
         created_position, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SIGNING_KEY_UPDATE = "signing_key.update":
        "UPDATE signing_key SET state = $4, sealed = $5, activated_at = $6, retired_at = $7, withdrawn_at = $8, version = $9 \
         WHERE environment = $1 AND kid = $2 AND algorithm = $3 AND version + 1 = $9";
    SIGNING_KEY_DELETE = "signing_key.delete":
        "DELETE FROM signing_key WHERE environment = $1 AND kid = $2 AND algorithm = $3 AND version = $4";
    SIGNING_KEYS = "signing_key.list":
        "SELECT environment, kid, algorithm, state, sealed, created_at, activated_at, retired_at, withdrawn_at, version \
         FROM signing_key \
         ORDER BY environment, created_position, kid";

    FEED_INSERT = "feed.insert":
        "INSERT INTO feed (position, subject_kind, subject_environment, subject_id, mark) VALUES ($1, $2, $3, $4, $5)";
    FEED = "feed.read":
        "SELECT position, subject_kind, subject_environment, subject_id, mark FROM feed WHERE position > $1 \
         ORDER BY position LIMIT $2";

    FEED_MARK = "feed.mark": "SELECT mark FROM feed WHERE position = $1";
    // By the order of positions, so that what is left has no gap but at its beginning.
    FEED_TRIM = "feed.trim":
        "DELETE FROM feed WHERE position IN (SELECT position FROM feed WHERE position <= $1 ORDER BY position LIMIT $2)";

    // Positions and ends only grow: whoever comes late takes nothing back.
    REVOCATION_UPSERT = "revocation.upsert":
        "INSERT INTO revocation (kind, environment, id, position, expires_at, client_id) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (kind, environment, id) DO UPDATE SET \
         position = CASE WHEN revocation.position < excluded.position THEN excluded.position ELSE revocation.position END, \
         expires_at = CASE WHEN revocation.expires_at < excluded.expires_at THEN excluded.expires_at \
         ELSE revocation.expires_at END";
    REVOCATIONS = "revocation.read": concat!(revocation!(), "position >= $1 ORDER BY position LIMIT $2");
    REVOCATIONS_AT = "revocation.read_at": concat!(revocation!(), "position = $1");
    REVOKED_TOKENS = "revocation.tokens":
        "SELECT count(*) AS tokens FROM (SELECT id FROM revocation \
         WHERE environment = $1 AND client_id = $2 AND expires_at > $3 LIMIT $4) AS live";
    REVOCATION_EXPIRE = "revocation.expire":
        "DELETE FROM revocation WHERE (kind, environment, id) IN \
         (SELECT kind, environment, id FROM revocation WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

    SINGLE_USE_INSERT = "single_use.insert":
        "INSERT INTO single_use (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    SINGLE_USE_EXPIRE = "single_use.expire":
        "DELETE FROM single_use WHERE digest IN \
         (SELECT digest FROM single_use WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

    // Two that find no row both insert; of these one changes nothing, and takes the lease, if it is free, by the update.
    LEASE_INSERT = "lease.insert":
        "INSERT INTO lease (name, holder, fence, expires_at) VALUES ($1, '', 0, 0) ON CONFLICT (name) DO NOTHING";
    LEASE_TAKE = "lease.take":
        "UPDATE lease SET holder = $2, fence = fence + 1, expires_at = $4 \
         WHERE name = $1 AND holder <> $2 AND expires_at <= $3 RETURNING fence";
    LEASE_RENEW = "lease.renew":
        "UPDATE lease SET expires_at = $3 WHERE name = $1 AND holder = $2 RETURNING fence";
    // Before any work under a lease, in its transaction: nobody takes the lease before that has ended.
    LEASE_HOLD = "lease.hold": "UPDATE lease SET fence = fence WHERE name = $1 AND fence = $2";

    MEMBER_INSERT = "member.insert":
        "INSERT INTO member (id, email, name, role, status, password, totp, totp_step, passkeys, last_sign_in_at, version, \
         tenant_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    // Nobody moves to another tenant.
    MEMBER_UPDATE = "member.update":
        "UPDATE member SET email = $2, name = $3, role = $4, status = $5, password = $6, totp = $7, totp_step = $8, \
         passkeys = $9, last_sign_in_at = $10, version = $11 \
         WHERE id = $1 AND version + 1 = $11 AND coalesce(tenant_id, '') = coalesce($12, '')";
    MEMBER = "member.read": concat!(member!(), "id = $1");
    MEMBER_BY_EMAIL = "member.by_email": concat!(member!(), "email = $1");
    MEMBERS_AFTER = "member.list": concat!(member!(), "id > $1 ORDER BY id LIMIT $2");
    MEMBERS_OF_TENANT_AFTER = "member.list_of_tenant": concat!(member!(),
        "id > $1 AND tenant_id = $3 ORDER BY id LIMIT $2");

    SESSION_INSERT = "session.insert":
        "INSERT INTO session (id, digest, member_id, step_up_at, step_up_for, version, created_at, last_seen_at, expires_at, \
         source, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SESSION_UPDATE = "session.update":
        "UPDATE session SET digest = $2, step_up_at = $4, step_up_for = $5, version = $6 \
         WHERE id = $1 AND member_id = $3 AND version + 1 = $6";
    SESSION = "session.read": concat!(session!(), "digest = $1");
    SESSIONS_OF = "session.list": concat!(session!(), "member_id = $1 ORDER BY created_at DESC, id LIMIT $2");
    SESSION_SEEN = "session.seen": "UPDATE session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2";
    SESSIONS_END = "session.end_all": "DELETE FROM session WHERE member_id = $1";
    SESSIONS_END_OTHERS = "session.end_others": "DELETE FROM session WHERE member_id = $1 AND id <> $2";
    SESSION_END = "session.end": "DELETE FROM session WHERE member_id = $1 AND id = $2";

    INVITATION_INSERT = "invitation.insert":
        "INSERT INTO invitation (id, ended_at, version, tenant_id, kind, digest, role, email, member_id, invited_by, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    INVITATION_UPDATE = "invitation.update": "UPDATE invitation SET ended_at = $2, version = $3 WHERE id = $1 AND version + 1 = $3";
    INVITATION = "invitation.read": concat!(invitation!(), "id = $1");
    INVITATION_BY_DIGEST = "invitation.by_digest": concat!(invitation!(), "digest = $1");
    INVITATIONS_AFTER = "invitation.list": concat!(invitation!(), "id > $1 ORDER BY id LIMIT $2");
    INVITATIONS_OF_TENANT_AFTER = "invitation.list_of_tenant": concat!(invitation!(),
        "id > $1 AND tenant_id = $3 ORDER BY id LIMIT $2");
    INVITATIONS_FORGET = "invitation.forget": "DELETE FROM invitation WHERE expires_at < $1";

    MANAGEMENT_CLIENT_INSERT = "management_client.insert":
        "INSERT INTO management_client (id, name, role, status, secret_id, secret_scheme, secret_pepper_id, secret_mac, hint, \
         version, tenant_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    MANAGEMENT_CLIENT_UPDATE = "management_client.update":
        "UPDATE management_client SET name = $2, role = $3, status = $4, secret_id = $5, secret_scheme = $6, \
         secret_pepper_id = $7, secret_mac = $8, hint = $9, version = $10 \
         WHERE id = $1 AND version + 1 = $10 AND coalesce(tenant_id, '') = coalesce($11, '')";
    MANAGEMENT_CLIENT = "management_client.read": concat!(management_client!(), "id = $1");
    MANAGEMENT_CLIENTS_AFTER = "management_client.list": concat!(management_client!(), "id > $1 ORDER BY id LIMIT $2");
    MANAGEMENT_CLIENTS_OF_TENANT_AFTER = "management_client.list_of_tenant": concat!(management_client!(),
        "id > $1 AND tenant_id = $3 ORDER BY id LIMIT $2");

    AUDIT_INSERT = "audit.insert":
        "INSERT INTO audit (position, made_at, actor, action, subject_kind, subject_environment, subject_id, state_before, \
         state_after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    AUDIT = "audit.read":
        "SELECT position, made_at, actor, action, subject_kind, subject_environment, subject_id, state_before, state_after \
         FROM audit WHERE position < $1 ORDER BY position DESC LIMIT $2";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What one engine refuses or reads otherwise than another, in lower case: SQLite, PostgreSQL, and those that speak its
    /// protocol (`CockroachDB`, `YugabyteDB`).
    const FORBIDDEN: &[&str] = &[
        "lock table",
        "xmin",
        "ctid",
        "pg_",
        "nextval",
        " / ",
        "<<",
        ">>",
        "lateral",
        "array",
        "json",
        "ilike",
        "interval",
        "savepoint",
        "declare",
        "fetch",
        "with recursive",
        "?",
        "now(",
        "datetime(",
        "strftime",
        "current_timestamp",
        "autoincrement",
        "serial",
        "listen",
        "notify",
        "for update",
        "skip locked",
        "advisory",
        "rowid",
        "ifnull",
        "glob",
        " like ",
        "insert or",
        "replace into",
        "pragma",
        "sum(",
        "collate",
        "::",
        "`",
        "\"",
        "  ",
    ];

    #[test]
    fn every_statement_runs_on_both_engines() {
        for statement in ALL {
            let sql = statement.sql.to_lowercase();
            for word in FORBIDDEN {
                assert!(!sql.contains(word), "{} contains {word:?}: {sql}", statement.name);
            }
        }
    }

    /// What a schema must do without for the same reasons.
    const FORBIDDEN_IN_SCHEMAS: &[&str] = &[
        "serial",
        "sequence",
        "trigger",
        "function",
        "extension",
        "exclude",
        "deferrable",
        "partition",
        "inherits",
        "domain",
        "now(",
        "current_timestamp",
        " gin",
        " gist",
        "concurrently",
        "create type",
        "jsonb",
        "timestamp",
        "generated",
        "rule",
    ];

    #[test]
    fn every_version_of_the_schema_keeps_to_what_the_engines_have_in_common() {
        for text in super::super::migrate::texts_for_postgres() {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("--"));
            let code = code.collect::<Vec<_>>().join("\n").to_lowercase();
            for word in FORBIDDEN_IN_SCHEMAS {
                assert!(!code.contains(word), "{word:?}");
            }
        }
    }

    #[test]
    fn every_placeholder_up_to_the_last_is_used() {
        for statement in ALL {
            let numbers: BTreeSet<usize> = statement
                .sql
                .split('$')
                .skip(1)
                .map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap())
                .collect();
            assert!(numbers.iter().copied().eq(1..=numbers.len()), "{}: {numbers:?}", statement.name);
        }
    }

    #[test]
    fn every_statement_has_a_name_of_its_own() {
        let names: BTreeSet<_> = ALL.iter().map(|statement| statement.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
