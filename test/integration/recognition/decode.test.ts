import { afterEach, describe, expect, test } from 'vitest'
import type { SpeechEngineLease } from '../../../server/engineLease.ts'
import type { Clip } from '../../../server/recognition/utterance/decoding.ts'
import { createWhisperDecode } from '../../../server/recognition/whisper/decode.ts'
import { type ScriptedAnswer, startFakeWhisper } from '../../support/engines/fakeWhisper.ts'

const model = { name: 'whisper-tiny.en-q8_0', path: '/models/tiny', digest: 'abc', quantization: 'q8_0' }
const options = { model, language: null, owner: 'somebody' }
const utterance = (seconds = 4): Clip => ({
  samples: new Int16Array(seconds * 16_000),
  speech: { segments: [{ startMs: 1000, endMs: seconds * 1000 - 1000 }], speechMs: seconds * 1000 - 2000 },
})
const never = new AbortController().signal

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function sceneWith(vocabulary: readonly string[], ...script: ScriptedAnswer[]) {
  const whisper = await startFakeWhisper(...script)
  cleanups.push(whisper.stop)
  let leases = 0
  const ended: string[] = []
  const lease = (): SpeechEngineLease => {
    leases++
    return {
      // Engines that have ended, and nobody knows it yet, come before the one that runs.
      baseUrl: ended.shift() ?? whisper.baseUrl,
      queueMs: 3,
      cold: true,
      loadMs: 120,
      engine: 'fake',
      host: null,
      explain: async error => error,
      release: () => leases--,
    }
  }
  const decode = createWhisperDecode({ acquire: async () => lease(), timeoutMs: 2000, vocabulary })
  return { whisper, decode, ended, held: () => leases }
}

const scene = (...script: ScriptedAnswer[]) => sceneWith([], ...script)

describe('names and rare words', () => {
  test('go before what is heard, in every pass', async () => {
    const looping = { text: `${'no '.repeat(60)}`, tokens: 60 }
    const { decode, whisper } = await sceneWith(['Siobhan', 'Ollama'], looping, { text: 'No.' })
    await decode(utterance(), options, never)
    expect(whisper.requests).toHaveLength(2)
    for (const { fields } of whisper.requests)
      expect(fields).toMatchObject({ prompt: 'Siobhan, Ollama.', max_context: '224' })
  })

  test('where there are none, nothing that was said before counts', async () => {
    const { decode, whisper } = await scene({ text: 'No.' })
    await decode(utterance(), options, never)
    expect(whisper.requests[0]?.fields).toMatchObject({ prompt: '', max_context: '0' })
  })
})

describe('a transcript', () => {
  test('has the text and what it cost', async () => {
    const { decode, whisper, held } = await scene({ text: ' What time is it?' })
    const transcript = await decode(utterance(), options, never)
    expect(transcript).toMatchObject({
      text: 'What time is it?',
      passes: 1,
      audioContext: 768,
      audioMs: 2640,
      speechMs: 2000,
      queueMs: 3,
      cold: true,
      loadMs: 120,
      engine: 'fake',
      noSpeechProbability: null,
    })
    expect(transcript.meanLogProbability).toBeCloseTo(Math.log(0.9), 6)
    expect(transcript.inferenceMs).toBeGreaterThan(0)
    expect(held()).toBe(0)
    // The silence around the speech is not sent.
    expect(whisper.requests[0]?.wavBytes).toBe(44 + 2.64 * 32_000)
  })

  test('of something short may be no words where the model is not sure, and a look says so sooner', async () => {
    const short: Clip = {
      ...utterance(),
      speech: { segments: [{ startMs: 1000, endMs: 1600 }], speechMs: 600 },
    }
    const heard = async (logProbability: number, clip: Clip, isLook = false) => {
      const { decode } = await scene({ text: 'over really.', probability: Math.exp(logProbability) })
      return (await decode(clip, { ...options, isLook }, never)).isUnclear
    }
    expect([await heard(-1.3, short), await heard(-1.3, utterance())]).toEqual([true, false])
    expect([await heard(-1.1, short), await heard(-1.1, short, true)]).toEqual([false, true])
  })

  test('every parameter goes with every request', async () => {
    const { decode, whisper } = await scene({ text: 'one' })
    await decode(utterance(), options, never)
    expect(whisper.requests[0]?.fields).toMatchObject({
      response_format: 'verbose_json',
      temperature: '0',
      temperature_inc: '0',
      audio_ctx: '768',
      language: 'en',
      no_timestamps: 'true',
      no_language_probabilities: 'true',
      suppress_nst: 'true',
      translate: 'false',
      prompt: '',
      vad: 'false',
    })
  })

  test('an English-only model says that another language was spoken, instead of making English words of it', async () => {
    const doubtful = { text: " I'm not sure if I can.", probability: 0.17, noSpeech: 0.39 }
    const foreign = { text: ' (speaking in foreign language)', probability: 0.43, noSpeech: 0.39 }
    const { decode, whisper } = await scene(doubtful, foreign)
    expect(await decode(utterance(), options, never)).toMatchObject({ text: '', language: 'und', passes: 2 })
    expect(whisper.requests.map(({ fields }) => fields.suppress_nst)).toEqual(['true', 'false'])
  })

  test.each([' (coughing)', ' Stop.', ' (speaking English)', ' Speaking Spanish is fun.'])(
    'doubtful English stays English where the other look has %j',
    async text => {
      const { decode } = await scene({ text: ' Stop.', probability: 0.3 }, { text, probability: 0.3 })
      expect(await decode(utterance(), options, never)).toMatchObject({ text: 'Stop.', language: 'en' })
    },
  )

  test('a multilingual model says which language it heard, and is never asked for notes', async () => {
    const { decode, whisper } = await scene({ text: ' Hola.', language: 'spanish', probability: 0.3 })
    expect(
      await decode(utterance(), { ...options, model: { ...model, name: 'whisper-base-q8_0' } }, never),
    ).toMatchObject({
      ...{ text: 'Hola.', language: 'es' },
    })
    for (const { fields } of whisper.requests) expect(fields.suppress_nst).toBe('true')
  })

  test('a multilingual model finds out the language unless it is told', async () => {
    const { decode, whisper } = await scene({ text: 'eins' })
    const multilingual = { ...model, name: 'whisper-base-q8_0' }
    await decode(utterance(), { ...options, model: multilingual }, never)
    await decode(utterance(), { ...options, model: multilingual, language: 'de' }, never)
    expect(whisper.requests.map(({ fields }) => fields.language)).toEqual(['auto', 'de'])
  })

  test('nothing is asked of the engine where no speech was found', async () => {
    const { decode, whisper, held } = await scene({ text: 'made up' })
    const transcript = await decode(
      { samples: new Int16Array(16_000), speech: { segments: [], speechMs: 0 } },
      options,
      never,
    )
    expect(transcript).toMatchObject({ text: '', passes: 0 })
    expect(whisper.requests).toHaveLength(0)
    expect(held()).toBe(0)
  })
})

describe('the loop guard', () => {
  const loop = `Give me a latte ${'with brown sugar, '.repeat(20)}`

  test('decodes again with the full window when the decoder lost its end', async () => {
    const { decode, whisper } = await scene({ text: loop }, { text: 'Give me a latte with brown sugar.' })
    const transcript = await decode(utterance(), options, never)
    expect(transcript).toMatchObject({
      text: 'Give me a latte with brown sugar.',
      passes: 2,
      audioContext: 1500,
    })
    expect(whisper.requests.map(({ fields }) => fields.audio_ctx)).toEqual(['768', '1500'])
  })

  test('does so once: what loops in the full window, too, is left as it is', async () => {
    const { decode } = await scene({ text: loop })
    expect((await decode(utterance(), options, never)).passes).toBe(2)
  })
})

describe('a doubtful text is asked for its no-speech probability', () => {
  test('and dropped when it was silence', async () => {
    const { decode, whisper } = await scene(
      { text: 'Thank you.', probability: 0.2 },
      { text: 'you', noSpeech: 0.9 },
    )
    const transcript = await decode(utterance(), options, never)
    expect(transcript).toMatchObject({ text: '', passes: 2, noSpeechProbability: 0.9 })
    expect(whisper.requests.map(({ fields }) => fields.no_timestamps)).toEqual(['true', 'false'])
  })

  test('and kept, with the first text, when it was speech', async () => {
    const { decode } = await scene({ text: 'Thank you.', probability: 0.2 }, { text: 'you', noSpeech: 0.1 })
    expect((await decode(utterance(), options, never)).text).toBe('Thank you.')
  })
})

test('a clip over 30 s is decoded in pieces, and its transcripts are joined in order', async () => {
  const { decode, whisper } = await scene({ text: ' One two.' }, { text: ' Three four.' })
  const segments = [
    { startMs: 0, endMs: 20_000 },
    { startMs: 21_000, endMs: 40_000 },
  ]
  const transcript = await decode(
    { samples: new Int16Array(41 * 16_000), speech: { segments, speechMs: 39_000 } },
    options,
    never,
  )
  expect(transcript).toMatchObject({ text: 'One two. Three four.', passes: 2 })
  expect(transcript.segments).toEqual([
    { startMs: 0, endMs: 20_320, text: 'One two.' },
    { startMs: 20_680, endMs: 40_320, text: 'Three four.' },
  ])
  expect(whisper.requests).toHaveLength(2)
})

describe('a failing engine', () => {
  const failures: [string, ScriptedAnswer, string][] = [
    ['that dies before it answers', 'die', 'engine_failed'],
    ['that dies in the middle of its answer', 'die in the body', 'engine_failed'],
    ['that answers 500', { raw: '{"error":"failed to process audio"}', status: 500 }, 'engine_failed'],
    ['that answers garbage', { raw: '<html>' }, 'engine_failed'],
    ['that answers JSON of another kind', { raw: '{"text": 5}' }, 'engine_failed'],
    ['that never answers', 'hang', 'engine_timeout'],
  ]
  test.each(failures)('%s', async (_name, answer, code) => {
    const { decode, held } = await scene(answer)
    await expect(decode(utterance(), options, never)).rejects.toMatchObject({ code })
    expect(held()).toBe(0)
  })

  test('that is not there', async () => {
    const { decode, whisper, held } = await scene({ text: 'x' })
    await whisper.stop()
    await expect(decode(utterance(), options, never)).rejects.toMatchObject({ code: 'engine_unavailable' })
    expect(held()).toBe(0)
  })

  test('that had ended before it was asked is asked for again, once', async () => {
    const { decode, ended, held } = await scene({ text: 'Hello.' })
    const nobody = 'http://127.0.0.1:1'
    ended.push(nobody)
    expect((await decode(utterance(), options, never)).text).toBe('Hello.')
    ended.push(nobody, nobody)
    await expect(decode(utterance(), options, never)).rejects.toMatchObject({ code: 'engine_unavailable' })
    expect(held()).toBe(0)
  })

  test('that could not be acquired', async () => {
    const decode = createWhisperDecode({ acquire: () => Promise.reject(new Error('no room')) })
    await expect(decode(utterance(), options, never)).rejects.toThrow('no room')
  })
})

test('an abort closes the connection, gives the lease back and throws the reason', async () => {
  const { decode, whisper, held } = await scene('hang')
  const controller = new AbortController()
  const decoding = decode(utterance(), options, controller.signal)
  decoding.catch(() => {})
  await expect.poll(() => whisper.requests.length).toBe(1)
  controller.abort(new Error('client left'))
  await expect(decoding).rejects.toThrow('client left')
  expect(await whisper.requests[0]?.closedEarly).toBe(true)
  expect(held()).toBe(0)
})
