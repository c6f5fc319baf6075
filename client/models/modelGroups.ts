import type { LanguageModel, SpeechModel } from '../../server/protocol/models.ts'
import { levelName, quantizationIn, withoutQuantization } from '../../server/shared/quantization.ts'

/** One quantization level of a model, of either kind. `gpuShare` is undefined where the kind has none. */
export type Level = {
  name: string
  level: string
  sizeBytes: number | null
  installed: boolean
  loaded: boolean
  residentBytes: number | null
  gpuShare?: number | null
  /** Runs on somebody else's machine, and may be used or not; null or undefined where it runs here. */
  remote?: LanguageModel['remote']
  /** What is to be expected of it here. */
  fit?: LanguageModel['fit']
}

/** The levels of one model, most bytes first, whether here or not: what is fetched or removed stays where it was. */
export type LevelGroup = {
  family: string
  parameterSize: string | null
  licence: string | null
  levels: Level[]
}

/** By name: the server lists what is here first, and no table may move because something came or went. */
export function languageGroups(models: readonly LanguageModel[]): LevelGroup[] {
  const groups = grouped(
    models,
    ({ name }) => withoutQuantization(name),
    model => ({
      ...levelOf(model, levelOfTag(model)),
      gpuShare: model.gpuShare,
      remote: model.remote,
      ...(model.fit && { fit: model.fit }),
    }),
  )
  return groups.toSorted((a, b) => a.family.localeCompare(b.family, 'en'))
}

export function speechGroups(models: readonly SpeechModel[]): LevelGroup[] {
  return grouped(
    models,
    ({ family }) => family,
    model => levelOf(model, levelName(model.quantization)),
  )
}

/** A name that ends in none may be of a model whose level Ollama tells. */
function levelOfTag({ name, quantization }: LanguageModel): string {
  return levelName(quantizationIn(name) ?? quantization) ?? name.split(':')[1] ?? ''
}

/** The level of a model as the page names it; of one that is not among them by its name. */
export function levelNamed(groups: readonly LevelGroup[], name: string | null): string | null {
  const known = groups.flatMap(({ levels }) => levels).find(level => level.name === name)
  if (known !== undefined || name === null) return known?.level || name
  return levelName(quantizationIn(name) ?? name)
}

/** Can be chosen now. */
export const isUsable = ({ installed, remote }: Level): boolean => installed && remote !== 'refused'

/**
 * The next level of the same model that can be used, of more bytes (`up`) or of fewer. Null at the end, and where the model is not
 * among them.
 */
export function steppedLevel(
  groups: readonly LevelGroup[],
  name: string | null,
  direction: 'up' | 'down',
): string | null {
  const group = groups.find(({ levels }) => levels.some(level => level.name === name))
  const usable = group?.levels.filter(isUsable) ?? []
  const at = usable.findIndex(level => level.name === name)
  return at < 0 ? null : (usable[direction === 'up' ? at - 1 : at + 1]?.name ?? null)
}

function levelOf(model: LanguageModel | SpeechModel, level: string): Level {
  const { name, sizeBytes, installed, loaded, residentBytes } = model
  return { name, level, sizeBytes, installed, loaded, residentBytes }
}

function grouped<M extends LanguageModel | SpeechModel>(
  models: readonly M[],
  familyOf: (model: M) => string,
  asLevel: (model: M) => Level,
): LevelGroup[] {
  const groups = new Map<string, LevelGroup>()
  for (const model of models) {
    const family = familyOf(model)
    const group = groups.get(family) ?? { family, parameterSize: null, licence: null, levels: [] }
    groups.set(family, group)
    group.parameterSize ??= model.parameterSize
    group.licence ??= model.licence ?? null
    group.levels.push(asLevel(model))
  }
  for (const { levels } of groups.values()) {
    levels.sort((a, b) => (b.sizeBytes ?? 0) - (a.sizeBytes ?? 0))
  }
  return [...groups.values()]
}
