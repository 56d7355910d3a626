// Another secret for a client that never stops, and no request of it refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveClient, askForToken, askUntil, newClient } from '../../lib/client.js'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { openClient, openCredential, proveIfAsked } from './steps.js'

export function rotation(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`a secret is rotated while its client runs, ${way}`, async () => {
      const person = await world.newPerson('owner')
      const client = await newClient(world, `rotated-${way.length}`)
      const live = new LiveClient(world.program, client)
      const page = await open(world, { person, javaScript })
      try {
        await visit(page, '/')
        await rotate(world, { page, hand: hand(page), person }, client)
      } finally {
        await live.stop()
      }
      assert.deepEqual(live.failed, [])
      assert.ok(live.asked > 10, `${live.asked} requests`)
      await close(page)
    })
  }
}

async function rotate(world, { page, hand, person }, client) {
  const old = client.secret
  await openClient(page, hand, client.id)
  await openCredential(page, hand, client.id, client.credential)
  await hand.select(page.locator('form[action$="/rotation"] select[name=grace]'), '24h')
  await hand.go(page.locator('form[action$="/rotation"] button'))
  await proveIfAsked(page, hand, person)
  const secret = await page.locator('#client-secret').inputValue()
  assert.notEqual(secret, old)
  assert.equal((await askForToken(world.program, { ...client, secret: old })).status, 200, 'both work')
  await askUntil(world.program, { ...client, secret }, 200)
  client.secret = secret
  await new Promise(next => setTimeout(next, 200))
  await hand.choose(page.locator('#stored'))
  await hand.go(page.locator('form.finish button'))
  await openCredential(page, hand, client.id, client.credential)
  await hand.go(page.locator('form[action$="/rotation/complete"] button'))
  await proveIfAsked(page, hand, person)
  await askUntil(world.program, { ...client, secret: old }, 401)
  assert.equal((await askForToken(world.program, client)).status, 200)
}
