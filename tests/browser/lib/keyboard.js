// Somebody who has a keyboard and nothing else.

import assert from 'node:assert/strict'

const STOPS = 250

/** Goes on by the Tab key until the wanted element has the focus, which must be seen. */
export async function tabTo(page, wanted) {
  const element = await wanted.elementHandle()
  for (let stop = 0; stop < STOPS; stop++) {
    if (await element.evaluate(one => one === document.activeElement)) {
      assert.ok(await element.evaluate(isSeen), 'what has the focus shows it')
      return
    }
    await page.keyboard.press('Tab')
  }
  assert.fail(`the Tab key never comes to ${wanted}`)
}

/* Runs in the page. */
function isSeen(element) {
  const shown = getComputedStyle(element)
  const around = element.closest('label') ? getComputedStyle(element.closest('label')) : shown
  const has = style => (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none'
  const box = element.getBoundingClientRect()
  return (has(shown) || has(around)) && box.width > 0 && box.height > 0
}

/** Opens a link or presses a button by Enter, and waits for the page that comes. */
export async function enter(page, wanted) {
  await tabTo(page, wanted)
  const answer = page.waitForNavigation({ waitUntil: 'load' })
  await page.keyboard.press('Enter')
  await answer
}

/** Types into a field, in place of what is there. */
export async function type(page, wanted, text) {
  await tabTo(page, wanted)
  await page.keyboard.press('Control+A')
  await page.keyboard.type(text)
}

/** Presses Space on a check box or radio button that is to be chosen. */
export async function choose(page, wanted) {
  if (await wanted.isChecked()) return
  const kind = await wanted.getAttribute('type')
  if (kind !== 'radio') {
    await tabTo(page, wanted)
    await page.keyboard.press('Space')
    return
  }
  // Tab comes to the one of a group that is chosen; arrows lead to the others.
  const name = await wanted.getAttribute('name')
  const group = page.locator(`input[type=radio][name="${name}"]`)
  const chosen = page.locator(`input[type=radio][name="${name}"]:checked`)
  await tabTo(page, (await chosen.count()) > 0 ? chosen.first() : group.first())
  for (let press = 0; press < (await group.count()) && !(await wanted.isChecked()); press++) await page.keyboard.press('ArrowDown')
  if (!(await wanted.isChecked())) await page.keyboard.press('Space')
  assert.ok(await wanted.isChecked(), 'arrows lead to every choice')
}
