import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import type { Conversations } from '../../conversation/conversations.ts'
import { QuantvoxError } from '../../errors.ts'
import {
  ConversationChange,
  ConversationPage,
  ConversationParams,
  ConversationsQuery,
  DEFAULT_CONVERSATIONS,
  KeptConversation,
} from '../../protocol/conversations.ts'
import type { TurnStore } from '../../record/turnStore.ts'
import { json, problems } from './answers.ts'
import { strictValidator } from './strictValidator.ts'

const tags = ['Conversations']

/**
 * The conversations of which the record has words: listed, named, forgotten. They are taken up again by `conversationId`.
 *
 * @param dependencies.deleteAudio forgets the kept audio of a turn; must not fail for one without
 */
export function conversationRoutes(dependencies: {
  stages: { store: TurnStore; conversations: Pick<Conversations, 'forget'> }
  deleteAudio(turnId: string): unknown
}): FastifyPluginAsync {
  const { stages, deleteAudio } = dependencies

  return async fastify => {
    const app = fastify.withTypeProvider<TypeBoxTypeProvider>()
    app.setValidatorCompiler(strictValidator)
    app.setSerializerCompiler(() => data => JSON.stringify(data))

    app.get(
      '/v1/conversations',
      {
        schema: {
          tags,
          summary: 'Conversations of which there are words in the record, the one of the latest turn first',
          description:
            'None is kept while SAVE_TEXT is off. A `conversationId` given to POST /v1/turns or to a socket goes on with one, history and all; GET /v1/turns?conversationId= has its turns.',
          querystring: ConversationsQuery,
          response: { 200: json('A page of conversations', ConversationPage), ...problems(400) },
        },
      },
      ({ query: { limit, cursor } }) => stages.store.conversations(limit ?? DEFAULT_CONVERSATIONS, cursor),
    )

    app.patch(
      '/v1/conversations/:id',
      {
        schema: {
          tags,
          summary: 'Name a conversation',
          params: ConversationParams,
          body: ConversationChange,
          response: { 200: json('The conversation', KeptConversation), ...problems(400, 404, 409) },
        },
      },
      async ({ params: { id }, body: { title } }) => {
        const named = await stages.store.nameConversation(id, title?.trim() ?? null)
        if (named === null) throw unknownConversation(id)
        return named
      },
    )

    app.delete(
      '/v1/conversations/:id',
      {
        schema: {
          tags,
          summary:
            'Forget a conversation: its turns, their text and audio, its name, and what is remembered of it',
          params: ConversationParams,
          response: { 204: { description: 'Forgotten', type: 'null' }, ...problems(404) },
        },
      },
      async ({ params: { id } }, reply) => {
        // Audio first, as of a single turn.
        const turnIds: string[] = []
        for await (const { turnId } of stages.store.stream({ conversationId: id })) turnIds.push(turnId)
        for (const turnId of turnIds) await deleteAudio(turnId)
        stages.conversations.forget(id)
        const forgotten = await stages.store.deleteConversation(id)
        // Those that came meanwhile.
        for (const turnId of forgotten.filter(turnId => !turnIds.includes(turnId))) await deleteAudio(turnId)
        if (forgotten.length === 0) throw unknownConversation(id)
        return reply.code(204).send(null)
      },
    )
  }
}

function unknownConversation(id: string): QuantvoxError {
  return new QuantvoxError('not_found', `There is no conversation ${id} in the record.`, {
    mend: 'List them with GET /v1/conversations.',
  })
}
