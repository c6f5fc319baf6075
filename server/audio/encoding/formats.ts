import { createPcmResampler, type SpokenAudio, samplesIn, toBytes } from '../pcm.ts'
import { createBreather } from '../yielding.ts'
import { ENCODED_RATE, type Encode } from './encode.ts'
import { aac, flac } from './ffmpegEncoder.ts'
import { mp3 } from './mp3.ts'
import { oggOpus } from './oggOpus.ts'
import { streamedWav } from './streamedWav.ts'
import { createTempo } from './tempo.ts'

async function* pcm(samples: AsyncIterable<Int16Array>): AsyncGenerator<Uint8Array> {
  for await (const part of samples) yield toBytes(part)
}

/** By the names of OpenAI. */
export const audioFormats: Readonly<Record<string, { type: string; encode: Encode }>> = {
  mp3: { type: 'audio/mpeg', encode: mp3 },
  opus: { type: 'audio/ogg', encode: oggOpus },
  wav: { type: 'audio/wav', encode: streamedWav },
  pcm: { type: `audio/pcm;rate=${ENCODED_RATE};channels=1`, encode: pcm },
  flac: { type: 'audio/flac', encode: flac },
  aac: { type: 'audio/aac', encode: aac },
}

/** Resampled at once: some voices give a whole clause, for which its first bytes need not wait. Milliseconds. */
const STEP_MS = 100

/**
 * What is spoken, at ENCODED_RATE whatever the rate of the voice, and so many times as fast at the same pitch.
 * @param speed 0.25 to 4
 */
export async function* atEncodedRate(
  spoken: AsyncIterable<SpokenAudio>,
  speed: number,
  signal: AbortSignal,
): AsyncGenerator<Int16Array, void, undefined> {
  const breathe = createBreather(signal)
  const tempo = createTempo(speed, ENCODED_RATE)
  let resampler: ReturnType<typeof createPcmResampler> | null = null
  for await (const { samples, sampleRate } of spoken) {
    resampler ??= createPcmResampler(sampleRate, ENCODED_RATE)
    const step = samplesIn(STEP_MS, sampleRate)
    for (let at = 0; at < samples.length; at += step) {
      const part = tempo.push(resampler.push(samples.subarray(at, at + step)))
      if (part.length > 0) yield part
      // What was given leaves only when the event loop has its turn.
      await breathe()
    }
  }
  for (const part of [tempo.push(resampler?.end() ?? new Int16Array(0)), tempo.end()])
    if (part.length > 0) yield part
}
