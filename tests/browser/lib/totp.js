// The codes that an authenticator program shows (RFC 6238, SHA-1, six digits, 30 seconds).

import { createHmac } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const STEP_MS = 30_000

function decode(base32) {
  let bits = ''
  for (const letter of base32) bits += ALPHABET.indexOf(letter).toString(2).padStart(5, '0')
  return Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)))
}

function codeOf(secret, step) {
  const moment = Buffer.alloc(8)
  moment.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', decode(secret)).update(moment).digest()
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/**
 * Somebody's authenticator program. The server takes each step's code once, and codes one step early or late: so three can be had at
 * once, and for the next one it takes up to half a minute.
 */
export class Authenticator {
  constructor(secret) {
    this.secret = secret
    this.last = 0
  }

  async code() {
    const now = Math.floor(Date.now() / STEP_MS)
    // A step that is about to be too old could be so when it arrives.
    const oldest = Date.now() % STEP_MS > STEP_MS - 5_000 ? now : now - 1
    const step = Math.max(this.last + 1, oldest)
    const early = (step - 1) * STEP_MS - Date.now()
    if (early > 0) await new Promise(done => setTimeout(done, early + 200))
    this.last = step
    return codeOf(this.secret, step)
  }
}
