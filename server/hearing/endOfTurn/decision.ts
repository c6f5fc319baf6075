import type { EndRule, TextState } from '../../protocol/record.ts'
import type { EndpointingPreset } from '../../protocol/socketClient.ts'

/** Silence in milliseconds after which a turn ends that is surely, likely, and hardly over. */
export type Patience = { sureMs: number; likelyMs: number; hardlyMs: number }

export const presets: Record<EndpointingPreset, Patience> = {
  fast: { sureMs: 224, likelyMs: 600, hardlyMs: 1500 },
  balanced: { sureMs: 320, likelyMs: 700, hardlyMs: 1500 },
  patient: { sureMs: 512, likelyMs: 1000, hardlyMs: 2500 },
}

/** What is known of a pause by now; null where it is not. */
export type Evidence = {
  /** That the voice ends here, 0 to 1. */
  probability: number | null
  /** What the last word says. */
  textState: TextState | null
  /** That the words can end here, by the language model, 0 to 1. */
  endsHere: number | null
}

/**
 * Both scores are sums of log odds and logarithms, with bounds above which a turn is surely and likely over. Where the language model has
 * told whether the words can end there, that says more than all else. Chosen on 104 utterances of one half of the speakers of
 * bench:turntaking (docs/architecture.md has the figures of the other).
 */
const byModel = { model: 2, voice: 0.25, words: { closed: 0, weak: 0, open: -3 }, sure: -3, likely: -5 }
const byVoice = { words: { closed: 1, weak: 0, open: -4 }, sure: 3, likely: -3 }
/** Nothing is held for less likely than this, nor the voice's end for surer. */
const LEAST_SHARE = 0.003
const LEAST_DOUBT = 0.001

/** Silence after which a turn with such a pause is over, and by which rule; null where nothing is known of it. */
export function endsAfter(
  { probability, textState, endsHere }: Evidence,
  patience: Patience,
): { decidedBy: EndRule; afterMs: number } | null {
  const voice = probability === null ? null : logOdds(probability)
  const said = textState ?? 'weak'
  if (endsHere !== null) {
    const model = byModel.model * Math.log(Math.max(endsHere, LEAST_SHARE))
    return ruleOf(model + byModel.voice * (voice ?? 0) + byModel.words[said], byModel, patience)
  }
  return voice === null ? null : ruleOf(voice + byVoice.words[said], byVoice, patience)
}

function ruleOf(
  score: number,
  { sure, likely }: { sure: number; likely: number },
  { sureMs, likelyMs, hardlyMs }: Patience,
): { decidedBy: EndRule; afterMs: number } {
  if (score > sure) return { decidedBy: 'sure', afterMs: sureMs }
  if (score > likely) return { decidedBy: 'likely', afterMs: likelyMs }
  return { decidedBy: 'hardly', afterMs: hardlyMs }
}

function logOdds(probability: number): number {
  const share = Math.min(1 - LEAST_DOUBT, Math.max(LEAST_DOUBT, probability))
  return Math.log(share / (1 - share))
}
