// What people come to the dashboard for, from the first page to the last.

import { audit } from './journeys/audit.js'
import { firstToken } from './journeys/first-token.js'
import { leak } from './journeys/leak.js'
import { passkeys } from './journeys/passkeys.js'
import { quarantine } from './journeys/quarantine.js'
import { refusal } from './journeys/refusal.js'
import { rotation } from './journeys/rotation.js'
import { webhook } from './journeys/webhook.js'

export function journeys(world) {
  firstToken(world)
  rotation(world)
  leak(world)
  quarantine(world)
  webhook(world)
  refusal(world)
  audit(world)
  passkeys(world)
}
