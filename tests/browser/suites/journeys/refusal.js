// Why a client gets 401: its developer has the name of the request, and finds the reason and what to do.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForToken, newClient } from '../../lib/client.js'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'

const TRIES = 30

export function refusal(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`the reason for a 401 is found by the name of the request, ${way}`, async () => {
      const person = await world.newPerson('developer')
      const client = await newClient(world, `refused-${way.length}`)
      // Another client's secret: one that was mistyped is refused before anybody knows whose it is to be.
      const { client_secret: secret } = world.program.demo('sandbox', 'standard')
      const answer = await askForToken(world.program, { ...client, secret })
      assert.equal(answer.status, 401)
      await written(world, answer.requestId)
      const page = await open(world, { person, javaScript })
      await visit(page, '/')
      await find({ page, hand: hand(page) }, client, answer.requestId)
      await close(page)
    })
  }
}

/** Waits until the server has written the refusal down, which it does every few seconds. */
async function written(world, requestId) {
  const api = await world.api()
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const answer = await api.send('GET', `/environments/sandbox/refusals/${requestId}`)
    if (answer.ok) return
    await new Promise(next => setTimeout(next, 500))
  }
  assert.fail(`the refusal ${requestId} is never written down`)
}

async function find({ page, hand }, client, requestId) {
  await hand.go(page.locator('nav.main-navigation a[href="/sandbox/explain"]'))
  await hand.type(page.locator('form.filters input').first(), requestId)
  await hand.go(page.locator('form.filters button'))
  if (!new URL(page.url()).pathname.endsWith(requestId)) await hand.go(page.locator(`a.row-link[href$="${requestId}"]`))
  const said = await page.textContent('main')
  assert.ok(said.includes(client.id) && said.includes(requestId), said)
  assert.match(said, /secret/i, 'it says what is wrong')
  assert.match(said, /What to do/, 'and what to do')
}
