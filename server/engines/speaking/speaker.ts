import { untilAborted, within } from '../../abort.ts'
import { QuantvoxError } from '../../errors.ts'
import { hold } from '../../held.ts'
import type { Log } from '../../log.ts'
import { diedAtWork } from '../../processEnding.ts'
import { createGate } from '../gate.ts'
import type { EngineState, EngineStatus } from '../status.ts'
import {
  type SpeakerProcess,
  type SpeakerProgram,
  type Spoken,
  startSpeakerProcess,
} from './speakerProcess.ts'

export type SpeakerDeps = {
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

export type Speaker = ReturnType<typeof createSpeaker>

/** An aborted run usually ends by itself within this; killing it would cost the next sentence a new process. */
const ABORT_GRACE_MS = 150
/** A spare is made ready when this share of a limit is used up, so that renewal costs no turn anything. */
const SPARE_FROM = 0.75

/**
 * An engine that speaks, in a process of its own, renewed when its memory or its age passes a limit. A crash fails the sentence that
 * was in it; the next one gets a new process.
 */
export function createSpeaker(program: SpeakerProgram, deps: SpeakerDeps) {
  const { name } = program
  const { log, maxSentences = 500, maxResidentBytes = 400 * 2 ** 20 } = deps
  const { timeoutMs = 30_000, startTimeoutMs = 30_000 } = deps
  const gate = createGate()
  const stopping = new AbortController()
  const workers = new Set<SpeakerProcess>()
  let active: SpeakerProcess | null = null
  let spare: SpeakerProcess | null = null
  let state: EngineState = 'stopped'
  let lastError: string | null = null
  let lastCrashAt = Number.NEGATIVE_INFINITY

  function start(): SpeakerProcess {
    const worker = startSpeakerProcess(program, log)
    workers.add(worker)
    void worker.exited.then(ending => {
      workers.delete(worker)
      if (spare === worker) spare = null
      if (active !== worker) return
      active = null
      if (stopping.signal.aborted) return
      lastError = diedAtWork(name, ending).line
      state = 'restarting'
      deps.onRestart?.()
      log.error({ engine: name, enginePid: worker.pid, ...ending }, 'engine crashed')
      // One that crashes at once is started again only when it is needed, so that it cannot spin.
      if (performance.now() - lastCrashAt > 1000) use()
      lastCrashAt = performance.now()
    })
    return worker
  }

  /** The worker for the next sentence. */
  function use(): SpeakerProcess {
    if (active?.running()) return active
    const next: SpeakerProcess = spare?.running() ? spare : start()
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
  function retire(worker: SpeakerProcess): void {
    if (active === worker) active = null
    worker.kill()
  }

  function renewIfOld(worker: SpeakerProcess): void {
    if (active !== worker || stopping.signal.aborted) return
    const used = Math.max(worker.sentences() / maxSentences, worker.residentBytes() / maxResidentBytes)
    if (used >= SPARE_FROM && spare === null) spare = start()
    if (used < 1) return
    log.debug({ engine: name, enginePid: worker.pid, sentences: worker.sentences() }, 'renewing the engine')
    retire(worker)
    use()
  }

  /** Lets an aborted run end by itself, or ends the process. The place at the gate is kept until then. */
  async function clearAfterAbort(worker: SpeakerProcess): Promise<void> {
    const ended = worker.cancel().then(() => true)
    if (await within(ended, ABORT_GRACE_MS, () => false)) return
    retire(worker)
    if (!stopping.signal.aborted) use()
  }

  function tooSlow(worker: SpeakerProcess, ms: number): QuantvoxError {
    retire(worker)
    use()
    return new QuantvoxError('engine_timeout', `${name} did not answer within ${ms} ms.`, {
      meaning:
        'It hung, or this machine had no time left for it; this sentence is not spoken, the next one will be.',
      mend: 'Try again; if it happens again, choose VOICE=browser, or stop what else keeps this machine busy.',
    })
  }

  async function untilReady(worker: SpeakerProcess, signal: AbortSignal): Promise<void> {
    await within(untilAborted(worker.ready, signal), startTimeoutMs, () => {
      throw tooSlow(worker, startTimeoutMs)
    })
  }

  async function* run(text: string, voice: string, signal: AbortSignal): AsyncGenerator<Spoken> {
    stopping.signal.throwIfAborted()
    const place = await gate.enter('', signal)
    let cleared = Promise.resolve()
    try {
      // A stop that came while it waited.
      stopping.signal.throwIfAborted()
      const worker = use()
      const asked = AbortSignal.any([signal, stopping.signal])
      await untilReady(worker, asked)
      const limit = AbortSignal.timeout(timeoutMs)
      const ending = AbortSignal.any([asked, limit])
      const stretches = worker.speak(text, voice).getReader()
      try {
        for (;;) {
          const { done, value } = await untilAborted(stretches.read(), ending)
          if (done) break
          yield value
        }
        lastError = null
        renewIfOld(worker)
      } catch (error) {
        if (asked.aborted) cleared = clearAfterAbort(worker)
        else if (error === limit.reason) throw tooSlow(worker, timeoutMs)
        throw error
      }
    } finally {
      void cleared.then(place.leave)
    }
  }

  return {
    /**
     * Speaks one sentence, one at a time in the order asked, and does not wait for whoever hears it: the next one has to be spoken, too.
     * @throws `engine_failed`, `engine_timeout`, `engine_unavailable`, or the signal's reason at once
     */
    speak: (text: string, voice: string, signal: AbortSignal): AsyncGenerator<Spoken> =>
      hold(run(text, voice, signal)).read(),
    /** Starts the process if it does not run, and waits until it is warm. */
    async warm(signal: AbortSignal): Promise<void> {
      await untilReady(use(), signal)
    },
    status: (): EngineStatus => ({ name, state, lastError, pid: active?.pid ?? null }),
    async stop(): Promise<void> {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      state = 'stopped'
      for (const worker of workers) worker.kill()
      await Promise.all([...workers].map(worker => worker.exited))
    },
  }
}
