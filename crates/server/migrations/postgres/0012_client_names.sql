-- Clients by name, so that lists for people and searches for the beginning of a name read what they show and no more.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- Names are compared with the letters A to Z made small, which both engines do alike.
CREATE INDEX client_by_name ON client (environment, lower(name), id);
-- Identifiers of tenants are of one length. One text of both leaves no choice of an index that would look at other tenants' clients.
CREATE INDEX client_of_tenant_by_name ON client (environment, (tenant_id || lower(name)), id);
