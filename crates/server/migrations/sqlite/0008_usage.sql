-- How many token requests there were, and why the last ones were refused.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- What counts are about: `level` 0 is an environment, 1 a tenant in it, 2 a client of it by credential and business. What does not
-- apply is empty. `id` is a hash of the rest, so that no node has to ask for it; `seen` is the last day of a count, from 1970.
CREATE TABLE usage_key (
    id            INTEGER NOT NULL PRIMARY KEY,
    environment   TEXT    NOT NULL,
    level         INTEGER NOT NULL,
    tenant_id     TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    credential_id TEXT    NOT NULL,
    business_id   TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    seen          INTEGER NOT NULL
) STRICT;

CREATE INDEX usage_key_by_tenant ON usage_key (environment, level, tenant_id);
CREATE INDEX usage_key_by_client ON usage_key (environment, level, client_id);
CREATE INDEX usage_key_by_credential ON usage_key (environment, level, credential_id);
CREATE INDEX usage_key_by_business ON usage_key (environment, level, business_id);
CREATE INDEX usage_key_seen ON usage_key (seen);

-- `step` 0 is a minute, 1 an hour, 2 a day; `period` is the number of the step since 1970. Each request is in one row of each step.
CREATE TABLE usage_count (
    key_id   INTEGER NOT NULL,
    step     INTEGER NOT NULL,
    period   INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (key_id, step, period)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_count_age ON usage_count (step, period);

-- The last batch of counts that each node added, so that none is added twice.
CREATE TABLE usage_writer (
    id         BLOB    NOT NULL PRIMARY KEY,
    last_batch   INTEGER NOT NULL,
    written_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_writer_age ON usage_writer (written_at);

-- Refusals with their private reason, for those who may know. What is not known is empty.
CREATE TABLE refusal (
    request_id    TEXT    NOT NULL PRIMARY KEY,
    refused_at    INTEGER NOT NULL,
    environment   TEXT    NOT NULL,
    dialect       TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    credential_id TEXT    NOT NULL,
    business_id   TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    detail        TEXT    NOT NULL
) STRICT;

CREATE INDEX refusal_by_time ON refusal (environment, refused_at, request_id);
CREATE INDEX refusal_by_tenant ON refusal (environment, tenant_id, refused_at, request_id);
CREATE INDEX refusal_by_client ON refusal (environment, client_id, refused_at, request_id);
CREATE INDEX refusal_age ON refusal (refused_at);

-- From where a credential was used at `last_used_at`: an IP address.
ALTER TABLE credential ADD COLUMN last_used_from TEXT;
