import Type, { type Static } from 'typebox'
import { Figure, Margins, Verdict } from './comparisonFigures.ts'
import { ComparisonRequest, ComparisonState } from './comparisons.ts'
import { nullable } from './nullable.ts'

/** The result of a comparison: `GET /v1/comparisons/:id`. */

export const ClipDiff = Type.Object({
  clip: Type.String(),
  reference: Type.String({ description: 'what was said' }),
  transcript: Type.String(),
  wordErrors: Type.Integer(),
  words: Type.Integer({ description: 'of the reference, normalized' }),
  diff: Type.Array(
    Type.Object({
      operation: Type.Enum(['equal', 'substitute', 'insert', 'delete']),
      reference: Type.String({ description: 'normalized words; empty for insert' }),
      transcript: Type.String({ description: 'normalized words; empty for delete' }),
    }),
  ),
})
export type ClipDiff = Static<typeof ClipDiff>

export const SpeechLevel = Type.Object({
  name: Type.String({ description: 'catalog name with its level' }),
  family: Type.String(),
  quantization: Type.String(),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String({ description: 'sha256 of the file' })),
  reference: nullable(
    Type.String({ description: 'the level that it is compared with; null: it is one itself' }),
  ),
  madeFrom: nullable(
    Type.String({
      description: 'the lower precision in which its weights are published: it is only as good as that',
    }),
  ),
  failures: Type.Integer({ description: 'decodings that failed' }),
  figures: Type.Object({
    fileBytes: Figure,
    bitsPerWeight: Figure,
    loadMs: Figure,
    residentBytes: Figure,
    inferenceMs: Figure,
    realTimeFactor: Figure,
    wordErrorRate: Figure,
    characterErrorRate: Figure,
    wordErrorRateToReference: Figure,
    notWorseShare: Figure,
    inventedWords: Figure,
    repeatedDecodingShare: Figure,
    cpuSecondsPerAudioSecond: Figure,
    joulesPerTurn: Figure,
  }),
  realTimeFactorByLength: Type.Array(
    Type.Object({
      fromSeconds: Type.Number(),
      belowSeconds: nullable(Type.Number()),
      figure: Figure,
    }),
  ),
  worstClips: Type.Array(ClipDiff),
})

export const Flips = Type.Object({
  bothRight: Type.Integer(),
  bothWrong: Type.Integer(),
  gained: Type.Integer({ description: 'right here, wrong with the reference' }),
  lost: Type.Integer({ description: 'wrong here, right with the reference' }),
  pValue: Type.Number({ description: 'exact McNemar test, two-sided' }),
})
export type Flips = Static<typeof Flips>

export const LlmTag = Type.Object({
  name: Type.String({ description: 'Ollama tag' }),
  family: Type.String(),
  quantization: nullable(Type.String()),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String()),
  reference: nullable(
    Type.String({ description: 'the tag that it is compared with; null: it is one itself' }),
  ),
  referenceSource: Type.Boolean({
    description:
      "a reference's weights were made from it: no verdict on accuracy, no part in the recommendation",
  }),
  failures: Type.Integer({ description: 'answers that failed' }),
  tensorTypes: Type.Array(
    Type.Object({ type: Type.String(), tensors: Type.Integer(), weights: Type.Integer() }),
  ),
  figures: Type.Object({
    fileBytes: Figure,
    bitsPerWeight: Figure,
    loadMs: Figure,
    residentBytes: Figure,
    gpuShare: Figure,
    promptTokensPerSecond: Figure,
    tokensPerSecond: Figure,
    firstTokenMs: Figure,
    firstClauseMs: Figure,
    timePerOutputTokenMs: Figure,
    outputTokens: Figure,
    exactMatchShare: Figure,
    firstDivergingToken: Figure,
    tokenAgreement: Figure,
    klTop20: Figure,
    checkedRight: Figure,
    cpuSecondsPerAnswer: Figure,
    joulesPerTurn: Figure,
  }),
  flips: nullable(Flips),
  divergences: Type.Array(
    Type.Object({ question: Type.String(), reference: Type.String(), answer: Type.String() }),
    { description: 'answers that differ most from those of the reference, soonest first' },
  ),
})

export const ComparedVoice = Type.Object({
  name: Type.String({ description: 'as GET /v1/voices names it' }),
  engine: nullable(Type.String({ description: 'which of ours speaks; null: another program' })),
  quantization: nullable(Type.String()),
  parameterSize: nullable(Type.String()),
  digest: nullable(Type.String({ description: 'sha256 of what it is made of' })),
  reference: nullable(
    Type.String({ description: 'the voice that it is compared with; null: it is that one' }),
  ),
  failures: Type.Integer({ description: 'texts that it failed to speak' }),
  figures: Type.Object({
    fileBytes: Figure,
    loadMs: Figure,
    residentBytes: Figure,
    firstAudioMs: Figure,
    firstSoundMs: Figure,
    realTimeFactor: Figure,
    wordErrorRate: Figure,
    characterErrorRate: Figure,
    notWorseShare: Figure,
  }),
  worstTexts: Type.Array(ClipDiff, { description: 'what was heard of the texts with most word errors' }),
})

export const Pair = Type.Object({
  name: Type.String({ description: 'speech level + tag, + voice where voices were compared' }),
  speech: Type.String(),
  llm: Type.String(),
  voice: nullable(Type.String({ description: 'null where voices were not compared' })),
  reference: nullable(
    Type.String({ description: 'the pair that it is compared with; null: it is that one' }),
  ),
  turns: Type.Integer(),
  failures: Type.Integer(),
  figures: Type.Object({
    residentBytes: Figure,
    turnDecidedMs: Figure,
    commitMs: Figure,
    transcriptMs: Figure,
    firstTokenMs: Figure,
    firstClauseMs: Figure,
    firstAudioMs: Figure,
    playbackStartedMs: Figure,
    replyDoneMs: Figure,
    changedTranscriptShare: Figure,
    changedAnswerShare: Figure,
    cpuSecondsPerTurn: Figure,
    joulesPerTurn: Figure,
  }),
})

export const Front = Type.Object({
  axes: Type.Array(
    Type.Object({
      figure: Type.String(),
      label: Type.String(),
      unit: Type.String(),
      better: Type.Enum(['lower', 'higher']),
    }),
  ),
  points: Type.Array(
    Type.Object({
      name: Type.String(),
      values: Type.Array(Type.Number(), { description: 'one per axis' }),
      dominated: Type.Boolean(),
      dominatedBy: Type.Array(Type.String()),
    }),
  ),
})
export type Front = Static<typeof Front>

export const FalseVerdict = Type.Object({ arm: Type.String(), figure: Type.String(), verdict: Verdict })
export const NoiseArm = Type.Object({
  speech: nullable(SpeechLevel),
  llm: nullable(LlmTag),
  voice: nullable(ComparedVoice),
  pair: nullable(Pair),
  tested: Type.Integer({ description: 'verdicts on the reference against itself' }),
  falseVerdicts: Type.Array(FalseVerdict, { description: 'those of them that are better or worse' }),
})

export const Recommendation = Type.Object({
  speech: nullable(Type.String()),
  llm: nullable(Type.String()),
  voice: nullable(Type.String()),
  reasons: Type.Array(Type.String()),
  sentence: Type.String(),
})

/** The machine and the programs that were measured. */
export const ComparisonEnvironment = Type.Object({
  appVersion: Type.String(),
  nodeVersion: Type.String(),
  platform: Type.String(),
  cpu: Type.String(),
  cpuFeatures: Type.Array(Type.String()),
  cores: Type.Integer({ description: 'that may be used, by affinity and CPU quotas' }),
  threads: Type.Object({ speech: nullable(Type.Integer()), llm: nullable(Type.Integer()) }),
  memoryBytes: Type.Integer(),
  gpu: nullable(Type.String()),
  energySource: nullable(
    Type.String({ description: 'RAPL, NVML or powermetrics; null: not measurable here' }),
  ),
  engines: Type.Array(
    Type.Object({ name: Type.String(), version: nullable(Type.String()), where: Type.String() }),
  ),
  settings: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
    {
      description: 'temperature, seed, numCtx, numPredict and what else was held fixed',
    },
  ),
})

const reasoned = Type.Object({ what: Type.String(), why: Type.String() })

export const ComparisonResult = Type.Object({
  id: Type.String(),
  state: ComparisonState,
  startedAt: Type.String(),
  finishedAt: nullable(Type.String()),
  request: ComparisonRequest,
  environment: ComparisonEnvironment,
  input: Type.Object({
    audio: Type.String({ description: 'where the clips are from' }),
    speechClips: Type.Integer({ description: 'that were heard; the budget may have cut some' }),
    nonspeechClips: Type.Integer(),
    referenceWords: Type.Integer({ description: 'normalized' }),
    questions: Type.Integer({ description: 'that were asked' }),
    checkedQuestions: Type.Integer(),
    texts: Type.Integer({ description: 'that were spoken' }),
    ear: nullable(Type.String({ description: 'the speech level that heard the voices' })),
    rounds: Type.Object({
      speech: Type.Integer(),
      llm: Type.Integer(),
      voices: Type.Integer(),
      pairs: Type.Integer(),
    }),
  }),
  margins: Margins,
  reference: Type.Object({
    speech: nullable(Type.String()),
    llm: nullable(Type.String()),
    voice: nullable(Type.String()),
  }),
  speech: Type.Array(SpeechLevel),
  llm: Type.Array(LlmTag),
  voices: Type.Array(ComparedVoice),
  pairs: Type.Array(Pair),
  noiseArm: NoiseArm,
  pareto: Type.Object({ speech: Front, llm: Front, voices: Front, pairs: Front }),
  recommendation: Recommendation,
  warnings: Type.Array(Type.String(), { description: 'what a reader must know before believing a figure' }),
  disturbed: Type.Object({
    observations: Type.Integer({ description: 'made while a live session ran; left out of timings' }),
    of: Type.Integer(),
  }),
  notMeasured: Type.Array(reasoned),
  cutByBudget: Type.Array(Type.String()),
  failures: Type.Array(reasoned, { description: 'what failed on the way' }),
})

export type SpeechLevel = Static<typeof SpeechLevel>
export type LlmTag = Static<typeof LlmTag>
export type ComparedVoice = Static<typeof ComparedVoice>
export type Pair = Static<typeof Pair>
export type NoiseArm = Static<typeof NoiseArm>
export type Recommendation = Static<typeof Recommendation>
export type ComparisonEnvironment = Static<typeof ComparisonEnvironment>
export type ComparisonResult = Static<typeof ComparisonResult>
