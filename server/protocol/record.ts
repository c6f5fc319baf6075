import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'

/**
 * The turn record: one row a turn, the same over socket and REST. Milliseconds are from a monotonic clock unless
 * the name says otherwise; `null` means unknown, never 0.
 */

const ms = (description: string) => nullable(Type.Number({ description: `${description} (milliseconds)` }))
const count = (description: string) => nullable(Type.Integer({ description }))
const text = (description: string) => nullable(Type.String({ description }))
const flag = (description: string) => nullable(Type.Boolean({ description }))

export const outcomes = ['completed', 'interrupted', 'no-speech', 'discarded', 'failed'] as const
export const Outcome = Type.Enum(outcomes)
export type Outcome = Static<typeof Outcome>

export const sources = ['socket', 'rest', 'comparison', 'openai', 'realtime', 'wyoming'] as const
export const Source = Type.Enum(sources)
export type Source = Static<typeof Source>

/**
 * Measured from speech end: the last voiced sample of a live turn, the arrival of the body's last byte for REST
 * audio, the arrival of the message for typed turns.
 */
export const FromSpeechEnd = Type.Object({
  turnDecidedMs: ms('the server decided that the turn was over'),
  commitMs: ms('the client sent commit'),
  transcriptMs: ms('the final transcript was there'),
  firstTokenMs: ms('the first token of the reply arrived'),
  firstClauseMs: ms('the first speakable clause was complete'),
  firstAudioMs: ms('the first byte of spoken reply was sent'),
  playbackStartedMs: ms('the client said that playback began'),
  replyDoneMs: ms('the last token of the reply arrived'),
})

export const SpeechTimings = Type.Object({
  model: text('catalog name of the speech model level'),
  digest: text('sha256 of its file'),
  quantization: text('f16, q8_0, q5_1, q5_0, q4_1 or q4_0; of Moonshine int8, f32, q8 or q4'),
  audioMs: ms('length of the audio that was decoded'),
  speechMs: ms('voiced part of it'),
  queueMs: ms('wait for the engine'),
  inferenceMs: ms('request to answer of the engine, all passes'),
  realTimeFactor: nullable(Type.Number({ description: 'inferenceMs / audioMs' })),
  audioContext: count('encoder window of the longest pass, in steps of 20 ms; 1500 is the full 30 s'),
  passes: count('decodings of the final transcript'),
  earlyDecode: nullable(Type.Enum(['used', 'discarded'])),
  cold: flag('the model was loaded for this turn'),
  engine: text('program, version and where it runs'),
  host: Type.Optional(
    text(
      'where it was transcribed: the address, or by what name a router calls it; null of an engine of our own',
    ),
  ),
  retries: Type.Optional(
    count(
      'attempts at hosts before the one that answered, of a router and ours; null of an engine of our own',
    ),
  ),
  language: Type.Optional(
    text(
      'what was heard, or what was asked for: ISO 639 as Whisper has it; und where an English-only model heard another; older records are without',
    ),
  ),
})

export const LlmTimings = Type.Object({
  model: text('Ollama tag'),
  digest: text('digest of the model'),
  quantization: text('as Ollama reports it'),
  parameterSize: text('as Ollama reports it'),
  queueMs: ms('wait for our gate in front of the engine'),
  timeToFirstTokenMs: ms('request sent to first token'),
  loadMs: ms("Ollama's load_duration, its scheduler's wait included"),
  promptTokens: count('tokens of the prompt, cached ones included'),
  cachedPromptTokens: count('of them from the prompt cache; null where the server does not report it'),
  promptEvalMs: ms('prompt evaluation'),
  outputTokens: count('tokens generated'),
  evalMs: ms('generation'),
  tokensPerSecond: nullable(Type.Number({ description: 'outputTokens / evalMs' })),
  timePerOutputTokenMs: ms('evalMs / outputTokens'),
  thinkingMs: ms('first to last thinking token'),
  residualMs: ms('total - load - prompt evaluation - generation: waiting for a slot and templating'),
  doneReason: text('stop, length, ...'),
  cold: flag('loadMs was that of a load, by the level that is usual for this model'),
  host: text('where Ollama answered: its address, or by what name a router calls it'),
  routerQueueMs: Type.Optional(ms('wait in a router for a host; null without one')),
  retries: Type.Optional(
    count('attempts of a router at hosts before the one that answered; null without one'),
  ),
  affinity: Type.Optional(
    flag(
      'the host is the one that answered the conversation before; null of its first turn, and without a router',
    ),
  ),
})

export const SynthesisTimings = Type.Object({
  voice: text('flite:slt, remote:..., browser or none'),
  digest: text('sha256 of what the voice is made of; null of one that is not ours'),
  quantization: text('of its weights, for instance int8; null where it has none, or where that is not known'),
  timeToFirstAudioMs: ms('first clause handed over to first audio back'),
  inferenceMs: ms('all clauses'),
  audioMs: ms('length of the spoken reply'),
  realTimeFactor: nullable(Type.Number({ description: 'inferenceMs / audioMs; older records are without' })),
})

export const MemoryFigures = Type.Object({
  speechResidentBytes: count('resident set of the speech engine'),
  llmResidentBytes: count('see llmMemorySource'),
  llmGpuShare: nullable(Type.Number({ description: '0 to 1, part of the model on a GPU' })),
  llmMemorySource: nullable(
    Type.Enum(['process', 'ollama'], {
      description: "process: proportional set size of the runner; ollama: Ollama's own estimate",
    }),
  ),
})

/** Why an asking at a pause came to nothing, or that it did not. */
export const attemptOutcomes = ['used', 'resumed', 'changed', 'superseded', 'failed', 'dropped'] as const
export const AttemptOutcome = Type.Enum(attemptOutcomes, {
  description:
    'used: its reply was given; resumed: speech went on; changed: another question was meant; superseded: somebody else needed the language model; failed; dropped: the turn was over',
})
export type AttemptOutcome = Static<typeof AttemptOutcome>

export const Attempt = Type.Object({
  startedMs: ms('asked, from speech end; below 0 before it'),
  outcome: AttemptOutcome,
  promptTokens: count('as Ollama told at its end'),
  outputTokens: Type.Integer({
    description: 'of one that was broken off the parts that came, a token each or a few',
  }),
  firstTokenMs: ms('request sent to first token'),
  engineMs: ms('request sent to its end, or until it was broken off'),
})

/** What the words up to a pause say of their end: that it is one, nothing, or that something must follow. */
export const textStates = ['closed', 'weak', 'open'] as const
export const TextState = Type.Enum(textStates)
export type TextState = Static<typeof TextState>

export const endRules = ['sure', 'likely', 'hardly', 'silence', 'commit', 'too-long', 'stalled'] as const
export const EndRule = Type.Enum(endRules, {
  description:
    'what ended the turn: by voice, words and language model it was surely, likely or hardly over, for as long as the preset waits then (sure, likely, hardly); silence: as much as was set, also where neither detector nor language model gave an answer; commit: the client said so; too-long: it was as long as one may be; stalled: no more audio came',
})
export type EndRule = Static<typeof EndRule>

export const DetectorReading = Type.Object({
  silenceMs: Type.Number({ description: 'silence at the end of what it was to hear (milliseconds)' }),
  probability: nullable(
    Type.Number({
      description:
        'that the speaker is done, 0 to 1; null where no answer came, or speech went on before it was asked',
    }),
  ),
  inferenceMs: ms('question to answer, without the wait for other sessions'),
})
export type DetectorReading = Static<typeof DetectorReading>

/** How a spoken turn ended, and what was asked at its pauses, before it was known that the question was whole. */
export const Speculation = Type.Object({
  pauses: Type.Integer({ description: 'pauses that were found' }),
  revisions: Type.Integer({ description: 'of them those after which speech went on' }),
  reopened: Type.Integer({ description: 'times that speech went on after the turn was taken for over' }),
  detector: Type.Optional(
    Type.Array(DetectorReading, {
      description:
        'what the learned detector made of the voice at each pause; older records are without, as of the next five',
    }),
  ),
  textState: Type.Optional(
    nullable(TextState, {
      description:
        'closed, weak or open: what the words said of their end as it was decided; null where they were not known or not looked at',
    }),
  ),
  decidedBy: Type.Optional(nullable(EndRule)),
  endsHere: Type.Optional(
    nullable(
      Type.Number({
        description:
          'probability (0 to 1) by the language model that the words could end there, as it was decided; null where it had not told or was not asked',
      }),
    ),
  ),
  endChecks: Type.Optional(
    Type.Integer({ description: 'how often the language model was asked that, beside the attempts' }),
  ),
  endCheckMs: Type.Optional(Type.Number({ description: 'its time for them (milliseconds)' })),
  attempts: Type.Array(Attempt, {
    description: 'also of the turn itself, where speech went on after it had asked',
  }),
  wastedOutputTokens: Type.Integer({ description: 'of all attempts but the one that was used' }),
  wastedEngineMs: Type.Number({ description: 'of them (milliseconds)' }),
  tokenReadyMs: ms('the first token of the attempt that was used was there, from speech end'),
  tokenReleasedMs: ms('it was given out, from speech end'),
  gateHeldMs: ms('between the two'),
  savedMs: ms('by which the first token came earlier than if it had been asked for when the turn asked'),
})
export type Speculation = Static<typeof Speculation>

export const toolOutcomes = [
  'done',
  'failed',
  'timeout',
  'cancelled',
  'unknown',
  'asked',
  'declined',
] as const
export const ToolOutcome = Type.Enum(toolOutcomes, {
  description:
    'done; failed: by its own word; timeout: it gave nothing in time; cancelled: the turn was over first; unknown: there is no such tool; asked: the user is asked first; declined: the user did not say yes',
})
export type ToolOutcome = Static<typeof ToolOutcome>

/** One call of a tool: what was given to it and what it gave are not kept. */
export const ToolTimings = Type.Object({
  name: Type.String(),
  outcome: ToolOutcome,
  startedMs: ms('called, from speech end'),
  ms: Type.Number({ description: 'call to answer (milliseconds)' }),
})
export type ToolTimings = Static<typeof ToolTimings>

/** The other turn of a question that two combinations were asked. */
export const Pairing = Type.Object({
  pairId: Type.String({ description: 'UUIDv7; two rows have it' }),
  askedAs: Type.Integer({
    minimum: 1,
    maximum: 2,
    description: '1 of the one that was asked first, 2 of the other, once the first was over',
  }),
  goesOn: Type.Optional(
    Type.Boolean({ description: 'the conversation goes on with this answer; older records are without' }),
  ),
})
export type Pairing = Static<typeof Pairing>

export const TurnRecord = Type.Object({
  turnId: Type.String({ description: 'UUIDv7' }),
  sessionId: text('of the socket'),
  conversationId: Type.String(),
  startedAt: Type.String({ description: 'ISO 8601, UTC' }),
  source: Source,
  appVersion: Type.String(),
  replicaId: Type.Optional(
    Type.String({ description: 'REPLICA_ID of the server that answered; absent of one alone' }),
  ),
  outcome: Outcome,
  errorCode: text(
    'of a failed turn; of another empty_reply, or that of the voice where not all of the reply was spoken',
  ),
  fromSpeechEnd: FromSpeechEnd,
  speech: SpeechTimings,
  llm: LlmTimings,
  synthesis: SynthesisTimings,
  memory: MemoryFigures,
  speculation: nullable(Speculation),
  tools: Type.Optional(
    Type.Array(ToolTimings, { description: 'calls of tools, in their order; absent where there were none' }),
  ),
  pair: Type.Optional(Pairing),
})

export type FromSpeechEnd = Static<typeof FromSpeechEnd>
export type SpeechTimings = Static<typeof SpeechTimings>
export type LlmTimings = Static<typeof LlmTimings>
export type SynthesisTimings = Static<typeof SynthesisTimings>
export type MemoryFigures = Static<typeof MemoryFigures>
export type TurnRecord = Static<typeof TurnRecord>

/** What is kept with a record while `SAVE_TEXT` is on. */
export const TurnText = Type.Object({
  transcript: text('what was said or typed'),
  reply: text('what was answered'),
  heardText: text('the part of the reply that was heard'),
})
export type TurnText = Static<typeof TurnText>

/** A row of the record as `GET /v1/turns/:id` gives it. */
export const StoredTurn = Type.Object({ ...TurnRecord.properties, ...TurnText.properties })
export type StoredTurn = Static<typeof StoredTurn>
