import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { samplesIn, toFloat32 } from '../../server/audio/pcm.ts'
import { readClip } from '../../server/audio/readClip.ts'
import { loadMoonshine, type MoonshineModel } from '../../server/engines/moonshine/model.ts'
import { createLocalSpeechEngines } from '../../server/engines/whisper/whisperServers.ts'
import { requestMoonshine } from '../../server/recognition/moonshine/moonshineServer.ts'
import { realSpeechModel } from '../support/engines/realEngines.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
const clip = async (name: string) => {
  const path = new URL(`../fixtures/speech/${name}.wav`, import.meta.url).pathname
  return (await readClip(path, 60, never)).samples
}

it.each(['moonshine-base.en-q8', 'moonshine-base.en-q4'])(
  '%s, rounded in blocks, hears a question',
  async level => {
    const { path } = await realSpeechModel(level)
    const { text } = await (await loadMoonshine(path, 1)).transcribe(
      toFloat32(await clip('azure-weather')),
      [],
      never,
    )
    expect(text).toBe("What's the weather like?")
  },
  600_000,
)

describe.each(['moonshine-tiny.en-int8', 'moonshine-base.en-int8'])('%s', level => {
  let path: string
  let model: MoonshineModel
  let weather: Float32Array
  let speech: Float32Array

  beforeAll(async () => {
    path = (await realSpeechModel(level)).path
    model = await loadMoonshine(path, 1)
    weather = toFloat32(await clip('azure-weather'))
    speech = toFloat32(await clip('jfk-inaugural'))
  }, 600_000)

  it('writes down what was said, with capitals and stops, and is sure of it', async () => {
    const { text, tokens, logProbabilities } = await model.transcribe(weather, [], never)
    expect(text).toBe("What's the weather like?")
    // One more: the end.
    expect(logProbabilities).toHaveLength(tokens.length + 1)
    for (const value of logProbabilities) expect(value).toBeLessThanOrEqual(0)
    expect(Math.min(...logProbabilities)).toBeGreaterThan(-1)
  })

  it('takes what a draft has right, and hears the rest itself', async () => {
    const { text, tokens } = await model.transcribe(weather, [], never)
    const right = await model.transcribe(weather, tokens, never)
    expect(right).toMatchObject({ text, draftKept: tokens.length })
    const half = await model.transcribe(weather, tokens.slice(0, 3), never)
    expect(half).toMatchObject({ text, draftKept: 3 })
    const wrong = await model.transcribe(weather, [...tokens.slice(0, 2), 999, 1000], never)
    expect(wrong).toMatchObject({ text, draftKept: 2 })
  })

  it('checks the draft of a growing utterance', async () => {
    const beginning = await model.transcribe(speech.subarray(0, samplesIn(8000)), [], never)
    const whole = await model.transcribe(speech, beginning.tokens, never)
    expect(whole.draftKept).toBeGreaterThan(beginning.tokens.length / 2)
    expect(whole.text).toMatch(/ask what you can do for your country/i)
  })

  it('stops in the middle of a text', async () => {
    const leaving = new AbortController()
    const answer = model.transcribe(speech, [], leaving.signal)
    answer.catch(() => {})
    await setImmediate()
    leaving.abort(new Error('the client left'))
    await expect(answer).rejects.toThrow('the client left')
  })

  it('is served by a process of its own, to nobody who does not know its path', async () => {
    const engines = createLocalSpeechEngines({
      programs: () => Promise.reject(new Error('nobody needs whisper-server')),
      threads: 1,
      maxLoaded: 1,
      log: quietLog(),
    })
    try {
      const lease = await engines.acquire({ name: level, path }, 'test', never)
      expect(lease).toMatchObject({
        cold: true,
        engine: expect.stringMatching(/^moonshine .*local process$/),
      })
      const request = { samples: await clip('azure-weather'), draft: [], timeoutMs: 60_000 }
      const { text, tokens } = await requestMoonshine(lease.baseUrl, request, never)
      expect(text).toBe("What's the weather like?")
      const again = await requestMoonshine(lease.baseUrl, { ...request, draft: tokens }, never)
      expect(again).toMatchObject({ text, draftKept: tokens.length })
      const { origin } = new URL(lease.baseUrl)
      expect((await fetch(`${origin}/decode`, { method: 'POST', body: 'x' })).status).toBe(404)
      const large = await fetch(`${lease.baseUrl}/decode`, {
        method: 'POST',
        body: Buffer.alloc(3 * 2 ** 20),
      })
      expect(large.status).toBe(413)
      const [loaded] = await engines.loaded()
      expect(loaded).toMatchObject({ name: level, engine: 'moonshine', state: 'ready' })
      lease.release()
    } finally {
      await engines.stop()
    }
  })
})
