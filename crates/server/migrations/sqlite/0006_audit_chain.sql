-- The audit log's chains: one for each tenant, and the operator's. Each row is linked to the one before in its chain by a MAC under a
-- key that is not in the database.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- Whose chain: a tenant's id, or 'operator'. Programs of the versions before write rows that are in no chain: these have no ordinal.
ALTER TABLE audit ADD COLUMN chain TEXT NOT NULL DEFAULT 'operator';
ALTER TABLE audit ADD COLUMN ordinal INTEGER;
ALTER TABLE audit ADD COLUMN source TEXT;
ALTER TABLE audit ADD COLUMN request_id TEXT;
-- The id of the master key that the MAC was made under.
ALTER TABLE audit ADD COLUMN key_id TEXT;
ALTER TABLE audit ADD COLUMN mac BLOB;

-- Rows that are there already stay in no chain: no key vouched for them when they were written. A tenant finds those about its objects
-- among its own all the same.
UPDATE audit SET chain = subject_id WHERE subject_kind = 'tenant';
UPDATE audit SET chain = coalesce((SELECT tenant_id FROM client
    WHERE client.environment = audit.subject_environment AND client.id = audit.subject_id), chain) WHERE subject_kind = 'client';
UPDATE audit SET chain = coalesce((SELECT tenant_id FROM business
    WHERE business.environment = audit.subject_environment AND business.id = audit.subject_id), chain) WHERE subject_kind = 'business';

CREATE UNIQUE INDEX audit_ordinal ON audit (chain, ordinal);
CREATE INDEX audit_of_chain ON audit (chain, position);
CREATE INDEX audit_of_subject ON audit (subject_kind, subject_id, position);

-- Where each chain ends.
CREATE TABLE audit_head (
    chain    TEXT NOT NULL PRIMARY KEY,
    ordinal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key_id   TEXT NOT NULL,
    mac      BLOB NOT NULL
) STRICT;
