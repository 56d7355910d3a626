// An OAuth client of the server, as a program is one.

const TIME_MS = 10_000

/** Asks for a token; gives the status, the body and the request's name. */
export async function askForToken(program, { id, secret, scope }) {
  const fields = { grant_type: 'client_credentials', ...(scope ? { scope } : {}) }
  const answer = await fetch(program.environment('sandbox').token_endpoints.standard, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
    signal: AbortSignal.timeout(TIME_MS),
  })
  return { status: answer.status, body: await answer.json(), requestId: answer.headers.get('x-request-id') }
}

// A change is in force on a node when it has seen it, which takes it half a second; nobody waits longer than this.
const IN_FORCE_MS = 2_000

/** Asks until the answer is the one that a change is to bring. */
export async function askUntil(program, client, status) {
  const end = Date.now() + IN_FORCE_MS
  for (;;) {
    const answer = await askForToken(program, client)
    if (answer.status === status) return
    if (Date.now() > end) throw new Error(`${answer.status} in place of ${status} for ${IN_FORCE_MS} ms`)
    await new Promise(next => setTimeout(next, 50))
  }
}

/** Makes a client of the demo tenant that may have the scopes of the demo clients. */
export async function newClient(world, name) {
  const api = await world.api()
  const tenant = (await api.get('/tenants')).items.find(({ name }) => name === 'Demo tenant')
  const demo = world.program.demo('sandbox', 'standard')
  const made = await api.post('/environments/sandbox/clients', {
    tenant_id: tenant.id,
    name,
    dialects: ['standard'],
    grants: [{ scopes: demo.scopes.slice(0, 1) }],
  })
  return { id: made.client.id, credential: made.credential.id, secret: made.secret, scope: demo.scopes[0] }
}

/** A client that goes on asking for tokens with the secret that it has at the time. */
export class LiveClient {
  constructor(program, client) {
    Object.assign(this, { program, client, asked: 0, failed: [] })
    this.running = true
    this.done = this.#run()
  }

  async #run() {
    while (this.running) {
      const { secret } = this.client
      const { status, body } = await askForToken(this.program, this.client).catch(error => ({ status: 0, body: String(error) }))
      this.asked += 1
      if (status !== 200) this.failed.push({ status, body, hint: secret.slice(-4) })
      await new Promise(next => setTimeout(next, 20))
    }
  }

  async stop() {
    this.running = false
    await this.done
  }
}
