import type { FastifyPluginAsync } from 'fastify'
import Type, { type Static } from 'typebox'
import { QuantvoxError } from '../../../errors.ts'
import { nearestHint } from '../../../nearest.ts'
import type { LanguageModel, SpeechModel, Voice } from '../../../protocol/models.ts'
import { json } from '../../rest/answers.ts'
import { clientSignal } from '../../rest/clientSignal.ts'
import { OPENAI_TAG, openAiErrorAnswers } from '../errors.ts'
import { ALIASES, modelAsked, OPENAI_VOICES } from '../names.ts'

const Model = Type.Object({
  id: Type.String(),
  object: Type.Literal('model'),
  created: Type.Integer({ description: 'Unix seconds; when this server started, as engines do not tell' }),
  owned_by: Type.String(),
})
type Model = Static<typeof Model>
const Models = Type.Object({ object: Type.Literal('list'), data: Type.Array(Model) })
const Voices = Type.Object({ voices: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })) })
const SpeechIds = Type.Object({ models: Type.Array(Type.Object({ id: Type.String() })) })

export type ListDependencies = {
  languageModels(signal: AbortSignal): Promise<LanguageModel[]>
  speechModels(): Promise<SpeechModel[]>
  voices(signal: AbortSignal): Promise<Voice[]>
}

const tags = [OPENAI_TAG]
/** What the page may speak with, or nobody does. */
const isSpoken = ({ name }: Voice) => name !== 'browser' && name !== 'none'

/** What models and voices there are, as clients of OpenAI ask for them. */
export function listRoutes({ languageModels, speechModels, voices }: ListDependencies): FastifyPluginAsync {
  const created = Math.floor(Date.now() / 1000)
  const model = (id: string, owned_by: string): Model => ({ id, object: 'model', created, owned_by })

  async function models(signal: AbortSignal): Promise<Model[]> {
    const [language, speech] = await Promise.all([languageModels(signal), speechModels()])
    return [
      ...language
        .filter(known => known.installed && known.remote !== 'refused')
        .map(({ name }) => model(name, 'ollama')),
      ...speech.filter(known => known.installed).map(({ name }) => model(name, 'quantvox')),
      ...ALIASES.map(name => model(name, 'quantvox')),
    ]
  }

  async function retrieve(id: string, signal: AbortSignal): Promise<Model> {
    const known = await models(signal)
    // Whatever they are called elsewhere, here they are the defaults.
    const found =
      known.find(one => one.id === id) ?? (modelAsked(id) === undefined ? model(id, 'quantvox') : null)
    if (found) return found
    const shown = id.slice(0, 60)
    throw new QuantvoxError('model_not_found', `There is no model "${shown}".`, {
      mend: nearestHint(
        shown,
        known.map(one => one.id),
      ),
      param: 'model',
    })
  }

  return async app => {
    app.setSerializerCompiler(() => data => JSON.stringify(data))
    app.get(
      '/v1/models',
      {
        schema: {
          tags,
          summary: 'Installed models; whisper-1 and tts-1 stand for the defaults',
          response: { 200: json('Models', Models), ...openAiErrorAnswers(502, 504) },
        },
      },
      async (_request, reply) => ({ object: 'list', data: await models(clientSignal(reply)) }),
    )
    const one = { 200: json('The model', Model), ...openAiErrorAnswers(404, 502, 504) }
    app.get(
      '/v1/models/:id',
      {
        schema: {
          tags,
          summary: 'One model; its id may hold : and /',
          params: Type.Object({ id: Type.String() }),
          response: one,
        },
      },
      (request, reply) => retrieve((request.params as { id: string }).id, clientSignal(reply)),
    )
    app.get('/v1/models/*', { schema: { tags, hide: true } }, (request, reply) =>
      retrieve((request.params as { '*': string })['*'], clientSignal(reply)),
    )
    app.get(
      '/v1/audio/voices',
      {
        config: { public: true },
        schema: {
          tags,
          summary: "Voices: ours, and the names of OpenAI's, which stand for the server's own",
          response: { 200: json('Voices', Voices) },
        },
      },
      async (_request, reply) => {
        const own = (await voices(clientSignal(reply))).filter(isSpoken).map(({ name }) => name)
        return { voices: [...own, ...OPENAI_VOICES].map(name => ({ id: name, name })) }
      },
    )
    app.get(
      '/v1/audio/models',
      {
        config: { public: true },
        schema: { tags, summary: 'Models that speak', response: { 200: json('Models', SpeechIds) } },
      },
      async () => ({ models: [{ id: 'tts-1' }] }),
    )
  }
}
