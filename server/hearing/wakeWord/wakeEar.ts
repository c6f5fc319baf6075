import { durationMs } from '../../audio/pcm.ts'
import { createLine } from '../ear.ts'
import { createFramer } from '../framer.ts'
import { STEP_SAMPLES } from './phraseScores.ts'
import type { PhraseStream } from './wakeWords.ts'

/** What is listened for, and from which score on (0 to 1) it was said. */
export type WakeSettings = { stream: PhraseStream; threshold: number }

export type WakeEarHandlers = {
  /** The phrase was said, and ends about there on the session's timeline. */
  woken(score: number, positionMs: number): void
  /** Nothing hears it now; told once until something does again. */
  deaf(error: unknown): void
}

/** So much sound waits to be heard at most: 8 s. */
const MAX_WAITING = 100

/** Hears the wake word in one microphone's sound, all the time. */
export type WakeEar = {
  /** Mono samples at the client's rate, in order. */
  push(samples: Int16Array): void
  /** Hears no more, and says nothing more. */
  close(): void
}

/** @param startMs where its sound begins on the session's timeline */
export function createWakeEar(
  sampleRate: number,
  startMs: number,
  { stream, threshold }: WakeSettings,
  { woken, deaf }: WakeEarHandlers,
): WakeEar {
  const frames = createFramer(sampleRate, STEP_SAMPLES)
  const line = createLine(deaf)
  let positionMs = startMs
  let waiting = 0
  let isDeaf = false

  async function hear(step: Int16Array, endMs: number): Promise<void> {
    waiting--
    try {
      const score = await stream.push(step)
      isDeaf = false
      if (line.isClosed() || score < threshold) return
      stream.startOver()
      woken(score, endMs)
    } catch (error) {
      if (!isDeaf && !line.isClosed()) deaf(error)
      isDeaf = true
    }
  }

  return {
    push(samples) {
      for (const step of frames.push(samples)) {
        positionMs += durationMs(STEP_SAMPLES)
        const endMs = positionMs
        // Where nobody keeps up, sound is left out.
        if (waiting >= MAX_WAITING) continue
        waiting++
        line.enqueue(() => hear(step, endMs))
      }
    },
    close() {
      line.close()
      stream.close()
    },
  }
}
