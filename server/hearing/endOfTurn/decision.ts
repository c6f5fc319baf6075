import type { EndpointingPreset } from '../../protocol/socketClient.ts'
import type { WordEnd } from './words.ts'

/** Silence in milliseconds after which a turn ends that is surely, likely, and hardly over. */
export type Patience = { sureMs: number; likelyMs: number; hardlyMs: number }

export const presets: Record<EndpointingPreset, Patience> = {
  fast: { sureMs: 230, likelyMs: 800, hardlyMs: 1500 },
  balanced: { sureMs: 400, likelyMs: 800, hardlyMs: 1500 },
  patient: { sureMs: 400, likelyMs: 1000, hardlyMs: 2500 },
}

/**
 * Log odds that the words add to those of the voice. These and the bounds were chosen on 44 utterances with a pause of 300 to 1500 ms put
 * into them, half of the speakers of bench:turntaking, simulated with a transcript 450 ms after the pause was found.
 */
const WORD_WEIGHTS: Record<WordEnd, number> = { closed: 2, weak: -1, open: -4 }
const SURE = 3.5
const LIKELY = -1

/** What is known of a pause by now: of its sound, and of its words where they are recognized. */
export type Evidence = { probability: number; words: WordEnd | null }

/** Silence after which a turn with such a pause is over. */
export function endsAfterMs(
  { probability, words }: Evidence,
  { sureMs, likelyMs, hardlyMs }: Patience,
): number {
  const score = Math.log(probability / (1 - probability)) + (words === null ? 0 : WORD_WEIGHTS[words])
  if (score > SURE) return sureMs
  return score > LIKELY ? likelyMs : hardlyMs
}
