import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { QuantvoxError } from '../../../errors.ts'
import type { SessionUpdate } from './wire/sessionShape.ts'

const MAX_SECRETS = 1000
/** Of JSON, kept for each: a session with some hundred functions. */
const MAX_UPDATE_LENGTH = 128 * 2 ** 10
const SECRET = /^ek_[A-Za-z0-9_-]{32}$/

export const isClientSecret = (key: string | undefined): key is string => key?.startsWith('ek_') ?? false

/** What a secret opens. */
export type Opening = { update: SessionUpdate; expiresAt: number }

export type ClientSecrets = ReturnType<typeof createClientSecrets>

/**
 * Keys for browsers: each opens Realtime sessions, and nothing else, until it expires, configured as its maker wants them.
 * @param now milliseconds of a monotonic clock
 */
export function createClientSecrets(now: () => number = () => performance.now()) {
  /** As text, which takes a tenth of what is read from it. */
  const open = new LRUCache<string, { json: string; expiresAt: number }>({
    max: MAX_SECRETS,
    ttlResolution: 0,
    perf: { now },
  })
  return {
    /** `expires_at`: seconds since 1970. @throws QuantvoxError `too_large` */
    issue(update: SessionUpdate, seconds: number): { value: string; expires_at: number } {
      const json = JSON.stringify(update)
      if (json.length > MAX_UPDATE_LENGTH) {
        throw new QuantvoxError('too_large', 'A session that a client secret opens has 128 KiB at most.')
      }
      const value = `ek_${randomBytes(24).toString('base64url')}`
      const expiresAt = Math.floor(Date.now() / 1000) + seconds
      open.set(value, { json, expiresAt }, { ttl: seconds * 1000 })
      return { value, expires_at: expiresAt }
    },
    find(value: string): Opening | null {
      const found = SECRET.test(value) ? open.get(value) : undefined
      return found === undefined ? null : { update: JSON.parse(found.json), expiresAt: found.expiresAt }
    },
  }
}
