import type { FigureRule } from './figures.ts'
import type { Run } from './run.ts'

/** Names, unit and margin of one figure of an arm. */
export type Rule = (figure: string, unit: string) => FigureRule

/** The rules of an arm's figures; `arm` also decides the draws of their bootstraps. */
export const rulesOf =
  (run: Run, arm: string, noise: boolean): Rule =>
  (figure, unit) => ({ key: `${arm} ${noise} ${figure}`, unit, margin: run.plan.margins[figure] })

/** Reads the same of an arm and of its reference; the latter is null for a reference itself. */
export const besides =
  <Observed>(own: Observed, reference: Observed | null) =>
  <T>(read: (observed: Observed) => T): [own: T, reference: T | null] => [
    read(own),
    reference === null ? null : read(reference),
  ]

/** Observations of one arm; `noise` takes the second measuring of the reference. */
export const isOfArm =
  (name: string, noise: boolean) =>
  (one: { arm: string | null; noise: boolean }): boolean =>
    one.arm === name && one.noise === noise
