import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { samplesIn } from '../../server/audio/pcm.ts'
import type { Speech } from '../../server/audio/utterance.ts'
import type { PartialText, Recognizer, SpeechLevel, Transcript } from '../../server/recognition/recognizer.ts'
import { until } from '../support/http.ts'

export type RecognizerScene = {
  recognizer: Recognizer
  model: SpeechLevel
  /** A few seconds with words in them. */
  samples: Int16Array
  speech: Speech
  /** What the engine does: decodings asked of it, and those of them that go on. None ends in the tick in which it began. */
  engine: { asked(): number; busy(): number }
  /** Makes every decoding from now on fail with this code. */
  break(): string
  close(): Promise<void>
}

const never = new AbortController().signal
const noSpeech: Speech = { segments: [], speechMs: 0 }

/** What every recognizer keeps. `make` gives a new scene for each test. */
export function recognizerContract(name: string, make: () => Promise<RecognizerScene>): void {
  const scenes: RecognizerScene[] = []
  afterEach(async () => {
    for (const scene of scenes.splice(0)) await scene.close()
  })

  async function setUp() {
    const scene = await make()
    scenes.push(scene)
    const { recognizer, model, samples, engine } = scene
    const open = () => recognizer.open({ model, language: 'en', owner: 'contract' })
    const heard = () => {
      const recognition = open()
      recognition.push(samples)
      return recognition
    }
    const idle = () => expect.poll(engine.busy, { timeout: 20_000 }).toBe(0)
    const busy = () => expect.poll(engine.busy, { interval: 5 }).toBeGreaterThan(0)
    return { ...scene, open, heard, idle, busy }
  }

  describe(`${name} keeps the contract of recognizers:`, () => {
    test('the same words, whether a clip comes in one piece or in frames', async () => {
      const { heard, open, samples, speech } = await setUp()
      const { text } = await heard().finish(speech, never)
      const recognition = open()
      for (const frame of framesOf(samples, 512)) recognition.push(frame)
      expect((await recognition.finish(speech, never)).text).toBe(text)
      expect(text).toMatch(/\w/)
    })

    test('figures are never negative, and tell what was decoded', async () => {
      const { heard, speech } = await setUp()
      const transcript = await heard().finish(speech, never)
      expectFigures(transcript)
      expect(transcript.passes).toBeGreaterThan(0)
      expect(transcript.audioMs).toBeGreaterThan(0)
      expect(transcript.speechMs).toBe(speech.speechMs)
      expect(transcript.earlyDecode).toBeNull()
      expect(transcript.readyAtMs).toBeLessThanOrEqual(performance.now())
    })

    test('what was decoded at a pause counts where nothing came after it', async () => {
      const { heard, recognizer, engine, speech, idle } = await setUp()
      const recognition = heard()
      const told: (string | null)[] = []
      expect(recognition.textAtPause()).toBeNull()
      recognition.paused(speech, text => told.push(text, recognition.textAtPause()?.text ?? null))
      expect(recognition.textAtPause()).toBeNull()
      if (!recognizer.capabilities.earlyDecode) return
      await until(() => engine.asked() === 1, 20_000)
      await idle()
      await until(() => recognition.textAtPause() !== null, 20_000)
      expect(recognition.textAtPause()?.text).toMatch(/\w/)
      const transcript = await recognition.finish(speech, never)
      expect(told).toEqual([transcript.text, transcript.text])
      expect(transcript).toMatchObject({ earlyDecode: 'used', text: expect.stringMatching(/\w/) })
      expect(engine.asked()).toBe(1)
      expectFigures(transcript)
    })

    test('and not where speech went on, whether that was told or is seen at the end', async () => {
      const { open, recognizer, samples, speech } = await setUp()
      const [half, rest] = halves(samples, speech)
      for (const told of [true, false]) {
        const recognition = open()
        const texts: string[] = []
        recognition.push(half.samples)
        recognition.paused(half.speech, text => texts.push(text))
        if (told) recognition.resumed()
        if (told) expect(recognition.textAtPause()).toBeNull()
        recognition.push(rest)
        const { earlyDecode, text } = await recognition.finish(speech, never)
        if (recognizer.capabilities.earlyDecode) expect(earlyDecode).toBe('discarded')
        expect(text).toMatch(/\w/)
        expect(texts).toEqual([])
      }
    })

    test('cancel ends the work of the engine, and what is called later is harmless', async () => {
      const { heard, engine, samples, speech, idle, busy } = await setUp()
      const recognition = heard()
      recognition.paused(speech)
      const finishing = recognition.finish(speech, never)
      finishing.catch(() => {})
      await busy()
      recognition.cancel()
      await expect(finishing).rejects.toThrow()
      await idle()
      const asked = engine.asked()
      recognition.push(samples)
      recognition.resumed()
      recognition.paused(speech)
      recognition.partials(() => {})
      recognition.cancel()
      await expect(recognition.finish(speech, never)).rejects.toThrow()
      expect([engine.asked(), engine.busy()]).toEqual([asked, 0])
    })

    test('a pause that is cancelled leaves nothing running', async () => {
      const { heard, speech, idle } = await setUp()
      const recognition = heard()
      recognition.paused(speech)
      recognition.cancel()
      await idle()
    })

    test('no engine is asked for an utterance without speech', async () => {
      const { heard, engine } = await setUp()
      const transcript = await heard().finish(noSpeech, never)
      expect(transcript).toMatchObject({ text: '', segments: [], passes: 0, speechMs: 0 })
      expectFigures(transcript)
      expect(engine.asked()).toBe(0)
    })

    test('a clip in which speech is still to be looked for is heard, and nothing is heard where there is none', async () => {
      const { heard, speech, idle } = await setUp()
      const transcript = await heard().finish(async () => speech, never)
      expect(transcript).toMatchObject({ text: expect.stringMatching(/\w/), speechMs: speech.speechMs })
      expect(await heard().finish(async () => noSpeech, never)).toMatchObject({ text: '', passes: 0 })
      await idle()
    })

    test('a search that fails is what finishing fails with', async () => {
      const { heard, idle } = await setUp()
      const failing = heard().finish(() => Promise.reject(new Error('no ears')), never)
      await expect(failing).rejects.toThrow('no ears')
      await idle()
    })

    test('an abort rejects with the reason, before and in the middle of a decoding', async () => {
      const { heard, speech, idle, busy } = await setUp()
      const left = new Error('the client left')
      await expect(heard().finish(speech, AbortSignal.abort(left))).rejects.toBe(left)
      await expect(heard().finish(async () => speech, AbortSignal.abort(left))).rejects.toBe(left)
      for (const pausedBefore of [true, false]) {
        await idle()
        const client = new AbortController()
        const recognition = heard()
        if (pausedBefore) recognition.paused(speech)
        const finishing = recognition.finish(speech, client.signal)
        finishing.catch(() => {})
        await busy()
        client.abort(left)
        await expect(finishing).rejects.toBe(left)
      }
      await idle()
    })

    test('errors keep their code, also after a pause that failed', async () => {
      const scene = await setUp()
      const code = scene.break()
      await expect(scene.heard().finish(scene.speech, never)).rejects.toMatchObject({ code })
      const recognition = scene.heard()
      recognition.paused(scene.speech)
      await expect(recognition.finish(scene.speech, never)).rejects.toMatchObject({ code })
      await scene.idle()
    })

    test('a model that is still being looked up is waited for, and one that is not there fails finishing only', async () => {
      const { recognizer, model, samples, speech } = await setUp()
      const opened = (found: Promise<SpeechLevel>) => {
        const recognition = recognizer.open({ model: found, language: 'en', owner: 'contract' })
        recognition.push(samples)
        recognition.paused(speech)
        return recognition
      }
      const late = sleep(20).then(() => model)
      expect((await opened(late).finish(speech, never)).text).toMatch(/\w/)
      const missing = opened(Promise.reject(new Error('no such model')))
      await sleep(5)
      await expect(missing.finish(speech, never)).rejects.toThrow('no such model')
    })

    test('partial transcripts never change what they called stable, and none comes after the end', async () => {
      const { open, recognizer, samples, speech, idle } = await setUp()
      const recognition = open()
      const partials: PartialText[] = []
      recognition.partials(partial => partials.push(partial))
      for (const frame of framesOf(samples, samplesIn(100))) {
        recognition.push(frame)
        await sleep(60)
      }
      // On a busy machine the look that has begun takes long, and the next one wants new audio.
      for (let waited = 0; recognizer.capabilities.partials && partials.length === 0; waited += 100) {
        expect(waited).toBeLessThan(20_000)
        recognition.push(new Int16Array(samplesIn(100)))
        await sleep(100)
      }
      const before = partials.length
      const finishing = recognition.finish(speech, never)
      await finishing
      await idle()
      expect(partials.length).toBe(before)
      let stable = ''
      for (const { text, stableLength } of partials) {
        expect(text.slice(0, stable.length)).toBe(stable)
        expect(stableLength).toBeGreaterThanOrEqual(stable.length)
        stable = text.slice(0, stableLength)
      }
    })

    test('a model can be loaded without a decoding', async () => {
      const { recognizer, model, idle } = await setUp()
      const { loadMs } = await recognizer.load(model, 'contract', never)
      expect(loadMs ?? 0).toBeGreaterThanOrEqual(0)
      await idle()
    })
  })
}

function* framesOf(samples: Int16Array, length: number): Generator<Int16Array> {
  for (let offset = 0; offset < samples.length; offset += length) {
    yield samples.subarray(offset, offset + length)
  }
}

/** What somebody hears who takes a pause in the middle for one: the first half of the speech. */
function halves(samples: Int16Array, { segments, speechMs }: Speech) {
  const startMs = segments[0]?.startMs ?? 0
  const endMs = Math.round((startMs + (segments.at(-1)?.endMs ?? 0)) / 2)
  const cut = samplesIn(endMs + 128)
  const speech = { segments: [{ startMs, endMs }], speechMs: speechMs / 2 }
  return [{ samples: samples.subarray(0, cut), speech }, samples.subarray(cut)] as const
}

function expectFigures({ meanLogProbability, ...transcript }: Transcript): void {
  if (meanLogProbability !== null) expect(meanLogProbability).toBeLessThanOrEqual(0)
  for (const [name, value] of Object.entries(transcript)) {
    if (typeof value === 'number') expect(value, name).toBeGreaterThanOrEqual(0)
  }
  for (const { startMs, endMs } of transcript.segments) expect(endMs).toBeGreaterThanOrEqual(startMs)
}
