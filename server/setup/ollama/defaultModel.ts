import { dirname } from 'node:path'
import Type, { type Static } from 'typebox'
import { Check } from 'typebox/value'
import { defaultSystemPrompt } from '../../conversation/systemPrompt.ts'
import { machineMemory } from '../../engines/memory.ts'
import { usableCores, withheldTo } from '../../engines/usableCores.ts'
import { jsonIfThere } from '../../files/readJson.ts'
import { respond } from '../../llm/respond.ts'
import { type Ask, measureSpeed, type Speed } from '../../llm/speed.ts'
import { isSameTag } from '../../llm/tagNames.ts'
import { nullable } from '../../protocol/nullable.ts'
import { fitsMemory } from '../../shared/modelFit.ts'
import { cachePaths, ensureDirectory, writeFileAtomically } from '../cache.ts'
import { catalog } from '../catalog.ts'
import { untilCalm } from '../speed/calm.ts'
import { reporter, type SetupContext } from '../types.ts'
import { ensureLanguageModel, registryHas } from './language.ts'
import type { Languages } from './tags.ts'

/** A first token later than this makes a conversation drag, whatever comes after it. */
const FIRST_TOKEN_WITHIN_MS = 400

/** How long a calm moment is waited for: no longer than what a first start builds takes, and hardly at a later one, which builds nothing. */
const FIRST_CALM_WITHIN_MS = 240_000
const CALM_WITHIN_MS = 10_000

/** What was measured on this CPU, and what came of it. */
const Choice = Type.Object({
  smallest: Type.String(),
  speed: Type.Object({
    firstTokenMs: Type.Number(),
    promptEvalMs: Type.Number(),
    tokensPerSecond: Type.Number(),
  }),
  chosen: Type.String(),
  predictedMs: Type.Number(),
  /** Of the chosen model itself, once it was there. */
  measuredMs: nullable(Type.Number()),
  measuredTokensPerSecond: Type.Optional(Type.Number()),
})
type Choice = Static<typeof Choice>

type How = {
  languages?: Languages
  /** Gets the smallest model. */
  ensure?(tag: string): Promise<void>
  measure?(tag: string, ollamaUrl: string, calmWithinMs: number, signal: AbortSignal): Promise<Speed | null>
}

/**
 * The tag to talk to where none was set: one that is installed, else by whether Ollama reaches its registry. That is asked of Ollama
 * itself, by a pull that is left as soon as a manifest came: it may have a way out that we have not. Where it does not, the largest
 * that can be made and whose first token is predicted within 400 ms, from ten seconds with the smallest, which is fetched for it.
 * @param installed the preferred ones first
 * @param ollamaUrl null for one that is to be asked for nothing: then any model that it has comes before one that it has not
 */
export async function chooseDefaultLanguageModel(
  installed: string[],
  ollamaUrl: string | null,
  context: SetupContext,
  how: How = {},
): Promise<string> {
  const languages = how.languages ?? catalog.language
  const { withRegistry, withoutRegistry, larger } = languages.defaults
  const has = (tag: string) => installed.some(name => isSameTag(name, tag))
  if (has(withRegistry)) return withRegistry
  const here = [...larger.map(({ tag }) => tag), withoutRegistry].find(has)
  if (ollamaUrl === null) return here ?? installed[0] ?? withRegistry
  const known = await readChoice(context.cacheDir, languages)
  if (known !== null) return known.chosen
  if (here !== undefined && (here !== withoutRegistry || larger.length === 0)) return here
  if (await registryHas(withRegistry, ollamaUrl, context.signal)) return here ?? withRegistry
  if (larger.length === 0) return withoutRegistry
  const calmWithinMs = here === undefined ? FIRST_CALM_WITHIN_MS : CALM_WITHIN_MS
  return await chooseBySpeed(languages, ollamaUrl, calmWithinMs, context, how)
}

async function chooseBySpeed(
  languages: Languages,
  ollamaUrl: string,
  calmWithinMs: number,
  context: SetupContext,
  { ensure, measure = measureCalmly }: How,
): Promise<string> {
  const { withoutRegistry: smallest, larger } = languages.defaults
  await (ensure?.(smallest) ?? ensureLanguageModel(smallest, ollamaUrl, context, languages))
  reporter(context, smallest)('measuring how fast this machine answers')
  const speed = await measure(smallest, ollamaUrl, calmWithinMs, context.signal)
  if (speed === null) return smallest
  const sizes = new Map(languages.recipes.flatMap(({ tags }) => tags.map(tag => [tag.tag, tag.sizeBytes])))
  const fast = larger
    .map(({ tag, promptWork }) => ({ tag, ms: predicted(speed, promptWork) }))
    .find(({ tag, ms }) => ms <= FIRST_TOKEN_WITHIN_MS && fitsMemory(sizes.get(tag) ?? 0, machineMemory()))
  const chosen = fast ?? { tag: smallest, ms: speed.firstTokenMs }
  await writeChoice(context.cacheDir, {
    ...{ smallest, speed, chosen: chosen.tag, predictedMs: chosen.ms, measuredMs: null },
  })
  return chosen.tag
}

/** What reading the question takes grows with the model; the rest is Ollama's own. */
const predicted = ({ firstTokenMs, promptEvalMs }: Speed, promptWork: number): number =>
  firstTokenMs + promptEvalMs * (promptWork - 1)

/** Setup's own, where no place at the model need be waited for: nobody talks before there is a model. */
async function measureCalmly(
  tag: string,
  ollamaUrl: string,
  calmWithinMs: number,
  signal: AbortSignal,
): Promise<Speed | null> {
  await untilCalm(calmWithinMs, signal)
  const options = {
    ...{ model: tag, numCtx: 4096, numThread: withheldTo(usableCores()), keepAlive: null },
    ...{ temperature: 0, seed: 1 },
  }
  const ask: Ask = (messages, maxTokens, until) =>
    respond(ollamaUrl, messages, { ...options, maxTokens }, until)
  return measureSpeed(ask, defaultSystemPrompt, signal)
}

/**
 * Measures a model that was chosen by prediction, once: a sentence where its first token comes later than it should, null else, and
 * for every other model.
 */
export async function checkChoice(
  tag: string,
  ask: Ask,
  { cacheDir, signal }: Pick<SetupContext, 'cacheDir' | 'signal'>,
  languages: Languages = catalog.language,
): Promise<string | null> {
  const choice = await readChoice(cacheDir, languages)
  const isDue =
    choice !== null &&
    (choice.measuredMs === null || choice.measuredTokensPerSecond === undefined) &&
    choice.chosen !== choice.smallest &&
    isSameTag(choice.chosen, tag)
  if (!isDue) return null
  const speed = await measureSpeed(ask, defaultSystemPrompt, signal)
  if (speed === null) return null
  await writeChoice(cacheDir, {
    ...choice,
    measuredMs: speed.firstTokenMs,
    measuredTokensPerSecond: speed.tokensPerSecond,
  })
  if (speed.firstTokenMs <= FIRST_TOKEN_WITHIN_MS) return null
  const [ms, predictedMs] = [speed.firstTokenMs, choice.predictedMs].map(Math.round)
  return `${tag} takes ${ms} ms to its first token (predicted: ${predictedMs}); it stays. "LLM_MODEL=${choice.smallest}" answers sooner and knows less.`
}

/** What was measured on this CPU with the smallest model, and with the one that was chosen by it. */
export async function measuredModels(
  cacheDir: string,
  languages: Languages = catalog.language,
): Promise<{ tag: string; tokensPerSecond: number }[]> {
  const choice = await readChoice(cacheDir, languages)
  if (choice === null) return []
  const { smallest, speed, chosen, measuredTokensPerSecond: ofChosen } = choice
  return [
    { tag: smallest, tokensPerSecond: speed.tokensPerSecond },
    ...(ofChosen === undefined ? [] : [{ tag: chosen, tokensPerSecond: ofChosen }]),
  ]
}

/** Null also where it is of another catalog, whose models it can say nothing of. */
async function readChoice(cacheDir: string, { defaults }: Languages): Promise<Choice | null> {
  const note = await jsonIfThere(cachePaths(cacheDir).languageChoice)
  if (!Check(Choice, note) || note.smallest !== defaults.withoutRegistry) return null
  return [note.smallest, ...defaults.larger.map(({ tag }) => tag)].includes(note.chosen) ? note : null
}

async function writeChoice(cacheDir: string, choice: Choice): Promise<void> {
  const path = cachePaths(cacheDir).languageChoice
  await ensureDirectory(dirname(path))
  await writeFileAtomically(path, `${JSON.stringify(choice)}\n`)
}
