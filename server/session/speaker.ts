import type { SpokenAudio } from '../audio/pcm.ts'
import type { SynthesisTimings } from '../protocol/record.ts'
import type { Timeline } from '../record/marks.ts'
import type { Synthesize } from '../voice/synthesize.ts'
import type { Clause } from './stages.ts'

export type SpokenClause = Clause & { audioMs: number }

export type Speaker = {
  /** Queues a clause; they are synthesized one after another, in order. */
  say(clause: Clause): void
  /** Waits until all that was said is synthesized and taken; rejects with the first failure. */
  finish(): Promise<SpokenClause[]>
}

/**
 * Speaks clauses while the reply still streams. `take` gets the audio in order and may hold it back by a promise.
 * Times go into `timings` as they come. `whole` hears of each clause when all its audio was taken.
 */
export function createSpeaker(
  synthesize: Synthesize,
  take: (audio: SpokenAudio, clause: Clause) => Promise<void> | void,
  timings: SynthesisTimings,
  timeline: Timeline,
  signal: AbortSignal,
  whole: (clause: SpokenClause) => void = () => {},
): Speaker {
  const spoken: SpokenClause[] = []
  let tail = Promise.resolve()

  async function speak(clause: Clause): Promise<void> {
    signal.throwIfAborted()
    let audioMs = 0
    let resumedAt = performance.now()
    for await (const audio of synthesize(clause.text, signal)) {
      const arrivedAt = performance.now()
      // What the engine does not tell is taken from outside.
      timings.inferenceMs = (timings.inferenceMs ?? 0) + (audio.inferenceMs ?? arrivedAt - resumedAt)
      const asked = timeline.at('firstClause')
      if (asked !== null) timings.timeToFirstAudioMs ??= arrivedAt - asked
      audioMs += (audio.samples.length / audio.sampleRate) * 1000
      await take(audio, clause)
      timeline.mark('firstAudio')
      resumedAt = performance.now()
    }
    timings.audioMs = (timings.audioMs ?? 0) + audioMs
    spoken.push({ ...clause, audioMs })
    whole({ ...clause, audioMs })
  }

  return {
    say(clause) {
      tail = tail.then(() => speak(clause))
      // finish() reports it; until then a rejection must not count as unhandled.
      tail.catch(() => {})
    },
    async finish() {
      await tail
      return spoken
    },
  }
}
