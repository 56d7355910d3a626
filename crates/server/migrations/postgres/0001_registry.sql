-- The registry: environments, tenants, what belongs to them, the change feed and the audit log.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.
--
-- Times are seconds since 1970. Lists and maps are JSON as text. `created_position` is the position of the change that made
-- the row: creation times have whole seconds, and listings "in the order they were made" need more than that.

-- One row, about the store itself.
CREATE TABLE store (
    id             BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    incarnation    TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('dev', 'serve')),
    position       BIGINT NOT NULL CHECK (position >= 0),
    created_at     BIGINT NOT NULL,
    root_key_check BYTEA
);

CREATE TABLE environment (
    name         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issuer       TEXT COLLATE "C" NOT NULL,
    algorithm    TEXT COLLATE "C" NOT NULL,
    lifetime_max BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL
);

-- Two environments of one issuer would accept each other's tokens.
CREATE UNIQUE INDEX environment_issuer ON environment (issuer);

CREATE TABLE tenant (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    status     TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL
);

CREATE UNIQUE INDEX tenant_name ON tenant (name);

CREATE TABLE business (
    environment TEXT COLLATE "C" NOT NULL REFERENCES environment (name),
    id          TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
    name        TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE INDEX business_by_tenant ON business (environment, tenant_id, id);

CREATE TABLE client (
    environment  TEXT COLLATE "C" NOT NULL REFERENCES environment (name),
    id           TEXT COLLATE "C" NOT NULL,
    tenant_id    TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
    name         TEXT COLLATE "C" NOT NULL,
    status       TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    dialects     TEXT COLLATE "C" NOT NULL,
    grants       TEXT COLLATE "C" NOT NULL,
    businesses   TEXT COLLATE "C" NOT NULL,
    lifetime_max BIGINT,
    attributes   TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE INDEX client_by_tenant ON client (environment, tenant_id, id);

CREATE TABLE credential (
    environment      TEXT COLLATE "C" NOT NULL,
    id               TEXT COLLATE "C" NOT NULL,
    client_id        TEXT COLLATE "C" NOT NULL,
    hint             TEXT COLLATE "C" NOT NULL,
    secret_scheme    BIGINT NOT NULL,
    secret_pepper_id TEXT COLLATE "C" NOT NULL,
    secret_mac       BYTEA NOT NULL,
    status           TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at       BIGINT NOT NULL,
    created_position BIGINT NOT NULL,
    expires_at       BIGINT,
    last_used_at     BIGINT,
    version          BIGINT NOT NULL,
    PRIMARY KEY (environment, id),
    FOREIGN KEY (environment, client_id) REFERENCES client (environment, id)
);

CREATE INDEX credential_by_client ON credential (environment, client_id, created_position, id);

CREATE TABLE resource (
    environment      TEXT COLLATE "C" NOT NULL REFERENCES environment (name),
    id               TEXT COLLATE "C" NOT NULL,
    uri              TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    scopes           TEXT COLLATE "C" NOT NULL,
    algorithm        TEXT COLLATE "C",
    created_at       BIGINT NOT NULL,
    created_position BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    PRIMARY KEY (environment, id)
);

CREATE UNIQUE INDEX resource_uri ON resource (environment, uri);

CREATE TABLE signing_key (
    environment      TEXT COLLATE "C" NOT NULL REFERENCES environment (name),
    kid              TEXT COLLATE "C" NOT NULL,
    algorithm        TEXT COLLATE "C" NOT NULL,
    state            TEXT COLLATE "C" NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    sealed           BYTEA NOT NULL,
    created_at       BIGINT NOT NULL,
    created_position BIGINT NOT NULL,
    version          BIGINT NOT NULL,
    PRIMARY KEY (environment, kid)
);

CREATE UNIQUE INDEX signing_key_active ON signing_key (environment, algorithm) WHERE state = 'active';

-- What changed, for other nodes. The audit log says who and how; the two are separate since this one may be trimmed.
CREATE TABLE feed (
    position            BIGINT NOT NULL PRIMARY KEY,
    subject_kind        TEXT COLLATE "C" NOT NULL,
    subject_environment TEXT COLLATE "C",
    subject_id          TEXT COLLATE "C" NOT NULL
);

CREATE TABLE audit (
    position            BIGINT NOT NULL PRIMARY KEY,
    made_at             BIGINT NOT NULL,
    actor               TEXT COLLATE "C" NOT NULL,
    action              TEXT COLLATE "C" NOT NULL,
    subject_kind        TEXT COLLATE "C" NOT NULL,
    subject_environment TEXT COLLATE "C",
    subject_id          TEXT COLLATE "C" NOT NULL,
    state_before        TEXT COLLATE "C",
    state_after         TEXT COLLATE "C"
);
