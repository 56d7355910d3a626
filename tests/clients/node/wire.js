/* Requests to an authorization server, written by hand so that they can be wrong in any way. */

import { randomUUID } from 'node:crypto';
import { request } from 'node:https';
import { CompactSign, generateKeyPair, exportJWK, importJWK } from 'jose';

import { identity } from './mintmark.js';

const PATHS = { token: '/oauth/token', introspect: '/oauth/introspect', revoke: '/oauth/revoke' };
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const FORM = 'application/x-www-form-urlencoded';

export const now = () => Math.floor(Date.now() / 1000);

/** An authorization server, and the clients that it knows. */
export class Server {
  constructor(issuer, clients) {
    this.issuer = issuer;
    this.clients = clients;
  }

  url(endpoint) {
    return `${this.issuer}${PATHS[endpoint]}`;
  }

  /** Sends a request. `form` is an object, a list of pairs, or the body's text; a member that is undefined is left out. */
  send(endpoint, form, { headers = {}, certificate, method = 'POST', query = '' } = {}) {
    const body = method === 'GET' ? '' : encode(form);
    const shown = certificate ? identity(certificate) : {};
    const all = { 'content-type': FORM, 'content-length': Buffer.byteLength(body), ...headers };
    const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new Promise((resolve, reject) => {
      const options = { ...shown, method, headers: present, agent: false };
      const sent = request(this.url(endpoint) + query, options, async (received) => {
        const text = Buffer.concat(await received.toArray()).toString();
        resolve({ status: received.statusCode, headers: received.headers, json: parsed(text) });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** The same, told in a few words. */
  async ask(endpoint, form, options) {
    return told(await this.send(endpoint, form, options));
  }

  /** A token request of the client that has a secret for Basic. */
  token(parameters = {}, options = {}) {
    return this.ask('token', { grant_type: 'client_credentials', ...parameters }, this.authenticated('basic', options));
  }

  /** Options with the client's secret in the header. */
  authenticated(name, options = {}) {
    const { client_id: id, client_secret: secret } = this.clients[name];
    return { ...options, headers: { authorization: basic(id, secret), ...options.headers } };
  }

  /** A token request that an assertion proves; the changes apply to its claims, its header and its key. */
  async asserted(name, { claims = {}, header = {}, key, form = {}, text } = {}) {
    const assertion = text ?? (await this.assertion(name, { claims, header, key }));
    const fields = {
      grant_type: 'client_credentials',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: assertion,
      ...form,
    };
    return this.ask('token', fields);
  }

  assertion(name, { claims = {}, header = {}, key } = {}) {
    const client = this.clients[name];
    const alg = client.key?.alg ?? 'HS256';
    const usual = {
      iss: client.client_id,
      sub: client.client_id,
      aud: this.issuer,
      jti: randomUUID(),
      iat: now(),
      exp: now() + 60,
    };
    const own = client.key?.privateJwk ?? new TextEncoder().encode(client.client_secret);
    const kid = client.key?.publicJwk.kid;
    return sign({ ...usual, ...claims }, { alg, kid, ...header }, key ?? own);
  }

  /** The nonce that the server wants in proofs now. */
  async nonce() {
    if (this.known === undefined) {
      const headers = { dpop: await this.proof({ claims: { nonce: undefined } }) };
      const answer = await this.send(
        'token',
        { grant_type: 'client_credentials' },
        this.authenticated('basic', { headers }),
      );
      this.known = answer.headers['dpop-nonce'];
    }
    return this.known;
  }

  async proof({ claims = {}, header = {}, key } = {}) {
    this.pair ??= await generateKeyPair('ES256', { extractable: true });
    const nonce = 'nonce' in claims ? claims.nonce : await this.nonce();
    const usual = { jti: randomUUID(), htm: 'POST', htu: this.url('token'), iat: now() };
    const jwk = await exportJWK(this.pair.publicKey);
    return sign(
      { ...usual, ...claims, nonce },
      { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header },
      key ?? this.pair.privateKey,
    );
  }

  /** A token request with a proof. */
  async proved(changes, client = 'basic') {
    const headers = { dpop: await this.proof(changes) };
    return this.ask('token', { grant_type: 'client_credentials' }, this.authenticated(client, { headers }));
  }

  /** The text of a token for a resource. */
  async accessToken(resource, client = 'basic') {
    const answer = await this.send(
      'token',
      { grant_type: 'client_credentials', scope: 'edit', resource },
      this.authenticated(client),
    );
    return answer.json.access_token;
  }
}

export function basic(id, secret) {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

/** A compact JWS; `none` has no signature. Claims and header members that are undefined are left out. */
export async function sign(claims, header, key) {
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  const clean = JSON.parse(JSON.stringify(header));
  if (clean.alg === 'none') return `${base64url(clean)}.${Buffer.from(payload).toString('base64url')}.`;
  const imported = key.kty ? await importJWK(key, clean.alg) : key;
  const options = clean.crit ? { crit: Object.fromEntries(clean.crit.map((name) => [name, true])) } : {};
  return new CompactSign(payload).setProtectedHeader(clean).sign(imported, options);
}

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function encode(form) {
  if (typeof form === 'string' || form instanceof Uint8Array) return form;
  const pairs = Array.isArray(form) ? form : Object.entries(form);
  const present = pairs.filter(([, value]) => value !== undefined);
  return new URLSearchParams(present).toString();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Status, and what kind of answer it is. */
function told({ status, json }) {
  if (json.error) return `${status} ${json.error}`;
  if (json.access_token) return `${status} ${json.token_type}`;
  if ('active' in json) return `${status} ${json.active ? 'active' : 'inactive'}`;
  return `${status}`;
}
