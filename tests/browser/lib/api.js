// The management API, as a management client.

const TIME_MS = 20_000

export class Api {
  constructor(url, token) {
    Object.assign(this, { url, token })
  }

  /** As the admin of `mintmark dev`. */
  static async of(program) {
    const { client_id: id, client_secret: secret, token_endpoint: endpoint, url } = program.ready.admin
    return new Api(url, await token(endpoint, id, secret))
  }

  async send(method, path, body, headers = {}) {
    const options = { method, headers: { authorization: `Bearer ${this.token}`, ...headers }, signal: AbortSignal.timeout(TIME_MS) }
    if (body !== undefined) {
      options.headers['content-type'] = 'application/json'
      options.body = JSON.stringify(body)
    }
    return fetch(`${this.url}${path}`, options)
  }

  async get(path) {
    return this.#done(await this.send('GET', path), path)
  }

  async post(path, body) {
    return this.#done(await this.send('POST', path, body), path)
  }

  async patch(path, body, version = '*') {
    return this.#done(await this.send('PATCH', path, body, { 'if-match': version }), path)
  }

  async #done(answer, path) {
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text === '' ? null : JSON.parse(text)
  }
}

async function token(endpoint, id, secret) {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  })
  if (!answer.ok) throw new Error(`no management token: ${answer.status} ${await answer.text()}`)
  return (await answer.json()).access_token
}
