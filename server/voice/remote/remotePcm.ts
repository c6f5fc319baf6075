import { fromBytes } from '../../audio/pcm.ts'
import { QuantvoxError } from '../../errors.ts'
import type { SpokenAudio } from '../synthesize.ts'

const RIFF = 0x52494646
const WAV_HEADER_LIMIT = 4096

/**
 * Cuts a stream of bytes into 16-bit samples; a sample may be split between two chunks. Some servers send WAV whatever
 * was asked: their header is read and taken off.
 */
export function createPcmReader(sampleRate: number) {
  let rest = Buffer.alloc(0)
  let rate = sampleRate
  let isHeaderDone = false
  let heard = false

  /** Where a WAV's samples start; null while its header is not whole, 0 for bare PCM. */
  function audioStart(bytes: Buffer): number | null {
    if (bytes.length < 4) return null
    if (bytes.readUInt32BE(0) !== RIFF) return 0
    for (let at = 12; at + 8 <= bytes.length; ) {
      const name = bytes.toString('latin1', at, at + 4)
      const length = bytes.readUInt32LE(at + 4)
      if (name === 'data') return at + 8
      if (name === 'fmt ' && at + 24 <= bytes.length) {
        const [format, channels, bits] = [at + 8, at + 10, at + 22].map(offset => bytes.readUInt16LE(offset))
        if ((format !== 1 && format !== 0xfffe) || channels !== 1 || bits !== 16) {
          throw notPcm(`${channels} channels of ${bits} bit (format ${format})`)
        }
        rate = bytes.readUInt32LE(at + 12)
      }
      at += 8 + length + (length % 2)
    }
    if (bytes.length > WAV_HEADER_LIMIT) throw notPcm('a WAV without audio')
    return null
  }

  return {
    /** The whole samples that came in by now; null while there are none. */
    push(bytes: Uint8Array): SpokenAudio | null {
      rest = Buffer.concat([rest, bytes])
      if (!isHeaderDone) {
        const start = audioStart(rest)
        if (start === null) return null
        rest = rest.subarray(start)
        isHeaderDone = true
      }
      if (rate < 8000 || rate > 192_000) throw notPcm(`${rate} samples a second`)
      const samples = fromBytes(rest)
      if (samples.length === 0) return null
      rest = rest.subarray(samples.byteLength)
      heard = true
      return { samples, sampleRate: rate }
    },
    heardAnything: (): boolean => heard,
  }
}

function notPcm(what: string): QuantvoxError {
  return new QuantvoxError('engine_failed', `The speech server sent ${what} and not 16-bit mono PCM.`, {
    meaning: 'Its audio cannot be played.',
    mend: 'Use a server that honours response_format "pcm".',
  })
}
