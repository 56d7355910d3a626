-- Who manages the server: people, their sessions, invitations, and programs that use the management API.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `tenant_id` is null for the operator's own. `password` and `totp` are sealed for the member; `passkeys` is JSON.
CREATE TABLE member (
    id              TEXT    NOT NULL PRIMARY KEY,
    tenant_id       TEXT    REFERENCES tenant (id),
    email           TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    status          TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    password        BLOB,
    totp            BLOB,
    totp_step       INTEGER NOT NULL,
    passkeys        TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    version         INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX member_email ON member (email);
CREATE INDEX member_by_tenant ON member (tenant_id, id);

-- `digest` is the SHA-256 of the token, which is stored nowhere. Sessions are in no backup.
CREATE TABLE session (
    id           TEXT    NOT NULL PRIMARY KEY,
    digest       BLOB    NOT NULL,
    member_id    TEXT    NOT NULL REFERENCES member (id),
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    step_up_at   INTEGER,
    step_up_for  TEXT,
    source       TEXT,
    user_agent   TEXT    NOT NULL,
    version      INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX session_digest ON session (digest);
CREATE INDEX session_by_member ON session (member_id, created_at);

CREATE TABLE invitation (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('invite', 'set_up', 'break_glass')),
    digest     BLOB    NOT NULL,
    tenant_id  TEXT    REFERENCES tenant (id),
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    email      TEXT,
    member_id  TEXT,
    invited_by TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    version    INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX invitation_digest ON invitation (digest);
CREATE INDEX invitation_by_tenant ON invitation (tenant_id, id);
CREATE INDEX invitation_expiry ON invitation (expires_at);

CREATE TABLE management_client (
    id               TEXT    NOT NULL PRIMARY KEY,
    tenant_id        TEXT    REFERENCES tenant (id),
    name             TEXT    NOT NULL,
    role             TEXT    NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    status           TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
    secret_id        TEXT    NOT NULL,
    secret_scheme    INTEGER NOT NULL,
    secret_pepper_id TEXT    NOT NULL,
    secret_mac       BLOB    NOT NULL,
    hint             TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL
) STRICT;

CREATE INDEX management_client_by_tenant ON management_client (tenant_id, id);
