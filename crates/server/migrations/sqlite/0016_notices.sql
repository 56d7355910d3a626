-- Notices of what happens, the endpoints that are told them, what came of telling, and credentials that leaked.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `once` is what an event is known by: of several of one, from several nodes, the first is kept. `tenant_id` is empty for what concerns
-- the operator alone. `spread` is 0 until there is a delivery for each endpoint that is to be told.
CREATE TABLE notice (
    id          TEXT    NOT NULL PRIMARY KEY,
    environment TEXT    NOT NULL,
    tenant_id   TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    made_at     INTEGER NOT NULL,
    once        TEXT    NOT NULL,
    event       TEXT    NOT NULL,
    spread      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX notice_once ON notice (once);
CREATE INDEX notice_waiting ON notice (spread, made_at, id);
CREATE INDEX notice_by_time ON notice (environment, made_at, id);
CREATE INDEX notice_by_tenant ON notice (environment, tenant_id, made_at, id);
CREATE INDEX notice_age ON notice (made_at);

-- An endpoint; `tenant_id` is empty for the operator's. `kinds` is a list, empty for all. `dropped` counts notices that it was not told
-- because too many waited.
CREATE TABLE webhook (
    environment TEXT    NOT NULL REFERENCES environment (name),
    id          TEXT    NOT NULL,
    tenant_id   TEXT    NOT NULL,
    url         TEXT    NOT NULL,
    kinds       TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at  INTEGER NOT NULL,
    dropped     INTEGER NOT NULL DEFAULT 0,
    version     INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
) STRICT;

CREATE INDEX webhook_by_tenant ON webhook (environment, tenant_id, id);

-- One notice for one endpoint. `answer` is the HTTP status of the last try, 0 if there was none.
CREATE TABLE delivery (
    webhook_id  TEXT    NOT NULL,
    notice_id   TEXT    NOT NULL,
    environment TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    made_at     INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    next_at     INTEGER NOT NULL,
    last_at     INTEGER,
    answer      INTEGER,
    PRIMARY KEY (webhook_id, notice_id)
) STRICT;

CREATE INDEX delivery_due ON delivery (state, next_at);
CREATE INDEX delivery_of_webhook ON delivery (webhook_id, state, next_at);
CREATE INDEX delivery_by_webhook ON delivery (webhook_id, made_at, notice_id);
CREATE INDEX delivery_age ON delivery (made_at);

-- That a credential leaked: one row for each credential, also when it is reported again. After `revoke_at` a credential in quarantine
-- is turned off for ever.
CREATE TABLE leak (
    environment   TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    credential_id TEXT    NOT NULL,
    hint          TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('reported', 'quarantined', 'released', 'revoked')),
    reporter      TEXT    NOT NULL,
    found_at      TEXT    NOT NULL,
    reported_at   INTEGER NOT NULL,
    revoke_at     INTEGER,
    ended_at      INTEGER,
    reason        TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
) STRICT;

CREATE UNIQUE INDEX leak_of_credential ON leak (environment, credential_id);
CREATE INDEX leak_by_tenant ON leak (environment, tenant_id, id);
CREATE INDEX leak_due ON leak (state, revoke_at);

-- When a credential was put in quarantine, if it is. Its status is `disabled` then, so that programs of the versions before refuse it.
ALTER TABLE credential ADD COLUMN quarantined_at INTEGER;

-- A secret that somebody found is looked for by its last characters: its MAC can be computed only for a client and a credential.
CREATE INDEX credential_by_hint ON credential (environment, hint, id) WHERE kind = 'secret';
