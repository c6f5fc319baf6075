import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { samplesIn } from '../../../server/audio/pcm.ts'
import { ENDING_SILENCE_MS } from '../../../server/recognition/moonshine/moonshineServer.ts'
import { createSpeechRecognizer } from '../../../server/recognition/speechRecognizer.ts'
import { startFakeMoonshine } from '../../support/engines/fakeMoonshine.ts'
import { startFakeWhisper } from '../../support/engines/fakeWhisper.ts'

const never = new AbortController().signal
const model = { name: 'moonshine-base.en-int8', path: '/nowhere', digest: null, quantization: 'int8' }
const whisper = { name: 'whisper-tiny.en-q8_0', path: '/nowhere', digest: null, quantization: 'q8_0' }
/** Speech from 1 s to 3 s of 4 s. */
const samples = Int16Array.from({ length: samplesIn(4000) }, (_, index) => index % 1000)
const speech = { segments: [{ startMs: 1000, endMs: 3000 }], speechMs: 2000 }

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function scene(
  texts: string[],
  {
    other = 'Heard by Whisper.',
    otherLogProbability = -0.1,
    otherDelayMs = 0,
    isWhisperHere = true,
    isWhisperUp = true,
    logProbability = -0.1,
  } = {},
) {
  const [moonshine, whisperServer] = await Promise.all([
    startFakeMoonshine(texts, { logProbability }),
    startFakeWhisper({
      text: ` ${other}`,
      probability: Math.exp(otherLogProbability),
      delayMs: otherDelayMs,
    }),
  ])
  ends.push(moonshine.stop, whisperServer.stop)
  let held = 0
  const recognizer = createSpeechRecognizer({
    async acquire({ name }) {
      if (name === whisper.name && !isWhisperUp) throw new Error('it crashed')
      held++
      const { baseUrl } = name === whisper.name ? whisperServer : moonshine
      return {
        ...{ baseUrl, queueMs: 0, cold: false, loadMs: null, engine: name },
        host: null,
        explain: async error => error,
        release: () => held--,
      }
    },
    secondOpinion: async () => (isWhisperHere ? whisper : null),
  })
  const open = (isDoubted = false) => recognizer.open({ model, language: 'en', owner: 'test', isDoubted })
  const hear = (where: Parameters<ReturnType<typeof open>['finish']>[0] = speech, isDoubted = false) => {
    const recognition = open(isDoubted)
    recognition.push(samples)
    return recognition.finish(where, never)
  }
  return { open, hear, asked: moonshine.requests, askedWhisper: whisperServer.requests, held: () => held }
}

describe('Moonshine', () => {
  test('hears the speech with 320 ms around it, in one pass', async () => {
    const { hear, asked, askedWhisper, held } = await scene(['What time is it?'])
    expect(await hear()).toMatchObject({
      ...{ text: 'What time is it?', passes: 1, audioMs: 2640, audioContext: null, speechMs: 2000 },
    })
    expect(asked).toEqual([{ draft: '', audioMs: 2640 + ENDING_SILENCE_MS }])
    expect(askedWhisper).toHaveLength(0)
    expect(held()).toBe(0)
  })

  test('looks for speech in a clip before it decodes, because silence is what it fails at', async () => {
    const { hear, asked } = await scene(['What time is it?'])
    const order: string[] = []
    await hear(async () => {
      order.push(`found after ${asked.length} requests`)
      return speech
    })
    expect(order).toEqual(['found after 0 requests'])
    expect(asked).toEqual([{ draft: '', audioMs: 2640 + ENDING_SILENCE_MS }])
  })

  test('that gives no words is asked again with less around the speech', async () => {
    const { hear, asked, askedWhisper } = await scene(['', 'What time is it?'])
    expect(await hear()).toMatchObject({ text: 'What time is it?', passes: 2 })
    expect(asked.map(({ audioMs }) => audioMs)).toEqual([2640 + ENDING_SILENCE_MS, 2240 + ENDING_SILENCE_MS])
    expect(askedWhisper).toHaveLength(0)
  })

  test('that still gives none, or repeats itself, leaves it to Whisper', async () => {
    for (const text of ['', '...', 'no way no way no way no way no way no way']) {
      const { hear, askedWhisper, held } = await scene([text])
      expect(await hear()).toMatchObject({ text: 'Heard by Whisper.', passes: 3 })
      expect(askedWhisper).toHaveLength(1)
      expect(held()).toBe(0)
    }
  })

  test('heard nothing where Whisper is not here, or is not up', async () => {
    const without = await scene([''], { isWhisperHere: false })
    expect(await without.hear()).toMatchObject({ text: '', passes: 2 })
    const broken = await scene([''], { isWhisperUp: false })
    expect(await broken.hear()).toMatchObject({ text: '', passes: 2 })
  })

  test('that is unsure of something short over a reply has Whisper hear it, and only then', async () => {
    const short = { segments: [{ startMs: 1000, endMs: 1600 }], speechMs: 600 }
    const unsure = await scene(['Hill done.'], { other: 'Hold on.', logProbability: -0.4 })
    expect(await unsure.hear(short, true)).toMatchObject({ text: 'Hold on.', isUnclear: false, passes: 2 })
    expect(await unsure.hear(short)).toMatchObject({ text: 'Hill done.', isUnclear: false })
    expect(await unsure.hear(speech, true)).toMatchObject({ text: 'Hill done.', isUnclear: false })
    expect(unsure.askedWhisper).toHaveLength(1)
    const sure = await scene(['Hold on.'], { other: 'Hill done.', logProbability: -0.2 })
    expect(await sure.hear(short, true)).toMatchObject({ text: 'Hold on.', isUnclear: false, passes: 1 })
  })

  test('tells at a pause what it is unsure of, before Whisper has heard it', async () => {
    const { open } = await scene(['Stop.'], { other: 'Start.', logProbability: -0.4, otherDelayMs: 300 })
    const recognition = open(true)
    recognition.push(samples)
    recognition.paused({ segments: [{ startMs: 1000, endMs: 1600 }], speechMs: 600 })
    await expect
      .poll(() => recognition.textAtPause(), { interval: 5 })
      .toEqual({ text: 'Stop.', firstText: null, isUnclear: true })
    await expect
      .poll(() => recognition.textAtPause(), { interval: 20 })
      .toEqual({ text: 'Start.', firstText: 'Stop.', isUnclear: false })
    recognition.cancel()
  })

  test('and Whisper that are both unsure of it say so; where nobody else is, it stays as it is', async () => {
    const short = { segments: [{ startMs: 1000, endMs: 1600 }], speechMs: 600 }
    const unsure = { other: 'Loki.', logProbability: -0.9 }
    const both = await scene(['Go, tea.'], { ...unsure, otherLogProbability: -1.5 })
    expect(await both.hear(short, true)).toMatchObject({ text: 'Loki.', isUnclear: true })
    const nothing = await scene(['Go, tea.'], { ...unsure, other: '' })
    expect(await nothing.hear(short, true)).toMatchObject({ text: 'Go, tea.', isUnclear: true })
    const alone = await scene(['Go, tea.'], { ...unsure, isWhisperHere: false })
    expect(await alone.hear(short, true)).toMatchObject({ text: 'Go, tea.', isUnclear: false })
  })

  test('is believed by how much was voiced and how sure it was', async () => {
    const little = { segments: [{ startMs: 1000, endMs: 1200 }], speechMs: 200 }
    const unsure = await scene(['You'], { logProbability: -0.5, isWhisperHere: false })
    expect((await unsure.hear(little)).text).toBe('')
    expect((await unsure.hear()).text).toBe('You')
    const sure = await scene(['Yes.'], { isWhisperHere: false })
    expect((await sure.hear(little)).text).toBe('Yes.')
    const guessed = await scene(['You'], { logProbability: -1.15, isWhisperHere: false })
    expect((await guessed.hear()).text).toBe('')
  })

  test('checks at the end what it heard while the utterance went on, and asks nobody else about a look', async () => {
    const { open, asked, askedWhisper } = await scene(['', 'What time', 'What time is it?'])
    const recognition = open()
    const partials: string[] = []
    recognition.partials(({ text }) => partials.push(text))
    for (let offset = 0; offset < samples.length; offset += samplesIn(100)) {
      recognition.push(samples.subarray(offset, offset + samplesIn(100)))
      await sleep(10)
      if (partials.length > 0) break
    }
    await expect.poll(() => partials).toEqual(['What time'])
    expect((await recognition.finish(speech, never)).text).toBe('What time is it?')
    expect(asked.map(({ draft }) => draft)).toEqual(['', '', '100,101'])
    expect(askedWhisper).toHaveLength(0)
  })
})
