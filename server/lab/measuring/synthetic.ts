import { readFile } from 'node:fs/promises'
import Type from 'typebox'
import Value from 'typebox/value'
import { atPcmRate, joinSamples, PCM_SAMPLE_RATE, samplesIn } from '../../audio/pcm.ts'
import type { Stages } from '../../session/stages.ts'
import { randomFrom } from '../../shared/seeded.ts'
import { fliteVoices } from '../../voice/flite/flite.ts'

/** Sound made here: mono, 16 kHz. */
export type MadeClip = { id: string; kind: 'speech' | 'nonspeech'; text: string; samples: Int16Array }

const voices = [...fliteVoices.keys()]
/**
 * Every second sentence has pink noise this much below it. Clean synthetic speech is too easy: every level gets it right, and
 * nothing is told of their differences. Decibel, by the root mean square of both.
 */
const NOISE_SNR_DB = 15
const Sentences = Type.Array(Type.String(), { minItems: 1 })

/** The sentences of `clips/sentences.json`, spoken by the flite voices in turn, every second one in noise. */
export async function spokenSentences(voice: Stages['voice'], signal: AbortSignal): Promise<MadeClip[]> {
  const sentences: unknown = JSON.parse(
    await readFile(new URL('../clips/sentences.json', import.meta.url), 'utf8'),
  )
  Value.Assert(Sentences, sentences)
  const clips: MadeClip[] = []
  for (const [index, text] of sentences.entries()) {
    const name = voices[index % voices.length] ?? ''
    const inNoise = Math.floor(index / voices.length) % 2 === 1
    const spoken = await speak(text, name, voice, signal)
    const samples = inNoise ? withNoise(spoken, NOISE_SNR_DB, index) : spoken
    const id = `${name.replace(':', '-')}-${String(index + 1).padStart(2, '0')}${inNoise ? '-noise' : ''}`
    clips.push({ id, kind: 'speech', text, samples })
  }
  return clips
}

async function speak(text: string, name: string, voice: Stages['voice'], signal: AbortSignal) {
  const parts: Int16Array[] = [new Int16Array(samplesIn(200))]
  for await (const spoken of voice(name).speak?.(text, signal) ?? []) parts.push(atPcmRate(spoken))
  return joinSamples([...parts, new Int16Array(samplesIn(200))])
}

/** Sounds that are no speech: whatever is heard in them is invented. */
export function soundsWithoutSpeech(): MadeClip[] {
  const sound = (
    id: string,
    seconds: number,
    at: (index: number, random: () => number) => number,
  ): MadeClip => {
    const random = randomFrom(seconds * 1000 + id.length)
    const samples = Int16Array.from({ length: seconds * PCM_SAMPLE_RATE }, (_, index) => at(index, random))
    return { id: `nonspeech-${id}`, kind: 'nonspeech', text: '', samples }
  }
  const tone = (index: number, hertz: number) => Math.sin((2 * Math.PI * hertz * index) / PCM_SAMPLE_RATE)
  return [
    sound('silence', 4, () => 0),
    sound('white-noise', 5, (_index, random) => 3000 * (random() - 0.5)),
    sound('mains-hum', 5, index => 900 * (tone(index, 50) + tone(index, 100) / 2 + tone(index, 150) / 3)),
    sound('clicks', 5, (index, random) =>
      index % 5600 < 40 ? 12_000 * (random() - 0.5) : 60 * (random() - 0.5),
    ),
  ]
}

/** `samples` with pink noise `snrDb` decibels below them; the same for the same seed. */
export function withNoise(samples: Int16Array, snrDb: number, seed: number): Int16Array {
  const noise = pinkNoise(samples.length, seed)
  const power = (values: ArrayLike<number>) => {
    let sum = 0
    for (let index = 0; index < values.length; index++) sum += (values[index] ?? 0) ** 2
    return sum / Math.max(1, values.length)
  }
  const scale = Math.sqrt(power(samples) / Math.max(1e-12, power(noise)) / 10 ** (snrDb / 10))
  return samples.map((sample, index) =>
    Math.max(-32_768, Math.min(32_767, Math.round(sample + scale * (noise[index] ?? 0)))),
  )
}

/** White noise through Paul Kellet's "economy" filter: within 0.5 dB of -3 dB an octave (musicdsp.org, archive 76). */
function pinkNoise(length: number, seed: number): Float64Array {
  const random = randomFrom(seed)
  let [slow, middle, fast] = [0, 0, 0]
  return Float64Array.from({ length }, () => {
    const white = random() * 2 - 1
    slow = 0.99765 * slow + white * 0.099046
    middle = 0.963 * middle + white * 0.2965164
    fast = 0.57 * fast + white * 1.0526913
    return slow + middle + fast + white * 0.1848
  })
}
