// Pages of the browser that notice what no page of ours may do: complain, ask another host, open a dialogue of the browser's.

import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

// What would otherwise ask hosts of its maker's.
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--no-first-run']
const TIME_MS = 15_000

export function launch(executablePath, extra = []) {
  return chromium.launch({ executablePath, args: [...QUIET, ...extra] })
}

/** A page of a browser that has nothing of any other page's. */
export async function open(world, { person, javaScript = true, colours = 'light', width = 1280 } = {}) {
  const { origin } = world.program
  const context = await world.browser.newContext({
    baseURL: origin,
    storageState: person?.state(origin),
    javaScriptEnabled: javaScript,
    colorScheme: colours,
    reducedMotion: 'reduce',
    viewport: { width, height: 900 },
    permissions: [],
  })
  const page = await context.newPage()
  page.setDefaultTimeout(TIME_MS)
  page.complaints = watch(page, origin)
  return page
}

function watch(page, origin) {
  const complaints = []
  const note = what => complaints.push(`${page.url()}: ${what}`)
  page.on('console', message => {
    // Answers with an error are looked at below: a page may be a refusal, what it is made of may not.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) note(`console: ${message.text()}`)
  })
  page.on('pageerror', error => note(`script: ${error}`))
  page.on('dialog', dialog => {
    note(`dialogue: ${dialog.message()}`)
    dialog.dismiss().catch(() => {})
  })
  page.on('request', request => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.origin !== origin) note(`asked another host: ${request.url()}`)
  })
  page.on('response', response => {
    if (response.status() >= 400 && response.request().resourceType() !== 'document') note(`${response.status()} ${response.url()}`)
  })
  return complaints
}

/** Goes to a page, which must be there. */
export async function visit(page, path) {
  const answer = await page.goto(path, { waitUntil: 'load' })
  assert.ok(answer.status() < 400, `${path} answered ${answer.status()}`)
  return answer
}

/** Closes a page that had nothing to complain of. */
export async function close(page) {
  await page.context().close()
  assert.deepEqual(page.complaints, [])
}
