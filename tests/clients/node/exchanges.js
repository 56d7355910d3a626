/*
 * The requests that both servers get. Each tells the answer to its last one in a few words: the status, and the error code or what kind
 * of answer it is.
 */

import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';

import { API, OPAQUE } from './mintmark.js';
import { ASSERTION_TYPE, basic, now, sign } from './wire.js';

const GRANT = { grant_type: 'client_credentials' };
const stranger = await generateKeyPair('ES256', { extractable: true });
const strangersRsa = await generateKeyPair('PS256', { extractable: true });

const raw = (text) => `Basic ${Buffer.from(text).toString('base64')}`;
const byHeader = (authorization) => (at) => at.ask('token', GRANT, { headers: { authorization } });
/** Options with a wrong secret in the header. */
const guessed = (at, headers = {}) => ({
  headers: { authorization: basic(at.clients.basic.client_id, 'wrong'), ...headers },
});
const posted =
  (name, more = {}) =>
  (at) => {
    const { client_id, client_secret } = at.clients[name];
    return at.ask('token', { ...GRANT, client_id, client_secret, ...more });
  };
const withParameters = (parameters, options) => (at) => at.token(parameters, options);
const withBody =
  (body, options = {}) =>
  (at) =>
    at.ask('token', body, at.authenticated('basic', options));
const asserted =
  (changes, name = 'es256') =>
  (at) =>
    at.asserted(name, typeof changes === 'function' ? changes(at) : changes);
const proved = (changes, name) => (at) => at.proved(typeof changes === 'function' ? changes(at) : changes, name);
const byCertificate =
  (name, certificate, more = {}) =>
  (at) =>
    at.ask('token', { ...GRANT, client_id: at.clients[name].client_id, ...more }, { certificate });

const secrets = {
  'secret in the header': withParameters({}),
  'secret in the body': posted('post'),
  'secret in the body, of a client for the header': posted('basic'),
  'secret in the header, of a client for the body': (at) => at.ask('token', GRANT, at.authenticated('post')),
  'wrong secret in the header': (at) => at.ask('token', GRANT, guessed(at)),
  'wrong secret in the body': posted('post', { client_secret: 'wrong' }),
  "another client's secret": (at) =>
    at.ask('token', GRANT, {
      headers: { authorization: basic(at.clients.basic.client_id, at.clients.stranger.client_secret) },
    }),
  'unknown client in the header': byHeader(basic('nobody', 'secret')),
  'unknown client in the body': posted('post', { client_id: 'nobody' }),
  'unknown client of strange characters': byHeader(basic('no body/ü', 'secret')),
  'header without colon': byHeader(raw('nocolon')),
  'header that is no base64': byHeader('Basic %%%'),
  'header without credentials': byHeader('Basic'),
  'header with an empty secret': (at) =>
    at.ask('token', GRANT, { headers: { authorization: raw(`${at.clients.basic.client_id}:`) } }),
  'header with broken percent-encoding': byHeader(raw('client%zz:secret')),
  'header whose scheme is in lower case': (at) => {
    const { client_id, client_secret } = at.clients.basic;
    return byHeader(basic(client_id, client_secret).replace('Basic', 'basic'))(at);
  },
  'header of an unknown scheme': byHeader('Digest username="a"'),
  'header with a bearer token': byHeader('Bearer abc'),
  'two headers': (at) => {
    const { authorization } = at.authenticated('basic').headers;
    return byHeader([authorization, authorization])(at);
  },
  'header, and the same in the body': (at) => {
    const { client_id, client_secret } = at.clients.basic;
    return at.token({ client_id, client_secret });
  },
  'header, and the same client_id in the body': (at) => at.token({ client_id: at.clients.basic.client_id }),
  "header, and another's client_id in the body": (at) => at.token({ client_id: at.clients.post.client_id }),
  'header, and an assertion': async (at) =>
    at.token({
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await at.assertion('es256'),
    }),
  'nothing that proves a client': (at) => at.ask('token', GRANT),
  'client_id alone': (at) => at.ask('token', { ...GRANT, client_id: at.clients.basic.client_id }),
  'secret alone': (at) => at.ask('token', { ...GRANT, client_secret: at.clients.basic.client_secret }),
  'empty secret in the body': posted('post', { client_secret: '' }),
  'client_id twice': (at) => at.ask('token', [...Object.entries(GRANT), ...twice('client_id', at.clients.post.client_id)]),
  'secret twice': (at) => {
    const { client_id, client_secret } = at.clients.post;
    return at.ask('token', [...Object.entries({ ...GRANT, client_id }), ...twice('client_secret', client_secret)]);
  },
  'credentials in the URL': (at) => {
    const { client_id, client_secret } = at.clients.post;
    return at.ask('token', GRANT, { query: `?${new URLSearchParams({ client_id, client_secret })}` });
  },
  'secret of a client that has a key alone': posted('es256', { client_secret: 'guess' }),
};

function twice(name, value) {
  return [
    [name, value],
    [name, value],
  ];
}

const audiences = {
  'aud is a list of the issuer': (at) => [at.issuer],
  'aud is a list of the issuer and another': (at) => [at.issuer, 'https://other.example'],
  'aud is the token endpoint': (at) => at.url('token'),
  'aud is a list of the token endpoint': (at) => [at.url('token')],
  'aud is the introspection endpoint': (at) => at.url('introspect'),
  'aud is the issuer with a slash': (at) => `${at.issuer}/`,
  'aud is the issuer in upper case': (at) => at.issuer.toUpperCase(),
  'aud is another server': () => 'https://other.example',
  'aud is missing': () => undefined,
  'aud is an empty list': () => [],
  'aud is a number': () => 1,
};

const times = {
  'exp is over': () => ({ iat: now() - 300, exp: now() - 120 }),
  'exp is over, 10 s ago': () => ({ iat: now() - 60, exp: now() - 10 }),
  'exp is missing': () => ({ exp: undefined }),
  'exp is a text': () => ({ exp: String(now() + 60) }),
  'exp is a fraction': () => ({ exp: now() + 60.5 }),
  'iat is a fraction': () => ({ iat: now() - 0.5 }),
  'exp is negative': () => ({ exp: -1 }),
  'exp is an hour ahead': () => ({ exp: now() + 3600 }),
  'exp is an hour ahead, without iat': () => ({ exp: now() + 3600, iat: undefined }),
  'exp is a minute ahead, without iat': () => ({ iat: undefined }),
  'exp is an hour ahead, made ten minutes ago': () => ({ iat: now() - 600, exp: now() + 3600 }),
  'iat is ahead by ten minutes': () => ({ iat: now() + 600, exp: now() + 660 }),
  'iat is ahead by 10 s': () => ({ iat: now() + 10 }),
  'iat is a text': () => ({ iat: 'now' }),
  'nbf is ahead by ten minutes': () => ({ nbf: now() + 600, exp: now() + 660 }),
};

const identities = {
  'iss is another': () => ({ iss: 'other' }),
  'iss is missing': () => ({ iss: undefined }),
  'sub is missing': () => ({ sub: undefined }),
  "sub is another client's": (at) => ({ sub: at.clients.stranger.client_id }),
  "iss and sub are another client's": (at) => ({ iss: at.clients.ps256.client_id, sub: at.clients.ps256.client_id }),
  'jti is missing': () => ({ jti: undefined }),
  'jti is empty': () => ({ jti: '' }),
  'jti is a number': () => ({ jti: 7 }),
  'jti of 300 characters': () => ({ jti: randomUUID().padEnd(300, 'x') }),
};

const headers = {
  'no kid': { kid: undefined },
  'unknown kid': { kid: 'another' },
  'typ client-authentication+jwt': { typ: 'client-authentication+jwt' },
  'typ JWT': { typ: 'JWT' },
  'typ at+jwt': { typ: 'at+jwt' },
  'typ dpop+jwt': { typ: 'dpop+jwt' },
  'alg none': { alg: 'none' },
  'unknown critical header': { crit: ['urgent'], urgent: true },
};

const fields = {
  'client_id beside it': (at) => ({ form: { client_id: at.clients.es256.client_id } }),
  "another's client_id beside it": (at) => ({ form: { client_id: at.clients.stranger.client_id } }),
  'its type is missing': () => ({ form: { client_assertion_type: undefined } }),
  'its type is another': () => ({
    form: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' },
  }),
  'it is missing': () => ({ form: { client_assertion: undefined } }),
  'it is empty': () => ({ text: '', form: {} }),
  'it is no JWT': () => ({ text: 'abc' }),
  'it has five parts': () => ({ text: 'a.b.c.d.e' }),
};

const assertions = {
  'assertion by ES256': asserted({}),
  'assertion by PS256': asserted({}, 'ps256'),
  'assertion by HS256': asserted({}, 'shared'),
  ...each('assertion', audiences, (aud) => asserted((at) => ({ claims: { aud: aud(at) } }))),
  ...each('assertion', times, (claims) => asserted(() => ({ claims: claims() }))),
  ...each('assertion', identities, (claims) => asserted((at) => ({ claims: claims(at) }))),
  ...each('assertion', headers, (header) => asserted({ header })),
  ...each('assertion', fields, (change) => asserted((at) => change(at))),
  "assertion with another client's key": asserted((at) => ({
    key: at.clients.ps256.key.privateJwk,
    header: { alg: 'PS256' },
  })),
  "assertion with a stranger's key": asserted({ key: stranger.privateKey }),
  "assertion with a stranger's key in its header": async (at) =>
    at.asserted('es256', { key: stranger.privateKey, header: { kid: undefined, jwk: await exportJWK(stranger.publicKey) } }),
  'assertion by HS256 with the public key as the secret': asserted((at) => ({
    header: { alg: 'HS256' },
    key: new TextEncoder().encode(JSON.stringify(at.clients.es256.key.publicJwk)),
  })),
  'assertion by HS512, where the client has HS256': asserted({ header: { alg: 'HS512' } }, 'shared'),
  'assertion used twice': async (at) => {
    const text = await at.assertion('es256');
    await at.asserted('es256', { text });
    return at.asserted('es256', { text });
  },
  'assertion of the same jti as another': async (at) => {
    const claims = { jti: randomUUID() };
    await at.asserted('es256', { claims });
    return at.asserted('es256', { claims: { ...claims, iat: now() - 1 } });
  },
  "assertion of the same jti as another client's": async (at) => {
    const claims = { jti: randomUUID() };
    await at.asserted('ps256', { claims });
    return at.asserted('es256', { claims });
  },
  'assertion refused for its aud, its jti used again': async (at) => {
    const claims = { jti: randomUUID() };
    await at.asserted('es256', { claims: { ...claims, aud: 'https://other.example' } });
    return at.asserted('es256', { claims });
  },
  'assertion twice in a body': async (at) => {
    const text = await at.assertion('es256');
    const form = { ...GRANT, client_assertion_type: ASSERTION_TYPE };
    return at.ask('token', [...Object.entries(form), ...twice('client_assertion', text)]);
  },
  'assertion that is an access token': async (at) => at.asserted('es256', { text: await at.accessToken(API, 'basic') }),
};

function each(prefix, cases, exchange) {
  return Object.fromEntries(Object.entries(cases).map(([name, value]) => [`${prefix}: ${name}`, exchange(value)]));
}

const certificates = {
  'trusted certificate of the right name': byCertificate('named', 'trusted'),
  'trusted certificate of another name': byCertificate('named', 'trusted_other'),
  'self-signed certificate of the right name': byCertificate('named', 'self_signed'),
  'no certificate': byCertificate('named'),
  'registered certificate': byCertificate('own', 'self_signed'),
  'unregistered certificate': byCertificate('own', 'self_signed_other'),
  'no certificate, where one is registered': byCertificate('own'),
  'certificate without client_id': (at) => at.ask('token', GRANT, { certificate: 'trusted' }),
  'certificate beside a secret': (at) => at.token({}, { certificate: 'self_signed_other' }),
  'certificate for a client that has a secret': byCertificate('basic', 'trusted'),
  'token to be bound to a certificate': (at) =>
    at.ask('token', GRANT, at.authenticated('certified', { certificate: 'trusted' })),
  'token to be bound to a certificate, without one': (at) => at.ask('token', GRANT, at.authenticated('certified')),
};

const parameters = {
  'no grant_type': withParameters({ grant_type: undefined }),
  'empty grant_type': withParameters({ grant_type: '' }),
  'unknown grant_type': withParameters({ grant_type: 'magic' }),
  'grant_type in upper case': withParameters({ grant_type: 'CLIENT_CREDENTIALS' }),
  'grant_type password': withParameters({ grant_type: 'password' }),
  'grant_type authorization_code': withParameters({ grant_type: 'authorization_code', code: 'x' }),
  'grant_type twice': withBody([...twice('grant_type', 'client_credentials')]),
  'unknown grant_type and wrong secret': (at) => at.ask('token', { grant_type: 'magic' }, guessed(at)),
  'no grant_type and no credentials': (at) => at.ask('token', {}),
  'unknown parameter': withParameters({ colour: 'blue' }),
  'unknown parameter twice': withBody([...Object.entries(GRANT), ...twice('colour', 'blue')]),
  GET: withBody('', { method: 'GET', query: '?grant_type=client_credentials' }),
  PUT: withBody(GRANT, { method: 'PUT' }),
  'JSON body': withBody(JSON.stringify(GRANT), { headers: { 'content-type': 'application/json' } }),
  'body without a content type': withBody(GRANT, { headers: { 'content-type': undefined } }),
  'content type with a charset': withBody(GRANT, {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
  }),
  'empty body': withBody(''),
  'parameters in the URL alone': withBody('', { query: '?grant_type=client_credentials' }),
  'broken percent-encoding': withBody('grant_type=client_credentials&scope=%zz'),
  'bytes that are not UTF-8': withBody('grant_type=client_credentials&scope=%ff'),
  'body of 70 KiB': withParameters({ padding: 'x'.repeat(70 * 1024) }),
  scope: withParameters({ scope: 'edit' }),
  'scope in two words': withParameters({ scope: 'read edit' }),
  'scope that does not exist': withParameters({ scope: 'magic' }),
  'scope, one of two does not exist': withParameters({ scope: 'edit magic' }),
  'empty scope': withParameters({ scope: '' }),
  'scope with two spaces': withParameters({ scope: 'edit  read' }),
  'scope with a space at the end': withParameters({ scope: 'edit ' }),
  'scope word twice': withParameters({ scope: 'edit edit' }),
  'scope with a quote': withParameters({ scope: 'ed"it' }),
  'scope in other letters': withParameters({ scope: 'EDIT' }),
  'scope twice': withBody([...Object.entries(GRANT), ...twice('scope', 'edit')]),
  resource: withParameters({ resource: API }),
  'resource with opaque tokens': withParameters({ resource: OPAQUE }),
  'resource, and a scope of another': withParameters({ resource: API, scope: 'read' }),
  'unknown resource': withParameters({ resource: 'https://unknown.example' }),
  'resource with a fragment': withParameters({ resource: `${API}#part` }),
  'resource that is relative': withParameters({ resource: '/orders' }),
  'resource that is no URI': withParameters({ resource: 'no uri' }),
  'empty resource': withParameters({ resource: '' }),
  'resource with a slash at the end': withParameters({ resource: `${API}/` }),
  'two resources': (at) => withBody([...Object.entries(GRANT), ['resource', API], ['resource', at.issuer]])(at),
  'two resources whose tokens have different forms': withBody([
    ...Object.entries(GRANT),
    ['resource', API],
    ['resource', OPAQUE],
  ]),
  'the same resource twice': withBody([...Object.entries(GRANT), ...twice('resource', API)]),
};

const proofClaims = {
  'without nonce': () => ({ nonce: undefined }),
  'wrong nonce': () => ({ nonce: 'wrong' }),
  'nonce is a number': () => ({ nonce: 7 }),
  'htm is GET': () => ({ htm: 'GET' }),
  'htm in lower case': () => ({ htm: 'post' }),
  'htm is missing': () => ({ htm: undefined }),
  'htu is another path': (at) => ({ htu: at.url('introspect') }),
  'htu is another host': () => ({ htu: 'https://other.example/oauth/token' }),
  'htu has a query': (at) => ({ htu: `${at.url('token')}?a=b` }),
  'htu has a fragment': (at) => ({ htu: `${at.url('token')}#a` }),
  'htu has a host in upper case': (at) => ({ htu: at.url('token').replace('localhost', 'LOCALHOST') }),
  'htu has a path in upper case': (at) => ({ htu: at.url('token').replace('oauth', 'OAUTH') }),
  'htu has a dot segment': (at) => ({ htu: at.url('token').replace('/oauth', '/a/../oauth') }),
  'htu has a letter percent-encoded': (at) => ({ htu: at.url('token').replace('/oauth', '/%6Fauth') }),
  'htu by http': (at) => ({ htu: at.url('token').replace('https', 'http') }),
  'htu has user information': (at) => ({ htu: at.url('token').replace('localhost', 'me@localhost') }),
  'htu is missing': () => ({ htu: undefined }),
  'iat is five minutes ago': () => ({ iat: now() - 300 }),
  'iat is five minutes ahead': () => ({ iat: now() + 300 }),
  'iat is missing': () => ({ iat: undefined }),
  'iat is a text': () => ({ iat: String(now()) }),
  'iat is a fraction': () => ({ iat: now() - 0.5 }),
  'jti is missing': () => ({ jti: undefined }),
  'jti is empty': () => ({ jti: '' }),
  'jti of 300 characters': () => ({ jti: randomUUID().padEnd(300, 'x') }),
  'exp is over': () => ({ exp: now() - 300 }),
  'nbf is ahead by ten minutes': () => ({ nbf: now() + 600 }),
  'ath beside it': () => ({ ath: 'abc' }),
};

const proofHeaders = {
  'typ is JWT': { typ: 'JWT' },
  'typ is missing': { typ: undefined },
  'typ in upper case': { typ: 'DPOP+JWT' },
  'alg none': { alg: 'none' },
  'jwk is missing': { jwk: undefined },
  'kid beside jwk': { kid: 'mine' },
  'unknown critical header': { crit: ['urgent'], urgent: true },
};

const proofs = {
  proof: proved({}),
  ...each('proof', proofClaims, (claims) => proved((at) => ({ claims: claims(at) }))),
  ...each('proof', proofHeaders, (header) => proved({ header })),
  'proof by PS256': async (at) =>
    at.proved({ key: strangersRsa.privateKey, header: { alg: 'PS256', jwk: await exportJWK(strangersRsa.publicKey) } }),
  'proof by HS256': async (at) => {
    const key = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
    return at.proved({ key, header: { alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from(key).toString('base64url') } } });
  },
  'proof with the private key in its header': async (at) =>
    at.proved({ key: stranger.privateKey, header: { jwk: await exportJWK(stranger.privateKey) } }),
  'proof signed by another key': proved({ key: stranger.privateKey }),
  'proof used twice': async (at) => {
    const options = at.authenticated('basic', { headers: { dpop: await at.proof() } });
    await at.ask('token', GRANT, options);
    return at.ask('token', GRANT, options);
  },
  "proof of another client's, used again": async (at) => {
    const dpop = await at.proof();
    await at.ask('token', GRANT, at.authenticated('stranger', { headers: { dpop } }));
    return at.ask('token', GRANT, at.authenticated('basic', { headers: { dpop } }));
  },
  'two proofs': async (at) => at.token({}, { headers: { dpop: [await at.proof(), await at.proof()] } }),
  'empty proof': withParameters({}, { headers: { dpop: '' } }),
  'proof that is no JWT': withParameters({}, { headers: { dpop: 'abc' } }),
  'good proof and wrong secret': async (at) => at.ask('token', GRANT, guessed(at, { dpop: await at.proof() })),
  'bad proof and wrong secret': (at) => at.ask('token', GRANT, guessed(at, { dpop: 'abc' })),
  'proof is required and there': proved({}, 'bound'),
  'proof is required and missing': (at) => at.ask('token', GRANT, at.authenticated('bound')),
};

/** Asks about a token as one of the clients. */
const about = (endpoint, name, form, options) => (at) => at.ask(endpoint, form, at.authenticated(name, options));
const aboutNew =
  (endpoint, name, resource = OPAQUE) =>
  async (at) =>
    at.ask(endpoint, { token: await at.accessToken(resource) }, at.authenticated(name));

/** What both endpoints have in common. */
function endpoint(name) {
  return {
    'without credentials': async (at) => at.ask(name, { token: await at.accessToken(OPAQUE) }),
    'wrong secret': async (at) => at.ask(name, { token: await at.accessToken(OPAQUE) }, guessed(at)),
    'no token': about(name, 'basic', {}),
    'no token and no credentials': (at) => at.ask(name, {}),
    'empty token': about(name, 'basic', { token: '' }),
    'token twice': about(name, 'basic', twice('token', 'abc')),
    'token that is none': about(name, 'basic', { token: 'abc' }),
    'token in the URL': about(name, 'basic', {}, { query: '?token=abc' }),
    'token with a hint': async (at) =>
      at.ask(name, { token: await at.accessToken(OPAQUE), token_type_hint: 'access_token' }, at.authenticated('basic')),
    'token with a wrong hint': async (at) =>
      at.ask(name, { token: await at.accessToken(OPAQUE), token_type_hint: 'refresh_token' }, at.authenticated('basic')),
    'token with an unknown hint': async (at) =>
      at.ask(name, { token: await at.accessToken(OPAQUE), token_type_hint: 'magic' }, at.authenticated('basic')),
    GET: about(name, 'basic', '', { method: 'GET', query: '?token=abc' }),
    'JSON body': about(name, 'basic', JSON.stringify({ token: 'abc' }), { headers: { 'content-type': 'application/json' } }),
    "the token's client": aboutNew(name, 'basic'),
    "the resource's server": aboutNew(name, 'service'),
    'another client': aboutNew(name, 'stranger'),
    'JWT access token': aboutNew(name, 'basic', API),
    'JWT access token of nobody': async (at) => {
      const claims = { iss: at.issuer, sub: 'me', aud: API, exp: now() + 60 };
      const token = await sign(claims, { alg: 'ES256', typ: 'at+jwt', kid: 'mine' }, stranger.privateKey);
      return at.ask(name, { token }, at.authenticated('basic'));
    },
    'by assertion for the issuer': async (at) =>
      at.ask(name, { token: 'abc', client_assertion_type: ASSERTION_TYPE, client_assertion: await at.assertion('es256') }),
    'by an assertion that got a token': async (at) => {
      const text = await at.assertion('es256');
      await at.asserted('es256', { text });
      return at.ask(name, { token: 'abc', client_assertion_type: ASSERTION_TYPE, client_assertion: text });
    },
    'by certificate': (at) =>
      at.ask(name, { token: 'abc', client_id: at.clients.named.client_id }, { certificate: 'trusted' }),
  };
}

/** Until the server says that a token is dead: a node of Mintmark's hears of it by its next look at the feed, 0.5 s at most. */
async function dead(at, token) {
  for (let left = 100; left > 0; left -= 1) {
    const answer = await at.ask('introspect', { token }, at.authenticated('basic'));
    if (answer !== '200 active') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return '200 active';
}

const ending = {
  'revoke, then introspect': async (at) => {
    const token = await at.accessToken(OPAQUE);
    await at.ask('revoke', { token }, at.authenticated('basic'));
    return dead(at, token);
  },
  'revoke twice': async (at) => {
    const token = await at.accessToken(OPAQUE);
    await at.ask('revoke', { token }, at.authenticated('basic'));
    return at.ask('revoke', { token }, at.authenticated('basic'));
  },
  'another client revokes, then introspect': async (at) => {
    const token = await at.accessToken(OPAQUE);
    await at.ask('revoke', { token }, at.authenticated('stranger'));
    return at.ask('introspect', { token }, at.authenticated('basic'));
  },
};

export const exchanges = {
  ...secrets,
  ...assertions,
  ...certificates,
  ...parameters,
  ...proofs,
  ...prefixed('introspect', endpoint('introspect')),
  ...prefixed('revoke', endpoint('revoke')),
  ...ending,
};

function prefixed(prefix, cases) {
  return each(prefix, cases, (exchange) => exchange);
}
