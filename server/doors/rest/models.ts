import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static, type TSchema } from 'typebox'
import type { Pulls } from '../../engines/pulls.ts'
import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import {
  LanguageModel,
  type Pull,
  PullList,
  SpeechModel,
  Voice,
  WakeWordModel,
} from '../../protocol/models.ts'
import { events, json, problems } from './answers.ts'
import { clientSignal } from './clientSignal.ts'
import { strictValidator } from './strictValidator.ts'

export type ModelDependencies = {
  languageModels(signal: AbortSignal): Promise<LanguageModel[]>
  speechModels(): Promise<SpeechModel[]>
  voices(signal: AbortSignal): Promise<Voice[]>
  languagePulls: Pulls
  speechPulls: Pulls
  /** Both throw `model_not_found` for what is not here, and `invalid_state` for what is in use. */
  removeLanguageModel(name: string, signal: AbortSignal): Promise<void>
  removeSpeechModel(name: string): Promise<void>
  wakeWords(): Promise<WakeWordModel[]>
  wakePulls: Pulls
  /** Throws `licence_not_accepted` unless the licence of a wake word is the one that was accepted, and `model_not_found`. */
  checkWakeLicence(name: string, accepted: string | null): void
}

const Name = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
)

const WakeWordPull = Type.Object(
  {
    ...Name.properties,
    acceptLicence: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'SPDX identifier of its licence, from a person who accepted it; refused without',
      }),
    ),
  },
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
      '/v1/models/wake',
      {
        schema: {
          tags,
          summary: 'Wake words, with the licences that have to be accepted before they are fetched',
          response: { 200: json('Wake words', items(WakeWordModel)) },
        },
      },
      async () => ({ items: await dependencies.wakeWords() }),
    )
    app.get(
      '/v1/voices',
      { schema: { tags, summary: 'Voices', response: { 200: json('Voices', items(Voice)) } } },
      async (_request, reply) => ({ items: await dependencies.voices(clientSignal(reply)) }),
    )

    app.get(
      '/v1/models/pulls',
      {
        schema: {
          tags,
          summary: 'What is being fetched now, how far it is, and by which of several servers',
          response: { 200: json('Pulls', PullList) },
        },
      },
      () => pullsOf(dependencies),
    )
    const pullOf = (kind: string, body: TSchema, refusals: (403 | 404)[] = []) => ({
      // There is no other answer, so whatever a client accepts, it gets events.
      sse: 'manual' as const,
      schema: {
        tags,
        summary: `Fetch a ${kind}; goes on if the client leaves, a second call joins it`,
        body,
        response: {
          200: events(
            '`progress` events with {status, completedBytes, totalBytes}, then `done`, `cancelled` or `error`',
          ),
          ...problems(...refusals),
        },
      },
    })
    for (const [kind, pulls, remove] of [
      ['language', dependencies.languagePulls, dependencies.removeLanguageModel],
      ['speech', dependencies.speechPulls, dependencies.removeSpeechModel],
    ] as const) {
      app.delete(
        `/v1/models/${kind}`,
        {
          schema: {
            tags,
            summary: `Delete a ${kind} model from the disk; what is in use is kept`,
            querystring: Name,
            response: { 204: { description: 'Deleted', type: 'null' }, ...problems(404, 409, 502, 504) },
          },
        },
        async (request, reply) => {
          const { name } = request.query as Static<typeof Name>
          if (pulls.running().includes(name)) throw isFetched(name)
          await remove(name, clientSignal(reply))
          return reply.code(204).send()
        },
      )
      app.post(`/v1/models/${kind}/pull`, pullOf(`${kind} model`, Name), (request, reply) =>
        streamPull(pulls, request, reply),
      )
      app.delete(
        `/v1/models/${kind}/pull`,
        {
          schema: {
            tags,
            summary: `Give up fetching a ${kind} model; what was fetched is kept, and gone on with later`,
            querystring: Name,
            response: { 204: { description: 'Given up', type: 'null' }, ...problems(404) },
          },
        },
        async (request, reply) => {
          const { name } = request.query as Static<typeof Name>
          if (pulls.cancel(name)) return reply.code(204).send()
          throw new QuantvoxError('not_found', `Nobody fetches ${JSON.stringify(name)}.`, {
            meaning: 'It is here already, was given up before, or another server fetches it.',
            mend: 'GET /v1/models/pulls says who does.',
          })
        },
      )
    }
    app.post(
      '/v1/models/wake/pull',
      pullOf('wake word whose licence was accepted', WakeWordPull, [403, 404]),
      async (request, reply) => {
        const { name, acceptLicence } = request.body as Static<typeof WakeWordPull>
        dependencies.checkWakeLicence(name, acceptLicence ?? null)
        await streamPull(dependencies.wakePulls, request, reply)
      },
    )
  }
}

async function pullsOf({ languagePulls, speechPulls, wakePulls }: ModelDependencies): Promise<PullList> {
  const kinds = { language: languagePulls, speech: speechPulls, wake: wakePulls }
  const lists = await Promise.all(
    (Object.keys(kinds) as Pull['kind'][]).map(async kind => ({ kind, ...(await kinds[kind].list()) })),
  )
  const unseen = lists.find(list => list.unseen !== undefined)?.unseen
  return {
    items: lists.flatMap(({ kind, items }) => items.map(item => ({ kind, ...item }))),
    ...(unseen && { unseen }),
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
          : event.event === 'error'
            ? problemOf(event.error)
            : { name }
      await reply.sse.send({ event: event.event, data })
    }
  } catch (error) {
    // The client left; the pull goes on without it.
    if (!signal.aborted) throw error
  }
  reply.sse.close()
}

const isFetched = (name: string) =>
  new QuantvoxError('invalid_state', `${name} cannot be removed: it is being fetched.`, {
    mend: 'Give up fetching it first, or wait until it is here.',
  })

function problemOf(thrown: unknown) {
  const { code, message, meaning, mend }: QuantvoxError = toQuantvoxError(thrown)
  return { code, message, meaning, mend }
}
