import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { QuantvoxError } from '../../errors.ts'
import { createWrongTokens } from './wrongTokens.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no token: health checks and what a page needs before it can ask for the token. */
    public?: boolean
    /** A ticket opens it in the token's place: the route is a socket. */
    takesTicket?: boolean
  }
}

type AuthOptions = {
  token: string | null
  /** True once for a ticket that was given out; sockets of browsers cannot send the header. */
  redeemTicket(ticket: string): boolean
}

/** With a token set, every route but the public ones needs `Authorization: Bearer` or, for a socket, a ticket. */
const auth: FastifyPluginAsync<AuthOptions> = async (app, { token, redeemTicket }) => {
  if (token === null) return
  const wanted = digest(token)
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  const wrongTokens = createWrongTokens(stopping.signal)

  app.addHook('onRequest', async request => {
    if (
      request.routeOptions.config.public ||
      /^\/(docs(\/|$)|openapi\.json$)/.test(request.routeOptions.url ?? '')
    )
      return
    const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return
    const ticket = request.routeOptions.config.takesTicket ? ticketOf(request) : null
    if (ticket !== null && redeemTicket(ticket)) return
    if (given !== undefined || ticket !== null) {
      const wrong = await wrongTokens.slowDown(request.ip)
      request.log.warn({ address: request.ip, wrong }, 'a wrong token or ticket')
    }
    throw new QuantvoxError(
      'unauthorized',
      given === undefined ? 'This server needs a token.' : 'The token is wrong.',
      {
        mend: 'Send "Authorization: Bearer <AUTH_TOKEN>".',
      },
    )
  })
}

export default fp(auth, { name: 'auth', fastify: '5.x', dependencies: ['guard'] })

/** Equal lengths for the constant-time comparison. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function ticketOf(request: FastifyRequest): string | null {
  return new URL(request.url, 'http://localhost').searchParams.get('ticket')
}
