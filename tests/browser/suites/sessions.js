// What another site, or somebody with an old or planted cookie, cannot do.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { crawl } from '../lib/crawl.js'
import { changingForms } from '../lib/forms.js'
import { close, open, visit } from '../lib/pages.js'
import { PASSWORD } from '../lib/people.js'
import { cookieHeader, get, hidden, post, sessionOf } from '../lib/raw.js'

export function sessions(world) {
  test('no form is taken without its session’s token, or from another origin, and nothing is changed', () => everyForm(world))
  test('a page of another site can neither frame the dashboard nor send its forms', () => anotherSite(world))
  test('every page says that it is not to be framed, cached or guessed at', () => headers(world))
  test('a cookie that was planted before is worth nothing after signing in', () => fixation(world))
  test('after signing out the cookie is worth nothing, and going back shows nothing', () => signingOut(world))
}

async function formsOf(world, person) {
  const page = await open(world, { person })
  const forms = new Map()
  const collect = async () => (await changingForms(page)).forEach(form => forms.set(form.action.replace(/\?.*/, ''), form))
  await crawl(page, world.program.origin, ['/'], collect, path => !path.startsWith('/_kit'))
  await close(page)
  return [...forms.values()]
}

async function everyForm(world) {
  const { origin } = world.program
  const [person, other] = [await world.newPerson('admin'), await world.newPerson('admin')]
  const foreignToken = hidden(await (await get(origin, '/account', cookieHeader(other.session))).text(), 'csrf')
  const forms = await formsOf(world, person)
  assert.ok(forms.some(({ action }) => action === '/sign-out'))
  const before = await audited(world)
  const cookie = cookieHeader(person.session)
  for (const { action, fields } of forms) {
    const without = fields.filter(([name]) => name !== 'csrf')
    const tries = {
      'no token': [without, {}],
      'an empty token': [[...without, ['csrf', '']], {}],
      'the token of another session': [[...without, ['csrf', foreignToken]], {}],
      'two tokens': [[...fields, ...fields.filter(([name]) => name === 'csrf')], {}],
      'another origin': [fields, { origin: 'https://evil.example' }],
      'the same host at another port': [fields, { origin: origin.replace(/\d+$/, '1') }],
      'an origin that is hidden': [fields, { origin: 'null' }],
      'no origin': [fields, { origin: null }],
      'a browser that says cross-site': [fields, { 'sec-fetch-site': 'cross-site' }],
      'a browser that says same-site': [fields, { origin: null, 'sec-fetch-site': 'same-site' }],
    }
    for (const [what, [sent, more]] of Object.entries(tries)) {
      const answer = await post(origin, action, sent, { ...cookie, ...more })
      assert.equal(answer.status, 403, `${action} with ${what}`)
    }
    const asText = await post(origin, action, fields, { ...cookie, 'content-type': 'text/plain' })
    assert.equal(asText.status, 400, `${action} as text`)
    const read = await get(origin, `${action}?${new URLSearchParams(fields)}`, cookie)
    assert.ok(read.status < 500, `${action} read`)
  }
  assert.equal(await audited(world), before, 'nothing was changed')
}

/** How many changes there were. */
async function audited(world) {
  const heads = await world.program.command('audit', 'head')
  return JSON.stringify(heads, (name, value) => (/time|at|signature|mac/.test(name) ? undefined : value))
}

async function anotherSite(world) {
  const { origin } = world.program
  const person = await world.newPerson('admin')
  const site = createServer((request, answer) => {
    answer.setHeader('content-type', 'text/html')
    if (request.url === '/frame') answer.end(`<iframe src="${origin}/account"></iframe>`)
    else answer.end(`<form method=post action="${origin}/account/sessions/end"><input name=session value=others><button>Win</button></form>`)
  })
  site.listen(0, '127.0.0.1')
  await once(site, 'listening')
  // Not `open`: this page asks another host, and is told off in the console.
  const context = await world.browser.newContext({ storageState: person.state(origin) })
  try {
    await tryFromElsewhere(await context.newPage(), `http://127.0.0.1:${site.address().port}`, origin)
    assert.equal((await get(origin, '/account', cookieHeader(person.session))).status, 200, 'the session goes on')
  } finally {
    await context.close()
    site.closeAllConnections()
    site.close()
  }
}

async function tryFromElsewhere(page, evil, origin) {
  const toldOff = page.waitForEvent('console', message => /frame-ancestors|X-Frame-Options/i.test(message.text()))
  await page.goto(`${evil}/frame`)
  await toldOff
  assert.equal(await page.frames()[1].locator('main').count(), 0, 'the frame stays empty')
  await page.goto(`${evil}/form`)
  const [answer] = await Promise.all([page.waitForResponse(`${origin}/account/sessions/end`), page.click('button')])
  assert.equal(answer.status(), 403)
}

async function headers(world) {
  const page = await open(world, { person: await world.person('admin') })
  await crawl(page, world.program.origin, ['/', '/sign-in', '/no-such-page'], async (address, answer) => {
    const said = answer.headers()
    const policy = said['content-security-policy'] ?? ''
    assert.match(policy, /default-src 'none'/, address)
    assert.match(policy, /frame-ancestors 'none'/, address)
    assert.match(policy, /require-trusted-types-for 'script'/, address)
    assert.doesNotMatch(policy, /unsafe-(?:inline|eval)|\*/, address)
    assert.equal(said['x-frame-options'], 'DENY', address)
    assert.equal(said['x-content-type-options'], 'nosniff', address)
    assert.equal(said['cache-control'], 'no-store', address)
    assert.equal(said['referrer-policy'], 'same-origin', address)
    assert.equal(said.server, undefined, address)
  })
  await close(page)
}

async function signIn(world, person, headers = {}, more = {}) {
  const fields = { email: person.email, password: PASSWORD, code: await person.authenticator.code(), ...more }
  return post(world.program.origin, '/sign-in', fields, headers)
}

async function fixation(world) {
  const { origin } = world.program
  const person = await world.newPerson('viewer')
  const planted = { name: person.session.name, value: 'A'.repeat(43) }
  const csrf = hidden(await (await get(origin, '/sign-in', cookieHeader(planted))).text(), 'csrf')
  const answer = await signIn(world, person, cookieHeader(planted), { csrf })
  assert.equal(answer.status, 303)
  const session = sessionOf(answer)
  assert.ok(session.value !== planted.value && session.value !== person.session.value, 'every sign-in has a cookie of its own')
  assert.match(session.line, /HttpOnly/)
  assert.match(session.line, /SameSite=Lax/)
  assert.doesNotMatch(session.line, /Domain=/i)
  assert.equal((await get(origin, '/account', cookieHeader(session))).status, 200)
  assert.equal((await get(origin, '/account', cookieHeader(planted))).headers.get('location'), '/sign-in')
  const both = { cookie: `${planted.name}=${planted.value}; ${session.name}=${session.value}` }
  assert.equal((await get(origin, '/account', both)).headers.get('location'), '/sign-in', 'a planted one beside it makes both worthless')
  const inAddress = await get(origin, `/account?${session.name}=${session.value}`)
  assert.equal(inAddress.headers.get('location'), '/sign-in', 'no session is taken from an address')
}

async function signingOut(world) {
  const person = await world.newPerson('viewer')
  const page = await open(world, { person })
  await visit(page, '/account')
  assert.ok((await page.textContent('main')).includes(person.email))
  await Promise.all([page.waitForURL('**/sign-in'), page.click('form[action="/sign-out"] button')])
  const after = await get(world.program.origin, '/account', cookieHeader(person.session))
  assert.equal(after.headers.get('location'), '/sign-in', 'the cookie that somebody copied is worth nothing')
  await page.goBack()
  assert.ok(!(await page.textContent('body')).includes(person.email), 'nothing of before is shown')
  await close(page)
}
