import type { TurnRecord } from '../protocol/record.ts'

/** Values of the labels of a turn. A label is kept for ever, so what a client may write freely never becomes one. */
type ModelLabels = { llm_model: string; speech_model: string }

/** A turn without that model, for instance a typed one. */
const NONE = 'none'
/** A name that no model here has, or one too many. */
const OTHER = 'other'

/** Each pair brings a set of histograms for each outcome: about 700 lines of a scrape. */
const MOST_PAIRS = 32

/**
 * The two models of a turn as labels. A name counts once a model by that name was found, which its digest proves, or
 * where the operator set it; of the pairs the first `mostPairs` are told apart.
 */
export function createModelLabels(configured: (string | null)[], mostPairs = MOST_PAIRS) {
  const real = new Set<string | null>(configured)
  const pairs = new Set<string>()

  const labelOf = ({ model, digest }: { model: string | null; digest: string | null }): string => {
    if (model === null) return NONE
    if (digest !== null && real.size < 2 * mostPairs) real.add(model)
    return real.has(model) ? model : OTHER
  }

  return ({ llm, speech }: Pick<TurnRecord, 'llm' | 'speech'>): ModelLabels => {
    const labels = { llm_model: labelOf(llm), speech_model: labelOf(speech) }
    const pair = JSON.stringify(labels)
    if (!pairs.has(pair) && pairs.size === mostPairs) return { llm_model: OTHER, speech_model: OTHER }
    pairs.add(pair)
    return labels
  }
}
