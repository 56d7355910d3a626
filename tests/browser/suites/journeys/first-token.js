// From signing in to a token: three screens, and a command that works as it is shown.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { PASSWORD } from '../../lib/people.js'

const run = promisify(execFile)
const SCREENS_MAX = 3

export function firstToken(world) {
  for (const { way, hand, javaScript } of WAYS) {
    test(`from signing in to a first token in three screens, ${way}`, async () => {
      const person = await world.newPerson('admin')
      const page = await open(world, { person, javaScript })
      await visit(page, '/')
      const screens = []
      page.on('framenavigated', frame => frame === page.mainFrame() && screens.push(frame.url()))
      const made = await makeClient(page, hand(page), person, `first-${javaScript}-${way.length}`)
      assert.ok(screens.length <= SCREENS_MAX, `it took ${screens.join(' ')}`)
      assert.equal((await claimsBy(made.curl)).client_id, made.id)
      await close(page)
    })
  }

  test('a secret is copied and downloaded, and is nowhere after', () => copying(world))
}

/** Fills in the three screens; gives the new client, as its page shows it. */
export async function makeClient(page, hand, person, name) {
  await hand.go(page.locator('main a[href="/sandbox/clients/new"]').first())
  await hand.type(page.locator('input[name=name]'), name)
  const tenants = page.locator('select[name=tenant]')
  if ((await tenants.count()) > 0) await hand.select(tenants, { label: 'Demo tenant' })
  await hand.choose(page.locator('input[name=method][value=secret]'))
  await hand.choose(page.locator('input[name=scope]').first())
  await hand.go(page.locator('form.form button.primary'))
  const asks = page.locator('input[name=step_up_password]')
  if ((await asks.count()) > 0) {
    await hand.type(asks, PASSWORD)
    await hand.type(page.locator('input[name=step_up_code]'), await person.authenticator.code())
  }
  assert.ok((await page.textContent('.sentence')).includes(name), 'a sentence sums it up')
  await hand.go(page.locator('main form.form button.primary'))
  const id = (await page.locator('#client-id').textContent()).trim()
  const secret = await page.locator('#client-secret').inputValue()
  const curl = await page.locator('details.snippet pre').first().textContent()
  return { id, secret, curl, name }
}

/** What the token says that a command gets. */
export async function claimsBy(command) {
  const { stdout } = await run('bash', ['-c', command], { timeout: 20_000 })
  const { access_token: token } = JSON.parse(stdout)
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
}

async function copying(world) {
  const person = await world.newPerson('admin')
  const page = await open(world, { person })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await visit(page, '/sandbox/clients')
  const [mouse] = WAYS
  const { secret, id } = await makeClient(page, mouse.hand(page), person, 'copied')
  await page.click('[data-copy=client-secret]')
  await page.locator('[data-toasts] p').waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret)
  for (const kind of ['env', 'json']) {
    const [file] = await Promise.all([page.waitForEvent('download'), page.click(`[data-name$=".${kind}"]`)])
    const text = await readFile(await file.path(), 'utf8')
    assert.ok(text.includes(secret) && text.includes(id), `${kind}: ${text}`)
    if (kind === 'json') JSON.parse(text)
  }
  assert.ok(!page.url().includes(secret), 'no secret is in an address')
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  assert.ok(!kept.includes(secret), 'the browser keeps no secret')
  const again = await page.reload()
  assert.ok(again.status() < 500 && !(await page.content()).includes(secret), 'loaded again, the page is without it')
  await visit(page, `/sandbox/clients/${id}`)
  assert.ok(!(await page.content()).includes(secret))
  await close(page)
}
