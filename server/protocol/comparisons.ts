import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'

/** `/v1/comparisons`: what is asked for, how far a run is, and what its event stream says. */

const names = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description,
    }),
  )

/** Bounds that a recommended model keeps. */
export const ComparisonLimits = Type.Object(
  {
    memoryBytes: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'resident memory of the speech model, the LLM and the voice together, as far as they are compared',
      }),
    ),
    firstTokenMs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'speech end to first token, by the decoding of a clip and the time to first token',
      }),
    ),
    wordErrorRateIncrease: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'percentage points of word error rate above the reference level',
      }),
    ),
  },
  { additionalProperties: false },
)
export type ComparisonLimits = Static<typeof ComparisonLimits>

export const ComparisonAudio = Type.Union(
  [
    Type.Literal('builtin'),
    Type.Literal('saved'),
    Type.Literal('mine'),
    Type.Literal('synthetic'),
    Type.Object(
      { directory: Type.String({ minLength: 1, maxLength: 4096 }) },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "builtin: the project's own clips; saved: turns kept by SAVE_AUDIO; mine: the sentences of /v1/my-voice, read aloud and kept; synthetic: sentences spoken by flite; or a directory below AUDIO_DIRS with a manifest.json of {file, text, kind}",
  },
)
export type ComparisonAudio = Static<typeof ComparisonAudio>

export const ComparisonRequest = Type.Object(
  {
    speechModels: names(
      'catalog names; one without a level means all its levels that are here or can be made of what is',
    ),
    llmModels: names('Ollama tags; one without a quantization means all its installed ones'),
    voices: names(
      'voices as GET /v1/voices names them; an engine alone, such as flite, means all its voices. The others are held against the first',
    ),
    pairs: Type.Optional(
      Type.Boolean({
        description: 'also whole spoken turns of what is best of each side together; default true',
      }),
    ),
    audio: Type.Optional(ComparisonAudio),
    rounds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, description: 'most rounds over all arms' }),
    ),
    budgetSeconds: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 86_400,
        description: 'the run ends by then and says what it cut',
      }),
    ),
    limits: Type.Optional(ComparisonLimits),
  },
  { additionalProperties: false },
)
export type ComparisonRequest = Static<typeof ComparisonRequest>

export const comparisonStates = ['queued', 'running', 'done', 'cancelled', 'failed', 'interrupted'] as const
export const ComparisonState = Type.Enum(comparisonStates, {
  description: 'interrupted: the server ended in the middle; what was observed is kept and the run can go on',
})
export type ComparisonState = Static<typeof ComparisonState>

export const comparisonPhases = ['prepare', 'speech', 'llm', 'voices', 'pairs', 'energy', 'judge'] as const
export const ComparisonProgress = Type.Object({
  phase: Type.Enum(comparisonPhases),
  what: Type.String({ description: 'what is being measured now' }),
  doneSteps: Type.Integer(),
  totalSteps: Type.Integer(),
  elapsedMs: Type.Number(),
  remainingMs: nullable(
    Type.Number({
      description:
        'by what the rest takes at the cost of its blocks so far, and by the budget; null when unknown',
    }),
  ),
})
export type ComparisonProgress = Static<typeof ComparisonProgress>

export const ComparisonError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  meaning: Type.Optional(Type.String()),
  mend: Type.Optional(Type.String()),
})
export type ComparisonError = Static<typeof ComparisonError>

/** An item of `GET /v1/comparisons`, and what `POST /v1/comparisons` answers. */
export const ComparisonStatus = Type.Object({
  id: Type.String({ description: 'UUIDv7' }),
  state: ComparisonState,
  startedAt: Type.String({ description: 'ISO 8601, UTC' }),
  finishedAt: nullable(Type.String()),
  request: ComparisonRequest,
  progress: nullable(ComparisonProgress),
  sentence: nullable(Type.String({ description: 'the recommendation in one sentence, once it is there' })),
  error: nullable(ComparisonError),
  replicaId: Type.Optional(
    Type.String({ description: 'REPLICA_ID of the server that made it; absent of one alone' }),
  ),
})
export type ComparisonStatus = Static<typeof ComparisonStatus>

export const ComparisonList = Type.Object({
  items: Type.Array(ComparisonStatus),
  unseen: Type.Optional(
    Type.Object(ComparisonError.properties, {
      description: 'why those of other servers that share the record are not among them',
    }),
  ),
})
export type ComparisonList = Static<typeof ComparisonList>

/** `GET /v1/comparisons/:id/events`, by event name; `done` or `error` is the last one. */
export const ComparisonEvent = Type.Union([
  Type.Object({ event: Type.Literal('progress'), data: ComparisonProgress }),
  Type.Object({
    event: Type.Literal('done'),
    data: Type.Object({ id: Type.String(), state: ComparisonState }),
  }),
  Type.Object({ event: Type.Literal('error'), data: ComparisonError }),
])
export type ComparisonEvent = Static<typeof ComparisonEvent>

export const comparisonFormats = ['json', 'csv', 'md', 'html'] as const
export const ComparisonQuery = Type.Object(
  { format: Type.Optional(Type.Enum(comparisonFormats)) },
  { additionalProperties: false },
)
export type ComparisonQuery = Static<typeof ComparisonQuery>

export const ComparisonParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100, description: 'id of the comparison' }),
})
export type ComparisonParams = Static<typeof ComparisonParams>
