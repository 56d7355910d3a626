// `mintmark dev` in a folder of its own, at ports that nobody else uses.

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const TRIES = 20
const READY_WITHIN_MS = 60_000
// What the server listens on, counted from the first port.
const OFFSETS = [0, 1, 10]

async function isFree(port) {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  const free = await Promise.race([once(server, 'listening').then(() => true), once(server, 'error').then(() => false)])
  if (free) await new Promise(done => server.close(done))
  return free
}

async function freeBase() {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const base = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(OFFSETS.map(offset => isFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free ports')
}

/** The running program. */
export class Program {
  constructor(binary, folder, child, ready) {
    Object.assign(this, { binary, folder, child, ready })
    this.origin = ready.admin.dashboard
    this.log = []
  }

  static async start(binary) {
    const folder = await mkdtemp(join(tmpdir(), 'mintmark-browser-'))
    const base = await freeBase()
    const args = ['dev', '--data-dir', join(folder, 'data'), '--port-base', String(base), '--json']
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const log = []
    createInterface({ input: child.stderr }).on('line', line => log.push(line))
    const late = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS)
    const lines = createInterface({ input: child.stdout })
    const first = await Promise.race([once(lines, 'line'), once(child, 'exit')])
    clearTimeout(late)
    if (typeof first[0] !== 'string' || !first[0].startsWith('{')) {
      await rm(folder, { recursive: true, force: true })
      throw new Error(`mintmark dev did not start:\n${log.join('\n')}`)
    }
    const ready = JSON.parse(first[0])
    if (!ready.ready) throw new Error(`mintmark dev did not start: ${first[0]}`)
    const program = new Program(binary, folder, child, ready)
    program.log = log
    return program
  }

  /** A command of the program on the same data; gives what it prints as JSON. */
  async command(...args) {
    const { stdout } = await run(this.binary, [...args, '--data-dir', join(this.folder, 'data'), '--json'])
    return stdout.trim() === '' ? null : JSON.parse(stdout)
  }

  /** A demo client. */
  demo(environment, dialect) {
    return this.ready.clients.find(client => client.environment === environment && client.dialect === dialect)
  }

  /** An environment. */
  environment(name) {
    return this.ready.environments.find(environment => environment.name === name)
  }

  async stop() {
    if (this.child.exitCode === null) {
      const exit = once(this.child, 'exit')
      this.child.kill('SIGTERM')
      const late = setTimeout(() => this.child.kill('SIGKILL'), 15_000)
      await exit
      clearTimeout(late)
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}
