import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ComparisonProgress } from '../../protocol/comparisons.ts'
import type { TurnsUnderWay } from '../../session/underWay.ts'
import { armKey, made, type Phase, type Step, type Unit } from '../measuring/step.ts'
import type { Failure, Observation } from '../observations.ts'
import { createBudget, type Pass } from './budget.ts'
import { type Calm, whenCalm } from './calm.ts'
import type { Mark, RunFiles } from './files.ts'

export type Execution = {
  phases: readonly Phase[]
  files: Pick<RunFiles, 'add'>
  /** Of an earlier part of the run; empty for a new one. */
  recovered: { observations: Observation[]; marks: Mark[] }
  budgetMs: number | null
  /** Milliseconds of the whole run so far, earlier parts included. */
  elapsedMs(): number
  underWay: TurnsUnderWay
  progress(progress: ComparisonProgress): void
  log: Log
  signal: AbortSignal
}

/** A live session that never pauses must not hold a run up for ever: what was disturbed so often is kept as disturbed. */
const MAX_REPEATS = 5
/** An arm that fails so often in a row is given up. */
const MAX_FAILURES = 4

type MakeFailure = (what: string, why: string, code: string) => Failure
type Progress = { phase: Phase; units: Unit[] }

/**
 * Does the units of all phases as far as the budget goes, the first of each before any second one, and writes down what they observe. A
 * step that fails is tried once more and written down; an arm that is gone, or fails again and again, is left out from then on.
 * @throws the signal's reason, and `internal` when nothing can be written any more
 */
export async function execute(execution: Execution): Promise<void> {
  const { phases, files, recovered, elapsedMs, underWay, signal } = execution
  const observed = [...recovered.observations]
  const done = new Set(recovered.marks.map(mark => mark.step))
  const budget = createBudget(execution.budgetMs, elapsedMs)
  const gone = new Set<string>()
  const failuresInARow = new Map<string, number>()
  const begun: Progress[] = phases.map(phase => ({ phase, units: [] }))

  async function write(lines: Observation[], mark?: Omit<Mark, 'observationBytes'>): Promise<void> {
    await files.add(lines, mark)
    observed.push(...lines)
  }

  const isDone = (unit: Unit) => stepsLeft(unit) === 0
  const stepsLeft = (unit: Unit) =>
    unit.steps.filter(step => !done.has(keyOf(unit, step)) && !gone.has(step.arm ?? '')).length

  function tell(phase: Phase, what: string): void {
    const units = begun.flatMap(progress => progress.units)
    const totalSteps = units.reduce((sum, { steps }) => sum + steps.length, 0)
    const doneSteps = totalSteps - units.reduce((sum, unit) => sum + stepsLeft(unit), 0)
    const remainingMs = budget.remainingMs(
      begun.map(one => [one.phase, one.units.filter(unit => !isDone(unit)).length] as const),
    )
    execution.progress({
      phase: phase.name,
      what,
      doneSteps,
      totalSteps,
      elapsedMs: elapsedMs(),
      remainingMs,
    })
  }

  async function attempt(step: Step): Promise<Calm<Observation[]> | QuantvoxError> {
    try {
      return await whenCalm(underWay, calm => step.measure(calm), signal)
    } catch (error) {
      signal.throwIfAborted()
      execution.log.warn({ err: error, arm: step.arm, what: step.what }, 'a step of a comparison failed')
      return toQuantvoxError(error)
    }
  }

  async function runStep(step: Step, key: string, phase: Phase): Promise<void> {
    const { side, arm, noise, what } = step
    const startedAt = performance.now()
    const mark = () => {
      const ms = performance.now() - startedAt
      return { step: key, phase: phase.what, ms, elapsedMs: elapsedMs() }
    }
    const failure = (whatFailed: string, why: string, code: string): Failure => {
      return { kind: 'failure', ...made(noise), side, arm, what: whatFailed, why, code }
    }
    let [failures, repeats] = [0, 0]
    for (;;) {
      const outcome = await attempt(step)
      if (outcome instanceof QuantvoxError) {
        const lines = [failure(what, outcome.line, outcome.code), ...leaveOut(step, outcome, failure)]
        failures++
        const isOver = failures > 1 || gone.has(arm ?? '')
        await write(lines, isOver ? mark() : undefined)
        if (isOver) return
        continue
      }
      const { disturbed, value } = outcome
      const lines = (value ?? []).map(line =>
        'disturbed' in line ? { ...line, disturbed: line.disturbed || disturbed } : line,
      )
      if (value === null) lines.push({ ...failure(what, 'A live turn came first.', 'disturbed'), disturbed })
      else failuresInARow.delete(arm ?? '')
      const isOver = !disturbed || ++repeats > MAX_REPEATS
      await write(lines, isOver ? mark() : undefined)
      if (isOver) return
    }
  }

  /** Counts what fails of an arm; says so where nothing more is asked of it. */
  function leaveOut({ arm }: Step, { code }: QuantvoxError, failure: MakeFailure): Failure[] {
    if (arm === null) return []
    const inARow = (failuresInARow.get(arm) ?? 0) + 1
    failuresInARow.set(arm, inARow)
    const isMissing = code === 'model_not_found'
    if (!isMissing && inARow < MAX_FAILURES) return []
    gone.add(arm)
    const why = isMissing ? 'It is no longer there.' : `It failed ${inARow} times in a row.`
    return [failure(`everything else of ${arm}`, why, code)]
  }

  /** False where the budget ended in it. */
  async function runUnit(unit: Unit, phase: Phase, isFirst: boolean): Promise<boolean> {
    const startedAt = performance.now()
    let worked = false
    for (const step of unit.steps) {
      signal.throwIfAborted()
      const key = keyOf(unit, step)
      if (done.has(key) || gone.has(step.arm ?? '')) continue
      tell(phase, step.what)
      // A unit that takes far longer than those before it must not run past the end; the first one is what every arm must have.
      if (worked && !isFirst && (budget.leftMs() ?? 1) <= 0) return false
      worked = true
      await runStep(step, key, phase)
      done.add(key)
    }
    if (worked) budget.spent(phase, performance.now() - startedAt)
    return true
  }

  /** Units in their order, one or as many as the pass allows. */
  async function runSome({ phase, units }: Progress, pass: Pass): Promise<void> {
    for (const [index, unit] of units.entries()) {
      if (isDone(unit)) continue
      if (!budget.allows(phase, pass) || !(await runUnit(unit, phase, index === 0))) break
      if (pass === 'opening') break
    }
    await phase.end?.()
  }

  for (const pass of ['opening', 'share', 'rest'] as const) {
    for (const [index, progress] of begun.entries()) {
      signal.throwIfAborted()
      if (pass === 'share') budget.begin(progress.phase, phases.slice(index + 1))
      // What comes later depends on what was observed: made anew when there is more of it, the same steps with the same keys.
      if (pass !== 'rest') progress.units = await progress.phase.units(observed, signal)
      await runSome(progress, pass)
    }
  }
  const cuts = begun.filter(({ units }) => !units.every(isDone))
  await write(cuts.map(progress => ({ kind: 'cut', what: cutText(progress, isDone) })))
}

/** By what it measures, not by its place: a phase that makes its units anew may have more arms. */
const keyOf = (unit: Unit, step: Step) => `${unit.id} ${armKey(step)} ${step.what}`

function cutText({ phase, units }: Progress, isDone: (unit: Unit) => boolean): string {
  const left = units.filter(unit => !isDone(unit))
  return `${phase.what}: ${left.length} of ${units.length} blocks, from "${left[0]?.what ?? ''}" on`
}
