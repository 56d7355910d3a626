// What Lighthouse says of the main pages' accessibility.

import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import lighthouse from 'lighthouse'
import { launch } from '../lib/pages.js'
import { cookieHeader } from '../lib/raw.js'

const MAIN = ['/sandbox', '/sandbox/clients', '/sandbox/usage', '/account']

export function lighthouseSuite(world) {
  test('Lighthouse finds nothing to better in the accessibility of the main pages', async t => {
    const { origin } = world.program
    const port = await freePort()
    const browser = await launch(world.chromium, [`--remote-debugging-port=${port}`])
    try {
      const cookie = cookieHeader((await world.person('admin')).session).cookie
      const client = world.program.demo('sandbox', 'standard').client_id
      const pages = [['/sign-in', {}], ...[...MAIN, `/sandbox/clients/${client}`].map(path => [path, { Cookie: cookie }])]
      for (const [path, extraHeaders] of pages) {
        const { score, faults } = await judge(`${origin}${path}`, port, extraHeaders)
        t.diagnostic(`${path}: ${score}`)
        assert.deepEqual([path, score, faults], [path, 100, []])
      }
    } finally {
      await browser.close()
    }
  })
}

async function judge(url, port, extraHeaders) {
  const flags = { port, extraHeaders, onlyCategories: ['accessibility'], disableStorageReset: true, logLevel: 'error', output: 'json' }
  const { lhr } = await lighthouse(url, flags)
  assert.equal(lhr.runtimeError, undefined, `${url}: ${lhr.runtimeError?.message}`)
  assert.equal(lhr.finalDisplayedUrl, url, 'the page itself is judged, not one that it leads to')
  const { score, auditRefs } = lhr.categories.accessibility
  const faults = auditRefs.filter(({ id }) => lhr.audits[id].score !== null && lhr.audits[id].score < 1).map(({ id }) => id)
  return { score: Math.round(score * 100), faults }
}

async function freePort() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise(done => server.close(done))
  return port
}
