import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isLoopback } from '../../config.ts'
import { QuantvoxError } from '../../errors.ts'
import { sendNotOurName, wantsPage } from './notOurName.ts'

type GuardOptions = { publicUrl: string; allowedOrigins: string[] }

/**
 * Refuses requests that a foreign page made a browser send: by a name of ours that is none (DNS rebinding) or from
 * another origin. Programs send no `Origin` and pass; one with the right key calls us what it likes, as no page has the key.
 */
const guard: FastifyPluginAsync<GuardOptions> = async (app, { publicUrl, allowedOrigins }) => {
  const origins = new Set([
    new URL(publicUrl).origin,
    ...allowedOrigins.map(origin => new URL(origin).origin),
  ])
  const hosts = new Set([...origins].map(origin => new URL(origin).host))

  app.addHook('onRequest', async (request, reply) => {
    // Of two, we and a proxy before us may each believe another one. HTTP/1.0 has none.
    const { rawHeaders, httpVersion } = request.raw
    const named = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
    if (named > 1 || (named === 0 && httpVersion === '1.1')) {
      throw new QuantvoxError('invalid_request', `The request has ${named} "Host" headers.`, {
        mend: 'Send exactly one.',
      })
    }
    const host = request.headers.host?.toLowerCase() ?? ''
    const { origin } = request.headers
    if (
      !hosts.has(host) &&
      !isLoopback(hostName(host)) &&
      !(origin === undefined && (await hasKey(request)))
    ) {
      if (wantsPage(request)) return sendNotOurName(reply, request.protocol, host)
      throw new QuantvoxError('forbidden_origin', `This server is not called "${host}".`, {
        mend: 'Set PUBLIC_URL to the address that browsers use, or add its origin to ALLOWED_ORIGINS; programs may send the AUTH_TOKEN.',
      })
    }
    if (origin !== undefined && !origins.has(origin) && !isLoopback(hostOfOrigin(origin))) {
      throw new QuantvoxError('forbidden_origin', `Pages of ${origin} may not use this server.`, {
        mend: 'Add the origin to ALLOWED_ORIGINS if it is yours.',
      })
    }
  })
}

export default fp(guard, { name: 'guard', fastify: '5.x', dependencies: ['keys'] })

/** Wrong ones are slowed down here, too: what is told to whom must not be a faster way to guess. */
async function hasKey(request: FastifyRequest): Promise<boolean> {
  const { keys } = request.server
  if (!keys?.given(request)) return false
  return keys.opens(request) || (await keys.refuse(request))
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '')
}

function hostOfOrigin(origin: string): string {
  return URL.parse(origin)?.hostname ?? ''
}
