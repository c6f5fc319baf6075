import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { QuantvoxError } from '../../../errors.ts'
import type { SessionDependencies } from '../../../session/session.ts'
import { keyOf } from '../../access/keys.ts'
import type { Open } from '../../socket/route.ts'
import openAiErrors, { openAiErrorAnswers } from '../errors.ts'
import { modelAsked } from '../names.ts'
import { clientSecretRoutes } from './clientSecretRoutes.ts'
import type { Defaults } from './configuration.ts'
import { serveRealtime } from './connection.ts'
import { type ClientSecrets, isClientSecret, type Opening } from './secrets.ts'

/** LiveKit asks for the second where its base address has no `/v1`. */
export const REALTIME_PATHS = ['/v1/realtime', '/realtime']
export const SUBPROTOCOL = 'realtime'

export type RealtimeRouteOptions = {
  session: SessionDependencies
  defaults: Defaults
  secrets: ClientSecrets
  /** Filled with what is open. */
  open: Set<Open>
  maxSessions: number
}

/** `GET /v1/realtime`: OpenAI's Realtime API over WebSocket, and what belongs to it. */
export function realtimeRoutes(options: RealtimeRouteOptions): FastifyPluginAsync {
  const { session, defaults, secrets, open, maxSessions } = options
  return async app => {
    await app.register(openAiErrors)
    await app.register(clientSecretRoutes(secrets, defaults))
    for (const url of REALTIME_PATHS) {
      app.route({
        method: 'GET',
        url,
        config: { isRealtime: true },
        schema: {
          tags: ['OpenAI'],
          summary: 'OpenAI Realtime: a WebSocket, events as JSON in text frames',
          description: 'docs/protocol.md says which parts of Realtime are not there.',
          response: openAiErrorAnswers(426),
        },
        onRequest: async request => {
          if (!request.ws) return
          refuseBeta(request)
          openingOf(request, secrets)
          if (open.size < maxSessions) return
          throw new QuantvoxError('at_capacity', `${maxSessions} sessions are open already.`, {
            mend: 'Try again in a moment, or raise MAX_SESSIONS.',
            retryAfterSeconds: 5,
          })
        },
        handler: async (_request, reply) => {
          const message =
            'This address is a WebSocket; over WebRTC nothing is served: use transport "websocket".'
          const error = { message, type: 'invalid_request_error', param: null, code: 'upgrade_required' }
          return await reply.code(426).header('upgrade', 'websocket').send({ error })
        },
        wsHandler: (socket, request) => {
          const { searchParams } = new URL(request.url, 'http://localhost')
          const opening = openingOf(request, secrets)
          const intent = searchParams.get('intent')
          const model = searchParams.get('model') ?? opening?.update.model
          const connection = serveRealtime(
            socket,
            {
              ...{ dependencies: session, defaults, log: request.log },
              model: modelAsked(model ?? undefined),
              isTranscription: (intent ?? opening?.update.type) === 'transcription',
              ...{ update: opening?.update ?? null, expiresAt: opening?.expiresAt ?? null },
            },
            () => open.delete(connection),
          )
          open.add(connection)
        },
      })
    }
  }
}

/** What a client secret opens; null for any other key. @throws QuantvoxError `unauthorized` for one that is over */
function openingOf(request: FastifyRequest, secrets: ClientSecrets): Opening | null {
  const key = keyOf(request)
  if (!isClientSecret(key)) return null
  const opening = secrets.find(key)
  if (opening !== null) return opening
  throw new QuantvoxError('unauthorized', 'The client secret has expired, or is none of this server.', {
    mend: 'Ask for another at POST /v1/realtime/client_secrets.',
  })
}

/** Its events have other names: a client that asks for it would wait for them for ever. */
function refuseBeta({ headers }: FastifyRequest): void {
  const protocols = headers['sec-websocket-protocol'] ?? ''
  const beta = headers['openai-beta'] ?? ''
  if (!/openai-beta\.realtime-v1/.test(protocols) && !/realtime=v1/.test(String(beta))) return
  throw new QuantvoxError('invalid_request', 'The beta of the Realtime API is not spoken here.', {
    mend: 'Use a client of the generally available API, which sends no "openai-beta".',
  })
}

/** A client that offers `realtime` gets it, and never its key back; others get what they offer first. */
export function chosenSubprotocol(offered: Set<string>): string | false {
  if (offered.has(SUBPROTOCOL)) return SUBPROTOCOL
  const [first = ''] = offered
  return /^openai-/.test(first) ? false : first || false
}
