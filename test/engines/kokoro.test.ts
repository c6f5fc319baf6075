import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { joinSamples, PCM_SAMPLE_RATE, toFloat32 } from '../../server/audio/pcm.ts'
import { createKokoro } from '../../server/engines/kokoro/kokoro.ts'
import { loadMoonshine } from '../../server/engines/moonshine/model.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { createResampler } from '../../server/shared/resampler.ts'
import { neuralVoice } from '../../server/voice/neural/neural.ts'
import { voiceContract } from '../contract/voice.ts'
import { realSpeechModel, realVoice } from '../support/engines/realEngines.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
const files = () => realVoice('kokoro')
/** It takes seconds for one of speech on a machine that is too slow for it, as many of those that test are. */
const PATIENCE = { timeoutMs: 500_000, startTimeoutMs: 500_000 }
vi.setConfig({ testTimeout: 600_000 })

let kokoro: ReturnType<typeof createKokoro>
beforeAll(() => {
  kokoro = createKokoro(files, { log: quietLog(), ...PATIENCE })
})
afterAll(() => kokoro.stop())

async function spoken(text: string, voice: string) {
  const pieces: Int16Array[] = []
  let sampleRate = 0
  for await (const piece of kokoro.speak(text, voice, never)) {
    pieces.push(piece.samples)
    sampleRate = piece.sampleRate
  }
  return { pieces, sampleRate }
}

voiceContract('kokoro:af_heart', () => neuralVoice(kokoro.speak, 'kokoro:af_heart'))

describe('Kokoro in a process of its own', () => {
  it('speaks what a recognizer hears word for word, with each of several voices', async () => {
    const ears = await loadMoonshine((await realSpeechModel('moonshine-base.en-int8')).path, 1)
    const reference = 'She bought three lemons, a loaf of bread and some butter.'
    const pairs: { reference: string; hypothesis: string }[] = []
    for (const voice of ['af_heart', 'am_michael', 'bf_emma']) {
      const { pieces, sampleRate } = await spoken(reference, voice)
      expect(sampleRate).toBe(24_000)
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(6000)
      const resampler = createResampler(sampleRate, PCM_SAMPLE_RATE)
      const samples = resampler.push(toFloat32(joinSamples(pieces)))
      pairs.push({ reference, hypothesis: (await ears.transcribe(samples, [], never)).text })
    }
    // Percent of 33 words.
    expect(wordErrorRate(pairs), JSON.stringify(pairs)).toBeLessThan(4)
  })

  it('has other voices than one', async () => {
    const [one, other] = [await spoken('Yes.', 'af_heart'), await spoken('Yes.', 'bm_lewis')]
    expect(joinSamples(one.pieces)).not.toEqual(joinSamples(other.pieces))
    await expect(spoken('Yes.', 'zz_nobody')).rejects.toMatchObject({ code: 'engine_failed' })
  })

  it('leaves a breath before and behind a clause', async () => {
    const { pieces, sampleRate } = await spoken('It is ready.', 'af_heart')
    const samples = toFloat32(joinSamples(pieces))
    const isHeard = (sample: number) => Math.abs(sample) > 10 ** (-50 / 20)
    const msOf = (count: number) => (count / sampleRate) * 1000
    expect(msOf(samples.findIndex(isHeard))).toBeLessThanOrEqual(31)
    expect(msOf(samples.length - 1 - samples.findLastIndex(isHeard))).toBeLessThanOrEqual(161)
  })

  it('that hangs costs its clause, and that is killed comes back', async () => {
    const hanging = createKokoro(files, { log: quietLog(), startTimeoutMs: 500_000, timeoutMs: 3000 })
    try {
      await hanging.warm(never)
      const { pid } = hanging.status()
      process.kill(pid ?? 0, 'SIGSTOP')
      const read = async () => {
        for await (const _ of hanging.speak('Yes.', 'af_heart', never));
      }
      await expect(read()).rejects.toMatchObject({ code: 'engine_timeout', recoverable: true })
      await expect.poll(() => processIdentity(pid ?? 0)).toBeNull()
    } finally {
      await hanging.stop()
    }
    const { pid } = kokoro.status()
    process.kill(pid ?? 0, 'SIGKILL')
    await expect.poll(() => kokoro.status().pid !== pid).toBe(true)
    expect((await spoken('Yes.', 'af_heart')).pieces.length).toBeGreaterThan(0)
    expect(await processIdentity(pid ?? 0)).toBeNull()
  })
})
