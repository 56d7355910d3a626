/* oidc-provider (https://github.com/panva/node-oidc-provider) with what Mintmark has too, over TLS, its data in memory. */

import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { errors, Provider } from 'oidc-provider';

import { API, identity, judged, OPAQUE } from './mintmark.js';

// It is written for newer versions of Node than 20.
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

/** What Mintmark and this provider have in common, by the names of the library's metadata. */
const COMMON = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope: 'edit read' };

/** Starts it with these clients, given in the form of RFC 7591, and gives its issuer. */
export async function startPeer(clients, serving) {
  const ca = readFileSync(judged.certificates.clients_authority);
  const server = createServer({ ...identity('server'), ca, requestCert: true, rejectUnauthorized: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `https://localhost:${server.address().port}`;
  const provider = new Provider(issuer, configuration(clients, serving, issuer));
  provider.on('server_error', (_context, error) => console.error(error));
  server.on('request', provider.callback());
  return { issuer, close: () => server.close() };
}

function configuration(clients, serving, issuer) {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return {
    clients: clients.map((client) => ({ ...COMMON, id_token_signed_response_alg: 'ES256', ...client })),
    scopes: ['edit', 'read'],
    ttl: { ClientCredentials: 3600 },
    jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    routes: { token: '/oauth/token', introspection: '/oauth/introspect', revocation: '/oauth/revoke' },
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'ES256', 'PS256', 'EdDSA'],
      dPoPSigningAlgValues: ['ES256', 'PS256', 'EdDSA'],
    },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_context, client, token) => mayKnow(client, token, serving) },
      revocation: { enabled: true },
      // Mintmark asks every proof for a nonce.
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate,
        certificateAuthorized: (context) => context.socket.authorized,
        certificateSubjectMatches: (context, property, expected) =>
          property === 'tls_client_auth_san_dns' && getCertificate(context).subjectAltName === `DNS:${expected}`,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_context, _client, oneOf) => oneOf ?? issuer,
        getResourceServerInfo: (_context, resource) => resourceServer(resource, issuer),
      },
    },
  };
}

function getCertificate(context) {
  const raw = context.socket.getPeerCertificate()?.raw;
  return raw && new X509Certificate(raw);
}

/** As Mintmark decides it: the token's client, and who serves the resource that it is for. */
function mayKnow(client, token, serving) {
  return token.clientId === client.clientId || (serving[client.clientId] ?? []).includes(token.aud);
}

function resourceServer(resource, issuer) {
  const scopes = { [issuer]: 'edit read', [API]: 'edit', [OPAQUE]: 'edit' };
  if (!Object.hasOwn(scopes, resource)) throw new errors.InvalidTarget();
  const form =
    resource === OPAQUE ? { accessTokenFormat: 'opaque' } : { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
  return { scope: scopes[resource], audience: resource, ...form };
}
