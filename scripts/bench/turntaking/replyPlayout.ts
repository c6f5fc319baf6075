import { samplesIn } from '../../../server/audio/pcm.ts'
import { scaled } from './items/levels.ts'

/** What a client makes quieter, it makes so much quieter. */
const DUCKED_DB = -12

/** A reply (mono, 16 kHz) as a client plays it, on the clock of its microphone: as many samples are played as are recorded. */
export function createReplyPlayout() {
  let arrived: Int16Array[] = []
  /** All that came out of the loudspeaker, silence too. */
  let out = new Int16Array(0)
  let waiting = 0
  let played = 0
  let state: 'playing' | 'ducked' | 'paused' | 'stopped' = 'playing'

  function taken(count: number): Int16Array {
    const part = new Int16Array(count)
    if (state === 'paused' || state === 'stopped') return part
    let filled = 0
    while (filled < count && arrived[0] !== undefined) {
      const piece = arrived[0].subarray(0, count - filled)
      part.set(piece, filled)
      filled += piece.length
      arrived =
        piece.length === arrived[0].length
          ? arrived.slice(1)
          : [arrived[0].subarray(piece.length), ...arrived.slice(1)]
    }
    waiting -= filled
    played += filled
    return state === 'ducked' ? scaled(part, DUCKED_DB) : part
  }

  return {
    push(samples: Int16Array): void {
      if (samples.length === 0) return
      arrived.push(samples)
      waiting += samples.length
    },
    set(next: typeof state): void {
      if (state !== 'stopped') state = next
    },
    /** Time goes on by so many samples. */
    advance(count: number): void {
      const next = new Int16Array(out.length + count)
      next.set(out)
      next.set(taken(count), out.length)
      out = next
    },
    /** The last `count` samples that came out, so much quieter and later. */
    echo(count: number, { dB, delayMs }: { dB: number; delayMs: number }): Int16Array {
      const end = out.length - samplesIn(delayMs)
      const part = new Int16Array(count)
      if (end > 0) part.set(out.subarray(Math.max(0, end - count), end), Math.max(0, count - end))
      return scaled(part, dB)
    },
    isStopped: () => state === 'stopped',
    positionMs: () => played / 16,
    /** Came and is not played. */
    waitingMs: () => waiting / 16,
  }
}
