// What people come to the dashboard for, from the first page to the last.

import { firstToken } from './journeys/first-token.js'
import { passkeys } from './journeys/passkeys.js'

export function journeys(world) {
  firstToken(world)
  passkeys(world)
}
