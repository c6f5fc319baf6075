import type { Log } from '../../log.ts'
import { createModelThread } from '../modelThread.ts'
import { HEARD_SAMPLES } from './features.ts'

/** How likely it is that somebody is done, 0 to 1, and how long that took without the wait for others, milliseconds. */
export type Heard = { probability: number; inferenceMs: number }

/** Hears by the voice whether somebody is done. */
export type Detector = {
  /** Gets the model and starts the thread where it does not run; `ask` does it too. Never rejects: what is wrong is logged, once. */
  start(): Promise<void>
  /**
   * Whether whoever speaks in `samples` (mono, 16 kHz, up to a pause; the last 8 s are heard) is done.
   * Throws `engine_unavailable` while it is not ready, or has failed, and `engine_timeout`; the signal's reason.
   */
  ask(samples: Int16Array, signal: AbortSignal): Promise<Heard>
  stop(): Promise<void>
}

/** One answer takes 50 to 90 ms where nothing else runs. */
const ANSWER_WITHIN_MS = 2000
/** Turns may end by fixed silence before it. */
const SLOW_MS = 400

/**
 * The learned detector in a thread for all sessions, one question at a time.
 * @param model the file of the model, got if it must be
 */
export function createDetector(model: () => Promise<string>, log: Log): Detector {
  const thread = createModelThread<Int16Array, number>({
    program: new URL('./detectorThread.ts', import.meta.url),
    data: model,
    answersWithinMs: ANSWER_WITHIN_MS,
    slowMs: SLOW_MS,
    told: {
      failed: 'nothing hears whether a turn is over: fixed silence ends it',
      works: 'it is heard again whether a turn is over',
      slow: 'whether a turn is over is heard late: silence may end it first',
    },
    name: 'The end-of-turn detector',
    lack: {
      meaning: 'Turns end after a fixed silence.',
      mend: 'See the log for the cause; SILENCE_MS says how long the silence is.',
    },
    log,
  })
  return {
    ...thread,
    async ask(samples, signal) {
      const heard = samples.slice(-HEARD_SAMPLES)
      const { answer, inferenceMs } = await thread.ask(heard, [heard.buffer], signal)
      return { probability: answer, inferenceMs }
    },
  }
}
