import { fromBytes } from '../../../../audio/pcm.ts'
import { BYTES_PER_SAMPLE } from '../../../../protocol/socketLimits.ts'
import { Refusal } from './refusal.ts'

/** PCM of an event. @throws Refusal */
export function samplesOf(audio: string): Int16Array {
  const bytes = Buffer.from(audio, 'base64')
  // What is no base64 is left out without a word.
  const padding = audio.endsWith('==') ? 2 : audio.endsWith('=') ? 1 : 0
  const isWhole = bytes.length === Math.floor(((audio.length - padding) * 3) / 4)
  if (isWhole && bytes.length % BYTES_PER_SAMPLE === 0) return fromBytes(bytes)
  const what = isWhole ? `has ${bytes.length} bytes, half a sample too many` : 'is not base64'
  throw new Refusal('invalid_audio', `The audio ${what}; it is PCM, 16-bit, mono, in base64.`, 'audio')
}
