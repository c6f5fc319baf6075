import { QuantvoxError } from '../../errors.ts'
import { unknownLanguageModel } from '../../llm/models.ts'
import { isSameTag, listedTag } from '../../llm/tagNames.ts'
import { nearestHint, nearestNames } from '../../nearest.ts'
import type { LanguageModel, SpeechModel } from '../../protocol/models.ts'
import { withoutQuantization } from '../../shared/quantization.ts'
import type { LlmArm, SpeechArm } from '../observations.ts'

/**
 * The speech levels that names mean: a level by its whole name, or all installed levels of a family; best precision first.
 * @throws QuantvoxError `model_not_found` with the nearest names and the command that fetches the level
 */
export function speechArms(names: readonly string[], levels: readonly SpeechModel[]): SpeechArm[] {
  const chosen = new Set<SpeechModel>()
  for (const name of names) {
    const meant = levels.filter(level => level.name === name || level.family === name)
    const installed = meant.filter(level => level.installed)
    if (installed.length === 0) throw unknownSpeech(name, meant, levels)
    for (const level of installed) chosen.add(level)
  }
  const ordered = inOrder(chosen, level => level.family)
  return ordered.map(level => ({
    name: level.name,
    family: level.family,
    quantization: level.quantization,
    parameterSize: level.parameterSize,
    digest: level.digest,
    reference: referenceOf(level, ordered, ({ family }) => family),
    madeFrom: coarserSource(level),
  }))
}

/**
 * The same for Ollama tags. A name without its quantization means all installed tags that begin with it.
 * @param madeFrom the tag that a tag's weights were made from, by the catalog; null for none
 */
export function llmArms(
  names: readonly string[],
  installed: readonly LanguageModel[],
  madeFrom: (tag: string) => string | null,
): LlmArm[] {
  const chosen = new Set<LanguageModel>()
  for (const name of names) {
    const exact = installed.filter(tag => isSameTag(tag.name, name))
    const begun = installed.filter(tag => isOfFamily(tag.name, name) && tag.remote !== 'refused')
    const meant = exact.length > 0 ? exact : begun
    if (meant.length === 0) {
      throw unknownLanguageModel(
        name,
        installed.map(tag => tag.name),
      )
    }
    for (const tag of meant) chosen.add(tag)
  }
  const family = (tag: LanguageModel) => withoutQuantization(tag.name)
  const ordered = inOrder(chosen, family)
  return ordered.map(tag => ({
    name: tag.name,
    family: family(tag),
    quantization: tag.quantization,
    parameterSize: tag.parameterSize,
    digest: tag.digest,
    reference: referenceOf(tag, ordered, family),
    madeFrom: madeFrom(tag.name),
  }))
}

/** Families in the order in which they were named, the levels of each by precision, best first. */
function inOrder<T extends Sized>(chosen: ReadonlySet<T>, familyOf: (item: T) => string): T[] {
  const families = Map.groupBy(chosen, familyOf).values()
  return [...families].flatMap(family => family.sort((a, b) => precisionOf(b) - precisionOf(a)))
}

/** Whether a name without its quantization means this tag. */
export function isOfFamily(tag: string, name: string): boolean {
  const stem = listedTag(name).replace(/:latest$/, '')
  return [`${stem}-`, `${stem}:`].some(start => tag.toLowerCase().startsWith(start.toLowerCase()))
}

type Sized = Pick<LanguageModel, 'quantization' | 'sizeBytes'>

/** Orders by nominal bits, then by size on disk: q4_1 and q4_K_M both say four. */
function precisionOf({ quantization, sizeBytes }: Sized): number {
  return bitsIn(quantization) + (sizeBytes ?? 0) / 1e15
}

const bitsIn = (quantization: string | null) => Number(/\d+/.exec(quantization ?? '')?.[0] ?? 0)

/** What a level's weights are published in, where that has fewer bits: it can only be as good. */
const coarserSource = ({ shipped, quantization }: SpeechModel) =>
  shipped !== undefined && bitsIn(shipped) < bitsIn(quantization) ? shipped : null

function referenceOf<T extends { name: string }>(
  item: T,
  ordered: readonly T[],
  familyOf: (item: T) => string,
): string | null {
  const best = ordered.find(other => familyOf(other) === familyOf(item))
  return best === undefined || best === item ? null : best.name
}

function unknownSpeech(name: string, meant: readonly SpeechModel[], levels: readonly SpeechModel[]) {
  const isKnown = meant.length > 0
  const known = [...new Set(levels.flatMap(level => [level.family, level.name]))]
  return new QuantvoxError(
    'model_not_found',
    isKnown ? `The speech model "${name}" is not installed.` : `There is no speech model named "${name}".`,
    {
      meaning: isKnown
        ? 'A comparison fetches nothing, so that it measures what is here.'
        : nearestHint(name, known),
      mend: `Run "npx quantvox models pull ${meant[0]?.name ?? levelNamed(nearestNames(name, known), levels)}".`,
    },
  )
}

function levelNamed(nearest: string[], levels: readonly SpeechModel[]): string {
  const level = levels.find(({ name, family }) => nearest.includes(name) || nearest.includes(family))
  return level?.name ?? 'NAME'
}
