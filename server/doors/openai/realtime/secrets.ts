import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { SessionUpdate } from './wire/sessionShape.ts'

const MAX_SECRETS = 1000
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
  const open = new LRUCache<string, Opening>({ max: MAX_SECRETS, ttlResolution: 0, perf: { now } })
  return {
    /** `expires_at`: seconds since 1970. */
    issue(update: SessionUpdate, seconds: number): { value: string; expires_at: number } {
      const value = `ek_${randomBytes(24).toString('base64url')}`
      const expiresAt = Math.floor(Date.now() / 1000) + seconds
      open.set(value, { update, expiresAt }, { ttl: seconds * 1000 })
      return { value, expires_at: expiresAt }
    },
    find: (value: string): Opening | null => (SECRET.test(value) ? (open.get(value) ?? null) : null),
  }
}
