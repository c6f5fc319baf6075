import { createCollector, type DecodedAudio } from '../../audio/decodedAudio.ts'
import { createMonoMix } from '../../audio/monoMix.ts'
import { frameBytes, type SampleFormat } from '../../audio/sampleFormat.ts'
import { createBreather } from '../../audio/yielding.ts'
import { QuantvoxError } from '../../errors.ts'
import { MAX_CLIP_SECONDS } from '../rest/turns/oneShotTurns.ts'
import type { DataOf } from './messages.ts'

/** A chunk counts as so many bytes at least, 5 ms of what is usual: an empty one costs, too. */
const COUNTED_BYTES = 160

/** Audio of one request as it comes, of any format: by the time it ends all but its end is resampled. */
export function createIncomingAudio(start: DataOf<'audio-start'>, maxBytes: number, signal: AbortSignal) {
  const breathe = createBreather(signal)
  let decoder: ReturnType<typeof createDecoder> | null = null
  let received = 0

  return {
    /** @throws QuantvoxError `audio_invalid`, `too_large` */
    async push(
      { rate = start.rate, width = start.width, channels = start.channels }: Format,
      payload: Buffer,
    ): Promise<void> {
      const format = { encoding: 'pcm', sampleRate: rate, bitDepth: width * 8, channels } as const
      decoder ??= createDecoder(format)
      if (!decoder.reads(format))
        throw new QuantvoxError('audio_invalid', 'Chunks of one stream have different formats.', {
          mend: 'Send all of it at one rate, width and number of channels.',
        })
      received += Math.max(payload.length, COUNTED_BYTES)
      if (received > maxBytes)
        throw new QuantvoxError('too_large', `The audio is larger than ${maxBytes / 2 ** 20} MiB.`, {
          mend: 'Send less at once, as 16 kHz mono 16-bit, or raise MAX_UPLOAD_MB.',
        })
      for (const _ of decoder.push(payload)) await breathe()
    },
    end: (): DecodedAudio =>
      decoder?.end() ?? { samples: new Int16Array(0), durationMs: 0, sourceFormat: 'nothing' },
  }
}

type Format = DataOf<'audio-chunk'>

function createDecoder(format: SampleFormat) {
  const mixed = createMonoMix(format, 1)
  const collector = createCollector(format.sampleRate, MAX_CLIP_SECONDS)
  const bytesOfFrame = frameBytes(format)
  /** The beginning of a frame whose rest comes with the next chunk. */
  let cut = Buffer.alloc(0)
  return {
    reads: (other: SampleFormat): boolean =>
      other.sampleRate === format.sampleRate &&
      other.bitDepth === format.bitDepth &&
      other.channels === format.channels,
    /** In small stretches. */
    *push(payload: Buffer): Generator<void> {
      const bytes = cut.length === 0 ? payload : Buffer.concat([cut, payload])
      const whole = bytes.length - (bytes.length % bytesOfFrame)
      cut = Buffer.from(bytes.subarray(whole))
      for (const block of mixed(bytes.subarray(0, whole))) yield collector.add(block)
    },
    end: () =>
      collector.end(`pcm ${format.bitDepth} bit, ${format.channels} channels, ${format.sampleRate} Hz`),
  }
}
