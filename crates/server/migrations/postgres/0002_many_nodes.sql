-- What several nodes on one store need.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- The oldest schema version whose programs may use this store. A version that only adds leaves it alone; one that takes something
-- away, a release after nothing used it any more, raises it.
ALTER TABLE store ADD COLUMN usable_from BIGINT NOT NULL DEFAULT 1;

-- The position at which this incarnation began: a token of a lower one is from before a restore.
ALTER TABLE store ADD COLUMN first_position BIGINT NOT NULL DEFAULT 0;

-- 1 after a restore, until somebody has said what was revoked since the backup was made: nobody gets tokens before.
ALTER TABLE store ADD COLUMN unconfirmed BIGINT NOT NULL DEFAULT 0;

-- A random number that each change leaves at its position: a node knows by it whether the store that it goes on with is the one that
-- it had followed, or took another course since, as an asynchronous replica does that was promoted too early.
ALTER TABLE store ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;

-- What may be used once: the first insert wins. `digest` is a hash of what was used, in which environment and for what.
CREATE TABLE single_use (
    digest     BYTEA  NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX single_use_expiry ON single_use (expires_at);

-- Who does a piece of periodic work. `fence` grows with each new holder: work under an old one changes nothing.
CREATE TABLE lease (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    holder     TEXT COLLATE "C" NOT NULL,
    fence      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
