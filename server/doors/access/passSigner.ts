import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'

const ID_BYTES = 16
/** Of the SHA-256: nobody tries 2^128. */
const SIGNATURE_BYTES = 16

export type PassSigner = {
  /** One that there was never before, good for `purpose` and `details`, as text that an address can hold. */
  make(purpose: string, details?: Uint8Array): string
  /** What it was made of; null for one that was not made for this purpose by a server with the same token. */
  read(purpose: string, pass: string): { id: string; details: Buffer } | null
}

/**
 * Signs what opens a socket in the place of the token. Servers that share `token` take each other's; without one they are of this process
 * alone. The key takes its time to derive, so that who sees a pass, in the log of a proxy, cannot guess a short token by it.
 */
export function createPassSigner(token: string | null): PassSigner {
  const key = token === null ? randomBytes(32) : scryptSync(token, 'quantvox passes', 32)
  const sign = (purpose: string, signed: Uint8Array) =>
    createHmac('sha256', key).update(`${purpose}\n`).update(signed).digest().subarray(0, SIGNATURE_BYTES)
  return {
    make(purpose, details = new Uint8Array()) {
      const signed = Buffer.concat([randomBytes(ID_BYTES), details])
      return Buffer.concat([sign(purpose, signed), signed]).toString('base64url')
    },
    read(purpose, pass) {
      const bytes = Buffer.from(pass, 'base64url')
      // Of several texts that are the same bytes, one: what is used up is known by its id, and no longer text is gone through.
      if (bytes.length < SIGNATURE_BYTES + ID_BYTES || bytes.toString('base64url') !== pass) return null
      const signed = bytes.subarray(SIGNATURE_BYTES)
      if (!timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), sign(purpose, signed))) return null
      return { id: signed.subarray(0, ID_BYTES).toString('base64url'), details: signed.subarray(ID_BYTES) }
    },
  }
}
