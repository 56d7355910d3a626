/*
 * Mintmark beside oidc-provider: each request of exchanges.js goes to both, and docs/comparison.md has to explain every difference, and
 * nothing that is none.
 */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { exchanges } from './exchanges.js';
import { API, createClient, createService, grant, identity, judged, mintmark, newKey, OPAQUE } from './mintmark.js';
import { startPeer } from './peer.js';
import { Server } from './wire.js';

const clients = makeClients();
const peer = await startPeer(Object.values(clients).map(registration), { [clients.service.client_id]: [API, OPAQUE] });
const servers = [new Server(judged.issuer, clients), new Server(peer.issuer, clients)];
const found = new Map();
for (const [name, exchange] of Object.entries(exchanges)) {
  const answers = await Promise.all(servers.map((server) => exchange(server)));
  found.set(name, answers);
}
peer.close();
const wrong = compare(found, explained());
const differing = [...found.values()].filter(([ours, theirs]) => ours !== theirs).length;
console.log(`${found.size} requests, ${differing} of them answered differently`);
if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  process.exitCode = 1;
}

/** Made by Mintmark's command line; the provider gets the same names, secrets and keys. */
function makeClients() {
  const [es256, ps256] = ['ES256', 'PS256'].map((alg) => ({ alg, ...newKey(alg) }));
  const { certificate } = judged.certificates.self_signed;
  const shared = createClient('Shared');
  shared.client_secret = mintmark('credential', 'add-shared-key', shared.client_id, '--environment', 'sandbox').shared_key;
  return {
    basic: { ...grant(createClient('Basic'), API, OPAQUE), method: 'client_secret_basic' },
    post: { ...createClient('Post'), method: 'client_secret_post' },
    shared: { ...shared, method: 'client_secret_jwt' },
    es256: { ...createClient('ES256', '--jwk', es256.file), key: es256, method: 'private_key_jwt' },
    ps256: { ...createClient('PS256', '--jwk', ps256.file), key: ps256, method: 'private_key_jwt' },
    named: { ...createClient('Named', '--certificate-name', `dns=${judged.client_name}`), method: 'tls_client_auth' },
    own: { ...createClient('Own', '--certificate', certificate), method: 'self_signed_tls_client_auth' },
    bound: { ...createClient('Bound', '--token-binding', 'dpop'), method: 'client_secret_basic', dpop: true },
    certified: {
      ...createClient('Certified', '--token-binding', 'certificate'),
      method: 'client_secret_basic',
      certificate: true,
    },
    service: { ...createService(API, OPAQUE), method: 'client_secret_basic' },
    stranger: { ...createClient('Stranger'), method: 'client_secret_basic' },
  };
}

/** A client in the words of RFC 7591. */
function registration({ client_id, client_secret, method, key, dpop = false, certificate = false }) {
  const proofs = {
    client_secret_basic: { client_secret },
    client_secret_post: { client_secret },
    client_secret_jwt: { client_secret, token_endpoint_auth_signing_alg: 'HS256' },
    private_key_jwt: key && { jwks: { keys: [key.publicJwk] }, token_endpoint_auth_signing_alg: key.alg },
    tls_client_auth: { tls_client_auth_san_dns: judged.client_name },
    self_signed_tls_client_auth: { jwks: { keys: [certificateKey()] } },
  };
  return {
    client_id,
    token_endpoint_auth_method: method,
    dpop_bound_access_tokens: dpop,
    tls_client_certificate_bound_access_tokens: certificate,
    ...proofs[method],
  };
}

function certificateKey() {
  const certificate = new X509Certificate(identity('self_signed').cert);
  return { ...certificate.publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] };
}

/** The rows of the document's table: request, Mintmark's answer, the provider's, why. */
function explained() {
  const document = readFileSync(new URL('../../../docs/comparison.md', import.meta.url), 'utf8');
  const rows = document.split('\n').filter((line) => /^\| .* \|$/.test(line));
  const cells = rows.map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
  return cells.filter(([name]) => name !== 'Request');
}

/** What the document does not say as it is. */
function compare(found, rows) {
  const wrong = [];
  const named = new Set();
  for (const [name, ours, theirs, why] of rows) {
    if (named.has(name)) wrong.push(`explained twice: ${name}`);
    named.add(name);
    if (!why) wrong.push(`not explained: ${name}`);
    const answers = found.get(name);
    if (answers === undefined) wrong.push(`explained, but no request: ${name}`);
    else if (answers[0] === answers[1]) wrong.push(`explained, but no difference: ${name}: both ${answers[0]}`);
    else if (answers[0] !== ours || answers[1] !== theirs)
      wrong.push(`explained otherwise: | ${name} | ${answers.join(' | ')} |`);
  }
  for (const [name, [ours, theirs]] of found) {
    if (ours !== theirs && !named.has(name)) wrong.push(`not explained: | ${name} | ${ours} | ${theirs} |`);
  }
  return wrong;
}
