-- How many tokens a tenant, a client or a business may be given, how many were, and what bills are written from.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `kind` is tenant, client or business, and `subject_id` which one; `limits` is a JSON object of numbers. Programs of the versions
-- before know nothing of it and refuse nobody.
CREATE TABLE quota (
    environment TEXT NOT NULL REFERENCES environment (name),
    kind        TEXT NOT NULL,
    subject_id  TEXT NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    limits      TEXT NOT NULL,
    mode        TEXT NOT NULL,
    headers     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (environment, kind, subject_id)
) STRICT;

-- How many tokens each process gave in a window: `step` 0 is a minute, 1 an hour, 2 a day; `period` is its number since 1970. Each
-- process writes its own rows, and each time all that it gave.
CREATE TABLE quota_count (
    step        INTEGER NOT NULL,
    period      INTEGER NOT NULL,
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    subject_id  TEXT NOT NULL,
    writer      BLOB  NOT NULL,
    tokens      INTEGER NOT NULL,
    PRIMARY KEY (step, period, environment, kind, subject_id, writer)
) STRICT;

-- The wire format, of counts of level 3: tokens, and what quotas refused, by client, business and dialect.
ALTER TABLE usage_key ADD COLUMN dialect TEXT NOT NULL DEFAULT '';

CREATE INDEX usage_key_metered ON usage_key (environment, level, tenant_id, client_id, business_id, dialect);
