// Finds the pages that somebody can come to by links.

const PAGES_MAX = 160
// Parts of a path that name an object: any of its kind stands for all.
const NAMED = /^(?:[a-z]{3}_[1-9A-HJ-NP-Za-km-z]{16,}|[0-9a-f]{16,}|[A-Za-z0-9_-]{20,}|\d+|http.*|.*%.*)$/
const ENVIRONMENTS = ['sandbox', 'production']
// Parts of a query whose value makes another page.
const TELLING = ['tab', 'period', 'view', 'dialog', 'status', 'kind']

// What is kept as a file, not looked at.
const isFile = path => path.endsWith('/export') || path.startsWith('/admin/')

/** What kind of page an address is. */
export function kindOf(address, origin) {
  const url = new URL(address, origin)
  const parts = url.pathname.split('/')
  const path = parts.map((part, place) => (NAMED.test(part) || (place > 1 && ENVIRONMENTS.includes(part)) ? '…' : part)).join('/')
  const query = [...url.searchParams].map(([name, value]) => (TELLING.includes(name) ? `${name}=${value}` : name))
  return path + (query.length > 0 ? `?${query.sort().join('&')}` : '')
}

/** Calls back with a page at each kind of address that links lead to from the beginnings. */
export async function crawl(page, origin, beginnings, each, wanted = () => true) {
  const queue = [...beginnings]
  const known = new Set(queue.map(address => kindOf(address, origin)))
  const seen = []
  while (queue.length > 0) {
    if (seen.length === PAGES_MAX) throw new Error(`there are more kinds of pages than ${PAGES_MAX}: ${queue.join(' ')}`)
    const address = queue.shift()
    const answer = await page.goto(address, { waitUntil: 'load' })
    seen.push(address)
    await each(address, answer)
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href))
    for (const link of links) {
      const url = new URL(link)
      const kind = kindOf(link, origin)
      if (url.origin !== origin || known.has(kind) || isFile(url.pathname) || !wanted(url.pathname)) continue
      known.add(kind)
      queue.push(url.pathname + url.search)
    }
  }
  return seen
}
