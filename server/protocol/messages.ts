import Type, { type Static } from 'typebox'
import { Outcome, ToolOutcome, TurnRecord } from './record.ts'

/** What the server says of a turn, as socket messages and as SSE events of `POST /v1/turns`. */

const turnId = Type.String()

export const TranscriptFinal = Type.Object({
  type: Type.Literal('transcript.final'),
  turnId,
  text: Type.String(),
})
export const Thinking = Type.Object({
  type: Type.Literal('thinking'),
  turnId,
  thinkingMs: Type.Number({
    description: 'since its first sign; told then, and every second while it lasts',
  }),
})
export const ToolStarted = Type.Object(
  { type: Type.Literal('tool.started'), turnId, name: Type.String() },
  { description: 'the language model has a tool called' },
)
export const ToolDone = Type.Object({
  type: Type.Literal('tool.done'),
  turnId,
  name: Type.String(),
  outcome: ToolOutcome,
  ms: Type.Number({ description: 'call to answer' }),
})
export const ReplyDelta = Type.Object({ type: Type.Literal('reply.delta'), turnId, text: Type.String() })
export const ReplyDone = Type.Object({ type: Type.Literal('reply.done'), turnId, text: Type.String() })
export const AudioStarted = Type.Object({
  type: Type.Literal('audio.started'),
  turnId,
  sampleRate: Type.Integer({ description: 'hertz; PCM, signed 16-bit little-endian, mono' }),
})
export const AudioDone = Type.Object({
  type: Type.Literal('audio.done'),
  turnId,
  audioMs: Type.Number(),
  url: Type.Optional(Type.String({ description: 'over SSE: where the spoken reply is' })),
})
export const TurnDone = Type.Object({
  type: Type.Literal('turn.done'),
  turnId,
  outcome: Outcome,
  errorCode: Type.Optional(Type.String()),
  heardText: Type.Optional(Type.String()),
  timings: TurnRecord,
})
export const hints = [
  'english-only',
  'other-script',
  'not-spoken',
  'quiet-microphone',
  'hears-itself',
] as const
export const Hint = Type.Object({
  type: Type.Literal('hint'),
  turnId,
  hint: Type.Enum(hints, {
    description:
      'english-only: an English-only speech model heard another language; other-script: the voice cannot say letters of the reply; not-spoken: the voice failed, and what it did not say of the reply can be read; quiet-microphone: what was said came in below -60 dBFS; hears-itself: what was said over the reply was the reply, so that the client cancels no echo. Told once a session in the same words',
  }),
  message: Type.String(),
  mend: Type.String(),
})
export const ErrorMessage = Type.Object({
  type: Type.Literal('error'),
  code: Type.String(),
  message: Type.String(),
  recoverable: Type.Boolean(),
  meaning: Type.Optional(Type.String()),
  mend: Type.Optional(Type.String()),
  turnId: Type.Optional(turnId),
  requestId: Type.Optional(Type.String()),
})

export const TurnMessage = Type.Union([
  TranscriptFinal,
  Thinking,
  ToolStarted,
  ToolDone,
  Hint,
  ReplyDelta,
  ReplyDone,
  AudioStarted,
  AudioDone,
  TurnDone,
  ErrorMessage,
])
export type TurnMessage = Static<typeof TurnMessage>
export type Hint = Static<typeof Hint>
export type ErrorMessage = Static<typeof ErrorMessage>
