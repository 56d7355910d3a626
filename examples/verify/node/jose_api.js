// A small API that lets in whoever brings an access token for it. Verified with jose.
//
// ISSUER=https://auth.example.com AUDIENCE=https://api.example.com PORT=8000 node jose_api.js

import { createServer } from "node:http";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const { ISSUER, AUDIENCE, PORT } = process.env;
const JWKS_URI = process.env.JWKS_URI ?? `${ISSUER}/.well-known/jwks.json`;
const SCOPE = "ledger:read";
// Keys are asked for every five minutes, and held for a day while nobody answers. A new key is published 15 minutes before it signs.
const REFRESH_MILLISECONDS = 300_000;
const HOLD_MILLISECONDS = 86_400_000;

const keys = createRemoteJWKSet(new URL(JWKS_URI), { cacheMaxAge: HOLD_MILLISECONDS, timeoutDuration: 5_000 });
setInterval(
  () => keys.reload().catch((error) => console.warn(`the keys that are held go on: ${error.message}`)),
  REFRESH_MILLISECONDS,
).unref();

const rules = {
  issuer: ISSUER,
  audience: AUDIENCE,
  // What the environment signs with, and nothing else: never what the token says of itself (RFC 8725 section 3.1).
  algorithms: ["ES256"],
  // Other JWTs have the same issuer and key (RFC 9068 section 4).
  typ: "at+jwt",
  requiredClaims: ["sub", "exp", "iat", "jti", "client_id"],
  clockTolerance: 30,
};

class Refused extends Error {
  constructor(status, challenge) {
    super(`refused: ${status}`);
    Object.assign(this, { status, challenge });
  }
}

/** The claims of the caller's token, if it is good here and allows `scope`. */
async function authorize(authorization = "", scope) {
  const [, token] = /^bearer +([^ ]+)$/i.exec(authorization) ?? [];
  if (!token) throw new Refused(401, "Bearer");
  const claims = await verify(token);
  if (!(claims.scope ?? "").split(" ").includes(scope)) {
    throw new Refused(403, `Bearer error="insufficient_scope", scope="${scope}"`);
  }
  return claims;
}

async function verify(token) {
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    // One that is bound to a key or certificate is not for bearers.
    if (!payload.cnf) return payload;
  } catch (error) {
    // What is no error about the token or its key: the keys could not be fetched.
    const isAboutToken = error instanceof errors.JOSEError && error.code !== "ERR_JOSE_GENERIC";
    if (!isAboutToken || error instanceof errors.JWKSTimeout) throw new Refused(503);
    console.info(`refused: ${error.message}`);
  }
  throw new Refused(401, 'Bearer error="invalid_token"');
}

createServer(async (request, response) => {
  try {
    const { client_id, tenant_id, business_id = null, scope } = await authorize(request.headers.authorization, SCOPE);
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ client_id, tenant_id, business_id, scope }));
  } catch (error) {
    if (error.challenge) response.setHeader("WWW-Authenticate", error.challenge);
    response.writeHead(error.status ?? 500).end();
  }
}).listen(Number(PORT), "127.0.0.1");
