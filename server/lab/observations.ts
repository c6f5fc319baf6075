import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { Margins } from '../protocol/comparisonFigures.ts'
import { ComparisonEnvironment } from '../protocol/comparisonResult.ts'
import { ComparisonRequest, ComparisonState } from '../protocol/comparisons.ts'
import { nullable } from '../protocol/nullable.ts'
import { TurnRecord } from '../protocol/record.ts'
import { Clip, Question, SpokenText } from './input.ts'

/**
 * What a run writes down, one JSON object a line: first its plan, then every observation as it is made. The file is
 * all that judging needs, so a run that broke off goes on from it and an old one can be judged again.
 */

const ms = Type.Number({ minimum: 0 })
const count = Type.Integer({ minimum: 0 })
const cpuSeconds = nullable(
  Type.Number({ minimum: 0, description: 'CPU time that the processes of the engine took; null if unknown' }),
)

export const SpeechArm = Type.Object({
  name: Type.String({ description: 'catalog name with its level' }),
  family: Type.String(),
  quantization: Type.String(),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String()),
  reference: nullable(Type.String({ description: 'highest precision of its family; null: this is it' })),
  madeFrom: Type.Optional(
    nullable(
      Type.String({ description: 'lower precision in which its weights are published; older runs lack it' }),
    ),
  ),
})
export type SpeechArm = Static<typeof SpeechArm>

export const LlmArm = Type.Object({
  name: Type.String({ description: 'Ollama tag' }),
  family: Type.String({
    description: 'tags of one family have one tokenizer and the same weights but for rounding',
  }),
  quantization: nullable(Type.String()),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String()),
  reference: nullable(Type.String({ description: 'highest precision of its family; null: this is it' })),
  madeFrom: nullable(
    Type.String({
      description: 'tag of lower precision that its weights were made from (models/catalog.json)',
    }),
  ),
})
export type LlmArm = Static<typeof LlmArm>

export const VoiceArm = Type.Object({
  name: Type.String({ description: 'as GET /v1/voices names it' }),
  engine: nullable(Type.String({ description: 'which of ours speaks; null: another program' })),
  quantization: nullable(Type.String()),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String()),
  reference: nullable(Type.String({ description: 'the first voice; null: this is it' })),
})
export type VoiceArm = Static<typeof VoiceArm>

/** Absent where no voice is compared. */
export const VoicePlan = Type.Object({
  arms: Type.Array(VoiceArm, { minItems: 1 }),
  texts: Type.Array(SpokenText, { description: 'what they speak' }),
  ear: Type.String({ description: 'the speech level that hears them' }),
})
export type VoicePlan = Static<typeof VoicePlan>

export const Plan = Type.Object({
  kind: Type.Literal('plan'),
  id: Type.String(),
  startedAt: Type.String(),
  request: ComparisonRequest,
  environment: ComparisonEnvironment,
  margins: Margins,
  audio: Type.String({ description: 'where the clips are from, in words' }),
  clips: Type.Array(Clip),
  questions: Type.Array(Question),
  speech: Type.Array(SpeechArm),
  llm: Type.Array(LlmArm),
  voices: Type.Optional(VoicePlan),
  reference: Type.Object(
    { speech: nullable(Type.String()), llm: nullable(Type.String()) },
    { description: 'of the first family of each side; the noise arm is this one once more' },
  ),
})
export type Plan = Static<typeof Plan>

/** `noise` marks the second, separate measuring of the reference. */
const made = {
  at: Type.String({ description: 'ISO 8601, UTC' }),
  noise: Type.Boolean(),
  disturbed: Type.Boolean({
    description: 'a live session ran meanwhile, or somebody had the model loaded anew',
  }),
}
/** `arm` is a level or tag by its name; rounds count from 0. */
const ofArm = { ...made, arm: Type.String(), round: count }

const block = Type.Integer({
  minimum: 0,
  description: 'what an arm did in one process; the same number was the same work of every arm',
})

export const SpeechLoad = Type.Object({
  kind: Type.Literal('speech-load'),
  ...ofArm,
  loadMs: ms,
  residentBytes: nullable(count),
  fileBytes: nullable(count),
  bitsPerWeight: nullable(Type.Number({ minimum: 0 })),
})

export const SpeechDecode = Type.Object({
  kind: Type.Literal('speech-decode'),
  ...ofArm,
  block,
  clip: Type.String(),
  transcript: Type.String(),
  queueMs: ms,
  inferenceMs: Type.Number({ minimum: 0, description: 'encoding and decoding, all passes' }),
  audioMs: ms,
  passes: count,
  cpuSeconds,
})

export const LlmLoad = Type.Object({
  kind: Type.Literal('llm-load'),
  ...ofArm,
  loadMs: ms,
  residentBytes: nullable(count),
  gpuShare: nullable(Type.Number({ minimum: 0, maximum: 1 })),
  fileBytes: nullable(count),
  bitsPerWeight: nullable(Type.Number({ minimum: 0, description: 'by the real types of the tensors' })),
  tensorTypes: Type.Array(
    Type.Object({
      type: Type.String(),
      tensors: count,
      weights: Type.Integer({ minimum: 0, description: 'elements of these tensors together' }),
    }),
  ),
})

export const LlmAnswer = Type.Object({
  kind: Type.Literal('llm-answer'),
  ...ofArm,
  block,
  question: Type.String(),
  text: Type.String(),
  pieces: Type.Array(Type.String(), { description: 'the text as it was streamed, a token each' }),
  timeToFirstTokenMs: nullable(ms),
  totalMs: nullable(ms),
  loadMs: nullable(ms),
  promptTokens: nullable(count),
  cachedPromptTokens: nullable(count),
  promptEvalMs: nullable(ms),
  uniqueStart: Type.Boolean({
    description: 'its prompt shares no first token with the one before: nothing of it came from the cache',
  }),
  outputTokens: nullable(count),
  evalMs: nullable(ms),
  doneReason: nullable(Type.String()),
  cpuSeconds,
})

const LoggedToken = Type.Object({ token: Type.String(), logprob: Type.Number({ maximum: 0.001 }) })

/** The next token after a prefix of the reference's answer, whatever the arm would have said before it. */
export const LlmPosition = Type.Object({
  kind: Type.Literal('llm-position'),
  ...ofArm,
  question: Type.String(),
  position: Type.Integer({ minimum: 0, description: "words of the reference's answer before it" }),
  chosen: nullable(Type.String({ description: 'token; null: the tag would end its text here' })),
  top: Type.Array(LoggedToken, {
    maxItems: 20,
    description: 'most likely first, natural logarithms; of an end Ollama tells none',
  }),
})

/** From the start of a voice's process until it is warm, and its memory once it has spoken. */
export const VoiceLoad = Type.Object({
  kind: Type.Literal('voice-load'),
  ...ofArm,
  loadMs: nullable(ms),
  residentBytes: nullable(count),
  fileBytes: nullable(count),
})

/** One text as a turn has it spoken: cut into clauses, these one after the other. */
export const VoiceSpoken = Type.Object({
  kind: Type.Literal('voice-spoken'),
  ...ofArm,
  block,
  text: Type.String({ description: 'id' }),
  firstAudioMs: ms,
  silentMs: Type.Number({ minimum: 0, description: 'silence that the audio begins with' }),
  totalMs: ms,
  audioMs: ms,
  transcript: nullable(Type.String({ description: 'of the ear; null: it was not heard this time' })),
})

const { outcome, fromSpeechEnd, memory } = TurnRecord.properties
const judgedOfTurn = { outcome, fromSpeechEnd, memory }

export const PairTurn = Type.Object({
  kind: Type.Literal('pair-turn'),
  ...made,
  round: count,
  speech: Type.String(),
  llm: Type.String(),
  voice: Type.Optional(
    nullable(Type.String({ description: 'null where voices are not compared; older runs lack it' })),
  ),
  clip: Type.String(),
  record: Type.Object(judgedOfTurn, { description: 'the whole record, of which this is judged' }),
  transcript: Type.String(),
  reply: Type.String(),
  cpuSeconds,
})

/** At least 60 s of the same work without a pause, and the idle power of the machine before it. */
export const EnergyBatch = Type.Object({
  kind: Type.Literal('energy'),
  ...made,
  side: Type.Enum(['speech', 'llm', 'pair']),
  arm: Type.String({ description: 'level, tag, or what pairName() joins' }),
  seconds: Type.Number({ exclusiveMinimum: 0 }),
  turns: Type.Integer({ minimum: 1, description: 'clips, answers or turns in the batch' }),
  joules: Type.Number({ minimum: 0 }),
  idleWatts: Type.Number({ minimum: 0 }),
  source: Type.String(),
})

export const Failure = Type.Object({
  kind: Type.Literal('failure'),
  ...made,
  side: Type.Enum(['speech', 'llm', 'voice', 'pair', 'run']),
  arm: nullable(Type.String()),
  what: Type.String({ description: 'what was being done' }),
  why: Type.String(),
  code: Type.String(),
})

export const NotMeasured = Type.Object({
  kind: Type.Literal('not-measured'),
  what: Type.String(),
  why: Type.String(),
})
export const Cut = Type.Object({ kind: Type.Literal('cut'), what: Type.String() })
export const Resumed = Type.Object({ kind: Type.Literal('resumed'), at: Type.String() })
export const Ended = Type.Object({
  kind: Type.Literal('ended'),
  at: Type.String(),
  state: ComparisonState,
  elapsedMs: Type.Optional(Type.Number({ description: 'of the run, all its parts together' })),
})

export const Observation = Type.Union([
  Plan,
  SpeechLoad,
  SpeechDecode,
  LlmLoad,
  LlmAnswer,
  LlmPosition,
  VoiceLoad,
  VoiceSpoken,
  PairTurn,
  EnergyBatch,
  Failure,
  NotMeasured,
  Cut,
  Resumed,
  Ended,
])
export type SpeechLoad = Static<typeof SpeechLoad>
export type SpeechDecode = Static<typeof SpeechDecode>
export type LlmLoad = Static<typeof LlmLoad>
export type LlmAnswer = Static<typeof LlmAnswer>
export type LlmPosition = Static<typeof LlmPosition>
export type VoiceLoad = Static<typeof VoiceLoad>
export type VoiceSpoken = Static<typeof VoiceSpoken>
export type PairTurn = Static<typeof PairTurn>
export type EnergyBatch = Static<typeof EnergyBatch>
export type Failure = Static<typeof Failure>
export type Observation = Static<typeof Observation>

const observation = Compile(Observation)

/** True for what a line of a run may be; a line cut short by a crash or a full disk is none. */
export const isObservation = (value: unknown): value is Observation => observation.Check(value)

/** What turns are made of: a level, a tag and, where voices are compared, one of them. */
export type Together = { speech: string; llm: string; voice?: string | null }

/** Name of a pair, as `energy.arm` and the result have it. */
export const pairName = ({ speech, llm, voice }: Together) =>
  [speech, llm, voice].filter(name => typeof name === 'string').join(' + ')
