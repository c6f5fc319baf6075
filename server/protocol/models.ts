import Type, { type Static } from 'typebox'
import { nullable } from './nullable.ts'

/** What `/v1/models/*`, `/v1/voices` and the pull streams say. */

export const ModelFit = Type.Object({
  neededBytes: Type.Integer({ description: 'memory that it takes loaded, with a context of 4096 tokens' }),
  fits: Type.Boolean({ description: 'into the memory of this machine, beside the rest of the server' }),
  tokensPerSecond: Type.Number({ description: 'on the processor' }),
  tokensPerSecondIs: Type.Enum(['measured', 'about', 'at-least', 'at-most'], {
    description:
      'measured of this model; or reckoned by its size: at least from a smaller one, about from a larger one, at most from the memory',
  }),
  tokensPerSecondFrom: nullable(
    Type.String({
      description: "the tag whose speed here it is, or was reckoned from; null: from the memory's bandwidth",
    }),
  ),
})
export type ModelFit = Static<typeof ModelFit>

export const LanguageModel = Type.Object({
  name: Type.String({ description: 'Ollama tag' }),
  family: nullable(Type.String()),
  parameterSize: nullable(Type.String()),
  quantization: nullable(Type.String()),
  sizeBytes: nullable(Type.Integer()),
  digest: nullable(Type.String()),
  installed: Type.Boolean(),
  loaded: Type.Boolean(),
  contextTokens: nullable(
    Type.Integer({
      description: 'context window that it is loaded with; another than NUM_CTX is loaded anew',
    }),
  ),
  residentBytes: nullable(Type.Integer()),
  gpuShare: nullable(Type.Number({ description: '0 to 1' })),
  remote: nullable(
    Type.Enum(['refused', 'allowed'], {
      description: 'it runs elsewhere, so what is said would leave this machine; null for one that does not',
    }),
  ),
  licence: Type.Optional(Type.String({ description: 'of its weights, where the catalog knows it' })),
  fit: Type.Optional(ModelFit),
})
export type LanguageModel = Static<typeof LanguageModel>

export const SpeechModel = Type.Object({
  name: Type.String({ description: 'catalog name, for instance whisper-tiny.en-q8_0' }),
  family: Type.String({ description: 'for instance whisper-tiny.en' }),
  parameterSize: nullable(Type.String()),
  quantization: Type.String(),
  sizeBytes: nullable(
    Type.Integer({ description: 'of the file; while it is not here, what the catalog knows of it' }),
  ),
  digest: nullable(Type.String({ description: 'sha256 of the file' })),
  installed: Type.Boolean(),
  loaded: Type.Boolean(),
  residentBytes: nullable(Type.Integer()),
  languages: Type.Enum(['english', 'multilingual']),
  licence: Type.Optional(Type.String({ description: 'of its weights' })),
  shipped: Type.Optional(
    Type.String({
      description:
        'precision in which the weights of its family are published, where that is known to be lower than 16 bits',
    }),
  ),
})
export type SpeechModel = Static<typeof SpeechModel>

export const Voice = Type.Object({
  name: Type.String({ description: 'for instance flite:slt' }),
  description: Type.String(),
  available: Type.Boolean(),
})
export type Voice = Static<typeof Voice>

export const WakeWordModel = Type.Object({
  name: Type.String({ description: 'what is said, for instance hey-jarvis' }),
  source: Type.Enum(['catalog', 'folder'], { description: 'folder: one of the operator, in WAKE_DIR' }),
  installed: Type.Boolean(),
  sizeBytes: nullable(Type.Integer()),
  licence: nullable(
    Type.String({ description: 'SPDX identifier; it has to be accepted before it is fetched' }),
  ),
  licenceUrl: nullable(Type.String()),
  licenceMeans: nullable(Type.String({ description: 'for who is asked to accept it, in a sentence or two' })),
})
export type WakeWordModel = Static<typeof WakeWordModel>

export const PullProgress = Type.Object({
  status: Type.String({ description: 'what is being done' }),
  completedBytes: nullable(Type.Integer()),
  totalBytes: nullable(Type.Integer()),
})
export type PullProgress = Static<typeof PullProgress>

export const Pull = Type.Object({
  kind: Type.Enum(['language', 'speech', 'wake']),
  name: Type.String(),
  progress: PullProgress,
  replicaId: Type.Optional(
    Type.String({ description: 'REPLICA_ID of the server that fetches it; absent of one alone' }),
  ),
})
export type Pull = Static<typeof Pull>

/** `GET /v1/models/pulls`. */
export const PullList = Type.Object({
  items: Type.Array(Pull),
  unseen: Type.Optional(
    Type.Object(
      { code: Type.String(), message: Type.String() },
      { description: 'why those of other servers that share the record are not among them' },
    ),
  ),
})
export type PullList = Static<typeof PullList>
