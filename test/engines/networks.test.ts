import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { joinSamples, PCM_SAMPLE_RATE, toFloat32 } from '../../server/audio/pcm.ts'
import { createKokoro } from '../../server/engines/kokoro/kokoro.ts'
import { loadMoonshine } from '../../server/engines/moonshine/model.ts'
import { createPiper } from '../../server/engines/piper/piper.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { createResampler } from '../../server/shared/resampler.ts'
import { neuralVoice } from '../../server/voice/neural/neural.ts'
import { voiceContract } from '../contract/voice.ts'
import { realSpeechModel, realVoice } from '../support/engines/realEngines.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
/** Kokoro takes seconds for one of speech on a machine that is too slow for it, as many of those that test are. */
const PATIENCE_MS = 500_000
vi.setConfig({ testTimeout: 600_000 })

const engines = [
  { name: 'kokoro', create: createKokoro, rate: 24_000, voices: ['af_heart', 'am_michael', 'bf_emma'] },
  { name: 'piper', create: createPiper, rate: 22_050, voices: ['joe'] },
]

describe.each(engines)('$name, a network with the phonemes of hibari', ({ name, create, rate, voices }) => {
  const [voice = ''] = voices
  const files = () => realVoice(name)
  let speaker: ReturnType<typeof create>
  beforeAll(() => {
    speaker = create(files, { log: quietLog(), timeoutMs: PATIENCE_MS, startTimeoutMs: PATIENCE_MS })
  })
  afterAll(() => speaker.stop())

  async function spoken(text: string, with_ = voice): Promise<Int16Array[]> {
    const pieces: Int16Array[] = []
    for await (const { samples, sampleRate } of speaker.speak(text, with_, never)) {
      expect(sampleRate).toBe(rate)
      pieces.push(samples)
    }
    return pieces
  }

  voiceContract(`${name}:${voice}`, () => neuralVoice(speaker.speak, `${name}:${voice}`))

  it('speaks what a recognizer hears word for word', async () => {
    const ears = await loadMoonshine((await realSpeechModel('moonshine-base.en-int8')).path, 1)
    const reference = 'She bought three lemons, a loaf of bread and some butter.'
    const pairs: { reference: string; hypothesis: string }[] = []
    for (const one of voices) {
      const pieces = await spoken(reference, one)
      for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(rate / 4)
      const samples = createResampler(rate, PCM_SAMPLE_RATE).push(toFloat32(joinSamples(pieces)))
      pairs.push({ reference, hypothesis: (await ears.transcribe(samples, [], never)).text })
    }
    // Percent of 11 words a voice.
    expect(wordErrorRate(pairs), JSON.stringify(pairs)).toBeLessThan(4)
  })

  it('leaves a breath before and behind a clause', async () => {
    const samples = toFloat32(joinSamples(await spoken('It is ready.')))
    const isHeard = (sample: number) => Math.abs(sample) > 10 ** (-50 / 20)
    const msOf = (count: number) => (count / rate) * 1000
    expect(msOf(samples.findIndex(isHeard))).toBeLessThanOrEqual(31)
    expect(msOf(samples.length - 1 - samples.findLastIndex(isHeard))).toBeLessThanOrEqual(161)
  })

  it('that hangs costs its clause', async () => {
    const hanging = create(files, { log: quietLog(), startTimeoutMs: PATIENCE_MS, timeoutMs: 3000 })
    try {
      await hanging.warm(never)
      const { pid } = hanging.status()
      process.kill(pid ?? 0, 'SIGSTOP')
      const read = async () => {
        for await (const _ of hanging.speak('Yes.', voice, never));
      }
      await expect(read()).rejects.toMatchObject({ code: 'engine_timeout', recoverable: true })
      await expect.poll(() => processIdentity(pid ?? 0)).toBeNull()
    } finally {
      await hanging.stop()
    }
  })

  it('that is killed comes back', async () => {
    await speaker.warm(never)
    const { pid } = speaker.status()
    process.kill(pid ?? 0, 'SIGKILL')
    await expect.poll(() => speaker.status().pid !== pid).toBe(true)
    expect((await spoken('Yes.')).length).toBeGreaterThan(0)
    expect(await processIdentity(pid ?? 0)).toBeNull()
  })
})

it('Kokoro has other voices than one, and says which it has not', async () => {
  const kokoro = createKokoro(() => realVoice('kokoro'), {
    log: quietLog(),
    ...{ timeoutMs: PATIENCE_MS, startTimeoutMs: PATIENCE_MS },
  })
  const samplesOf = async (voice: string) => {
    const pieces = await Array.fromAsync(kokoro.speak('Yes.', voice, never))
    return joinSamples(pieces.map(({ samples }) => samples))
  }
  try {
    expect(await samplesOf('af_heart')).not.toEqual(await samplesOf('bm_lewis'))
    await expect(samplesOf('zz_nobody')).rejects.toMatchObject({ code: 'engine_failed' })
  } finally {
    await kokoro.stop()
  }
})
