import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createReplyAudio } from '../../../server/record/replyAudio.ts'

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'quantvox-reply-'))
  // Deep enough that no path of these tests could lead out of what is theirs.
  folder = join(root, 'a', 'b', 'audio')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(root, 'a', 'b', 'keep'), '')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const spoken = (value: number) => ({ samples: Int16Array.from([value, value]), sampleRate: 22_050 })

test('what was spoken becomes one WAV file at its own rate', async () => {
  const replies = await createReplyAudio(folder, false)
  const recorder = replies.recorder()
  const turnId = v7()
  recorder.take(turnId, spoken(1))
  recorder.take(turnId, spoken(2))
  expect(recorder.durationMs()).toBeCloseTo((4 / 22_050) * 1000)
  await replies.keep(turnId, null, recorder)
  const wav = await replies.wav(turnId)
  expect([wav?.readUInt32LE(24), wav?.length]).toEqual([22_050, 44 + 8])
  expect([44, 46, 48, 50].map(at => wav?.readInt16LE(at))).toEqual([1, 1, 2, 2])
})

test('nothing spoken is nothing kept', async () => {
  const replies = await createReplyAudio(folder, false)
  const recorder = replies.recorder()
  expect([recorder.durationMs(), await recorder.wav()]).toEqual([0, null])
  const turnId = v7()
  await replies.keep(turnId, null, recorder)
  expect(await replies.wav(turnId)).toBeNull()
})

test('it is forgotten with its question', async () => {
  const replies = await createReplyAudio(folder, true)
  const recorder = replies.recorder()
  const turnId = v7()
  recorder.take(turnId, spoken(1))
  await replies.keep(turnId, Int16Array.of(1, 2, 3), recorder)
  expect(readdirSync(join(folder, 'audio', turnId)).toSorted()).toEqual(['question.wav', 'reply.wav'])
  // Also after SAVE_AUDIO was switched off.
  const later = await createReplyAudio(folder, false)
  expect(await later.wav(turnId)).not.toBeNull()
  await later.forget(turnId)
  expect([readdirSync(join(folder, 'audio')), await later.wav(turnId)]).toEqual([[], null])
  await later.forget(turnId)
})

test.each(['..', '.', '', '../keep', './../keep'])(
  '"%s" is no turn: it forgets, reads and writes nothing',
  async id => {
    for (const saves of [true, false]) {
      writeFileSync(join(folder, 'reply.wav'), 'not yours')
      const replies = await createReplyAudio(folder, saves)
      await replies.forget(id)
      expect(await replies.wav(id)).toBeNull()
      const recorder = replies.recorder()
      recorder.take(id, spoken(1))
      await replies.keep(id, Int16Array.of(1), recorder)
      expect(readdirSync(folder)).toEqual(['reply.wav'])
      expect(readdirSync(join(root, 'a', 'b')).toSorted()).toEqual(['audio', 'keep'])
    }
  },
)

test('a link is good for ten minutes, also for a server that started meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date'] })
  try {
    const before = await createReplyAudio(folder, false)
    const recorder = before.recorder()
    const turnId = v7()
    recorder.take(turnId, spoken(1))
    await before.keep(turnId, null, recorder)
    const after = await createReplyAudio(folder, false)
    vi.advanceTimersByTime(9 * 60_000)
    expect(await after.wav(turnId)).not.toBeNull()
    vi.advanceTimersByTime(2 * 60_000)
    await expect.poll(() => readdirSync(join(folder, 'replies'))).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})
