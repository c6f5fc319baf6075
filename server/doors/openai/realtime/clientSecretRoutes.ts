import type { FastifyPluginAsync } from 'fastify'
import Type, { type Static } from 'typebox'
import { nullable } from '../../../protocol/nullable.ts'
import { lenientValidator } from '../../lenientCheck.ts'
import { openAiErrorAnswers } from '../errors.ts'
import { modelAsked } from '../names.ts'
import { type Defaults, firstConfiguration, merged, shapeOf } from './configuration.ts'
import { newId } from './items.ts'
import type { ClientSecrets } from './secrets.ts'
import { SessionUpdate } from './wire/sessionShape.ts'

const DEFAULT_SECONDS = 600
const MAX_BODY_BYTES = 256 * 2 ** 10

const SecretWanted = Type.Object({
  expires_after: Type.Optional(
    nullable(
      Type.Object({
        anchor: Type.Optional(Type.Literal('created_at')),
        seconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 7200 })),
      }),
    ),
  ),
  session: Type.Optional(nullable(SessionUpdate)),
})
const Secret = Type.Object({
  value: Type.String({ description: 'opens /v1/realtime until it expires' }),
  expires_at: Type.Integer({ description: 'seconds since 1970' }),
  session: Type.Object({}, { additionalProperties: true, description: 'what is in force at its beginning' }),
})

/** What belongs to Realtime and is no socket. */
export function clientSecretRoutes(secrets: ClientSecrets, defaults: Defaults): FastifyPluginAsync {
  return async app => {
    app.setValidatorCompiler(lenientValidator)
    app.post<{ Body: Static<typeof SecretWanted> }>(
      '/v1/realtime/client_secrets',
      {
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          tags: ['OpenAI'],
          summary: 'A key for a browser, good for Realtime only and for a while',
          body: SecretWanted,
          response: { 200: Secret, ...openAiErrorAnswers(400, 401, 403, 413, 415) },
        },
      },
      async ({ body }) => {
        const update = body.session ?? {}
        const isTranscription = update.type === 'transcription'
        const configuration = merged(firstConfiguration(isTranscription, defaults), update, defaults)
        const secret = await secrets.issue(update, body.expires_after?.seconds ?? DEFAULT_SECONDS)
        const model = modelAsked(update.model ?? undefined) ?? (await defaults.stages.settings.llmModel())
        const session = shapeOf(configuration, newId('sess'), model, secret.expires_at)
        return { ...secret, session }
      },
    )
    app.post(
      '/v1/realtime/calls',
      {
        schema: {
          tags: ['OpenAI'],
          summary: 'Realtime over WebRTC, which is not there',
          response: openAiErrorAnswers(401, 403, 501),
        },
        // Before a body that is not JSON is looked at.
        onRequest: async (_request, reply) => {
          const message = 'Realtime is served over WebSocket only: use transport "websocket" at /v1/realtime.'
          const error = { message, type: 'invalid_request_error', param: null, code: 'not_implemented' }
          await reply.code(501).header('x-should-retry', 'false').send({ error })
        },
      },
      async () => {},
    )
  }
}
