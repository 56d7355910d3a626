/*
 * The environments of a running server: what `mintmark dev --json` says of them, and what their own metadata says.
 *
 * Each script takes one argument, a file that holds the line printed by `mintmark dev --json`.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** Each environment together with one that is not it. */
export async function environmentsAndOthers() {
  const document = JSON.parse(await readFile(process.argv[2], 'utf8'));
  const environments = await Promise.all(document.environments.map((entry) => environment(entry, document.clients)));
  assert.equal(environments.length, 2, 'mintmark dev has a sandbox and a production environment');
  return [environments, environments.toReversed()];
}

async function environment(entry, clients) {
  const metadata = await metadataOf(entry.issuer);
  assert.equal(metadata.jwks_uri, entry.jwks_uri);
  assert.equal(metadata.token_endpoint, entry.token_endpoints.standard);
  const own = clients.filter((client) => client.environment === entry.name);
  return {
    name: entry.name,
    issuer: entry.issuer,
    metadata,
    tokenEndpoints: entry.token_endpoints,
    clients: Object.fromEntries(own.map((client) => [client.dialect, client])),
  };
}

async function metadataOf(issuer) {
  const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
  assert.equal(answer.status, 200, `metadata of ${issuer}`);
  const metadata = await answer.json();
  assert.equal(metadata.issuer, issuer, 'RFC 8414 section 3.3: the issuer is the one that was asked');
  return metadata;
}
