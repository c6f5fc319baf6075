import { within } from '../../abort.ts'
import type { Log } from '../../log.ts'
import type { ComparisonStatus } from '../../protocol/comparisons.ts'
import { LEASE_SECONDS, type SharedWork, type Wish } from '../../record/turnStore.ts'
import { isOver } from '../../shared/comparisons.ts'
import type { Comparisons } from './comparisons.ts'

export const KIND = 'comparison'

const RENEW_MS = 3_000
const TELL_MS = 1_000
/** What was forgotten elsewhere leaves this disk within so many of these, where nothing is under way. */
const TICKS_BETWEEN_WISHES = 10
/** Who waits for a change to be told waits no longer; it is told later then. */
const TOLD_WITHIN_MS = 1_000

/** Tells other servers of the comparisons of this one, as long as they go on and how they ended, and does what others ask of them. */
export function createTelling(own: Comparisons, work: SharedWork, log: Log) {
  /** What was told of each last, and when. */
  const told = new Map<string, { text: string; at: number }>()
  const gone = new Set<string>()
  /** What was asked of each last, by other servers. */
  const obeyed = new Map<string, Wish>()
  let isSynced = false
  let isFailing = false
  let isStopped = false
  let ticks = 0
  let running: Promise<void> | null = null

  async function tell(run: ComparisonStatus): Promise<void> {
    const text = JSON.stringify(run)
    // Of one that ended nothing is asked any more but what is asked from now on.
    if (isOver(run) && obeyed.get(run.id) === 'cancel') obeyed.delete(run.id)
    const before = told.get(run.id)
    const isKnown = before?.text === text
    if (isKnown && (isOver(run) || performance.now() - before.at < RENEW_MS)) return
    const isJudged = run.state === 'done' || run.state === 'cancelled' || run.state === 'failed'
    // Of one that was given up before it began there is none.
    const report = isJudged ? await own.result(run.id).catch(() => null) : null
    const at = performance.now()
    if (await work.tell(KIND, run.id, run, isOver(run) ? 0 : LEASE_SECONDS, report))
      told.set(run.id, { text, at })
  }

  async function obeyOne(id: string, wish: Wish): Promise<void> {
    // One that runs ends when its step has stopped, and is told of meanwhile.
    if (own.list().some(run => run.id === id && !isOver(run))) await own.remove(id)
    if (wish !== 'forget') return
    await own.remove(id)
    gone.add(id)
  }

  async function obey(): Promise<void> {
    const ids = own.list().map(({ id }) => id)
    for (const { id, wish } of await work.wishes(KIND, ids)) {
      const run = own.list().find(each => each.id === id)
      if (run === undefined || obeyed.get(id) === wish) continue
      obeyed.set(id, wish)
      // What a disk refuses keeps nothing else from being told; it is tried again after the next start.
      const done = obeyOne(id, wish).catch((error: unknown) =>
        log.error({ err: error, id, wish }, 'what another server asked of a comparison was not done'),
      )
      if (isOver(run)) await done
    }
  }

  async function tick(isAsked: boolean): Promise<void> {
    if (!isSynced) {
      for (const { id, content } of await work.list(KIND))
        told.set(id, { text: JSON.stringify(content), at: Number.NEGATIVE_INFINITY })
      isSynced = true
    }
    for (const id of gone) {
      await work.drop(KIND, id)
      told.delete(id)
      obeyed.delete(id)
      gone.delete(id)
    }
    const isUnderWay = own.list().some(run => !isOver(run))
    if (isAsked || isUnderWay || ticks++ % TICKS_BETWEEN_WISHES === 0) await obey()
    for (const run of own.list()) await tell(run)
  }

  function once(isAsked: boolean): Promise<void> {
    // After the last word nothing that is on its way comes back to life.
    if (isStopped) return Promise.resolve()
    running ??= tick(isAsked)
      .then(
        () => {
          isFailing = false
        },
        (error: unknown) => {
          if (!isFailing)
            log.warn({ err: error }, 'Other servers are not told of the comparisons of this one.')
          isFailing = true
        },
      )
      .finally(() => {
        running = null
      })
    return running
  }

  const timer = setInterval(() => void once(false), TELL_MS).unref()
  void once(false)

  return {
    /** Settles when all is told as it is now, and what others asked is done; or when neither can be. */
    now: (): Promise<void> =>
      within(
        Promise.resolve(running).then(() => once(true)),
        TOLD_WITHIN_MS,
        () => {},
      ),
    /** It was forgotten here. */
    gone(id: string): void {
      gone.add(id)
    },
    /** The last word: what was broken off can be gone on with after the next start. */
    async stop(): Promise<void> {
      if (isStopped) return
      isStopped = true
      clearInterval(timer)
      const last = Promise.resolve(running).then(() =>
        Promise.allSettled(
          own
            .list()
            .map(run =>
              isOver(run)
                ? tell(run)
                : work.tell(KIND, run.id, { ...run, state: 'interrupted', progress: null }, 0),
            ),
        ),
      )
      await within(last, TOLD_WITHIN_MS, () => {})
    },
  }
}
