import { isDeepStrictEqual } from 'node:util'
import { QuantvoxError } from '../errors.ts'
import { createCollector, type DecodedAudio } from './decodedAudio.ts'
import { createMonoMix, floatScale } from './monoMix.ts'
import { fromBytes, PCM_SAMPLE_RATE } from './pcm.ts'
import { checkedFormat, type SampleFormat } from './sampleFormat.ts'
import type { WavPiece } from './wavPieces.ts'
import { smallPieces } from './yielding.ts'

/**
 * Decodes the pieces of a WAV file, one after the other, into 16 kHz mono: PCM of 1 to 32 bits, float of 32 or 64 (in
 * the scale of integers, too), G.711, 1 to 8 channels, 8000 to 192000 Hz. A frame that is not whole at the end of a
 * piece is left out. Works in small stretches between which the event loop runs.
 *
 * @param pieces one or more
 * @param breathe called between stretches
 * @throws QuantvoxError `audio_invalid` that says what is wrong with the file, `too_large` while decoding
 */
export async function decodeWav(
  pieces: readonly WavPiece[],
  maxSeconds: number,
  breathe: () => Promise<void>,
): Promise<DecodedAudio> {
  const [format, ...others] = pieces.map(piece => checkedFormat(piece.format))
  if (format === undefined) throw new Error('A WAV file has one piece or more.')
  if (!others.every(other => isDeepStrictEqual(other, format))) {
    throw new QuantvoxError(
      'audio_invalid',
      `This WAV file is ${pieces.length} recordings one after the other, of which not all have the same format.`,
      { mend: 'Send them one by one.' },
    )
  }
  const audio = pieces.map(piece => piece.audio)
  const collector = createCollector(format.sampleRate, maxSeconds)
  if (isPcm(format)) {
    for (const bytes of audio) {
      for (const piece of smallPieces(bytes)) {
        collector.addPcm(fromBytes(piece))
        await breathe()
      }
    }
    return collector.end(describe(format, 1))
  }
  const scale = format.encoding === 'float' ? await floatScale(format, audio, breathe) : 1
  const blocks = createMonoMix(format, scale)
  for (const bytes of audio) {
    for (const block of blocks(bytes)) {
      collector.add(block)
      await breathe()
    }
  }
  return collector.end(describe(format, scale))
}

/** What most clients send is what is wanted, and would take a millisecond and more as floats and back. */
function isPcm({ encoding, bitDepth, channels, sampleRate }: SampleFormat): boolean {
  return encoding === 'pcm' && bitDepth === 16 && channels === 1 && sampleRate === PCM_SAMPLE_RATE
}

function describe({ encoding, bitDepth, channels, sampleRate }: SampleFormat, scale: number): string {
  const scaled = scale === 1 ? '' : ` in the scale of ${Math.log2(scale) + 1}-bit integers`
  return `wav ${encoding} ${bitDepth} bit${scaled}, ${channels} channel${channels === 1 ? '' : 's'}, ${sampleRate} Hz`
}
