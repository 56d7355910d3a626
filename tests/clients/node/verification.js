/* Verifies an access token with jose through the issuer's JWKS, and shows what it must refuse. */

import assert from 'node:assert/strict';
import { base64url, createRemoteJWKSet, errors, importJWK, jwtVerify } from 'jose';

const REQUIRED_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'];
const [PAYLOAD, SIGNATURE] = [1, 2];

/** The claims of a good token, after the same token was refused under foreign keys and with flipped bits. */
export async function verifiedClaims(token, environment, other, client, algorithm = 'ES256') {
  const keys = createRemoteJWKSet(new URL(environment.metadata.jwks_uri));
  const options = {
    issuer: environment.issuer,
    audience: environment.issuer,
    typ: 'at+jwt',
    algorithms: [algorithm],
    requiredClaims: REQUIRED_CLAIMS,
  };

  const { payload } = await jwtVerify(token, keys, options);
  assert.equal(payload.aud, environment.issuer, 'one audience is written as a string');
  assert.equal(payload.sub, client.client_id);
  assert.equal(payload.client_id, client.client_id);

  await keysOfTheOtherEnvironmentRefuse(token, other, options);
  await aFlippedBitIsRefused(token, keys, options);
  return payload;
}

async function keysOfTheOtherEnvironmentRefuse(token, other, options) {
  const uri = new URL(other.metadata.jwks_uri);
  await assert.rejects(jwtVerify(token, createRemoteJWKSet(uri), options), errors.JWKSNoMatchingKey);
  // A key id is only a name: the keys themselves must refuse the signature too.
  const [algorithm] = options.algorithms;
  const jwks = await (await fetch(uri)).json();
  const keys = jwks.keys.filter((key) => key.alg === algorithm);
  assert.notEqual(keys.length, 0, `${other.name} has no ${algorithm} key to try`);
  for (const key of keys) {
    const imported = await importJWK(key, algorithm);
    await assert.rejects(jwtVerify(token, imported, options), errors.JWSSignatureVerificationFailed);
  }
}

async function aFlippedBitIsRefused(token, keys, options) {
  for (const part of [PAYLOAD, SIGNATURE]) {
    for (const changed of withFlippedBits(token, part)) {
      await assert.rejects(jwtVerify(changed, keys, options), errors.JWSSignatureVerificationFailed);
    }
  }
}

/** The token once per byte of the part, with one bit of that byte flipped. */
function* withFlippedBits(token, part) {
  const parts = token.split('.');
  const original = base64url.decode(parts[part]);
  for (const index of original.keys()) {
    const data = Uint8Array.from(original);
    data[index] ^= 1 << (index % 8);
    yield parts.with(part, base64url.encode(data)).join('.');
  }
}
