// The way into a new server, through its own pages.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { close, open } from '../lib/pages.js'
import { PASSWORD, Person } from '../lib/people.js'
import { Authenticator } from '../lib/totp.js'

const EMAIL = 'ada@example.com'

export function firstAdmin(world) {
  test('the link that a new server prints makes its first admin', async () => {
    const page = await open(world)
    await page.goto(world.program.ready.admin.set_up_link)
    const authenticator = new Authenticator((await page.locator('#totp-key').textContent()).trim())
    await page.getByLabel('Name').fill('Ada Moreau')
    await page.getByLabel('E-mail').fill(EMAIL)
    await page.locator('input[type=password]').fill(PASSWORD)
    await page.locator('input[name=code]').fill(await authenticator.code())
    await Promise.all([page.waitForNavigation(), page.locator('form:has(input[name=code]) button.primary').click()])
    await page.locator('nav.main-navigation').waitFor({ state: 'attached' })
    const [cookie] = (await page.context().cookies()).filter(({ name }) => name !== 'mintmark_theme')
    assert.ok(cookie.httpOnly && cookie.sameSite === 'Lax', 'scripts and other sites do not get at the session')
    world.ada = new Person(EMAIL, 'admin', authenticator, { name: cookie.name, value: cookie.value })
    await close(page)
    const again = await open(world)
    const answer = await again.goto(world.program.ready.admin.set_up_link)
    assert.equal(answer.status(), 403, 'the link works once')
    await close(again)
  })
}
