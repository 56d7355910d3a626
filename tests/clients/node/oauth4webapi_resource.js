/*
 * oauth4webapi uses a token that is bound to its key at a service, which mintmark-verify guards (RFC 9449 section 7). The second
 * argument is the service's URL.
 */

import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';

import { environmentsAndOthers } from './issuers.js';

const INSECURE = { [oauth.allowInsecureRequests]: true };
const service = process.argv[3];
const [environment] = (await environmentsAndOthers()).find(([one]) => one.name === 'sandbox');
const client = environment.clients.standard;
const pair = await oauth.generateKeyPair('ES256');
const DPoP = oauth.DPoP(client, pair);

const token = await boundToken();
await retriesWithTheServicesNonce();
await isRefusedWithoutItsProof();
await aProofIsForOneRequest();
await bearerTokensPassBesides();
await theBusinessApiTakesOne();

async function tokenOf(options) {
  const server = environment.metadata;
  const proof = oauth.ClientSecretBasic(client.client_secret);
  const scope = client.scopes.join(' ');
  const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, { scope }, { ...INSECURE, ...options });
  return oauth.processClientCredentialsResponse(server, client, answer, options);
}

async function boundToken() {
  const error = await tokenOf({ DPoP }).then(assert.fail, (thrown) => thrown);
  assert.ok(oauth.isDPoPNonceError(error), String(error));
  return (await tokenOf({ DPoP })).access_token;
}

function ask(path, handle = DPoP, more = {}) {
  const options = { ...INSECURE, DPoP: handle, ...more };
  return oauth.protectedResourceRequest(token, 'GET', new URL(path, service), undefined, undefined, options);
}

/** An answer of RFC 9449 section 7.1 that asks for a token of one scheme. */
function challengedWith(scheme) {
  return (thrown) => {
    assert.ok(thrown instanceof oauth.WWWAuthenticateChallengeError, String(thrown));
    const [only, ...others] = thrown.cause;
    assert.deepEqual([thrown.status, only.scheme, others], [401, scheme, []]);
    assert.equal(only.parameters.error, 'invalid_token');
    assert.equal(only.parameters.algs?.split(' ').includes('ES256') ?? false, scheme === 'dpop');
    return true;
  };
}

/** The issuer's nonce is not the service's, and the library keeps them apart (RFC 9449 section 9). */
async function retriesWithTheServicesNonce() {
  const first = await ask('/orders').then(assert.fail, (thrown) => thrown);
  assert.ok(oauth.isDPoPNonceError(first), String(first));
  for (const path of ['/orders', '/orders?page=2', '/other']) {
    const answer = await ask(path);
    assert.equal(answer.status, 200, path);
  }
  console.log('ok: DPoP at a service, with its nonce');
}

async function isRefusedWithoutItsProof() {
  const asBearer = await fetch(new URL('/orders', service), { headers: { authorization: `Bearer ${token}` } });
  assert.equal(asBearer.status, 401, 'a bound token is no bearer token');
  const bare = await fetch(new URL('/orders', service), { headers: { authorization: `DPoP ${token}` } });
  assert.equal(bare.status, 401);
  await assert.rejects(ask('/orders', oauth.DPoP(client, await oauth.generateKeyPair('ES256'))), challengedWith('dpop'));
  console.log('ok: not without its proof');
}

async function aProofIsForOneRequest() {
  let sent;
  const keep = (_url, init) => {
    sent = new Headers(init.headers);
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  await ask('/orders', DPoP, { [oauth.customFetch]: keep });
  const send = (path, options) => fetch(new URL(path, service), { headers: sent, ...options });
  const statuses = [];
  // For another path, by another method, then as it was meant, and once more.
  for (const [path, method] of [
    ['/other', 'GET'],
    ['/orders', 'POST'],
    ['/orders', 'GET'],
    ['/orders', 'GET'],
  ]) {
    statuses.push((await send(path, { method })).status);
  }
  assert.deepEqual(statuses, [401, 401, 200, 401]);
  const another = (await tokenOf({ DPoP })).access_token;
  await ask('/orders', DPoP, { [oauth.customFetch]: keep });
  sent.set('authorization', `DPoP ${another}`);
  assert.equal((await send('/orders', {})).status, 401, 'ath is of another token');
  console.log('ok: a proof is for one request');
}

async function bearerTokensPassBesides() {
  const { access_token: bearer } = await tokenOf({});
  const asked = (text, options) =>
    oauth.protectedResourceRequest(text, 'GET', new URL('/orders', service), undefined, undefined, {
      ...INSECURE,
      ...options,
    });
  assert.equal((await asked(bearer, {})).status, 200);
  // A proof does not make it a bound one.
  await assert.rejects(asked(bearer, { DPoP }), challengedWith('bearer'));
  console.log('ok: bearer tokens');
}

async function theBusinessApiTakesOne() {
  const url = new URL('/v0/business', environment.issuer);
  const options = { ...INSECURE, DPoP };
  const answer = await oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, options).then(
    (response) => response.status,
    (thrown) => thrown.status,
  );
  assert.equal(answer, 200);
  console.log('ok: DPoP at the business API');
}
