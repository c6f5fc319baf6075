import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinSamples, PCM_SAMPLE_RATE, toFloat32 } from '../../server/audio/pcm.ts'
import { createHibari } from '../../server/engines/hibari/hibari.ts'
import { loadHibari } from '../../server/engines/hibari/voice.ts'
import { loadMoonshine } from '../../server/engines/moonshine/model.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { createResampler } from '../../server/shared/resampler.ts'
import { hibariVoice } from '../../server/voice/hibari/hibari.ts'
import { voiceContract } from '../contract/voice.ts'
import { realSpeechModel, realVoice } from '../support/engines/realEngines.ts'
import { quietLog } from '../support/quietLog.ts'

const never = new AbortController().signal
const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/hibari/${name}`, import.meta.url), 'utf8'))
const sentences = [
  ...['What time does the last train to Birmingham leave?', 'It is a quarter past seven, and raining.'],
  ...[
    'Who painted the ceiling of the Sistine Chapel?',
    'She bought three lemons, a loaf of bread and some butter.',
  ],
  ...[
    'The meeting is on Thursday afternoon in the second room.',
    'Play something quiet that I can fall asleep to.',
  ],
]

let hibari: ReturnType<typeof createHibari>
beforeAll(() => {
  hibari = createHibari(realVoice, { log: quietLog() })
})
afterAll(() => hibari.stop())

async function spoken(text: string, signal = never): Promise<{ pieces: Int16Array[]; sampleRate: number }> {
  const pieces: Int16Array[] = []
  let sampleRate = 0
  for await (const piece of hibari.speak(text, 'heart', signal)) {
    pieces.push(piece.samples)
    sampleRate = piece.sampleRate
  }
  return { pieces, sampleRate }
}

voiceContract('hibari:heart', () => hibariVoice(hibari.speak, 'hibari:heart'))

describe('the network, as its own Python code runs it', () => {
  let voice: Awaited<ReturnType<typeof loadHibari>>
  beforeAll(async () => {
    voice = await loadHibari(await realVoice())
  })

  it('has the same phonemes, of words that no lexicon has too', async () => {
    for (const { text, phonemes } of fixture('readings.json'))
      expect(await voice.phonemes(text)).toEqual(phonemes)
  })

  it('sees the same pitch, and as long', async () => {
    const { text, f0, lh }: { text: string; f0: number[]; lh: number[] } = fixture('spectrum.json')
    const [phonemes = ''] = await voice.phonemes(text)
    const spectrum = await voice.spectrumOf(phonemes)
    expect(spectrum.f0).toHaveLength(f0.length)
    const voiced = f0.flatMap((pitch, frame) =>
      pitch > 100 ? [Math.abs(pitch - (spectrum.f0[frame] ?? 0))] : [],
    )
    expect(Math.max(...voiced)).toBeLessThan(5)
    const meanOf = (frame: number) => {
      let sum = 0
      for (let bin = 0; bin < 601; bin++) sum += spectrum.lh[bin * f0.length + frame] ?? 0
      return sum / 601
    }
    for (const [frame, value] of lh.entries()) expect(Math.abs(meanOf(frame) - value)).toBeLessThan(0.2)
  })
})

describe('hibari in a process of its own', () => {
  it('speaks what a recognizer hears word for word', async () => {
    const ears = await loadMoonshine((await realSpeechModel('moonshine-base.en-int8')).path, 1)
    const heard: string[] = []
    for (const sentence of sentences) {
      const { pieces, sampleRate } = await spoken(sentence)
      expect(sampleRate).toBe(24_000)
      const resampler = createResampler(sampleRate, PCM_SAMPLE_RATE)
      const samples = resampler.push(toFloat32(joinSamples(pieces)))
      heard.push((await ears.transcribe(samples, [], never)).text)
    }
    const pairs = sentences.map((reference, at) => ({ reference, hypothesis: heard[at] ?? '' }))
    // Percent of some fifty words.
    expect(wordErrorRate(pairs), heard.join('\n')).toBeLessThan(5)
  })

  it('gives the beginning before the rest is made', async () => {
    const { pieces } = await spoken(sentences.join(' '))
    expect(pieces.length).toBeGreaterThan(20)
    for (const piece of pieces) expect(piece.length).toBeLessThan(16_000)
  })

  it('leaves off between two pieces where nobody listens, and stays as it is', async () => {
    await hibari.warm(never)
    const { pid } = hibari.status()
    const leaver = new AbortController()
    let count = 0
    const interrupted = (async () => {
      for await (const _ of hibari.speak('And so it goes on, '.repeat(40), 'heart', leaver.signal))
        if (++count === 2) leaver.abort(new Error('interrupted'))
    })()
    await expect(interrupted).rejects.toThrow('interrupted')
    expect((await spoken('Yes.')).pieces.length).toBeGreaterThan(0)
    expect(hibari.status()).toMatchObject({ pid, state: 'ready' })
  })

  it('that is killed comes back', async () => {
    const { pid } = hibari.status()
    process.kill(pid ?? 0, 'SIGKILL')
    await expect
      .poll(() => hibari.status().pid !== pid && hibari.status().state === 'ready', { timeout: 60_000 })
      .toBe(true)
    expect((await spoken('Yes.')).pieces.length).toBeGreaterThan(0)
    expect(await processIdentity(pid ?? 0)).toBeNull()
  })

  it('says so where it cannot be had', async () => {
    const none = createHibari(() => Promise.resolve('/nowhere'), { log: quietLog() })
    try {
      await expect(none.warm(never)).rejects.toMatchObject({ code: 'engine_unavailable' })
    } finally {
      await none.stop()
    }
  })
})
