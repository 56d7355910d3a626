// What several journeys have in common.

import { PASSWORD } from '../../lib/people.js'

/** Shows anew who one is, where the page asks. */
export async function proveIfAsked(page, hand, person) {
  const password = page.locator('main input[name=step_up_password]')
  if ((await password.count()) === 0) return
  await hand.type(password, PASSWORD)
  await hand.type(page.locator('main input[name=step_up_code]'), await person.authenticator.code())
  await hand.go(page.locator('main form:has(input[name=step_up_code]) button.primary'))
}

/** Opens a dialogue, in place or as a page of its own, and says yes. */
export async function confirm(page, hand, javaScript, opener) {
  if (javaScript) await hand.press(opener)
  else await hand.go(opener)
  const typed = page.locator('dialog[open] input[data-must-be]')
  if ((await typed.count()) > 0) await hand.type(typed, await typed.getAttribute('data-must-be'))
  await hand.go(page.locator('dialog[open] form button:not([type=button])').last())
}

/** From the first page to the page of a client, by the menu and the search. */
export async function openClient(page, hand, id) {
  await hand.go(page.locator('nav.main-navigation a[href="/sandbox/clients"]'))
  await hand.type(page.locator('input[name=q]'), id)
  await hand.go(page.locator('form.filters button'))
  await hand.go(page.locator(`a.row-link[href="/sandbox/clients/${id}"]`))
}

/** From the page of a client to the page of one of its secrets. */
export async function openCredential(page, hand, id, credential) {
  await hand.go(page.locator(`nav.tabs a[href="/sandbox/clients/${id}/credentials"]`))
  await hand.go(page.locator(`a.row-link[href$="${credential}"]`))
}
