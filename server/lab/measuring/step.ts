import type { ComparisonProgress } from '../../protocol/comparisons.ts'
import type { Failure, Observation } from '../observations.ts'

/** By which the gates in front of the engines know a comparison. */
export const OWNER = 'comparison'

/** One measurement, short enough to be thrown away and made again when a live turn came into it. */
export type Step = {
  side: Failure['side']
  /** Level, tag, or pair by its name. */
  arm: string | null
  noise: boolean
  /** What is measured, for people. */
  what: string
  measure(signal: AbortSignal): Promise<Observation[]>
}

/**
 * Work that is done whole or not at all, the same for every arm: wherever a budget ends, all arms have had the same.
 * `id` is unique in a run and the same when the run is resumed.
 */
export type Unit = { id: string; what: string; steps: Step[] }

export type Phase = {
  name: ComparisonProgress['phase']
  /** What it makes, for the list of what was cut: "rounds of answers". */
  what: string
  /** Part of the budget; 0 is for what is only done with time left over. */
  share: number
  /** Milliseconds of its first unit, where they are known before. */
  firstUnitMs?: number
  /** In the order in which they are done; what comes last is cut first. Made when its turn comes, from what was observed so far. */
  units(observed: readonly Observation[], signal: AbortSignal): Promise<Unit[]>
  /** Frees what a unit that was not done to its end, or an arm that was given up in it, left running. */
  end?(): Promise<void>
}

/** What every observation begins with. */
export const made = (noise: boolean) => ({ at: new Date().toISOString(), noise, disturbed: false })

/** `block` is what an arm did in one process; the same number has been the same work of every arm. */
export type When = { round: number; block: number }

export type MeasuredArm = { name: string; noise: boolean }

/** The arms, and the one that is measured once more. */
export function withNoiseArm(arms: readonly { name: string }[], noiseOf: string | null): MeasuredArm[] {
  const plain = arms.map(({ name }) => ({ name, noise: false }))
  return noiseOf === null ? plain : [...plain, { name: noiseOf, noise: true }]
}

/** Tells an arm and its second, separate measuring apart. */
export const armKey = ({ arm, noise }: Pick<Step, 'arm' | 'noise'>) =>
  `${arm ?? ''}${noise ? ' (again)' : ''}`
