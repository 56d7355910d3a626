// A secret is in wrong hands: it and the tokens that it obtained are ended.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askForToken, askUntil, newClient } from '../../lib/client.js'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { confirm, openClient, openCredential, proveIfAsked } from './steps.js'

export function leak(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`a leaked secret is ended with the tokens that it obtained, ${way}`, async () => {
      const person = await world.newPerson('owner')
      const client = await newClient(world, `leaked-${way.length}`)
      const token = (await askForToken(world.program, client)).body.access_token
      const page = await open(world, { person, javaScript })
      await visit(page, '/')
      await contain({ page, hand: hand(page), person, javaScript }, client)
      await askUntil(world.program, client, 401)
      await seeThatItIsRevoked(page, hand(page), token)
      await close(page)
    })
  }
}

async function contain({ page, hand, person, javaScript }, client) {
  await openClient(page, hand, client.id)
  await openCredential(page, hand, client.id, client.credential)
  await confirm(page, hand, javaScript, page.locator('.danger-zone a[href*="dialog=revoke"], .danger-zone a[href*="#revoke"]').first())
  await proveIfAsked(page, hand, person)
  await confirm(page, hand, javaScript, page.locator('.danger-zone a[href*="dialog=disable"], .danger-zone a[href*="#disable"]').first())
  await proveIfAsked(page, hand, person)
}

async function seeThatItIsRevoked(page, hand, token) {
  await hand.go(page.locator('nav.main-navigation a[href="/sandbox/explain"]'))
  await hand.go(page.locator('nav.tabs a[href="/sandbox/explain/token"]'))
  await hand.type(page.locator('textarea').first(), token)
  await hand.go(page.locator('main form.form button.primary'))
  assert.match(await page.textContent('main'), /revoked/i)
  assert.ok(!(await page.content()).includes(token), 'the token itself is not sent back')
}
