-- What the operator lets a tenant give its own clients.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `grants` is a JSON array as in `client`, `dialects` one of names. Programs of the versions before know nothing of it, and let a
-- tenant give its clients nothing.
CREATE TABLE entitlement (
    environment  TEXT    NOT NULL REFERENCES environment (name),
    tenant_id    TEXT    NOT NULL REFERENCES tenant (id),
    grants       TEXT    NOT NULL,
    dialects     TEXT    NOT NULL,
    lifetime_max INTEGER,
    changed_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    PRIMARY KEY (environment, tenant_id)
) STRICT;
