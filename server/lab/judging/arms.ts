import type { FigureRule } from './figures.ts'
import type { Run } from './run.ts'

/** Names, unit and margin of one figure of an arm. */
export type Rule = (figure: string, unit: string) => FigureRule

/** The rules of an arm's figures; `arm` also decides the draws of their bootstraps. */
export const rulesOf =
  (run: Run, arm: string, noise: boolean): Rule =>
  (figure, unit) => ({ key: `${arm} ${noise} ${figure}`, unit, margin: run.plan.margins[figure] })

/** Reads the same of an arm and of its reference; the latter is null for a reference itself. */
export type Beside<Observed> = <T>(read: (observed: Observed) => T) => [own: T, reference: T | null]

export const besides =
  <Observed>(own: Observed, reference: Observed | null): Beside<Observed> =>
  read => [read(own), reference === null ? null : read(reference)]

/**
 * What was observed of an arm, and of its reference beside it; of the noise arm, beside the same arm's first measuring.
 * @param observe picks the observations of one arm
 */
export function besideReference<Observed>(
  run: Run,
  arm: { name: string; reference: string | null },
  noise: boolean,
  observe: (run: Run, name: string, noise: boolean) => Observed,
) {
  const own = observe(run, arm.name, noise)
  const referenceName = noise ? arm.name : arm.reference
  const reference = referenceName === null ? null : observe(run, referenceName, false)
  return {
    ...{ own, referenceName, reference },
    rule: rulesOf(run, arm.name, noise),
    both: besides(own, reference),
  }
}

/** Observations of one arm; `noise` takes the second measuring of the reference. */
export const isOfArm =
  (name: string, noise: boolean) =>
  (one: { arm: string | null; noise: boolean }): boolean =>
    one.arm === name && one.noise === noise
