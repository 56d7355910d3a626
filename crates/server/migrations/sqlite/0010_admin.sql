-- Answers of the management API that are given again to a request that comes again (its header Idempotency-Key).
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- `digest` is the SHA-256 of the caller and its key, `request` that of what was asked. `answer` is JSON without secrets, and
-- missing while the first one is in work.
CREATE TABLE idempotency (
    digest     BLOB    NOT NULL PRIMARY KEY,
    request    BLOB    NOT NULL,
    answer     TEXT,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX idempotency_expires_at ON idempotency (expires_at);
