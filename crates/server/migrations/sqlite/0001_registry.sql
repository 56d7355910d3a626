-- The registry: environments, tenants, what belongs to them, the change feed and the audit log.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.
--
-- Times are seconds since 1970. Lists and maps are JSON as text. `created_position` is the position of the change that made
-- the row: creation times have whole seconds, and listings "in the order they were made" need more than that.

-- One row, about the store itself.
CREATE TABLE store (
    id             INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    incarnation    TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('dev', 'serve')),
    position       INTEGER NOT NULL CHECK (position >= 0),
    created_at     INTEGER NOT NULL,
    root_key_check BLOB
) STRICT;

CREATE TABLE environment (
    name         TEXT    NOT NULL PRIMARY KEY,
    issuer       TEXT    NOT NULL,
    algorithm    TEXT    NOT NULL,
    lifetime_max INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT;

-- Two environments of one issuer would accept each other's tokens.
CREATE UNIQUE INDEX environment_issuer ON environment (issuer);

CREATE TABLE tenant (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX tenant_name ON tenant (name);

CREATE TABLE business (
    environment TEXT    NOT NULL REFERENCES environment (name),
    id          TEXT    NOT NULL,
    tenant_id   TEXT    NOT NULL REFERENCES tenant (id),
    name        TEXT    NOT NULL,
    external_id TEXT,
    status      TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
) STRICT;

CREATE INDEX business_by_tenant ON business (environment, tenant_id, id);

CREATE TABLE client (
    environment  TEXT    NOT NULL REFERENCES environment (name),
    id           TEXT    NOT NULL,
    tenant_id    TEXT    NOT NULL REFERENCES tenant (id),
    name         TEXT    NOT NULL,
    status       TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    dialects     TEXT    NOT NULL,
    grants       TEXT    NOT NULL,
    businesses   TEXT    NOT NULL,
    lifetime_max INTEGER,
    attributes   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
) STRICT;

CREATE INDEX client_by_tenant ON client (environment, tenant_id, id);

CREATE TABLE credential (
    environment      TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    client_id        TEXT    NOT NULL,
    hint             TEXT    NOT NULL,
    secret_scheme    INTEGER NOT NULL,
    secret_pepper_id TEXT    NOT NULL,
    secret_mac       BLOB    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    created_at       INTEGER NOT NULL,
    created_position INTEGER NOT NULL,
    expires_at       INTEGER,
    last_used_at     INTEGER,
    version          INTEGER NOT NULL,
    PRIMARY KEY (environment, id),
    FOREIGN KEY (environment, client_id) REFERENCES client (environment, id)
) STRICT;

CREATE INDEX credential_by_client ON credential (environment, client_id, created_position, id);

CREATE TABLE resource (
    environment      TEXT    NOT NULL REFERENCES environment (name),
    id               TEXT    NOT NULL,
    uri              TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    scopes           TEXT    NOT NULL,
    algorithm        TEXT,
    created_at       INTEGER NOT NULL,
    created_position INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (environment, id)
) STRICT;

CREATE UNIQUE INDEX resource_uri ON resource (environment, uri);

CREATE TABLE signing_key (
    environment      TEXT    NOT NULL REFERENCES environment (name),
    kid              TEXT    NOT NULL,
    algorithm        TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    sealed           BLOB    NOT NULL,
    created_at       INTEGER NOT NULL,
    created_position INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    PRIMARY KEY (environment, kid)
) STRICT;

CREATE UNIQUE INDEX signing_key_active ON signing_key (environment, algorithm) WHERE state = 'active';

-- What changed, for other nodes. The audit log says who and how; the two are separate since this one may be trimmed.
CREATE TABLE feed (
    position            INTEGER NOT NULL PRIMARY KEY,
    subject_kind        TEXT    NOT NULL,
    subject_environment TEXT,
    subject_id          TEXT    NOT NULL
) STRICT;

CREATE TABLE audit (
    position            INTEGER NOT NULL PRIMARY KEY,
    made_at             INTEGER NOT NULL,
    actor               TEXT    NOT NULL,
    action              TEXT    NOT NULL,
    subject_kind        TEXT    NOT NULL,
    subject_environment TEXT,
    subject_id          TEXT    NOT NULL,
    state_before        TEXT,
    state_after         TEXT
) STRICT;
