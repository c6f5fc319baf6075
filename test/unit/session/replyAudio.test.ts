import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createReplyAudio } from '../../../server/session/replyAudio.ts'

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
  const replies = await createReplyAudio(folder, 'for its link')
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
  const replies = await createReplyAudio(folder, 'for its link')
  const recorder = replies.recorder()
  expect([recorder.durationMs(), await recorder.wav()]).toEqual([0, null])
  const turnId = v7()
  await replies.keep(turnId, null, recorder)
  expect(await replies.wav(turnId)).toBeNull()
})

test('it is forgotten with its question', async () => {
  const replies = await createReplyAudio(folder, 'for good')
  const recorder = replies.recorder()
  const turnId = v7()
  recorder.take(turnId, spoken(1))
  await replies.keep(turnId, Int16Array.of(1, 2, 3), recorder)
  expect(readdirSync(join(folder, turnId)).toSorted()).toEqual(['question.wav', 'reply.wav'])
  await replies.forget(turnId)
  expect([readdirSync(folder), await replies.wav(turnId)]).toEqual([[], null])
  await replies.forget(turnId)
})

test.each(['..', '.', '', '../keep', './../keep'])(
  '"%s" is no turn: it forgets, reads and writes nothing',
  async id => {
    writeFileSync(join(root, 'a', 'b', 'reply.wav'), 'not yours')
    const replies = await createReplyAudio(folder, 'for good')
    await replies.forget(id)
    expect(await replies.wav(id)).toBeNull()
    const recorder = replies.recorder()
    await replies.keep(id, Int16Array.of(1), recorder)
    expect(readdirSync(join(root, 'a', 'b')).toSorted()).toEqual(['audio', 'keep', 'reply.wav'])
    expect([existsSync(folder), readdirSync(folder)]).toEqual([true, []])
  },
)

test('what a run before left is not kept, unless audio is kept for good', async () => {
  writeFileSync(join(folder, 'left.wav'), 'from before')
  await createReplyAudio(folder, 'for good')
  expect(readdirSync(folder)).toEqual(['left.wav'])
  await createReplyAudio(folder, 'for its link')
  expect(existsSync(folder)).toBe(false)
})

test('a link is good for ten minutes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  try {
    const replies = await createReplyAudio(folder, 'for its link')
    const recorder = replies.recorder()
    const turnId = v7()
    recorder.take(turnId, spoken(1))
    await replies.keep(turnId, null, recorder)
    vi.advanceTimersByTime(10 * 60_000 - 1)
    expect(await replies.wav(turnId)).not.toBeNull()
    vi.advanceTimersByTime(1)
    await expect.poll(() => existsSync(join(folder, turnId))).toBe(false)
  } finally {
    vi.useRealTimers()
  }
})
