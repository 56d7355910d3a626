/*
 * oidc-provider (https://github.com/panva/node-oidc-provider) with client credentials and otherwise as it is by default: tokens are
 * opaque and live ten minutes. Serves the clients of a file at a free port of this machine, and prints the port; the issuer is the
 * address that clients know.
 *
 *   node serve.js CLIENTS.json ISSUER
 */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

// It is written for newer versions of Node than 20.
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const [clients, issuer] = process.argv.slice(2);
const provider = new Provider(issuer, {
  clients: JSON.parse(readFileSync(clients, 'utf8')),
  scopes: ['read', 'write'],
  jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
provider.on('server_error', (_context, error) => console.error(error));
server.on('request', provider.callback());
console.log(server.address().port);
