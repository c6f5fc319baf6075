import Type, { type Static } from 'typebox'
import { TurnChoices } from './turns.ts'

/** What a client says on `GET /v1/voice`; binary frames beside it are its microphone. */

const strict = { additionalProperties: false } as const
const { llmModel, speechModel, voice, language, conversationId } = TurnChoices.properties

export const Mode = Type.Enum(['hands-free', 'push-to-talk', 'wake-word'])
export type Mode = Static<typeof Mode>

export const EndpointingPreset = Type.Enum(['fast', 'balanced', 'patient'])
export type EndpointingPreset = Static<typeof EndpointingPreset>

export const Endpointing = Type.Object(
  {
    mode: Type.Enum(['learned', 'silence'], {
      description: 'whether the voice and the words end a turn, or silence alone',
    }),
    preset: { ...EndpointingPreset, description: 'how soon, where it is learned' },
    silenceMs: Type.Integer({
      minimum: 100,
      maximum: 3000,
      description: 'silence that ends a turn; where it is learned, while the detector is not there',
    }),
  },
  strict,
)
export const BargeIn = Type.Object(
  {
    minSpeechMs: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      description: 'voiced milliseconds from which on speech may interrupt a reply; 0: nothing said does',
    }),
  },
  strict,
)

export const WakeWord = Type.Object(
  {
    phrase: Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'what is to be said first in wake-word mode, by its name in GET /v1/models/wake',
    }),
    threshold: Type.Number({
      minimum: 0.01,
      maximum: 1,
      description: 'score, 0 to 1, from which on it counts as said',
    }),
  },
  strict,
)

const settings = {
  llmModel,
  speechModel,
  voice,
  language,
  endpointing: Type.Optional(Type.Partial(Endpointing, strict)),
  bargeIn: Type.Optional(BargeIn),
  wake: Type.Optional(Type.Partial(WakeWord, strict)),
}

export const Start = Type.Object(
  {
    type: Type.Literal('start'),
    protocol: Type.Literal(1),
    sampleRate: Type.Integer({
      minimum: 8000,
      maximum: 48_000,
      description: 'hertz of the binary frames: PCM, signed 16-bit little-endian, mono, 10 to 200 ms each',
    }),
    mode: Mode,
    conversationId,
    ...settings,
  },
  strict,
)
export const Configure = Type.Object(
  {
    type: Type.Literal('configure'),
    requestId: Type.String({ minLength: 1, maxLength: 100 }),
    mode: Type.Optional(Mode),
    conversationId,
    ...settings,
  },
  strict,
)
export const Begin = Type.Object({ type: Type.Literal('begin') }, strict)
export const Commit = Type.Object({ type: Type.Literal('commit') }, strict)
export const Cancel = Type.Object({ type: Type.Literal('cancel') }, strict)
export const Text = Type.Object(
  { type: Type.Literal('text'), text: Type.String({ minLength: 1, maxLength: 100_000, pattern: '\\S' }) },
  strict,
)
export const Interrupt = Type.Object(
  { type: Type.Literal('interrupt'), turnId: Type.Optional(Type.String({ maxLength: 100 })) },
  strict,
)
export const Playback = Type.Object(
  {
    type: Type.Literal('playback'),
    turnId: Type.String({ maxLength: 100 }),
    event: Type.Enum(['started', 'progress', 'ended', 'stopped']),
    positionMs: Type.Optional(Type.Number({ minimum: 0, description: 'by the playout clock' })),
    textLength: Type.Optional(
      Type.Integer({ minimum: 0, description: 'characters of the reply, where the browser speaks' }),
    ),
  },
  strict,
)

export const Ping = Type.Object(
  { type: Type.Literal('ping') },
  { ...strict, description: 'is anybody there: answered by `pong`, also before `start`' },
)

export const clientMessages = {
  start: Start,
  configure: Configure,
  begin: Begin,
  commit: Commit,
  cancel: Cancel,
  text: Text,
  interrupt: Interrupt,
  playback: Playback,
  ping: Ping,
} as const

export type Start = Static<typeof Start>
export type Configure = Static<typeof Configure>
export type Playback = Static<typeof Playback>
/** To the connection; no session hears it. */
export type Ping = Static<typeof Ping>
export type ClientMessage = {
  [K in Exclude<keyof typeof clientMessages, 'ping'>]: Static<(typeof clientMessages)[K]>
}[Exclude<keyof typeof clientMessages, 'ping'>]
