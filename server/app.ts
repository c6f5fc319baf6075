import multipart from '@fastify/multipart'
import { fastifySSE } from '@fastify/sse'
import { Registry } from '@prometheus-io/client'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import type { Config } from './config.ts'
import auth from './doors/access/auth.ts'
import guard from './doors/access/guard.ts'
import keys from './doors/access/keys.ts'
import connections from './doors/connections.ts'
import { chosenSubprotocol, REALTIME_PATHS, realtimeRoutes } from './doors/openai/realtime/route.ts'
import type { ClientSecrets } from './doors/openai/realtime/secrets.ts'
import { openAiRoutes } from './doors/openai/rest/routes.ts'
import page from './doors/page/page.ts'
import { belowPath, pathOf } from './doors/publicPath.ts'
import { conversationRoutes } from './doors/rest/conversations.ts'
import docs from './doors/rest/docs.ts'
import { type HealthDependencies, healthRoutes } from './doors/rest/health.ts'
import metrics from './doors/rest/metrics.ts'
import { type ModelDependencies, modelRoutes } from './doors/rest/models.ts'
import problems, { refuseUnreadable } from './doors/rest/problems.ts'
import { oneShotTurnRoutes } from './doors/rest/turns/oneShotTurns.ts'
import { turnRecordRoutes } from './doors/rest/turns/turnRecords.ts'
import { type Open, upgradesTo, voiceRoute } from './doors/socket/route.ts'
import { createUnrouted } from './doors/unrouted.ts'
import { comparisonRoutes, myVoiceRoutes, type SharedComparisons } from './lab/index.ts'
import type { ReplyAudio } from './record/replyAudio.ts'
import type { SessionDependencies } from './session/session.ts'
import type { Stages } from './session/stages.ts'
import type { EngineFigures } from './telemetry/engineMetrics.ts'
import { createTurnMetrics } from './telemetry/turnMetrics.ts'

export const MAX_JSON_BYTES = 2 ** 20
/** A request that has not arrived whole by then is given up, and with it its place among MAX_SESSIONS. */
const UPLOAD_WITHIN_MS = 120_000

/** All that the app runs on; `main` gives the real ones, tests give scripted ones. */
export type Dependencies = HealthDependencies &
  ModelDependencies & {
    stages: Stages
    replies: ReplyAudio
    clientSecrets: ClientSecrets
    /** For each scrape of `/metrics`. */
    engines(): Promise<EngineFigures[]>
    /** What only live sessions need; without it there are none. */
    live?: Pick<SessionDependencies, 'activity' | 'detector' | 'wakeWords' | 'loadedModels'>
    /** The comparison lab; without it there are no comparisons. */
    comparisons?: SharedComparisons
    /** Folder of the built page. */
    page?: string
  }

/** The whole server without a port: `main` listens, tests and tools `inject`. */
export async function buildApp(
  config: Config,
  dependencies: Dependencies,
  {
    loggerInstance,
    https,
  }: { loggerInstance?: FastifyBaseLogger; https?: { cert: Buffer; key: Buffer } } = {},
): Promise<FastifyInstance> {
  const { stages, replies, tickets, clientSecrets, engines } = dependencies
  const registry = new Registry()
  const observe = createTurnMetrics(registry, [config.LLM_MODEL, stages.settings.speechModel])
  stages.observers.add(
    () =>
      ({ record }) =>
        observe(record),
  )
  const sessions = new Set<Open>()
  // A VOICE that there is not is better known now than with the first answer.
  stages.voice(stages.settings.voice)
  // The guard says what is wrong with a request that names no host.
  const path = pathOf(config.PUBLIC_URL)
  const http = { shouldUpgradeCallback: upgradesTo(REALTIME_PATHS, path), requireHostHeader: false }
  const unrouted = createUnrouted()
  const app: FastifyInstance = Fastify({
    ...(loggerInstance && { loggerInstance }),
    ...(https ? { https: { ...https, ...http } } : { http }),
    genReqId: () => uuidv7(),
    rewriteUrl: ({ url = '/' }) => belowPath(url, path),
    frameworkErrors: unrouted.refuse,
    clientErrorHandler: refuseUnreadable,
    bodyLimit: MAX_JSON_BYTES,
    requestTimeout: UPLOAD_WITHIN_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // It bounds the closing, too, which waits for turns; STOP_SECONDS bounds that.
    pluginTimeout: 0,
    // Turns log how they end; a line for each request would only hide them.
    logController: new LogController({ disableRequestLogging: true }),
  })
  // Only JSON and forms are read; Fastify would also take text/plain, past the schemas of the routes.
  app.removeContentTypeParser('text/plain')
  await app.register(connections)
  await app.register(problems)
  await app.register(unrouted.routes)
  await app.register(keys, { token: config.AUTH_TOKEN, secrets: clientSecrets })
  await app.register(guard, { publicUrl: config.PUBLIC_URL, allowedOrigins: config.ALLOWED_ORIGINS })
  await app.register(auth, { redeemTicket: tickets.redeem })
  await app.register(docs, { version: stages.settings.appVersion, publicUrl: config.PUBLIC_URL })
  const load = () => ({
    openSessions: sessions.size,
    maxSessions: config.MAX_SESSIONS,
    turnsUnderWay: stages.underWay.count(),
    spooledRows: stages.store.status.spool?.rows ?? 0,
  })
  await app.register(metrics, { registry, engines, load })
  await app.register(multipart)
  await app.register(fastifySSE)

  await app.register(healthRoutes({ ...dependencies, role: config.ROLE }))
  if (config.ROLE === 'engines') return app
  await app.register(modelRoutes(dependencies))
  const limits = { maxUploadBytes: config.MAX_UPLOAD_MB * 2 ** 20, maxTurns: config.MAX_SESSIONS }
  await app.register(oneShotTurnRoutes({ stages, replies, ...limits }))
  await app.register(openAiRoutes({ ...dependencies, ...limits, maxJsonBytes: MAX_JSON_BYTES }))
  await app.register(conversationRoutes({ stages, deleteAudio: replies.forget }))
  await app.register(turnRecordRoutes({ store: stages.store, deleteAudio: replies.forget }))
  await app.register(myVoiceRoutes({ ...dependencies, ...limits, dataDir: config.DATA_DIR }))
  if (dependencies.comparisons) await app.register(comparisonRoutes(dependencies.comparisons))
  if (dependencies.live)
    await registerLive(app, config, {
      ...dependencies,
      live: dependencies.live,
      open: sessions,
      clientSecrets,
    })
  await app.register(page, { folder: dependencies.page, path })
  return app
}

type LiveDependencies = Pick<Dependencies, 'stages' | 'replies'> & {
  live: NonNullable<Dependencies['live']>
  open: Set<Open>
  clientSecrets: ClientSecrets
}

/** The doors of live sessions, which share what a session is made of and the places there are for them. */
async function registerLive(
  app: FastifyInstance,
  config: Config,
  { stages, replies, live, open, clientSecrets }: LiveDependencies,
): Promise<void> {
  const { ENDPOINTING: mode, ENDPOINTING_PRESET: preset, SILENCE_MS: silenceMs } = config
  const minSpeechMs = config.BARGE_IN_MS
  const maxSessions = config.MAX_SESSIONS
  const session = {
    ...live,
    ...{ stages, replies, observers: stages.observers },
    defaults: {
      endpointing: { mode, preset, silenceMs },
      minSpeechMs,
      wake: { phrase: config.WAKE_WORD, threshold: config.WAKE_THRESHOLD },
    },
    maxUtteranceMs: config.MAX_UTTERANCE_SECONDS * 1000,
    partialTranscripts: config.PARTIAL_TRANSCRIPTS,
    speculates: config.SPECULATION === 'on',
  }
  await app.register(voiceRoute, {
    ...{ open, maxSessions, subprotocol: chosenSubprotocol },
    stopMs: config.STOP_SECONDS * 1000,
    session: { ...session, source: 'socket', plays: true, leavesReplies: false },
  })
  await app.register(
    realtimeRoutes({
      ...{ open, maxSessions, defaults: { stages, silenceMs, minSpeechMs } },
      secrets: clientSecrets,
      session: {
        ...session,
        ...{ source: 'realtime', plays: false, leavesReplies: true, partialTranscripts: false },
      },
    }),
  )
}
