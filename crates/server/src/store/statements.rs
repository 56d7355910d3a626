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

macro_rules! credential {
    () => {
        "SELECT environment, id, client_id, hint, secret_scheme, secret_pepper_id, secret_mac, kind, details, sealed, status, \
         limits, rotation, created_at, expires_at, last_used_at, last_used_from, version, imported, quarantined_at FROM credential WHERE "
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

// Those that are turned off have indexes of their own, which the condition leads to.
macro_rules! disabled_client {
    () => {
        concat!(client!(), "status = 'disabled' AND ")
    };
}

macro_rules! clients_named {
    ($client:ident) => {
        concat!($client!(), "environment = $1 AND lower(name) = $2 AND id > $3 ORDER BY id LIMIT $4")
    };
}

macro_rules! clients_named_after {
    ($client:ident) => {
        concat!($client!(), "environment = $1 AND lower(name) > $2 AND lower(name) < $3 ORDER BY lower(name), id LIMIT $4")
    };
}

macro_rules! clients_of_tenant_named {
    ($client:ident) => {
        concat!($client!(), "environment = $1 AND tenant_id || lower(name) = $2 AND id > $3 ORDER BY id LIMIT $4")
    };
}

macro_rules! clients_of_tenant_named_after {
    ($client:ident) => {
        concat!(
            $client!(),
            "environment = $1 AND tenant_id || lower(name) > $2 AND tenant_id || lower(name) < $3 \
             ORDER BY tenant_id || lower(name), id LIMIT $4"
        )
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

macro_rules! notice {
    () => {
        "SELECT id, environment, tenant_id, made_at, event FROM notice WHERE "
    };
}

macro_rules! webhook {
    ($from:literal) => {
        concat!(
            "SELECT w.environment, w.id, w.tenant_id, w.url, w.kinds, w.status, w.created_at, w.dropped, w.version FROM ",
            $from
        )
    };
}

macro_rules! delivery {
    ($more:literal) => {
        concat!(
            "SELECT d.webhook_id, d.notice_id, d.state, d.made_at, d.tries, d.next_at, d.last_at, d.answer, n.kind, n.id, \
             n.environment, n.tenant_id, n.event FROM delivery AS d CROSS JOIN notice AS n WHERE d.webhook_id = $1 \
             AND n.id = d.notice_id AND ",
            $more
        )
    };
}

macro_rules! leak {
    () => {
        "SELECT environment, id, tenant_id, client_id, credential_id, hint, state, reporter, found_at, reported_at, revoke_at, \
         ended_at, reason, version FROM leak WHERE "
    };
}

macro_rules! audit {
    () => {
        "SELECT position, chain, ordinal, made_at, actor, source, request_id, action, subject_kind, subject_environment, \
         subject_id, state_before, state_after FROM audit WHERE position < $1 AND ($2 = 0 OR actor = $3) \
         AND action >= $4 AND action < $5 AND made_at >= $6 AND made_at < $7 AND position >= $8 "
    };
}

macro_rules! usage_key {
    () => {
        "k.environment, k.level, k.tenant_id, k.client_id, k.credential_id, k.business_id, k.outcome, k.code, k.dialect"
    };
}

// An empty text asks for nothing. The conditions that lead to an index come again in the statements.
macro_rules! usage_asked {
    () => {
        "k.environment = $1 AND k.level = $2 AND ($3 = '' OR k.tenant_id = $3) AND ($4 = '' OR k.client_id >= $4) \
         AND ($5 = '' OR k.client_id <= $5) AND ($6 = '' OR k.credential_id = $6) AND ($7 = '' OR k.business_id = $7)"
    };
}

// Keys first: of each the periods lie beside each other.
macro_rules! usage_series {
    () => {
        concat!(
            "SELECT ",
            usage_key!(),
            ", u.period, u.requests FROM usage_key AS k CROSS JOIN usage_count AS u \
         WHERE u.key_id = k.id AND u.step = $8 AND u.period >= $9 AND u.period < $10 AND ",
            usage_asked!()
        )
    };
}

// The keys first, those that were counted last before others; of these alone the periods are added up.
macro_rules! usage_sums {
    ($more:literal) => {
        concat!(
            "SELECT ",
            usage_key!(),
            ", CAST((SELECT coalesce(sum(u.requests), 0) FROM usage_count AS u \
         WHERE u.key_id = k.id AND u.step = $8 AND u.period >= $9 AND u.period < $10) AS BIGINT) AS requests \
         FROM (SELECT k.id, ",
            usage_key!(),
            " FROM usage_key AS k WHERE ",
            usage_asked!(),
            $more,
            " ORDER BY k.seen DESC, k.id LIMIT $11) AS k"
        )
    };
}

// In the order of their index.
macro_rules! metered {
    ($of:literal) => {
        concat!(
            "SELECT k.tenant_id, k.client_id, k.business_id, k.dialect, \
             CAST(sum(CASE WHEN k.outcome = 'issued' THEN u.requests ELSE 0 END) AS BIGINT) AS tokens, \
             CAST(sum(CASE WHEN k.outcome = 'issued' THEN 0 ELSE u.requests END) AS BIGINT) AS refused \
             FROM usage_key AS k CROSS JOIN usage_count AS u WHERE u.key_id = k.id AND u.step = $2 AND u.period = $3 \
             AND k.environment = $1 AND k.level = 3 AND ",
            $of,
            " GROUP BY k.tenant_id, k.client_id, k.business_id, k.dialect \
             ORDER BY k.tenant_id, k.client_id, k.business_id, k.dialect LIMIT $8"
        )
    };
}

macro_rules! quota {
    () => {
        "SELECT environment, kind, subject_id, tenant_id, limits, mode, headers, changed_at, version FROM quota"
    };
}

// What is used of each, in the windows of the minute, hour and day that are named.
macro_rules! quotas_used {
    ($of:literal) => {
        concat!(
            "SELECT q.environment, q.kind, q.subject_id, q.tenant_id, q.limits, q.mode, q.headers, q.changed_at, q.version, ",
            used_in!("0", "$4"),
            " AS used_minute, ",
            used_in!("1", "$5"),
            " AS used_hour, ",
            used_in!("2", "$6"),
            " AS used_day FROM quota AS q WHERE q.environment = $1 AND (q.kind, q.subject_id) > ($2, $3)",
            $of,
            " ORDER BY q.kind, q.subject_id LIMIT $7"
        )
    };
}

macro_rules! used_in {
    ($step:literal, $period:literal) => {
        concat!(
            "(SELECT CAST(coalesce(sum(c.tokens), 0) AS BIGINT) FROM quota_count AS c WHERE c.step = ",
            $step,
            " AND c.period = ",
            $period,
            " AND c.environment = q.environment AND c.kind = q.kind AND c.subject_id = q.subject_id)"
        )
    };
}

macro_rules! latest {
    () => {
        " ORDER BY u.period DESC, k.id LIMIT $11"
    };
}

macro_rules! refusal {
    () => {
        "SELECT request_id, refused_at, environment, dialect, client_id, tenant_id, credential_id, business_id, source, code, \
         detail FROM refusal WHERE "
    };
}

macro_rules! refusals {
    ($of:literal) => {
        concat!(
            refusal!(),
            "environment = $1 AND (refused_at, request_id) < ($4, $5) AND ($3 = '' OR code = $3) AND ",
            $of,
            " ORDER BY refused_at DESC, request_id DESC LIMIT $6"
        )
    };
}

macro_rules! refusals_over {
    ($of:literal) => {
        concat!(
            "DELETE FROM refusal WHERE request_id IN (SELECT request_id FROM refusal WHERE environment = $1 AND ",
            $of,
            " ORDER BY refused_at DESC, request_id DESC LIMIT 1000 OFFSET $2)"
        )
    };
}

impl Statement {
    /// The text that inserts so many rows, of an `INSERT ... VALUES (...)` of one. Where it is no such text, it stays.
    pub(super) fn sql_of_rows(&self, rows: usize) -> String {
        let Some((before, values)) = self.sql.split_once(" VALUES (") else { return self.sql.to_owned() };
        let columns = values.matches('$').count();
        ManyRows { name: self.name, before: "", after: "", columns, first: 0 }.sql_after(&format!("{before} VALUES "), rows)
    }
}

/// A statement about several rows at once, as many as its query is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct ManyRows {
    pub(super) name: &'static str,
    before: &'static str,
    after: &'static str,
    /// How many values a row has, and how many placeholders come before those of the rows.
    pub(super) columns: usize,
    first: usize,
}

impl ManyRows {
    /// Its text for so many rows.
    pub(super) fn sql(&self, rows: usize) -> String {
        self.sql_after(self.before, rows)
    }

    fn sql_after(&self, before: &str, rows: usize) -> String {
        let row = |number: usize| {
            let first = self.first + number * self.columns;
            let places = (1..=self.columns).map(|column| format!("${}", first + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        format!("{before}{rows}{}", self.after)
    }
}

// Both engines call the columns of such a list so. Uses move times forward only.
pub(super) const CREDENTIALS_USED: ManyRows = ManyRows {
    name: "credential.used",
    before: "UPDATE credential SET last_used_at = used.column2, last_used_from = used.column3 FROM (VALUES ",
    after: ") AS used WHERE credential.environment = $1 AND credential.id = used.column1 \
            AND (credential.last_used_at IS NULL OR credential.last_used_at < used.column2)",
    columns: 3,
    first: 1,
};
pub(super) const CREDENTIALS_OF_CLIENTS: ManyRows = ManyRows {
    name: "credential.of_clients",
    before: "SELECT c.id, c.client_id, c.kind, c.status, c.expires_at, c.last_used_at FROM (VALUES ",
    // The wanted ones first: SQLite else reads the credentials of all clients.
    after: ") AS wanted CROSS JOIN credential AS c WHERE c.environment = $1 AND c.client_id = wanted.column1",
    columns: 1,
    first: 1,
};
pub(super) const TENANTS_NAMED: ManyRows = ManyRows {
    name: "tenant.names",
    before: "SELECT t.id, t.name FROM (VALUES ",
    after: ") AS wanted CROSS JOIN tenant AS t WHERE t.id = wanted.column1",
    columns: 1,
    first: 0,
};
pub(super) const USAGE_KEYS: ManyRows = ManyRows {
    name: "usage.keys",
    before: "INSERT INTO usage_key (id, environment, level, tenant_id, client_id, credential_id, business_id, outcome, code, dialect, \
             seen) VALUES ",
    after: " ON CONFLICT (id) DO UPDATE SET seen = excluded.seen WHERE usage_key.seen < excluded.seen",
    columns: 11,
    first: 0,
};
pub(super) const USAGE_COUNTS: ManyRows = ManyRows {
    name: "usage.counts",
    before: "INSERT INTO usage_count (key_id, step, period, requests) VALUES ",
    after: " ON CONFLICT (key_id, step, period) DO UPDATE SET requests = usage_count.requests + excluded.requests",
    columns: 4,
    first: 0,
};
pub(super) const QUOTA_COUNTS: ManyRows = ManyRows {
    name: "quota.counts",
    before: "INSERT INTO quota_count (step, period, environment, kind, subject_id, writer, tokens) VALUES ",
    after: " ON CONFLICT (step, period, environment, kind, subject_id, writer) DO UPDATE SET tokens = excluded.tokens",
    columns: 7,
    first: 0,
};
pub(super) const REFUSALS_INSERT: ManyRows = ManyRows {
    name: "refusal.insert",
    before: "INSERT INTO refusal (request_id, refused_at, environment, dialect, client_id, tenant_id, credential_id, \
             business_id, source, code, detail) VALUES ",
    after: " ON CONFLICT (request_id) DO NOTHING",
    columns: 11,
    first: 0,
};

pub(super) const NOTICES_INSERT: ManyRows = ManyRows {
    name: "notice.insert",
    before: "INSERT INTO notice (id, environment, tenant_id, kind, made_at, once, event) VALUES ",
    after: " ON CONFLICT (once) DO NOTHING",
    columns: 7,
    first: 0,
};

pub(super) const CLIENTS_AMONG: ManyRows = ManyRows {
    name: "client.among",
    before: "SELECT c.environment, c.id FROM (VALUES ",
    after: ") AS wanted CROSS JOIN client AS c WHERE c.environment = $1 AND c.id = wanted.column1",
    columns: 1,
    first: 1,
};

#[cfg(test)]
const ALL_OF_MANY_ROWS: &[ManyRows] = &[
    CREDENTIALS_USED,
    CREDENTIALS_OF_CLIENTS,
    CLIENTS_AMONG,
    TENANTS_NAMED,
    USAGE_KEYS,
    USAGE_COUNTS,
    QUOTA_COUNTS,
    REFUSALS_INSERT,
    NOTICES_INSERT,
];

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
    STORE_ADVANCE_BY = "store.advance_by":
        "UPDATE store SET position = position + $2, mark = $1 WHERE id = 1 RETURNING position";
    STORE_BEGIN_HISTORY = "store.begin_history":
        "UPDATE store SET incarnation = $1, position = $2, first_position = $2, mark = $3, unconfirmed = 1 WHERE id = 1";
    STORE_CONFIRM = "store.confirm": "UPDATE store SET unconfirmed = 0 WHERE id = 1 AND unconfirmed = 1";
    STORE_ROOT_KEY_CHECK = "store.root_key_check": "SELECT root_key_check FROM store WHERE id = 1";
    STORE_SET_ROOT_KEY_CHECK = "store.set_root_key_check":
        "UPDATE store SET root_key_check = $1 WHERE id = 1 AND root_key_check IS NULL";
    STORE_REPLACE_ROOT_KEY_CHECK = "store.replace_root_key_check":
        "UPDATE store SET root_key_check = $2 WHERE id = 1 AND root_key_check = $1";

    // What rests sealed. The private part of a revoked key is empty.
    SIGNING_KEYS_SEALED = "signing_key.sealed":
        "SELECT environment, kid, algorithm, sealed FROM signing_key WHERE length(sealed) > 0 ORDER BY environment, kid";
    SHARED_KEYS_SEALED = "credential.sealed":
        "SELECT environment, id, client_id, sealed FROM credential WHERE (environment, id) > ($1, $2) AND sealed IS NOT NULL \
         ORDER BY environment, id LIMIT $3";
    MEMBERS_SEALED = "member.sealed": "SELECT id, password, totp FROM member WHERE id > $1 ORDER BY id LIMIT $2";

    // The table is the migration library's.
    SCHEMA_VERSION = "schema.version": "SELECT CAST(coalesce(max(version), 0) AS BIGINT) AS version FROM _sqlx_migrations";
    SCHEMA_VERSIONS = "schema.versions": "SELECT count(*) AS version FROM _sqlx_migrations";
    SCHEMA_USABLE_FROM = "schema.usable_from": "SELECT usable_from AS version FROM store WHERE id = 1";

    ENVIRONMENT_INSERT = "environment.insert":
        "INSERT INTO environment (name, issuer, algorithm, lifetime_max, created_at, version) VALUES ($1, $2, $3, $4, $5, $6)";
    ENVIRONMENT_UPDATE = "environment.update":
        "UPDATE environment SET issuer = $2, algorithm = $3, lifetime_max = $4, version = $5 \
         WHERE name = $1 AND version + 1 = $5";
    ENVIRONMENT_IS_THERE = "environment.is_there": "SELECT name FROM environment WHERE name = $1";
    ENVIRONMENTS = "environment.list":
        "SELECT name, issuer, algorithm, lifetime_max, created_at, version FROM environment ORDER BY created_at, name";

    TENANT_INSERT = "tenant.insert":
        "INSERT INTO tenant (id, name, status, attributes, created_at, version) VALUES ($1, $2, $3, $4, $5, $6)";
    TENANT_UPDATE = "tenant.update":
        "UPDATE tenant SET name = $2, status = $3, attributes = $4, version = $5 WHERE id = $1 AND version + 1 = $5";
    TENANT = "tenant.read": "SELECT id, name, status, attributes, created_at, version FROM tenant WHERE id = $1";
    TENANTS = "tenant.list":
        "SELECT id, name, status, attributes, created_at, version FROM tenant WHERE id > $1 ORDER BY id LIMIT $2";

    ENTITLEMENT_INSERT = "entitlement.insert":
        "INSERT INTO entitlement (environment, tenant_id, grants, dialects, lifetime_max, changed_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ENTITLEMENT_UPDATE = "entitlement.update":
        "UPDATE entitlement SET grants = $3, dialects = $4, lifetime_max = $5, changed_at = $6, version = $7 \
         WHERE environment = $1 AND tenant_id = $2 AND version + 1 = $7";
    ENTITLEMENT = "entitlement.read":
        "SELECT environment, tenant_id, grants, dialects, lifetime_max, changed_at, version FROM entitlement \
         WHERE environment = $1 AND tenant_id = $2";

    // Counted in the transaction that holds the counter's row, so that two who add the last one do not add two.
    QUOTA_INSERT = "quota.insert":
        "INSERT INTO quota (environment, kind, subject_id, tenant_id, limits, mode, headers, changed_at, version) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT count(*) FROM quota) < $10";
    QUOTA_UPDATE = "quota.update":
        "UPDATE quota SET limits = $5, mode = $6, headers = $7, changed_at = $8, version = $9 \
         WHERE environment = $1 AND kind = $2 AND subject_id = $3 AND tenant_id = $4 AND version + 1 = $9";
    QUOTA_DELETE = "quota.delete":
        "DELETE FROM quota WHERE environment = $1 AND kind = $2 AND subject_id = $3 AND version = $4";
    QUOTAS = "quota.list": concat!(quota!(), " ORDER BY environment, kind, subject_id");
    QUOTAS_USED = "quota.list_used": quotas_used!("");
    QUOTAS_USED_OF_TENANT = "quota.list_used_of_tenant": quotas_used!(" AND q.tenant_id = $8");
    QUOTA = "quota.read": concat!(quota!(), " WHERE environment = $1 AND kind = $2 AND subject_id = $3");
    QUOTA_TOTALS = "quota.totals":
        "SELECT environment, kind, subject_id, period, CAST(sum(tokens) AS BIGINT) AS tokens FROM quota_count \
         WHERE step = $1 AND period >= $2 AND writer <> $3 GROUP BY environment, kind, subject_id, period";
    QUOTA_USED = "quota.used":
        "SELECT CAST(coalesce(sum(tokens), 0) AS BIGINT) AS tokens FROM quota_count \
         WHERE step = $1 AND period = $2 AND environment = $3 AND kind = $4 AND subject_id = $5";
    QUOTA_COUNTS_EXPIRE = "quota.expire_counts":
        "DELETE FROM quota_count WHERE (step, period, environment, kind, subject_id, writer) IN \
         (SELECT step, period, environment, kind, subject_id, writer FROM quota_count \
         WHERE step = $1 AND period < $2 ORDER BY period LIMIT $3)";

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
    BUSINESSES_CALLED = "business.called": concat!(business!(),
        "environment = $1 AND tenant_id = $2 AND external_id = $3 ORDER BY id LIMIT $4");
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
    // The tenant is part of the question, as in BUSINESS.
    CLIENT_OF_TENANT = "client.read_of_tenant": concat!(client!(), "environment = $1 AND id = $2 AND tenant_id = $3");
    CLIENTS_AFTER = "client.list": concat!(client!(), "environment = $1 AND id > $2 ORDER BY id LIMIT $3");
    CLIENTS_OF_TENANT_AFTER = "client.list_of_tenant": concat!(client!(),
        "environment = $1 AND tenant_id = $2 AND id > $3 ORDER BY id LIMIT $4");
    // By name with the letters A to Z made small, as the indexes of version 12 have it: those of one name after an identifier, and
    // those of the names after it, up to another.
    CLIENTS_NAMED = "client.named": clients_named!(client);
    CLIENTS_NAMED_AFTER = "client.named_after": clients_named_after!(client);
    // The same of one tenant: its identifier comes before each name.
    CLIENTS_OF_TENANT_NAMED = "client.of_tenant_named": clients_of_tenant_named!(client);
    CLIENTS_OF_TENANT_NAMED_AFTER = "client.of_tenant_named_after": clients_of_tenant_named_after!(client);
    // The same lists of those that are turned off.
    DISABLED_CLIENTS_AFTER = "client.list_disabled": concat!(disabled_client!(),
        "environment = $1 AND id > $2 ORDER BY id LIMIT $3");
    DISABLED_CLIENTS_OF_TENANT_AFTER = "client.list_disabled_of_tenant": concat!(disabled_client!(),
        "environment = $1 AND tenant_id = $2 AND id > $3 ORDER BY id LIMIT $4");
    DISABLED_CLIENTS_NAMED = "client.disabled_named": clients_named!(disabled_client);
    DISABLED_CLIENTS_NAMED_AFTER = "client.disabled_named_after": clients_named_after!(disabled_client);
    DISABLED_CLIENTS_OF_TENANT_NAMED = "client.disabled_of_tenant_named": clients_of_tenant_named!(disabled_client);
    DISABLED_CLIENTS_OF_TENANT_NAMED_AFTER = "client.disabled_of_tenant_named_after":
        clients_of_tenant_named_after!(disabled_client);
    // The index of the primary key holds all of it. A pair is compared as a whole, so that a page goes on in the next environment.
    CLIENT_NAMES = "client.names":
        "SELECT environment, id FROM client WHERE (environment, id) > ($1, $2) ORDER BY environment, id LIMIT $3";

    // In the order of the first table: by when they expire, or client by client.
    CREDENTIALS_EXPIRING = "credential.expiring":
        "SELECT c.client_id, c.hint, c.expires_at, k.name FROM credential AS c CROSS JOIN client AS k WHERE c.environment = $1 \
         AND c.expires_at > $2 AND c.expires_at <= $3 AND c.status = 'active' AND k.environment = c.environment \
         AND k.id = c.client_id AND k.status = 'active' ORDER BY c.expires_at, c.client_id, c.id LIMIT $4";
    CREDENTIALS_EXPIRING_OF_TENANT = "credential.expiring_of_tenant":
        "SELECT c.client_id, c.hint, c.expires_at, k.name FROM client AS k CROSS JOIN credential AS c WHERE k.environment = $1 \
         AND k.tenant_id = $5 AND k.status = 'active' AND c.environment = k.environment AND c.client_id = k.id \
         AND c.expires_at > $2 AND c.expires_at <= $3 AND c.status = 'active' ORDER BY c.expires_at, c.client_id, c.id LIMIT $4";

    CREDENTIAL_INSERT = "credential.insert":
        "INSERT INTO credential (environment, id, client_id, hint, secret_scheme, secret_pepper_id, secret_mac, kind, \
         details, sealed, status, limits, rotation, created_at, created_position, expires_at, last_used_at, last_used_from, \
         version, imported) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    // Uses are not changes: an update must not take `last_used_at` back to what its writer had read.
    CREDENTIAL_UPDATE = "credential.update":
        "UPDATE credential SET hint = $4, secret_scheme = $5, secret_pepper_id = $6, secret_mac = $7, kind = $8, \
         details = $9, sealed = $10, status = $11, limits = $12, rotation = $13, expires_at = $14, version = $15, \
         quarantined_at = $16 WHERE environment = $1 AND id = $2 AND client_id = $3 AND version + 1 = $15";
    CREDENTIALS_HINTED = "credential.hinted": concat!(credential!(), "environment = $1 AND hint = $2 AND kind = 'secret' ORDER BY id LIMIT $3");
    CREDENTIALS_TO_TELL = "credential.to_tell":
        "SELECT c.id, c.client_id, c.hint, c.expires_at, k.tenant_id FROM credential AS c CROSS JOIN client AS k \
         WHERE c.environment = $1 AND c.expires_at >= $2 AND (c.expires_at, c.id) > ($2, $3) AND c.expires_at <= $4 \
         AND c.status = 'active' AND c.rotation IS NULL AND k.environment = c.environment AND k.id = c.client_id \
         AND k.status = 'active' ORDER BY c.expires_at, c.id LIMIT $5";
    CREDENTIALS = "credential.list": concat!(credential!(),
        "environment = $1 AND client_id = $2 ORDER BY created_position, id");
    CREDENTIALS_BETWEEN = "credential.between": concat!(credential!(),
        "environment = $1 AND client_id >= $2 AND client_id <= $3 ORDER BY client_id, created_position, id");

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
    REVOCATIONS_LATEST = "revocation.latest": concat!(revocation!(),
        "(position, kind, id) < ($1, $2, $3) AND expires_at > $4 AND ($5 = '' OR kind = $5) \
         AND ($6 = '' OR environment = $6 OR environment = '') ORDER BY position DESC, kind DESC, id DESC LIMIT $7");
    REVOKED_TOKENS = "revocation.tokens":
        "SELECT count(*) AS tokens FROM (SELECT id FROM revocation \
         WHERE environment = $1 AND client_id = $2 AND expires_at > $3 LIMIT $4) AS live";
    REVOCATION_EXPIRE = "revocation.expire":
        "DELETE FROM revocation WHERE (kind, environment, id) IN \
         (SELECT kind, environment, id FROM revocation WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

    SINGLE_USE_INSERT = "single_use.insert":
        "INSERT INTO single_use (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    SINGLE_USE_FIND = "single_use.find":
        "SELECT digest FROM single_use WHERE digest = $1";
    SINGLE_USE_EXPIRE = "single_use.expire":
        "DELETE FROM single_use WHERE digest IN \
         (SELECT digest FROM single_use WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

    // A row whose time is over is anybody's again.
    IDEMPOTENCY_TAKE = "idempotency.take":
        "INSERT INTO idempotency (digest, request, expires_at) VALUES ($1, $2, $3) ON CONFLICT (digest) \
         DO UPDATE SET request = $2, answer = NULL, expires_at = $3 WHERE idempotency.expires_at <= $4";
    IDEMPOTENCY_READ = "idempotency.read": "SELECT request, answer FROM idempotency WHERE digest = $1";
    IDEMPOTENCY_ANSWER = "idempotency.answer": "UPDATE idempotency SET answer = $2 WHERE digest = $1 AND answer IS NULL";
    IDEMPOTENCY_RELEASE = "idempotency.release": "DELETE FROM idempotency WHERE digest = $1 AND answer IS NULL";
    IDEMPOTENCY_EXPIRE = "idempotency.expire":
        "DELETE FROM idempotency WHERE digest IN \
         (SELECT digest FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

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
    MEMBER_DELETE = "member.delete": "DELETE FROM member WHERE id = $1 AND version = $2";
    MEMBER = "member.read": concat!(member!(), "id = $1");
    // The tenant is part of the question, as in BUSINESS; so it is of invitations and management clients.
    MEMBER_OF_TENANT = "member.read_of_tenant": concat!(member!(), "id = $1 AND tenant_id = $2");
    MEMBER_BY_EMAIL = "member.by_email": concat!(member!(), "email = $1");
    // Changes nothing: it finds the row if there is an admin.
    MEMBER_KEEP_ADMIN = "member.keep_admin":
        "UPDATE store SET mark = mark WHERE id = 1 AND EXISTS \
         (SELECT 1 FROM member WHERE role = 'admin' AND status = 'active')";
    MEMBER_ANY = "member.any": "SELECT id FROM member LIMIT 1";
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
    // Changes nothing: it finds a row if the session is there and as it was.
    SESSION_KEEP = "session.keep": "UPDATE session SET version = version WHERE id = $1 AND version = $2";
    SESSIONS_END = "session.end_all": "DELETE FROM session WHERE member_id = $1";
    SESSIONS_END_OTHERS = "session.end_others": "DELETE FROM session WHERE member_id = $1 AND id <> $2";
    SESSIONS_CLEAR = "session.clear": "DELETE FROM session";
    SESSIONS_END_OF_TENANT = "session.end_of_tenant":
        "DELETE FROM session WHERE member_id IN (SELECT id FROM member WHERE tenant_id = $1)";
    SESSION_END = "session.end": "DELETE FROM session WHERE member_id = $1 AND id = $2";

    INVITATION_INSERT = "invitation.insert":
        "INSERT INTO invitation (id, ended_at, version, tenant_id, kind, digest, role, email, member_id, invited_by, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    INVITATION_UPDATE = "invitation.update": "UPDATE invitation SET ended_at = $2, version = $3 WHERE id = $1 AND version + 1 = $3";
    INVITATION = "invitation.read": concat!(invitation!(), "id = $1");
    INVITATION_OF_TENANT = "invitation.read_of_tenant": concat!(invitation!(), "id = $1 AND tenant_id = $2");
    INVITATIONS_OPEN = "invitation.open":
        "SELECT count(*) AS found FROM (SELECT id FROM invitation \
         WHERE tenant_id IS NULL AND ended_at IS NULL AND expires_at > $1 LIMIT $2) AS live";
    INVITATIONS_OPEN_OF_TENANT = "invitation.open_of_tenant":
        "SELECT count(*) AS found FROM (SELECT id FROM invitation \
         WHERE tenant_id = $3 AND ended_at IS NULL AND expires_at > $1 LIMIT $2) AS live";
    INVITATION_BY_DIGEST = "invitation.by_digest": concat!(invitation!(), "digest = $1");
    INVITATIONS_AFTER = "invitation.list": concat!(invitation!(), "id > $1 ORDER BY id LIMIT $2");
    INVITATIONS_OF_TENANT_AFTER = "invitation.list_of_tenant": concat!(invitation!(),
        "id > $1 AND tenant_id = $3 ORDER BY id LIMIT $2");
    INVITATIONS_END_OF = "invitation.end_of_member":
        "UPDATE invitation SET ended_at = $2, version = version + 1 WHERE member_id = $1 AND ended_at IS NULL AND expires_at > $2";
    INVITATIONS_END_BY = "invitation.end_of_inviter":
        "UPDATE invitation SET ended_at = $2, version = version + 1 WHERE invited_by = $1 AND ended_at IS NULL AND expires_at > $2";
    INVITATIONS_END_KIND = "invitation.end_of_kind":
        "UPDATE invitation SET ended_at = $2, version = version + 1 WHERE kind = $1 AND ended_at IS NULL AND expires_at > $2";
    INVITATIONS_END_ALL = "invitation.end_all":
        "UPDATE invitation SET ended_at = $1, version = version + 1 WHERE ended_at IS NULL AND expires_at > $1";
    INVITATIONS_FORGET = "invitation.forget": "DELETE FROM invitation WHERE expires_at < $1";

    MANAGEMENT_CLIENT_INSERT = "management_client.insert":
        "INSERT INTO management_client (id, name, role, status, secret_id, secret_scheme, secret_pepper_id, secret_mac, hint, \
         version, tenant_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    MANAGEMENT_CLIENT_UPDATE = "management_client.update":
        "UPDATE management_client SET name = $2, role = $3, status = $4, secret_id = $5, secret_scheme = $6, \
         secret_pepper_id = $7, secret_mac = $8, hint = $9, version = $10 \
         WHERE id = $1 AND version + 1 = $10 AND coalesce(tenant_id, '') = coalesce($11, '')";
    // Tokens are for one version of their client.
    MANAGEMENT_CLIENTS_TOUCH = "management_client.touch":
        "UPDATE management_client SET version = version + 1 WHERE tenant_id = $1";
    MANAGEMENT_CLIENT = "management_client.read": concat!(management_client!(), "id = $1");
    MANAGEMENT_CLIENT_OF_TENANT = "management_client.read_of_tenant": concat!(management_client!(),
        "id = $1 AND tenant_id = $2");
    MANAGEMENT_CLIENTS_ACTIVE = "management_client.active":
        "SELECT count(*) AS found FROM (SELECT id FROM management_client \
         WHERE tenant_id = $1 AND status = 'active' LIMIT $2) AS live";
    MANAGEMENT_CLIENTS_AFTER = "management_client.list": concat!(management_client!(), "id > $1 ORDER BY id LIMIT $2");
    MANAGEMENT_CLIENTS_OF_TENANT_AFTER = "management_client.list_of_tenant": concat!(management_client!(),
        "id > $1 AND tenant_id = $3 ORDER BY id LIMIT $2");

    USAGE_WRITER_INSERT = "usage.writer":
        "INSERT INTO usage_writer (id, last_batch, written_at) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING";
    // First in the transaction of a batch: it changes no row where the batch was added already.
    USAGE_WRITER_ADVANCE = "usage.advance":
        "UPDATE usage_writer SET last_batch = $2, written_at = $3 WHERE id = $1 AND last_batch < $2";
    USAGE_SERIES = "usage.series": concat!(usage_series!(), latest!());
    USAGE_SERIES_OF_TENANT = "usage.series_of_tenant": concat!(usage_series!(), " AND k.tenant_id = $3", latest!());
    USAGE_SERIES_OF_CLIENTS = "usage.series_of_clients":
        concat!(usage_series!(), " AND k.client_id >= $4 AND k.client_id <= $5", latest!());
    USAGE_SERIES_OF_CREDENTIAL = "usage.series_of_credential":
        concat!(usage_series!(), " AND k.credential_id = $6", latest!());
    USAGE_SERIES_OF_BUSINESS = "usage.series_of_business": concat!(usage_series!(), " AND k.business_id = $7", latest!());
    USAGE_SUMS = "usage.sums": usage_sums!("");
    USAGE_SUMS_OF_TENANT = "usage.sums_of_tenant": usage_sums!(" AND k.tenant_id = $3");
    USAGE_SUMS_OF_CLIENTS = "usage.sums_of_clients": usage_sums!(" AND k.client_id >= $4 AND k.client_id <= $5");
    USAGE_SUMS_OF_CREDENTIAL = "usage.sums_of_credential": usage_sums!(" AND k.credential_id = $6");
    USAGE_SUMS_OF_BUSINESS = "usage.sums_of_business": usage_sums!(" AND k.business_id = $7");
    // The fourth value is the tenant asked for, or that of the row to go on after. No row of metering is without a dialect.
    METERED = "usage.metered": metered!("(k.tenant_id, k.client_id, k.business_id, k.dialect) > ($4, $5, $6, $7)");
    METERED_OF_TENANT = "usage.metered_of_tenant": metered!("k.tenant_id = $4 AND (k.client_id, k.business_id, k.dialect) > ($5, $6, $7)");
    USAGE_COUNTS_EXPIRE = "usage.expire_counts":
        "DELETE FROM usage_count WHERE (key_id, step, period) IN \
         (SELECT key_id, step, period FROM usage_count WHERE step = $1 AND period < $2 ORDER BY period LIMIT $3)";
    USAGE_KEYS_EXPIRE = "usage.expire_keys":
        "DELETE FROM usage_key WHERE id IN (SELECT id FROM usage_key WHERE seen < $1 ORDER BY seen LIMIT $2)";
    USAGE_WRITERS_EXPIRE = "usage.expire_writers":
        "DELETE FROM usage_writer WHERE id IN (SELECT id FROM usage_writer WHERE written_at < $1 ORDER BY written_at LIMIT $2)";

    REFUSAL = "refusal.read": concat!(refusal!(), "request_id = $1");
    // The tenant is part of the question (rule S4); here and below the second value is the tenant or the client.
    REFUSALS = "refusal.list": refusals!("$2 = ''");
    REFUSALS_OF_TENANT = "refusal.list_of_tenant": refusals!("tenant_id = $2");
    REFUSALS_OF_CLIENT = "refusal.list_of_client": refusals!("client_id = $2");
    REFUSALS_OF_TENANTS_CLIENT = "refusal.list_of_tenants_client": refusals!("client_id = $2 AND tenant_id = $7");
    REFUSALS_OVER_OF_CLIENT = "refusal.over_of_client": refusals_over!("client_id = $3 AND code = $4");
    REFUSALS_OVER_OF_TENANT = "refusal.over_of_tenant": refusals_over!("tenant_id = $3");
    REFUSALS_EXPIRE = "refusal.expire":
        "DELETE FROM refusal WHERE request_id IN \
         (SELECT request_id FROM refusal WHERE refused_at < $1 ORDER BY refused_at LIMIT $2)";

    AUDIT_INSERT = "audit.insert":
        "INSERT INTO audit (position, made_at, actor, action, subject_kind, subject_environment, subject_id, state_before, \
         state_after, chain, ordinal, source, request_id, key_id, mac) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    AUDIT = "audit.read": concat!(audit!(), "ORDER BY position DESC LIMIT $9");
    AUDIT_OF_CHAIN = "audit.read_chain": concat!(audit!(), "AND chain = $9 ORDER BY position DESC LIMIT $10");
    AUDIT_OF_SUBJECT = "audit.read_subject": concat!(audit!(),
        "AND ($9 = 0 OR chain = $10) AND subject_kind = $11 AND subject_id = $12 AND coalesce(subject_environment, '') = $13 \
         ORDER BY position DESC LIMIT $14");
    // How far so many rows reach, of those that the statements above look at: from their indexes alone.
    AUDIT_FLOOR = "audit.floor": "SELECT position FROM audit WHERE position < $1 ORDER BY position DESC LIMIT 1 OFFSET $2";
    AUDIT_FLOOR_OF_CHAIN = "audit.floor_of_chain":
        "SELECT position FROM audit WHERE chain = $3 AND position < $1 ORDER BY position DESC LIMIT 1 OFFSET $2";
    AUDIT_FLOOR_OF_SUBJECT = "audit.floor_of_subject":
        "SELECT position FROM audit WHERE subject_kind = $3 AND subject_id = $4 AND position < $1 \
         ORDER BY position DESC LIMIT 1 OFFSET $2";
    // In the order of the chain; by position as well, so that rows that somebody gave one number are not read past.
    AUDIT_CHAIN_ROWS = "audit.chain_rows":
        "SELECT chain, ordinal, position, made_at, actor, source, request_id, action, subject_kind, subject_environment, \
         subject_id, state_before, state_after, key_id, mac FROM audit \
         WHERE chain = $1 AND ordinal IS NOT NULL AND (ordinal, position) > ($2, $3) ORDER BY ordinal, position LIMIT $4";
    AUDIT_CHAINS = "audit.chains":
        "SELECT chain FROM audit_head WHERE chain > $1 \
         UNION SELECT chain FROM audit WHERE chain > $1 AND ordinal IS NOT NULL ORDER BY chain LIMIT $2";
    AUDIT_HEAD = "audit.head": "SELECT chain, ordinal, position, key_id, mac FROM audit_head WHERE chain = $1";
    AUDIT_HEADS = "audit.heads":
        "SELECT chain, ordinal, position, key_id, mac FROM audit_head WHERE chain > $1 ORDER BY chain LIMIT $2";
    AUDIT_HEAD_INSERT = "audit.head_insert":
        "INSERT INTO audit_head (chain, ordinal, position, key_id, mac) VALUES ($1, $2, $3, $4, $5)";
    AUDIT_HEAD_MOVE = "audit.head_move":
        "UPDATE audit_head SET ordinal = $2, position = $3, key_id = $4, mac = $5 WHERE chain = $1 AND ordinal + 1 = $2";
    AUDIT_HEAD_MOVE_BY = "audit.head_move_by":
        "UPDATE audit_head SET ordinal = $2, position = $3, key_id = $4, mac = $5 WHERE chain = $1 AND ordinal = $6";
    AUDIT_OUTSIDE = "audit.outside": "SELECT count(*) AS found FROM audit WHERE ordinal IS NULL AND position > $1";
    AUDIT_FIRST_CHAINED = "audit.first_chained":
        "SELECT CAST(coalesce(min(position), 9223372036854775807) AS BIGINT) AS found FROM audit WHERE ordinal IS NOT NULL";

    NOTICES = "notice.list":
        concat!(notice!(), "environment = $1 AND (made_at, id) < ($2, $3) ORDER BY made_at DESC, id DESC LIMIT $4");
    NOTICES_OF_TENANT = "notice.list_of_tenant":
        concat!(
            notice!(),
            "environment = $1 AND tenant_id = $5 AND (made_at, id) < ($2, $3) ORDER BY made_at DESC, id DESC LIMIT $4"
        );
    NOTICE_FORGET = "notice.forget":
        "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE made_at < $1 LIMIT $2)";
    NOTICES_TO_SPREAD = "notice.to_spread":
        concat!(notice!(), "spread = 0 AND (made_at, id) > ($1, $2) ORDER BY made_at, id LIMIT $3");
    NOTICES_BACKLOG = "notice.backlog":
        "SELECT count(*) AS found, CAST(coalesce(min(made_at), 0) AS BIGINT) AS oldest FROM notice WHERE spread = 0";
    NOTICE_SPREAD = "notice.spread": "UPDATE notice SET spread = 1 WHERE id = $1 AND spread = 0";

    WEBHOOK_INSERT = "webhook.insert":
        "INSERT INTO webhook (environment, id, tenant_id, url, kinds, status, created_at, version) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8 \
         WHERE (SELECT count(*) FROM webhook WHERE environment = $1 AND tenant_id = $3) < $9";
    WEBHOOK_UPDATE = "webhook.update":
        "UPDATE webhook SET url = $4, kinds = $5, status = $6, version = $7 \
         WHERE environment = $1 AND id = $2 AND tenant_id = $3 AND version + 1 = $7";
    WEBHOOK_DELETE = "webhook.delete": "DELETE FROM webhook WHERE environment = $1 AND id = $2 AND version = $3";
    // The row is locked until the end of the transaction, so that nobody turns the endpoint off between this and what it is asked for.
    WEBHOOK_HOLD = "webhook.hold":
        "UPDATE webhook SET dropped = dropped WHERE environment = $1 AND id = $2 AND status = 'active'";
    WEBHOOK_DROPPED = "webhook.dropped": "UPDATE webhook SET dropped = dropped + 1 WHERE environment = $1 AND id = $2";
    WEBHOOK = "webhook.read": webhook!("webhook AS w WHERE w.environment = $1 AND w.id = $2");
    WEBHOOKS = "webhook.list": webhook!("webhook AS w WHERE w.environment = $1 AND w.id > $2 ORDER BY w.id LIMIT $3");
    WEBHOOKS_OF_TENANT = "webhook.list_of_tenant":
        webhook!("webhook AS w WHERE w.environment = $1 AND w.tenant_id = $4 AND w.id > $2 ORDER BY w.id LIMIT $3");
    WEBHOOKS_DUE = "webhook.due":
        webhook!(
            "(SELECT environment, webhook_id, min(next_at) AS due FROM delivery WHERE state = 'waiting' AND next_at <= $1 \
             GROUP BY environment, webhook_id) AS d CROSS JOIN webhook AS w WHERE w.environment = d.environment \
             AND w.id = d.webhook_id AND w.status = 'active' ORDER BY d.due, w.id LIMIT $2"
        );

    DELIVERY_INSERT = "delivery.insert":
        "INSERT INTO delivery (webhook_id, notice_id, environment, state, made_at, tries, next_at) \
         VALUES ($1, $2, $3, 'waiting', $4, 0, $5) ON CONFLICT (webhook_id, notice_id) DO NOTHING";
    DELIVERIES_WAITING = "delivery.waiting":
        "SELECT count(*) AS found, CAST(coalesce(min(next_at), 0) AS BIGINT) AS due FROM delivery \
         WHERE webhook_id = $1 AND state = 'waiting'";
    DELIVERIES_BACKLOG = "delivery.backlog":
        "SELECT count(*) AS found, CAST(coalesce(min(d.made_at), 0) AS BIGINT) AS oldest, \
         CAST(coalesce(min(d.next_at), 0) AS BIGINT) AS due FROM delivery AS d WHERE d.state = 'waiting' AND EXISTS \
         (SELECT 1 FROM webhook AS w WHERE w.environment = d.environment AND w.id = d.webhook_id AND w.status = 'active')";
    DELIVERIES_DUE = "delivery.due":
        delivery!("d.state = 'waiting' AND d.next_at <= $2 ORDER BY d.made_at, d.notice_id LIMIT $3 OFFSET $4");
    DELIVERIES = "delivery.list":
        delivery!("(d.made_at, d.notice_id) < ($2, $3) ORDER BY d.made_at DESC, d.notice_id DESC LIMIT $4");
    DELIVERY_TRIED = "delivery.tried":
        "UPDATE delivery SET state = $3, tries = $4, next_at = $5, last_at = $6, answer = $7 \
         WHERE webhook_id = $1 AND notice_id = $2 AND state = 'waiting'";
    DELIVERIES_CUT = "delivery.cut":
        "DELETE FROM delivery WHERE webhook_id = $1 AND notice_id IN (SELECT notice_id FROM delivery WHERE webhook_id = $1 \
         AND state <> 'waiting' ORDER BY made_at DESC, notice_id DESC LIMIT 1000 OFFSET $2)";
    DELIVERIES_POSTPONE = "delivery.postpone":
        "UPDATE delivery SET next_at = $2 WHERE webhook_id = $1 AND state = 'waiting' AND next_at < $2";
    DELIVERIES_FAIL = "delivery.fail": "UPDATE delivery SET state = 'failed' WHERE webhook_id = $1 AND state = 'waiting'";
    DELIVERIES_DELETE = "delivery.delete": "DELETE FROM delivery WHERE webhook_id = $1";
    DELIVERIES_FORGET = "delivery.forget":
        "DELETE FROM delivery WHERE (webhook_id, notice_id) IN \
         (SELECT webhook_id, notice_id FROM delivery WHERE made_at < $1 LIMIT $2)";

    LEAK_INSERT = "leak.insert":
        "INSERT INTO leak (environment, id, tenant_id, client_id, credential_id, hint, state, reporter, found_at, reported_at, \
         revoke_at, ended_at, reason, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    LEAK_UPDATE = "leak.update":
        "UPDATE leak SET hint = $6, state = $7, reporter = $8, found_at = $9, reported_at = $10, revoke_at = $11, \
         ended_at = $12, reason = $13, version = $14 WHERE environment = $1 AND id = $2 AND tenant_id = $3 \
         AND client_id = $4 AND credential_id = $5 AND version + 1 = $14";
    LEAK = "leak.read": concat!(leak!(), "environment = $1 AND id = $2");
    LEAK_OF = "leak.of_credential": concat!(leak!(), "environment = $1 AND credential_id = $2");
    LEAKS = "leak.list": concat!(leak!(), "environment = $1 AND id > $2 ORDER BY id LIMIT $3");
    LEAKS_OF_TENANT = "leak.list_of_tenant":
        concat!(leak!(), "environment = $1 AND tenant_id = $4 AND id > $2 ORDER BY id LIMIT $3");
    LEAKS_DUE = "leak.due":
        concat!(leak!(), "state = 'quarantined' AND revoke_at <= $1 ORDER BY revoke_at, id LIMIT $2");

    AUDIT_SINCE = "audit.since": "SELECT count(*) AS found FROM audit WHERE position > $1";
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
        let of_many = ALL_OF_MANY_ROWS.iter().map(|statement| (statement.name, statement.sql(2)));
        let all = ALL.iter().map(|statement| (statement.name, statement.sql.to_owned())).chain(of_many);
        for (name, sql) in all {
            // A sum of integers is of another type on one engine, unless it is cast.
            let sql = sql.to_lowercase().replace("cast((select coalesce(sum(", "");
            let sql = sql.replace("cast(sum(", "").replace("cast(coalesce(sum(", "");
            for word in FORBIDDEN {
                assert!(!sql.contains(word), "{name} contains {word:?}: {sql}");
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
