import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFolderStore } from '../../../server/record/replies/folderStore.ts'
import type { ReplyStore } from '../../../server/record/replies/replyStore.ts'
import { createReplyAudio, type ReplyAudio } from '../../../server/record/replyAudio.ts'
import { quietLog } from '../../support/quietLog.ts'

let root: string
let shared: string
const open: ReplyAudio[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quantvox-shared-replies-'))
  shared = join(root, 'shared')
})
afterEach(() => {
  for (const replies of open.splice(0)) replies.close()
  rmSync(root, { recursive: true, force: true })
})

/** One that is opened again with the same name has the same DATA_DIR. */
async function server(
  name: string,
  { saves = false, store = createFolderStore(shared), log = quietLog() } = {},
) {
  const replies = await createReplyAudio(join(root, name), saves, { store, log })
  open.push(replies)
  return replies
}
async function speak(replies: ReplyAudio, turnId = v7()): Promise<string> {
  const recorder = replies.recorder()
  recorder.take(turnId, { samples: Int16Array.of(1, 2), sampleRate: 22_050 })
  await replies.keep(turnId, Int16Array.of(3), recorder)
  return turnId
}
const nothingWaits = (replies: ReplyAudio) =>
  expect.poll(() => replies.sharing(), { timeout: 10_000 }).toEqual({ waiting: 0, detail: null })
const kept = (folder: string) => (existsSync(join(shared, folder)) ? readdirSync(join(shared, folder)) : [])

/** What a store does while its machine is gone, and afterwards. */
function unsteady() {
  const real = createFolderStore(shared)
  let how: 'away' | 'silent' | 'there' = 'away'
  const through = <A extends unknown[], T>(call: (...given: A) => Promise<T>) =>
    ((...given: A) => {
      if (how === 'there') return call(...given)
      return how === 'away' ? Promise.reject(new Error('no route to host')) : new Promise<T>(() => {})
    }) as (...given: A) => Promise<T>
  const store: ReplyStore = {
    where: real.where,
    ...{ put: through(real.put), get: through(real.get) },
    ...{ delete: through(real.delete), list: through(real.list) },
  }
  return { store, become: (state: typeof how) => (how = state) }
}

test('what one server spoke is had from the other, also when it is asked for at once', async () => {
  const [a, b] = [await server('a'), await server('b')]
  const turnId = v7()
  const asked = b.wav(turnId)
  await speak(a, turnId)
  expect((await asked)?.length).toBe(44 + 4)
  await nothingWaits(a)
  expect((await a.wav(turnId))?.length).toBe(44 + 4)
  expect([kept('replies'), kept('audio')]).toEqual([[turnId], []])
  expect(readdirSync(join(shared, 'replies', turnId))).toEqual(['reply.wav'])
  expect(await b.wav(v7())).toBeNull()
})

test('a reply that was gone long ago is looked for once, whoever asks', async () => {
  const real = createFolderStore(shared)
  const asked: string[] = []
  const get: ReplyStore['get'] = (folder, ...rest) => {
    asked.push(folder)
    return real.get(folder, ...rest)
  }
  const replies = await server('a', { store: { ...real, get } })
  expect(await replies.wav(v7({ msecs: Date.now() - 3_600_000 }))).toBeNull()
  expect(asked).toEqual(['replies', 'audio'])
})

test('with SAVE_AUDIO it is kept for good with its question, and any server forgets it', async () => {
  const [a, b] = [await server('a', { saves: true }), await server('b')]
  const [forgotten, left] = [await speak(a), await speak(a)]
  await nothingWaits(a)
  expect(readdirSync(join(shared, 'audio', forgotten)).toSorted()).toEqual(['question.wav', 'reply.wav'])
  await b.forget(forgotten)
  expect(kept('audio')).toEqual([left])
  await b.forgetBefore(new Date(Date.now() + 60_000))
  expect(kept('audio')).toEqual([])
})

test('a store that is away holds up no turn, is told of, and gets what waited, also after a restart', async () => {
  const { store, become } = unsteady()
  const log = quietLog()
  const a = await server('a', { store, log })
  const turnId = await speak(a)
  await expect
    .poll(() => a.sharing())
    .toMatchObject({ waiting: 1, detail: expect.stringMatching(/no route to host/) })
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  // Its own is had all the same.
  expect((await a.wav(turnId))?.length).toBe(44 + 4)
  await expect(a.wav(v7())).rejects.toMatchObject({ code: 'record_unavailable' })
  await expect(a.forget(v7())).rejects.toMatchObject({ code: 'record_unavailable' })
  a.close()
  become('there')
  const next = await server('a')
  await nothingWaits(next)
  expect(kept('replies')).toEqual([turnId])
})

test('a store that answers again gets what waited without a restart', async () => {
  const { store, become } = unsteady()
  const a = await server('a', { store })
  const turnId = await speak(a)
  await expect.poll(() => a.sharing()).toMatchObject({ waiting: 1, detail: expect.any(String) })
  become('there')
  await nothingWaits(a)
  expect(kept('replies')).toEqual([turnId])
})

test('a store that never answers holds up no turn', async () => {
  const { store, become } = unsteady()
  become('silent')
  const a = await server('a', { store })
  const turnIds = [await speak(a), await speak(a), await speak(a)]
  expect(await a.sharing()).toMatchObject({ waiting: 3 })
  for (const turnId of turnIds) expect(await a.wav(turnId)).not.toBeNull()
})

test('a link is good for ten minutes: what waited longer is not taken to the store, what is there is removed by any server', async () => {
  const { store, become } = unsteady()
  const a = await server('a', { store })
  const late = await speak(a)
  await expect.poll(() => a.sharing()).toMatchObject({ detail: expect.any(String) })
  const longAgo = new Date(Date.now() - 11 * 60_000)
  utimesSync(join(root, 'a/outgoing/replies', late), longAgo, longAgo)
  become('there')
  await nothingWaits(a)
  expect(kept('replies')).toEqual([])
  vi.useFakeTimers({ toFake: ['setInterval'] })
  try {
    const b = await server('b')
    const [old, young] = [await speak(b), await speak(b)]
    await nothingWaits(b)
    utimesSync(join(shared, 'replies', old), longAgo, longAgo)
    vi.advanceTimersByTime(6 * 60_000)
    await expect.poll(() => kept('replies')).toEqual([young])
  } finally {
    vi.useRealTimers()
  }
})
