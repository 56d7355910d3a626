// A secret is reported as leaked: whoever sees its client follows the warning, and ends it or lets it work again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askUntil, newClient } from '../../lib/client.js'
import { WAYS } from '../../lib/hand.js'
import { reportLeak } from '../../lib/notices.js'
import { close, open, visit } from '../../lib/pages.js'
import { confirm, openClient, proveIfAsked } from './steps.js'

export function quarantine(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`a secret in quarantine is found, released, and then turned off, ${way}`, async () => {
      const person = await world.newPerson('owner')
      const client = await newClient(world, `quarantined-${way.length}`)
      const leak = await reportLeak(world, client)
      await askUntil(world.program, client, 401)
      const page = await open(world, { person, javaScript })
      await visit(page, '/')
      const one = { page, hand: hand(page), person, javaScript }
      await release(one, client, leak)
      await askUntil(world.program, client, 200)
      await reportLeak(world, client)
      await turnOff(one, leak)
      await askUntil(world.program, client, 401)
      await close(page)
    })
  }
}

async function release({ page, hand, person }, client, leak) {
  await openClient(page, hand, client.id)
  await hand.go(page.locator(`.banner a[href="/sandbox/leaks/${leak.id}"]`))
  assert.match(await page.textContent('main'), /gives no tokens/)
  await hand.type(page.locator('input[name=reason]'), 'an example in our documentation')
  await hand.go(page.locator('form[action$="/release"] button'))
  await proveIfAsked(page, hand, person)
  assert.match(await page.textContent('main'), /was released/)
}

async function turnOff({ page, hand, person, javaScript }, leak) {
  await hand.go(page.locator('nav.main-navigation a[href="/sandbox/leaks"]'))
  await hand.go(page.locator(`a.row-link[href="/sandbox/leaks/${leak.id}"]`))
  await confirm(page, hand, javaScript, page.locator('.danger-zone a[href*="dialog=revoke"]'))
  await proveIfAsked(page, hand, person)
  assert.match(await page.textContent('main'), /turned off for good/)
}
