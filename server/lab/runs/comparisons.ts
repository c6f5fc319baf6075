import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { untilAborted, within } from '../../abort.ts'
import { createGate } from '../../engines/gate.ts'
import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import { makePrivate } from '../../files/privateFiles.ts'
import type { ComparisonResult } from '../../protocol/comparisonResult.ts'
import type {
  ComparisonEvent,
  ComparisonProgress,
  ComparisonRequest,
  ComparisonStatus,
} from '../../protocol/comparisons.ts'
import { isOver } from '../../shared/comparisons.ts'
import type { LabDependencies } from '../dependencies.ts'
import { allowedFolder } from '../measuring/audioFolder.ts'
import { choose } from './choose.ts'
import { type Header, type RunFiles, runFiles, runIdsIn } from './files.ts'
import { Cancelled, runComparison } from './run.ts'

export type Comparisons = Awaited<ReturnType<typeof openComparisons>>

type Run = {
  header: Header
  files: RunFiles
  progress: ComparisonProgress | null
  control: AbortController
  /** Settles with the next progress and at the end. */
  changed: PromiseWithResolvers<void>
  done: Promise<void>
}

/** One of them runs; each of the others may be hours away. */
const MOST_UNDER_WAY = 10
/** A step that is being measured ends at once when it is told to; one that does not must not keep the server from stopping. */
const STOPPED_WITHIN_MS = 5_000

const folderIn = (dataDir: string) => join(dataDir, 'comparisons')

/** All comparisons of a data directory. Those that a stopped server left are `interrupted`. */
export async function openComparisons(lab: LabDependencies) {
  const folder = folderIn(lab.dataDir)
  makePrivate(folder)
  const runs = new Map<string, Run>()
  const stopping = new AbortController()
  let tail: Promise<void> = Promise.resolve()

  const filesOf = (id: string) => runFiles(join(folder, id), lab.append)

  function keep(header: Header): Run {
    const run: Run = {
      header,
      files: filesOf(header.id),
      progress: null,
      control: new AbortController(),
      changed: Promise.withResolvers(),
      done: Promise.resolve(),
    }
    runs.set(header.id, run)
    return run
  }

  for (const id of await runIdsIn(folder)) {
    const header = await filesOf(id).readHeader()
    if (header === null) continue
    keep(isOver(header) ? header : { ...header, state: 'interrupted' })
  }

  /** Each takes a thread for seconds, whoever asks for it: one at a time, and whoever asks for the same joins it. */
  const judgments = createGate()
  const judging = new Map<string, Promise<ComparisonResult>>()

  async function judge({ observationsPath }: RunFiles): Promise<ComparisonResult> {
    const { leave } = await judgments.enter('', stopping.signal)
    return await lab.judge(observationsPath, stopping.signal).finally(leave)
  }

  function judgedOnce({ header: { id }, files }: Run): Promise<ComparisonResult> {
    const result = judging.get(id) ?? judge(files).finally(() => judging.delete(id))
    judging.set(id, result)
    return result
  }

  function tell(run: Run): void {
    run.changed.resolve()
    run.changed = Promise.withResolvers()
  }

  async function change(run: Run, change: Partial<Header>): Promise<void> {
    run.header = { ...run.header, ...change }
    // A full disk must not keep a run from ending; after the next start its header says less than it knew.
    await run.files.writeHeader(run.header).catch((error: unknown) => {
      lab.log.error({ err: error, id: run.header.id }, 'the state of a comparison could not be saved')
    })
    tell(run)
  }

  async function work(run: Run): Promise<void> {
    if (isOver(run.header)) return
    const { control, files } = run
    const signal = AbortSignal.any([control.signal, stopping.signal])
    if (signal.aborted) return
    await change(run, { state: 'running' })
    const progress = (now: ComparisonProgress) => {
      run.progress = now
      tell(run)
    }
    let giveBack: (() => Promise<void>) | undefined
    try {
      if (lab.alone !== undefined) {
        const what = 'waiting until nobody else uses this host'
        const none = { doneSteps: 0, totalSteps: 0, elapsedMs: 0, remainingMs: null }
        progress({ phase: 'prepare', what, ...none })
        giveBack = await lab.alone(signal)
      }
      const ended = await runComparison(run.header, files, lab, progress, signal, stopping.signal)
      run.progress = null
      await change(run, ended)
    } catch (error) {
      if (stopping.signal.aborted) return
      if (error instanceof Cancelled) {
        await change(run, { state: 'cancelled', finishedAt: new Date().toISOString() })
        return
      }
      const { code, message } = toQuantvoxError(error)
      lab.log.error({ err: error, id: run.header.id }, 'a comparison broke off')
      await change(run, { state: 'failed', error: { code, message }, finishedAt: new Date().toISOString() })
    } finally {
      await giveBack?.().catch((error: unknown) => {
        lab.log.error({ err: error, id: run.header.id }, 'what a comparison measured was not given back')
      })
    }
  }

  function queue(run: Run, release: () => Promise<void>): void {
    run.control = new AbortController()
    // One that was forgotten while it waited took its lock along.
    run.done = tail.then(() => work(run)).finally(() => release().catch(() => {}))
    tail = run.done
  }

  function requirePlace(): void {
    if ([...runs.values()].filter(({ header }) => !isOver(header)).length < MOST_UNDER_WAY) return
    throw new QuantvoxError('at_capacity', `${MOST_UNDER_WAY} comparisons run or wait already.`, {
      mend: 'Wait for one to end, or cancel one.',
      retryAfterSeconds: 60,
    })
  }

  async function admit(run: Run): Promise<ComparisonStatus> {
    const release = await run.files.hold()
    await change(run, {})
    queue(run, release)
    return statusOf(run)
  }

  function find(id: string): Run {
    const run = runs.get(id)
    if (run !== undefined) return run
    throw new QuantvoxError('not_found', `There is no comparison ${id}.`, {
      mend: 'GET /v1/comparisons lists them.',
    })
  }

  const statusOf = ({ header, progress }: Run): ComparisonStatus => ({ ...header, progress })

  return {
    /** Queues a run; one runs at a time. Throws `model_not_found` and `invalid_request` for what cannot be compared. */
    async create(request: ComparisonRequest, signal: AbortSignal): Promise<ComparisonStatus> {
      stopping.signal.throwIfAborted()
      if (typeof request.audio === 'object') await allowedFolder(request.audio.directory, lab.audioDirs)
      const { speech, llm, voices } = await choose(request, lab, signal)
      if (speech.length + llm.length + voices.length === 0) {
        throw new QuantvoxError('invalid_request', 'There is nothing to compare.', {
          mend: 'Name speechModels, llmModels or voices.',
        })
      }
      requirePlace()
      const run = keep({
        id: uuidv7(),
        state: 'queued',
        startedAt: new Date().toISOString(),
        finishedAt: null,
        request,
        sentence: null,
        error: null,
      })
      return admit(run)
    },
    /**
     * Queues a run that was interrupted, cancelled or failed; it goes on from where it was. Throws `invalid_state` for one that is under
     * way, here or in another process.
     */
    async resume(id: string): Promise<ComparisonStatus> {
      stopping.signal.throwIfAborted()
      const run = find(id)
      if (!isOver(run.header) || run.header.state === 'done') {
        throw new QuantvoxError('invalid_state', `The comparison ${id} is ${run.header.state}.`, {
          mend: 'Only one that was interrupted, cancelled or that failed can go on.',
        })
      }
      requirePlace()
      const before = run.header
      // At once, so that it counts, and is not resumed twice, while it waits for its lock.
      run.header = { ...before, state: 'queued', finishedAt: null, error: null }
      return admit(run).catch((error: unknown) => {
        run.header = before
        throw error
      })
    },
    /** Newest first. */
    list: (): ComparisonStatus[] => [...runs.values()].map(statusOf).reverse(),
    status: (id: string): ComparisonStatus => statusOf(find(id)),
    /** Throws `invalid_state` while it runs, `not_found` where nothing was observed. */
    async result(id: string): Promise<ComparisonResult> {
      const run = find(id)
      const { header, files } = run
      if (!isOver(header)) throw stillUnderWay(header)
      const stored = await files.readResult()
      if (stored !== null && header.state !== 'interrupted') return stored
      return await judgedOnce(run)
    },
    /** The latest progress, what comes, and its end; `shutting_down` where the server ends before it. */
    async *follow(id: string, signal: AbortSignal): AsyncGenerator<ComparisonEvent> {
      const run = find(id)
      for (;;) {
        const { header, progress, changed } = run
        const last = endOf(header)
        if (last !== null) return yield last
        if (progress !== null) yield { event: 'progress', data: progress }
        await untilAborted(changed.promise, AbortSignal.any([signal, stopping.signal]))
      }
    },
    /** Cancels one that runs or waits, and keeps what it observed; forgets one that has ended. */
    async remove(id: string): Promise<void> {
      const run = find(id)
      if (!isOver(run.header)) {
        run.control.abort(new Cancelled('cancelled'))
        // One that waits for its turn ends now; one that runs ends when its step has stopped.
        if (run.header.state === 'queued') {
          await change(run, { state: 'cancelled', finishedAt: new Date().toISOString() })
        } else await run.done
        return
      }
      await run.files.remove()
      runs.delete(id)
    },
    /** Ends the running one where it is; it can be resumed after the next start. */
    async stop(): Promise<void> {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      await within(tail, STOPPED_WITHIN_MS, () =>
        lab.log.error({}, 'a comparison did not stop in time; it can be resumed all the same'),
      )
    },
  }
}

export const stillUnderWay = ({ id, state }: Pick<Header, 'id' | 'state'>) =>
  new QuantvoxError('invalid_state', `The comparison ${id} is still ${state}.`, {
    mend: `Follow it at /v1/comparisons/${id}/events, or cancel it: what it has observed is kept.`,
  })

/** What is told last of one that is over. */
export function endOf({ id, state, error }: Pick<Header, 'id' | 'state' | 'error'>): ComparisonEvent | null {
  if (state === 'failed')
    return { event: 'error', data: error ?? { code: 'internal', message: 'It failed.' } }
  return isOver({ state }) ? { event: 'done', data: { id, state } } : null
}
