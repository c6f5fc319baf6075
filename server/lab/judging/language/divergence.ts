import type { LlmPosition } from '../../observations.ts'
import type { Measured } from '../measured.ts'

type Logged = LlmPosition['top']

/** What is left to tokens outside the lists is never certain to be nothing: logprobs are rounded. */
const smallestRemainder = 1e-9

/**
 * Kullback-Leibler divergence of the next-token distribution `own` from `reference`, in nats, as far as two lists of the
 * most likely tokens show it: over the tokens that are in both lists, and one bucket for all others. Joining tokens
 * into one bucket can only lower the divergence (the log sum inequality; Cover and Thomas, Elements of Information
 * Theory, 2nd ed. 2006, theorem 2.7.1), so this is a lower bound, and not to be compared with figures over whole
 * vocabularies. 0 for the same list.
 */
export function klTop20(reference: Logged, own: Logged): number {
  const expected = probabilities(reference)
  const found = probabilities(own)
  let divergence = 0
  let expectedRest = 1
  let foundRest = 1
  for (const [token, p] of expected) {
    const q = found.get(token)
    if (q === undefined) continue
    divergence += p * Math.log(p / q)
    expectedRest -= p
    foundRest -= q
  }
  if (expectedRest > smallestRemainder) {
    divergence += expectedRest * Math.log(expectedRest / Math.max(foundRest, smallestRemainder))
  }
  return Math.max(0, divergence)
}

/** By token; tokens that read the same (pieces of one character's bytes) are one. */
function probabilities(top: Logged): Map<string, number> {
  const byToken = new Map<string, number>()
  for (const { token, logprob } of top) {
    byToken.set(token, (byToken.get(token) ?? 0) + Math.exp(logprob))
  }
  return byToken
}

/**
 * What both arms make of the same prefixes of the reference's answers: whether they go on with the same token (100 or
 * 0; to end the text there is a choice like any token), and the divergence, where both have likelihoods. Clustered by
 * question, whose positions are not independent.
 */
export function positionFigures(
  own: readonly LlmPosition[],
  reference: readonly LlmPosition[],
): { agreement: Measured[]; divergence: Measured[] } {
  const place = ({ round, question, position }: LlmPosition) => JSON.stringify([round, question, position])
  const expected = new Map(reference.map(position => [place(position), position]))
  const agreement: Measured[] = []
  const divergence: Measured[] = []
  for (const position of own) {
    const other = expected.get(place(position))
    if (other === undefined) continue
    const { question: of, round } = position
    agreement.push({ of, round, value: position.chosen === other.chosen ? 100 : 0 })
    if (position.top.length > 0 && other.top.length > 0) {
      divergence.push({ of, round, value: klTop20(other.top, position.top) })
    }
  }
  return { agreement, divergence }
}
