import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Speech } from '../../../server/audio/utterance.ts'
import { type ScriptedAnswer, startFakeWhisper } from '../../support/engines/fakeWhisper.ts'
import { whisperScene } from '../../support/engines/whisperScene.ts'

const model = { name: 'whisper-tiny.en-q8_0', path: '/nowhere', digest: null, quantization: 'q8_0' }
const options = { model, language: null, owner: 'somebody' }
const never = new AbortController().signal
const audio = (ms: number) => new Int16Array(ms * 16)
const sound = (ms: number) => 44 + ms * 32
const speechUntil = (endMs: number): Speech => ({
  segments: [{ startMs: 400, endMs }],
  speechMs: endMs - 400,
})
const nothing: Speech = { segments: [], speechMs: 0 }

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** A recognizer on a scripted whisper-server; where `gate` is given, places are waited for so long. */
async function scene(script: ScriptedAnswer[], gate: Promise<void> = Promise.resolve()) {
  const whisper = await startFakeWhisper(...script)
  cleanups.push(whisper.stop)
  const place = { baseUrl: whisper.baseUrl, queueMs: 0, cold: false, loadMs: null, engine: 'scripted' }
  const { recognizer, engine } = whisperScene(async () => {
    await gate
    return { ...place, host: null, explain: async error => error, release() {} }
  })
  const heard = (ms: number) => {
    const recognition = recognizer.open(options)
    recognition.push(audio(ms))
    return recognition
  }
  return { recognizer, engine, requests: whisper.requests, heard }
}

describe('a clip in which speech is still to be looked for', () => {
  test('of up to 8 s is decoded as a whole at once, before the search begins', async () => {
    const { heard, engine, requests } = await scene([{ text: 'Good morning.' }])
    let begunAfter = 0
    const find = async () => {
      begunAfter = engine.asked()
      await expect.poll(() => requests.length).toBe(1)
      return speechUntil(2000)
    }
    const transcript = await heard(8000).finish(find, never)
    expect(transcript).toMatchObject({ text: 'Good morning.', speechMs: 1600, audioMs: 8000 })
    expect(begunAfter).toBe(1)
    expect(requests[0]?.wavBytes).toBe(sound(8000))
  })

  test('is searched all the same while others are at the engine', async () => {
    const gate = Promise.withResolvers<void>()
    const { heard } = await scene([{ text: 'Good morning.' }], gate.promise)
    const searched = Promise.withResolvers<void>()
    const finishing = heard(3000).finish(async () => {
      searched.resolve()
      return speechUntil(2000)
    }, never)
    await searched.promise
    gate.resolve()
    expect((await finishing).text).toBe('Good morning.')
  })

  test('and is not there cancels the decoding that had begun', async () => {
    const { heard, engine, requests } = await scene(['hang'])
    const find = async () => {
      await expect.poll(() => requests.length).toBe(1)
      return nothing
    }
    expect(await heard(3000).finish(find, never)).toMatchObject({ text: '', passes: 0 })
    expect(await requests[0]?.closedEarly).toBe(true)
    expect(engine.busy()).toBe(0)
  })

  test('of more than 8 s is decoded when it is found, without the silence around it', async () => {
    const { heard, requests } = await scene([{ text: 'Good morning.' }])
    const finishing = heard(9000).finish(async () => {
      await sleep(20)
      expect(requests).toHaveLength(0)
      return speechUntil(2000)
    }, never)
    expect(await finishing).toMatchObject({ text: 'Good morning.', audioMs: 2240 })
  })
})

test('what is decoded at a pause has 320 ms after its last word', async () => {
  const { heard, requests } = await scene([{ text: 'Good morning.' }])
  const recognition = heard(2128)
  recognition.paused(speechUntil(2000))
  await recognition.finish(speechUntil(2000), never)
  // From 80 ms on: 320 ms before the speech are kept.
  expect(requests.map(({ wavBytes }) => wavBytes)).toEqual([sound(2240)])
})

test.each(['...', ' '])('a text without a word is none: "%s"', async text => {
  const { heard } = await scene([{ text }])
  expect(await heard(3000).finish(speechUntil(2000), never)).toMatchObject({
    text: '',
    segments: [],
    passes: 1,
  })
})

describe('partial transcripts', () => {
  test('are looked for after each half second beyond the first push, and not in a pause', async () => {
    const { recognizer, engine } = await scene([{ text: 'Good morning.' }])
    const recognition = recognizer.open(options)
    recognition.partials(() => {})
    const asked = async (ms: number) => {
      recognition.push(audio(ms))
      await sleep(20)
      return engine.asked()
    }
    expect(await asked(900)).toBe(0)
    expect(await asked(480)).toBe(0)
    expect(await asked(20)).toBe(1)
    await expect.poll(engine.busy).toBe(0)
    recognition.paused(speechUntil(1300))
    expect(await asked(600)).toBe(2)
    recognition.resumed()
    // The engine rests for as long as the look before took.
    await expect.poll(() => asked(500)).toBe(3)
    recognition.cancel()
  })

  test('of a long utterance come from its last 30 s, and keep what was heard before', async () => {
    const { recognizer, requests } = await scene([{ text: 'one two' }, { text: 'three four', delayMs: 5 }])
    const recognition = recognizer.open(options)
    const texts: string[] = []
    recognition.partials(({ text }) => texts.push(text))
    recognition.push(audio(0))
    recognition.push(audio(20_000))
    await expect.poll(() => texts).toEqual(['one two'])
    await sleep(50)
    recognition.push(audio(25_000))
    await expect.poll(() => texts, { timeout: 5000 }).toEqual(['one two', 'one two three four'])
    const seconds = requests.map(({ wavBytes }) => (wavBytes - 44) / 32_000)
    expect(seconds[0]).toBe(20)
    // The second one hears what came after the first.
    expect(seconds.slice(1).reduce((sum, part) => sum + part)).toBe(25)
    recognition.cancel()
  })
})
