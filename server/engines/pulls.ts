import { EventEmitter, on } from 'node:events'
import { QuantvoxError } from '../errors.ts'
import type { Pull, PullList, PullProgress } from '../protocol/models.ts'

export type PullEvent =
  | { event: 'progress'; progress: PullProgress }
  | { event: 'done' }
  | { event: 'cancelled' }
  | { event: 'error'; error: unknown }

export type Pulls = ReturnType<typeof createPulls>

type Download = (name: string, report: (progress: PullProgress) => void, signal: AbortSignal) => Promise<void>

/** At once of one kind; each takes disk and network for as long as it lasts, whoever began it. */
const MOST_PULLS = 3

/** Downloads that outlive the request that began them; whoever asks for the same one joins it. */
export function createPulls(download: Download) {
  const pulls = new Map<string, { emitter: EventEmitter; latest: PullEvent; giveUp: AbortController }>()
  const stopping = new AbortController()

  function start(name: string) {
    if (pulls.size >= MOST_PULLS) {
      throw new QuantvoxError('at_capacity', `${MOST_PULLS} models are being fetched already.`, {
        mend: 'Wait until one of them is there.',
        retryAfterSeconds: 30,
      })
    }
    const emitter = new EventEmitter().setMaxListeners(0)
    const first: PullEvent = {
      event: 'progress',
      progress: { status: 'starting', completedBytes: null, totalBytes: null },
    }
    const giveUp = new AbortController()
    const pull = { emitter, latest: first as PullEvent, giveUp }
    const tell = (event: PullEvent) => {
      pull.latest = event
      emitter.emit('pull', event)
    }
    pulls.set(name, pull)
    download(
      name,
      progress => tell({ event: 'progress', progress }),
      AbortSignal.any([stopping.signal, giveUp.signal]),
    )
      .then(
        () => tell({ event: 'done' }),
        (error: unknown) => tell(giveUp.signal.aborted ? { event: 'cancelled' } : { event: 'error', error }),
      )
      .finally(() => pulls.delete(name))
    return pull
  }

  return {
    /** Follows the pull of `name`, starting it if nobody has: its latest progress, what comes, and its end. */
    async *follow(name: string, signal: AbortSignal): AsyncGenerator<PullEvent> {
      const pull = pulls.get(name) ?? start(name)
      const coming = on(pull.emitter, 'pull', { signal })
      // Taken once: what comes while it is being sent is in `coming`.
      const first = pull.latest
      yield first
      if (first.event !== 'progress') return
      for await (const [event] of coming) {
        yield event
        if (event.event !== 'progress') return
      }
    },
    /** Gives up the pull of `name`, whoever follows it; false where there is none. What was fetched is kept and gone on with later. */
    cancel(name: string): boolean {
      const pull = pulls.get(name)
      pull?.giveUp.abort(new Error('the pull was cancelled'))
      return pull !== undefined
    },
    /** What is pulled now, and how far it is; where servers share a record, by any of them. */
    list: async (): Promise<Omit<PullList, 'items'> & { items: Omit<Pull, 'kind'>[] }> => ({
      items: [...pulls].flatMap(([name, { latest }]) =>
        latest.event === 'progress' ? [{ name, progress: latest.progress }] : [],
      ),
    }),
    /** Names being pulled now. */
    running: (): string[] => [...pulls.keys()],
    /** Stops all pulls; what was fetched is kept and resumed later. */
    stop: (): void => stopping.abort(),
  }
}
