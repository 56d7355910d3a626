// Pictures of the main pages for the documentation, made when somebody asks for them: node run.js --pictures FOLDER

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LiveClient, askForToken, newClient } from './client.js'
import { newWebhook, reportLeak } from './notices.js'
import { close, open, visit } from './pages.js'

const SIZE = { width: 1280, height: 800 }
// What asks for tokens, and what is refused meanwhile.
const NAMES = ['billing-worker', 'invoice-importer', 'ledger-export', 'partner-gateway', 'reconciliation']
const BUSY_MS = 6_000

/** Fills a server a little, and takes the pictures in both themes. */
export async function takePictures(world, folder) {
  await mkdir(folder, { recursive: true })
  const shown = await workABit(world)
  const webhook = await newWebhook(world)
  const leak = await reportLeak(world, await newClient(world, 'nightly-export'), 'https://git.example/acme/app/blob/main/.env#L3')
  const person = await world.newPerson('owner')
  const pages = {
    overview: '/sandbox',
    clients: '/sandbox/clients',
    client: `/sandbox/clients/${shown.id}`,
    usage: '/sandbox/usage?range=1h',
    explain: '/sandbox/explain',
    audit: '/audit',
    webhook: `/sandbox/webhooks/${webhook}`,
    leak: `/sandbox/leaks/${leak.id}`,
  }
  for (const colours of ['light', 'dark']) {
    const page = await open(world, { person, colours })
    await page.setViewportSize(SIZE)
    for (const [name, path] of Object.entries(pages)) {
      await visit(page, path)
      await page.screenshot({ path: join(folder, `${name}-${colours}.png`) })
    }
    await close(page)
  }
}

async function workABit(world) {
  const clients = []
  for (const name of NAMES) clients.push(await newClient(world, name))
  const running = clients.map(client => new LiveClient(world.program, client))
  const { client_secret: wrong } = world.program.demo('sandbox', 'standard')
  for (let request = 0; request < 12; request++) await askForToken(world.program, { ...clients[1], secret: wrong })
  for (let request = 0; request < 7; request++) await askForToken(world.program, { ...clients[2], scope: 'no:such-scope' })
  await new Promise(next => setTimeout(next, BUSY_MS))
  for (const client of running) await client.stop()
  // What was counted is written every few seconds.
  await new Promise(next => setTimeout(next, BUSY_MS))
  return clients[0]
}
