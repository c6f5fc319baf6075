import Type, { type Static } from 'typebox'
import { ErrorMessage, Hint } from './messages.ts'
import { TurnRecord } from './record.ts'

/** `POST /v1/turns`. */

export const CONVERSATION_ID_PATTERN = '^[A-Za-z0-9_-]{1,64}$'

export const TurnChoices = Type.Object({
  llmModel: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Ollama tag' })),
  speechModel: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'speech model level' }),
  ),
  voice: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'see /v1/voices; default: VOICE' }),
  ),
  conversationId: Type.Optional(
    Type.String({
      pattern: CONVERSATION_ID_PATTERN,
      description: 'continues a conversation, or starts one under this id',
    }),
  ),
  language: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 40,
      description:
        'of the speech: ISO 639, with a region or without (en-US), or auto; default: SPEECH_LANGUAGE',
    }),
  ),
})
export type TurnChoices = Static<typeof TurnChoices>

const { llmModel, speechModel, voice } = TurnChoices.properties
/** What a second turn is asked with; what is not named is as in the first. */
export const CompareWith = Type.Object(
  { llmModel, speechModel, voice },
  {
    additionalProperties: false,
    minProperties: 1,
    description:
      'asks the same question of a second combination, too: one after the other, in alternating order; the conversation goes on with the first answer',
  },
)
export type CompareWith = Static<typeof CompareWith>

export const TextTurn = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 100_000 }),
    ...TurnChoices.properties,
    compareWith: Type.Optional(CompareWith),
  },
  { additionalProperties: false },
)
export type TextTurn = Static<typeof TextTurn>

export const TurnAnswer = Type.Object({
  turnId: Type.String(),
  conversationId: Type.String(),
  transcript: Type.String(),
  reply: Type.String(),
  audio: Type.Optional(
    Type.Object({ url: Type.String(), mimeType: Type.Literal('audio/wav'), durationMs: Type.Number() }),
  ),
  hints: Type.Optional(
    Type.Array(Type.Object({ hint: Hint.properties.hint, message: Type.String(), mend: Type.String() })),
  ),
  timings: TurnRecord,
})
export type TurnAnswer = Static<typeof TurnAnswer>

/** One of the two answers to a question that was asked with `compareWith`. */
export const PairedAnswer = Type.Object({
  ...TurnAnswer.properties,
  error: Type.Optional(ErrorMessage),
})

export const PairAnswer = Type.Object({
  pairId: Type.String(),
  turns: Type.Tuple([PairedAnswer, PairedAnswer], {
    description: 'as asked for, then as `compareWith` has it; `timings.pair.askedAs` says which came first',
  }),
})
export type PairAnswer = Static<typeof PairAnswer>

export const TurnQuery = Type.Object(
  {
    audio: Type.Optional(
      Type.Literal('events', {
        description: 'with events: the spoken reply comes among them, as it is made, in `audio.delta`',
      }),
    ),
  },
  { additionalProperties: false },
)
export type TurnQuery = Static<typeof TurnQuery>

/** A stretch of the spoken reply at the rate of the last `audio.started`, where it was asked for. */
export const AudioDelta = Type.Object({
  type: Type.Literal('audio.delta'),
  turnId: Type.String(),
  audio: Type.String({ description: 'base64 of PCM, signed 16-bit little-endian, mono' }),
})
export type AudioDelta = Static<typeof AudioDelta>

/** The first event of a pair. */
export type PairMessage = { type: 'pair'; pairId: string; turnIds: readonly [string, string] }

/** The form of a spoken turn; it is read part by part, so this describes it and checks nothing. */
export const TurnUpload = Type.Object({
  audio: Type.String({ format: 'binary', description: 'WAV; other containers where ffmpeg is present' }),
  ...TurnChoices.properties,
  compareWith: Type.Optional(Type.String({ description: 'as in the JSON body, as JSON text' })),
})
