import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Needs no token: health checks and what a page needs before it can ask for the token. */
    public?: boolean
    /** A ticket opens it in the token's place: the route is a socket. */
    takesTicket?: boolean
  }
}

type AuthOptions = {
  /** True once for a ticket that was given out; sockets of browsers cannot send the header. */
  redeemTicket(ticket: string): Promise<boolean>
}

/** With a token set, every route but the public ones needs `Authorization: Bearer` or, for a socket, a ticket. */
const auth: FastifyPluginAsync<AuthOptions> = async (app, { redeemTicket }) => {
  const { keys } = app
  if (keys === null) return

  app.addHook('onRequest', async request => {
    if (
      request.routeOptions.config.public ||
      /^\/(docs(\/|$)|openapi\.json$)/.test(request.routeOptions.url ?? '')
    )
      return
    if (keys.opens(request)) return
    const ticket = request.routeOptions.config.takesTicket ? ticketOf(request) : null
    if (ticket !== null && (await redeemTicket(ticket))) return
    await keys.refuse(request, ticket !== null)
  })
}

export default fp(auth, { name: 'auth', fastify: '5.x', dependencies: ['guard', 'keys'] })

function ticketOf(request: FastifyRequest): string | null {
  return new URL(request.url, 'http://localhost').searchParams.get('ticket')
}
