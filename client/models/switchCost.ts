import type { Static } from 'typebox'
import type {
  Configured as ConfiguredSchema,
  ModelCost as ModelCostSchema,
} from '../../server/protocol/socketServer.ts'
import { bytes, duration } from '../figures.ts'
import { voiceInWords } from './voiceSelect.ts'

export type Configured = Static<typeof ConfiguredSchema>
export type ModelChoice = { llmModel?: string; speechModel?: string; voice?: string }
type ModelCost = Static<typeof ModelCostSchema>

/** What a switch cost, a sentence for each model; empty where no model was switched. */
export function switchCost({ llm, speech }: Pick<Configured, 'llm' | 'speech'>): string {
  return [llm, speech].flatMap(cost => (cost === undefined ? [] : [costOf(cost)])).join(' ')
}

function costOf({ name, loadMs, residentBytesBefore, residentBytesAfter, evicted }: ModelCost): string {
  const load = loadMs === null ? 'was loaded already' : `loaded in ${duration(loadMs)}`
  const grown = residentBytesAfter === null ? 0 : residentBytesAfter - (residentBytesBefore ?? 0)
  // Figures of a running process move by themselves; below a megabyte there is nothing to tell.
  const memory = Math.abs(grown) < 1e6 ? '' : `, ${grown > 0 ? '+' : '−'}${bytes(Math.abs(grown))}`
  const gone = evicted.length === 0 ? '' : `; ${evicted.join(', ')} had to go`
  return `${name} ${load}${memory}${gone}.`
}

/** What was chosen, for a sentence. */
export function choiceInWords({ llmModel, speechModel, voice }: ModelChoice): string {
  const parts = [llmModel, speechModel, voice === undefined ? undefined : voiceInWords(voice)]
  return parts.filter(part => part !== undefined).join(', ')
}
