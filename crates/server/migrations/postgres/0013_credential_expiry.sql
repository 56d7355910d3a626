-- Credentials by when they expire, so that those that expire soon are found without looking at the others.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

CREATE INDEX credential_by_expiry ON credential (environment, expires_at);
