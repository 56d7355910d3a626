/*
 * The fleet's program in Node: gets tokens with openid-client, one client after the other.
 *
 *   node client.js FLEET.json
 *
 * Prints a line for each request: `ok CLIENT` or `failed CLIENT WHY`. It ends when nobody reads them any more.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { allowInsecureRequests, clientCredentialsGrant, ClientSecretPost, Configuration } from 'openid-client';

const fleet = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const scopes = (text) => text.split(' ').sort();

process.stdout.on('error', () => process.exit());
for (let count = 0; count < fleet.most_requests; count++) {
  const client = fleet.clients[count % fleet.clients.length];
  try {
    check(await token(client));
    console.log(`ok ${client.client_id}`);
  } catch (error) {
    const why = [error.message, error.code, error.error, error.cause?.message].filter(Boolean).join(', ');
    console.log(`failed ${client.client_id} ${why.replaceAll('\n', ' ')}`);
  }
}

function token({ client_id: id, client_secret: secret }) {
  const server = { issuer: new URL(fleet.token_endpoint).origin, token_endpoint: fleet.token_endpoint };
  const configuration = new Configuration(server, id, secret, ClientSecretPost(secret));
  // As for local tests of any OAuth client that insists on TLS.
  allowInsecureRequests(configuration);
  return clientCredentialsGrant(configuration, { scope: fleet.scope });
}

function check(answer) {
  // The library refuses other statuses than 200, and answers without a token.
  assert.match(answer.access_token, /^[A-Za-z0-9._~+/-]{20,}=*$/);
  assert.equal(answer.token_type, 'bearer', 'the library lower-cases it');
  assert.equal(answer.expires_in, fleet.expires_in);
  assert.deepEqual(scopes(answer.scope), scopes(fleet.scope));
}
