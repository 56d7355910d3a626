// What somebody typed is text wherever it is shown, in whatever place it was typed (stored and reflected cross-site scripting).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crawl } from '../lib/crawl.js'
import { changingForms, searchFields } from '../lib/forms.js'
import { ENCODED, MARKUP, NAMES, REFERENCES } from '../lib/naughty.js'
import { newWebhook } from '../lib/notices.js'
import { close, open } from '../lib/pages.js'
import { post, cookieHeader } from '../lib/raw.js'

const LONGEST_USER_AGENT = 200
const ATTRIBUTE_MAX = 256

export function typedText(world) {
  test('whatever names things have, every page shows them as they are and nothing comes of them', async () => {
    const api = await world.api()
    const clients = await fill(world, api)
    const admin = await world.person('admin')
    const page = await open(world, { person: admin })
    const faults = []
    const seen = await crawl(page, world.program.origin, ['/'], async address => faults.push(...(await injected(page, address))), isReal)
    assert.ok(seen.length > 5, seen.join(' '))
    for (const { id, name } of clients) {
      const address = `/sandbox/clients/${id}`
      await page.goto(address)
      faults.push(...(await injected(page, address)))
      if (!(await shownText(page)).includes(name)) faults.push(`${address} does not show ${name}`)
    }
    const { items: reported } = await api.get('/environments/sandbox/leaks?limit=200')
    for (const { id, found_at: found } of reported) {
      const address = `/sandbox/leaks/${id}`
      await page.goto(address)
      faults.push(...(await injected(page, address)))
      if (!(await shownText(page)).includes(found)) faults.push(`${address} does not show ${found}`)
    }
    assert.deepEqual(faults, [])
    await close(page)
  })

  test('a search or filter with markup in it is shown as text', async () => {
    const page = await open(world, { person: await world.person('admin') })
    const fields = new Map()
    const collect = async () => (await searchFields(page)).forEach(field => fields.set(`${field.path}?${field.name}`, field))
    await crawl(page, world.program.origin, ['/'], collect, isReal)
    const faults = []
    for (const { path, name } of fields.values()) {
      for (const text of [MARKUP[4], MARKUP[5], MARKUP[7], MARKUP[12], ENCODED[0]]) {
        await page.goto(`${path}?${new URLSearchParams({ [name]: text })}`)
        faults.push(...(await injected(page, `${path}?${name}=${text}`)))
      }
    }
    assert.deepEqual(faults, [])
    await close(page)
  })

  test('a form that comes back with what was typed has it as text', async () => {
    const person = await world.newPerson('admin')
    const page = await open(world, { person })
    const forms = new Map()
    const collect = async address => {
      for (const form of await changingForms(page)) if (form.texts.length > 0) forms.set(form.action, { ...form, address })
    }
    await crawl(page, world.program.origin, ['/'], collect, isReal)
    const faults = []
    for (const { action, fields, texts } of forms.values()) {
      for (const text of [MARKUP[5], MARKUP[12], MARKUP[15]]) {
        const typed = fields.map(([name, value]) => [name, texts.includes(name) ? text : value])
        const answer = await post(world.program.origin, action, typed, cookieHeader(person.session))
        const html = await answer.text()
        if (answer.status >= 500) faults.push(`${action}: ${answer.status}`)
        if (html.includes('<')) faults.push(...(await injectedIn(world, html, action)))
      }
    }
    assert.deepEqual(faults, [])
    await close(page)
  })
}

const isReal = path => !path.startsWith('/_kit')

/** Puts the names wherever the API takes a text, and where the server itself keeps what others send. */
async function fill(world, api) {
  const dialects = ['standard']
  const tenant = (await api.get('/tenants')).items.find(({ name }) => name === 'Demo tenant')
  const clients = []
  for (const name of NAMES) {
    const attributes = Buffer.byteLength(name) <= ATTRIBUTE_MAX ? { label: name } : {}
    const made = await api.post('/environments/sandbox/clients', { tenant_id: tenant.id, name, dialects, attributes })
    clients.push({ id: made.client.id, name })
  }
  for (const name of MARKUP) {
    await api.post(`/environments/sandbox/tenants/${tenant.id}/businesses`, { name, external_id: name })
    await api.post('/tenants', { name })
  }
  const scopes = MARKUP.slice(0, 20).map((description, place) => ({ name: `naughty:${place}`, description }))
  await api.post('/environments/sandbox/resources', { uri: 'https://naughty.example', name: MARKUP[0], scopes })
  for (const text of ["https://hooks.example.com/?a='onmouseover='injected=1", 'https://hooks.example.com/&lt;x-injected&gt;%3Cx-injected%3E']) {
    await newWebhook(world, text)
  }
  await leaks(api, tenant, dialects)
  await refusedRequests(world)
  return clients
}

/** Secrets that were found at places which whoever reported them made up. */
async function leaks(api, tenant, dialects) {
  for (const [place, url] of [...MARKUP.slice(0, 8), ...REFERENCES].entries()) {
    const made = await api.post('/environments/sandbox/clients', { tenant_id: tenant.id, name: `leaked ${place}`, dialects })
    const { leak } = await api.post('/environments/sandbox/leaks', { secret: made.secret, url })
    await api.post(`/environments/sandbox/leaks/${leak.id}/release`, { reason: url })
    // Reported once more, it is open again.
    await api.post('/environments/sandbox/leaks', { secret: made.secret, url })
  }
}

/** Token requests whose every part is somebody else's: refusals are kept, and shown. */
async function refusedRequests(world) {
  const endpoint = world.program.environment('sandbox').token_endpoints.standard
  const demo = world.program.demo('sandbox', 'standard')
  for (const text of MARKUP.slice(0, 12)) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': text.slice(0, LONGEST_USER_AGENT) }
    const form = { grant_type: 'client_credentials', client_id: demo.client_id, client_secret: text, scope: text }
    const unknown = { ...form, client_id: text }
    for (const fields of [form, unknown]) {
      await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(fields).toString() })
    }
  }
}

/** What is in the page that none of our templates puts there. */
async function injected(page, address) {
  const found = await page.evaluate(foreign)
  return found.map(what => `${address}: ${what}`)
}

/** The same of an answer to a form. */
async function injectedIn(world, html, address) {
  const page = await open(world)
  await page.route('**/answer-to-a-form', route => route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' }))
  await page.goto('/answer-to-a-form')
  const found = await injected(page, address)
  await page.context().close()
  return [...found, ...page.complaints]
}

/* Runs in the page. */
function foreign() {
  const found = []
  if (globalThis.injected !== undefined) found.push('a script ran')
  for (const element of document.querySelectorAll('*')) {
    const tag = element.localName
    const handlers = element.getAttributeNames().filter(name => name.startsWith('on') || name === 'style' || name === 'srcdoc')
    const leads = ['href', 'src', 'action', 'formaction', 'data'].map(name => element.getAttribute(name) ?? '')
    const isOurs = tag !== 'script' || new URL(element.src, location.href).pathname.startsWith('/assets/')
    if (['x-injected', 'iframe', 'object', 'embed', 'base', 'img', 'math', 'style'].includes(tag)) found.push(`<${tag}>`)
    if (!isOurs || handlers.length > 0) found.push(element.outerHTML.slice(0, 200))
    if (leads.some(lead => /^\s*(?:javascript:|data:|\/\/)/i.test(lead))) found.push(element.outerHTML.slice(0, 200))
  }
  return found
}

/** All text of a page, also that of its fields. */
function shownText(page) {
  return page.evaluate(() => [document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map(one => one.value)].join('\n'))
}
