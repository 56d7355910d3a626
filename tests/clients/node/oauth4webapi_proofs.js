/*
 * oauth4webapi proves a client in every way it knows, has tokens bound to keys and certificates, introspects and revokes them, and
 * accepts them as a resource server.
 */

import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, importJWK, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';

import {
  API,
  createClient,
  createService,
  fetchWith,
  grant,
  identity,
  judged,
  mintmark,
  newKey,
  OPAQUE,
} from './mintmark.js';

const issuer = new URL(judged.issuer);
const server = await discover();
const keys = createRemoteJWKSet(new URL(server.jwks_uri));
const service = createService(API, OPAQUE);
const servicesProof = oauth.ClientSecretBasic(service.client_secret);

await everyAssertionAlgorithm();
await aSharedKey();
await assertionsAreUsedOnce();
await dpopWithNonces();
await dpopIsRequired();
await certificates();
await introspectionAndRevocation();

async function discover() {
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' });
  const metadata = await oauth.processDiscoveryResponse(issuer, answer);
  // RFC 8414: what the rest of this program relies on is announced.
  const methods = [
    'client_secret_basic',
    'client_secret_jwt',
    'client_secret_post',
    'private_key_jwt',
    'self_signed_tls_client_auth',
    'tls_client_auth',
  ];
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    assert.deepEqual(metadata[`${endpoint}_endpoint_auth_methods_supported`].toSorted(), methods);
    const algorithms = metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`];
    assert.ok(['ES256', 'PS256', 'EdDSA', 'HS256'].every((alg) => algorithms.includes(alg)) && !algorithms.includes('none'));
  }
  assert.ok(metadata.dpop_signing_alg_values_supported.includes('ES256'));
  assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  return metadata;
}

async function token(client, proof, parameters = {}, options = {}) {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, proof, { scope: 'edit', ...parameters }, options);
  return oauth.processClientCredentialsResponse(server, client, answer, options);
}

function refusedWith(error) {
  return (thrown) => thrown instanceof oauth.ResponseBodyError && thrown.error === error;
}

/** What a resource server makes of a request with this token. */
function accepted(text, headers = {}, options = {}) {
  const scheme = headers.dpop ? 'DPoP' : 'Bearer';
  const sent = new Request(`${judged.issuer}/orders?page=2`, {
    headers: { authorization: `${scheme} ${text}`, ...headers },
  });
  return oauth.validateJwtAccessToken(server, sent, judged.issuer, options);
}

async function everyAssertionAlgorithm() {
  for (const alg of ['ES256', 'PS256', 'RS256', 'EdDSA']) {
    const { privateJwk, file } = newKey(alg);
    const client = createClient(alg, '--jwk', file);
    const key = await importJWK(privateJwk, alg);
    const proof = oauth.PrivateKeyJwt({ key, kid: privateJwk.kid });
    const { access_token } = await token(client, proof);
    assert.equal((await accepted(access_token)).client_id, client.client_id);
    await token(client, oauth.PrivateKeyJwt(key));

    const other = await importJWK(newKey(alg).privateJwk, alg);
    await assert.rejects(token(client, oauth.PrivateKeyJwt({ key: other, kid: privateJwk.kid })), isUnauthenticated);
    await assert.rejects(token(client, oauth.PrivateKeyJwt({ key, kid: 'another' })), isUnauthenticated);
    console.log(`ok: private_key_jwt, ${alg}`);
  }
}

function isUnauthenticated(thrown) {
  // RFC 6749 section 5.2: 401, and with a challenge only where the client used the header. The library throws another error then.
  if (thrown instanceof oauth.WWWAuthenticateChallengeError) return thrown.status === 401;
  return thrown instanceof oauth.ResponseBodyError && thrown.error === 'invalid_client' && thrown.status === 401;
}

async function aSharedKey() {
  const client = createClient('Shared');
  const { shared_key: shared } = mintmark('credential', 'add-shared-key', client.client_id, '--environment', 'sandbox');
  const { access_token } = await token(client, oauth.ClientSecretJwt(shared));
  assert.equal((await accepted(access_token)).client_id, client.client_id);
  await assert.rejects(token(client, oauth.ClientSecretJwt(client.client_secret)), isUnauthenticated);
  console.log('ok: client_secret_jwt');
}

async function assertionsAreUsedOnce() {
  const { privateJwk, file } = newKey('ES256');
  const client = createClient('Once', '--jwk', file);
  const key = await importJWK(privateJwk, 'ES256');
  const changed = (change) => oauth.PrivateKeyJwt(key, { [oauth.modifyAssertion]: (_header, claims) => change(claims) });
  const once = changed((claims) => Object.assign(claims, { jti: 'the same' }));
  await token(client, once);
  await assert.rejects(token(client, once), isUnauthenticated);

  const audience = (aud) => changed((claims) => Object.assign(claims, { aud }));
  await assert.rejects(token(client, audience(server.token_endpoint)), isUnauthenticated);
  await assert.rejects(token(client, audience([judged.issuer, 'https://other.example'])), isUnauthenticated);
  mintmark('client', 'update', client.client_id, '--assertion-audience', 'legacy');
  await eventually(() => token(client, audience(server.token_endpoint)));
  console.log('ok: assertions, once and for the issuer');
}

/** Until the node has heard of a change, which takes it one poll of the change feed. */
async function eventually(step) {
  for (let left = 200; ; left -= 1) {
    try {
      return await step();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function dpopWithNonces() {
  for (const alg of ['ES256', 'PS256', 'EdDSA']) {
    const client = createClient(`DPoP ${alg}`);
    const proof = oauth.ClientSecretBasic(client.client_secret);
    const pair = await oauth.generateKeyPair(alg);
    const DPoP = oauth.DPoP(client, pair);
    const first = await token(client, proof, {}, { DPoP }).then(assert.fail, (error) => error);
    assert.ok(oauth.isDPoPNonceError(first), String(first));
    // The handle has taken the nonce from the answer (RFC 9449 section 8).
    const bound = await token(client, proof, {}, { DPoP });
    assert.equal(bound.token_type, 'dpop');
    assert.equal(decodeJwt(bound.access_token).cnf.jkt, await DPoP.calculateThumbprint());
    await token(client, proof, {}, { DPoP });
    await isAcceptedWithItsProofAlone(client, bound.access_token, pair);
    console.log(`ok: DPoP, ${alg}`);
  }
}

/** RFC 9449 section 7, by the library's resource server. */
async function isAcceptedWithItsProofAlone(client, text, pair) {
  const proofOf = async (keys, url = `${judged.issuer}/orders?page=1`) => {
    let sent;
    const spy = {
      DPoP: oauth.DPoP(client, keys),
      [oauth.customFetch]: async (_url, init) => {
        sent = new Headers(init.headers).get('dpop');
        return new Response(null, { status: 204 });
      },
    };
    await oauth.protectedResourceRequest(text, 'GET', new URL(url), undefined, undefined, spy);
    return sent;
  };
  await accepted(text, { dpop: await proofOf(pair) }, { requireDPoP: true });
  const others = await oauth.generateKeyPair('ES256');
  await assert.rejects(accepted(text, { dpop: await proofOf(others) }));
  await assert.rejects(accepted(text, { dpop: await proofOf(pair, `${judged.issuer}/other`) }));
  await assert.rejects(accepted(text), /DPoP/, 'without a proof');
}

async function dpopIsRequired() {
  const client = createClient('Bound', '--token-binding', 'dpop');
  const proof = oauth.ClientSecretBasic(client.client_secret);
  await assert.rejects(token(client, proof), refusedWith('invalid_dpop_proof'));
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const nonceNeeded = await token(client, proof, {}, { DPoP }).then(assert.fail, (error) => error);
  assert.ok(oauth.isDPoPNonceError(nonceNeeded));
  assert.equal((await token(client, proof, {}, { DPoP })).token_type, 'dpop');
  console.log('ok: DPoP, required');
}

async function certificates() {
  const bind = ['--token-binding', 'certificate'];
  const byName = createClient('Named', '--certificate-name', `dns=${judged.client_name}`, ...bind);
  const byCertificate = createClient('Own', '--certificate', judged.certificates.self_signed.certificate, ...bind);
  const good = [
    [byName, 'trusted'],
    [byCertificate, 'self_signed'],
  ];
  for (const [client, name] of good) {
    const options = { [oauth.customFetch]: fetchWith(identity(name)) };
    const { access_token } = await token(client, oauth.TlsClientAuth(), {}, options);
    // The library cannot check such a binding, and so refuses the token as it should (RFC 7800 section 3.1).
    await assert.rejects(accepted(access_token), oauth.UnsupportedOperationError);
    const { payload: claims } = await jwtVerify(access_token, keys, { issuer: judged.issuer, typ: 'at+jwt' });
    assert.equal(claims.client_id, client.client_id);
    assert.equal(claims.cnf['x5t#S256'], thumbprint(identity(name).cert), 'RFC 8705 section 3');
    const seen = await introspect(access_token, client, oauth.TlsClientAuth(), options);
    assert.equal(seen.cnf['x5t#S256'], claims.cnf['x5t#S256']);
  }
  const bad = [
    [byName, 'trusted_other'],
    [byName, 'self_signed'],
    [byCertificate, 'self_signed_other'],
    [byCertificate, 'trusted'],
  ];
  for (const [client, name] of bad) {
    const options = { [oauth.customFetch]: fetchWith(identity(name)) };
    await assert.rejects(token(client, oauth.TlsClientAuth(), {}, options), isUnauthenticated, name);
  }
  await assert.rejects(token(byName, oauth.TlsClientAuth()), isUnauthenticated, 'no certificate');

  // RFC 8705 section 3: a client with another proof has its tokens bound too, if it says so.
  const bound = createClient('Both', '--token-binding', 'certificate');
  const proof = oauth.ClientSecretPost(bound.client_secret);
  const options = { [oauth.customFetch]: fetchWith(identity('self_signed_other')) };
  const { access_token } = await token(bound, proof, {}, options);
  assert.equal(decodeJwt(access_token).cnf['x5t#S256'], thumbprint(identity('self_signed_other').cert));
  await assert.rejects(token(bound, proof), refusedWith('unauthorized_client'));
  console.log('ok: certificates');
}

function thumbprint(pem) {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('base64url');
}

async function introspect(text, client, proof, options = {}) {
  const answer = await oauth.introspectionRequest(server, client, proof, text, options);
  return oauth.processIntrospectionResponse(server, client, answer);
}

async function introspectionAndRevocation() {
  const { privateJwk, file } = newKey('ES256');
  const client = grant(createClient('Owner', '--jwk', file), API, OPAQUE);
  const proof = oauth.PrivateKeyJwt({ key: await importJWK(privateJwk, 'ES256'), kid: privateJwk.kid });
  const stranger = createClient('Stranger');
  const strangersProof = oauth.ClientSecretBasic(stranger.client_secret);
  for (const resource of [API, OPAQUE]) {
    const { access_token } = await token(client, proof, { resource });
    const ours = await introspect(access_token, client, proof);
    const theirs = await introspect(access_token, service, servicesProof);
    for (const seen of [ours, theirs]) {
      assert.equal(seen.active, true);
      assert.equal(seen.client_id, client.client_id);
      assert.equal(seen.iss, judged.issuer);
      assert.equal(seen.aud, resource);
      assert.equal(seen.scope, 'edit');
      assert.equal(seen.token_type, 'Bearer');
    }
    const { active, ...rest } = await introspect(access_token, stranger, strangersProof);
    assert.deepEqual([active, rest], [false, {}]);

    await revoke(access_token, stranger, strangersProof);
    assert.equal((await introspect(access_token, client, proof)).active, true, 'a stranger ends nothing');
    await revoke(access_token, client, proof);
    for (const [asker, askersProof] of [
      [client, proof],
      [service, servicesProof],
    ]) {
      await eventually(async () => assert.deepEqual(await introspect(access_token, asker, askersProof), { active: false }));
    }
    await revoke(access_token, client, proof);
  }
  await revoke('no token', client, proof);
  const wrong = oauth.ClientSecretPost('wrong');
  await assert.rejects(introspect('no token', stranger, wrong), isUnauthenticated);
  await assert.rejects(revoke('no token', stranger, wrong), isUnauthenticated);
  console.log('ok: introspection and revocation');
}

async function revoke(text, client, proof) {
  return oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, text));
}
