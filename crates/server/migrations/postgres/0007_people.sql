-- Who manages the server: people, their sessions, invitations, and programs that use the management API.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `tenant_id` is null for the operator's own. `password` and `totp` are sealed for the member; `passkeys` is JSON.
CREATE TABLE member (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id       TEXT COLLATE "C" REFERENCES tenant (id),
    email           TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    role            TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    status          TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    password        BYTEA,
    totp            BYTEA,
    totp_step       BIGINT NOT NULL,
    passkeys        TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    last_sign_in_at BIGINT,
    version         BIGINT NOT NULL
);

CREATE UNIQUE INDEX member_email ON member (email);
CREATE INDEX member_by_tenant ON member (tenant_id, id);

-- `digest` is the SHA-256 of the token, which is stored nowhere. Sessions are in no backup.
CREATE TABLE session (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest       BYTEA NOT NULL,
    member_id    TEXT COLLATE "C" NOT NULL REFERENCES member (id),
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    step_up_at   BIGINT,
    step_up_for  TEXT COLLATE "C",
    source       TEXT COLLATE "C",
    user_agent   TEXT COLLATE "C" NOT NULL,
    version      BIGINT NOT NULL
);

CREATE UNIQUE INDEX session_digest ON session (digest);
CREATE INDEX session_by_member ON session (member_id, created_at);

CREATE TABLE invitation (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('invite', 'set_up', 'break_glass')),
    digest     BYTEA NOT NULL,
    tenant_id  TEXT COLLATE "C" REFERENCES tenant (id),
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    email      TEXT COLLATE "C",
    member_id  TEXT COLLATE "C",
    invited_by TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT,
    version    BIGINT NOT NULL
);

CREATE UNIQUE INDEX invitation_digest ON invitation (digest);
CREATE INDEX invitation_by_tenant ON invitation (tenant_id, id);
CREATE INDEX invitation_expiry ON invitation (expires_at);

CREATE TABLE management_client (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id        TEXT COLLATE "C" REFERENCES tenant (id),
    name             TEXT COLLATE "C" NOT NULL,
    role             TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'auditor', 'owner', 'developer', 'viewer')),
    status           TEXT COLLATE "C" NOT NULL CHECK (status IN ('active', 'disabled')),
    secret_id        TEXT COLLATE "C" NOT NULL,
    secret_scheme    BIGINT NOT NULL,
    secret_pepper_id TEXT COLLATE "C" NOT NULL,
    secret_mac       BYTEA NOT NULL,
    hint             TEXT COLLATE "C" NOT NULL,
    created_at       BIGINT NOT NULL,
    version          BIGINT NOT NULL
);

CREATE INDEX management_client_by_tenant ON management_client (tenant_id, id);
