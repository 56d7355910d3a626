// Judges the dashboard of a real server in a real browser.
//
//   node run.js [--only SUITE] [--pictures FOLDER]
//
// MINTMARK_TEST_BINARY is the program; CHROMIUM the browser, where it is not /usr/bin/chromium.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { after } from 'node:test'
import { parseArgs } from 'node:util'
import { Api } from './lib/api.js'
import { launch } from './lib/pages.js'
import { newMember } from './lib/people.js'
import { takePictures } from './lib/pictures.js'
import { Program } from './lib/program.js'
import { accessibility } from './suites/accessibility.js'
import { firstAdmin } from './suites/first-admin.js'
import { journeys } from './suites/journeys.js'
import { lighthouseSuite } from './suites/lighthouse.js'
import { sessions } from './suites/sessions.js'
import { typedText } from './suites/typed-text.js'

const SUITES = { journeys, accessibility, sessions, 'typed-text': typedText, lighthouse: lighthouseSuite }
const DEMO_TENANT = 'Demo tenant'

const { values: flags } = parseArgs({ options: { only: { type: 'string' }, pictures: { type: 'string' } } })
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium'
const binary = resolve(process.env.MINTMARK_TEST_BINARY ?? '../../target/debug/mintmark')
for (const [what, path] of [['browser', chromium], ['program', binary]]) {
  if (!existsSync(path)) {
    console.error(`there is no ${what} at ${path}`)
    process.exit(1)
  }
}

const program = await Program.start(binary)
const browser = await launch(chromium)
const people = new Map()
const world = {
  program,
  browser,
  chromium,
  /** Somebody of a role: the same one each time. Tenants' roles are at the demo clients' tenant. */
  person(role) {
    if (!people.has(role)) people.set(role, newMember(program, role, isOperators(role) ? undefined : DEMO_TENANT))
    return people.get(role)
  },
  /** Somebody of a role whom nobody else uses. */
  newPerson: role => newMember(program, role, isOperators(role) ? undefined : DEMO_TENANT),
  api: () => Api.of(program),
}
after(async () => {
  await browser.close()
  await program.stop()
})

function isOperators(role) {
  return role === 'admin' || role === 'auditor'
}

if (flags.pictures !== undefined) {
  await takePictures(world, flags.pictures)
  await browser.close()
  await program.stop()
  process.exit(0)
}

// First, since it needs a server that nobody is a member of.
firstAdmin(world)
for (const [name, suite] of Object.entries(SUITES)) {
  if (flags.only === undefined || flags.only === name) suite(world)
}
