import { LRUCache } from 'lru-cache'
import Type from 'typebox'
import Value from 'typebox/value'
import { within } from '../../../abort.ts'
import { QuantvoxError } from '../../../errors.ts'
import type { Log } from '../../../log.ts'
import type { Passes } from '../../../record/turnStore.ts'
import { createPassSigner, type PassSigner } from '../../access/passSigner.ts'
import { SessionUpdate } from './wire/sessionShape.ts'

const PURPOSE = 'a client secret of Realtime'
const PREFIX = 'ek_'
const MAX_SECRETS = 1000
/** Of JSON, kept for each: a session with some hundred functions. */
const MAX_UPDATE_LENGTH = 128 * 2 ** 10
/** PostgreSQL that does not answer must not hold up a session of the server that made the secret. */
const SHARED_WITHIN_MS = 1_000

export const isClientSecret = (key: string | undefined): key is string => key?.startsWith(PREFIX) ?? false

/** What a secret opens; seconds since 1970. */
const Opening = Type.Object({ update: SessionUpdate, expiresAt: Type.Integer() })
export type Opening = { update: SessionUpdate; expiresAt: number }

export type ClientSecrets = ReturnType<typeof createClientSecrets>

type SecretOptions = {
  signer?: PassSigner
  /** Where several servers take each other's secrets: what each was made for. */
  passes?: Passes | null
  log?: Log
}

/**
 * Keys for browsers: each opens Realtime sessions, and nothing else, until it expires, configured as its maker wants them. While
 * PostgreSQL is away, of the server that made it only.
 */
export function createClientSecrets({
  signer = createPassSigner(null),
  passes = null,
  log,
}: SecretOptions = {}) {
  /** As text, which takes a tenth of what is read from it; by their ids. */
  const open = new LRUCache<string, string>({ max: MAX_SECRETS, ttlResolution: 0 })
  const idOf = (value: string) =>
    isClientSecret(value) ? (signer.read(PURPOSE, value.slice(PREFIX.length))?.id ?? null) : null

  /** What comes late is of no use any more. */
  const inTime = <T>(asked: Promise<T>) =>
    within<T | null, null>(
      asked.catch((error: unknown) => {
        log?.warn({ err: error }, 'Client secrets are of the server that made them while the record is away.')
        return null
      }),
      SHARED_WITHIN_MS,
      () => null,
    )

  return {
    /** `expires_at`: seconds since 1970. @throws QuantvoxError `too_large` */
    async issue(update: SessionUpdate, seconds: number): Promise<{ value: string; expires_at: number }> {
      if (JSON.stringify(update).length > MAX_UPDATE_LENGTH) {
        throw new QuantvoxError('too_large', 'A session that a client secret opens has 128 KiB at most.')
      }
      const pass = signer.make(PURPOSE)
      const value = PREFIX + pass
      const expiresAt = Math.floor(Date.now() / 1000) + seconds
      const json = JSON.stringify({ update, expiresAt } satisfies Opening)
      const id = idOf(value) ?? ''
      open.set(id, json, { ttl: seconds * 1000 })
      if (passes !== null) await inTime(passes.add(`secret ${id}`, json, seconds))
      return { value, expires_at: expiresAt }
    },
    /** Before `find`: what another server made is known here, too. */
    async recall(value: string): Promise<void> {
      const id = passes === null ? null : idOf(value)
      if (passes === null || id === null || open.has(id)) return
      const json = await inTime(passes.find(`secret ${id}`))
      const opening: unknown = json === null ? null : JSON.parse(json)
      if (json === null || !Value.Check(Opening, opening)) return
      const leftMs = opening.expiresAt * 1000 - Date.now()
      if (leftMs > 0) open.set(id, json, { ttl: leftMs })
    },
    find(value: string): Opening | null {
      const id = idOf(value)
      const json = id === null ? undefined : open.get(id)
      return json === undefined ? null : (JSON.parse(json) as Opening)
    },
  }
}
