/*
 * The server of a test: where it is, and its command line.
 *
 * Each script takes one argument, a JSON file with the issuer, the program, its configuration, and files with certificates.
 */

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';

export const judged = JSON.parse(readFileSync(process.argv[2], 'utf8'));
export const OPAQUE = 'https://opaque.example';
export const API = 'https://api.example';

/** Runs a command of Mintmark's and gives what it printed. */
export function mintmark(...words) {
  const output = execFileSync(judged.program, [...words, '--config', judged.config, '--json'], { encoding: 'utf8' });
  return JSON.parse(output);
}

/** Makes a client for `edit` and `read`, with these options of `mintmark client create` besides. */
export function createClient(name, ...options) {
  const common = ['--environment', 'sandbox', '--dialect', 'standard', '--scope', 'edit read'];
  const created = mintmark('client', 'create', name, ...common, ...options);
  return { client_id: created.client.id, client_secret: created.client_secret };
}

/** Lets a client have tokens for these resources besides. */
export function grant(client, ...resources) {
  for (const uri of resources) mintmark('client', 'update', client.client_id, '--resource', uri, '--scope', 'edit');
  return client;
}

/** Makes a client that may ask about tokens for these resources. */
export function createService(...resources) {
  const [first, ...others] = resources;
  const client = createClient('Service', '--serve', first);
  for (const uri of others) mintmark('client', 'update', client.client_id, '--serve', uri);
  return client;
}

const KEY_TYPES = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  PS256: ['rsa', { modulusLength: 2048 }],
  RS256: ['rsa', { modulusLength: 2048 }],
  EdDSA: ['ed25519', {}],
};

/** A new key pair as two JWKs, and a file with the public one. */
export function newKey(alg) {
  const pair = generateKeyPairSync(...KEY_TYPES[alg]);
  const [publicJwk, privateJwk] = [pair.publicKey, pair.privateKey].map((key) => ({
    ...key.export({ format: 'jwk' }),
    alg,
    kid: `key-${alg}`,
  }));
  const file = path.join(judged.folder, `${randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(publicJwk));
  return { publicJwk, privateJwk, file };
}

/** The certificate and the key of one of the test's identities. */
export function identity(name) {
  const { certificate, key } = judged.certificates[name];
  return { cert: readFileSync(certificate), key: readFileSync(key) };
}

/** The same as `fetch` as far as the libraries use it, over a connection of its own that shows a certificate. */
export function fetchWith(identity) {
  return (url, { method = 'GET', headers, body } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { ...identity, method, headers: plain(headers), agent: false }, async (received) => {
        const chunks = await received.toArray();
        const pairs = Object.entries(received.headersDistinct).flatMap(([name, values]) =>
          values.map((value) => [name, value]),
        );
        const text = Buffer.concat(chunks);
        resolve(new Response(text.length === 0 ? null : text, { status: received.statusCode, headers: pairs }));
      });
      sent.on('error', reject);
      sent.end(body === undefined || body === null ? undefined : body.toString());
    });
}

function plain(headers) {
  return headers instanceof Headers ? Object.fromEntries(headers) : (headers ?? {});
}
