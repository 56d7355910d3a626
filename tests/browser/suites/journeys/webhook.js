// An endpoint is made, tried out, turned off and removed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { confirm, proveIfAsked } from './steps.js'

export function webhook(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`an endpoint is made, tried out, turned off and removed, ${way}`, async () => {
      const person = await world.newPerson('developer')
      const page = await open(world, { person, javaScript })
      await visit(page, '/')
      const one = { page, hand: hand(page), person, javaScript }
      await add(one, `hooks-${way.length}.example.com`)
      await tryOut(one)
      await remove(one)
      await close(page)
    })
  }
}

async function add({ page, hand, person }, host) {
  await hand.go(page.locator('nav.main-navigation a[href="/sandbox/webhooks"]'))
  await hand.go(page.locator('main a[href="/sandbox/webhooks/new"]').first())
  await hand.type(page.locator('input[name=url]'), `https://${host}/mintmark`)
  await hand.choose(page.locator('input[name=kind][value="leak.quarantined"]'))
  await hand.go(page.locator('main form.form button.primary'))
  await proveIfAsked(page, hand, person)
  assert.equal((await page.textContent('h1')).trim().split(/\s+/)[0], host)
  assert.match(await page.textContent('main'), /mintmark-webhook-keys/)
}

async function tryOut({ page, hand }) {
  await hand.go(page.locator('form[action$="/test"] button'))
  assert.match(await page.textContent('main'), /A test notice is on its way/)
  assert.equal(await page.locator('table code', { hasText: 'webhook.test' }).count(), 1)
}

async function remove({ page, hand, javaScript }) {
  await confirm(page, hand, javaScript, page.locator('.danger-zone a[href*="dialog=disable"]'))
  assert.match(await page.textContent('main'), /turned off/)
  await confirm(page, hand, javaScript, page.locator('.danger-zone a[href*="dialog=remove"]'))
  assert.match(await page.textContent('main'), /was removed/)
}
