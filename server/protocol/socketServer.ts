import Type, { type Static } from 'typebox'
import { TurnMessage } from './messages.ts'
import { nullable } from './nullable.ts'
import { BargeIn, Endpointing, Mode, WakeWord } from './socketClient.ts'

/** What the server says on `GET /v1/voice`; binary frames beside it are the spoken reply. */

const turnId = Type.String()
const positionMs = Type.Number({ description: "on the timeline of the session's audio" })

export const SessionSettings = Type.Object({
  sampleRate: Type.Integer({ description: "hertz of the client's audio" }),
  mode: Mode,
  llmModel: Type.String(),
  speechModel: Type.String(),
  voice: Type.String(),
  language: nullable(Type.String()),
  endpointing: Endpointing,
  bargeIn: BargeIn,
  wake: WakeWord,
})
export type SessionSettings = Static<typeof SessionSettings>

export const Ready = Type.Object({
  type: Type.Literal('ready'),
  sessionId: Type.String(),
  conversationId: Type.String(),
  protocol: Type.Literal(1),
  settings: SessionSettings,
})

export const ModelCost = Type.Object({
  name: Type.String(),
  loadMs: nullable(Type.Number({ description: 'null where it was loaded already' })),
  residentBytesBefore: nullable(Type.Integer({ description: 'null where it was not loaded or is unknown' })),
  residentBytesAfter: nullable(Type.Integer()),
  evicted: Type.Array(Type.String(), { description: 'models that had to go for it' }),
})
export type ModelCost = Static<typeof ModelCost>

export const Configured = Type.Object({
  type: Type.Literal('configured'),
  requestId: Type.Optional(
    Type.String({
      description: 'of the `configure`; absent where the assistant switched, as the user had told it to',
    }),
  ),
  conversationId: Type.String(),
  settings: SessionSettings,
  switchMs: Type.Number({ description: 'from the message to the moment when the next turn uses it' }),
  llm: Type.Optional(ModelCost),
  speech: Type.Optional(ModelCost),
})

export const WakeDetected = Type.Object(
  {
    type: Type.Literal('wake.detected'),
    phrase: Type.String(),
    score: Type.Number({ description: '0 to 1' }),
    positionMs: Type.Number({ description: "where it ends, on the timeline of the session's audio" }),
  },
  { description: 'the wake word was said: what comes now is a question' },
)
export const WakeWaiting = Type.Object(
  { type: Type.Literal('wake.waiting') },
  { description: 'nobody asked anything for a while: nothing but the wake word is heard from here on' },
)
export const Announced = Type.Object(
  { type: Type.Literal('announced'), turnId },
  {
    description:
      'the assistant says something by itself, as that a timer is over: that turn has a reply, and no question',
  },
)
export const SpeechStarted = Type.Object({ type: Type.Literal('speech.started'), turnId, positionMs })
export const SpeechStopped = Type.Object({ type: Type.Literal('speech.stopped'), turnId, positionMs })
export const TranscriptPartial = Type.Object({
  type: Type.Literal('transcript.partial'),
  turnId,
  text: Type.String(),
  stableLength: Type.Integer({ minimum: 0, description: 'the first characters, which will not change' }),
})
export const Interrupted = Type.Object({
  type: Type.Literal('interrupted'),
  turnId,
  reason: Type.Enum(['barge-in', 'client']),
})

export const Ducked = Type.Object(
  { type: Type.Literal('ducked'), turnId },
  { description: 'somebody may be speaking over that reply: it plays on, quieter' },
)
export const Paused = Type.Object(
  { type: Type.Literal('paused'), turnId },
  { description: 'somebody does: it stands still where it is, and no audio of it is sent' },
)
export const Resumed = Type.Object(
  { type: Type.Literal('resumed'), turnId },
  { description: 'it was not meant: the reply goes on, as loud as it was, from where it stood' },
)
/** What is said is more of that turn's question: what was told of its text goes on, what was told of its reply is void. */
export const Reopened = Type.Object({ type: Type.Literal('reopened'), turnId, positionMs })

export const ReplyClause = Type.Object(
  {
    type: Type.Literal('reply.clause'),
    turnId,
    text: Type.String({ description: 'as it is to be said: without markup, symbols in words' }),
    start: Type.Integer({ minimum: 0, description: 'first character of the reply that it stands for' }),
    end: Type.Integer({ minimum: 0, description: 'the one after its last' }),
  },
  { description: 'only where the client speaks (voice browser)' },
)
export const Pong = Type.Object({ type: Type.Literal('pong') }, { description: 'answers `ping`' })

export const ServerMessage = Type.Union([
  Ready,
  Configured,
  WakeDetected,
  WakeWaiting,
  Announced,
  SpeechStarted,
  SpeechStopped,
  TranscriptPartial,
  Reopened,
  Interrupted,
  Ducked,
  Paused,
  Resumed,
  ReplyClause,
  Pong,
  ...TurnMessage.anyOf,
])
export type ReplyClause = Static<typeof ReplyClause>
export type ServerMessage = Static<typeof ServerMessage>
