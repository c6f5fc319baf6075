import { hostname } from 'node:os'
import { resolve } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { sleep } from '../../abort.ts'
import { type Config, isLoopback } from '../../config.ts'
import type { PullEvent, Pulls } from '../../engines/pulls.ts'
import { type ErrorCode, errorTable, QuantvoxError, toQuantvoxError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Pull, PullProgress } from '../../protocol/models.ts'
import { LEASE_SECONDS, type SharedWork, type ToldWork, toldInTime } from '../../record/turnStore.ts'
import type { Assembly } from '../assemble.ts'
import { replicaOf } from './openRecord.ts'

const TELL_MS = 1_000
const LOOK_MS = 500
/** Who follows a pull elsewhere hears of its end within this. */
const TOLD_FOR_SECONDS = 60

const Told = Type.Object({
  name: Type.String(),
  state: Type.Enum(['progress', 'done', 'cancelled', 'error']),
  progress: PullProgress,
  error: Type.Optional(
    Type.Object({
      code: Type.String(),
      message: Type.String(),
      meaning: Type.Optional(Type.String()),
      mend: Type.Optional(Type.String()),
    }),
  ),
})
type Told = Static<typeof Told>
const told = Compile(Told)

type Sharing = {
  work: SharedWork
  kind: Pull['kind']
  replicaId: string
  /** Where what is pulled comes to: who has the same place needs no second pull. */
  place(): string
  log: Log
}

/** Where servers share a record, their pulls are seen by each; otherwise they stay as they are. */
export function pullSharing(config: Config, { work, ollama }: Assembly, log: Log) {
  const folder = `${hostname()} ${resolve(config.CACHE_DIR)}`
  const { hostname: name, host } = new URL(config.OLLAMA_HOST)
  const elsewhere = isLoopback(name) ? `${hostname()} ${host}` : host
  return (kind: Pull['kind'], pulls: Pulls): Pulls => {
    if (work === null) return pulls
    const place = () => (kind === 'language' && !ollama.owned() ? elsewhere : folder)
    return sharePulls(pulls, { work, kind, replicaId: replicaOf(config) ?? '', place, log })
  }
}

/**
 * Tells other servers of the pulls of this one, and whoever asks for what another pulls to the same place how far that is: it is not pulled
 * twice. One whose server was killed is taken over by whoever follows it. Without the record each pulls by itself.
 */
export function sharePulls(pulls: Pulls, { work, kind, replicaId, place, log }: Sharing): Pulls {
  const KIND = `${kind} pull`
  const idOf = (name: string) => `${name} at ${place()}`
  const telling = new Set<string>()
  /** Ids of those of which the others have still to hear how they ended, too: the record has them as under way. */
  const untold = new Set<string>()
  const stopping = new AbortController()

  const begun = (name: string): Told => ({
    ...{ name, state: 'progress' },
    progress: { status: 'starting', completedBytes: null, totalBytes: null },
  })

  /** True where no other server has it, or nobody can say. */
  async function isOurs(name: string): Promise<boolean> {
    try {
      return await toldInTime(work.tell(KIND, idOf(name), begun(name), LEASE_SECONDS))
    } catch (error) {
      log.warn({ err: error, name }, 'Other servers are not told of a pull, nor asked for theirs.')
      return true
    }
  }

  /** Begins it, and tells of it until it is over. */
  async function tellOf(name: string): Promise<void> {
    if (telling.has(name)) return
    telling.add(name)
    const id = idOf(name)
    untold.add(id)
    let latest = begun(name)
    // One after the other: a late word of how far it is must not follow that it is over.
    let last: Promise<unknown> | null = null
    const tell = (seconds: number) => {
      last = work
        .tell(KIND, id, latest, seconds)
        .catch(() => {})
        .finally(() => {
          last = null
        })
      return last
    }
    const timer = setInterval(() => {
      if (last === null) void tell(LEASE_SECONDS)
    }, TELL_MS).unref()
    try {
      for await (const event of pulls.follow(name, new AbortController().signal)) {
        // What a stop breaks off is taken over by whoever follows it elsewhere, as what a kill does.
        if (event.event !== 'error' || !stopping.signal.aborted) latest = toldOf(latest, event)
      }
    } catch (error) {
      latest = toldOf(latest, { event: 'error', error })
    }
    clearInterval(timer)
    telling.delete(name)
    await last
    await tell(0)
    if (!telling.has(name)) untold.delete(id)
    // Anybody may ask for any name, and one that fails leaves its row.
    await work.sweep(KIND, TOLD_FOR_SECONDS).catch(() => {})
  }

  /** Follows that of another server. False where there is none, or nobody tells of it any more. */
  async function* followElsewhere(name: string, signal: AbortSignal): AsyncGenerator<PullEvent, boolean> {
    let before = ''
    for (;;) {
      const row = await toldInTime(work.find(KIND, idOf(name))).catch(() => null)
      const pull = row === null ? null : pullOf(row)
      if (pull === null) return false
      const event = eventOf(pull)
      if (event.event === 'progress' && row?.lapsed) return false
      const now = JSON.stringify(pull)
      if (now !== before) yield event
      before = now
      if (event.event !== 'progress') return true
      await looked(signal)
    }
  }

  /** @throws the signal's reason, and `shutting_down` where this server stops: who follows what others do holds that up no longer */
  const looked = (signal: AbortSignal) => sleep(LOOK_MS, AbortSignal.any([signal, stopping.signal]))

  return {
    ...pulls,
    async *follow(name, signal) {
      while (!pulls.running().includes(name) && !(await isOurs(name))) {
        try {
          if (yield* followElsewhere(name, signal)) return
          await looked(signal)
        } catch (error) {
          if (signal.aborted || !stopping.signal.aborted) throw error
          return yield { event: 'error', error }
        }
      }
      // Both in one turn of the event loop: one that fails at once is not begun twice.
      void tellOf(name)
      yield* pulls.follow(name, signal)
    },
    stop() {
      stopping.abort(new QuantvoxError('shutting_down', 'The server is shutting down.'))
      pulls.stop()
    },
    async list() {
      const before = new Set(untold)
      const { items } = await pulls.list()
      const own = items.map(pull => ({ ...pull, replicaId }))
      try {
        const rows = await toldInTime(work.list(KIND))
        const others = rows.flatMap(row => {
          const pull = pullOf(row)
          const isOwn = before.has(row.id) || untold.has(row.id)
          if (pull === null || pull.state !== 'progress' || row.lapsed || isOwn) return []
          return [{ name: pull.name, progress: pull.progress, replicaId: row.replicaId }]
        })
        return { items: [...own, ...others] }
      } catch (error) {
        const { code, message } = toQuantvoxError(error)
        return { items: own, unseen: { code, message } }
      }
    },
  }
}

/** Null for what a server of another version tells in another way. */
const pullOf = ({ content }: ToldWork): Told | null => (told.Check(content) ? content : null)

function toldOf({ name, progress }: Told, event: PullEvent): Told {
  if (event.event === 'progress') return { name, state: 'progress', progress: event.progress }
  if (event.event !== 'error') return { name, state: event.event, progress }
  const { code, message, meaning, mend } = toQuantvoxError(event.error)
  return {
    ...{ name, state: 'error', progress },
    error: { code, message, ...(meaning && { meaning }), ...(mend && { mend }) },
  }
}

function eventOf({ state, progress, error }: Told): PullEvent {
  if (state === 'progress') return { event: 'progress', progress }
  if (state !== 'error') return { event: state }
  const code = error !== undefined && error.code in errorTable ? (error.code as ErrorCode) : 'internal'
  return { event: 'error', error: new QuantvoxError(code, error?.message ?? 'It failed.', error) }
}
