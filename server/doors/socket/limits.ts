import { QuantvoxError } from '../../errors.ts'
import { socketLimits } from '../../protocol/socketLimits.ts'

const { audioSpeed, audioWindowMs, countedFrameMs, controlMessagesPerSecond, invalidInARow } = socketLimits

/** What one socket may send. */
export function createLimits() {
  const audio: { atMs: number; audioMs: number }[] = []
  let inWindowMs = 0
  let controls: number[] = []
  const invalid = { text: 0, binary: 0 }

  return {
    /** A frame of so much audio arrived. Throws `audio_too_fast`. */
    audio(frameMs: number, arrivedAtMs: number): void {
      while ((audio[0]?.atMs ?? arrivedAtMs) <= arrivedAtMs - audioWindowMs)
        inWindowMs -= audio.shift()?.audioMs ?? 0
      const audioMs = Math.max(frameMs, countedFrameMs)
      audio.push({ atMs: arrivedAtMs, audioMs })
      inWindowMs += audioMs
      if (inWindowMs > audioSpeed * audioWindowMs) {
        throw new QuantvoxError('audio_too_fast', 'Audio comes faster than anyone can speak.', {
          meaning: `More than ${audioSpeed * audioWindowMs} ms of it came within ${audioWindowMs} ms.`,
          mend: 'Send audio as it is recorded; for files use POST /v1/turns.',
        })
      }
    },
    /** A control message arrived. Throws `rate_limited`. */
    control(arrivedAtMs: number): void {
      controls = controls.filter(atMs => atMs > arrivedAtMs - 1000)
      controls.push(arrivedAtMs)
      if (controls.length > controlMessagesPerSecond) {
        throw new QuantvoxError(
          'rate_limited',
          `More than ${controlMessagesPerSecond} control messages came within a second.`,
        )
      }
    },
    /** Tells whether a message was valid; true when too many of its kind in a row were not. */
    tooManyInvalid(kind: 'text' | 'binary', valid: boolean): boolean {
      invalid[kind] = valid ? 0 : invalid[kind] + 1
      return invalid[kind] >= invalidInARow
    },
  }
}
