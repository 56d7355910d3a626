/* openid-client discovers each environment and gets tokens with Basic and with body credentials. */

import assert from 'node:assert/strict';
import {
  ClientSecretBasic,
  ClientSecretPost,
  ResponseBodyError,
  allowInsecureRequests,
  clientCredentialsGrant,
  discovery,
} from 'openid-client';

import { environmentsAndOthers } from './issuers.js';
import { verifiedClaims } from './verification.js';

const METHODS = { client_secret_basic: ClientSecretBasic, client_secret_post: ClientSecretPost };

for (const [environment, other] of await environmentsAndOthers()) {
  for (const [method, authentication] of Object.entries(METHODS)) {
    await getsAToken(environment, other, method, authentication);
    await isRefusedByTheOtherEnvironment(environment, other, authentication);
  }
}

async function getsAToken(environment, other, method, authentication) {
  const client = environment.clients.standard;
  const server = await discover(environment, client, authentication);
  assert.ok(server.serverMetadata().token_endpoint_auth_methods_supported.includes(method));

  const scope = client.scopes.join(' ');
  const answer = await clientCredentialsGrant(server, { scope });
  const claims = await verifiedClaims(answer.access_token, environment, other, client);
  assert.equal(answer.token_type, 'bearer', 'the library lower-cases it');
  assert.equal(answer.expires_in, claims.exp - claims.iat);
  assert.equal(answer.scope, scope);
  assert.equal(claims.scope, scope);
  console.log(`ok: openid-client, ${environment.name}, ${method}`);
}

async function isRefusedByTheOtherEnvironment(environment, other, authentication) {
  const server = await discover(other, environment.clients.standard, authentication);
  await assert.rejects(
    clientCredentialsGrant(server),
    // With a challenge in the answer the library may report that instead of the body.
    (error) => error.status === 401 && (!(error instanceof ResponseBodyError) || error.error === 'invalid_client'),
  );
}

function discover(environment, client, authentication) {
  const { client_id: id, client_secret: secret } = client;
  const options = { algorithm: 'oauth2', execute: [allowInsecureRequests] };
  return discovery(new URL(environment.issuer), id, secret, authentication(secret), options);
}
