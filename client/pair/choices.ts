import type { CompareWith } from '../../server/protocol/turns.ts'
import type { LevelGroup } from '../models/modelGroups.ts'

/** What answers a question. */
export type Choice = { llmModel: string; speechModel: string }

export type Groups = { speech: LevelGroup[]; language: LevelGroup[] }

/** The levels of a model that are here and may be used. */
export const usableNames = ({ levels }: LevelGroup): string[] =>
  levels.filter(({ installed, remote }) => installed && !remote).map(({ name }) => name)

/** Of the models in use the level that is most worth asking beside it: another of the same model, else of the same speech family, else another model. */
export function otherChoice(groups: Groups, { llmModel, speechModel }: Choice): Choice {
  const beside = (all: LevelGroup[], name: string) => {
    const own = all.map(usableNames).find(names => names.includes(name)) ?? []
    return own.find(other => other !== name)
  }
  const [tag, level] = [beside(groups.language, llmModel), beside(groups.speech, speechModel)]
  if (tag !== undefined) return { llmModel: tag, speechModel }
  if (level !== undefined) return { llmModel, speechModel: level }
  const names = groups.language.flatMap(usableNames)
  return { llmModel: names.find(name => name !== llmModel) ?? llmModel, speechModel }
}

/** What the second is asked with where it differs from the first; null where it does not. */
export function comparedWith(chosen: Choice, compared: Choice, isSpoken: boolean): CompareWith | null {
  const differing = {
    ...(compared.llmModel === chosen.llmModel ? {} : { llmModel: compared.llmModel }),
    // Nobody hears a typed question.
    ...(!isSpoken || compared.speechModel === chosen.speechModel
      ? {}
      : { speechModel: compared.speechModel }),
  }
  return Object.keys(differing).length === 0 ? null : differing
}
