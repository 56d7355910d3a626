// Requests without a browser, and what their answers hold.

const TIME_MS = 20_000

export function get(origin, path, headers = {}) {
  return fetch(new URL(path, origin), { headers, redirect: 'manual', signal: AbortSignal.timeout(TIME_MS) })
}

/** Sends a form, as one of our own pages unless the headers say otherwise. */
export function post(origin, path, fields, headers = {}) {
  const own = { origin, 'content-type': 'application/x-www-form-urlencoded', ...headers }
  for (const name of Object.keys(own)) if (own[name] === null) delete own[name]
  const body = new URLSearchParams(fields).toString()
  return fetch(new URL(path, origin), { method: 'POST', headers: own, body, redirect: 'manual', signal: AbortSignal.timeout(TIME_MS) })
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"' }

function unescape(text) {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (all, number, name) => (number ? String.fromCodePoint(number) : (ENTITIES[name] ?? all)))
}

/** The value of a page's hidden field. */
export function hidden(page, name) {
  const found = page.match(new RegExp(`name="${name}" value="([^"]*)"`))
  if (!found) throw new Error(`the page has no field ${name}:\n${page.slice(0, 2000)}`)
  return unescape(found[1])
}

/** The session's cookie that an answer sets; nothing where it sets none. */
export function sessionOf(answer) {
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/)
    if (name !== 'mintmark_theme') return { name, value, line }
  }
  return undefined
}

/** A cookie as browsers send it. */
export function cookieHeader({ name, value }) {
  return { cookie: `${name}=${value}` }
}
