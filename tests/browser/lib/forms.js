// The forms of a page, as a program reads them.

/** The forms of a page that change something: where they go, with what. */
export function changingForms(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('form')]
      .filter(form => form.getAttribute('method') === 'post')
      .map(form => ({
        // Not `form.action`: a field may have that name.
        action: (to => to.pathname + to.search)(new URL(form.getAttribute('action') ?? location.href, location.href)),
        fields: [...new FormData(form)].filter(([, value]) => typeof value === 'string'),
        texts: [...form.elements].filter(one => one.matches('input[type=text], input:not([type]), input[type=search], input[type=url], textarea')).map(one => one.name),
      })),
  )
}

/** The fields of a page that one searches with. */
export function searchFields(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('form')]
      .filter(form => form.getAttribute('method') === 'get')
      .flatMap(form => [...form.elements].filter(one => one.matches('input, select') && one.name !== '').map(one => ({ path: new URL(form.getAttribute('action') ?? location.href, location.href).pathname, name: one.name }))),
  )
}
