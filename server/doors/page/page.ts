import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

/** Everything of the page comes from here, nothing runs that is not a file of it; sockets to here are of 'self'. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const YEAR_SECONDS = 365 * 24 * 3600

/**
 * The built page at `/`, without a token: it asks for it. Names under `assets/` carry a hash of their content and never change.
 * Without a folder, `/` leads to the documentation of the routes.
 */
const page: FastifyPluginAsync<{ folder: string | undefined; path: string }> = async (
  app,
  { folder, path },
) => {
  // The page's own addresses are relative: without the slash they would lead out of the path.
  if (path !== '')
    app.get(path, { config: { public: true }, schema: { hide: true } }, (_request, reply) =>
      reply.redirect(`${path}/`),
    )
  if (folder === undefined) {
    app.get('/', { config: { public: true }, schema: { hide: true } }, (_request, reply) =>
      reply.redirect('/docs'),
    )
    return
  }
  await app.register(async scope => {
    scope.addHook('onRoute', route => {
      route.config = { ...route.config, public: true }
    })
    await scope.register(fastifyStatic, {
      root: folder,
      // Only the files that there are become routes; all else stays not_found.
      wildcard: false,
      globIgnore: ['**/*.gz'],
      preCompressed: true,
      decorateReply: false,
      cacheControl: false,
      setHeaders(reply, path) {
        const isHashed = path.includes('/assets/')
        reply.headers({
          'cache-control': isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
          'content-security-policy': contentSecurityPolicy,
          'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
        })
      },
    })
  })
}

export default fp(page, { name: 'page', fastify: '5.x', dependencies: ['auth'] })
