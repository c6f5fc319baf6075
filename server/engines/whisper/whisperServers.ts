import { randomUUID } from 'node:crypto'
import { untilAborted } from '../../abort.ts'
import { encodeWav } from '../../audio/encodeWav.ts'
import { authorizationFor } from '../../credentials.ts'
import { isMoonshine, type SpeechEngineLease } from '../../engineLease.ts'
import { QuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createGate, type Gate } from '../gate.ts'
import { residentBytes } from '../memory.ts'
import { moonshineProgram } from '../moonshine/program.ts'
import { type Supervised, supervise } from '../supervise.ts'
import type { LoadedSpeechModel, SpeechEngineName, SpeechEngines, SpeechProgram } from './speechEngines.ts'

type LocalSpeechEnginesDeps = {
  /** Where whisper-server is; may fetch or build it. */
  programs(): Promise<{ serverPath: string; version: string }>
  /** Threads of one decoding by Whisper. */
  threads: number
  /** Models that may be loaded at once. */
  maxLoaded: number
  /** Where the one that is loaded answers, for others, too; else each has a free port and a path that only we know. */
  port?: number | undefined
  /** Called when one is started again after a crash. */
  onRestart?: (engine: SpeechEngineName) => void
  log: Log
}

type Loaded = {
  name: string
  program: SpeechProgram
  engine: Supervised
  gate: Gate
  users: number
  /** Settles when it is known whether the engine outlived the last request. */
  checked: Promise<void>
}

const whisperProgram = (
  { serverPath, version }: { serverPath: string; version: string },
  threads: number,
): SpeechProgram => ({
  name: 'whisper-server',
  version,
  command: (modelPath, { port, basePath }) => ({
    path: serverPath,
    args: [
      ...['--host', '127.0.0.1', '--port', String(port), '--request-path', basePath],
      ...['--threads', String(threads), '--model', modelPath],
    ],
  }),
  warm: warmUp,
})

/** One second of silence, in the window that short questions get: the decoder has next to nothing to say. */
const silence = encodeWav(new Int16Array(16_000))

/** The first request allocates and touches all that later ones use. */
async function warmUp(baseUrl: string, signal: AbortSignal): Promise<void> {
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(silence)], { type: 'audio/wav' }), 'silence.wav')
  form.set('response_format', 'json')
  form.set('temperature', '0')
  form.set('temperature_inc', '0')
  form.set('audio_ctx', '768')
  const answer = await fetch(`${baseUrl}/inference`, { method: 'POST', body: form, signal })
  await answer.text()
  if (!answer.ok) throw new Error(`The warm-up request was answered with status ${answer.status}.`)
}

export async function whisperIsHealthy(baseUrl: string, signal: AbortSignal): Promise<boolean> {
  const answer = await fetch(`${baseUrl}/health`, { headers: authorizationFor(baseUrl), signal })
  await answer.body?.cancel()
  return answer.ok
}

/**
 * One process for each speech level in use, a `whisper-server` or our Moonshine engine, started on demand and warmed. When more than `maxLoaded` are
 * loaded, those not in use are stopped, least recently used first; what is in use is never stopped, so the limit can be
 * passed for the length of a request.
 */
export function createLocalSpeechEngines(deps: LocalSpeechEnginesDeps): SpeechEngines {
  /** By model name and path, least recently used first. */
  const loaded = new Map<string, Loaded>()
  /** Engines being stopped: a stop must not be forgotten when the server ends. */
  const ending = new Set<Promise<void>>()
  let stopped = false
  let programs: ReturnType<typeof deps.programs> | null = null

  /** Found once; looked for again after a failure. */
  function findPrograms(): ReturnType<typeof deps.programs> {
    programs ??= deps.programs().catch(error => {
      programs = null
      throw error
    })
    return programs
  }

  const programFor = async (model: { name: string; path: string }): Promise<SpeechProgram> =>
    isMoonshine(model) ? moonshineProgram : whisperProgram(await findPrograms(), deps.threads)

  function load(model: { name: string; path: string }, program: SpeechProgram): Loaded {
    // whisper-server answers any web page (its CORS header is `*`), and one of its paths loads a file by name: what
    // runs here is under a path that only we know.
    const basePath = deps.port === undefined ? `/${randomUUID()}` : ''
    const engine = supervise(
      {
        name: `${program.name} ${model.name}`,
        ...{ basePath, port: deps.port },
        program: port => program.command(model.path, { port, basePath }),
        healthy: whisperIsHealthy,
        ...(program.warm === undefined ? {} : { warm: program.warm }),
        onRestart: () => deps.onRestart?.(program.name),
      },
      deps.log,
    )
    return { name: model.name, program, engine, gate: createGate(), users: 0, checked: Promise.resolve() }
  }

  function unload(key: string, entry: Loaded, why: string): void {
    loaded.delete(key)
    deps.log.info({ engine: entry.program.name, model: entry.name, why }, 'stopping a speech engine')
    const end = entry.engine.stop().finally(() => ending.delete(end))
    ending.add(end)
  }

  const oldestUnused = () => [...loaded].slice(0, -1).find(([, entry]) => entry.users === 0)

  function trim(): void {
    for (let over = loaded.size - deps.maxLoaded; over > 0; over -= 1) {
      const oldest = oldestUnused()
      if (oldest === undefined) return
      unload(...oldest, 'too many are loaded')
    }
  }

  return {
    async acquire(model, owner, signal): Promise<SpeechEngineLease> {
      const program = await untilAborted(programFor(model), signal)
      if (stopped) throw new QuantvoxError('shutting_down', 'The server is shutting down.')
      const key = `${model.name}\0${model.path}`
      const entry = loaded.get(key) ?? load(model, program)
      // Last in the map is most recently used.
      loaded.delete(key)
      loaded.set(key, entry)
      entry.users += 1
      trim()
      let leave = () => {}
      try {
        const place = await entry.gate.enter(owner, signal)
        leave = place.leave
        await untilAborted(entry.checked, signal)
        const { engine } = entry
        const cold = engine.running() === null
        const waitingSince = performance.now()
        const running = await engine.ready(signal)
        const loadedAt = performance.now()
        let released = false
        return {
          baseUrl: running.baseUrl,
          queueMs: place.waitedMs,
          cold,
          loadMs: cold ? loadedAt - waitingSince : null,
          engine: `${program.name} ${program.version}, local process`,
          host: null,
          async explain(error) {
            if (error.code !== 'engine_timeout') return engine.explain(error, running.baseUrl)
            engine.endStalled(running.baseUrl, performance.now() - loadedAt)
            return error
          },
          release() {
            if (released) return
            released = true
            entry.checked = engine.check()
            place.leave()
            entry.users -= 1
            trim()
          },
        }
      } catch (error) {
        leave()
        entry.users -= 1
        trim()
        throw error
      }
    },
    async loaded() {
      return Promise.all(
        [...loaded.values()].map(async ({ name, engine, program }): Promise<LoadedSpeechModel> => {
          const { pid, state, lastError } = engine.status()
          const { loadMs = null, warmMs = null } = engine.running() ?? {}
          const bytes = pid === null || state === 'stopped' ? null : await residentBytes(pid)
          const [cpuFeatures, gpu] = [engine.cpuFeatures(), engine.gpu()]
          return {
            ...{ name, engine: program.name, pid, residentBytes: bytes },
            ...{ state, lastError, loadMs, warmMs, cpuFeatures, gpu, url: null },
          }
        }),
      )
    },
    ready() {
      const states = [...loaded.values()].map(entry => entry.engine.status())
      const waiting = states.filter(status => status.state !== 'ready')
      const detail = waiting.map(status =>
        `${status.name}: ${status.state}. ${status.lastError ?? ''}`.trim(),
      )
      // One level that is loading, or that somebody asked for in vain, does not make the server unready.
      const ready = waiting.length === 0 || waiting.length < states.length
      return { ready, detail: detail.length === 0 ? null : detail.join(' ') }
    },
    async stop() {
      stopped = true
      for (const [key, entry] of loaded) unload(key, entry, 'the server stops')
      await Promise.all(ending)
    },
  }
}
