-- Notices of what happens, the endpoints that are told them, what came of telling, and credentials that leaked.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `once` is what an event is known by: of several of one, from several nodes, the first is kept. `tenant_id` is empty for what concerns
-- the operator alone. `spread` is 0 until there is a delivery for each endpoint that is to be told.
CREATE TABLE notice (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    environment TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    made_at     BIGINT NOT NULL,
    once        TEXT COLLATE "C" NOT NULL,
    event       TEXT COLLATE "C" NOT NULL,
    spread      BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX notice_once ON notice (once);
CREATE INDEX notice_waiting ON notice (spread, made_at, id);
CREATE INDEX notice_by_time ON notice (environment, made_at, id);
CREATE INDEX notice_by_tenant ON notice (environment, tenant_id, made_at, id);
CREATE INDEX notice_age ON notice (made_at);

-- An endpoint; `tenant_id` is empty for the operator's. `kinds` is a list, empty for all. `dropped` counts notices that it was not told
-- because too many waited.
CREATE TABLE webhook (
    environment TEXT COLLATE "C" NOT NULL REFERENCES environment (name),
    id          TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C" NOT NULL,
    kinds       TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at  BIGINT NOT NULL,
    dropped     BIGINT NOT NULL DEFAULT 0,
    version     BIGINT NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE INDEX webhook_by_tenant ON webhook (environment, tenant_id, id);

-- One notice for one endpoint. `answer` is the HTTP status of the last try, 0 if there was none.
CREATE TABLE delivery (
    webhook_id  TEXT COLLATE "C" NOT NULL,
    notice_id   TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    made_at     BIGINT NOT NULL,
    tries       BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    last_at     BIGINT,
    answer      BIGINT,
    PRIMARY KEY (webhook_id, notice_id)
);

CREATE INDEX delivery_due ON delivery (state, next_at);
CREATE INDEX delivery_of_webhook ON delivery (webhook_id, state, next_at);
CREATE INDEX delivery_by_webhook ON delivery (webhook_id, made_at, notice_id);
CREATE INDEX delivery_age ON delivery (made_at);

-- That a credential leaked: one row for each credential, also when it is reported again. After `revoke_at` a credential in quarantine
-- is turned off for ever.
CREATE TABLE leak (
    environment   TEXT COLLATE "C" NOT NULL,
    id            TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    client_id     TEXT COLLATE "C" NOT NULL,
    credential_id TEXT COLLATE "C" NOT NULL,
    hint          TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('reported', 'quarantined', 'released', 'revoked')),
    reporter      TEXT COLLATE "C" NOT NULL,
    found_at      TEXT COLLATE "C" NOT NULL,
    reported_at   BIGINT NOT NULL,
    revoke_at     BIGINT,
    ended_at      BIGINT,
    reason        TEXT COLLATE "C" NOT NULL,
    version       BIGINT NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE UNIQUE INDEX leak_of_credential ON leak (environment, credential_id);
CREATE INDEX leak_by_tenant ON leak (environment, tenant_id, id);
CREATE INDEX leak_due ON leak (state, revoke_at);

-- When a credential was put in quarantine, if it is. Its status is `disabled` then, so that programs of the versions before refuse it.
ALTER TABLE credential ADD COLUMN quarantined_at BIGINT;

-- A secret that somebody found is looked for by its last characters: its MAC can be computed only for a client and a credential.
CREATE INDEX credential_by_hint ON credential (environment, hint, id) WHERE kind = 'secret';
