/* The requests of the three providers' documents, sent with plain fetch, and their tokens verified with jose. */

import assert from 'node:assert/strict';

import { environmentsAndOthers } from './issuers.js';
import { verifiedClaims } from './verification.js';

for (const [environment, other] of await environmentsAndOthers()) {
  for (const check of [asset, assetForABusiness, assetForSomeScopes, standardMetrics, firstVision]) {
    await check(environment, other);
    console.log(`ok: fetch, ${environment.name}, ${check.name}`);
  }
}

async function asset(environment, other) {
  const claims = await assetClaims(environment, other, {});
  const granted = environment.clients.asset.scopes;
  assert.deepEqual(claims.scope.split(' ').sort(), granted.toSorted(), 'no scope asked means all that is granted');
  assert.equal(claims.business_id, undefined);
}

async function assetForABusiness(environment, other) {
  const { business_id } = environment.clients.asset;
  const claims = await assetClaims(environment, other, { business_id });
  assert.equal(claims.business_id, business_id);
}

async function assetForSomeScopes(environment, other) {
  const scope = 'ledger:create ledger:update ledger:read';
  const claims = await assetClaims(environment, other, { scope });
  assert.deepEqual(claims.scope.split(' ').sort(), scope.split(' ').sort());
}

async function assetClaims(environment, other, fields) {
  const client = environment.clients.asset;
  const { client_id, client_secret } = client;
  const answer = await post(environment.tokenEndpoints.asset, {
    body: new URLSearchParams({ client_id, client_secret, ...fields }),
  });
  assert.deepEqual(Object.keys(answer), ['access_token', 'token_type', 'expires_in']);
  assert.equal(answer.token_type, 'Bearer');
  const claims = await verifiedClaims(answer.access_token, environment, other, client);
  assert.equal(answer.expires_in, claims.exp, 'a unix timestamp, not a number of seconds');
  assert.equal(claims.exp - claims.iat, 3600);
  return claims;
}

async function standardMetrics(environment, other) {
  const client = environment.clients['standard-metrics'];
  const answer = await post(environment.tokenEndpoints['standard-metrics'], {
    headers: { authorization: basic(client) },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  assert.deepEqual(Object.keys(answer), ['access_token', 'expires_in', 'token_type', 'scope']);
  assert.equal(answer.token_type, 'Bearer');
  const claims = await verifiedClaims(answer.access_token, environment, other, client);
  assert.equal(answer.expires_in, 3600);
  assert.equal(claims.exp - claims.iat, 3600);
  assert.equal(answer.scope, 'all read write');
  assert.equal(claims.scope, answer.scope);
}

async function firstVision(environment, other) {
  const client = environment.clients.firstvision;
  for (const scope of ['edit', 'all']) {
    const endpoint = `${environment.tokenEndpoints.firstvision}?scope=${scope}`;
    const answer = await post(endpoint, { headers: { authorization: basic(client) } });
    assert.deepEqual(Object.keys(answer), ['access_token', 'expires_in', 'token_type']);
    assert.equal(answer.token_type, 'Bearer');
    const claims = await verifiedClaims(answer.access_token, environment, other, client, 'RS256');
    assert.equal(answer.expires_in, claims.exp, 'a unix timestamp, not a number of seconds');
    assert.equal(claims.exp - claims.iat, 7200);
    assert.equal(claims.scope, scope);
    assert.ok(claims.firstVisionId, 'the user id bound to the client');
  }
}

async function post(url, request) {
  const answer = await fetch(url, { method: 'POST', ...request });
  assert.equal(answer.status, 200, `${url}: ${await answer.clone().text()}`);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return answer.json();
}

function basic({ client_id, client_secret }) {
  return `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
}
