import { untilAborted, within } from '../abort.ts'
import { QuantvoxError } from '../errors.ts'
import type { Log } from '../log.ts'
import { diedAtWork, type Ending, stalled } from '../processEnding.ts'
import { type Child, type Program, startChild } from './child.ts'
import { freePort } from './ports.ts'
import type { EngineState, EngineStatus } from './status.ts'

export type EngineSpec = {
  /** For the log and for people, for instance `whisper-server whisper-tiny.en-q8_0`. */
  name: string
  program(port: number): Program | Promise<Program>
  /** Where it answers; a free one where it is left out. */
  port?: number | undefined
  /** Put between port and path of every address of this engine; starts with a slash. */
  basePath?: string
  /** True when it can take a request. Also asked now and then while it runs. */
  healthy(baseUrl: string, signal: AbortSignal): Promise<boolean>
  /** A first request that pays what the first request costs, so that no turn does. */
  warm?(baseUrl: string, signal: AbortSignal): Promise<void>
  startTimeoutMs?: number
  graceMs?: number
  firstBackoffMs?: number
  /** Starts in a row that may fail before it is `failed` and waits to be asked for again. */
  maxFailedStarts?: number
  /** Called when it is started again after a crash or a failed start. */
  onRestart?: (() => void) | undefined
  /** How often a running engine is asked whether it is healthy; three misses in a row end it. */
  watchMs?: number
}

/** A running, warmed engine. `loadMs` is from its start to its first health; `warmMs` the first request's cost. */
type Running = { baseUrl: string; pid: number; loadMs: number; warmMs: number }

export type Supervised = ReturnType<typeof supervise>

const MAX_BACKOFF_MS = 10_000

/** Misses of a running engine's health check in a row that end it. */
const MISSES_TO_END = 3

/** How a child ended that was not ready yet, with the last of what it said. */
const atStart = (child: Child, { how, ...cause }: Ending) =>
  new QuantvoxError('engine_failed', [how, ...child.lastLines().slice(-3)].join(' '), cause)

/**
 * Starts one engine on loopback and keeps it running: health check, warm-up, watch, and a restart with
 * exponential back-off after a crash, or as soon as somebody asks for it, until `stop`.
 */
export function supervise(spec: EngineSpec, log: Log) {
  const {
    startTimeoutMs = 60_000,
    graceMs = 3000,
    watchMs = 10_000,
    maxFailedStarts = 3,
    firstBackoffMs = 250,
  } = spec
  const stopping = new AbortController()
  const listeners = new Set<(status: EngineStatus) => void>()
  let state: EngineState = 'starting'
  let lastFailure: Pick<QuantvoxError, 'message' | 'meaning' | 'mend' | 'line'> | null = null
  /** The crash of the last engine that was ready, and where that answered. */
  let crash: { baseUrl: string; ending: Ending } | null = null
  let child: Child | null = null
  let running: Running | null = null
  /** Settles with the next start that went well, or that was the last for now. */
  let nextReady = Promise.withResolvers<Running>()
  let failedStarts = 0
  let recentCrashes = 0
  let retryAt = 0
  let tryAgain: (() => void) | null = null

  const status = (): EngineStatus => ({
    name: spec.name,
    state,
    lastError: lastFailure?.line ?? null,
    pid: child?.pid ?? null,
  })

  function change(to: EngineState): void {
    state = to
    for (const listener of listeners) listener(status())
  }

  function unavailable(): QuantvoxError {
    const { message = '', meaning, mend } = lastFailure ?? {}
    return new QuantvoxError('engine_unavailable', `${spec.name} is not running. ${message}`.trim(), {
      meaning: meaning ?? 'What needs this engine cannot be done now.',
      mend: mend ?? 'Run `npx quantvox doctor`, or look at the server log at LOG_LEVEL=debug.',
      retryAfterSeconds: Math.max(1, Math.ceil((retryAt - performance.now()) / 1000)),
    })
  }

  function settle(act: (waiting: PromiseWithResolvers<Running>) => void): void {
    const waiting = nextReady
    nextReady = Promise.withResolvers()
    waiting.promise.catch(() => {})
    act(waiting)
  }

  /** Until `healthy` or until the child ended; throws one sentence of why not. */
  async function untilHealthy(started: Child, baseUrl: string): Promise<void> {
    const deadline = performance.now() + startTimeoutMs
    for (let pauseMs = 10; started.running(); pauseMs = Math.min(pauseMs * 1.5, 100)) {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(2000)])
      // Another program may have taken the port first: only a child that still runs can be what answered.
      if (await spec.healthy(baseUrl, signal).catch(() => false)) {
        if (started.running()) return
        break
      }
      stopping.signal.throwIfAborted()
      if (performance.now() > deadline) {
        const how = `It was not ready within ${Math.round(startTimeoutMs / 1000)} s.`
        throw atStart(started, { ...stalled(startTimeoutMs), how })
      }
      await within(started.exited, pauseMs, () => {})
    }
    throw atStart(started, await started.exited)
  }

  async function start(): Promise<Running> {
    const port = spec.port ?? (await freePort())
    const program = await spec.program(port)
    stopping.signal.throwIfAborted()
    const startedAt = performance.now()
    const started = startChild(spec.name, program, log)
    child = started
    if (started.pid === null) throw atStart(started, await started.exited)
    const baseUrl = `http://127.0.0.1:${port}${spec.basePath ?? ''}`
    await untilHealthy(started, baseUrl)
    const healthyAt = performance.now()
    const left = AbortSignal.any([stopping.signal, AbortSignal.timeout(startTimeoutMs)])
    await spec.warm?.(baseUrl, left).catch(async (error: unknown) => {
      // One that crashed at its first work has closed the connection, which says less than how it ended.
      const ended = await within(started.exited, 500, () => null)
      throw ended === null ? error : atStart(started, ended)
    })
    const warmedAt = performance.now()
    return { baseUrl, pid: started.pid, loadMs: healthyAt - startedAt, warmMs: warmedAt - healthyAt }
  }

  /** Ends an engine that was waited for in vain, so that the exit is seen like any other crash. */
  function endStalled(baseUrl: string, ms: number): void {
    if (running?.baseUrl !== baseUrl || child === null || stopping.signal.aborted) return
    log.error({ engine: spec.name, enginePid: child.pid }, 'engine does not answer any more: ending it')
    child.kill(stalled(ms))
  }

  function watch(watched: Child, baseUrl: string): NodeJS.Timeout {
    let misses = 0
    let asking = false
    return setInterval(async () => {
      if (asking || !watched.running()) return
      asking = true
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(Math.max(watchMs / 2, 1000))])
      misses = (await spec.healthy(baseUrl, signal).catch(() => false)) ? 0 : misses + 1
      asking = false
      if (misses >= MISSES_TO_END) endStalled(baseUrl, MISSES_TO_END * watchMs)
    }, watchMs).unref()
  }

  /** Returns when the engine has to be started again. */
  async function serveUntilCrash(started: Child, now: Running): Promise<void> {
    running = now
    failedStarts = 0
    lastFailure = null
    log.info(
      {
        engine: spec.name,
        enginePid: now.pid,
        baseUrl: now.baseUrl,
        loadMs: Math.round(now.loadMs),
        warmMs: Math.round(now.warmMs),
      },
      'engine ready',
    )
    change('ready')
    settle(waiting => waiting.resolve(now))
    const timer = watch(started, now.baseUrl)
    const readyAt = performance.now()
    const ending = await started.exited
    clearInterval(timer)
    running = null
    if (stopping.signal.aborted) return
    crash = { baseUrl: now.baseUrl, ending }
    recentCrashes = performance.now() - readyAt > 60_000 ? 1 : recentCrashes + 1
    lastFailure = diedAtWork(spec.name, ending)
    log.error(
      { engine: spec.name, enginePid: now.pid, ...ending, lastLines: started.lastLines() },
      'engine crashed',
    )
  }

  async function keepRunning(): Promise<void> {
    for (let starts = 0; !stopping.signal.aborted; starts++) {
      if (starts > 0) spec.onRestart?.()
      try {
        const now = await start()
        if (child !== null) await serveUntilCrash(child, now)
      } catch (error) {
        await child?.stop(graceMs)
        if (stopping.signal.aborted) break
        failedStarts += 1
        lastFailure =
          error instanceof QuantvoxError
            ? error
            : new QuantvoxError('engine_failed', (error as Error).message)
        log.error({ engine: spec.name, err: error, failedStarts }, 'engine did not start')
      }
      if (stopping.signal.aborted) break
      const exponent = Math.max(recentCrashes + failedStarts - 1, 0)
      const backoffMs = Math.min(firstBackoffMs * 2 ** exponent, MAX_BACKOFF_MS)
      retryAt = performance.now() + backoffMs
      const asked = new Promise<void>(resolve => {
        tryAgain = resolve
      })
      if (failedStarts >= maxFailedStarts) {
        change('failed')
        settle(waiting => waiting.reject(unavailable()))
        await asked
        tryAgain = null
        change('restarting')
      } else {
        change('restarting')
        await within(asked, backoffMs, () => {})
        tryAgain = null
      }
    }
  }

  /**
   * Asks a running engine whether it is healthy, and waits a moment for its end to be seen when it is not: a request
   * sees a crash (its connection breaks) earlier than we do (the exit is reported).
   */
  async function check(): Promise<void> {
    const [now, watched] = [running, child]
    if (now === null || watched === null) return
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(1000)])
    if (await spec.healthy(now.baseUrl, signal).catch(() => false)) return
    await within(watched.exited, 500, () => {})
  }

  const kept = keepRunning()

  return {
    status,
    /** The running engine, or null while there is none. */
    running: (): Running | null => running,
    /** What the running engine said of the SIMD features it uses; null before it did. */
    cpuFeatures: (): string[] | null => child?.cpuFeatures() ?? null,
    gpu: (): string | null => child?.gpu() ?? null,
    /**
     * Waits until the engine is ready. Rejects with `engine_unavailable` when it cannot be started, or with the
     * signal's reason. One that crashed is started by this call, a `failed` one once its back-off has passed.
     */
    async ready(signal: AbortSignal): Promise<Running> {
      signal.throwIfAborted()
      if (stopping.signal.aborted) throw unavailable()
      if (running !== null) return running
      if (state === 'failed' && performance.now() < retryAt) throw unavailable()
      const ready = nextReady.promise
      // One that did start and crashed costs whoever asks for it no back-off, or a turn would wait for nothing.
      if (state === 'failed' || failedStarts === 0) tryAgain?.()
      return untilAborted(ready, signal)
    },
    check,
    endStalled,
    /**
     * Why a request to the engine at `baseUrl` failed, asked right after: how the engine ended, or a child of its own did. `error`
     * itself where both live.
     */
    async explain(error: QuantvoxError, baseUrl: string): Promise<QuantvoxError> {
      if (running?.baseUrl === baseUrl) await check()
      if (crash?.baseUrl === baseUrl) return diedAtWork(spec.name, crash.ending)
      const fault = child?.takeFault() ?? null
      return fault === null ? error : diedAtWork(spec.name, fault)
    },
    /** Called after every change of state. Returns what ends it. */
    onChange(listener: (status: EngineStatus) => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop(): Promise<void> {
      if (!stopping.signal.aborted) {
        stopping.abort(new Error(`${spec.name} is being stopped.`))
        tryAgain?.()
        await child?.stop(graceMs)
        await kept
        await child?.stop(graceMs)
        lastFailure ??= new QuantvoxError('engine_unavailable', 'It was stopped.')
        change('stopped')
        settle(waiting => waiting.reject(unavailable()))
      } else await kept
    },
  }
}
