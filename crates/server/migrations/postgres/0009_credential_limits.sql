-- What one credential may be used for, and the rotation of a secret.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `limits` is a JSON object: networks, not_before, scopes, businesses. Programs of the versions before do not know it, and so do not keep
-- to it: set limits once all nodes are of this version.
ALTER TABLE credential ADD COLUMN limits TEXT COLLATE "C" NOT NULL DEFAULT '{}';

-- JSON, in the row of the old secret: the new one, the start, the deadline, and the expiry that the old one had.
ALTER TABLE credential ADD COLUMN rotation TEXT COLLATE "C";
