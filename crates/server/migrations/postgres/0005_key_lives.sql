-- What a signing key lives through: since when it signs, since when it signs no more, and since when it is published no more.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

ALTER TABLE signing_key ADD COLUMN activated_at BIGINT;
ALTER TABLE signing_key ADD COLUMN retired_at BIGINT;
ALTER TABLE signing_key ADD COLUMN withdrawn_at BIGINT;

-- Two more states. Programs of the versions before leave such rows out, and so publish and use none of them.
ALTER TABLE signing_key DROP CONSTRAINT signing_key_state_check;
ALTER TABLE signing_key ADD CONSTRAINT signing_key_state_check
    CHECK (state IN ('next', 'active', 'retired', 'removed', 'revoked'));
