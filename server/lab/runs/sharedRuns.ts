import { Compile } from 'typebox/schema'
import { sleep } from '../../abort.ts'
import { QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { ComparisonResult } from '../../protocol/comparisonResult.ts'
import {
  type ComparisonError,
  type ComparisonEvent,
  type ComparisonList,
  type ComparisonProgress,
  type ComparisonRequest,
  ComparisonStatus,
} from '../../protocol/comparisons.ts'
import { type SharedWork, type ToldWork, toldInTime } from '../../record/turnStore.ts'
import { isOver } from '../../shared/comparisons.ts'
import { type Comparisons, endOf, stillUnderWay } from './comparisons.ts'
import { createTelling, KIND } from './telling.ts'

const LOOK_MS = 500
const UNSEEN = 'cannot be seen from here: the record does not answer'
/** Who runs it breaks off within a second or two, and judges what there is. */
const CANCELLED_WITHIN_MS = 30_000

const status = Compile(ComparisonStatus)
const result = Compile(ComparisonResult)

export type SharedComparisons = Omit<Comparisons, 'list' | 'status'> & {
  /** Newest first; `unseen` says why those of other servers are not among them. */
  list(): Promise<ComparisonList>
  status(id: string): Promise<ComparisonStatus>
}

/** The comparisons of a server that shares no record. */
export function unshared(own: Comparisons): SharedComparisons {
  return {
    ...own,
    list: async () => ({ items: own.list() }),
    status: async id => own.status(id),
  }
}

/**
 * The comparisons of all servers that share a record. Those of this one stay as they are, in its files, whether the record answers or not;
 * of others there is what they told of them: how far they are and their reports. They can be cancelled and forgotten, and gone on with
 * where they are.
 */
export function shareComparisons(
  own: Comparisons,
  work: SharedWork,
  replicaId: string,
  log: Log,
): SharedComparisons {
  const telling = createTelling(own, work, log)
  const stopping = new AbortController()
  const isOwn = (id: string) => own.list().some(run => run.id === id)
  const ownStatus = (run: ComparisonStatus): ComparisonStatus => ({ ...run, replicaId })

  /** Throws `not_found`, and `record_unavailable` where it may be there. */
  async function findElsewhere(id: string): Promise<ComparisonStatus> {
    const [found] = seen([await work.find(KIND, id)])
    return found ?? own.status(id)
  }

  async function* followElsewhere(id: string, left: AbortSignal): AsyncGenerator<ComparisonEvent> {
    const signal = AbortSignal.any([left, stopping.signal])
    let told = ''
    let progress: ComparisonProgress | null = null
    for (;;) {
      try {
        const run = await findElsewhere(id)
        const last = endOf(run)
        if (last !== null) return yield last
        progress = run.progress
      } catch (error) {
        if (progress === null || toQuantvoxError(error).code !== 'record_unavailable') throw error
        progress = { ...progress, what: UNSEEN }
      }
      const now = JSON.stringify(progress)
      if (progress !== null && now !== told) yield { event: 'progress', data: progress }
      told = now
      await sleep(LOOK_MS, signal)
    }
  }

  return {
    ...own,
    async create(request: ComparisonRequest, signal: AbortSignal) {
      const made = await own.create(request, signal)
      await telling.now()
      return ownStatus(made)
    },
    async resume(id) {
      if (!isOwn(id)) throw ofAnother(await findElsewhere(id))
      const resumed = await own.resume(id)
      await telling.now()
      return ownStatus(resumed)
    },
    async list() {
      await telling.now()
      const mine = own.list().map(ownStatus)
      try {
        const rows = await toldInTime(work.list(KIND))
        const others = seen(rows.filter(({ id }) => !isOwn(id)))
        return { items: [...mine, ...others].toSorted((a, b) => (a.id < b.id ? 1 : -1)) }
      } catch (error) {
        const { code, message } = toQuantvoxError(error)
        const meaning = 'Comparisons of other servers are not in this list; those of this one go on.'
        return { items: mine, unseen: { code, message, meaning } }
      }
    },
    status: async id => (isOwn(id) ? ownStatus(own.status(id)) : await findElsewhere(id)),
    async result(id) {
      if (isOwn(id)) return await own.result(id)
      const run = await findElsewhere(id)
      if (!isOver(run)) throw stillUnderWay(run)
      const report = await work.report(KIND, id)
      if (result.Check(report)) return report as ComparisonResult
      throw noReport(run)
    },
    async *follow(id, signal) {
      if (!isOwn(id)) return yield* followElsewhere(id, signal)
      for await (const event of own.follow(id, signal)) {
        // Whoever hears that it is over may ask another server for its report.
        if (event.event !== 'progress') await telling.now()
        yield event
      }
    },
    async remove(id) {
      if (isOwn(id)) {
        await own.remove(id)
        if (!isOwn(id)) telling.gone(id)
        return await telling.now()
      }
      const run = await findElsewhere(id)
      if (isOver(run)) {
        await work.ask(KIND, id, 'forget')
        return
      }
      // One that ended meanwhile keeps what it observed: nobody asked to have that forgotten.
      if (!(await work.ask(KIND, id, 'cancel'))) return
      const giveUpAt = performance.now() + CANCELLED_WITHIN_MS
      while (performance.now() < giveUpAt && !isOver(await findElsewhere(id))) await sleep(LOOK_MS)
    },
    async stop() {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      await own.stop()
      await telling.stop()
    },
  }
}

/** What servers of another version tell in another way is left out. */
function seen(rows: readonly (ToldWork | null)[]): ComparisonStatus[] {
  return rows.flatMap(row => {
    if (row === null || !status.Check(row.content)) return []
    const run = { ...row.content, replicaId: row.replicaId }
    if (isOver(run) || !row.lapsed) return [run]
    return [{ ...run, state: 'failed', progress: null, error: lost(row.replicaId) }]
  })
}

const lost = (replicaId: string): ComparisonError => ({
  code: 'replica_lost',
  message: `The server ${replicaId}, which runs it, has said nothing for a while.`,
  meaning: 'It was killed, or does not reach PostgreSQL, where it would go on and be seen again.',
  mend: `Start ${replicaId} again on its DATA_DIR, which has what was observed, and go on with it there.`,
})

function ofAnother({ id, replicaId }: ComparisonStatus): QuantvoxError {
  return new QuantvoxError('invalid_state', `The comparison ${id} is of the server ${replicaId}.`, {
    meaning: 'What it observed is there, and was measured on its machine.',
    mend: `Go on with it at ${replicaId}.`,
  })
}

function noReport({ id, replicaId, state }: ComparisonStatus): QuantvoxError {
  return new QuantvoxError(
    'not_found',
    `The server ${replicaId} has told no report of the comparison ${id}.`,
    {
      meaning: `It is ${state}: what it observed, if anything, is in the DATA_DIR of ${replicaId}.`,
      mend: `Ask ${replicaId} for it.`,
    },
  )
}
