import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { within } from './abort.ts'
import { buildApp, type Dependencies } from './app.ts'
import { type Assembly, assemble } from './assembly/assemble.ts'
import { engineFiguresOf } from './assembly/engineFigures.ts'
import {
  infoOf,
  LOOP_DELAY_RESOLUTION_MS,
  languageModelsOf,
  loadedModelsOf,
  removeLanguageModelOf,
  removeSpeechModelOf,
  speechModelsOf,
} from './assembly/inventory.ts'
import { labOf } from './assembly/lab.ts'
import type { Provision, Report } from './assembly/provision.ts'
import { replicaOf } from './assembly/record/openRecord.ts'
import { openReplies } from './assembly/record/openReplies.ts'
import { keepFor } from './assembly/record/retention.ts'
import { pullSharing } from './assembly/record/sharedPulls.ts'
import { startTracing } from './assembly/tracing.ts'
import { createWarmUp, type WarmUp } from './assembly/warmUp.ts'
import { wyomingOf } from './assembly/wyoming.ts'
import type { Config } from './config.ts'
import { createPassSigner } from './doors/access/passSigner.ts'
import { createTickets } from './doors/access/tickets.ts'
import { createClientSecrets } from './doors/openai/realtime/secrets.ts'
import { quantvoxAt } from './doors/otherServer.ts'
import { createPulls } from './engines/pulls.ts'
import { QuantvoxError } from './errors.ts'
import { openComparisons, shareComparisons, unshared } from './lab/index.ts'
import type { Readiness } from './protocol/info.ts'
import { provisionFrom } from './setup/provision.ts'
import { remoteVoiceNames } from './voice/remote/remoteVoices.ts'
import { listVoices } from './voice/voices.ts'

/** Sessions end by themselves after STOP_SECONDS; engines stay that much longer, so that no turn fails for it. */
const SESSIONS_END_WITHIN_MS = 1_000
/** A stop gives each of the others so long: together less than the 15 s that docs/operations.md tells systemd. */
const COMPARISON_ENDS_WITHIN_MS = 3_000
const ENGINES_END_WITHIN_MS = 8_000
const CONNECTIONS_END_WITHIN_MS = 1_000
const RECORD_SETTLES_WITHIN_MS = 500

type RunningServer = {
  url: string
  /** Settles when engines and default models are there and warm; rejects with what is missing. */
  ready: Promise<void>
  /** The same of what a typed question takes: all but speech. */
  readyForText: Promise<void>
  /** Takes no more turns, lets the running ones end for STOP_SECONDS, stops the engines. */
  stop(): Promise<void>
}

export type StartOptions = {
  log: Logger
  /** Progress of what is fetched or built at first. */
  report: Report
  provision?: Provision
  /** Folder of the built page; without it `/` leads to the documentation of the routes. */
  page?: string
}

/** Starts the whole server: listens first, so that health and progress can be seen, and gets ready meanwhile. */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const { log, report, provision = provisionFrom(config.CACHE_DIR, config.WAKE_DIR) } = options
  const assembly = await assemble(config, provision, report, packageJson.version, log)
  const stopTracing = await startTracing(config, assembly.stages, log)
  const warmUp = createWarmUp(config, assembly, provision, report, log)
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS })
  const shared = pullSharing(config, assembly, log)
  const languagePulls = shared(
    'language',
    createPulls(async (name, tell, signal) =>
      provision.languageModel(name, await assembly.ollama.url(), (_item, progress) => tell(progress), signal),
    ),
  )
  const speechPulls = shared(
    'speech',
    createPulls(async (name, tell, signal) => {
      await provision.speechLevel(name, (_item, progress) => tell(progress), signal)
    }),
  )
  const wakePulls = shared(
    'wake',
    createPulls((name, tell, signal) =>
      provision.wakeWord(name, (_item, progress) => tell(progress), signal),
    ),
  )
  const stopped = new AbortController()
  const replies = await openReplies(config, log)
  const closeRecord = () => {
    process.off('exit', closeRecord)
    assembly.stages.store.close()
    replies.close()
  }
  // Also where the process ends in the middle of a stop, or by an error.
  process.once('exit', closeRecord)
  const own = await openComparisons(labOf(config, assembly, provision, replies, log))
  if (config.ROLE === 'voice') own.create = () => Promise.reject(notHere())
  const { work } = assembly
  const replicaId = replicaOf(config) ?? ''
  const comparisons = work === null ? unshared(own) : shareComparisons(own, work, replicaId, log)
  const served: Dependencies = {
    stages: assembly.stages,
    replies,
    live: {
      activity: assembly.activity,
      detector: assembly.detector,
      wakeWords: assembly.wakeWords,
      loadedModels: signal => loadedModelsOf(assembly, signal),
    },
    comparisons,
    ...passesOf(config, assembly, log),
    readiness: async () => readinessOf(assembly, warmUp),
    info: async () => infoOf(config, assembly, loopDelay, await replies.sharing()),
    engines: () => engineFiguresOf(config, assembly),
    languageModels: signal => languageModelsOf(assembly, provision, signal),
    speechModels: () => speechModelsOf(config, assembly, provision),
    voices: async signal =>
      listVoices(
        config.SYNTHESIS_URL === null ? [] : await remoteVoiceNames(config.SYNTHESIS_URL, signal),
        await provision.slowVoices(),
      ),
    languagePulls,
    speechPulls,
    removeLanguageModel: (name, signal) => removeLanguageModelOf(assembly, provision, name, signal),
    removeSpeechModel: name => removeSpeechModelOf(assembly, provision, name),
    wakePulls,
    wakeWords: provision.wakeWords,
    checkWakeLicence: provision.checkWakeLicence,
    ...(options.page === undefined ? {} : { page: options.page }),
  }
  const app = await buildApp(config, served, { loggerInstance: log, ...tlsOf(config) })
  const wyoming = wyomingOf(config, served, log)
  const stop = async () => {
    stopped.abort()
    languagePulls.stop()
    speechPulls.stop()
    wakePulls.stop()
    assembly.stopFetching()
    const measured = comparisons.stop()
    const closed = Promise.all([app.close(), wyoming.close()])
    await soon(closed, 'requests', config.STOP_SECONDS * 1000 + SESSIONS_END_WITHIN_MS)
    await soon(measured, 'the comparison', COMPARISON_ENDS_WITHIN_MS)
    // Turns that still run fail now, and their rows are written.
    await soon(assembly.stopEngines(), 'engines', ENGINES_END_WITHIN_MS)
    app.hangUp()
    wyoming.hangUp()
    await soon(closed, 'connections', CONNECTIONS_END_WITHIN_MS)
    await soon(assembly.recordSettled(), 'the record', RECORD_SETTLES_WITHIN_MS)
    closeRecord()
    await soon(stopTracing(), 'traces', CONNECTIONS_END_WITHIN_MS)
  }
  /** Nothing that hangs or fails keeps the rest of a stop from its turn. */
  const soon = (ended: Promise<unknown>, what: string, ms: number) =>
    within(
      ended.catch((error: unknown) => log.error({ err: error }, `${what} did not end well`)),
      ms,
      () => log.warn({ ms }, `a stop does not wait any longer for ${what}`),
    )

  try {
    await app.listen({ host: config.HOST, port: config.PORT }).catch(cannotListen(config, 'PORT'))
    await wyoming.listen().catch(cannotListen(config, 'WYOMING_PORT'))
  } catch (error) {
    await stop()
    throw error
  }
  keepFor(config.RETENTION_DAYS, assembly.stages.store, replies.forgetBefore, stopped.signal, log)
  void assembly.mcp.connect()
  const { ready, readyForText } = warmUp.run(stopped.signal)
  // Building and loading are no part of what the figure is for.
  void ready.catch(() => {}).then(() => loopDelay.enable())
  const address = app.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.PORT
  const url = config.PORT === 0 ? config.PUBLIC_URL.replace(/:0$/, `:${port}`) : config.PUBLIC_URL
  return { url, ready, readyForText, stop }
}

function notHere(): QuantvoxError {
  return new QuantvoxError(
    'invalid_state',
    'This server has the role voice: its models run on other machines.',
    {
      meaning: 'Levels can only be compared on one machine that does nothing else meanwhile.',
      mend: 'Start the comparison on a server with ROLE=lab.',
    },
  )
}

/** What opens sockets in the token's place: with a shared record, of all servers that share the token, too. */
function passesOf({ AUTH_TOKEN }: Config, { passes }: Assembly, log: Logger) {
  // Of a server alone they end with its process, which has forgotten what was used.
  const given = { signer: createPassSigner(passes === null ? null : AUTH_TOKEN), passes, log }
  return { tickets: createTickets(given), clientSecrets: createClientSecrets(given) }
}

function tlsOf(config: Config): { https?: { cert: Buffer; key: Buffer } } {
  if (config.TLS_CERT === null || config.TLS_KEY === null) return {}
  try {
    return { https: { cert: readFileSync(config.TLS_CERT), key: readFileSync(config.TLS_KEY) } }
  } catch (error) {
    throw new QuantvoxError(
      'invalid_request',
      `The TLS files cannot be read (${(error as Error).message}).`,
      {
        mend: 'Check TLS_CERT and TLS_KEY.',
        cause: error,
      },
    )
  }
}

/** Words what the system says of a port that cannot be had. */
const cannotListen =
  (config: Config, setting: 'PORT' | 'WYOMING_PORT') =>
  async (error: unknown): Promise<never> => {
    const code = (error as NodeJS.ErrnoException).code
    const port = config[setting] ?? 0
    if (code === 'EADDRINUSE') {
      const running = setting === 'PORT' ? await quantvoxAt(config.HOST, port) : null
      if (running !== null) {
        throw new QuantvoxError('engine_unavailable', `Quantvox runs already at ${running}.`, {
          mend: `Open it, stop it first, or start another one: PORT=${port + 1} DATA_DIR=./data-2 npm start`,
          cause: error,
        })
      }
      throw new QuantvoxError(
        'engine_unavailable',
        `Port ${port} on ${config.HOST} is taken by another program.`,
        { mend: `Stop it, or choose another port: ${setting}=${port + 1} npm start`, cause: error },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      throw new QuantvoxError('invalid_request', `Cannot listen on ${config.HOST}:${port} (${code}).`, {
        mend: `Set HOST to an address of this machine and ${setting} above 1023.`,
        cause: error,
      })
    }
    throw error
  }

function readinessOf(assembly: Assembly, warmUp: WarmUp): Readiness {
  const notReady = [...warmUp.missing()]
  const engines = { ollama: assembly.ollama.ready(), 'whisper-server': assembly.speechEngines.ready() }
  for (const [what, { ready, detail }] of Object.entries(engines)) {
    if (!ready && !notReady.some(missing => missing.what === what)) {
      notReady.push({ what, why: detail ?? 'It does not answer.' })
    }
  }
  return { ready: notReady.length === 0, notReady }
}
