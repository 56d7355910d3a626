// How somebody uses a page: with a mouse, or with the keyboard alone.

import * as keyboard from './keyboard.js'

class Mouse {
  constructor(page) {
    this.page = page
  }

  /** Follows a link or presses a button that leads to another page. */
  async go(wanted) {
    await Promise.all([this.page.waitForNavigation({ waitUntil: 'load' }), wanted.click()])
  }

  /** Presses a button that leads nowhere. */
  async press(wanted) {
    await wanted.click()
  }

  async type(wanted, text) {
    await wanted.fill(text)
  }

  async choose(wanted) {
    await wanted.check()
  }

  /** Chooses of a list, by what it says or by value. */
  async select(wanted, option) {
    await wanted.selectOption(option)
  }
}

class Keyboard {
  constructor(page) {
    this.page = page
  }

  async go(wanted) {
    await keyboard.enter(this.page, wanted)
  }

  async press(wanted) {
    await keyboard.tabTo(this.page, wanted)
    await this.page.keyboard.press('Enter')
  }

  async type(wanted, text) {
    await keyboard.type(this.page, wanted, text)
  }

  async choose(wanted) {
    await keyboard.choose(this.page, wanted)
  }

  async select(wanted, option) {
    await keyboard.tabTo(this.page, wanted)
    const all = await wanted.locator('option').evaluateAll(options => options.map(one => [one.value, one.label]))
    const place = all.findIndex(([value, label]) => value === option || label === option || label === option.label)
    await this.page.keyboard.press('Home')
    for (let press = 0; press < place; press++) await this.page.keyboard.press('ArrowDown')
  }
}

/** The ways in which each journey is gone. */
export const WAYS = [
  { way: 'with a mouse', hand: page => new Mouse(page), javaScript: true },
  { way: 'by keyboard alone', hand: page => new Keyboard(page), javaScript: true },
  { way: 'without scripts', hand: page => new Mouse(page), javaScript: false },
]
