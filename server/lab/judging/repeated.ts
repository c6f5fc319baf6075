import type { Figure } from '../../protocol/comparisonFigures.ts'
import type { EnergyBatch } from '../observations.ts'
import { type FigureRule, timingFigure } from './figures.ts'
import type { Measured } from './measured.ts'

/** Values of what a run does again and again, without what a live session disturbed. */
export function undisturbed<T extends { round: number; disturbed: boolean; block?: number }>(
  observations: readonly T[],
  of: (observation: T) => string,
  read: (observation: T) => number | null,
): Measured[] {
  return observations.flatMap(observation => {
    const value = observation.disturbed ? null : read(observation)
    if (value === null) return []
    const { round, block } = observation
    return [{ of: of(observation), round, value, ...(block === undefined ? {} : { block }) }]
  })
}

/** Cold loads; each is a thing of its own, since nothing else is shared by those of a round. */
export const loadTimes = (loads: readonly { round: number; disturbed: boolean; loadMs: number | null }[]) =>
  undisturbed(
    loads,
    ({ round }) => String(round),
    ({ loadMs }) => loadMs,
  )

/** Joules of a turn over those of an idle machine, of each batch. */
export function energyFigure(
  own: readonly EnergyBatch[],
  reference: readonly EnergyBatch[] | null,
  rule: Omit<FigureRule, 'key'>,
): Figure {
  const perTurn = (batches: readonly EnergyBatch[]) =>
    batches
      .filter(({ disturbed }) => !disturbed)
      .map(({ joules, idleWatts, seconds, turns }, i) => ({
        of: String(i),
        round: 0,
        value: (joules - idleWatts * seconds) / turns,
      }))
  return timingFigure(perTurn(own), reference && perTurn(reference), rule)
}
