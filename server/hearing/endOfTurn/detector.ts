import { SHARE_ENV, Worker } from 'node:worker_threads'
import { untilAborted, within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { HEARD_SAMPLES } from './features.ts'

/** What the thread says; it is our own, so its messages are typed and not checked. */
export type DetectorAnswer = 'ready' | number

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

/** One answer takes 50 to 90 ms where nothing else runs; after this the thread is given up. */
const ANSWER_WITHIN_MS = 2000
/** A longer wait for an answer is told once: turns may end by fixed silence before it. */
const SLOW_MS = 400
const READY_WITHIN_MS = 60_000
/** After a failure it is started again when it is asked, but no sooner. */
const RETRY_MS = 30_000

type Thread = { worker: Worker; next(withinMs: number): Promise<DetectorAnswer> }

/**
 * The learned detector in a thread for all sessions, one question at a time.
 * @param model the file of the model, got if it must be
 */
export function createDetector(model: () => Promise<string>, log: Log): Detector {
  let thread: Thread | null = null
  let starting: Promise<void> | null = null
  let failedAtMs = Number.NEGATIVE_INFINITY
  let isToldOf = false
  let isToldSlow = false
  let stopped = false
  let line: Promise<unknown> = Promise.resolve()

  function failed(error: unknown, whose: Thread | null): void {
    if (thread !== whose) return
    void thread?.worker.terminate()
    thread = null
    failedAtMs = performance.now()
    if (!isToldOf && !stopped)
      log.warn({ err: error }, 'nothing hears whether a turn is over: fixed silence ends it')
    isToldOf = true
  }

  async function open(): Promise<void> {
    try {
      const path = await model()
      const opened: Thread = openThread(path, error => failed(error, opened))
      thread = opened
      await opened.next(READY_WITHIN_MS)
      if (isToldOf) log.info({ model: path }, 'it is heard again whether a turn is over')
      isToldOf = false
    } catch (error) {
      failed(error, thread)
    }
  }

  function start(): Promise<void> {
    const isDue = thread === null && performance.now() - failedAtMs >= RETRY_MS
    if (isDue && !stopped) starting ??= open().finally(() => (starting = null))
    return starting ?? Promise.resolve()
  }

  async function answer(samples: Int16Array, signal: AbortSignal): Promise<Heard> {
    signal.throwIfAborted()
    const current = thread
    if (current === null) throw unavailable()
    const askedAtMs = performance.now()
    try {
      const answered = current.next(ANSWER_WITHIN_MS)
      const heard = samples.slice(-HEARD_SAMPLES)
      current.worker.postMessage(heard, [heard.buffer])
      const probability = Number(await answered)
      return { probability, inferenceMs: performance.now() - askedAtMs }
    } catch (error) {
      failed(error, current)
      throw error
    }
  }

  function noteWait(waitedMs: number): void {
    if (isToldSlow || waitedMs < SLOW_MS) return
    isToldSlow = true
    log.warn(
      { waitedMs: Math.round(waitedMs) },
      'whether a turn is over is heard late: silence may end it first',
    )
  }

  return {
    start,
    async ask(samples, signal) {
      void start()
      if (thread === null || starting !== null) throw unavailable()
      const answered = line.then(() => answer(samples, signal))
      line = answered.catch(() => {})
      const askedAtMs = performance.now()
      const heard = await untilAborted(answered, signal)
      noteWait(performance.now() - askedAtMs)
      return heard
    },
    async stop() {
      stopped = true
      await thread?.worker.terminate()
    },
  }
}

function openThread(model: string, ended: (error: unknown) => void): Thread {
  const url = new URL('./detectorThread.ts', import.meta.url)
  const worker = new Worker(url, { workerData: model, env: SHARE_ENV })
  worker.unref()
  let asked = Promise.withResolvers<DetectorAnswer>()
  const end = (error: unknown) => {
    asked.reject(error)
    ended(error)
  }
  worker.on('message', (answer: DetectorAnswer) => asked.resolve(answer))
  worker.once('error', end)
  worker.once('exit', code => end(new Error(`The end-of-turn thread ended with code ${code}.`)))
  return {
    worker,
    async next(withinMs) {
      asked = Promise.withResolvers()
      return await within(asked.promise, withinMs, () => {
        throw tooSlow(withinMs)
      })
    },
  }
}

const consequence = {
  meaning: 'Turns end after a fixed silence.',
  mend: 'See the log for the cause; SILENCE_MS says how long the silence is.',
}

const unavailable = () =>
  new QuantvoxError('engine_unavailable', 'The end-of-turn detector is not there.', consequence)

const tooSlow = (withinMs: number) =>
  new QuantvoxError(
    'engine_timeout',
    `The end-of-turn detector gave no answer within ${withinMs} ms.`,
    consequence,
  )
