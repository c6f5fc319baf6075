import swagger, { type SwaggerTransform } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { OPENAI_TAG, openAiErrorAnswers } from '../openai/errors.ts'
import { problems } from './answers.ts'

/** Swagger UI sets styles on elements and has its icons in its style sheet. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What any route may answer before its own work begins, and where that fails. */
const transform: SwaggerTransform = ({ schema, url, route }) => {
  const takesBody = [route.method].flat().some(method => method !== 'GET' && method !== 'HEAD')
  const statuses = [
    ...[400, 403, 500, 503],
    ...(route.config?.public ? [] : [401, 429]),
    ...(takesBody ? [413, 415] : []),
    ...(url.includes(':') ? [404, 413] : []),
  ]
  const failures = schema?.tags?.includes(OPENAI_TAG) ? openAiErrorAnswers : problems
  return { url, schema: { ...schema, response: { ...failures(...statuses), ...Object(schema?.response) } } }
}

/** OpenAPI 3.1 at `/openapi.json`, made from the routes' own schemas, and Swagger UI at `/docs`. */
const docs: FastifyPluginAsync<{ version: string; publicUrl: string }> = async (
  app,
  { version, publicUrl },
) => {
  await app.register(swagger, {
    transform,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Quantvox',
        version,
        description:
          'A local voice assistant on quantized models, and a record of where the time of every turn went.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: publicUrl }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { token: [] }],
    },
  })
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: contentSecurityPolicy })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

export default fp(docs, { name: 'docs', fastify: '5.x' })
