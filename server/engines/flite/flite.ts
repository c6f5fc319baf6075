import { untilAborted, within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { diedAtWork } from '../../processEnding.ts'
import { createGate } from '../gate.ts'
import type { EngineState, EngineStatus } from '../status.ts'
import { type FliteWorker, type Spoken, startFliteWorker } from './fliteWorker.ts'

export type FliteDeps = {
  log: Log
  /** Called when a crashed process is replaced. */
  onRestart?: () => void
  /** Sentences after which the process is renewed. */
  maxSentences?: number
  /** Bytes it may hold after a sentence before it is renewed. */
  maxResidentBytes?: number
  /** The longest that one sentence may take. */
  timeoutMs?: number
  startTimeoutMs?: number
}

export type Flite = ReturnType<typeof createFlite>

/** An aborted run usually ends by itself within this; killing it would cost the next sentence a new process. */
const ABORT_GRACE_MS = 150
/** A spare is made ready when this share of a limit is used up, so that renewal costs no turn anything. */
const SPARE_FROM = 0.75

/**
 * flite in a process of its own, renewed when its memory or its age passes a limit. A crash fails the sentence that
 * was in it; the next one gets a new process.
 */
export function createFlite(deps: FliteDeps) {
  const { log, maxSentences = 500, maxResidentBytes = 400 * 2 ** 20 } = deps
  const { timeoutMs = 30_000, startTimeoutMs = 30_000 } = deps
  const gate = createGate()
  const stopping = new AbortController()
  const workers = new Set<FliteWorker>()
  let active: FliteWorker | null = null
  let spare: FliteWorker | null = null
  let state: EngineState = 'stopped'
  let lastError: string | null = null
  let lastCrashAt = Number.NEGATIVE_INFINITY

  function start(): FliteWorker {
    const worker = startFliteWorker(log)
    workers.add(worker)
    void worker.exited.then(ending => {
      workers.delete(worker)
      if (spare === worker) spare = null
      if (active !== worker) return
      active = null
      if (stopping.signal.aborted) return
      lastError = diedAtWork('flite', ending).line
      state = 'restarting'
      deps.onRestart?.()
      log.error({ engine: 'flite', enginePid: worker.pid, ...ending }, 'engine crashed')
      // One that crashes at once is started again only when it is needed, so that it cannot spin.
      if (performance.now() - lastCrashAt > 1000) use()
      lastCrashAt = performance.now()
    })
    return worker
  }

  /** The worker for the next sentence. */
  function use(): FliteWorker {
    if (active?.running()) return active
    const next: FliteWorker = spare?.running() ? spare : start()
    spare = null
    active = next
    if (state !== 'restarting') state = 'starting'
    void next.ready.then(
      () => {
        if (active === next) state = 'ready'
      },
      error => {
        state = 'failed'
        lastError = error instanceof Error ? error.message : String(error)
      },
    )
    return next
  }

  /** Ends a worker without that counting as a crash. */
  function retire(worker: FliteWorker): void {
    if (active === worker) active = null
    worker.kill()
  }

  function renewIfOld(worker: FliteWorker): void {
    if (active !== worker || stopping.signal.aborted) return
    const used = Math.max(worker.sentences() / maxSentences, worker.residentBytes() / maxResidentBytes)
    if (used >= SPARE_FROM && spare === null) spare = start()
    if (used < 1) return
    log.debug(
      { engine: 'flite', enginePid: worker.pid, sentences: worker.sentences() },
      'renewing the engine',
    )
    retire(worker)
    use()
  }

  /** Lets an aborted run end by itself, or ends the process. The place at the gate is kept until then. */
  async function clearAfterAbort(worker: FliteWorker, run: Promise<Spoken>): Promise<void> {
    const ended = run.then(
      () => true,
      () => true,
    )
    if (await within(ended, ABORT_GRACE_MS, () => false)) return
    retire(worker)
    if (!stopping.signal.aborted) use()
  }

  function tooSlow(worker: FliteWorker, ms: number): QuantvoxError {
    retire(worker)
    use()
    return new QuantvoxError('engine_timeout', `flite did not answer within ${ms} ms.`, {
      meaning:
        'It hung, or this machine had no time left for it; this sentence is not spoken, the next one will be.',
      mend: 'Try again; if it happens again, choose VOICE=browser, or stop what else keeps this machine busy.',
    })
  }

  async function untilReady(worker: FliteWorker, signal: AbortSignal): Promise<void> {
    await within(untilAborted(worker.ready, signal), startTimeoutMs, () => {
      throw tooSlow(worker, startTimeoutMs)
    })
  }

  return {
    /**
     * Speaks one sentence, one at a time in the order asked.
     * @throws `engine_failed`, `engine_timeout`, `engine_unavailable`, or the signal's reason at once
     */
    async speak(text: string, voice: string, signal: AbortSignal): Promise<Spoken> {
      stopping.signal.throwIfAborted()
      const place = await gate.enter('', signal)
      let cleared = Promise.resolve()
      try {
        const worker = use()
        const asked = AbortSignal.any([signal, stopping.signal])
        await untilReady(worker, asked)
        const limit = AbortSignal.timeout(timeoutMs)
        const run = worker.speak(text, voice)
        run.catch(() => undefined)
        try {
          const spoken = await untilAborted(run, AbortSignal.any([asked, limit]))
          lastError = null
          renewIfOld(worker)
          return spoken
        } catch (error) {
          if (asked.aborted) cleared = clearAfterAbort(worker, run)
          else if (error === limit.reason) throw tooSlow(worker, timeoutMs)
          throw error
        }
      } finally {
        void cleared.then(place.leave)
      }
    },
    /** Starts the process if it does not run, and waits until it is warm. */
    async warm(signal: AbortSignal): Promise<void> {
      await untilReady(use(), signal)
    },
    status: (): EngineStatus => ({ name: 'flite', state, lastError, pid: active?.pid ?? null }),
    async stop(): Promise<void> {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      state = 'stopped'
      for (const worker of workers) worker.kill()
      await Promise.all([...workers].map(worker => worker.exited))
    },
  }
}
