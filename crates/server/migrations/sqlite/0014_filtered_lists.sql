-- What lists and limits of the management API ask for, so that an answer costs what it holds and no more.
--
-- Never change this file after a release: stores that have applied it know it by its checksum. Add a file instead.

-- Clients that are turned off: few, so that all others pay nothing for these. Each is the other order of clients with a condition.
CREATE INDEX client_disabled ON client (environment, id) WHERE status = 'disabled';
CREATE INDEX client_disabled_of_tenant ON client (environment, tenant_id, id) WHERE status = 'disabled';
CREATE INDEX client_disabled_by_name ON client (environment, lower(name), id) WHERE status = 'disabled';
CREATE INDEX client_disabled_of_tenant_by_name ON client (environment, (tenant_id || lower(name)), id) WHERE status = 'disabled';
-- The counterpart of a business in another environment.
CREATE INDEX business_by_external_id ON business (environment, tenant_id, external_id, id);
-- What counts towards a tenant's limits; what is over does not.
CREATE INDEX invitation_open ON invitation (tenant_id, expires_at) WHERE ended_at IS NULL;
CREATE INDEX management_client_active ON management_client (tenant_id) WHERE status = 'active';
