-- Credentials of every kind, tokens that are bound, and what tenants note for tokens.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- What proves the client. `details` is JSON: a public key, where keys are, a name in a certificate, an issuer with its conditions.
-- `sealed` is a key that is read to be used. The columns `secret_*` are empty where `kind` is not 'secret'.
ALTER TABLE credential ADD COLUMN kind TEXT COLLATE "C" NOT NULL DEFAULT 'secret';
ALTER TABLE credential ADD COLUMN details TEXT COLLATE "C";
ALTER TABLE credential ADD COLUMN sealed BYTEA;

-- Whom the client's tokens are bound to, what its assertions may name as audience, which security profile it keeps to.
ALTER TABLE client ADD COLUMN token_binding TEXT COLLATE "C" NOT NULL DEFAULT 'optional';
ALTER TABLE client ADD COLUMN assertion_audience TEXT COLLATE "C" NOT NULL DEFAULT 'issuer';
ALTER TABLE client ADD COLUMN profile TEXT COLLATE "C";

-- What dialects may copy into the tokens of the tenant's clients: a JSON object.
ALTER TABLE tenant ADD COLUMN attributes TEXT COLLATE "C" NOT NULL DEFAULT '{}';

-- The form of the resource's tokens; the dialect's where there is none.
ALTER TABLE resource ADD COLUMN token_format TEXT COLLATE "C";
