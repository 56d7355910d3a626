-- What a signing key lives through: since when it signs, since when it signs no more, and since when it is published no more.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- There are two more states, and a check cannot be changed in place: the table is made anew with the same rows. Programs of the
-- versions before leave rows of the new states out, and so publish and use none of them.
CREATE TABLE signing_key_anew (
    environment      TEXT    NOT NULL REFERENCES environment (name),
    kid              TEXT    NOT NULL,
    algorithm        TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state IN ('next', 'active', 'retired', 'removed', 'revoked')),
    sealed           BLOB    NOT NULL,
    created_at       INTEGER NOT NULL,
    created_position INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    activated_at     INTEGER,
    retired_at       INTEGER,
    withdrawn_at     INTEGER,
    PRIMARY KEY (environment, kid)
) STRICT;

INSERT INTO signing_key_anew (environment, kid, algorithm, state, sealed, created_at, created_position, version)
    SELECT environment, kid, algorithm, state, sealed, created_at, created_position, version FROM signing_key;

DROP TABLE signing_key;

ALTER TABLE signing_key_anew RENAME TO signing_key;

CREATE UNIQUE INDEX signing_key_active ON signing_key (environment, algorithm) WHERE state = 'active';
