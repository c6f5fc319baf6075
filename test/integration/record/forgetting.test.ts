import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepFor } from '../../../server/assembly/record/retention.ts'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'
import { openTurnStore } from '../../../server/record/sqlite/store.ts'
import { makeTurn } from '../../support/record/records.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quantvox-forgetting-'))
  file = join(folder, 'turns.sqlite')
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

/** All that the database has on the disk: the file, its log, its index. */
const bytes = () =>
  Buffer.concat([file, `${file}-wal`, `${file}-shm`].filter(existsSync).map(name => readFileSync(name)))
const secret = (i: number) => `secret-${String(i).padStart(6, '0')}.`

function insert(store: ReturnType<typeof openTurnStore>, i: number, length: number): string {
  const text = { transcript: secret(i) + 'q'.repeat(length), reply: 'r'.repeat(length) + secret(i) }
  const made = makeTurn(i, {}, { ...text, heardText: secret(i) })
  store.insert(made.record, made.text)
  return made.record.turnId
}

test('whatever is deleted after whatever was written, in small rows and large, no byte of it stays', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ length: fc.oneof(fc.nat(200), fc.nat(6000)) }) },
    { weight: 4, arbitrary: fc.record({ deletes: fc.nat(1_000_000) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 50, maxLength: 400 }), async steps => {
      const store = openTurnStore(file, { saveText: true })
      const kept: { i: number; turnId: string }[] = []
      const deleted: number[] = []
      for (const [i, what] of steps.entries()) {
        if ('length' in what) kept.push({ i, turnId: insert(store, i, what.length) })
        else if (kept.length > 0) {
          const [gone] = kept.splice(what.deletes % kept.length, 1)
          expect(await store.delete(gone?.turnId ?? '')).toBe(true)
          deleted.push(gone?.i ?? 0)
        }
      }
      const disk = bytes()
      expect(deleted.filter(i => disk.includes(secret(i)))).toEqual([])
      expect(kept.filter(({ i }) => !disk.includes(secret(i)))).toEqual([])
      store.close()
      for (const name of readdirSync(folder)) rmSync(join(folder, name))
    }),
    { numRuns: 12, seed: 20261125 },
  )
})

test('a reader delays the forgetting of a deleted turn until it is done, no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const store = openTurnStore(file, { saveText: true })
  const turnId = insert(store, 1, 100)
  const reader = new DatabaseSync(file, { readOnly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM turns').get()
  expect(await store.delete(turnId)).toBe(true)
  expect(bytes().includes(secret(1))).toBe(true)
  reader.exec('COMMIT')
  vi.advanceTimersByTime(5_000)
  expect(bytes().includes(secret(1))).toBe(false)
  reader.close()
  store.close()
})

test('what a killed server had deleted is forgotten by the next start, even with a reader there', async () => {
  const killed = openTurnStore(file, { saveText: true })
  const turnId = insert(killed, 1, 100)
  const reader = new DatabaseSync(file, { readOnly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM turns').get()
  await killed.delete(turnId)
  reader.exec('COMMIT')
  expect(bytes().includes(secret(1))).toBe(true)
  // `killed` is never closed, and the reader keeps the log from being removed.
  const next = openTurnStore(file, { saveText: true })
  expect(bytes().includes(secret(1))).toBe(false)
  next.close()
  reader.close()
  killed.close()
})

test('RETENTION_DAYS forgets rows, text and audio of older turns, also audio whose turn is gone, and keeps the rest', async () => {
  const store = openTurnStore(file, { saveText: true })
  const replies = await createReplyAudio(folder, true)
  const keepAudio = async (turnId: string) => {
    const recorder = replies.recorder()
    recorder.take(turnId, { samples: new Int16Array(1_600), sampleRate: 16_000 })
    await replies.keep(turnId, new Int16Array(1_600), recorder)
  }
  const now = Date.now()
  const dayMs = 24 * 60 * 60_000
  const firstMs = Date.parse(makeTurn(0).record.startedAt)
  const minuteAt = (ms: number) => Math.round((ms - firstMs) / 60_000)
  const [old, orphan, young] = [3, 4, 1].map(days => minuteAt(now - days * dayMs))
  const oldId = insert(store, old ?? 0, 100)
  const youngId = insert(store, young ?? 0, 100)
  const orphanId = makeTurn(orphan ?? 0).record.turnId
  for (const turnId of [oldId, youngId, orphanId]) await keepAudio(turnId)
  const stop = new AbortController()
  keepFor(2, store, replies.forgetBefore, stop.signal, pino({ level: 'silent' }))
  await expect.poll(() => store.get(oldId)).toBeNull()
  stop.abort()
  expect((await store.get(youngId))?.transcript).toContain('secret')
  expect(readdirSync(join(folder, 'audio'))).toEqual([youngId])
  expect(bytes().includes(secret(old ?? 0))).toBe(false)
  store.close()
})
