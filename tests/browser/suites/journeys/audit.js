// Who changed the scopes of a client, and from what to what.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newClient } from '../../lib/client.js'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { openClient, proveIfAsked } from './steps.js'

export function audit(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`who changed the scopes of a client is found, ${way}`, async () => {
      const client = await newClient(world, `changed-${way.length}`)
      const admin = await world.newPerson('admin')
      const changing = await open(world, { person: admin, javaScript })
      await visit(changing, '/')
      const scope = await changeScopes({ page: changing, hand: hand(changing), person: admin }, client)
      await close(changing)
      const page = await open(world, { person: await world.newPerson('owner'), javaScript })
      await visit(page, '/')
      await find({ page, hand: hand(page) }, client, { admin, scope })
      await close(page)
    })
  }
}

async function changeScopes({ page, hand, person }, client) {
  await openClient(page, hand, client.id)
  await hand.go(page.locator(`nav.tabs a[href="/sandbox/clients/${client.id}/settings"]`))
  const other = page.locator('input[name=scope]:not(:checked)').first()
  const scope = (await other.getAttribute('value')).split(' ')[1]
  await hand.choose(other)
  await hand.go(page.locator('main form.form button.primary').first())
  await proveIfAsked(page, hand, person)
  return scope
}

async function find({ page, hand }, client, { scope }) {
  await hand.go(page.locator('nav.main-navigation a[href="/audit"]'))
  await hand.press(page.locator('details.filter-card > summary'))
  await hand.select(page.locator('select[name=kind]'), 'client')
  await hand.type(page.locator('input[name=id]'), client.id)
  await hand.select(page.locator('select[name=environment]'), 'sandbox')
  await hand.go(page.locator('.filter-grid button.primary'))
  const row = page.locator('tr', { has: page.locator('details.change', { hasText: scope }) }).first()
  await hand.press(row.locator('summary'))
  const said = await row.textContent()
  assert.ok(said.includes(client.id) && said.includes(scope), said)
  assert.ok((await row.locator('ins').allTextContents()).some(text => text.includes(scope)), 'it says what came to it')
}
