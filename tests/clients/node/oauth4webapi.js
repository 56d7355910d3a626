/* oauth4webapi gets tokens, and its resource server's check of RFC 9068 accepts them. */

import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';

import { environmentsAndOthers } from './issuers.js';
import { verifiedClaims } from './verification.js';

const METHODS = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost };
const INSECURE = { [oauth.allowInsecureRequests]: true };

for (const [environment, other] of await environmentsAndOthers()) {
  const server = await discover(environment);
  const otherServer = await discover(other);
  for (const [method, authentication] of Object.entries(METHODS)) {
    for (const dialect of ['standard', 'standard-metrics']) {
      const client = environment.clients[dialect];
      const endpoint = { ...server, token_endpoint: environment.tokenEndpoints[dialect] };
      const token = await getsAToken(endpoint, client, authentication);
      await verifiedClaims(token, environment, other, client);
      await isAccepted(token, server, client);
      await assert.rejects(isAccepted(token, { ...otherServer, issuer: server.issuer }, client), /no applicable key/);
      console.log(`ok: oauth4webapi, ${environment.name}, ${dialect}, ${method}`);
    }
  }
}

async function discover(environment) {
  const issuer = new URL(environment.issuer);
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE });
  return oauth.processDiscoveryResponse(issuer, answer);
}

async function getsAToken(server, client, authentication) {
  const scope = client.scopes.join(' ');
  const proof = authentication(client.client_secret);
  const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, { scope }, INSECURE);
  const token = await oauth.processClientCredentialsResponse(server, client, answer);
  assert.equal(token.scope, scope);
  assert.ok(token.expires_in > 0);
  return token.access_token;
}

/** What a resource server does with a request that carries the token. */
async function isAccepted(token, server, client) {
  const request = new Request('http://resource.invalid/', { headers: { authorization: `Bearer ${token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, server.issuer, INSECURE);
  assert.equal(claims.client_id, client.client_id);
}
