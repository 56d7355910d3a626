// Every page: what axe finds, whether it fits a narrow screen, what it loads.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newClient } from '../lib/client.js'
import { crawl } from '../lib/crawl.js'
import { faultsOf, weigh } from '../lib/judge.js'
import { newWebhook, reportLeak } from '../lib/notices.js'
import { close, open, visit } from '../lib/pages.js'
import { stepUp } from '../lib/people.js'

const FIRST_LOAD_MAX = 100_000
const LATER_MAX = 20_000
// What is there because something was made for it.
const SEEN_BY_ALL = [/^\/sandbox\/webhooks\/whk_/, /^\/sandbox\/leaks\/lek_/]
const SEEN_BY_WHO_CHANGES = [/^\/sandbox\/webhooks\/new/, /webhooks\/whk_.*dialog=disable/, /leaks\/lek_.*dialog=revoke/]

export function accessibility(world) {
  describe('every page', { concurrency: 2 }, () => everywhere(world))
}

function everywhere(world) {
  test('every page of the kit is accessible in both themes and on narrow screens', async () => {
    const page = await open(world)
    await visit(page, '/_kit')
    const faults = []
    const seen = await crawl(page, world.program.origin, ['/_kit'], async address => {
      if (!address.startsWith('/_kit')) return
      for (const fault of await faultsOf(page)) faults.push(`${address}: ${fault}`)
    }, address => address.startsWith('/_kit'))
    assert.deepEqual(faults, [])
    assert.ok(seen.length > 15, seen.join(' '))
    await close(page)
  })

  for (const role of ['admin', 'owner', 'viewer']) {
    test(`every page that ${role} can come to is accessible, fits, and loads little`, async t => {
      const person = await world.newPerson(role)
      await stepUp(world.program, person, 'access')
      await newWebhook(world)
      const leak = await reportLeak(world, await newClient(world, `leaked-for-${role}`))
      const seen = await everyPage(t, world, person)
      const wanted = role === 'viewer' ? SEEN_BY_ALL : [...SEEN_BY_ALL, ...SEEN_BY_WHO_CHANGES]
      assert.deepEqual(wanted.filter(pattern => !seen.some(address => pattern.test(address))), [])
      const page = await open(world, { person })
      await visit(page, `/sandbox/clients/${leak.client_id}`)
      assert.deepEqual(await faultsOf(page, false), [], 'a client with a leak')
      await close(page)
    })
  }

  test('pages for whoever is not signed in are accessible, fit, and load little', async t => {
    await everyPage(t, world, undefined, ['/sign-in', '/invitation', '/no-such-page'])
  })
}

async function everyPage(t, world, person, beginnings = ['/']) {
  const { origin } = world.program
  const page = await open(world, { person })
  const faults = []
  const isThorough = person === undefined || person.role === 'admin'
  // What is of the other environment looks alike, but for its colours.
  const real = path => !path.startsWith('/_kit') && (isThorough || !path.startsWith('/production'))
  const seen = await crawl(page, origin, beginnings, async (address, answer) => {
    const isMissing = address === '/no-such-page'
    if (answer.status() >= 400 && !isMissing) faults.push(`${address}: a link leads to ${answer.status()}`)
    for (const fault of await faultsOf(page, isThorough)) faults.push(`${address}: ${fault}`)
  }, real)
  const heavy = await open(world, { person })
  for (const address of [...seen]) {
    const { all, html } = await weigh(heavy, address)
    t.diagnostic(`${address}: ${html} bytes, with all that it loads ${all}`)
    if (all > FIRST_LOAD_MAX) faults.push(`${address}: a first visit loads ${all} bytes`)
    if (html > LATER_MAX) faults.push(`${address}: has ${html} bytes`)
  }
  assert.deepEqual(faults, [])
  assert.ok(seen.length >= (person ? 2 : 3), seen.join(' '))
  await close(heavy)
  await close(page)
  return seen
}
