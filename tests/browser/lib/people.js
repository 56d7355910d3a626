// Members of every role, each with a session of their own.

import { Authenticator } from './totp.js'
import { cookieHeader, get, hidden, post, sessionOf } from './raw.js'

export const PASSWORD = 'correct horse battery staple'

/** Somebody who can sign in, and is signed in. */
export class Person {
  constructor(email, role, authenticator, session) {
    Object.assign(this, { email, role, authenticator, session })
  }

  /** The session as a browser keeps it. */
  state(origin) {
    const { name, value } = this.session
    const cookie = { name, value, domain: new URL(origin).hostname, path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Lax' }
    return { cookies: [cookie], origins: [] }
  }
}

let number = 0

/** Makes a member by an invitation of the command line, who accepts it without a browser. */
export async function newMember(program, role, tenant) {
  const email = `${role}-${++number}@example.com`
  const args = ['member', 'add', email, '--role', role, '--origin', program.origin]
  if (tenant) args.push('--tenant', tenant)
  const { link } = await program.command(...args)
  const page = await (await get(program.origin, new URL(link).pathname)).text()
  const authenticator = new Authenticator(hidden(page, 'secret'))
  const answer = await post(program.origin, '/invitation/accept', {
    token: hidden(page, 'token'),
    handle: hidden(page, 'handle'),
    name: `${role} ${number}`,
    password: PASSWORD,
    code: await authenticator.code(),
  })
  if (answer.status !== 303) throw new Error(`${email} could not accept: ${answer.status}\n${await answer.text()}`)
  return new Person(email, role, authenticator, sessionOf(answer))
}

/** Has somebody show anew who they are, for actions of one kind: their session has another cookie from then on. */
export async function stepUp(program, person, action) {
  const cookie = cookieHeader(person.session)
  const csrf = hidden(await (await get(program.origin, '/account', cookie)).text(), 'csrf')
  const shown = { csrf, step_up_action: action, step_up_password: PASSWORD, step_up_code: await person.authenticator.code() }
  const answer = await post(program.origin, '/step-up', shown, cookie)
  if (answer.status !== 303) throw new Error(`${person.email} could not step up: ${answer.status}`)
  person.session = sessionOf(answer)
}
