import { seedOf, shuffled } from '../../shared/seeded.ts'
import type { LlmAnswer, LlmPosition, Observation } from '../observations.ts'
import { type AnswerBench, atModel } from './answers.ts'
import { type MeasuredArm, made, type Phase, type Step, type Unit, withNoiseArm } from './step.ts'

/** Cuts of one answer. */
export const POSITIONS_AN_ANSWER = 5
/** Answers of one unit: 25 requests a tag. */
const ANSWERS_AT_ONCE = 5

type Cut = { question: string; position: number; prefix: string }

/**
 * Teacher forcing: what every tag would say next after the same beginnings of the reference's answers, cut before a word. No chat
 * template: the question, an empty line, the answer, which is the same text for every tag of a family.
 */
export function positionPhase(bench: AnswerBench, share: number): Phase {
  return {
    name: 'llm',
    what: 'next tokens after the same text',
    share,
    units: async observed => {
      const families = Map.groupBy(bench.arms, arm => arm.family)
      const units: Unit[] = []
      for (const [family, arms] of families) {
        const reference = arms.find(arm => arm.reference === null)?.name ?? ''
        const noiseOf = bench.noiseOf === reference ? reference : null
        const answers = answersOf(reference, observed)
        for (let first = 0; first < answers.length; first += ANSWERS_AT_ONCE) {
          const some = answers.slice(first, first + ANSWERS_AT_ONCE)
          const cuts = some.flatMap(answer => cutsOf(answer, bench))
          const order = shuffled(withNoiseArm(arms, noiseOf), seedOf(bench.seed, 'positions', family, first))
          units.push({
            // With fewer answers it is another unit: an answer that came later has not been cut.
            id: `positions ${family} ${some.length} ${first}`,
            what: `beginnings of answers ${first + 1} to ${first + ANSWERS_AT_ONCE} of ${family}`,
            steps: order.map(arm => step(bench, arm, cuts)),
          })
        }
      }
      return units.toSorted((a, b) => unitOrder(a) - unitOrder(b))
    },
  }
}

/** Families take turns, so that a budget cuts all of them alike. */
const unitOrder = ({ id }: Unit) => Number(id.split(' ').at(-1))

function answersOf(reference: string, observed: readonly Observation[]): LlmAnswer[] {
  const first = new Map<string, LlmAnswer>()
  for (const line of observed) {
    if (line.kind !== 'llm-answer' || line.arm !== reference || line.noise || line.disturbed) continue
    if (!first.has(line.question)) first.set(line.question, line)
  }
  return [...first.values()]
}

function cutsOf({ question, text }: LlmAnswer, bench: AnswerBench): Cut[] {
  const asked = bench.questions.find(({ id }) => id === question)?.text ?? ''
  // Before each word but the first: the space before it belongs to its token.
  const starts = [...text.matchAll(/\s+(?=\S)/g)].map(({ index }, before) => ({
    index,
    position: before + 1,
  }))
  return shuffled(starts, seedOf('cuts', question))
    .slice(0, POSITIONS_AN_ANSWER)
    .toSorted((a, b) => a.position - b.position)
    .map(({ index, position }) => ({
      question,
      position,
      prefix: `${asked}\n\n${text.slice(0, index).trimStart()}`,
    }))
}

/** All cuts in one step: a tag is loaded for them once, and one request takes some 50 ms. */
function step(bench: AnswerBench, { name, noise }: MeasuredArm, cuts: Cut[]): Step {
  const { probe } = bench
  return {
    ...{ side: 'llm', arm: name, noise },
    what: `what ${name} says next`,
    measure: signal =>
      atModel(bench, name, signal, async () => {
        await probe.load(name, signal)
        const positions: LlmPosition[] = []
        for (const { question, position, prefix } of cuts) {
          const next = await probe.nextToken(prefix, name, signal)
          if (next === null) continue
          const of = { arm: name, round: 0, question, position }
          positions.push({ kind: 'llm-position', ...made(noise), ...of, ...next })
        }
        await probe.unload(name, signal)
        // One that is too old to tell likelihoods tells ends alone, which would all agree.
        return positions.some(({ top }) => top.length > 0) ? positions : []
      }),
  }
}
