import { SHARE_ENV, Worker } from 'node:worker_threads'
import { untilAborted, within } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'

/** A model on a thread for all sessions, one question at a time. What it is sent and answers is our own: typed, not checked. */
export type ModelThread<Question, Answer> = {
  /** Starts it where it does not run; `ask` does it too. Never rejects: what is wrong is logged, once. */
  start(): Promise<void>
  /**
   * The answer, and how long it took without the wait for others, milliseconds.
   * @param own what of the question is given away
   * @throws `engine_unavailable` while it is not ready, or has failed; `engine_timeout`; the signal's reason
   */
  ask(
    question: Question,
    own: ArrayBuffer[],
    signal: AbortSignal,
  ): Promise<{ answer: Answer; inferenceMs: number }>
  stop(): Promise<void>
}

export type ModelThreadOptions = {
  /** What runs there: says `ready`, and answers each message with one. */
  program: URL
  /** What it is given; got if it must be. */
  data(): Promise<string>
  /** After so long for one answer the thread is given up, milliseconds. */
  answersWithinMs: number
  /** A longer wait for an answer is told once, milliseconds. */
  slowMs: number
  /** What the log says of it: that it failed, works again, and is slow. */
  told: { failed: string; works: string; slow: string }
  /** Its name at the beginning of a sentence, what its lack means, and what mends it. */
  name: string
  lack: { meaning: string; mend: string }
  log: Log
}

const READY_WITHIN_MS = 60_000
/** After a failure it is started again when it is asked, but no sooner. */
const RETRY_MS = 30_000

type Thread = { worker: Worker; next(withinMs: number): Promise<unknown> }

export function createModelThread<Question, Answer>(
  options: ModelThreadOptions,
): ModelThread<Question, Answer> {
  const { log, told, slowMs } = options
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
    if (!isToldOf && !stopped) log.warn({ err: error }, told.failed)
    isToldOf = true
  }

  async function open(): Promise<void> {
    try {
      const data = await options.data()
      const opened: Thread = openThread(options, data, error => failed(error, opened))
      thread = opened
      await opened.next(READY_WITHIN_MS)
      if (isToldOf) log.info({ data }, told.works)
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

  async function answer(question: Question, own: ArrayBuffer[], signal: AbortSignal) {
    signal.throwIfAborted()
    const current = thread
    if (current === null) throw unavailable(options)
    const askedAtMs = performance.now()
    try {
      const answered = current.next(options.answersWithinMs)
      current.worker.postMessage(question, own)
      return { answer: (await answered) as Answer, inferenceMs: performance.now() - askedAtMs }
    } catch (error) {
      failed(error, current)
      throw error
    }
  }

  function noteWait(waitedMs: number): void {
    if (isToldSlow || waitedMs < slowMs) return
    isToldSlow = true
    log.warn({ waitedMs: Math.round(waitedMs) }, told.slow)
  }

  return {
    start,
    async ask(question, own, signal) {
      void start()
      if (thread === null || starting !== null) throw unavailable(options)
      const answered = line.then(() => answer(question, own, signal))
      line = answered.catch(() => {})
      const askedAtMs = performance.now()
      const given = await untilAborted(answered, signal)
      noteWait(performance.now() - askedAtMs)
      return given
    },
    async stop() {
      stopped = true
      await thread?.worker.terminate()
    },
  }
}

function openThread(options: ModelThreadOptions, data: string, ended: (error: unknown) => void): Thread {
  const worker = new Worker(options.program, { workerData: data, env: SHARE_ENV })
  worker.unref()
  let asked = Promise.withResolvers<unknown>()
  const end = (error: unknown) => {
    asked.reject(error)
    ended(error)
  }
  worker.on('message', (answer: unknown) => asked.resolve(answer))
  worker.once('error', end)
  worker.once('exit', code => end(new Error(`${options.name} ended its thread with code ${code}.`)))
  return {
    worker,
    async next(withinMs) {
      asked = Promise.withResolvers()
      return await within(asked.promise, withinMs, () => {
        throw new QuantvoxError(
          'engine_timeout',
          `${options.name} gave no answer within ${withinMs} ms.`,
          options.lack,
        )
      })
    },
  }
}

const unavailable = ({ name, lack }: ModelThreadOptions) =>
  new QuantvoxError('engine_unavailable', `${name} is not there.`, lack)
