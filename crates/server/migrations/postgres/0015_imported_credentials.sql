-- That a credential was brought along from another server: a JSON object, `from` and `scheme`. A secret's hash of that server is in
-- `secret_mac`, as text, under a `secret_scheme` of 100 or above, until its secret is presented. Programs of the versions before take
-- such a secret for a wrong one: import once all nodes are of this version.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

ALTER TABLE credential ADD COLUMN imported TEXT COLLATE "C";
