-- What ends tokens before they expire.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- Marks end the tokens of a credential, client, business or tenant from before `position`; a row of the kind `token` ends the token
-- whose `jti` is `id`, and takes the quota of `client_id`. `environment` is empty for tenants. After `expires_at` the row can go.
CREATE TABLE revocation (
    kind        TEXT    NOT NULL CHECK (kind IN ('credential', 'client', 'business', 'tenant', 'token')),
    environment TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    position    INTEGER NOT NULL CHECK (position > 0),
    expires_at  INTEGER NOT NULL CHECK (expires_at > 0),
    client_id   TEXT,
    PRIMARY KEY (kind, environment, id)
) STRICT;

CREATE INDEX revocation_position ON revocation (position);
CREATE INDEX revocation_expiry ON revocation (expires_at);
CREATE INDEX revocation_by_client ON revocation (environment, client_id, expires_at);

-- The resources that a client is the server or gateway of, by id.
ALTER TABLE client ADD COLUMN serves TEXT NOT NULL DEFAULT '[]';
