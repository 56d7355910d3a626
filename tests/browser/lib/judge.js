// What is judged on each page.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const WIDE = { width: 1280, height: 900 }
const NARROW = { width: 320, height: 640 }

// Only what these rules look at differs between the themes.
const COLOURS = ['color-contrast', 'link-in-text-block']
const THOROUGH = [
  [WIDE, [['light', undefined], ['dark', COLOURS]]],
  [NARROW, [['light', COLOURS], ['dark', undefined]]],
]
const QUICK = [
  [WIDE, [['light', undefined]]],
  [NARROW, [['dark', COLOURS]]],
]

/** What axe finds in both themes, wide and narrow, and whether the page scrolls sideways. */
export async function faultsOf(page, isThorough = true) {
  const faults = []
  for (const [viewport, themes] of isThorough ? THOROUGH : QUICK) {
    await page.setViewportSize(viewport)
    for (const [colorScheme, rules] of themes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const fault of await violations(page, rules)) faults.push(`${viewport.width} px, ${colorScheme}: ${fault}`)
    }
    if (viewport === NARROW) {
      const wide = await page.evaluate(overflow)
      if (wide) faults.push(`${viewport.width} px: scrolls sideways because of ${wide}`)
    }
  }
  return faults
}

async function violations(page, rules) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(`${axe};0`)
  const found = await page.evaluate(
    async wanted => {
      const options = { preload: false, resultTypes: ['violations'] }
      if (wanted) options.runOnly = { type: 'rule', values: wanted }
      const { violations } = await axe.run(document, options)
      return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.slice(0, 3).map(node => node.html.slice(0, 200)), count: nodes.length }))
    },
    rules,
  )
  return found.map(({ id, help, nodes, count }) => `${id} (${help}), ${count}: ${nodes.join(' | ')}`)
}

/* Runs in the page: the innermost thing that is too wide, if anything makes the page scroll sideways. */
function overflow() {
  const root = document.scrollingElement
  if (root.scrollWidth <= root.clientWidth) return undefined
  const wide = [...document.body.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > root.clientWidth + 0.5)
  const last = wide.at(-1)
  return last ? last.outerHTML.slice(0, 200) : `${root.scrollWidth} px`
}

/** What a first visit of a page loads, in bytes as they are sent; and the page alone. */
export async function weigh(page, path) {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const documents = new Set()
  const weights = new Map()
  session.on('Network.responseReceived', ({ requestId, type }) => type === 'Document' && documents.add(requestId))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => weights.set(requestId, encodedDataLength))
  await page.goto(path, { waitUntil: 'networkidle' })
  await session.detach()
  const all = [...weights].reduce((sum, [, weight]) => sum + weight, 0)
  const html = [...weights].filter(([id]) => documents.has(id)).reduce((sum, [, weight]) => sum + weight, 0)
  return { all, html }
}
