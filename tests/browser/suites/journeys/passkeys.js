// Signing in without a password. The browser has a device that makes passkeys.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WAYS } from '../../lib/hand.js'
import { close, open, visit } from '../../lib/pages.js'
import { stepUp } from '../../lib/people.js'

const DEVICE = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
}

export function passkeys(world) {
  for (const { way, hand, javaScript } of WAYS.filter(({ javaScript }) => javaScript)) {
    test(`a passkey is added, and signs in, ${way}`, async () => {
      const person = await world.newPerson('viewer')
      await stepUp(world.program, person, 'access')
      const page = await open(world, { person, javaScript })
      await withDevice(page)
      await visit(page, '/account')
      await useOne(page, hand(page), person)
      await close(page)
    })
  }
}

async function withDevice(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', { options: DEVICE })
}

async function useOne(page, hand, person) {
  await hand.go(page.locator('main a[href="/account/passkeys/new"]'))
  await hand.type(page.locator('main input[name=name]'), 'This machine')
  await hand.go(page.locator('[data-passkey=create]'))
  assert.ok((await page.textContent('main')).includes('This machine'), 'the account lists it')
  await hand.go(page.locator('form[action="/sign-out"] button'))
  assert.equal(new URL(page.url()).pathname, '/sign-in')
  await hand.go(page.locator('[data-passkey]'))
  await visit(page, '/account')
  assert.ok((await page.textContent('main')).includes(person.email))
}
