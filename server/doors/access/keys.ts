import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { QuantvoxError } from '../../errors.ts'
import { createWrongTokens } from './wrongTokens.ts'

/** What opens the server: AUTH_TOKEN, which clients of OpenAI call their key. */
type Keys = {
  /** The request carries the right one; never true where none is set. */
  opens(request: FastifyRequest): boolean
  /** Throws `unauthorized`; where a wrong one came, later and later. `ticket`: a wrong ticket did. */
  refuse(request: FastifyRequest, ticket?: boolean): Promise<never>
  /** One came, right or wrong. */
  given(request: FastifyRequest): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Null where no token is set: then everybody who may come is let in. */
    keys: Keys | null
  }
  interface FastifyContextConfig {
    /**
     * A browser cannot send headers with a socket: the key may come as the subprotocol `openai-insecure-api-key.<KEY>`. A client
     * secret opens it, too.
     */
    isRealtime?: boolean
  }
}

type KeysOptions = {
  token: string | null
  secrets: {
    /** Before `find`: one that another server made is known here, too. */
    recall(key: string): Promise<void>
    /** Null for a key that is no client secret that is good now. */
    find(key: string): unknown
  }
}

const keys: FastifyPluginAsync<KeysOptions> = async (app, { token, secrets }) => {
  app.addHook('onRequest', async request => {
    const key = request.routeOptions.config.isRealtime ? keyOf(request) : undefined
    if (key !== undefined) await secrets.recall(key)
  })
  if (token === null) {
    app.decorate('keys', null)
    return
  }
  const wanted = digest(token)
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())
  const wrongTokens = createWrongTokens(stopping.signal)

  app.decorate('keys', {
    given: request => keyOf(request) !== undefined,
    opens(request) {
      const given = keyOf(request)
      if (given === undefined) return false
      if (request.routeOptions.config.isRealtime && secrets.find(given) !== null) return true
      return timingSafeEqual(digest(given), wanted)
    },
    async refuse(request, ticket = false) {
      const given = keyOf(request) !== undefined
      if (given || ticket) {
        const wrong = await wrongTokens.slowDown(request.ip)
        request.log.warn({ address: request.ip, wrong }, 'a wrong token or ticket')
      }
      throw new QuantvoxError('unauthorized', given ? 'The token is wrong.' : 'This server needs a token.', {
        mend: 'Send "Authorization: Bearer <AUTH_TOKEN>".',
      })
    },
  })
}

export default fp(keys, { name: 'keys', fastify: '5.x' })

/** Never logged nor sent back. */
export function keyOf(request: FastifyRequest): string | undefined {
  const { headers, routeOptions } = request
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined || !routeOptions.config.isRealtime) return bearer
  return /(?:^|,)\s*openai-insecure-api-key\.([^\s,]+)/.exec(headers['sec-websocket-protocol'] ?? '')?.[1]
}

/** Equal lengths for the constant-time comparison. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
