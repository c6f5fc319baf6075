import { isAbort, toQuantvoxError } from '../../errors.ts'
import type { ComparisonProgress, ComparisonState } from '../../protocol/comparisons.ts'
import type { LabDependencies } from '../dependencies.ts'
import type { Observation, Plan } from '../observations.ts'
import { execute } from './execute.ts'
import type { Header, RunFiles } from './files.ts'
import { prepare } from './prepare.ts'

/** What the reason of a run's signal is when a person cancelled it; any other is the end of the server. */
export class Cancelled extends Error {}

/**
 * One run, from where it is: a new one from its beginning, an interrupted one from the first step that it has not done. Ends `done`,
 * `cancelled` or `failed`, with a result of all that was observed; or rejects with the signal's reason when the server ends, and can go on
 * later. A cancelled run is judged all the same.
 */
export async function runComparison(
  header: Header,
  files: RunFiles,
  lab: LabDependencies,
  progress: (progress: ComparisonProgress) => void,
  signal: AbortSignal,
  serverEnds: AbortSignal,
): Promise<Header> {
  const { id, startedAt, request } = header
  const recovered = await files.recover()
  const earlierMs = recovered.marks.at(-1)?.elapsedMs ?? 0
  const begunAt = performance.now()
  const elapsedMs = () => earlierMs + performance.now() - begunAt
  const recorded = recovered.observations.find((line): line is Plan => line.kind === 'plan') ?? null
  const mark = (step: string) => ({ step, phase: 'run', ms: 0, elapsedMs: elapsedMs() })
  const tell = (phase: ComparisonProgress['phase'], what: string) =>
    progress({ phase, what, doneSteps: 0, totalSteps: 0, elapsedMs: elapsedMs(), remainingMs: null })

  let state: ComparisonState = 'done'
  let error: Header['error'] = null
  const failed = (thrown: unknown) => {
    const known = toQuantvoxError(thrown)
    if (known.code === 'internal') lab.log.error({ err: thrown, id }, 'a comparison failed')
    const { code, message, meaning, mend } = known
    state = 'failed'
    error = {
      code,
      message,
      ...(meaning === undefined ? {} : { meaning }),
      ...(mend === undefined ? {} : { mend }),
    }
  }

  try {
    tell('prepare', 'reading what to compare')
    const doing = (what: string) => tell('prepare', what)
    const observationsFile = files.observationsPath
    const preparation = { doing, id, startedAt, request, observationsFile, recorded }
    const prepared = await prepare(preparation, lab, signal)
    try {
      if (recorded === null) {
        const told = prepared.notMeasured.map((line): Observation => ({ kind: 'not-measured', ...line }))
        await files.add([prepared.plan, ...told], mark('plan'))
      } else await files.add([{ kind: 'resumed', at: new Date().toISOString() }], mark('resumed'))
      await execute({
        phases: prepared.phases,
        files,
        recovered: recorded === null ? { observations: [prepared.plan], marks: [] } : recovered,
        budgetMs: request.budgetSeconds === undefined ? null : request.budgetSeconds * 1000,
        elapsedMs,
        underWay: lab.stages.underWay,
        progress,
        log: lab.log,
        signal,
      })
    } finally {
      await prepared.close()
      if (!signal.aborted || signal.reason instanceof Cancelled) await prepared.restore()
    }
  } catch (thrown) {
    if (!isAbort(thrown, signal)) failed(thrown)
    else if (signal.reason instanceof Cancelled) state = 'cancelled'
    else throw thrown
  }

  tell('judge', 'judging what was observed')
  const finishedAt = new Date().toISOString()
  let sentence: string | null = null
  try {
    await files.add([{ kind: 'ended', at: finishedAt, state, elapsedMs: elapsedMs() }], mark('ended'))
    const result = await lab.judge(files.observationsPath, serverEnds)
    sentence = result.recommendation.sentence
    await files.writeResult(result)
  } catch (thrown) {
    serverEnds.throwIfAborted()
    // What ended the run is worth more than what followed from it.
    if (error === null) failed(thrown)
  }
  return { ...header, state, error, sentence, finishedAt }
}
