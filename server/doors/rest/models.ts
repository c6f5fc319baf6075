import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Pulls } from '../../engines/pulls.ts'
import { type QuantvoxError, toQuantvoxError } from '../../errors.ts'
import { LanguageModel, SpeechModel, Voice } from '../../protocol/models.ts'
import { events, json, problems } from './answers.ts'
import { clientSignal } from './clientSignal.ts'
import { strictValidator } from './strictValidator.ts'

export type ModelDependencies = {
  languageModels(signal: AbortSignal): Promise<LanguageModel[]>
  speechModels(): Promise<SpeechModel[]>
  voices(signal: AbortSignal): Promise<Voice[]>
  languagePulls: Pulls
  speechPulls: Pulls
}

const Name = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
)

/** What models and voices there are, and fetching more with progress. */
export function modelRoutes(dependencies: ModelDependencies): FastifyPluginAsync {
  return async app => {
    app.setValidatorCompiler(strictValidator)
    app.setSerializerCompiler(() => data => JSON.stringify(data))
    const tags = ['Models']
    const items = <T extends Parameters<typeof Type.Array>[0]>(schema: T) =>
      Type.Object({ items: Type.Array(schema) })

    app.get(
      '/v1/models/language',
      {
        schema: {
          tags,
          summary: 'Ollama tags, installed and available',
          response: { 200: json('Tags', items(LanguageModel)), ...problems(502, 504) },
        },
      },
      async (_request, reply) => ({ items: await dependencies.languageModels(clientSignal(reply)) }),
    )
    app.get(
      '/v1/models/speech',
      {
        schema: {
          tags,
          summary: 'Speech model levels, installed and available',
          response: { 200: json('Levels', items(SpeechModel)) },
        },
      },
      async () => ({ items: await dependencies.speechModels() }),
    )
    app.get(
      '/v1/voices',
      { schema: { tags, summary: 'Voices', response: { 200: json('Voices', items(Voice)) } } },
      async (_request, reply) => ({ items: await dependencies.voices(clientSignal(reply)) }),
    )

    for (const [kind, pulls] of [
      ['language', dependencies.languagePulls],
      ['speech', dependencies.speechPulls],
    ] as const) {
      app.post(
        `/v1/models/${kind}/pull`,
        {
          // There is no other answer, so whatever a client accepts, it gets events.
          sse: 'manual',
          schema: {
            tags,
            summary: `Fetch a ${kind} model; goes on if the client leaves, a second call joins it`,
            body: Name,
            response: {
              200: events(
                '`progress` events with {status, completedBytes, totalBytes}, then `done` or `error`',
              ),
            },
          },
        },
        (request, reply) => streamPull(pulls, request, reply),
      )
    }
  }
}

async function streamPull(pulls: Pulls, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { name } = request.body as { name: string }
  const signal = clientSignal(reply)
  try {
    for await (const event of pulls.follow(name, signal)) {
      const data =
        event.event === 'progress'
          ? event.progress
          : event.event === 'done'
            ? { name }
            : problemOf(event.error)
      await reply.sse.send({ event: event.event, data })
    }
  } catch (error) {
    // The client left; the pull goes on without it.
    if (!signal.aborted) throw error
  }
  reply.sse.close()
}

function problemOf(thrown: unknown) {
  const { code, message, meaning, mend }: QuantvoxError = toQuantvoxError(thrown)
  return { code, message, meaning, mend }
}
