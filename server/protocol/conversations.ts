import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'
import { DEFAULT_PAGE_SIZE, TurnsQuery } from './turnQueries.ts'
import { CONVERSATION_ID_PATTERN } from './turns.ts'

/** `/v1/conversations`: those of which the record has words. */

const { limit, cursor } = TurnsQuery.properties

export const ConversationsQuery = Type.Object({ limit, cursor }, { additionalProperties: false })

export const DEFAULT_CONVERSATIONS = DEFAULT_PAGE_SIZE

/** Characters that the list gives of the first question. */
export const FIRST_QUESTION_LENGTH = 200

export const ConversationParams = Type.Object({
  id: Type.String({
    pattern: CONVERSATION_ID_PATTERN,
    description: 'conversationId',
  }),
})

export const ConversationChange = Type.Object(
  {
    title: nullable(Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' }), {
      description: 'its name; null takes it away',
    }),
  },
  { additionalProperties: false },
)

export const KeptConversation = Type.Object({
  conversationId: Type.String(),
  title: nullable(Type.String(), { description: 'as it was named; null where it was not' }),
  firstQuestion: Type.String({ description: `its first ${FIRST_QUESTION_LENGTH} characters` }),
  startedAt: Type.String({ description: 'of its first turn; ISO 8601, UTC' }),
  lastTurnAt: Type.String({ description: 'the start of its last turn; ISO 8601, UTC' }),
  turns: Type.Integer({ description: 'with words in the record' }),
})
export type KeptConversation = Static<typeof KeptConversation>

export const ConversationPage = Type.Object({
  items: Type.Array(KeptConversation),
  nextCursor: nullable(Type.String(), { description: 'null on the last page' }),
})
export type ConversationPage = Static<typeof ConversationPage>
