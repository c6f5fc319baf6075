import type { ComparisonLimits } from '../../../protocol/comparisons.ts'
import { timingFigure } from '../figures.ts'
import type { Measured } from '../measured.ts'
import type { Enough } from './enough.ts'

/** A level, a tag or a voice that may be recommended. */
export type Candidate = {
  name: string
  /** Times to hear each clip, to a first clause of each answer, or to a first sound of each text. */
  times: readonly Measured[]
  /** Medians; null where not measured. */
  timeMs: number | null
  firstTokenMs: number | null
  memoryBytes: number | null
  /** Percentage points that it lies behind the reference in accuracy, below 0 ahead of it; null where not known. */
  lossPoints: number | null
  /** Why its accuracy rules it out; null when it does not. */
  objection: string | null
  /** What is known of its accuracy, a sentence about it. */
  accuracy: string
  /** Whether it is as accurate as the reference by observations enough to tell, or just not shown to be worse; `thin` is never recommended. */
  evidence: 'reference' | 'shown' | 'not-shown' | 'thin'
  /** Of thin evidence: what would be enough; null where nothing was observed that could tell. */
  enough: Enough | null
}

/** How much slower than the fastest counts as just as fast. */
const SAME_TIME = 0.05

/** Time of one as a ratio to that of another, over the clips or questions that both have. */
export const timeBeside = (own: Candidate, other: Candidate) =>
  timingFigure(own.times, other.times, { unit: 'ms', margin: undefined })

/**
 * Candidates that accuracy does not rule out, best first: those that take no more than 5 % longer than the fastest come
 * first, by memory; then the others by time. Times are held against the first candidate's, clip by clip: medians of
 * different clips, where one failed or was cut, would compare the clips.
 */
export function ranked(candidates: readonly Candidate[]): Candidate[] {
  const common = candidates.find(({ timeMs }) => timeMs !== null)
  if (common === undefined) return []
  const ratio = (candidate: Candidate) =>
    candidate === common ? 1 : (timeBeside(candidate, common).ratioToReference ?? Number.POSITIVE_INFINITY)
  const timed = candidates
    .filter(({ objection, timeMs }) => objection === null && timeMs !== null)
    .map(candidate => ({ candidate, ratio: ratio(candidate) }))
    .sort((a, b) => a.ratio - b.ratio)
    .map(({ candidate }) => candidate)
  const fastest = timed[0]
  if (fastest === undefined) return []
  const asFast = (candidate: Candidate) =>
    candidate === fastest || (timeBeside(candidate, fastest).ratioToReference ?? 2) <= 1 + SAME_TIME
  const { true: leading = [], false: rest = [] } = Object.groupBy(timed, candidate => `${asFast(candidate)}`)
  const memory = ({ memoryBytes }: Candidate) => memoryBytes ?? Number.POSITIVE_INFINITY
  return [...leading.sort((a, b) => memory(a) - memory(b)), ...rest]
}

export type Choice = { speech: Candidate | null; llm: Candidate | null; voice: Candidate | null }

/** Which limits a choice breaks; a limit on what was not measured is broken, since nothing says that it is kept. */
export function brokenLimits(
  { speech, llm, voice }: Choice,
  limits: ComparisonLimits,
  pairFirstTokenMs: (speech: string, llm: string) => number | null,
): ('memoryBytes' | 'firstTokenMs')[] {
  const total = (read: (candidate: Candidate) => number | null): number =>
    [speech, llm, voice].reduce(
      (sum, candidate) => sum + (candidate === null ? 0 : (read(candidate) ?? Number.POSITIVE_INFINITY)),
      0,
    )
  const broken: ('memoryBytes' | 'firstTokenMs')[] = []
  if (limits.memoryBytes !== undefined && total(({ memoryBytes }) => memoryBytes) > limits.memoryBytes) {
    broken.push('memoryBytes')
  }
  if (limits.firstTokenMs !== undefined) {
    const measured = speech && llm && pairFirstTokenMs(speech.name, llm.name)
    const firstTokenMs = measured ?? total(({ firstTokenMs }) => firstTokenMs)
    if (firstTokenMs > limits.firstTokenMs) broken.push('firstTokenMs')
  }
  return broken
}

/**
 * The best of all sides that keep the limits together: of all choices that do, the one whose ranks add up to least.
 * Null when no choice keeps them. A side without candidates is left out.
 */
export function chooseTogether(
  speech: readonly Candidate[],
  llm: readonly Candidate[],
  voices: readonly Candidate[],
  limits: ComparisonLimits,
  pairFirstTokenMs: (speech: string, llm: string) => number | null,
): Choice | null {
  const orNone = (side: readonly Candidate[]) => (side.length === 0 ? [null] : side)
  const choices = orNone(speech).flatMap((level, i) =>
    orNone(llm).flatMap((tag, j) =>
      orNone(voices).map((voice, k) => ({ speech: level, llm: tag, voice, rank: i + j + k })),
    ),
  )
  const kept = choices
    .sort((a, b) => a.rank - b.rank)
    .find(choice => brokenLimits(choice, limits, pairFirstTokenMs).length === 0)
  return kept === undefined ? null : { speech: kept.speech, llm: kept.llm, voice: kept.voice }
}
