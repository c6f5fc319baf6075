import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinSamples, PCM_SAMPLE_RATE, toFloat32 } from '../../server/audio/pcm.ts'
import { createHibari } from '../../server/engines/hibari/hibari.ts'
import { loadHibari } from '../../server/engines/hibari/voice.ts'
import { residentBytes } from '../../server/engines/memory.ts'
import { loadMoonshine } from '../../server/engines/moonshine/model.ts'
import { processIdentity } from '../../server/engines/processIdentity.ts'
import { wordErrorRate } from '../../server/lab/index.ts'
import { createResampler } from '../../server/shared/resampler.ts'
import { neuralVoice } from '../../server/voice/neural/neural.ts'
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
  hibari = createHibari(() => realVoice('hibari'), { log: quietLog() })
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

voiceContract('hibari:heart', () => neuralVoice(hibari.speak, 'hibari:heart'))

describe('the network, as its own Python code runs it', () => {
  let voice: Awaited<ReturnType<typeof loadHibari>>
  beforeAll(async () => {
    voice = await loadHibari((await realVoice('hibari'))[0] ?? '')
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

  it('leaves a breath between two clauses, and cuts none', async () => {
    const clauses = [
      'The kettle is on,',
      'and the bread is ready.',
      'Is it?',
      'Yes, with a bit of honey.',
      'Fresh fish',
    ]
    const ends: { before: number; after: number; edgeDb: number }[] = []
    for (const clause of clauses) {
      const { pieces, sampleRate } = await spoken(clause)
      const samples = toFloat32(joinSamples(pieces))
      const isHeard = (sample: number) => Math.abs(sample) > 10 ** (-50 / 20)
      const msOf = (count: number) => (count / sampleRate) * 1000
      const edge = [...samples.subarray(0, 240), ...samples.subarray(-240)]
      ends.push({
        before: msOf(samples.findIndex(isHeard)),
        after: msOf(samples.length - 1 - samples.findLastIndex(isHeard)),
        edgeDb: 20 * Math.log10(Math.max(...edge.map(Math.abs), 1e-6)),
      })
    }
    for (const [at, { after, edgeDb }] of ends.entries()) {
      const gapMs = after + (ends[at + 1]?.before ?? 0)
      expect(gapMs, clauses[at]).toBeGreaterThan(50)
      expect(gapMs, clauses[at]).toBeLessThan(250)
      // Whatever begins or ends in the middle of a sound is louder there.
      expect(edgeDb, clauses[at]).toBeLessThan(-45)
    }
  })

  it('that hangs costs its clause', async () => {
    const hanging = createHibari(() => realVoice('hibari'), { log: quietLog(), timeoutMs: 5000 })
    try {
      await hanging.warm(never)
      const { pid } = hanging.status()
      process.kill(pid ?? 0, 'SIGSTOP')
      const speak = async () => {
        let count = 0
        for await (const { samples } of hanging.speak('Yes.', 'heart', never)) count += samples.length
        return count
      }
      await expect(speak()).rejects.toMatchObject({ code: 'engine_timeout', recoverable: true })
      expect(await speak()).toBeGreaterThan(0)
      expect(hanging.status().pid).not.toBe(pid)
      await expect.poll(() => processIdentity(pid ?? 0)).toBeNull()
    } finally {
      await hanging.stop()
    }
  })

  it('holds no more memory after 300 clauses than after 60', async () => {
    await hibari.warm(never)
    const { pid } = hibari.status()
    const held: number[] = []
    for (let clause = 0; clause < 300; clause++) {
      await spoken(sentences[clause % sentences.length] ?? '')
      if (clause >= 60 && clause % 20 === 19) held.push((await residentBytes(pid ?? 0)) ?? 0)
    }
    expect(hibari.status().pid).toBe(pid)
    // What is collected now and then is some megabytes; 240 clauses that leave 0.2 MB each are 48.
    expect(Math.min(...held.slice(-4)) - Math.min(...held.slice(0, 4))).toBeLessThan(25 * 2 ** 20)
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
    const none = createHibari(() => Promise.resolve(['/nowhere']), { log: quietLog() })
    try {
      await expect(none.warm(never)).rejects.toMatchObject({ code: 'engine_unavailable' })
    } finally {
      await none.stop()
    }
  })
})
