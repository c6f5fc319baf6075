import type { IncomingMessage } from 'node:http'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { QuantvoxError } from '../../errors.ts'
import { socketLimits } from '../../protocol/socketLimits.ts'
import type { SessionDependencies } from '../../session/session.ts'
import { belowPath } from '../publicPath.ts'
import { problems } from '../rest/answers.ts'
import { type Connection, serveConnection } from './connection.ts'

const PATH = '/v1/voice'

/** What Node hands over as an upgrade; one to any other address than these and ours is answered as if it had not asked for it. */
export const upgradesTo =
  (others: readonly string[], publicPath: string) =>
  ({ url = '/', headers }: IncomingMessage): boolean => {
    const path = belowPath(url, publicPath).split('?')[0] ?? ''
    return (path === PATH || others.includes(path)) && headers.upgrade?.toLowerCase() === 'websocket'
  }

/** What the sockets of every door have in common. */
export type Open = Pick<Connection, 'end' | 'finish'>

type VoiceOptions = {
  session: SessionDependencies
  /** Filled with what is open. */
  open: Set<Open>
  maxSessions: number
  /** The subprotocol of those that a client offers; false for none. */
  subprotocol(offered: Set<string>): string | false
  /** How long a stop lets turns go on. */
  stopMs: number
}

/**
 * `GET /v1/voice`, the live session. The `handler` of the route answers plain requests, `wsHandler` serves sockets; with both,
 * OpenAPI lists the route.
 */
export const voiceRoute = fp(
  async (app: FastifyInstance, { session, open, maxSessions, stopMs, subprotocol }: VoiceOptions) => {
    await app.register(websocket, {
      // Messages past the limit are answered with an error first, so the parser's own limit is higher.
      options: {
        maxPayload: 4 * socketLimits.maxMessageBytes,
        perMessageDeflate: false,
        handleProtocols: subprotocol,
      },
      // `ws` has closed the socket with the right code already.
      errorHandler: (error, _socket, request) => request.log.info({ err: error }, 'a socket failed'),
      preClose: async () => {
        const error = new QuantvoxError('shutting_down', 'The server is shutting down.')
        const over = AbortSignal.timeout(stopMs)
        await Promise.all([...open].map(connection => connection.finish(error, over)))
        app.websocketServer.close()
      },
    })

    app.route({
      method: 'GET',
      url: PATH,
      config: { takesTicket: true },
      schema: {
        tags: ['Live'],
        summary: 'The live session: a WebSocket, audio in, audio out',
        description:
          'JSON text frames for control, binary frames for audio; docs/protocol.md has the messages.',
        response: problems(426, 503),
      },
      // Also where it is no socket: a page that may not know why a socket was refused asks again without one.
      onRequest: async () => {
        if (open.size >= maxSessions) {
          throw new QuantvoxError('at_capacity', `${maxSessions} sessions are open already.`, {
            mend: 'Try again in a moment, or raise MAX_SESSIONS.',
            retryAfterSeconds: 5,
          })
        }
      },
      handler: async (_request, reply) =>
        reply.code(426).header('upgrade', 'websocket').type('application/problem+json').send({
          type: 'urn:quantvox:error:invalid_request',
          title: 'invalid request',
          status: 426,
          detail: 'This address is a WebSocket.',
          code: 'invalid_request',
        }),
      wsHandler: (socket, request) => {
        const connection = serveConnection(socket, session, request.log, () => open.delete(connection))
        open.add(connection)
      },
    })
  },
  { name: 'voice', fastify: '5.x' },
)
