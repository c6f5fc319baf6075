import Type from 'typebox'
import { Compile } from 'typebox/schema'
import { untilAborted } from '../../abort.ts'
import { authorizationFor } from '../../credentials.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { viaProxy } from '../../proxies.ts'
import { responseText } from '../../responseText.ts'
import { processIdentity } from '../processIdentity.ts'
import type { EngineStatus } from '../status.ts'
import { type Supervised, supervise } from '../supervise.ts'
import { createRunnerMemory, runnerPids } from './runnerMemory.ts'

type OllamaDeps = {
  /** Base URL where a running Ollama is looked for. */
  host: string
  /** The user named `host`: then none is started here. */
  hostSetByHand: boolean
  /** Asked only when one has to be started; may fetch or build it. */
  program(): Promise<{ path: string; version: string }>
  modelsDir: string
  /** Of ours; a free one where it is left out. */
  port?: number | undefined
  /** Further variables for our own `ollama serve`. */
  env?: Record<string, string>
  /** Called when ours is started again after a crash. */
  onRestart?: () => void
  log: Log
}

export type OllamaEngine = ReturnType<typeof createOllama>

const VersionAnswer = Compile(Type.Object({ version: Type.String() }))
const PROBE_TIMEOUT_MS = 1500
const MAX_VERSION_BYTES = 4096
/** What a request comes to whose engine ends; others say what is wrong themselves. */
const brokenOff: ReadonlySet<string> = new Set(['engine_unavailable', 'engine_failed'])
/** How long an answer of somebody else's Ollama is believed. */
const BELIEVED_FOR_MS = 10_000

/** The version that an Ollama at `url` reports; null when nothing answers or what answers is no Ollama. */
export async function probeOllama(url: string, signal: AbortSignal): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/api/version`, { headers: authorizationFor(url), signal })
    const body: unknown = JSON.parse(await responseText(answer, MAX_VERSION_BYTES))
    return answer.ok && VersionAnswer.Check(body) ? body.version : null
  } catch {
    return null
  }
}

/**
 * The Ollama to use: one that answers at `host`; else, unless `host` was named by hand, an `ollama serve` of our own,
 * supervised, on a free loopback port. Nothing is started before the first `url()`.
 */
export function createOllama(deps: OllamaDeps) {
  const { host } = deps
  const { hostname } = new URL(host)
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  const stopping = new AbortController()
  const runnerMemory = createRunnerMemory()
  let foreign: { version: string } | null = null
  let own: { engine: Supervised; version: string } | null = null
  let looking: Promise<void> | null = null
  let lookedAt = Number.NEGATIVE_INFINITY
  let lastError: string | null = null

  function start(program: { path: string; version: string }): Supervised {
    return supervise(
      {
        name: 'ollama',
        port: deps.port,
        program: port => ({
          path: program.path,
          args: ['serve'],
          env: {
            ...deps.env,
            OLLAMA_HOST: `127.0.0.1:${port}`,
            OLLAMA_MODELS: deps.modelsDir,
          },
        }),
        healthy: async (url, signal) => (await probeOllama(url, signal)) !== null,
        onRestart: deps.onRestart,
        graceMs: 5000,
      },
      deps.log,
    )
  }

  async function look(): Promise<void> {
    const limit = AbortSignal.any([stopping.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])
    const version = await probeOllama(host, limit)
    if (version !== null) {
      if (foreign === null) deps.log.info({ engine: 'ollama', url: host, version }, 'using a running Ollama')
      foreign = { version }
      lastError = null
      return
    }
    foreign = null
    if (deps.hostSetByHand) {
      lastError = `Nothing that is Ollama answers at ${host}${viaProxy(host)}.`
      throw new QuantvoxError('engine_unavailable', lastError, {
        meaning: 'No question can be answered until it does.',
        mend: 'Start it there, or unset OLLAMA_HOST so that Quantvox runs its own.',
        retryAfterSeconds: 2,
      })
    }
    const program = await deps.program()
    stopping.signal.throwIfAborted()
    own = { engine: start(program), version: program.version }
  }

  const isOld = () => performance.now() - lookedAt > BELIEVED_FOR_MS

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null
      lookedAt = performance.now()
    })
    return looking
  }

  async function url(signal: AbortSignal = stopping.signal): Promise<string> {
    signal.throwIfAborted()
    if (own === null && (foreign === null || isOld())) await untilAborted(lookOnce(), signal)
    if (own !== null) {
      const pid = own.engine.running()?.pid
      // Killed a moment ago: its exit may not have been reported yet.
      if (pid !== undefined && (await processIdentity(pid)) === null) await own.engine.check()
      return (await own.engine.ready(signal)).baseUrl
    }
    return host
  }

  const knownVersion = () => own?.version ?? foreign?.version ?? null

  function status(): EngineStatus {
    if (own !== null) return own.engine.status()
    const state = foreign !== null ? 'ready' : lastError === null ? 'starting' : 'failed'
    return { name: 'ollama', state, lastError, pid: null }
  }

  return {
    /** Base URL of ours while it runs, without a look whether it still does; null else. */
    known: (): string | null => own?.engine.running()?.baseUrl ?? null,
    /** Base URL of an Ollama that answers; ours is started and waited for. @throws `engine_unavailable` */
    url,
    /** True while the one in use is ours. */
    owned: (): boolean => own !== null,
    async version(): Promise<string | null> {
      if (knownVersion() === null) await url().catch(() => null)
      return knownVersion()
    },
    /** For `/readyz`; waits for nothing: what it finds out is told the next time. */
    ready(): { ready: boolean; detail: string | null } {
      // One that is not ours tells nobody that it ended or came back. `lastError` keeps why it could not be found.
      const isOthers = own === null && (foreign !== null || deps.hostSetByHand)
      if (isOthers && isOld() && !stopping.signal.aborted) lookOnce().catch(() => {})
      const { state, lastError: why } = status()
      if (state === 'ready') return { ready: true, detail: null }
      return { ready: false, detail: `ollama: ${state}. ${why ?? ''}`.trim() }
    },
    status,
    /** SIMD features that ours says it uses, from its first model on; null for another's. */
    cpuFeatures: (): string[] | null => own?.engine.cpuFeatures() ?? null,
    /**
     * Memory of the runners in bytes, of one model by its weights' digest or of all; null where it can't be told
     * (Ollama on another machine, or of another user).
     */
    async runnerMemory(weightsDigest?: string): Promise<number | null> {
      if (own !== null) {
        const running = own.engine.running()
        return running === null ? null : runnerMemory(running.pid, weightsDigest)
      }
      return isHere ? runnerMemory(null, weightsDigest) : null
    },
    /** Its processes that can be seen from here: the server where it is ours, and the runners. */
    async processes(): Promise<number[]> {
      const serverPid = own?.engine.running()?.pid ?? null
      if (own !== null) return serverPid === null ? [] : [serverPid, ...(await runnerPids(serverPid))]
      return isHere ? runnerPids(null) : []
    },
    /**
     * What became of the Ollama at `baseUrl`, where a request has just failed: how ours, or a runner of it, ended; `error`
     * itself where that is not known. One that could not be reached is looked for again at the next `url()`.
     */
    async explain(error: QuantvoxError, baseUrl: string): Promise<QuantvoxError> {
      if (error.code === 'engine_unavailable') foreign = null
      return brokenOff.has(error.code) && own !== null ? own.engine.explain(error, baseUrl) : error
    },
    async stop(): Promise<void> {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      await looking?.catch(() => undefined)
      await own?.engine.stop()
    },
  }
}
