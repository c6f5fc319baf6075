import { toQuantvoxError } from '../../errors.ts'
import { isSameTag } from '../../llm/tagNames.ts'
import type { SpeechModel } from '../../protocol/models.ts'
import type { LabDependencies } from '../dependencies.ts'
import { isOfFamily } from '../measuring/arms.ts'

/** What the other levels of a family are made of. */
const UNQUANTIZED = 'f16'

export type Named = { speech: readonly string[]; llm: readonly string[]; voices: readonly string[] }

/** Whether a level is here, or is made in seconds of what is here. */
export const canBeHad = ({ family, installed }: SpeechModel, levels: readonly SpeechModel[]): boolean =>
  installed ||
  levels.some(level => level.family === family && level.quantization === UNQUANTIZED && level.installed)

/**
 * Makes the levels and tags of the named families that are not installed of what is here; fetches nothing.
 * @param doing is told what is being made
 * @returns those that cannot be made, and why
 */
export async function makeMissing(
  named: Named,
  lab: LabDependencies,
  doing: (what: string) => void,
  signal: AbortSignal,
): Promise<{ what: string; why: string }[]> {
  const levels = await lab.speechModels()
  const missingLevels = levels.filter(
    ({ name, family, installed }) =>
      !installed && (named.speech.includes(family) || named.speech.includes(name)),
  )
  const tags = named.llm.length === 0 ? [] : await missingTags(named.llm, lab, signal)
  const wanted = [
    ...missingLevels.map(level => ({
      name: level.name,
      make: async () =>
        canBeHad(level, levels) && (await lab.stages.speechLevel(level.name, signal)) !== null,
    })),
    ...tags.map(name => ({ name, make: () => lab.makeLanguageModel(name, signal) })),
  ]
  const missing: { what: string; why: string }[] = []
  for (const { name, make } of wanted) {
    doing(`making ${name}`)
    const why = await make().then(
      made => (made ? null : 'what it would be made of is not here'),
      (error: unknown) => {
        signal.throwIfAborted()
        return toQuantvoxError(error).message
      },
    )
    if (why !== null) {
      const mend = `"npx quantvox models pull ${name}" gets it.`
      missing.push({ what: name, why: `It is not installed: ${why.replace(/\.$/, '')}. ${mend}` })
    }
  }
  return missing
}

/** Tags of the catalog that the names mean and that are not installed; a name that is an installed tag means only that. */
async function missingTags(names: readonly string[], lab: LabDependencies, signal: AbortSignal) {
  const installed = new Set((await lab.languageModels(signal)).map(({ name }) => name))
  const families = names.filter(name => ![...installed].some(tag => isSameTag(tag, name)))
  return lab.languageTags().filter(tag => !installed.has(tag) && families.some(name => isOfFamily(tag, name)))
}
